"""A session that is here longer than planned makes the next one with the same people, room or device begin late."""

from datetime import UTC, datetime, timedelta

import pytest

from patients.models import Screening
from planner.choices import SessionState
from planner.models import Series, Session
from planner.obstacles.of_sessions import obstacles_of, surroundings_of
from planner.obstacles.whole_sessions import with_everything
from planner.treatment.treat import finish, start_treatment
from tests.makers import make_device, make_practitioner, make_room, new_key
from tests.planner.desk import Desk, entry_for, open_desk, session_of

pytestmark = pytest.mark.django_db
TEN = datetime(2027, 1, 19, 10, tzinfo=UTC)


@pytest.fixture
def desk() -> Desk:
    return open_desk()


def at(minutes: int) -> datetime:
    """After ten."""
    return TEN + timedelta(minutes=minutes)


def waits(series: Series, now: datetime) -> list[tuple[str, int]]:
    """Of its first session: for whom, how many minutes."""
    sessions = with_everything(Session.objects.filter(series=series, number=1))
    found = obstacles_of(sessions, surroundings_of(sessions, series.location, now=now))
    late = [each for several in found.values() for each in several if each.code == "begins_late"]
    return [(each.facts["resource"], each.facts["minutes"]) for each in late]


def one_after_another(desk: Desk) -> tuple[Session, Series]:
    """One at ten, and one as soon as practitioner, room and device are free of it."""
    first = session_of(desk.booked(sessions_planned=1), 1)
    free = max(each.ends_at for each in first.reservations.all())
    follows = free.replace(tzinfo=None)
    return first, desk.book(desk.series(sessions_planned=1), [desk.visit(1, follows)])


def arrived(desk: Desk, session: Session, now: datetime) -> Session:
    Screening.objects.create(patient=session.patient, taken_at=now, taken_by=desk.by.user, is_recheck=True)
    return desk.mark(session, SessionState.ARRIVED, now=now)


def start(desk: Desk, session: Session, now: datetime) -> Session:
    return start_treatment(session.pk, by=desk.by, key=new_key(), version=session.version, now=now)


def test_nobody_waits_for_one_that_is_on_time(desk: Desk) -> None:
    first, after = one_after_another(desk)
    assert waits(after, at(0)) == []
    here = arrived(desk, first, at(0))
    assert waits(after, at(5)) == []
    begins = here.reservations.get(resource=desk.practitioner).starts_at
    start(desk, here, begins)
    assert waits(after, begins + timedelta(minutes=1)) == []


def test_who_arrives_late_makes_the_next_one_wait_as_long(desk: Desk) -> None:
    first, after = one_after_another(desk)
    assert waits(after, at(20)) == []  # nobody knows yet whether they come
    arrived(desk, first, at(20))
    ((_name, minutes),) = waits(after, at(20))
    assert 5 <= minutes <= 20


def test_a_few_minutes_are_not_worth_a_word(desk: Desk) -> None:
    first, after = one_after_another(desk)
    arrived(desk, first, at(4))
    assert waits(after, at(4)) == []


def test_a_treatment_that_does_not_end_makes_the_next_one_wait_longer_by_the_minute(desk: Desk) -> None:
    first, after = one_after_another(desk)
    held = first.reservations.get(resource=desk.practitioner)
    start(desk, arrived(desk, first, at(0)), held.starts_at)
    minutes = [waits(after, held.used_until + timedelta(minutes=late))[0][1] for late in (30, 31)]
    assert minutes[1] == minutes[0] + 1


def test_it_goes_when_the_one_before_is_finished(desk: Desk) -> None:
    first, after = one_after_another(desk)
    late = first.reservations.get(resource=desk.practitioner).starts_at + timedelta(minutes=30)
    begun = start(desk, arrived(desk, first, at(0)), late)
    assert waits(after, late)
    finish(begun.pk, entry_for(begun), by=desk.by, key=new_key(), version=begun.version, now=late)
    assert waits(after, late) == []


def test_others_do_not_wait(desk: Desk) -> None:
    first, _after = one_after_another(desk)
    place = desk.location
    others = {
        "practitioner_id": make_practitioner(place, name="Tomasz Zielinski").pk,
        "room_id": make_room(place, name="Room 2").pk,
        "device_id": make_device(place, name="Pen B").pk,
    }
    beside = desk.book(desk.series(sessions_planned=1), [desk.visit(1, datetime(2027, 1, 19, 12), **others)])
    on_another_day = desk.book(desk.series(sessions_planned=1), [desk.visit(1, datetime(2027, 1, 20, 12))])
    late = first.reservations.get(resource=desk.practitioner).starts_at + timedelta(hours=1)
    start(desk, arrived(desk, first, at(0)), late)
    assert waits(beside, late) == waits(on_another_day, late) == []
