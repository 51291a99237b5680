"""The board's layout, as classes."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from planner.pages.board_layout import BoardItem, Box, Part, Strip, Window, lay_out, strips, window

CSS = Path("clinic/static/css/board-grid.css").read_text()
DAY = datetime(2027, 1, 12)
SESSION = (("numbing", 45), ("needling", 45), ("recovery", 15))


def item(starts: int, of: str = "", phases: Any = SESSION) -> BoardItem[str]:
    return BoardItem(starts, phases, of)


def open_from(first: int, last: int) -> Any:
    return ((DAY.replace(hour=first), DAY.replace(hour=last)),)


def hatched(shown: Any = None, *, own: Any, place: Any = None, absences: Any = ()) -> Any:
    shown = shown or Window(8 * 60, 18 * 60)
    place = open_from(8, 18) if place is None else place
    return [
        (strip.box.top // 60, strip.box.length // 60, strip.word)
        for strip in strips(
            shown, DAY, open_times=own, place_open=place, absences=absences, closed_word="Closed"
        )
    ]


def test_one_session_has_the_whole_width_and_its_phases() -> None:
    (block,) = lay_out([item(9 * 60)])
    assert block.box.css == "at t-0900 d-105"
    assert [part.css for part in block.parts] == [
        "ph ph--numb d-45",
        "ph ph--needle d-45",
        "ph ph--calm d-15",
    ]
    assert [part.at for part in block.parts] == ["09:00", "09:45", "10:30"]


def test_a_kind_of_phase_without_a_look_is_drawn_as_a_talk() -> None:
    assert Part("review", 600, 30).css == "ph ph--talk d-30"


def test_what_overlaps_shares_the_width_and_what_only_touches_does_not() -> None:
    blocks = lay_out([item(9 * 60, "a"), item(9 * 60 + 60, "b"), item(11 * 60, "c")])
    assert [(b.of, b.box.lane, b.box.lanes) for b in blocks] == [("a", 1, 2), ("b", 2, 2), ("c", 1, 2)]
    assert [b.box.lanes for b in lay_out([item(540), item(645)])] == [1, 1]


def test_four_at_once_take_four_lanes() -> None:
    assert [b.box.css for b in lay_out([item(540 + n) for n in range(4)])][
        3
    ] == "at t-0905 d-105 shared of-4 lane-4"


def test_times_off_the_grid_go_to_the_nearest_five_and_phases_still_fill_the_session() -> None:
    (block,) = lay_out([item(9 * 60 + 3, phases=(("numbing", 7), ("needling", 6)))])
    assert block.box == Box(9 * 60 + 5, 10)
    assert [part.length for part in block.parts] == [5, 5]


def test_the_window_is_the_whole_hours_of_what_is_open_or_booked() -> None:
    opening = ((DAY.replace(hour=8, minute=30), DAY.replace(hour=17, minute=30)),)
    assert window([opening], [item(18 * 60)]) == Window(8 * 60, 20 * 60)


def test_the_window_of_nothing_is_eight_to_six() -> None:
    assert window([()], []) == Window(8 * 60, 18 * 60)


def test_a_day_that_is_open_until_midnight_ends_at_24() -> None:
    until_midnight = ((DAY.replace(hour=9), datetime(2027, 1, 13)),)
    assert window([until_midnight], []).css == "from-09 to-24"


def test_the_now_line_stands_only_within_the_hours() -> None:
    shown = Window(8 * 60, 18 * 60)
    assert [shown.now(minute) for minute in (479, 643, 1079)] == ["t-0800", "t-1045", ""]


def test_closed_hours_say_why() -> None:
    assert hatched(own=open_from(9, 17)) == [(8, 1, "From 09:00"), (17, 1, "Until 17:00")]


def test_hours_between_two_openings_are_a_break() -> None:
    assert hatched(own=(*open_from(8, 12), *open_from(13, 18))) == [(12, 1, "Break")]


def test_nobody_there_and_nothing_open_are_two_words() -> None:
    assert hatched(own=()) == [(8, 10, "Not here")]
    assert hatched(own=(), place=()) == [(8, 10, "Closed")]


def test_an_absence_has_its_own_word_and_is_cut_to_the_day() -> None:
    away = (DAY.replace(hour=12), datetime(2027, 1, 14), "Leave")
    assert hatched(own=open_from(8, 18), absences=[away]) == [(12, 6, "Leave")]


def test_an_absence_outside_the_hours_is_not_drawn() -> None:
    away = (DAY.replace(hour=19), DAY.replace(hour=20), "Leave")
    assert hatched(own=open_from(8, 18), absences=[away]) == []


def test_a_strip_is_a_box_with_a_word() -> None:
    assert Strip(Box(480, 60), "Leave").box.css == "at t-0800 d-60"


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"\.t-(\d{4}) ", {f"{m // 60:02}{m % 60:02}" for m in range(0, 1440, 5)}),
        (r"\.d-(\d+) ", {str(m) for m in range(5, 1441, 5)}),
        (r"\.from-(\d\d) ", {f"{h:02}" for h in range(24)}),
        (r"\.to-(\d\d) ", {f"{h:02}" for h in range(25)}),
    ],
)
def test_the_style_sheet_knows_every_class_the_layout_can_name(pattern: str, expected: Any) -> None:
    assert set(re.findall(pattern, CSS)) == expected
