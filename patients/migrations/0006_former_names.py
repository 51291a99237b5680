from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("patients", "0005_setting_aside_ends")]

    operations = [
        migrations.AddField(
            "patient",
            "former_names",
            models.CharField(
                blank=True,
                default="",
                help_text="Before a marriage, for example",
                max_length=120,
                verbose_name="former names",
            ),
            preserve_default=False,
        ),
        migrations.AlterField(
            "patient", "folded_name", models.CharField(db_index=True, editable=False, max_length=500)
        ),
    ]
