from django.core.validators import MaxValueValidator
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("clinic", "0006_readings_found_by_patient")]

    operations = [
        migrations.AddField(
            "clinic",
            "other_area_days",
            models.PositiveSmallIntegerField(
                default=7,
                help_text="When two series of one patient treat different skin. No study names a figure: seven days,"
                " so that the first week of aftercare is over, are the clinic's own setting. To treat both areas in"
                " one visit, plan one series for both.",
                validators=[MaxValueValidator(60)],
                verbose_name="days between two areas of one patient",
            ),
        )
    ]
