from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models


class Migration(migrations.Migration):
    """A page that shows many patients is one note; until now each note named one."""

    dependencies = [("clinic", "0003_write_key")]

    operations = [
        migrations.AddField(
            "ReadAudit",
            "patient_ids",
            ArrayField(models.BigIntegerField(), default=list),
            preserve_default=False,
        ),
    ]
