"""The clinic itself: its hours, people, rooms and devices."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.contrib.auth.hashers import make_password

from clinic.localtime import at_local
from clinic.models import Absence, Clinic, ExtraHours, Location, Resource, StaffMember, User, WeeklyHours
from clinic.opening_hours import public_holidays
from clinic.permissions import Role
from patients.services.defaults import load_consent_texts, load_screening_questions
from planner.outbox.steps import load_steps
from planner.protocols.catalogue import load_protocols

NAME = "Linden Row"
ZONE = ZoneInfo("Europe/London")
PASSWORD = "linden-row-demo"  # noqa: S105 (a demo's, printed at every start)
SUNDAY = 6
PEOPLE = (
    ("clinician@linden.example", Role.CLINICIAN, "Dr Elena Marsh"),
    ("desk@linden.example", Role.FRONT_DESK, "Abi Osei"),
    ("manager@linden.example", Role.MANAGER, "Ruth Calder"),
    ("readonly@linden.example", Role.READ_ONLY, "Sam Whitby"),
)
PRACTITIONERS = (  # name, registration, weekdays, from, to
    ("Dr Elena Marsh", "GMC 7104412", (0, 1, 3, 4), time(9), time(17, 30)),
    ("Priya Nair", "NMC 18C2203E", (0, 1, 2, 3, 4), time(10), time(19)),
    ("Tomasz Zielinski", "NMC 15F0917E", (1, 2, 5), time(9), time(16)),  # part-time
    ("Jonas Weber", "HCPC PH113920", (0, 2, 3, 4), time(9), time(17)),  # away next week
)
ROOMS = (("Room 1", 1), ("Room 2", 2), ("Room 3", 3))
DEVICES = (("Pen A", "Dermal pen 6", "DP6-20418"), ("Pen B", "Dermal pen 6", "DP6-20977"))


@dataclass(frozen=True, slots=True)
class DemoClinic:
    """What the rest of the demo is made in."""

    location: Location
    clinician: StaffMember
    desk: StaffMember
    practitioners: tuple[Resource, ...]


def make_place(now: datetime) -> DemoClinic:
    clinic = Clinic.objects.create(name=NAME, mail_name=NAME)
    location = Location.objects.create(
        clinic=clinic,
        name="Linden Row, Leeds",
        timezone=ZONE.key,
        country="GB",
        subdivision="ENG",
        address="14 Linden Row, Leeds LS2 9EX",
        phone="0113 496 0142",
        email="desk@linden.example",
    )
    today = now.astimezone(location.zone).date()
    if public_holidays(location, today, today):  # the demo's day is a full one, whatever day it is
        location.closes_on_public_holidays = False
        location.save()
    for weekday in sorted({*range(6), today.weekday()}):
        _open(weekday, time(8, 30), time(19) if weekday < 5 else time(17), location=location)
    password = make_password(PASSWORD)
    staff = {role: _staff(location, email, role, name, password) for email, role, name in PEOPLE}
    doctor, weekday = staff[Role.CLINICIAN].user, today.weekday()
    practitioners = tuple(_practitioner(location, at, doctor, weekday) for at in range(len(PRACTITIONERS)))
    _rooms_and_devices(location)
    _exceptions(location, practitioners, today)
    load_screening_questions(clinic)
    load_consent_texts(clinic)
    load_protocols(clinic, load_steps(), now=now - timedelta(days=500))
    return DemoClinic(location, staff[Role.CLINICIAN], staff[Role.FRONT_DESK], practitioners)


def _open(weekday: int, opens: time, closes: time, **owner: object) -> None:
    WeeklyHours.objects.create(weekday=weekday, opens=opens, closes=closes, **owner)


def _staff(location: Location, email: str, role: Role, name: str, password: str) -> StaffMember:
    user = User.objects.create(email=email, password=password)
    return StaffMember.objects.create(user=user, location=location, role=role, name=name)


def _practitioner(location: Location, at: int, doctor: User, today: int) -> Resource:
    """The first three also work on today's weekday, so that the demo's day is a full one."""
    name, registration, weekdays, opens, closes = PRACTITIONERS[at]
    who = Resource.objects.create(
        location=location,
        kind="practitioner",
        name=name,
        registration=registration,
        skills=["microneedling"],
        position=at,
        user=doctor if at == 0 else None,
    )
    for weekday in sorted({*weekdays, today} if at < 3 else weekdays):
        _open(weekday, opens, closes, resource=who)
    return who


def _rooms_and_devices(location: Location) -> None:
    for name, position in ROOMS:
        Resource.objects.create(
            location=location, kind="room", name=name, position=position, turnaround_minutes=15
        )
    for position, (name, model, serial) in enumerate(DEVICES):
        Resource.objects.create(
            location=location,
            kind="device",
            name=name,
            model=model,
            serial_number=serial,
            device_type="pen",
            skills=["pen"],
            max_depth_mm=Decimal("2.5"),
            turnaround_minutes=15,
            position=position,
        )


def _exceptions(location: Location, practitioners: tuple[Resource, ...], today: date) -> None:
    """Next week: somebody's leave, a morning of upkeep, a late evening."""
    monday = today + timedelta(days=7 - today.weekday())
    Absence.objects.create(
        location=location,
        resource=practitioners[3],
        kind=Absence.Kind.LEAVE,
        note="Walking holiday",
        starts_at=at_local(monday, time(0), location.zone),
        ends_at=at_local(monday + timedelta(days=7), time(0), location.zone),
    )
    Absence.objects.create(
        location=location,
        resource=location.resources.get(name="Room 3"),
        kind=Absence.Kind.UPKEEP,
        note="New lamp",
        starts_at=at_local(monday, time(8, 30), location.zone),
        ends_at=at_local(monday, time(11), location.zone),
    )
    for who in (None, practitioners[1]):
        ExtraHours.objects.create(
            location=location,
            resource=who,
            note="Late evening",
            starts_at=at_local(monday + timedelta(days=3), time(19), location.zone),
            ends_at=at_local(monday + timedelta(days=3), time(21), location.zone),
        )
