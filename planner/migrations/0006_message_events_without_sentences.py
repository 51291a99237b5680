from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("planner", "0005_message_events_from_sentences")]

    operations = [migrations.RemoveField("messageevent", "detail")]
