"""Rows of a version that are split, added and taken out."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic.models import Location
from planner.models import (
    Message,
    Protocol,
    ProtocolGap,
    ProtocolVersion,
)
from planner.outbox.plan_messages import messages_for_completion
from tests.makers import (
    make_booked_series,
)
from tests.planner.views.protocols.pages import OURS, current, edit, everything, rows_of, step_of, typed

pytestmark = pytest.mark.django_db


IN_TWO = {"gaps-1-skin_type_to": "2", "gaps-new-skin_type_from": "3", "gaps-new-skin_type_to": "3"}
NEW_GAP = {"gaps-new-min_days": "35", "gaps-new-target_days": "42", "gaps-new-max_days": "63"}


def ranges(version: ProtocolVersion) -> list[tuple[int, ...]]:
    days = ("min_days", "target_days", "max_days")
    return list(version.gaps.values_list("skin_type_from", "skin_type_to", *days))


def test_a_range_of_skin_types_is_split_and_only_the_new_rows_get_the_clinics_name(
    clinician: Client, protocol: Protocol
) -> None:
    ProtocolGap.objects.update(source="A trial", certainty="found")
    old = ranges(current(protocol))
    assert edit(clinician, protocol, **IN_TWO, **NEW_GAP).status_code == 302
    new = current(protocol)
    assert ranges(new) == [(1, 2, *old[0][2:]), (3, 3, 35, 42, 63), *old[1:]]
    assert [gap.source[: len(OURS)] for gap in new.gaps.all()] == [OURS, OURS, "A trial", "A trial"]
    assert ranges(protocol.versions.get(number=1)) == old


def test_a_range_goes_when_another_takes_its_skin_types(clinician: Client, protocol: Protocol) -> None:
    """What stands in a row that goes is not looked at."""
    old = ranges(current(protocol))
    gone = {"gaps-4-gone": "on", "gaps-4-min_days": "", "gaps-1-skin_type_to": "4"}
    assert edit(clinician, protocol, **gone).status_code == 302
    assert ranges(current(protocol)) == [(1, 4, *old[0][2:]), old[2]]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"gaps-4-gone": "on"}, "Days between sessions: no row speaks of skin type IV."),
        (
            {"gaps-1-gone": "on", "gaps-5-gone": "on"},
            "Days between sessions: no row speaks of skin type I, II, III, V, VI.",
        ),
        (
            {"gaps-1-skin_type_to": "5"},
            "Days between sessions: more than one row speaks of skin type IV, V.",
        ),
        (
            NEW_GAP | {"gaps-new-skin_type_from": "6", "gaps-new-skin_type_to": "6"},
            "Days between sessions: more than one row speaks of skin type VI.",
        ),
        ({"gaps-1-skin_type_from": "2"}, "Days between sessions: no row speaks of skin type I."),
    ],
)
def test_every_skin_type_stands_in_one_row(
    clinician: Client, protocol: Protocol, changes: Any, said: str
) -> None:
    before = everything()
    answer = edit(clinician, protocol, **changes)
    assert (answer.status_code, answer.context["page"].refusal) == (
        422,
        f"{said} Nothing was saved. Let every skin type stand in one row.",
    )
    assert {name: value for name, value in changes.items() if value != "on"}.items() <= typed(answer).items()
    assert everything() == before


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"gaps-1-skin_type_from": "4", "gaps-1-skin_type_to": "3"}, "gaps-1-skin_type_to"),
        ({"gaps-1-skin_type_to": "7"}, "gaps-1-skin_type_to"),
        ({"gaps-1-skin_type_to": ""}, "gaps-1-skin_type_to"),
        ({"gaps-new-min_days": "35"}, "gaps-new-skin_type_from"),
        (IN_TWO | NEW_GAP | {"gaps-new-max_days": "41"}, "gaps-new-max_days"),
        ({"steps-new-subject": "A word from us"}, "steps-new-anchor_chosen"),
        ({"steps-new-only_dark_skin": "on"}, "steps-new-title"),
        ({"steps_gone": ["booked"]}, "steps_gone"),
        ({"steps_gone": ["nothing"]}, "steps_gone"),
    ],
)
def test_a_row_that_cannot_be_is_refused_where_it_stands(
    clinician: Client, protocol: Protocol, changes: Any, where: str
) -> None:
    before = everything()
    answer = edit(clinician, protocol, **changes)
    assert answer.status_code == 422
    assert f'id="id_{where}_error"' in answer.content.decode()
    assert everything() == before


NEW_STEP = {
    "steps-new-anchor_chosen": "session_end",
    "steps-new-amount": "10",
    "steps-new-unit": "days",
    "steps-new-at_local_time": "09:30",
    "steps-new-expires_after_hours": "24",
    "steps-new-subject": "A word from {clinic}",
    "steps-new-title": "Ten days on",
    "steps-new-normal": "It feels tight.",
    "steps-new-call": "It weeps.",
}


def test_a_mail_is_added_and_goes_to_series_that_begin_now(
    clinician: Client, location: Location, protocol: Protocol
) -> None:
    before = rows_of(current(protocol))
    assert edit(clinician, protocol, **NEW_STEP).status_code == 302
    step = step_of(protocol, "after_10d")
    assert (step.anchor, step.offset_minutes, f"{step.at_local_time:%H:%M}") == (
        "session_end",
        10 * 24 * 60,
        "09:30",
    )
    assert (step.title, step.is_active, step.source[: len(OURS)]) == ("Ten days on", True, OURS)
    after = rows_of(current(protocol))
    assert [row for row in after["steps"] if row["code"] != "after_10d"] == before["steps"]
    assert {**after, "steps": before["steps"]} == before
    session = make_booked_series(location, version=current(protocol)).sessions.first()
    messages_for_completion(session, now=session.ends_at)
    assert Message.objects.filter(step=step).count() == 1


@pytest.mark.parametrize(
    ("changes", "code", "offset"),
    [
        ({"steps-new-amount": "7"}, "after_7d_2", 7 * 24 * 60),
        ({"steps-new-anchor_chosen": "session_start"}, "before_10d", -10 * 24 * 60),
        ({"steps-new-anchor_chosen": "last_session_end"}, "after_last_10d", 10 * 24 * 60),
        (
            {"steps-new-amount": "6", "steps-new-unit": "hours", "steps-new-at_local_time": ""},
            "after_6h",
            6 * 60,
        ),
    ],
)
def test_a_new_mail_is_told_from_all_others(
    clinician: Client, protocol: Protocol, changes: dict[str, Any], code: str, offset: Any
) -> None:
    assert edit(clinician, protocol, **NEW_STEP | changes).status_code == 302
    assert step_of(protocol, code).offset_minutes == offset


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"steps-new-subject": "Your skin"}, "steps-new-subject"),
        ({"steps-new-call": ""}, "steps-new-call"),
        ({"steps-new-at_local_time": ""}, "steps-new-at_local_time"),
        ({"steps-new-anchor_chosen": "series_booked"}, "steps-new-anchor_chosen"),
        ({"steps-new-do": "On {friday}"}, "steps-new-do"),
    ],
)
def test_a_new_mail_keeps_the_rules_of_mails(
    clinician: Client, protocol: Protocol, changes: dict[str, Any], where: str
) -> None:
    before = everything()
    answer = edit(clinician, protocol, **NEW_STEP | changes)
    assert (answer.status_code, f'id="id_{where}_error"' in answer.content.decode()) == (422, True)
    assert '<details class="card__foot" open>' in answer.content.decode()
    assert everything() == before


def test_mails_that_go_are_gone_from_the_next_version_only(
    clinician: Client, location: Location, protocol: Protocol
) -> None:
    running = make_booked_series(location, version=current(protocol))
    before = rows_of(current(protocol))["steps"]
    edit(clinician, protocol, steps_gone=["before_28d", "after_3d"])
    after = rows_of(current(protocol))["steps"]
    assert after == [row for row in before if row["code"] not in ("before_28d", "after_3d")]
    assert rows_of(running.protocol_version)["steps"] == before


def test_a_row_taken_out_twice_over_makes_one_version(clinician: Client, protocol: Protocol) -> None:
    path = reverse("protocol_edit", args=[protocol.pk])
    data = typed(clinician.get(path)) | {"change_note": "Once", "steps_gone": ["after_3d"]} | IN_TWO | NEW_GAP
    for _ in range(2):
        assert clinician.post(path, data).status_code == 302
    assert protocol.versions.count() == 2


def test_who_edits_rows_that_another_took_out_is_told(clinician: Client, protocol: Protocol) -> None:
    path = reverse("protocol_edit", args=[protocol.pk])
    second = typed(clinician.get(path)) | {"change_note": "Mine", "gaps-4-target_days": "45"}
    edit(clinician, protocol, **{"gaps-4-gone": "on", "gaps-1-skin_type_to": "4"})
    before = everything()
    answer = clinician.post(path, second)
    assert answer.status_code == 409
    assert answer.context["page"].refusal.startswith("Someone changed this while you were looking.")
    assert everything() == before
