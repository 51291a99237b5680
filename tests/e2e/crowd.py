"""A crowd for the clinic of `seed`, and what became of it: `python -m tests.e2e.crowd drafts 50 4`, or `… tables`.

Prints JSON: for `drafts`, the ids of that many drafted series of so many sessions, each of a patient who may be
treated; for `tables`, what the schedule holds.
"""

import json
import os
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")


def drafts(count: int, sessions: int) -> list[int]:
    from clinic.models import Location, StaffMember
    from patients.queries import current_questions
    from patients.services.screening import Reply, take_screening
    from planner.models import ProtocolVersion
    from tests.makers import make_consent, make_patient, make_series

    now, location = datetime.now(UTC), Location.objects.get()
    clinician = StaffMember.objects.get(role="clinician")
    replies = [Reply(question.pk, False) for question in current_questions(location.clinic_id)]
    version = ProtocolVersion.objects.filter(protocol__modality="mn").earliest("pk")
    made = []
    for _ in range(count):
        patient = make_patient(location.clinic, email="", created_at=now)
        said = {"is_recheck": False, "note": "", "by": clinician, "key": f"asked-{patient.pk}", "now": now}
        take_screening(patient, replies, **said)
        make_consent(patient, taken_by=clinician.user, day=now.date(), signed_at=now)
        tomorrow = now.date() + timedelta(days=1)  # what starts in a minute would be past before it is booked
        fields = {
            "by": clinician.user,
            "sessions_planned": sessions,
            "created_at": now,
            "starts_from": tomorrow,
        }
        made.append(make_series(patient, version, location, **fields).pk)
    return made


def tables() -> dict[str, Any]:
    """Sessions with a time per series, series by state, uses that overlap, and the deadlocks PostgreSQL counted."""
    from django.db import connection

    from planner.models import Reservation, Series, Session

    held = Reservation.objects.filter(is_active=True).order_by("starts_at")
    overlaps = [
        (one.pk, other.pk)
        for one, other in combinations(held, 2)
        if one.resource_id == other.resource_id
        and one.starts_at < other.ends_at
        and other.starts_at < one.ends_at
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        (deadlocks,) = cursor.fetchone()
    return {
        "booked": Counter(
            str(pk) for pk in Session.objects.filter(state="booked").values_list("series", flat=True)
        ),
        "series": Counter(Series.objects.values_list("state", flat=True)),
        "reservations": len(held),
        "overlaps": overlaps,
        "deadlocks": deadlocks,
    }


if __name__ == "__main__":
    import django

    django.setup()
    what, *numbers = sys.argv[1:]
    print(json.dumps(drafts(*map(int, numbers)) if what == "drafts" else tables()))
