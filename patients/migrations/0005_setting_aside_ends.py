"""A setting aside has an end; a question says from which day on it may be, and whether its fact stands."""

from django.db import migrations, models

import patients.choices

FLOORS = {"gave_birth": 182, "filler": 28}
STANDING = ("blood_thinner", "immune_system")
LIFELONG = (
    "herpes_history",
    "irradiated_site",
    "keloid",
    "connective_tissue",
    "bleeding_disorder",
    "methaemoglobin",
    "nickel_allergy",
    "steel_allergy",
    "anaesthetic_allergy",
)


def fill(apps, schema_editor):
    question = apps.get_model("patients", "ScreeningQuestion")
    for code, days in FLOORS.items():
        question.objects.filter(code=code).update(override_floor_days=days)
    question.objects.filter(code__in=STANDING).update(persistence="standing")
    question.objects.filter(code__in=LIFELONG).update(persistence="lifelong")


class Migration(migrations.Migration):
    dependencies = [("patients", "0004_search_keys")]

    operations = [
        migrations.AddField(
            "screeningquestion",
            "override_floor_days",
            models.PositiveSmallIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            "screeningquestion",
            "persistence",
            models.CharField(
                blank=True, choices=patients.choices.Persistence, default="", max_length=10
            ),
        ),
        migrations.AddField(
            "screeningoverride", "until", models.DateField(null=True, verbose_name="until")
        ),
        migrations.AlterField(
            "screeningquestion",
            "effect",
            models.CharField(
                choices=patients.choices.ScreeningEffect.of_answers, max_length=10, verbose_name="effect"
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
