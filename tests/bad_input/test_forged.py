"""Pages that are out of date, forged, or larger than any form."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from planner.schedule.session_place import token_of
from tests.bad_input.pages import Pages, said, tables
from tests.planner.desk import FIRST_DAY, Desk, open_desk, session_of

pytestmark = pytest.mark.django_db


def test_a_stale_page_moves_nothing(desk: Desk, page: Pages) -> None:
    session = session_of(desk.booked(), 2)
    visit = desk.visit(2, datetime(2027, 2, 24, 10))
    form = {"key": "k", "version": session.version - 1, "visit": token_of(visit)}
    told = page.refused(f"/sessions/{session.pk}/move/", form)
    assert told.startswith("Someone changed this while you were looking: ")


def test_a_stale_page_cancels_nothing_and_keeps_the_reason(desk: Desk, page: Pages) -> None:
    session = session_of(desk.booked(), 2)
    form = {"key": "k", "version": session.version - 1, "reason": "Has a cold"}
    told = page.refused(f"/sessions/{session.pk}/cancel/", form)
    assert told.startswith("Someone changed this while you were looking: ")


def test_a_series_booked_by_somebody_else_meanwhile(desk: Desk, page: Pages) -> None:
    series = desk.booked()
    told = page.booking_refused(series, *desk.visits(first=FIRST_DAY + timedelta(days=1)))
    assert "All sessions of this series have a time already." in told


FORGED = [
    "", "x", "1.2", "1.2.3.4.5.6", "²." * 5, "1.²....", "-1.1800000000.1.1.1", "1.99999999999999.1.1.1",
    "1.1800000000.999999999999999.1.1", "1.NaN.1.1.1", "1.1e9.1.1.1", "1\x00.1800000000.1.1.1", "9" * 5_000,
]  # fmt: skip


@pytest.mark.parametrize("token", FORGED)
def test_a_forged_time_books_and_moves_nothing(desk: Desk, page: Pages, token: Any) -> None:
    series = desk.series(sessions_planned=1)
    session = session_of(desk.booked(), 2)
    before = tables()
    for path in (f"/series/{series.pk}/plans/", f"/sessions/{session.pk}/move/"):
        answer = page.client.post(path, {"book": "1", "key": "k", "version": session.version, "visit": token})
        assert answer.status_code in (400, 409, 422)
        assert said(answer)
    assert tables() == before


# Seen elsewhere: whoever knows a number sees or changes what is another's.
def test_times_with_another_clinics_practitioner_room_and_device(desk: Desk, page: Pages) -> None:
    other = open_desk()
    told = page.booking_refused(desk.series(sessions_planned=1), other.visits(1)[0])
    assert told.count("Session 1 on Tue 19 Jan 2027, 10:00 cannot have this") == 3
    assert "Priya" not in told


@pytest.mark.parametrize("path", ["/series/{0}/", "/series/{0}/plans/", "/series/{0}/stop/"])
# Seen elsewhere: whoever knows a number sees or changes what is another's.
def test_another_clinics_series_is_not_there(desk: Desk, page: Pages, path: str) -> None:
    series, before = open_desk().booked(), tables()
    assert page.client.post(path.format(series.pk), {"book": "1", "key": "k"}).status_code in (404, 405)
    assert tables() == before


def test_another_series_session_does_not_come_along(desk: Desk, page: Pages) -> None:
    """The number of a session is meant within its own series, whatever else the token says."""
    session = session_of(desk.booked(), 3)
    visits = desk.visits(first=FIRST_DAY + timedelta(days=1))
    form = {"key": "k", "version": session.version, "visit": [token_of(each) for each in visits]}
    told = page.refused(f"/sessions/{session.pk}/move/", form, 400)
    assert told.startswith("Only this session and later ones of its series can be moved together.")


@pytest.mark.parametrize("key", ["", "k" * 81, "k\x00"])
# Seen elsewhere: a form sent twice books twice.
def test_a_key_that_is_none(desk: Desk, page: Pages, key: Any) -> None:
    series = desk.series(sessions_planned=1)
    form = {"book": "1", "key": key, "visit": token_of(desk.visits(1)[0])}
    told = page.refused(f"/series/{series.pk}/plans/", form, 422)
    assert told.startswith("This request does not say which it is")


@pytest.mark.parametrize("version", ["", "²", "-1", "1.5", "x", "9" * 5_000])
def test_a_forged_version_marks_nothing(desk: Desk, page: Pages, version: Any) -> None:
    session = session_of(desk.booked(), 1)
    form = {"key": "k", "version": version, "to": "confirmed"}
    told = page.refused(f"/sessions/{session.pk}/state/", form)
    assert told.startswith("Someone changed this while you were looking.")


def test_a_state_that_nobody_sets_by_hand(desk: Desk, page: Pages) -> None:
    session, before = session_of(desk.booked(), 1), tables()
    for to in ("done", "in_treatment", "", "confirmed\x00"):
        form = {"key": "k", "version": session.version, "to": to}
        assert page.client.post(f"/sessions/{session.pk}/state/", form).status_code == 400
    assert tables() == before


@pytest.mark.parametrize("start", ["0001-01-01", "9999-12-31", "2027-02-30", "tomorrow", "2027-01-01\x00"])
def test_a_first_day_that_nobody_means(desk: Desk, page: Pages, start: str) -> None:
    series = desk.series(sessions_planned=1)
    before = tables()
    form = {"wishes": "1", "key": "k", "version": series.version, "starts_from": start}
    answer = page.client.post(f"/series/{series.pk}/plans/", form)
    assert (answer.status_code, tables()) == (422, before)


def test_a_post_larger_than_any_form(desk: Desk, page: Pages) -> None:
    before = tables()
    answer = page.client.post("/patients/new/", {"notes": "x" * 4_000_000})
    assert (answer.status_code, tables()) == (413, before)


def test_a_form_with_thousands_of_fields(desk: Desk, page: Pages) -> None:
    before = tables()
    answer = page.client.post("/patients/new/", {f"f{n}": "" for n in range(1_001)})
    assert (answer.status_code, tables()) == (400, before)
