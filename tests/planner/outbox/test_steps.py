import re
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from clinic.localtime import at_local, is_quiet, local_date, local_time
from patients.choices import Certainty
from planner.choices import Anchor
from planner.models import AftercareStep
from planner.outbox.steps import SessionTimes, ShippedStep, due_at, expires_at, fill, load_steps, steps_for

LONDON = ZoneInfo("Europe/London")
SHIPPED = {step.code: step for step in load_steps()}
EVERY_STEP = pytest.mark.parametrize("step", SHIPPED.values(), ids=SHIPPED.keys())


def visit(
    day: date = date(2026, 12, 8),
    starts: time = time(10),
    *,
    zone: ZoneInfo = LONDON,
    minutes: int = 105,
    planned_at: datetime = datetime(2025, 12, 1, 12, tzinfo=UTC),
    quiet: tuple[time, time] = (time(20), time(8)),
) -> SessionTimes:
    starts_at = at_local(day, starts, zone)
    return SessionTimes(starts_at, starts_at + timedelta(minutes=minutes), planned_at, zone, *quiet)


def london(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=LONDON)


def preparation(days: int, at: time = time(10)) -> ShippedStep:
    return replace(SHIPPED["before_1d"], offset_minutes=days * 24 * 60, at_local_time=at)


# --- when a step is due ---


@pytest.mark.parametrize(
    ("code", "due"),
    [
        ("before_28d", london(2026, 11, 10, 10)),
        ("before_14d", london(2026, 11, 24, 10)),
        ("before_7d", london(2026, 12, 1, 10)),
        ("before_5d", london(2026, 12, 3, 10)),
        ("before_3d", london(2026, 12, 5, 10)),
        ("before_1d", london(2026, 12, 7, 10)),
        ("before_0d", london(2026, 12, 8, 8)),
        ("after_4h", london(2026, 12, 8, 15, 45)),
        ("after_1d", london(2026, 12, 9, 9)),
        ("after_3d", london(2026, 12, 11, 9)),
        ("after_7d", london(2026, 12, 15, 10)),
        ("after_14d", london(2026, 12, 22, 10)),
        ("after_28d", london(2027, 1, 5, 10)),
        ("after_12w", london(2027, 3, 2, 10)),
        ("after_24w", london(2027, 5, 25, 10)),
    ],
)
def test_every_shipped_step_has_its_moment_around_a_ten_o_clock_session(code: str, due: datetime) -> None:
    assert due_at(SHIPPED[code], visit()) == due


def test_the_answer_is_in_utc() -> None:
    due = due_at(SHIPPED["after_1d"], visit())
    assert due is not None
    assert due.tzinfo is UTC


# Seen elsewhere: all reminders leave at once just after booking.
def test_steps_whose_moment_lay_before_the_booking_are_left_out() -> None:
    booked_late = visit(planned_at=london(2026, 12, 5, 10))
    planned = [code for code, step in SHIPPED.items() if due_at(step, booked_late)]
    assert [code for code in planned if code.startswith("before")] == ["before_3d", "before_1d", "before_0d"]


def test_hours_are_real_hours_on_the_night_clocks_go_forward() -> None:
    evening = visit(date(2026, 3, 28), time(22), minutes=60, quiet=(time(0), time(0)))
    due = due_at(SHIPPED["after_4h"], evening)
    assert due == evening.ends_at + timedelta(hours=4)
    assert local_time(due, LONDON) == time(4)


def test_days_keep_the_wall_clock_when_clocks_go_forward() -> None:
    due = due_at(SHIPPED["after_1d"], visit(date(2026, 3, 28)))
    assert due == datetime(2026, 3, 29, 8, tzinfo=UTC)


def test_a_step_at_a_time_that_does_not_exist_moves_forward() -> None:
    no_quiet = visit(date(2026, 3, 28), quiet=(time(0), time(0)))
    step = replace(SHIPPED["after_1d"], at_local_time=time(1, 30))
    assert due_at(step, no_quiet) == london(2026, 3, 29, 2, 30)


# --- quiet hours ---


def test_in_quiet_hours_a_step_waits_for_their_end() -> None:
    assert due_at(preparation(-1, time(6)), visit()) == london(2026, 12, 7, 8)


def test_preparation_that_would_come_too_late_goes_the_evening_before() -> None:
    assert due_at(SHIPPED["before_0d"], visit(starts=time(8, 30))) == london(2026, 12, 7, 19, 30)


def test_preparation_meant_for_after_the_start_goes_an_hour_before_it() -> None:
    early = visit(starts=time(7), quiet=(time(21), time(5)))
    assert due_at(SHIPPED["before_0d"], early) == london(2026, 12, 8, 6)


def test_preparation_without_a_good_moment_is_left_out() -> None:
    booked_at_dawn = visit(starts=time(8, 30), planned_at=london(2026, 12, 8, 7, 50))
    assert due_at(SHIPPED["before_0d"], booked_at_dawn) is None


def test_the_first_evening_goes_before_a_quiet_night_begins() -> None:
    assert due_at(SHIPPED["after_4h"], visit(starts=time(16))) == london(2026, 12, 8, 19, 30)


def test_the_first_evening_never_goes_before_the_session_is_over() -> None:
    late = visit(starts=time(18))
    assert due_at(SHIPPED["after_4h"], late) == late.ends_at == london(2026, 12, 8, 19, 45)


def test_news_of_a_booking_goes_at_once_by_day() -> None:
    now = london(2026, 12, 1, 15)
    assert due_at(SHIPPED["booked"], visit(planned_at=now)) == now


def test_news_at_night_waits_for_the_morning() -> None:
    assert due_at(SHIPPED["moved"], visit(planned_at=london(2026, 12, 1, 22))) == london(2026, 12, 2, 8)


def test_news_that_cannot_wait_goes_at_night() -> None:
    night = london(2026, 12, 8, 1)
    assert due_at(SHIPPED["cancelled"], visit(starts=time(8, 30), planned_at=night)) == night


ZONES = {
    "Europe/Berlin": (date(2026, 3, 29), date(2026, 10, 25)),
    "Europe/London": (date(2026, 3, 29), date(2026, 10, 25)),
    "America/New_York": (date(2026, 3, 8), date(2026, 11, 1)),
    "Australia/Sydney": (date(2026, 4, 5), date(2026, 10, 4)),
    "Australia/Lord_Howe": (date(2026, 4, 5), date(2026, 10, 4)),
    "Asia/Kolkata": (date(2026, 3, 29), date(2026, 10, 25)),
}
QUARTERS = [time(hour, minute) for hour in range(24) for minute in (0, 15, 30, 45)]


@pytest.mark.parametrize("change", [0, 1], ids=["spring", "autumn"])
@pytest.mark.parametrize("eve", [0, 1], ids=["on the day", "the day before"])
@pytest.mark.parametrize("name", ZONES)
def test_round_clock_changes_every_step_is_in_time_and_out_of_quiet_hours(
    name: str, eve: int, change: int
) -> None:
    """96 quarter-hours of starting, every step: right wall time when undisturbed, never quiet, never too late."""
    zone = ZoneInfo(name)
    day = ZONES[name][change] - timedelta(days=eve)
    for starts in QUARTERS:
        session = visit(day, starts, zone=zone)
        for step in SHIPPED.values():
            due = due_at(step, session)
            if due is None:
                # Only the first evening has nowhere to go, when the session itself ended at night.
                assert step.code == "after_4h"
                assert session.is_quiet(session.ends_at)
                continue
            assert not is_quiet(due, zone, session.quiet_from, session.quiet_to)
            if step.anchor == Anchor.SESSION_START:
                assert due <= session.starts_at - timedelta(hours=1)
            if step.at_local_time and step.code != "before_0d":
                anchor = session.starts_at if step.anchor == Anchor.SESSION_START else session.ends_at
                target = local_date(anchor, zone) + timedelta(minutes=step.offset_minutes)
                assert due == at_local(target, step.at_local_time, zone)


# --- expiry ---


def test_aftercare_expires_so_many_hours_after_it_was_due() -> None:
    due = london(2026, 12, 9, 9)
    assert expires_at(SHIPPED["after_1d"], due, visit()) == london(2026, 12, 9, 19)


def test_preparation_expires_when_the_session_begins() -> None:
    due = london(2026, 12, 8, 8)
    assert expires_at(SHIPPED["before_0d"], due, visit()) == london(2026, 12, 8, 10)


# --- which steps ---


def test_only_dark_or_unknown_skin_gets_the_four_week_note() -> None:
    chosen = {
        skin_type: "before_28d"
        in {step.code for step in steps_for(SHIPPED.values(), skin_type=skin_type, is_last=False)}
        for skin_type in (1, 3, 4, 6, None)
    }
    assert chosen == {1: False, 3: False, 4: True, 6: True, None: True}


def test_only_the_last_session_looks_back() -> None:
    every = steps_for(SHIPPED.values(), skin_type=2, is_last=True)
    earlier = steps_for(SHIPPED.values(), skin_type=2, is_last=False)
    assert {step.code for step in every} - {step.code for step in earlier} == {"after_12w", "after_24w"}


@pytest.mark.parametrize("wrong", [{"offset_minutes": 90}, {"expires_after_hours": 0}])
def test_a_step_that_makes_no_sense_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError):
        replace(SHIPPED["after_1d"], **wrong)


# --- words ---


def test_blanks_take_dates_from_the_session() -> None:
    text = "{clinic} {session} {after_72_hours} {after_14_days} {emergency}"
    assert fill(text, visit(), clinic="Linden Row", emergency="999") == (
        "Linden Row Tuesday 8 December, 10:00 Friday 11 December, 11:45 Tuesday 22 December 999"
    )


def test_a_blank_nobody_knows_stays_as_written() -> None:
    text = "{clinic.__class__} {after_many_days} {unknown} {after_9999_days}"
    assert fill(text, visit(), clinic="Linden Row", emergency="999") == text


def words_of(step: ShippedStep) -> str:
    return "\n".join([step.subject, step.title, step.normal, step.do, step.wait, step.call])


@EVERY_STEP
def test_no_blank_is_left_in_a_shipped_step(step: ShippedStep) -> None:
    assert "{" not in fill(words_of(step), visit(), clinic="Linden Row", emergency="999")


@EVERY_STEP
def test_each_step_has_a_source_and_fits_the_clinics_own_row(step: ShippedStep) -> None:
    assert step.source
    assert isinstance(step.certainty, Certainty)
    row = AftercareStep(version_id=1, **{name: getattr(step, name) for name in step.__slots__})
    row.clean_fields(exclude=["version"])


HEALTH = re.compile(
    r"needl|skin|stretch|mark|treat|aftercare|session|scar|numb|derma|medic|health|consult|radiofreq", re.I
)


@EVERY_STEP
def test_the_subject_says_nothing_of_health(step: ShippedStep) -> None:
    assert not HEALTH.search(step.subject)


PROMISE = re.compile(
    r"guarantee|cure|permanent|remove your|get rid|disappear|vanish for good|perfect|flawless|100 ?%|"
    r"will (fade|vanish|go away|improve)|successfully|please",
    re.I,
)


@EVERY_STEP
def test_no_step_promises_a_result(step: ShippedStep) -> None:
    assert not PROMISE.search(words_of(step))


@pytest.mark.parametrize("sign", ["pus", "38 °C", "15 minutes of pressure", "blisters", "lumps", "breathe"])
def test_every_step_after_a_session_carries_the_red_flags(sign: str) -> None:
    after = [step for code, step in SHIPPED.items() if code.startswith("after")]
    assert len(after) == 8
    assert [step.code for step in after if sign not in step.call] == []


def test_prescribed_blood_thinners_are_never_to_be_stopped() -> None:
    assert "Never stop them for us" in SHIPPED["before_3d"].do
