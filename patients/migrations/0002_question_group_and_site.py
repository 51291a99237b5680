from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("patients", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="screeningquestion",
            name="only_site",
            field=models.CharField(blank=True, max_length=20, default=""),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="screeningquestion",
            name="group",
            field=models.CharField(
                choices=[
                    ("pregnancy", "Pregnancy"),
                    ("skin", "The skin to be treated"),
                    ("health", "Healing and illness"),
                    ("medicines", "Medicines"),
                    ("allergies", "Allergies"),
                    ("lately", "On that skin lately"),
                    ("plans", "Plans and implants"),
                ],
                default="health",
                max_length=12,
            ),
        ),
    ]
