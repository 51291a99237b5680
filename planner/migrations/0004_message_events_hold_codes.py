from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("planner", "0003_reservations_packed_in_the_index")]

    operations = [
        migrations.AddField(
            "messageevent", "code", models.CharField(max_length=20, default="said"), preserve_default=False
        ),
        migrations.AddField("messageevent", "facts", models.JSONField(default=dict, blank=True)),
    ]
