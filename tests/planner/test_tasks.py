"""The tick says in one line what left, or that the database was busy or away; it never stops the worker."""

import threading

import pytest
import time_machine
from django.db import connection, transaction

from planner.models import Message, Series
from planner.outbox.plan_messages import messages_for_booking
from planner.tasks import deliver_due_messages
from tests.makers import NOW, make_booked_series, make_location
from tests.planner.outbox.posted import SOON

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def due() -> Series:
    series = make_booked_series(make_location(phone="0113 555 0142", email="desk@linden.example"))
    with transaction.atomic():
        messages_for_booking(series, now=NOW)
    return series


def test_mails_that_left_are_counted_in_the_log_without_an_address(
    due: Series, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    with time_machine.travel(SOON):
        deliver_due_messages()
    assert "Mails that left: 1" in caplog.messages
    assert due.patient.email not in caplog.text


def test_a_lock_that_is_held_is_one_line_and_the_message_waits(
    due: Series, caplog: pytest.LogCaptureFixture
) -> None:
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            type(due).objects.select_for_update().get(pk=due.pk)
            held.set()
            release.wait(30)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '50ms'")
    try:
        with time_machine.travel(SOON):
            deliver_due_messages()
    finally:
        release.set()
        holder.join()
        connection.close()
    assert caplog.messages == ["The database is busy, messages wait for the next tick."]
    assert Message.objects.get(session=None).state == "sending"
