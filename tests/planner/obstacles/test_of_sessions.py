"""Every code of the table: when it stands in a session's way, until when, and that it goes when its cause goes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.models import Clinic, ExtraHours, WeeklyHours
from patients.models import (
    Consent,
    Patient,
)
from planner.models import Message, Series, Session
from planner.obstacles.obstacle import KINDS, ObstacleCode
from planner.obstacles.of_sessions import obstacles_of, surroundings_of
from planner.obstacles.whole_sessions import with_everything
from planner.obstacles.words import WORDS
from tests.makers import NOW, make_area, make_steps
from tests.planner.desk import Desk, open_desk
from tests.planner.obstacles.causes import FIRST_DAY, TABLE, away, set_aside

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Desk:
    return open_desk()


def found(series: Series, now: datetime = NOW) -> dict[int, list[tuple[str, date | None]]]:
    """By number of the session."""
    sessions = with_everything(Session.objects.filter(series=series))
    obstacles = obstacles_of(sessions, surroundings_of(sessions, series.location, now=now))
    return {
        each.number: [(one.code.value, one.until) for one in obstacles[each.pk]]
        for each in sessions
        if each.pk in obstacles
    }


def test_what_is_booked_by_all_rules_has_nothing_in_its_way(desk: Desk) -> None:
    assert found(desk.booked()) == {}


def test_every_code_has_its_row() -> None:
    assert {code for _cause, _number, code, _until in TABLE} == set(ObstacleCode)


@pytest.mark.parametrize(("cause", "number", "code", "until"), TABLE)
def test_a_cause_stands_in_the_way(
    desk: Desk, cause: Callable[[Desk, Series], None], number: int, code: str, until: date | None
) -> None:
    series = desk.booked()
    cause(desk, series)
    assert (code, until) in found(series)[number]


def test_a_leave_hits_the_sessions_of_its_days_and_goes_with_it(desk: Desk) -> None:
    series = desk.booked()
    leave = away(desk, FIRST_DAY, desk.practitioner)
    assert found(series) == {1: [("on_leave", date(2027, 1, 20))]}
    leave.delete()
    assert found(series) == {}


def test_extra_hours_let_a_closed_day_be_open(desk: Desk) -> None:
    series = desk.booked()
    WeeklyHours.objects.filter(resource=desk.practitioner).delete()
    ExtraHours.objects.create(
        location=desk.location,
        resource=desk.practitioner,
        starts_at=datetime.combine(FIRST_DAY, time(9), tzinfo=UTC),
        ends_at=datetime.combine(FIRST_DAY, time(18), tzinfo=UTC),
    )
    assert set(found(series)) == {2, 3, 4}


def test_what_was_set_aside_counts_again_for_the_sessions_after_its_end(desk: Desk) -> None:
    series = desk.booked()
    set_aside(desk, series)
    assert {number: codes[0][0] for number, codes in found(series).items()} == {
        1: "set_aside",
        2: "set_aside",
        3: "screening_holds",
        4: "screening_holds",
    }


def test_another_series_on_the_same_skin_too_near(desk: Desk) -> None:
    series = desk.booked()
    other = desk.book(
        desk.series(patient=series.patient),
        desk.visits(first=datetime(2027, 8, 3, 10)),
    )
    other.areas.set(series.areas.all())
    assert found(series) == {}
    Session.objects.filter(series=other, number=1).update(
        starts_at=datetime(2027, 1, 21, 10, tzinfo=UTC), ends_at=datetime(2027, 1, 21, 11, tzinfo=UTC)
    )
    assert ("skin_not_rested", date(2027, 2, 18)) in found(series)[1]
    other.areas.set([make_area(series.patient, site="knee", side="left")])
    assert found(series) == {1: [("other_area_too_near", date(2027, 1, 28))]}
    Clinic.objects.update(other_area_days=2)
    assert found(series) == {}


def test_a_day_that_is_over_asks_how_it_ended_and_for_nothing_else(desk: Desk) -> None:
    series = desk.booked()
    Consent.objects.update(withdrawn_at=NOW)
    evening, day_after = (datetime(2027, 1, day, 22, tzinfo=UTC) for day in (19, 20))
    assert found(series, evening)[1] == [("no_consent", None)]
    assert found(series, day_after)[1] == [("not_ended", None)]
    Session.objects.filter(series=series, number=1).update(state="in_treatment")
    assert found(series, day_after)[1] == [("record_open", None)]


def test_the_consent_of_a_later_session_runs_out(desk: Desk) -> None:
    series = desk.booked()
    Consent.objects.update(valid_to=date(2027, 3, 30))
    assert found(series) == {4: [("consent_ends", None)]}


def test_an_answer_of_the_mail_server_counts_for_the_address_it_was_about(desk: Desk) -> None:
    make_steps(desk.version)
    series = desk.booked()
    message = Message.objects.filter(series=series, session__isnull=False).earliest("pk")
    Message.objects.filter(pk=message.pk).update(
        state="failed", closed_at=NOW, to_address=series.patient.email
    )
    assert found(series) == {1: [("address_refused", None)]}
    Patient.objects.update(email="other@example.org")
    assert found(series) == {}


def test_news_about_dates_that_never_left_are_to_be_told(desk: Desk) -> None:
    make_steps(desk.version)
    series = desk.booked()
    news = Message.objects.filter(series=series, session=None)
    news.update(state="missed", closed_at=NOW)
    assert found(series) == {1: [("not_told", None)]}
    news.update(state="withdrawn")
    assert found(series) == {}


def test_a_series_that_is_not_under_way_misses_no_time(desk: Desk) -> None:
    assert found(desk.series()) == {}


def test_every_code_has_its_kind_and_its_words() -> None:
    assert set(ObstacleCode) == set(KINDS) == set(WORDS)


def test_ten_series_take_as_many_statements_as_one(desk: Desk) -> None:
    desk.booked()
    alone = _statements(desk)
    for n in range(1, 10):
        first = datetime(2027, 1, 19, 10) + timedelta(days=7 * (n % 5), hours=n // 5 * 3)
        desk.book(desk.series(), [replace(each) for each in desk.visits(first=first, at=first.time())])
    assert Session.objects.count() == 40
    assert (_statements(desk), alone) == (alone, 5)


def _statements(desk: Desk) -> int:
    with CaptureQueriesContext(connection) as asked:
        sessions = with_everything(Session.objects.filter(location=desk.location))
        obstacles_of(sessions, surroundings_of(sessions, desk.location, now=NOW))
    return len(asked)
