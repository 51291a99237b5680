"""Moving and cancelling by form: looking changes nothing, pressing books, and every no has a next yes."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest
import time_machine
from django.test import Client

from clinic.models import Absence, ReadAudit, WeeklyHours
from clinic.permissions import Role
from planner.models import Message, Session
from planner.schedule.session_place import token_of
from tests.makers import NOW, make_practitioner, make_staff, make_steps
from tests.planner.desk import Desk, everything, open_desk, session_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def desk() -> Desk:
    return open_desk()


@pytest.fixture
def front(client: Client, desk: Desk) -> Client:
    client.force_login(make_staff(desk.location, Role.FRONT_DESK).user)
    return client


@pytest.fixture
def second(desk: Desk) -> Session:
    """Session 2 of 4, on Tue 23 Feb 2027 at 10:00."""
    return session_of(desk.booked(), 2)


def look(client: Client, session: Session, **wish: Any) -> Any:
    return client.get(f"/sessions/{session.pk}/move/", wish)


def press(client: Client, session: Session, *tokens: str, **more: Any) -> Any:
    form = {"key": "key", "version": session.version, "visit": list(tokens)} | more
    return client.post(f"/sessions/{session.pk}/move/", form)


def starts(response: Any) -> list[str]:
    return [f"{offer.starts_at:%a %d %b %H:%M}" for offer in response.context["page"].offers]


def when(session: Session) -> str:
    return f"{Session.objects.get(pk=session.pk).starts_at:%a %d %b %H:%M}"


def test_without_a_wish_the_nearest_times_that_work_are_buttons(front: Client, second: Session) -> None:
    before = everything()
    page = look(front, second)
    assert (page.status_code, starts(page)) == (
        200,
        ["Mon 22 Feb 10:00", "Wed 24 Feb 10:00", "Thu 25 Feb 10:00"],
    )
    assert everything() == before


def test_a_time_that_works_shows_what_it_does_before_it_is_booked(front: Client, second: Session) -> None:
    before = everything()
    page = look(front, second, day="2027-02-25", time="14:00")
    assert (page.context["page"].is_as_asked, starts(page)) == (True, ["Thu 25 Feb 14:00"])
    links = page.context["page"].offers[0].links
    assert [(link.session.number, link.gap_days, link.was_gap_days) for link in links] == [
        (1, 37, 35),
        (2, 33, 35),
        (3, 35, 35),
        (4, None, None),
    ]
    assert everything() == before


def test_pressing_the_button_books_it(front: Client, second: Session) -> None:
    offer = look(front, second, day="2027-02-25", time="14:00").context["page"].offers[0]
    answer = press(front, second, *offer.tokens)
    assert (answer.status_code, answer.url) == (302, f"/sessions/{second.pk}/")
    assert when(second) == "Thu 25 Feb 14:00"


def test_pressed_twice_it_is_booked_once(front: Client, second: Session) -> None:
    offer = look(front, second).context["page"].offers[0]
    press(front, second, *offer.tokens)
    assert press(front, second, *offer.tokens).status_code == 302
    assert second.events.filter(kind="moved").count() == 1


def test_this_and_later_ones_move_together(front: Client, second: Session) -> None:
    page = look(front, second, day="2027-03-16", time="10:00", scope="later")
    offer = page.context["page"].offers[0]
    assert [link.session.number for link in offer.links if link.is_changed] == [2, 3, 4]
    press(front, second, *offer.tokens)
    assert when(second) == "Tue 16 Mar 10:00"
    days = [each.starts_at.date() for each in second.series.sessions.all()]
    assert all(28 <= (after - before).days <= 56 for before, after in pairwise(days))


def test_a_time_that_is_taken_says_by_whom_until_when_and_offers_the_nearest(
    front: Client, desk: Desk, second: Session
) -> None:
    other = desk.series(desk.patient(), sessions_planned=1)
    desk.book(other, [desk.visit(1, datetime(2027, 2, 25, 14))])
    before = everything()
    page = look(front, second, day="2027-02-25", time="14:00")
    assert page.context["page"].reasons
    assert (page.context["page"].is_as_asked, len(page.context["page"].offers)) == (False, 3)
    assert everything() == before


def test_a_time_somebody_took_meanwhile_is_refused_with_the_next_ones(
    front: Client, desk: Desk, second: Session
) -> None:
    offer = look(front, second, day="2027-02-25", time="14:00").context["page"].offers[0]
    other = desk.series(desk.patient(), sessions_planned=1)
    desk.book(other, [desk.visit(1, datetime(2027, 2, 25, 14))])
    before = everything()
    answer = press(front, second, *offer.tokens)
    text = answer.content.decode()
    assert (answer.status_code, "taken until Thu 25 Feb 2027, 16:00" in text) == (409, True)
    assert len(answer.context["page"].offers) == 3
    assert everything() == before


def test_what_was_asked_stays_in_the_form_after_a_refusal(front: Client, desk: Desk, second: Session) -> None:
    Absence.objects.create(
        location=desk.location,
        resource=desk.practitioner,
        kind="leave",
        starts_at=desk.at(datetime(2027, 2, 25)),
        ends_at=desk.at(datetime(2027, 2, 26)),
    )
    text = look(front, second, day="2027-02-25", time="14:00", scope="later").content.decode()
    assert [part in text for part in ('value="2027-02-25"', 'value="14:00"')] == [True, True]


def test_a_stale_page_is_refused_and_the_new_one_can_be_pressed(
    front: Client, desk: Desk, second: Session
) -> None:
    offer = look(front, second, day="2027-02-25", time="14:00").context["page"].offers[0]
    desk.move(second, desk.visit(2, datetime(2027, 2, 24, 9)))
    answer = press(front, second, *offer.tokens)
    assert (answer.status_code, when(second)) == (409, "Wed 24 Feb 09:00")
    assert "Someone changed this" in answer.content.decode()
    again = answer.context["page"].offers[0]
    assert (
        press(
            front, second, *again.tokens, key=again.key, version=answer.context["page"].session.version
        ).status_code
        == 302
    )


def test_a_time_the_clocks_skip_is_refused_in_a_sentence(front: Client, desk: Desk, second: Session) -> None:
    page = look(front, second, day="2027-03-28", time="01:30")
    assert page.status_code == 400
    assert "Sun 28 Mar 2027 has no 01:30: the clocks go forward over it." in page.content.decode()
    assert len(page.context["page"].offers) == 3


def test_too_soon_for_the_skin_is_refused_with_a_reason(front: Client, second: Session) -> None:
    page = look(front, second, day="2027-02-09", time="10:00")
    assert page.context["page"].reasons
    assert page.context["page"].offers[0].starts_at.date() >= datetime(2027, 2, 16).date()


def test_a_day_without_a_time_shows_the_times_of_that_day(front: Client, second: Session) -> None:
    page = look(front, second, day="2027-02-25")
    offers = page.context["page"].offers
    assert (page.status_code, len(offers) > 1) == (200, True)
    assert {offer.starts_at.date() for offer in offers} == {datetime(2027, 2, 25).date()}


def test_a_time_without_a_day_is_asked_for(front: Client, second: Session) -> None:
    page = look(front, second, time="10:00")
    assert (page.status_code, list(page.context["page"].form.errors)) == (422, ["day"])


def test_a_chosen_practitioner_is_kept(front: Client, desk: Desk, second: Session) -> None:
    other = make_practitioner(desk.location, name="Ruth Okafor")
    page = look(front, second, day="2027-02-25", time="14:00", practitioner=other.pk)
    assert page.context["page"].offers[0].where == "Ruth Okafor, Room 1, Pen A"


def test_only_practitioners_with_the_skill_can_be_chosen(front: Client, desk: Desk, second: Session) -> None:
    other = make_practitioner(desk.location, name="Unskilled", skills=[])
    assert look(front, second, practitioner=other.pk).status_code == 422


def test_a_missed_session_finds_a_new_time(front: Client, desk: Desk, second: Session) -> None:
    Session.objects.filter(pk=second.pk).update(state="no_show")
    second.reservations.update(is_active=False)
    offer = look(front, second).context["page"].offers[0]
    press(front, second, *offer.tokens)
    assert Session.objects.get(pk=second.pk).state == "booked"


def test_a_session_without_a_time_finds_one(front: Client, desk: Desk, second: Session) -> None:
    Session.objects.filter(pk=second.pk).update(state="planned", starts_at=None, ends_at=None)
    second.reservations.all().delete()
    page = look(front, second)
    assert "A time for" in page.content.decode()
    press(front, second, *page.context["page"].offers[0].tokens)
    assert Session.objects.get(pk=second.pk).state == "booked"


@pytest.mark.parametrize("state", ["done", "cancelled", "arrived", "in_treatment"])
def test_what_can_no_longer_move_says_so(front: Client, second: Session, state: str) -> None:
    Session.objects.filter(pk=second.pk).update(state=state)
    page = look(front, second)
    assert (page.status_code, page.context["page"].offers) == (409, [])
    assert "cannot become “Booked”" in page.content.decode()


def test_a_stopped_series_moves_no_more(front: Client, desk: Desk, second: Session) -> None:
    desk.stop(second.series)
    assert "This series is “Stopped”" in look(front, second).content.decode()


def test_no_time_at_all_offers_to_move_the_later_ones(front: Client, desk: Desk, second: Session) -> None:
    WeeklyHours.objects.filter(resource=desk.practitioner).update(valid_to=NOW.date())
    page = look(front, second)
    assert (page.context["page"].offers, "No time fits" in page.content.decode()) == ([], True)
    assert 'href="?scope=later"' in page.content.decode()


@pytest.mark.parametrize(
    "token", ["", "x", "2", "2.a.1.1.1", "2.99999999999.1.1.1", ".1.1.1.1", "2.1.1.1.1.1"]
)
def test_nonsense_for_a_visit_is_refused(front: Client, second: Session, token: str) -> None:
    before = everything()
    assert press(front, second, token).status_code == 400
    assert everything() == before


def test_a_visit_of_an_earlier_session_is_refused(front: Client, desk: Desk, second: Session) -> None:
    before = everything()
    answer = press(front, second, token_of(desk.visit(1, datetime(2027, 1, 20, 10))))
    assert answer.status_code == 400
    assert everything() == before


def test_the_mail_is_announced_where_there_will_be_one(front: Client, second: Session) -> None:
    assert "leaves 3 minutes after you book" in look(front, second).content.decode()
    second.patient.mail_allowed = False
    second.patient.save()
    assert "No mail can be sent" in look(front, second).content.decode()


def test_looking_is_noted(front: Client, second: Session) -> None:
    look(front, second)
    assert list(ReadAudit.objects.values_list("patient_ids", "what")) == [([second.patient_id], "session")]


@pytest.mark.parametrize("page", ["move", "cancel"])
def test_another_clinic_and_a_reader_find_nothing(
    client: Client, desk: Desk, second: Session, page: str
) -> None:
    for staff in (
        make_staff(desk.location, Role.READ_ONLY),
        make_staff(open_desk().location, Role.FRONT_DESK),
    ):
        client.force_login(staff.user)
        assert client.get(f"/sessions/{second.pk}/{page}/").status_code == 404


# Cancelling


def cancel(client: Client, session: Session, **more: Any) -> Any:
    form = {"key": "key", "version": session.version, "reason": "Patient asked"} | more
    return client.post(f"/sessions/{session.pk}/cancel/", form)


def test_the_page_says_what_is_left_without_it(front: Client, second: Session) -> None:
    page = front.get(f"/sessions/{second.pk}/cancel/")
    assert [(link.session.number, link.gap_days, link.gap_tone) for link in page.context["page"].rest] == [
        (1, 70, "stop"),
        (3, 35, "ok"),
        (4, None, ""),
    ]
    assert "outside 28 to 56" in page.content.decode()


def test_it_is_cancelled_with_the_reason_kept(front: Client, second: Session) -> None:
    assert cancel(front, second).url == f"/sessions/{second.pk}/"
    assert Session.objects.get(pk=second.pk).state == "cancelled"
    assert second.events.get(kind="cancelled").reason == "Patient asked"


def test_without_a_reason_nothing_is_cancelled(front: Client, second: Session) -> None:
    before = everything()
    answer = cancel(front, second, reason=" ")
    assert (answer.status_code, everything()) == (422, before)


def test_a_stale_page_cancels_nothing_and_keeps_the_reason(front: Client, second: Session) -> None:
    before = everything()
    answer = cancel(front, second, version=99)
    assert (answer.status_code, "Patient asked" in answer.content.decode(), everything()) == (
        409,
        True,
        before,
    )


def test_what_is_done_cannot_be_cancelled(front: Client, second: Session) -> None:
    Session.objects.filter(pk=second.pk).update(state="done")
    page = front.get(f"/sessions/{second.pk}/cancel/")
    assert "cannot be cancelled" in page.content.decode()
    assert 'name="reason"' not in page.content.decode()


def test_mails_for_a_move_wait_in_the_outbox(front: Client, desk: Desk) -> None:
    make_steps(desk.version)
    second = session_of(desk.booked(), 2)
    offer = look(front, second).context["page"].offers[0]
    press(front, second, *offer.tokens)
    waiting = Message.objects.filter(state="waiting", due_at__lte=NOW + timedelta(minutes=3))
    assert waiting.count() == 1


def test_a_time_off_the_grid_is_refused(front: Client, second: Session) -> None:
    page = look(front, second, day="2027-02-25", time=time(14, 7).isoformat("minutes"))
    assert page.context["page"].reasons == ["Sessions here start every 15 minutes."]
