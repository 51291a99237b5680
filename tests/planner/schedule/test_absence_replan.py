from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from clinic.errors import Refusal
from clinic.models import Absence, WeeklyHours
from planner.choices import SessionState
from planner.engine.problem import Weights
from planner.models import Reservation
from planner.schedule.absence_replan import replan
from planner.schedule.move import propose_move
from planner.schedule.refusals import WrongState
from planner.schedule.slack import Slack, slack
from tests.makers import NOW, make_practitioner
from tests.planner.desk import Desk, everything, open_desk, session_of

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def desk() -> Desk:
    return open_desk()


def starts(plan: Any) -> Any:
    return [visit.starts_at for visit in plan.visits]


# One session


def test_a_session_that_can_go_there_leaves_the_others_alone(desk: Desk) -> None:
    second = session_of(desk.booked(), 2)
    to = datetime(2027, 2, 25, 10, tzinfo=UTC)
    answer = propose_move(second, to=to, with_later=False, now=NOW)
    assert [starts(plan) for plan in answer.plans] == [[to]]
    assert answer.reasons == ()
    desk.move(second, *answer.plans[0].visits)


def test_the_rest_follows_with_as_few_moves_as_can_be(desk: Desk) -> None:
    series = desk.booked()
    second = session_of(series, 2)
    to = datetime(2027, 3, 8, 10, tzinfo=UTC)
    answer = propose_move(second, to=to, with_later=True, now=NOW)
    plan = answer.plans[0]
    assert starts(plan)[0] == to
    assert plan.breakdown.move == 2 * Weights().move
    assert starts(plan)[2] == session_of(series, 4).starts_at
    desk.move(second, *plan.visits)


def test_what_cannot_be_is_explained_and_the_nearest_time_offered(desk: Desk) -> None:
    second = session_of(desk.booked(), 2)
    to = datetime(2027, 2, 23, 18, tzinfo=UTC)
    answer = propose_move(second, to=to, with_later=False, now=NOW)
    assert answer.reasons[0] == (
        "Session 2 on Tue 23 Feb 2027, 18:00 is outside the hours of Priya Nair on that day: 09:00 to 17:00."
        " It is needed for 45 min."
    )
    at = [datetime(2027, 2, day, 15, 30, tzinfo=UTC) for day in (23, 22, 24)]
    assert [starts(plan) for plan in answer.plans] == [[each] for each in at]
    desk.move(second, *answer.plans[0].visits)


def test_days_that_the_neighbours_forbid_are_told_with_those_they_allow(desk: Desk) -> None:
    second = session_of(desk.booked(), 2)
    answer = propose_move(second, to=datetime(2027, 3, 20, 10, tzinfo=UTC), with_later=False, now=NOW)
    assert answer.reasons == ("Session 2 has to be on a day from Tue 16 Feb 2027 to Tue 2 Mar 2027.",)
    assert answer.plans[0].visits[0].starts_at.date() == date(2027, 3, 2)


def test_a_day_can_be_wished_without_a_time(desk: Desk) -> None:
    second = session_of(desk.booked(), 2)
    answer = propose_move(second, on=date(2027, 2, 25), with_later=False, now=NOW)
    assert answer.reasons == ()
    assert len(answer.plans) > 1
    assert {plan.visits[0].starts_at.date() for plan in answer.plans} == {date(2027, 2, 25)}
    desk.move(second, *answer.plans[0].visits)


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        (date(2027, 2, 27), "Sat 27 Feb 2027 has no time that works."),
        (date(2027, 3, 20), "Session 2 has to be on a day from Tue 16 Feb 2027 to Tue 2 Mar 2027."),
    ],
)
def test_a_day_on_which_nothing_works_says_so_and_the_nearest_are_offered(
    desk: Desk, day: date, reason: str
) -> None:
    second = session_of(desk.booked(), 2)
    answer = propose_move(second, on=day, with_later=False, now=NOW)
    assert answer.reasons == (reason,)
    assert answer.plans


def test_a_day_without_a_time_goes_for_the_later_ones_too(desk: Desk) -> None:
    second = session_of(desk.booked(), 2)
    answer = propose_move(second, on=date(2027, 3, 2), with_later=True, now=NOW)
    assert answer.plans
    desk.move(second, *answer.plans[0].visits)


def test_a_time_off_the_grid_is_told(desk: Desk) -> None:
    second = session_of(desk.booked(), 2)
    answer = propose_move(second, to=datetime(2027, 2, 25, 10, 5, tzinfo=UTC), with_later=False, now=NOW)
    assert answer.reasons == ("Sessions here start every 15 minutes.",)
    assert starts(answer.plans[0]) == [datetime(2027, 2, 25, 10, tzinfo=UTC)]


def test_without_a_wish_the_nearest_other_times_are_offered(desk: Desk) -> None:
    second = session_of(desk.booked(), 2)
    answer = propose_move(second, with_later=False, now=NOW)
    at = [datetime(2027, 2, day, 10, tzinfo=UTC) for day in (22, 24, 25)]
    assert [starts(plan) for plan in answer.plans] == [[each] for each in at]
    desk.move(second, *answer.plans[0].visits)


def test_another_practitioner_may_be_asked_for(desk: Desk) -> None:
    other = make_practitioner(desk.location, name="Dr Marsh")
    second = session_of(desk.booked(), 2)
    answer = propose_move(second, to=second.starts_at, practitioner_id=other.pk, with_later=False, now=NOW)
    assert answer.plans[0].visits[0].practitioner_id == other.pk
    desk.move(second, *answer.plans[0].visits)


def test_a_missed_session_is_offered_its_next_times(desk: Desk) -> None:
    first = session_of(desk.booked(), 1)
    now = first.starts_at + 3 * HOUR
    desk.mark(first, SessionState.NO_SHOW, now=now)
    first.refresh_from_db()
    answer = propose_move(first, with_later=True, now=now)
    assert starts(answer.plans[0])[0] >= now
    desk.move(first, *answer.plans[0].visits, now=now)


def test_what_is_done_cannot_be_moved(desk: Desk) -> None:
    first = session_of(desk.booked(), 1)
    first.state = SessionState.DONE
    first.save()
    with pytest.raises(WrongState):
        propose_move(first, with_later=False, now=NOW)


# Slack


def test_each_session_can_slip_as_far_as_its_longest_gap(desk: Desk) -> None:
    assert slack(desk.booked(), now=NOW) == (
        Slack(2, 21, date(2027, 3, 16)),
        Slack(3, 21, date(2027, 4, 20)),
        Slack(4, 21, date(2027, 5, 25)),
    )


def test_leave_at_the_end_of_the_gap_takes_slack_away(desk: Desk) -> None:
    series = desk.booked()
    since = datetime(2027, 5, 20, tzinfo=UTC)
    Absence.objects.create(
        location=desk.location,
        resource=desk.practitioner,
        kind="leave",
        starts_at=since,
        ends_at=since + 20 * DAY,
    )
    assert slack(series, now=NOW)[-1] == Slack(4, 15, date(2027, 5, 19))


def test_a_session_without_any_place_left_has_none(desk: Desk) -> None:
    series = desk.booked()
    WeeklyHours.objects.filter(resource=desk.practitioner).update(valid_to=date(2027, 4, 10))
    assert slack(series, now=NOW)[-1] == Slack(4, -1, date(2027, 5, 25))


def test_a_session_without_a_time_counts_the_days_that_are_left(desk: Desk) -> None:
    series = desk.booked(sessions_planned=2)
    session_of(series, 1)
    series.sessions.filter(number=1).update(state=SessionState.DONE)
    second = session_of(series, 2)
    Reservation.objects.filter(session=second).update(is_active=False)
    series.sessions.filter(number=2).update(state=SessionState.PLANNED, starts_at=None, ends_at=None)
    assert slack(series, now=NOW + 20 * DAY) == (Slack(2, 44, date(2027, 3, 16)),)


def test_slack_takes_three_statements(desk: Desk, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    series = desk.booked()
    with django_assert_num_queries(3):
        slack(series, now=NOW)


# Somebody is away


def test_everybody_of_somebody_away_gets_a_place_that_can_be_accepted(desk: Desk) -> None:
    other = make_practitioner(desk.location, name="Dr Marsh")
    one, two = desk.booked(), desk.book(desk.series(), desk.visits(at=datetime(2027, 1, 1, 13).time()))
    since, until = datetime(2027, 1, 19, tzinfo=UTC), datetime(2027, 1, 20, tzinfo=UTC)
    found = replan(desk.practitioner, since, until, now=NOW)
    assert {change.series_id for change in found.changes} == {one.pk, two.pk}
    assert (found.left, found.optimal, found.bound) == ((), True, found.cost)
    Absence.objects.create(
        location=desk.location, resource=desk.practitioner, kind="sick", starts_at=since, ends_at=until
    )
    for change in found.changes:
        desk.move(
            session_of(one if change.series_id == one.pk else two, change.moves[0].number), *change.visits
        )
    assert not Reservation.objects.filter(
        resource=desk.practitioner, is_active=True, starts_at__date=since.date()
    )
    assert other.reservations.count() + desk.practitioner.reservations.filter(is_active=True).count() == 8


def test_only_what_has_to_move_is_in_the_diff(desk: Desk) -> None:
    series = desk.booked()
    since = datetime(2027, 1, 19, tzinfo=UTC)
    (change,) = replan(desk.practitioner, since, since + DAY, now=NOW).changes
    assert (change.session_id, change.version) == (session_of(series, 1).pk, session_of(series, 1).version)
    assert [(move.number, move.was.starts_at) for move in change.moves] == [
        (1, session_of(series, 1).starts_at)
    ]
    assert change.moves[0].now.starts_at.date() == date(2027, 1, 18)


def test_a_replan_changes_nothing_and_says_the_same_again(desk: Desk) -> None:
    desk.booked()
    before, since = everything(), datetime(2027, 1, 19, tzinfo=UTC)
    first = replan(desk.practitioner, since, since + 2 * DAY, now=NOW)
    assert replan(desk.practitioner, since, since + 2 * DAY, now=NOW) == first
    assert everything() == before


def test_who_finds_no_place_is_named_with_the_reason(desk: Desk) -> None:
    series = desk.booked()
    since = datetime(2027, 1, 12, tzinfo=UTC)
    found = replan(desk.practitioner, since, since + 600 * DAY, now=NOW)
    assert found.changes == ()
    (left,) = found.left
    assert (left.series_id, left.numbers) == (series.pk, (1, 2, 3, 4))
    assert left.reasons != ()


def test_nobody_is_upset_by_an_absence_nobody_notices(desk: Desk) -> None:
    desk.booked()
    since = datetime(2027, 1, 20, tzinfo=UTC)
    found = replan(desk.practitioner, since, since + DAY, now=NOW)
    assert (found.changes, found.left, found.cost, found.optimal) == ((), (), 0, True)


def test_a_change_whose_place_was_taken_is_refused_and_the_rest_stands(desk: Desk) -> None:
    series = desk.booked()
    since = datetime(2027, 1, 19, tzinfo=UTC)
    (change,) = replan(desk.practitioner, since, since + DAY, now=NOW).changes
    taken = desk.visit(1, change.visits[0].starts_at.replace(tzinfo=None))
    desk.book(desk.series(sessions_planned=1), [taken])
    before = everything()
    with pytest.raises(Refusal) as caught:
        desk.move(session_of(series, 1), *change.visits)
    assert caught.value.code == "slot_taken"
    assert everything() == before
