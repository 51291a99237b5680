from datetime import time

from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("clinic", "0007_days_between_areas")]

    operations = [
        migrations.AddField(
            "weeklyhours",
            "every_weeks",
            models.PositiveSmallIntegerField(
                choices=[
                    (1, "every week"),
                    (2, "every second week"),
                    (3, "every third week"),
                    (4, "every fourth week"),
                ],
                default=1,
                verbose_name="repeats",
            ),
        ),
        migrations.RemoveConstraint("weeklyhours", "hours_end_after_start"),
        migrations.AddConstraint(
            "weeklyhours",
            models.CheckConstraint(
                condition=Q(opens__lt=F("closes")) | Q(closes=time(0)), name="hours_end_after_start"
            ),
        ),
        migrations.AddConstraint(
            "weeklyhours",
            models.CheckConstraint(
                condition=Q(every_weeks=1) | Q(every_weeks__range=(2, 4), valid_from__isnull=False),
                name="hours_repeat_from_a_day",
            ),
        ),
    ]
