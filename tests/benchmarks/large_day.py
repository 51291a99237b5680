"""A day in a clinic of a hundred: three visits for each of a hundred practitioners, each in a room of their own."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from clinic.models import Location, Resource, StaffMember
from clinic.permissions import Role
from patients.models import (
    Area,
    Consent,
    ConsentText,
    Patient,
    Screening,
    ScreeningAnswer,
    ScreeningQuestion,
)
from planner.models import ProtocolVersion, Reservation, Series, Session
from tests.makers import (
    make_clinic,
    make_device,
    make_location,
    make_practitioner,
    make_protocol_version,
    make_room,
    make_staff,
)

HUNDRED, QUESTIONS = 100, 12
STARTS = ((9, 0), (11, 30), (14, 15))
STATES = ("confirmed", "arrived", "booked", "confirmed", "in_treatment", "done", "no_show", "booked")
LAST = ("Lindqvist", "Adeyemi", "Hughes", "Zielinski", "Featherstonehaugh", "Okafor", "Khan")


@dataclass(frozen=True, slots=True)
class LargeDay:
    location: Location
    clinician: StaffMember
    desk: StaffMember


def make_large_day(now: datetime) -> LargeDay:
    """On the day of `now`, in London."""
    location = make_location(clinic=make_clinic(name="Harley Court"), name="Harley Court, London")
    clinician = make_staff(location, Role.CLINICIAN, email="clinician@harley.example", name="Dr Ada Long")
    desk = make_staff(location, Role.FRONT_DESK, email="desk@harley.example")
    served = [
        (make_practitioner(location, name=f"Dr Name Surname {n:02}", position=n), *_place(location, n))
        for n in range(HUNDRED)
    ]
    Resource.objects.filter(pk=served[0][0].pk).update(user=clinician.user)
    version = make_protocol_version(location.clinic)
    patients = _patients(location, 3 * HUNDRED)
    _judged(patients, clinician, now)
    _booked(location, patients, version, served, clinician, now)
    return LargeDay(location, clinician, desk)


def _place(location: Location, n: int) -> tuple[Resource, Resource]:
    return make_room(location, name=f"Room {n:02}", position=n), make_device(location, name=f"Pen {n:02}")


def _patients(location: Location, count: int) -> list[Patient]:
    born = datetime(1990, 5, 17).date()
    return Patient.objects.bulk_create(
        Patient(
            clinic=location.clinic,
            first_name=f"Person{n}",
            last_name=LAST[n % len(LAST)],
            folded_name=f"person{n}",
            date_of_birth=born,
            email=f"p{n}@harley.example",
            skin_type=1 + n % 6,
            created_at=datetime.now(ZoneInfo("UTC")),
        )
        for n in range(count)
    )


def _judged(patients: list[Patient], by: StaffMember, now: datetime) -> None:
    """Everybody was asked and signed two months ago."""
    clinic, before = patients[0].clinic, now - timedelta(days=60)
    text = ConsentText.objects.create(
        clinic=clinic, kind="treatment", version=1, title="Consent", body="Text"
    )
    questions = ScreeningQuestion.objects.bulk_create(
        ScreeningQuestion(
            clinic=clinic, code=f"q{n}", position=n, text=f"Question {n}?", effect="warn", source="Bench",
            certainty="own",
        )
        for n in range(QUESTIONS)
    )  # fmt: skip
    Consent.objects.bulk_create(
        Consent(
            patient=patient, text=text, kind="treatment", signed_name=patient.full_name, signed_at=before,
            valid_from=before.date(), valid_to=before.date() + timedelta(days=365), taken_by=by.user,
        )
        for patient in patients
    )  # fmt: skip
    rounds = Screening.objects.bulk_create(
        Screening(patient=patient, taken_at=before, taken_by=by.user) for patient in patients
    )
    ScreeningAnswer.objects.bulk_create(
        ScreeningAnswer(screening=each, question=question, said_yes=False)
        for each in rounds
        for question in questions
    )


def _booked(
    location: Location,
    patients: list[Patient],
    version: ProtocolVersion,
    served: list[tuple[Resource, ...]],
    by: StaffMember,
    now: datetime,
) -> None:
    """The second of four sessions of each is on the day; the first was five weeks ago."""
    areas = Area.objects.bulk_create(
        Area(patient=patient, site=("hips", "abdomen", "thighs")[n % 3], side="left", stria_type="alba")
        for n, patient in enumerate(patients)
    )
    series = Series.objects.bulk_create(
        Series(
            patient=patient, location=location, protocol_version=version, state="active", sessions_planned=4,
            gap_min_days=28, gap_target_days=35, gap_max_days=56, created_at=now, created_by=by.user,
        )
        for patient in patients
    )  # fmt: skip
    Series.areas.through.objects.bulk_create(
        Series.areas.through(series_id=each.pk, area_id=area.pk)
        for each, area in zip(series, areas, strict=True)
    )
    midnight = now.astimezone(ZoneInfo(location.timezone)).replace(hour=0, minute=0, second=0, microsecond=0)
    sessions = Session.objects.bulk_create(_session(each, n, midnight) for n, each in enumerate(series))
    Session.objects.bulk_create(
        Session(series=each, patient=each.patient, location=location, number=1, state="done",
                starts_at=midnight - timedelta(days=35), ends_at=midnight - timedelta(days=35, hours=-2))
        for each in series
    )  # fmt: skip
    Reservation.objects.bulk_create(
        Reservation(
            session=session,
            resource=resource,
            starts_at=session.starts_at,
            used_until=session.ends_at,
            ends_at=session.ends_at,
            is_active=session.state != "no_show",
        )
        for n, session in enumerate(sessions)
        for resource in served[n % HUNDRED]
    )


def _session(series: Series, n: int, midnight: datetime) -> Session:
    hour, minute = STARTS[n // HUNDRED]
    start = midnight + timedelta(hours=hour, minutes=minute)
    end = start + timedelta(minutes=105)
    state = STATES[n % len(STATES)] if n < HUNDRED else STATES[2 + n % 2]
    came = {"arrived_at": start, "treatment_began_at": start} if state == "in_treatment" else {}
    came |= {"arrived_at": start} if state == "arrived" else {}
    return Session(
        series=series, patient=series.patient, location=series.location, number=2, state=state,
        starts_at=start, ends_at=end, **came,
    )  # fmt: skip
