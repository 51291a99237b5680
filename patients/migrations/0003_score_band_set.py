from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("patients", "0002_question_group_and_site")]

    operations = [
        migrations.AddField(
            model_name="score",
            name="band_set",
            field=models.CharField(blank=True, max_length=40, default=""),
            preserve_default=False,
        )
    ]
