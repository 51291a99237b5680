"""A series as a line in time: no two days below it are printed over each other, however short the line."""

import itertools
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from planner.pages.series_line import CROWDED_NARROW_PERCENT, CROWDED_PERCENT, Rail, Stop, draw

FIRST = date(2027, 1, 19)


def line(*days: int, judged: tuple[int, ...] = ()) -> Rail:
    stops = [Stop(number, FIRST + timedelta(days=day)) for number, day in enumerate(days, start=1)]
    return draw(stops, judged=[FIRST + timedelta(days=day) for day in judged])


def test_visits_far_apart_all_say_their_day() -> None:
    drawn = line(0, 35, 70, judged=(154,))
    assert [each.label for each in drawn.labelled] == ["19 Jan", "23 Feb", "30 Mar", "22 Jun"]
    assert not any(each.is_crowded_when_narrow for each in line(0, 35, 70).stops)


def test_a_long_way_to_the_judging_leaves_no_room_for_every_day_on_a_narrow_screen() -> None:
    drawn = line(0, 35, 70, judged=(154, 238))
    assert [each.is_crowded_when_narrow for each in drawn.stops] == [False, True, False]
    assert len([*drawn.labelled]) == 5


@given(st.lists(st.integers(1, 60), min_size=1, max_size=20), st.lists(st.integers(1, 400), max_size=3))
def test_what_is_said_is_never_too_near(gaps: list[int], judged: list[int]) -> None:
    days = [sum(gaps[:n]) for n in range(len(gaps))]
    drawn = line(*days, judged=tuple(judged))
    for least, said in (
        (CROWDED_PERCENT, [*drawn.labelled]),
        (CROWDED_NARROW_PERCENT, [each for each in drawn.labelled if not each.is_crowded_when_narrow]),
    ):
        at = sorted(each.x for each in said)
        assert all(b - a >= least for a, b in itertools.pairwise(at))
        assert at[0] == min(each.x for each in drawn.stops + drawn.judged)
    assert [each.number for each in drawn.stops] == list(range(1, len(days) + 1))
