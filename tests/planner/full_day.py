"""A believable Tuesday at twenty to eleven: four practitioners, five rooms, everything that can happen at once."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from clinic.models import Absence, Location, Resource, StaffMember
from clinic.permissions import Role
from patients.models import Patient, Screening
from planner.choices import SeriesState, SessionState
from planner.models import (
    AreaTreatment,
    Message,
    MessageEvent,
    ProtocolVersion,
    Reservation,
    Series,
    Session,
    TreatmentRecord,
)
from planner.treatment.session_clock import spans
from tests.makers import (
    make_area,
    make_clinic,
    make_consent,
    make_device,
    make_location,
    make_patient,
    make_practitioner,
    make_protocol_version,
    make_room,
    make_series,
    make_staff,
    make_steps,
)

# London keeps UTC in January.
DAY = datetime(2027, 1, 12, tzinfo=UTC)
NOW = DAY.replace(hour=10, minute=40)
# number, who, state, start, practitioner, room, first and last name
VISITS = (
    (2, "arrived", "09:00", 0, 0, "Zara", "Malik"),
    (3, "arrived", "10:05", 0, 1, "Amira", "Haddad"),
    (1, "confirmed", "14:15", 0, 0, "Chloe", "Adeyemi-Wolfeschlegelsteinhausen of Bergerdorff"),
    (2, "booked", "15:00", 0, 1, "Inês", "D'Água “Nê” 🌿"),
    (1, "done", "08:30", 1, 2, "Sofia", "Lindqvist"),
    (3, "booked", "10:30", 1, 2, "Daniel", "Hughes"),
    (4, "confirmed", "13:45", 1, 2, "Nora", "Petersen"),
    (1, "in_treatment", "09:00", 2, 3, "Beth", "Collins"),
    (5, "confirmed", "10:15", 2, 4, "Hannah", "Becker"),
    (2, "confirmed", "13:30", 2, 3, "Freya", "Nolan"),
    (3, "no_show", "09:15", 3, 4, "Grace", "Whitmore"),
    (1, "confirmed", "15:30", 3, 4, "شيرين", "الحسيني"),
)


@dataclass(frozen=True)
class FullDay:
    location: Location
    practitioners: list[Resource]
    rooms: list[Resource]
    clinician: StaffMember
    desk: StaffMember
    sessions: dict[str, Session]


def make_full_day() -> FullDay:
    location = make_location(clinic=make_clinic(name="Linden Row"), name="Linden Row, Leeds")
    clinician = make_staff(location, Role.CLINICIAN, name="Dr Elena Marsh", email="clinician@linden.example")
    desk = make_staff(location, Role.FRONT_DESK, name="Abi Osei", email="desk@linden.example")
    names = ("Dr Elena Marsh", "Priya Nair", "Tomasz Zielinski", "Dr Ruth Okafor", "Jonas Weber")
    practitioners = [make_practitioner(location, name=name, position=n) for n, name in enumerate(names)]
    practitioners[0].user = clinician.user
    practitioners[0].save()
    rooms = [make_room(location, name=f"Room {n}", position=n) for n in range(1, 6)]
    devices = [make_device(location, name=f"Pen {letter}") for letter in "ABCDE"]
    _away(location, practitioners, rooms)
    version = make_protocol_version(location.clinic, interim_review_before=3)
    make_steps(version)
    sessions = {}
    for number, state, at, who, room, first, last in VISITS:
        patient = _patient(location, clinician, first, last)
        session = _series(patient, version, location, clinician, number)
        _place(session, state, at, (practitioners[who], rooms[room], devices[room]))
        sessions[first] = session
    day = FullDay(location, practitioners, rooms, clinician, desk, sessions)
    _exceptions(day)
    return day


def add_visits(day: FullDay, count: int) -> None:
    """More of the same on the same day, held by nobody: for counting queries."""
    version = day.sessions["Zara"].series.protocol_version
    for n in range(count):
        patient = _patient(day.location, day.clinician, f"More{n}", "Patients")
        _place(_series(patient, version, day.location, day.clinician, 2), "confirmed", "17:00", ())


def _away(location: Location, practitioners: list[Resource], rooms: list[Resource]) -> None:
    for kind, resource, first, last in (
        ("sick", practitioners[4], 0, 48),
        ("leave", practitioners[3], 12, 14),
        ("upkeep", rooms[0], 17, 20),
    ):
        Absence.objects.create(
            location=location,
            resource=resource,
            kind=kind,
            starts_at=DAY + timedelta(hours=first),
            ends_at=DAY + timedelta(hours=last),
        )


def _patient(location: Location, by: StaffMember, first: str, last: str) -> Patient:
    patient = make_patient(
        location.clinic, first_name=first, last_name=last, skin_type=4, phone="0113 496 0000"
    )
    Screening.objects.create(patient=patient, taken_at=DAY - timedelta(days=200), taken_by=by.user)
    if first != "Chloe":
        make_consent(patient, day=DAY.date() - timedelta(days=200), taken_by=by.user)
    return patient


def _series(
    patient: Patient, version: ProtocolVersion, location: Location, by: StaffMember, number: int
) -> Session:
    """Under way: what came before `number` is done, five weeks apart."""
    area = make_area(patient, site="hips", side="left")
    series = make_series(
        patient,
        version,
        location,
        by=by.user,
        state=SeriesState.ACTIVE,
        areas=[area],
        sessions_planned=max(4, number),
    )
    for session in series.sessions.filter(number__lt=number):
        start = DAY.replace(hour=10) - timedelta(days=35 * (number - session.number))
        session.state, session.starts_at, session.ends_at = "done", start, start + timedelta(minutes=105)
        session.save()
        record = TreatmentRecord.objects.create(
            session=session,
            recorded_by=by.user,
            recorded_at=start,
            cartridge_lot="L-1",
            cartridge_expires_on=DAY.date() + timedelta(days=300),
            pain=5,
            note="Redness gone on day 4. No brown patches at week 4.",
        )
        AreaTreatment.objects.create(
            record=record, area=area, depth_mm=Decimal("2.0"), passes=5, endpoint="even_pinpoints"
        )
    later = series.sessions.filter(number__gt=number)
    for session in later:
        start = DAY.replace(hour=10) + timedelta(days=35 * (session.number - number))
        session.state, session.starts_at, session.ends_at = "booked", start, start + timedelta(minutes=105)
        session.save()
    return series.sessions.get(number=number)


def _place(
    session: Session, state: str, at: str, resources: tuple[Resource, ...], day: datetime = DAY
) -> None:
    hour, minute = map(int, at.split(":"))
    session.state, session.starts_at = state, day.replace(hour=hour, minute=minute)
    session.ends_at = session.starts_at + timedelta(minutes=105)
    if state in ("arrived", "in_treatment"):
        session.arrived_at = session.starts_at
    if state == "in_treatment":
        session.treatment_began_at = session.starts_at + timedelta(minutes=50)
    session.save()
    phases = list(session.series.protocol_version.phases.all())
    for resource in resources:
        used = [
            span
            for span, phase in zip(spans(session.starts_at, phases), phases, strict=True)
            if resource.kind in phase.needs
        ]
        Reservation.objects.create(
            session=session,
            resource=resource,
            starts_at=used[0].starts_at,
            used_until=used[-1].ends_at,
            ends_at=used[-1].ends_at + timedelta(minutes=resource.turnaround_minutes),
            is_active=state != SessionState.NO_SHOW,
        )


def _exceptions(day: FullDay) -> None:
    """One series adrift, one session never answered for, one mail that failed."""
    rosa = _patient(day.location, day.clinician, "Rosa", "Klein")
    adrift = _series(rosa, day.sessions["Zara"].series.protocol_version, day.location, day.clinician, 2)
    Session.objects.filter(series=adrift.series, number=1).update(
        starts_at=DAY - timedelta(days=50), ends_at=DAY - timedelta(days=50, minutes=-105)
    )
    Session.objects.filter(series=adrift.series, number__gt=1).update(
        state="planned", starts_at=None, ends_at=None
    )
    tara = _patient(day.location, day.clinician, "Tara", "Singh")
    forgotten = _series(tara, day.sessions["Zara"].series.protocol_version, day.location, day.clinician, 2)
    _place(forgotten, "booked", "16:00", ())
    Session.objects.filter(pk=forgotten.pk).update(
        starts_at=DAY - timedelta(hours=8), ends_at=DAY - timedelta(hours=6)
    )
    series: Series = forgotten.series
    message = Message.objects.create(
        location=day.location,
        patient=tara,
        series=series,
        step=series.protocol_version.steps.first(),
        about_version=1,
        state="failed",
        due_at=NOW - timedelta(hours=2),
        expires_at=NOW + timedelta(hours=2),
        message_id="<tara@linden.example>",
        created_at=NOW - timedelta(days=1),
        closed_at=NOW - timedelta(hours=1),
    )
    MessageEvent.objects.create(
        message=message, at=NOW, state="failed", code="refused", facts={"answer": "No such address"}
    )
    later = _patient(day.location, day.clinician, "Kim", "Doyle")
    tomorrow = _series(later, series.protocol_version, day.location, day.clinician, 2)
    pen = day.location.resources.get(name="Pen C")
    served = (day.practitioners[2], day.rooms[2], pen)
    _place(tomorrow, "booked", "10:00", served, DAY + timedelta(days=1))
