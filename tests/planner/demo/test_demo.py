"""The demo clinic is believable: everything a visitor should meet is there."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone
from pytest_django import Settings

from clinic.localtime import local_date
from clinic.models import Absence, Clinic, Location, StaffMember
from patients.models import Patient, Photo, Score, ScreeningAnswer
from planner.choices import MessageState, SeriesState, SessionState
from planner.models import Message, Reservation, Series, Session
from tests.databases import DemoDay, in_demo
from tests.e2e.on_a_day import ORDINARY

pytestmark = pytest.mark.django_db

NOW = ORDINARY


@pytest.fixture(scope="module")
def demo(django_db_setup: None, django_db_blocker: Any) -> Iterator[Location]:
    """An ordinary Wednesday morning for all its tests."""
    with django_db_blocker.unblock(), in_demo(DemoDay(NOW)), time_machine.travel(NOW, tick=False):
        yield Location.objects.get()


def test_the_clinic_has_its_people_rooms_and_devices(demo: Location) -> None:
    kinds = Counter(demo.resources.values_list("kind", flat=True))
    assert kinds == {"practitioner": 4, "room": 3, "device": 2}
    assert StaffMember.objects.count() == 4
    assert Absence.objects.filter(kind="leave", starts_at__gt=timezone.now()).count() == 1


def test_as_many_patients_as_a_full_fortnight_needs_of_all_skin_types(demo: Location) -> None:
    assert 120 <= Patient.objects.count() <= 220
    assert set(Patient.objects.values_list("skin_type", flat=True)) == {1, 2, 3, 4, 5, 6}


def test_series_in_every_state(demo: Location) -> None:
    assert set(Series.objects.values_list("state", flat=True)) == set(SeriesState)


def test_today_is_a_full_day(demo: Location) -> None:
    today = local_date(timezone.now(), demo.zone)
    visits = [
        s for s in Session.objects.exclude(starts_at=None) if local_date(s.starts_at, demo.zone) == today
    ]
    assert 10 <= len(visits) <= 14


def test_every_working_day_of_the_fortnight_is_alive(demo: Location) -> None:
    """Before, the week of the demo was empty but for today."""
    days = Counter(
        local_date(at, demo.zone)
        for at in Session.objects.exclude(starts_at=None).values_list("starts_at", flat=True)
    )
    around = (NOW.date() + timedelta(days=n) for n in range(-7, 9))
    assert {day: n for day in around if day.weekday() < 5 and not 10 <= (n := days[day]) <= 14} == {}


def test_most_of_those_who_come_soon_have_confirmed(demo: Location) -> None:
    states = Counter(
        Session.objects.filter(starts_at__gt=NOW, starts_at__lt=NOW + timedelta(days=6)).values_list(
            "state", flat=True
        )
    )
    assert states[SessionState.CONFIRMED] > states[SessionState.BOOKED] > 0


def test_there_were_no_shows_and_treatments(demo: Location) -> None:
    states = Counter(Session.objects.values_list("state", flat=True))
    assert states[SessionState.DONE] >= 100
    assert Session.objects.filter(events__kind="no_show").exists()


def test_scores_improve(demo: Location) -> None:
    """On average, from the first time a patient was asked to the last."""
    first, last = [], []
    for patient in Patient.objects.all():
        scores = Score.objects.filter(assessment__patient=patient, scale="vas_patient").order_by(
            "assessment__taken_at"
        )
        if scores.count() > 1:
            first.append(scores[0].total)
            last.append(scores.last().total)
    assert len(first) >= 20
    assert sum(last) / len(last) < sum(first) / len(first)


def test_one_patient_is_blocked_and_one_drifts(demo: Location) -> None:
    assert ScreeningAnswer.objects.filter(said_yes=True, question__effect="block").count() == 1
    assert Session.objects.filter(state=SessionState.NO_SHOW, series__state=SeriesState.ACTIVE).exists()


def test_mails_were_sent_and_wait(demo: Location) -> None:
    states = Counter(Message.objects.values_list("state", flat=True))
    assert states[MessageState.SENT] > 100
    assert states[MessageState.WAITING] > 100
    assert not Message.objects.filter(state=MessageState.SENT, body_text="").exists()
    assert not Message.objects.filter(state=MessageState.WAITING, due_at__lt=timezone.now()).exists()


def test_pictures_are_drawn(demo: Location) -> None:
    assert Photo.objects.count() >= 80


def test_everything_booked_holds_its_resources(demo: Location) -> None:
    booked = Session.objects.filter(state__in=[SessionState.BOOKED, SessionState.CONFIRMED])
    for session in booked:
        assert Reservation.objects.filter(session=session, is_active=True).count() == 3


def test_a_second_demo_is_refused(demo: Location) -> None:
    with pytest.raises(CommandError, match="is there already"):
        call_command("load_demo")
    assert Clinic.objects.count() == 1


def test_a_production_installation_refuses_public_passwords(demo: Location, settings: Settings) -> None:
    settings.LOCAL = False
    with pytest.raises(CommandError, match="passwords are public"):
        call_command("load_demo")
