"""Run as a program on a demo clinic: gives people, areas' protocols and staff the longest names that people have."""

NAMES = (
    ("Hubert Blaine", "Wolfeschlegelsteinhausenbergerdorff"),
    ("María de los Ángeles", "Hernández-Villanueva y García-Contreras"),
    ("عبد الرحمن محمد", "الحسيني الخطيب البغدادي"),
    ("A" * 60, "B" * 60),
    ("Uvuvwevwevwe Onyetenyevwe", "Ugwemubwem Ossas"),
)


def lengthen() -> None:
    from clinic.models import Resource, StaffMember
    from patients.folding import folded_name
    from patients.models import Patient
    from patients.models.patient import FOLDED_LENGTH
    from planner.models import Protocol

    for at, patient in enumerate(Patient.objects.order_by("pk")):
        patient.first_name, patient.last_name = NAMES[at % len(NAMES)]
        patient.folded_name = folded_name(patient.first_name, patient.last_name, most=FOLDED_LENGTH)
        patient.email = f"{'very.long.address.' * 3}{at}@linden-row-and-others.example"
        patient.save()
    for at, resource in enumerate(Resource.objects.order_by("pk")):
        resource.name = f"{' '.join(NAMES[at % len(NAMES)])} {at}"[:80]
        resource.save()
    for member in StaffMember.objects.all():
        member.name = " ".join(NAMES[0])
        member.save()
    for protocol in Protocol.objects.all():
        protocol.name = f"Microneedling combined with whatever else there is, {protocol.name}"[:120]
        protocol.save()


if __name__ == "__main__":
    import django

    django.setup()
    lengthen()
