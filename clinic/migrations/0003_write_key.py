from django.db import migrations, models


class Migration(migrations.Migration):
    """The key of a write that may be repeated is called so; the class of management commands keeps its name."""

    dependencies = [("clinic", "0002_version_of_what_is_edited")]

    operations = [
        migrations.RenameModel("Command", "WriteKey"),
        migrations.RemoveConstraint("WriteKey", "command_once"),
        migrations.AddConstraint(
            "WriteKey", models.UniqueConstraint(fields=["user", "key"], name="write_key_once")
        ),
    ]
