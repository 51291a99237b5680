"""From the moment a treatment has begun its day is never lost: whatever is pressed, the skin rests and is cared for.

Seen here: a needled session could be cancelled, the next was booked two days later, and no aftercare was left.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from clinic.errors import Refusal
from clinic.localtime import local_date
from patients.models import Screening
from planner.choices import HERE, NEEDLED, SessionState
from planner.models import Message, Series, Session
from planner.schedule.book import cancel_session, stop_series
from planner.schedule.marks import change_state, take_back
from planner.schedule.move import propose_move
from planner.schedule.propose import propose
from planner.schedule.refusals import every_reason
from planner.treatment.treat import break_off, finish, save_record, start_treatment
from tests.makers import make_steps, new_key
from tests.planner.desk import Desk, entry_for, open_desk, refused, session_of

ACTIONS = (
    "arrive",
    "start",
    "finish",
    "break_off",
    "record",
    "cancel",
    "miss",
    "take_back",
    "release",
    "stop",
)
PRESSED = st.sampled_from(ACTIONS)


def press(desk: Desk, series: Series, action: str, now: datetime) -> None:
    """As a page would, with what is true now; most are refused most of the time."""
    session, by = session_of(series, 1), {"by": desk.by, "key": new_key(), "now": now}
    seen = {**by, "version": session.version}
    record = entry_for(session)
    version = getattr(getattr(session, "record", None), "version", 0)
    if action == "arrive":
        change_state(session.pk, SessionState.ARRIVED, **seen)
    elif action == "start":
        start_treatment(session.pk, **seen)
    elif action == "finish":
        finish(session.pk, record, record_version=version, **seen)
    elif action == "break_off":
        break_off(session.pk, reason="Felt faint", **seen)
    elif action == "record":
        save_record(session.pk, record, **{**by, "version": version})
    elif action == "cancel":
        cancel_session(session.pk, reason="Asked", **seen)
    elif action == "miss":
        change_state(session.pk, SessionState.NO_SHOW, **seen)
    elif action == "release":
        change_state(session.pk, SessionState.RELEASED, **seen)
    elif action == "take_back":
        take_back(session.pk, **seen)
    else:
        stop_series(series.pk, reason="Moves", **{**by, "version": Series.objects.get(pk=series.pk).version})


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.django_db
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=st.lists(PRESSED, max_size=4), after=st.lists(PRESSED, min_size=1, max_size=6))
@example(before=["stop", "take_back"], after=["finish"])  # the first is restored, the second stays cancelled
def test_no_path_loses_a_needled_day(before: list[str], after: list[str]) -> None:
    with undone():
        desk = open_desk()
        make_steps(desk.version)
        series = desk.booked()
        now = session_of(series, 1).starts_at
        assert now is not None
        Screening.objects.create(patient=series.patient, taken_at=now, taken_by=desk.by.user, is_recheck=True)
        for action in [*before, "arrive", "start", *after]:
            try:
                with transaction.atomic():
                    press(desk, series, action, now + timedelta(minutes=1))
            except Refusal:
                continue
            check(desk, series, local_date(now, desk.location.zone), now + timedelta(minutes=2))


def check(desk: Desk, series: Series, day: date, now: datetime) -> None:
    first = session_of(series, 1)
    if first.treatment_began_at is None:
        return
    assert first.state in (SessionState.IN_TREATMENT, *NEEDLED)
    second = session_of(series, 2)
    why = {"too_soon", "series_closed"}
    if second.state == SessionState.CANCELLED:
        why.add("wrong_state")
    for days in (1, 27):
        too_soon = desk.visit(2, datetime.combine(day, time(10)) + timedelta(days=days))
        with pytest.raises(Refusal) as no, transaction.atomic():
            desk.move(second, too_soon, now=now)
        assert why & {each.code for each in every_reason(no.value)}
    if first.state in NEEDLED:
        after = Message.objects.filter(session=first, step__anchor="session_end", state="waiting")
        assert after.exists()


@pytest.fixture
def desk() -> Desk:
    return open_desk()


def begun(desk: Desk) -> tuple[Series, datetime]:
    make_steps(desk.version)
    series = desk.booked()
    session = session_of(series, 1)
    assert session.starts_at is not None
    now = session.starts_at
    Screening.objects.create(patient=series.patient, taken_at=now, taken_by=desk.by.user, is_recheck=True)
    arrived = desk.mark(session, SessionState.ARRIVED, now=now)
    start_treatment(arrived.pk, by=desk.by, key=new_key(), version=arrived.version, now=now)
    return series, now


@pytest.mark.django_db
def test_a_session_that_has_begun_is_not_cancelled_missed_or_stopped(desk: Desk) -> None:
    series, now = begun(desk)
    for action in ("cancel", "miss", "release", "take_back", "stop"):
        with refused("wrong_state"):
            press(desk, series, action, now)


@pytest.mark.django_db
def test_one_broken_off_counts_as_done_and_the_series_goes_on(desk: Desk) -> None:
    series, now = begun(desk)
    press(desk, series, "break_off", now)
    first = session_of(series, 1)
    assert (first.state, first.done_at, first.series.state) == ("broken_off", now, "active")
    press(desk, series, "record", now + timedelta(hours=1))
    (plan, *_) = propose_move(session_of(series, 2), with_later=False, now=now).plans
    assert plan.visits[0].starts_at - now >= timedelta(days=27)
    other = desk.series(patient=series.patient, sessions_planned=1)
    other.areas.set(series.areas.all())
    (plan, *_) = propose(other, now=now).plans
    assert plan.visits[0].starts_at - now >= timedelta(days=27)


@pytest.mark.django_db
def test_a_visit_of_an_earlier_day_is_recorded_as_of_its_own(desk: Desk) -> None:
    """It could never be recorded, and its aftercare never left."""
    make_steps(desk.version)
    series = desk.booked()
    session = session_of(series, 1)
    assert session.starts_at is not None
    assert session.ends_at is not None
    with refused("wrong_state"):
        press(desk, series, "finish", session.ends_at)  # the same evening it is begun and ended as ever
    late = session.ends_at + timedelta(days=1)
    press(desk, series, "finish", late)
    done = session_of(series, 1)
    assert (done.state, done.treatment_began_at, done.done_at) == ("done", session.starts_at, session.ends_at)
    event = done.events.get(kind="done")
    assert (event.at, event.by) == (late, desk.by.user)
    planned = Message.objects.filter(session=done, created_at=late)
    assert planned.exists()
    assert all(message.due_at >= late for message in planned)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("rival", ["cancel", "miss", "stop", "take_back"])
def test_two_who_press_at_once_lose_no_needled_day(desk: Desk, rival: str) -> None:
    make_steps(desk.version)
    series = desk.booked()
    session = session_of(series, 1)
    now = session.starts_at
    assert now is not None
    Screening.objects.create(patient=series.patient, taken_at=now, taken_by=desk.by.user, is_recheck=True)
    desk.mark(session, SessionState.ARRIVED, now=now)
    together = Barrier(2)

    def go(action: str) -> None:
        try:
            together.wait()
            press(desk, series, action, now)
        except Refusal:
            pass
        finally:
            connection.close()

    threads = [Thread(target=go, args=(action,)) for action in ("start", rival)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first = Session.objects.get(pk=session.pk)
    has_begun = first.treatment_began_at is not None
    assert has_begun == (first.state in (SessionState.IN_TREATMENT, *NEEDLED))
    assert has_begun or first.state not in HERE or first.state == SessionState.ARRIVED
