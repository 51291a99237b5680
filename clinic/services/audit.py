from datetime import datetime

from clinic.models import ReadAudit, StaffMember


def note_reading(
    staff: StaffMember, patient_id: int, what: str, *, now: datetime, object_id: int | None = None
) -> None:
    """Keep who looked at whose record: called by every page and endpoint that shows one."""
    ReadAudit.objects.create(
        clinic_id=staff.location.clinic_id,
        user_id=staff.user_id,
        at=now,
        patient_id=patient_id,
        what=what,
        object_id=object_id,
    )
