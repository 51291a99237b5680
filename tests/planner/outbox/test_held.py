"""A mail that would say something untrue of a visit to come is held until that is settled, or too late."""

import pytest

from clinic.models import Absence
from patients.models import Consent
from planner.models import Message, Series, Session
from planner.outbox.deliver import HELD_FOR, deliver_due
from planner.outbox.plan_messages import messages_for_completion
from tests.makers import NOW, make_steps
from tests.planner.desk import Desk, open_desk, session_of
from tests.planner.outbox.posted import HOUR, MINUTE, state_of

pytestmark = pytest.mark.django_db
HELD = "Held: something stands in the way of the visit."


@pytest.fixture
def desk() -> Desk:
    desk = open_desk()
    make_steps(desk.version)
    return desk


def away(desk: Desk, session: Session) -> Absence:
    assert session.starts_at
    assert session.ends_at
    return Absence.objects.create(
        location=desk.location,
        resource=desk.practitioner,
        kind="leave",
        starts_at=session.starts_at,
        ends_at=session.ends_at,
    )


def reminder_of(session: Session) -> Message:
    return Message.objects.filter(session=session, step__anchor="session_start").earliest("due_at")


def ill_on(desk: Desk, number: int) -> tuple[Series, Message]:
    """A booked series whose practitioner is away for one of its visits, its confirmation sent before."""
    series = desk.booked()
    confirmation = Message.objects.get(series=series, session=None)
    assert deliver_due(now=confirmation.due_at) == 1
    session = session_of(series, number)
    away(desk, session)
    return series, reminder_of(session)


def test_a_reminder_of_a_visit_in_the_way_of_which_a_leave_stands_is_held_and_says_so(desk: Desk) -> None:
    _series, reminder = ill_on(desk, 1)
    assert deliver_due(now=reminder.due_at) == 0
    assert state_of(reminder) == ("waiting", HELD)


def test_it_says_so_once_and_costs_no_attempt(desk: Desk) -> None:
    _series, reminder = ill_on(desk, 1)
    for turn in range(3):
        assert deliver_due(now=reminder.due_at + turn * (HELD_FOR + MINUTE)) == 0
    reminder.refresh_from_db()
    assert reminder.attempts == 0
    assert list(reminder.events.values_list("code", flat=True)).count("held") == 1


def test_it_leaves_when_the_leave_is_taken_back(desk: Desk) -> None:
    _series, reminder = ill_on(desk, 1)
    deliver_due(now=reminder.due_at)
    Absence.objects.all().delete()
    assert deliver_due(now=reminder.due_at + HELD_FOR + MINUTE) == 1
    assert state_of(reminder)[0] == "sent"


def test_it_is_missed_when_it_stands_too_long(desk: Desk) -> None:
    _series, reminder = ill_on(desk, 1)
    deliver_due(now=reminder.due_at)
    assert deliver_due(now=reminder.expires_at) == 0
    assert state_of(reminder)[0] == "missed"


def test_the_reminder_of_another_visit_leaves(desk: Desk) -> None:
    series, _reminder = ill_on(desk, 2)
    first = reminder_of(session_of(series, 1))
    assert deliver_due(now=first.due_at) == 1


def test_the_confirmation_of_a_series_waits_for_each_of_its_visits(desk: Desk) -> None:
    series = desk.booked()
    away(desk, session_of(series, 4))
    confirmation = Message.objects.get(series=series, session=None)
    assert deliver_due(now=confirmation.due_at) == 0
    assert state_of(confirmation) == ("waiting", HELD)


def test_a_cancellation_is_told_whatever_stands_in_the_way_of_the_others(desk: Desk) -> None:
    series, _reminder = ill_on(desk, 2)
    desk.cancel(session_of(series, 3), now=NOW + HOUR)
    told = Message.objects.get(series=series, step__anchor="session_cancelled")
    assert deliver_due(now=told.due_at) == 1


def test_aftercare_is_sent_though_the_next_visit_has_no_practitioner(desk: Desk) -> None:
    series, _reminder = ill_on(desk, 2)
    first = session_of(series, 1)
    Session.objects.filter(pk=first.pk).update(state="done", done_at=first.ends_at)
    first.refresh_from_db()
    assert first.ends_at
    messages_for_completion(first, now=first.ends_at)
    aftercare = Message.objects.filter(session=first, step__anchor="session_end").earliest("due_at")
    assert deliver_due(now=aftercare.due_at) == 1


def test_a_missing_signature_makes_no_date_untrue(desk: Desk) -> None:
    reminder = reminder_of(session_of(desk.booked(), 1))
    Message.objects.filter(session=None).delete()
    Consent.objects.update(withdrawn_at=reminder.due_at)
    assert deliver_due(now=reminder.due_at) == 1
