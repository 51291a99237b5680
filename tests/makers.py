"""One maker for each thing a test needs; every field can be set, none has to be."""

from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from clinic.actor import Actor
from clinic.localtime import add_local_days
from clinic.models import Clinic, Location, Resource, StaffMember, User, WeeklyHours
from clinic.permissions import Role
from patients.choices import ConsentKind, Severity, Side, Site, StriaType
from patients.folding import folded_name
from patients.models import Area, Consent, ConsentText, Patient
from patients.models.patient import FOLDED_LENGTH
from planner.models import (
    AftercareStep,
    Protocol,
    ProtocolGap,
    ProtocolPhase,
    ProtocolVersion,
    Series,
    Session,
    SiteDepth,
)
from planner.outbox.steps import load_steps

# A quiet winter Monday, far from any clock change: what "now" is in tests that do not care.
NOW = datetime(2027, 1, 11, 9, 0, tzinfo=UTC)
_serial = count(1)


def new_key() -> str:
    """Of a write that is meant to happen again."""
    return f"key-{next(_serial)}"


def acting(who: Actor | StaffMember | User) -> Actor:
    """A member of staff, or the user who is one, as the services are told of them."""
    if isinstance(who, Actor):
        return who
    staff = who if isinstance(who, StaffMember) else StaffMember.objects.get(user=who)
    return Actor.of(staff)


def make_clinic(**fields: Any) -> Clinic:
    return Clinic.objects.create(**{"name": f"Clinic {next(_serial)}", "mail_name": "Linden Row"} | fields)


def make_location(
    *, weekdays: range = range(5), opens: time = time(8), closes: time = time(20), **fields: Any
) -> Location:
    """Open Monday to Friday 08:00 to 20:00 unless told otherwise."""
    if "clinic" not in fields:
        fields["clinic"] = make_clinic()
    defaults: dict[str, Any] = {
        "name": "Leeds",
        "timezone": "Europe/London",
        "country": "GB",
        "subdivision": "ENG",
    }
    location = Location.objects.create(**defaults | fields)
    for weekday in weekdays:
        WeeklyHours.objects.create(location=location, weekday=weekday, opens=opens, closes=closes)
    return location


def make_staff(location: Location, role: Role = Role.CLINICIAN, **fields: Any) -> StaffMember:
    n = next(_serial)
    user = User.objects.create(email=fields.pop("email", f"staff{n}@example.com"))
    return StaffMember.objects.create(
        **{"user": user, "location": location, "role": role, "name": f"Staff {n}"} | fields
    )


def make_practitioner(
    location: Location,
    *,
    weekdays: range = range(5),
    opens: time = time(9),
    closes: time = time(17),
    **fields: Any,
) -> Resource:
    defaults = {"kind": "practitioner", "name": f"Practitioner {next(_serial)}", "skills": ["microneedling"]}
    practitioner = Resource.objects.create(**{"location": location} | defaults | fields)
    for weekday in weekdays:
        WeeklyHours.objects.create(resource=practitioner, weekday=weekday, opens=opens, closes=closes)
    return practitioner


def make_room(location: Location, **fields: Any) -> Resource:
    defaults = {"kind": "room", "name": f"Room {next(_serial)}", "turnaround_minutes": 15}
    return Resource.objects.create(**{"location": location} | defaults | fields)


def make_device(location: Location, **fields: Any) -> Resource:
    defaults = {
        "kind": "device",
        "name": f"Pen {next(_serial)}",
        "skills": ["pen"],
        "device_type": "pen",
        "max_depth_mm": Decimal("2.5"),
        "turnaround_minutes": 15,
    }
    return Resource.objects.create(**{"location": location} | defaults | fields)


def make_patient(clinic: Clinic, **fields: Any) -> Patient:
    """Born 1995, skin type II, with an address of her own."""
    n = next(_serial)
    fields = {
        "first_name": "Jade",
        "last_name": f"Robinson{n}",
        "date_of_birth": date(1995, 5, 17),
        "email": f"patient{n}@example.com",
        "skin_type": 2,
        "created_at": NOW,
    } | fields
    names = fields["first_name"], fields["last_name"], fields.get("former_names", "")
    fields["folded_name"] = folded_name(*names, most=FOLDED_LENGTH)
    return Patient.objects.create(clinic=clinic, **fields)


def make_area(patient: Patient, **fields: Any) -> Area:
    return Area.objects.create(
        **{"patient": patient, "site": Site.ABDOMEN, "side": Side.MIDDLE, "stria_type": StriaType.ALBA}
        | fields
    )


def make_consent(patient: Patient, *, kind: str = ConsentKind.TREATMENT, **fields: Any) -> Consent:
    text, _ = ConsentText.objects.get_or_create(
        clinic=patient.clinic, kind=kind, version=1, defaults={"title": "Consent", "body": "Text"}
    )
    day = fields.pop("day", NOW.date())
    defaults = {
        "signed_name": patient.full_name,
        "signed_at": NOW,
        "valid_from": day,
        "valid_to": day + timedelta(364),
    }
    if "taken_by" not in fields:
        fields["taken_by"] = User.objects.get_or_create(email="clinician@example.com")[0]
    return Consent.objects.create(patient=patient, text=text, kind=kind, **defaults | fields)


def make_protocol_version(clinic: Clinic, **fields: Any) -> ProtocolVersion:
    """Four sessions, 28/35/56 days apart; 45 min numbing, 45 needling, 15 recovery."""
    protocol = fields.pop("protocol", None) or Protocol.objects.create(
        clinic=clinic,
        code=f"mn-{next(_serial)}",
        name="Needling, moderate marks",
        modality="mn",
        severity=Severity.MODERATE,
    )
    defaults = {
        "number": 1,
        "created_at": NOW,
        "sessions_min": 3,
        "sessions_target": 4,
        "sessions_max": 5,
        "floor_days": 21,
        "lapse_days": 84,
        "practitioner_skills": ["microneedling"],
        "device_skills": ["pen"],
        "source": "Test",
        "certainty": "clinic_setting",
    }
    version = ProtocolVersion.objects.create(protocol=protocol, **defaults | fields)
    ProtocolGap.objects.create(
        version=version,
        skin_type_from=1,
        skin_type_to=6,
        min_days=28,
        target_days=35,
        max_days=56,
        source="Test",
        certainty="clinic_setting",
    )
    for position, (kind, minutes, needs) in enumerate(
        [
            ("numbing", 45, ["room"]),
            ("needling", 45, ["practitioner", "room", "device"]),
            ("recovery", 15, ["room"]),
        ]
    ):
        ProtocolPhase.objects.create(
            version=version, position=position, kind=kind, minutes=minutes, needs=needs
        )
    for site in Site:
        SiteDepth.objects.create(
            version=version,
            site=site,
            min_mm=Decimal("1.0"),
            rubra_mm=Decimal("1.25"),
            alba_mm=Decimal("1.5"),
            max_mm=Decimal("2.0"),
            passes_min=4,
            passes_max=6,
            source="Test",
            certainty="clinic_setting",
        )
    return version


def make_series(
    patient: Patient, version: ProtocolVersion, location: Location, *, by: User, **fields: Any
) -> Series:
    """A drafted series with its sessions still without a time."""
    areas = fields.pop("areas", None)
    defaults = {
        "sessions_planned": 4,
        "gap_min_days": 28,
        "gap_target_days": 35,
        "gap_max_days": 56,
        "created_at": NOW,
    }
    series = Series.objects.create(
        patient=patient, protocol_version=version, location=location, created_by=by, **defaults | fields
    )
    series.areas.set(areas or [patient.areas.first() or make_area(patient)])
    for number in range(1, series.sessions_planned + 1):
        Session.objects.create(series=series, patient=patient, location=location, number=number)
    return series


def make_steps(version: ProtocolVersion) -> list[AftercareStep]:
    """All the steps that are shipped."""
    return AftercareStep.objects.bulk_create(
        AftercareStep(version=version, **asdict(step)) for step in load_steps()
    )


def make_booked_series(
    location: Location, *, first: datetime = NOW + timedelta(days=28, hours=1), **fields: Any
) -> Series:
    """A series under way with shipped steps, a session every 35 days from `first`, two hours each."""
    patient = fields.pop("patient", None) or make_patient(location.clinic)
    version = fields.pop("version", None) or make_protocol_version(location.clinic)
    if not version.steps.exists():
        make_steps(version)
    by = fields.pop("by", None) or User.objects.get_or_create(email="desk@example.com")[0]
    series = make_series(patient, version, location, by=by, **{"state": "active"} | fields)
    for session in series.sessions.all():
        start = add_local_days(first, 35 * (session.number - 1), location.zone)
        session.state, session.starts_at, session.ends_at = "booked", start, start + timedelta(hours=2)
        session.save()
    return series
