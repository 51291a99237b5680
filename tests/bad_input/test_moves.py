"""Pages that only look, and moves to where nobody can be."""

from datetime import UTC, datetime

import pytest

from clinic.models import ReadAudit, WriteKey
from planner.schedule.session_place import token_of
from tests.bad_input.pages import Pages, tables
from tests.planner.desk import Desk, session_of

pytestmark = pytest.mark.django_db


# Seen elsewhere: two people who look make rows twice; a scanner that opens a link changes something.
def test_looking_writes_nothing_but_who_looked(desk: Desk, page: Pages) -> None:
    series = desk.booked()
    session = session_of(series, 1)
    paths = [f"/sessions/{session.pk}/{page}" for page in ("", "move/", "cancel/")]
    paths += [f"/patients/{series.patient_id}/", f"/series/{series.pk}/", f"/series/{series.pk}/stop/"]
    before = tables()
    assert [page.client.get(path).status_code for path in paths] == [200] * len(paths)
    assert tables() == before
    assert ReadAudit.objects.count() == len(paths)
    assert WriteKey.objects.filter(user__staff__name="Dr Okafor").count() == 0


# Seen elsewhere: two moves into one gap, each by a page of its own.
def test_a_move_to_where_somebody_else_is(desk: Desk, page: Pages) -> None:
    """However far ahead: the refusal comes with the nearest times that work."""
    desk.book(desk.series(sessions_planned=1), [far := desk.visit(1, datetime(2027, 12, 14, 10))])
    session = session_of(desk.booked(sessions_planned=1), 1)
    form = {"key": "k", "version": session.version, "visit": token_of(far)}
    told = page.refused(f"/sessions/{session.pk}/move/?scope=only&day=2027-12-14&time=10:00", form)
    assert "taken until Tue 14 Dec 2027, 11:45" in told


@pytest.mark.parametrize("scope", ["only", "later"])
@pytest.mark.parametrize("day", ["2027-08-03", "2029-08-07", "2100-12-31", "2000-01-01"])
def test_a_move_far_from_where_it_is(desk: Desk, page: Pages, scope: str, day: str) -> None:
    """A day that the gaps forbid, or that nobody plans for, is answered with why not."""
    session, before = session_of(desk.booked(sessions_planned=2), 1), tables()
    answer = page.client.get(f"/sessions/{session.pk}/move/?scope={scope}&day={day}&time=10:00")
    assert (answer.status_code, tables()) == (200, before)
    assert answer.context["page"].reasons or answer.context["page"].offers


def test_a_single_session_may_move_far(desk: Desk, page: Pages) -> None:
    session = session_of(desk.booked(sessions_planned=1), 1)
    answer = page.client.get(f"/sessions/{session.pk}/move/?scope=only&day=2027-08-03&time=10:00")
    assert (answer.status_code, answer.context["page"].reasons) == (200, [])
    assert answer.context["page"].offers[0].starts_at == datetime(2027, 8, 3, 9, tzinfo=UTC)
