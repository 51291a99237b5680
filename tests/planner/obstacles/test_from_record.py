"""What a record lacks: the same for a booking and for the board, read for many at once."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from patients.models import Consent, Screening
from planner.models import Series, Session
from planner.obstacles.obstacle import Obstacle, ObstacleCode
from planner.obstacles.of_sessions import obstacles_of, surroundings_of
from planner.obstacles.whole_sessions import with_everything
from tests.makers import NOW
from tests.planner.desk import Desk, open_desk, refused, session_of

pytestmark = pytest.mark.django_db
LONDON = ZoneInfo("Europe/London")
OF_THE_RECORD = (
    ObstacleCode.NO_CONSENT,
    ObstacleCode.CONSENT_ENDS,
    ObstacleCode.NOT_SCREENED,
    ObstacleCode.RESCREEN_NEEDED,
)


@pytest.fixture
def desk() -> Desk:
    return open_desk()


def lacks(*series: Any) -> dict[int, tuple[Obstacle, ...]]:
    """By number of the session."""
    sessions = with_everything(Session.objects.filter(series__in=series))
    around = surroundings_of(sessions, series[0].location, now=NOW)
    found = obstacles_of(sessions, around)
    record = {
        each.pk: tuple(one for one in found.get(each.pk, ()) if one.code in OF_THE_RECORD)
        for each in sessions
    }
    return {each.number: record[each.pk] for each in sessions if record[each.pk]}


def test_a_record_that_is_whole_lacks_nothing(desk: Desk) -> None:
    assert lacks(desk.booked()) == {}


def test_a_consent_that_ends_is_missing_from_the_day_after(desk: Desk) -> None:
    series = desk.booked()
    Consent.objects.update(valid_to=date(2027, 3, 30))
    assert lacks(series) == {4: (Obstacle(ObstacleCode.CONSENT_ENDS, facts={"until": date(2027, 3, 30)}),)}
    Consent.objects.update(withdrawn_at=NOW)
    assert set(lacks(series)) == {1, 2, 3, 4}


def test_without_a_full_screening_nothing_begins(desk: Desk) -> None:
    series = desk.booked()
    Screening.objects.update(is_recheck=True)
    assert lacks(series)[1] == (Obstacle(ObstacleCode.NOT_SCREENED),)


def done_long_ago(desk: Desk) -> Any:
    """Of four sessions 42 days apart the first is done, the third lies 84 days after it, the last 126."""
    series = desk.book(desk.series(), desk.visits(gap=42))
    Session.objects.filter(series=series, number=1).update(state="done", done_at=NOW)
    return series


def test_a_lapse_counts_from_the_session_before_and_not_from_the_last_one_done(desk: Desk) -> None:
    """It said "screen anew" of session 4, between which and the treatment two sessions are booked."""
    series = done_long_ago(desk)
    assert lacks(series) == {}
    for number in (2, 3):
        desk.cancel(session_of(series, number))
    facts = {"last_day": date(2027, 1, 19), "allowed": 84}
    assert lacks(series) == {4: (Obstacle(ObstacleCode.RESCREEN_NEEDED, facts=facts),)}


def test_a_full_screening_of_the_day_of_the_treatment_is_not_one_after_it(desk: Desk) -> None:
    """The board took it for one, and the booking did not."""
    series = done_long_ago(desk)
    for number in (2, 3):
        desk.cancel(session_of(series, number))
    Series.objects.update(gap_max_days=200)
    last = session_of(series, 4)
    for days, lacking in ((0, {4}), (1, set())):
        at = session_of(series, 1).starts_at + timedelta(days=days, hours=3)
        Screening.objects.create(patient=series.patient, taken_at=at, taken_by=desk.by.user)
        assert set(lacks(series)) == lacking
        if lacking:
            with refused("rescreen_needed"):
                desk.move(last, desk.visit(4, desk_time(last) + timedelta(days=1)), now=at)
    assert desk.move(last, desk.visit(4, desk_time(last) + timedelta(days=1)), now=at).version == 3


def desk_time(session: Session) -> Any:
    return session.starts_at.astimezone(LONDON).replace(tzinfo=None)
