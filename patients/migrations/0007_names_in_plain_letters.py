"""Names known already are folded as new ones are: surname first, all letters of Europe in their plain form."""

from django.db import migrations

from patients.folding import folded_name

BATCH = 2_000


def fold_all(apps, schema_editor):
    patients = apps.get_model("patients", "Patient").objects
    changed = []
    for each in patients.only("first_name", "last_name", "former_names").iterator(BATCH):
        each.folded_name = folded_name(each.first_name, each.last_name, each.former_names, most=500)
        changed.append(each)
        if len(changed) == BATCH:
            patients.bulk_update(changed, ["folded_name"])
            changed = []
    patients.bulk_update(changed, ["folded_name"])


class Migration(migrations.Migration):
    dependencies = [("patients", "0006_former_names")]

    operations = [migrations.RunPython(fold_all, migrations.RunPython.noop)]
