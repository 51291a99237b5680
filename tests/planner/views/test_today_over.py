"""A day that is over: Today heads with the next one; a day without visits says what to do next."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from clinic.models import User
from planner.models import Session
from tests.planner.full_day import DAY, FullDay

pytestmark = pytest.mark.django_db


def everybody_was_here() -> None:
    today = Session.objects.filter(starts_at__date=DAY.date()).exclude(state="no_show")
    today.update(state="done")


def page_at(client: Client, user: User, when: Any, address: str = "/") -> Any:
    with time_machine.travel(when, tick=False):
        client.force_login(user)
        return client.get(address)


def names(rows: Any) -> list[str]:
    return [row.session.patient.first_name for row in rows]


def hers(kim: str, day: FullDay) -> None:
    """Kim comes to the clinician herself."""
    session = Session.objects.get(patient__first_name=kim, state="booked", number=2)
    session.reservations.create(
        resource=day.practitioners[0],
        starts_at=session.starts_at,
        used_until=session.ends_at,
        ends_at=session.ends_at,
    )


def test_when_the_last_visit_is_done_today_heads_with_tomorrow(client: Client, day: FullDay) -> None:
    everybody_was_here()
    page = page_at(client, day.desk.user, DAY.replace(hour=18))
    text = page.content.decode()
    assert "<h1>Tomorrow, Wednesday: first visit 10:00</h1>" in text
    assert names(page.context["page"].to_come) == ["Kim"]
    assert "Today, Tuesday 12 January" in text
    assert ('value="arrived"' in text, 'value="confirmed"' in text) == (False, True)


def test_when_the_place_has_closed_who_was_not_answered_for_stands_in_the_open_recap(
    client: Client, day: FullDay
) -> None:
    Session.objects.filter(state__in=["arrived", "in_treatment"]).update(state="done")
    page = page_at(client, day.desk.user, DAY.replace(hour=23, minute=50))
    text = page.content.decode()
    assert "<h1>Tomorrow, Wednesday: first visit 10:00</h1>" in text
    assert "Nora" in names(page.context["page"].shown.unanswered)
    assert '<details class="card__foot" open>' in text
    assert text.count('value="no_show"') == len(page.context["page"].shown.unanswered)


def test_while_somebody_is_here_the_day_is_not_over(client: Client, day: FullDay) -> None:
    page = page_at(client, day.desk.user, DAY.replace(hour=23, minute=50))
    assert "<h1>Tuesday 12 January</h1>" in page.content.decode()


def test_a_clinician_whose_visits_are_done_sees_her_next_day(client: Client, day: FullDay) -> None:
    everybody_was_here()
    hers("Kim", day)
    page = page_at(client, day.clinician.user, DAY.replace(hour=18))
    text = page.content.decode()
    assert "<h1>Tomorrow, Wednesday: first visit 10:00</h1>" in text
    assert names(page.context["page"].after) == ["Kim"]
    assert "Zara Malik" in text[text.index("Today, Tuesday 12 January") :]


def test_a_day_further_off_is_named_with_its_date(client: Client, day: FullDay) -> None:
    everybody_was_here()
    kim = Session.objects.filter(patient__first_name="Kim", number=2)
    kim.update(starts_at=DAY + timedelta(days=3, hours=9), ends_at=DAY + timedelta(days=3, hours=11))
    page = page_at(client, day.desk.user, DAY.replace(hour=18))
    assert "<h1>Friday 15 January: first visit 09:00</h1>" in page.content.decode()


def test_an_empty_day_says_who_comes_next_and_leads_there(client: Client, day: FullDay) -> None:
    Session.objects.filter(starts_at__date=DAY.date()).update(state="cancelled")
    text = page_at(client, day.desk.user, DAY.replace(hour=11)).content.decode()
    assert "Nobody is booked today" in text
    assert "Tomorrow, Wednesday: first visit 10:00" in text
    assert 'href="/board/?day=2027-01-13"' in text


def test_an_empty_week_still_says_who_comes_next(client: Client, day: FullDay) -> None:
    Session.objects.filter(starts_at__lt=DAY + timedelta(days=20)).update(state="cancelled")
    text = page_at(client, day.desk.user, DAY.replace(hour=11)).content.decode()
    first = Session.objects.filter(state="booked").order_by("starts_at")[0]
    assert f"{first.starts_at:%A} {first.starts_at.day} {first.starts_at:%B}: first visit" in text
    assert f'href="/board/?day={first.starts_at:%Y-%m-%d}"' in text


@pytest.mark.parametrize("who", ["desk", "clinician"])
def test_where_nobody_is_booked_at_all_it_leads_to_the_patients(
    client: Client, day: FullDay, who: str
) -> None:
    Session.objects.update(state="cancelled")
    text = page_at(client, getattr(day, who).user, DAY.replace(hour=11)).content.decode()
    assert "Nobody is booked for later either." in text
