from django.db import migrations


class Migration(migrations.Migration):
    """What was noted of one patient stays noted."""

    dependencies = [("clinic", "0004_readings_of_several_patients")]

    operations = [
        migrations.RunSQL(
            "UPDATE clinic_readaudit SET patient_ids = ARRAY[patient_id]",
            migrations.RunSQL.noop,
        ),
    ]
