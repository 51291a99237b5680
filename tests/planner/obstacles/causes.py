"""What puts each code in the way of a session: of the series that `desk.booked()` books, some change."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import F

from clinic.models import Absence, Clinic, Location, Resource, WeeklyHours
from patients.models import (
    Consent,
    Patient,
    Screening,
    ScreeningAnswer,
    ScreeningOverride,
    ScreeningQuestion,
)
from planner.models import Message, ProtocolVersion, Reservation, Series, Session
from tests.makers import NOW, make_area, make_steps
from tests.planner.desk import Desk

LAST_DAY = date(2027, 3, 1)
FIRST_DAY = date(2027, 1, 19)
"""Of the series that `desk.booked()` books: a Tuesday at ten; the next ones follow 28 days later each."""


def away(desk: Desk, day: date, resource: Resource | None, kind: str = "leave") -> Absence:
    start = datetime.combine(day, time(), tzinfo=UTC)
    ends = start + timedelta(days=1)
    return Absence.objects.create(
        location=desk.location, resource=resource, kind=kind, starts_at=start, ends_at=ends
    )


def _leave(desk: Desk, series: Series) -> None:
    away(desk, FIRST_DAY, desk.practitioner)


def _closure(desk: Desk, series: Series) -> None:
    away(desk, FIRST_DAY, None, "closure")


def _upkeep(desk: Desk, series: Series) -> None:
    away(desk, FIRST_DAY, desk.room, "upkeep")


def _holiday(desk: Desk, series: Series) -> None:
    """Of another country, to one of whose holidays the session is moved."""
    Location.objects.update(country="IE", subdivision="", closes_on_public_holidays=True)
    at = datetime(2027, 2, 1, 10, tzinfo=UTC)  # Saint Brigid's Day
    Session.objects.filter(series=series, number=1).update(starts_at=at, ends_at=at + timedelta(hours=1))
    Session.objects.filter(series=series, number=2).update(state="cancelled")


def _shorter_hours(desk: Desk, series: Series) -> None:
    WeeklyHours.objects.filter(resource=desk.practitioner).update(opens=time(11))


def _no_hours(desk: Desk, series: Series) -> None:
    WeeklyHours.objects.filter(resource=desk.practitioner).delete()


def _out_of_use(desk: Desk, series: Series) -> None:
    Resource.objects.filter(pk=desk.room.pk).update(is_active=False)


def _skill_gone(desk: Desk, series: Series) -> None:
    Resource.objects.filter(pk=desk.practitioner.pk).update(skills=[])


def _room_lacks(desk: Desk, series: Series) -> None:
    ProtocolVersion.objects.update(room_skills=["sink"])


def _too_shallow(desk: Desk, series: Series) -> None:
    Resource.objects.filter(pk=desk.device.pk).update(max_depth_mm="0.25")


def _nobody(desk: Desk, series: Series) -> None:
    Reservation.objects.filter(resource=desk.practitioner).update(is_active=False)


def _no_consent(desk: Desk, series: Series) -> None:
    Consent.objects.update(withdrawn_at=NOW)


def _not_screened(desk: Desk, series: Series) -> None:
    Screening.objects.update(is_recheck=True)


def _says_yes(series: Series, effect: str, **fields: Any) -> None:
    """To a question that has this effect."""
    question = ScreeningQuestion.objects.create(
        clinic=series.location.clinic,
        code="some_question",
        position=99,
        effect=effect,
        source="-",
        certainty="found",
        **{"text": "?"} | fields,
    )
    screening = Screening.objects.create(patient=series.patient, taken_at=NOW, taken_by=series.created_by)
    event = date(2027, 1, 10) if "wait_days" in fields else None
    ScreeningAnswer.objects.create(screening=screening, question=question, said_yes=True, event_date=event)


def _blocks(desk: Desk, series: Series) -> None:
    _says_yes(series, "block")


def _holds(desk: Desk, series: Series) -> None:
    _says_yes(series, "hold")


def _postpones(desk: Desk, series: Series) -> None:
    _says_yes(series, "postpone", kind="yes_no_date", date_meaning="Happened", wait_days=14)


def set_aside(desk: Desk, series: Series) -> None:
    _says_yes(series, "hold", text="Herpes?", override_by="clinician", persistence="lifelong")
    answer = ScreeningAnswer.objects.get()
    ScreeningOverride.objects.create(answer=answer, by=desk.by.user, at=NOW, reason="-", until=LAST_DAY)


def _other_area(desk: Desk, series: Series) -> None:
    other = desk.series(patient=series.patient, sessions_planned=1)
    other.areas.set([make_area(series.patient, site="knee", side="left")])
    desk.book(other, [desk.visit(1, datetime(2027, 2, 2, 10))])
    Clinic.objects.update(other_area_days=30)


def _without_address(desk: Desk, series: Series) -> None:
    Patient.objects.update(email="")


def _moved_together(desk: Desk, series: Series) -> None:
    at = datetime(2027, 2, 1, 10, tzinfo=UTC)
    Session.objects.filter(series=series, number=2).update(starts_at=at, ends_at=at + timedelta(hours=1))


def _out_of_order(desk: Desk, series: Series) -> None:
    at = datetime(2027, 1, 18, 10, tzinfo=UTC)
    Session.objects.filter(series=series, number=2).update(starts_at=at, ends_at=at + timedelta(hours=1))


def _gap_shortened(desk: Desk, series: Series) -> None:
    ProtocolVersion.objects.update(floor_days=1)
    Series.objects.update(gap_min_days=1, gap_target_days=7, gap_max_days=20)


def _missed(desk: Desk, series: Series) -> None:
    Session.objects.filter(series=series, number=2).update(state="no_show")
    Reservation.objects.filter(session__series=series, session__number=2).update(is_active=False)


def _consent_ends(desk: Desk, series: Series) -> None:
    Consent.objects.update(valid_to=date(2027, 2, 1))


def _yesterday(series: Series, state: str) -> None:
    at = datetime(2027, 1, 10, 10, tzinfo=UTC)
    span = {"starts_at": at, "ends_at": at + timedelta(hours=1)}
    Session.objects.filter(series=series, number=1).update(state=state, **span)


def _left(desk: Desk, series: Series) -> None:
    _yesterday(series, "booked")


def _record_left(desk: Desk, series: Series) -> None:
    _yesterday(series, "in_treatment")


def _lapsed(desk: Desk, series: Series) -> None:
    _yesterday(series, "done")
    Screening.objects.update(taken_at=NOW - timedelta(days=5))
    ProtocolVersion.objects.update(lapse_days=40)


def _same_skin(desk: Desk, series: Series) -> None:
    other = desk.series(patient=series.patient, sessions_planned=1)
    other.areas.set([make_area(series.patient, site="knee", side="left")])
    desk.book(other, [desk.visit(1, datetime(2027, 2, 2, 10))])
    other.areas.set(series.areas.all())


def _mail(series: Series, **fields: Any) -> None:
    (step,) = make_steps(series.protocol_version)[:1]
    Message.objects.create(
        location=series.location,
        patient=series.patient,
        series=series,
        step=step,
        about_version=1,
        due_at=NOW,
        expires_at=NOW,
        created_at=NOW,
        closed_at=NOW,
        **fields,
    )


def _refused(desk: Desk, series: Series) -> None:
    _mail(series, session=series.sessions.get(number=1), state="failed", to_address=series.patient.email)


def _untold(desk: Desk, series: Series) -> None:
    _mail(series, state="missed")


def _before_it_runs_late(desk: Desk, series: Series) -> None:
    """Of the one before it, since eight: the treatment has begun half an hour late."""
    ahead = desk.book(desk.series(sessions_planned=1), [desk.visit(1, datetime(2027, 1, 12, 9))])
    here, held = Session.objects.filter(series=ahead), Reservation.objects.filter(session__series=ahead)
    earlier = timedelta(days=1, hours=1)
    here.update(starts_at=F("starts_at") - earlier, ends_at=F("ends_at") - earlier)
    spans = ("starts_at", "used_until", "ends_at")
    held.update(**{name: F(name) - earlier for name in spans})
    began = held.get(resource=desk.practitioner).starts_at + timedelta(minutes=30)
    here.update(state="in_treatment", treatment_began_at=began)
    at = held.get(resource=desk.room).ends_at
    Session.objects.filter(series=series, number=1).update(starts_at=at, ends_at=at + timedelta(hours=1))


TABLE: list[tuple[Callable[[Desk, Series], None], int, str, date | None]] = [
    (_leave, 1, "on_leave", date(2027, 1, 20)),
    (_upkeep, 1, "on_leave", date(2027, 1, 20)),
    (_closure, 1, "closed", date(2027, 1, 20)),
    (_holiday, 1, "public_holiday", date(2027, 2, 2)),
    (_shorter_hours, 1, "outside_hours", None),
    (_no_hours, 3, "not_open_that_day", None),
    (_out_of_use, 1, "resource_inactive", None),
    (_skill_gone, 1, "not_qualified", None),
    (_room_lacks, 2, "lacks_what_is_needed", None),
    (_too_shallow, 1, "device_too_shallow", None),
    (_nobody, 1, "resource_missing", None),
    (_no_consent, 4, "no_consent", None),
    (_not_screened, 1, "not_screened", None),
    (_blocks, 1, "screening_blocks", None),
    (_holds, 1, "screening_holds", None),
    (_postpones, 1, "screening_postpones", date(2027, 1, 24)),
    (set_aside, 1, "set_aside", LAST_DAY),
    (_other_area, 1, "other_area_too_near", date(2027, 3, 4)),
    (_without_address, 1, "no_address", None),
    (_moved_together, 2, "too_soon", date(2027, 2, 16)),
    (_out_of_order, 2, "wrong_order", None),
    (_gap_shortened, 2, "too_late", None),
    (_before_it_runs_late, 1, "begins_late", None),
    (_missed, 2, "no_time", None),
    (_consent_ends, 2, "consent_ends", None),
    (_left, 1, "not_ended", None),
    (_record_left, 1, "record_open", None),
    (_lapsed, 2, "rescreen_needed", None),
    (_same_skin, 1, "skin_not_rested", date(2027, 3, 2)),
    (_refused, 1, "address_refused", None),
    (_untold, 1, "not_told", None),
]
