"""What happened to a message is kept as codes and facts, and read in the reader's language."""

from importlib import import_module

import pytest
from django.utils.translation import override

from planner.choices import MessageHistory
from planner.models import MessageEvent
from planner.models.message import what_happened
from planner.outbox.plan_messages import messages_for_booking
from tests.makers import NOW, make_booked_series, make_location
from tests.pseudo import pseudo_language

FACTS = {
    "name": "Tom Ellis",
    "why": "told her",
    "state": "cancelled",
    "answer": "550",
    "fault": "x",
    "text": "y",
}


@pytest.mark.parametrize("code", MessageHistory.values)
def test_every_code_is_a_sentence_made_of_its_facts(code: str) -> None:
    assert "%(" not in what_happened(code, FACTS)


def test_the_same_history_is_read_in_the_readers_language() -> None:
    assert what_happened("session_state", {"state": "cancelled"}) == "The session is: Cancelled."
    with pseudo_language():
        assert what_happened("session_state", {"state": "cancelled"}) == "⟦The session is: ⟦Cancelled⟧.⟧"
        assert what_happened("withdrawn_because", FACTS) == "Tom Ellis: told her"


@pytest.mark.django_db
def test_whoever_writes_it_in_another_language_keeps_the_same_row() -> None:
    """The message as it is read later says nothing of the language in which it was planned."""
    location = make_location()
    with pseudo_language():
        messages_for_booking(make_booked_series(location), now=NOW)
    messages_for_booking(make_booked_series(location), now=NOW)
    assert set(MessageEvent.objects.values_list("code")) == {("planned",)}
    with override("en"):
        assert {event.detail for event in MessageEvent.objects.all()} == {"Planned"}


@pytest.mark.parametrize(
    ("sentence", "code", "facts"),
    [
        ("The session is: Cancelled.", "session_state", {"state": "cancelled"}),
        ("The session is: elsewhere.", "said", {"text": "The session is: elsewhere."}),
        ("Refused: 550 no such person", "refused", {"answer": "550 no such person"}),
        ("To be sent now: Tom Ellis", "send_now", {"name": "Tom Ellis"}),
        ("Tom Ellis: told her", "said", {"text": "Tom Ellis: told her"}),
    ],
)
def test_a_sentence_of_earlier_times_stays_readable(sentence: str, code: str, facts: dict[str, str]) -> None:
    migration = import_module("planner.migrations.0005_message_events_from_sentences")
    assert migration.read(sentence) == (code, facts)
    assert what_happened(code, facts) == sentence
    assert all(what_happened(each, {}) == said for each, said in migration.SENTENCES.items())
