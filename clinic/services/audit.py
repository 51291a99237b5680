from collections.abc import Iterable
from datetime import datetime

from clinic.actor import Actor
from clinic.models import ReadAudit

SEARCH = "search"
"""A search is noted even if it finds nobody: that it was made, never what was typed, which may be a name."""


def note_reading(
    by: Actor, what: str, patient_ids: Iterable[int], *, now: datetime, object_id: int | None = None
) -> None:
    """Keep whose record was looked at, in one row however many. Of a page that shows nobody nothing is kept."""
    shown = sorted(set(patient_ids))
    if shown or what == SEARCH:
        ReadAudit.objects.create(
            clinic_id=by.location.clinic_id,
            user_id=by.user.pk,
            at=now,
            patient_ids=shown,
            what=what,
            object_id=object_id,
        )
