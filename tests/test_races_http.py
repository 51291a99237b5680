"""Many people press the same button at the same moment, over HTTP: one wins, the others are told so.

The app runs as processes, as `make run` starts it and once as the compose file does; the pages' own forms are sent.
"""

import json
import re
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.browser import Browser, Fields, Page
from tests.e2e.running import Running, as_compose_does, as_make_run_does, manage
from tests.e2e.seed import PASSWORD

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("processes")]
RACERS, SERIES = 50, 30


@dataclass(frozen=True)
class Clinic:
    """A running clinic with somebody signed in."""

    running: Running
    browser: Browser

    def drafts(self, count: int, sessions: int) -> list[int]:
        return self._crowd("drafts", str(count), str(sessions))

    def tables(self) -> dict[str, Any]:
        return self._crowd("tables")

    def _crowd(self, *words: str) -> Any:
        return json.loads(manage("-m", "tests.e2e.crowd", *words, **self.running.environment))

    def offers(self, series_id: int) -> list[Fields]:
        """What each plan's button sends."""
        page = self.browser.get(f"/series/{series_id}/plans/")
        assert page.status == 200, page.status
        return [sent for _to, sent in page.forms_with("book")]

    def book(self, series_id: int, sent: Fields) -> Page:
        return self.browser.another().post(f"/series/{series_id}/plans/", sent)

    def had_no_deadlock(self) -> bool:
        return self.tables()["deadlocks"] == 0 and "deadlock" not in self.running.log.read_text()


@pytest.fixture(scope="module", params=[as_make_run_does, as_compose_does])
def clinic(request: pytest.FixtureRequest) -> Iterator[Clinic]:
    """In a short folder, because a PostgreSQL's socket lies in it, open to the user PostgreSQL runs as."""
    with tempfile.TemporaryDirectory(prefix="race") as name:
        Path(name).chmod(0o755)
        with request.param(Path(name)) as running:
            browser = Browser(running.root)
            browser.sign_in("doctor@clinic.example", PASSWORD)
            yield Clinic(running, browser)


def at_once(actions: Sequence[Callable[[], Page]]) -> list[Page]:
    """Every action in a thread of its own, all let go by one barrier."""
    barrier = threading.Barrier(len(actions))

    def run(action: Callable[[], Page]) -> Page:
        barrier.wait()
        return action()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


def statuses(pages: Sequence[Page]) -> Counter[int]:
    return Counter(page.status for page in pages)


def visits(sent: Fields) -> list[str]:
    return [value for name, value in sent if name == "visit"]


# Seen elsewhere: two people take one slot and both are confirmed; a race that a pause only hides; choosing
# the resource and writing it were two steps; a race judged unlikely, and left untested.
def test_of_fifty_bookings_of_one_slot_exactly_one_succeeds(clinic: Clinic) -> None:
    before = clinic.tables()["reservations"]
    series = clinic.drafts(RACERS, 1)
    forms = [clinic.offers(each)[0] for each in series]
    assert len({tuple(visits(sent)) for sent in forms}) == 1
    pages = at_once(
        [lambda pk=pk, sent=sent: clinic.book(pk, sent) for pk, sent in zip(series, forms, strict=True)]
    )
    assert statuses(pages) == {302: 1, 409: RACERS - 1}
    refusals = [page.alerts for page in pages if page.status == 409]
    assert all("taken until" in said[0] and "Choose another one" in said[0] for said in refusals)
    after = clinic.tables()
    assert after["reservations"] == before + 3
    assert [after["booked"].get(str(pk), 0) for pk in series] == [int(page.status == 302) for page in pages]
    assert clinic.had_no_deadlock()


# Seen elsewhere: two people take one slot and both are confirmed; the repeated visits of a series slip
# past the guard.
def test_thirty_whole_series_that_want_the_same_weeks(clinic: Clinic) -> None:
    """Each presses one of the three plans it was offered; whoever was too late takes the best one left."""
    series = clinic.drafts(SERIES, 4)
    offers = {pk: clinic.offers(pk) for pk in series}
    wanted = {pk: offers[pk][n % len(offers[pk])] for n, pk in enumerate(series)}
    pages = dict(
        zip(series, at_once([lambda pk=pk: clinic.book(pk, wanted[pk]) for pk in series]), strict=True)
    )
    won = {pk for pk, page in pages.items() if page.status == 302}
    assert statuses(list(pages.values())) == {302: len(won), 409: SERIES - len(won)}
    assert len(won) >= 1
    after = clinic.tables()
    assert {pk: after["booked"].get(str(pk), 0) for pk in series} == {pk: 4 * (pk in won) for pk in series}
    assert after["overlaps"] == []
    late = [pk for pk in series if pk not in won]
    assert [clinic.book(pk, clinic.offers(pk)[0]).status for pk in late] == [302] * len(late)
    end = clinic.tables()
    assert {pk: end["booked"][str(pk)] for pk in series} == dict.fromkeys(series, 4)
    assert end["overlaps"] == []
    assert clinic.had_no_deadlock()


# Seen elsewhere: two moves into one gap, each by a page of its own.
def test_two_browsers_that_move_two_sessions_into_one_gap(clinic: Clinic) -> None:
    series = clinic.drafts(2, 1)
    for pk in series:
        assert clinic.book(pk, clinic.offers(pk)[0]).status == 302
    sessions = [session_of(clinic, pk) for pk in series]
    day = (datetime.now(UTC) + timedelta(days=200)).date()
    looks = [clinic.browser.get(f"/sessions/{pk}/move/?scope=only&day={day}&time=11:00") for pk in sessions]
    assert [look.alerts for look in looks] == [[], []]
    forms = [look.forms_with("visit")[0] for look in looks]
    assert len({visits(sent)[0].partition(".")[2] for _to, sent in forms}) == 1
    pages = at_once([lambda to=to, sent=sent: clinic.browser.another().post(to, sent) for to, sent in forms])
    assert statuses(pages) == {302: 1, 409: 1}
    (lost,) = (page for page in pages if page.status == 409)
    assert "taken until" in lost.alerts[0]
    assert clinic.tables()["overlaps"] == []
    assert clinic.had_no_deadlock()


def session_of(clinic: Clinic, series_id: int) -> int:
    found = re.search(r"/sessions/(\d+)/", clinic.browser.get(f"/series/{series_id}/").text)
    assert found
    return int(found[1])


# Seen elsewhere: a form sent twice books twice.
def test_a_button_pressed_twenty_times_books_once(clinic: Clinic) -> None:
    (series,) = clinic.drafts(1, 4)
    before, sent = clinic.tables()["reservations"], clinic.offers(series)[0]
    pages = at_once([lambda: clinic.book(series, sent)] * 20)
    assert [(page.status, page.location) for page in pages] == [(302, f"/series/{series}/")] * 20
    after = clinic.tables()
    assert (after["booked"][str(series)], after["reservations"]) == (4, before + 12)
