from django.contrib.postgres.indexes import GinIndex
from django.db import migrations


class Migration(migrations.Migration):
    """Who has seen a patient is answered by an index on the list."""

    dependencies = [("clinic", "0005_readings_name_their_patients")]

    operations = [
        migrations.RemoveField("ReadAudit", "patient_id"),
        migrations.AddIndex("ReadAudit", GinIndex(fields=["patient_ids"], name="readaudit_patients")),
    ]
