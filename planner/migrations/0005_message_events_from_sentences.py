"""What was written as a sentence, in English, becomes its code; what is no sentence of ours stays as it was said."""

import re

from django.db import migrations

SENTENCES = {
    "planned": "Planned",
    "session_moved": "The session was moved.",
    "session_cancelled": "The session was cancelled.",
    "replaced": "Replaced: more has changed.",
    "worker_stopped": "The worker stopped while this was leaving; sent again under the same id.",
    "too_late": "It would have come too late.",
    "overtaken": "After a delay a newer note was due as well; only that one leaves.",
    "session_changed": "The session has changed since.",
    "no_address": "The patient has no e-mail address.",
    "no_mail_wanted": "The patient does not want mail.",
    "interrupted": "Sending was interrupted too often; it may have arrived.",
    "quiet_hours": "Waits for the end of the quiet hours.",
    "undone": "Nothing is left to tell: it was undone.",
    "taken": "Taken by the mail server.",
    "broke_off": "The mail server broke off; it may have taken the mail.",
}
WITH_A_FACT = (
    ("send_now", "name", re.compile(r"To be sent now: (.*)", re.DOTALL)),
    ("session_state", "state", re.compile(r"The session is: (.*)\.", re.DOTALL)),
    ("try_later", "answer", re.compile(r"The mail server asks to try later: (.*)", re.DOTALL)),
    ("refused", "answer", re.compile(r"Refused: (.*)", re.DOTALL)),
    ("not_made", "fault", re.compile(r"It could not be made into a mail: (.*)", re.DOTALL)),
)
STATES = {
    "Not booked": "planned",
    "Booked": "booked",
    "Confirmed": "confirmed",
    "Arrived": "arrived",
    "In treatment": "in_treatment",
    "Done": "done",
    "Did not come": "no_show",
    "Cancelled": "cancelled",
}


def read(detail):
    """The code and the facts of a sentence."""
    for code, name, pattern in WITH_A_FACT:
        found = pattern.fullmatch(detail)
        if found and (name != "state" or found[1] in STATES):
            return code, {name: STATES.get(found[1], found[1]) if name == "state" else found[1]}
    return "said", {"text": detail}


def forwards(apps, schema_editor):
    events = apps.get_model("planner", "MessageEvent").objects
    for code, sentence in SENTENCES.items():
        events.filter(detail=sentence).update(code=code)
    for detail in events.filter(code="said").values_list("detail", flat=True).order_by("detail").distinct():
        code, facts = read(detail)
        events.filter(code="said", detail=detail).update(code=code, facts=facts)


class Migration(migrations.Migration):
    dependencies = [("planner", "0004_message_events_hold_codes")]

    operations = [migrations.RunPython(forwards, migrations.RunPython.noop, elidable=True)]
