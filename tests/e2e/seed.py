"""A small clinic where it is mid-morning right now, whatever the time of the test: run as `python -m tests.e2e.seed`.

Open day and night and every day, so that a session can be booked, held and finished within one test.
"""

import os
import sys
from datetime import UTC, datetime, time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")

PASSWORD = "a-long-test-password"
PEOPLE = {"doctor@clinic.example": "clinician", "desk@clinic.example": "front_desk"}


def zone_where_it_is_ten() -> str:
    """An IANA zone with a whole-hour offset in which it is about ten in the morning."""
    ahead = max(10 - datetime.now(UTC).hour, -12)
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


def seed(practitioners: int = 1) -> None:
    from clinic.models import WeeklyHours
    from clinic.permissions import Role
    from patients.services.defaults import load_consent_texts, load_screening_questions
    from planner.outbox.steps import load_steps
    from planner.protocols.catalogue import load_protocols
    from tests.makers import make_device, make_location, make_practitioner, make_room, make_staff

    location = make_location(
        timezone=zone_where_it_is_ten(), weekdays=range(7), opens=time(0), closes=time(23, 59),
        closes_on_public_holidays=False, grace_minutes=0, phone="0113 496 0142", email="desk@clinic.example",
    )  # fmt: skip
    location.clinic.name = "Test clinic"
    location.clinic.save()
    for email, role in PEOPLE.items():
        staff = make_staff(location, Role(role), email=email, name=email.partition("@")[0].title())
        staff.user.set_password(PASSWORD)
        staff.user.save()
    for _ in range(practitioners):
        make_practitioner(location, weekdays=range(7), opens=time(0), closes=time(23, 59))
        make_room(location)
        make_device(location)
    load_screening_questions(location.clinic)
    load_consent_texts(location.clinic)
    load_protocols(location.clinic, load_steps(), now=datetime.now(UTC))
    assert WeeklyHours.objects.filter(location=location).count() == 7


if __name__ == "__main__":
    import django

    django.setup()
    seed(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
