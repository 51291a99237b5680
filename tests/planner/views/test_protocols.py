"""Protocols in the settings: what is shown, how a next version is made, and whom it does not touch."""

from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic.models import WriteKey
from clinic.permissions import Role
from planner.models import (
    AftercareStep,
    Message,
    MessageEvent,
    Protocol,
    ProtocolGap,
    ProtocolPhase,
    ProtocolVersion,
    SiteDepth,
)
from planner.outbox.plan_messages import messages_for_booking, messages_for_completion
from planner.outbox.preview import preview
from planner.outbox.step_words import REVEALING_STEMS, REVEALING_WORDS
from planner.outbox.steps import load_steps
from planner.protocols.catalogue import current_versions, load_protocols, recipe_of
from tests.makers import (
    NOW,
    make_booked_series,
    make_clinic,
    make_location,
    make_protocol_version,
    make_staff,
)

pytestmark = pytest.mark.django_db
OURS = "The clinic's own setting, Elena Marsh, "


@pytest.fixture
def location():
    location = make_location()
    load_protocols(location.clinic, load_steps(), now=NOW)
    location.refresh_from_db()
    return location


@pytest.fixture
def clinician(client, location):
    client.force_login(make_staff(location, Role.CLINICIAN, name="Elena Marsh").user)
    return client


@pytest.fixture
def protocol(location) -> Protocol:
    return location.clinic.protocols.get(code="mn-moderate")


def current(protocol: Protocol) -> ProtocolVersion:
    return protocol.versions.get(is_current=True)


def everything() -> list[list[tuple[Any, ...]]]:
    """All rows that a change of a protocol could touch."""
    tables = (
        Protocol,
        ProtocolVersion,
        ProtocolGap,
        ProtocolPhase,
        SiteDepth,
        AftercareStep,
        WriteKey,
        Message,
        MessageEvent,
    )
    return [list(table.objects.order_by("pk").values_list()) for table in tables]


def typed(page) -> dict[str, Any]:
    """What the browser would post if nothing were changed on the page."""
    form = page.context["form"]
    rows = [row for name in ("gaps", "phases", "depths") for row in getattr(form, name, {}).values()]
    more = [getattr(form, name) for name in ("new_gap", "new_step") if hasattr(form, name)]
    forms = [form, *rows, *more]
    said = {field.html_name: field.value() for each in forms for field in each}
    return {
        name: "on" if value is True else value
        for name, value in said.items()
        if value is not None and value is not False
    }


def edit(client, protocol: Protocol, **changes: Any):
    path = reverse("protocol_edit", args=[protocol.pk])
    return client.post(path, typed(client.get(path)) | {"change_note": "Our habit"} | changes)


def step_of(protocol: Protocol, code: str) -> AftercareStep:
    return current(protocol).steps.get(code=code)


def edit_step(client, step: AftercareStep, **changes: Any):
    path = reverse("protocol_step", args=[step.version.protocol_id, step.pk])
    data = typed(client.get(path)) | {"change_note": "Our words"} | changes
    return client.post(path, {name: value for name, value in data.items() if value is not None})


def rows_of(version: ProtocolVersion, *, without: tuple[str, ...] = ()) -> dict[str, list[dict[str, Any]]]:
    left_out = {"id", "version_id", *without}
    return {
        name: [
            {key: value for key, value in row.items() if key not in left_out}
            for row in getattr(version, name).values()
        ]
        for name in ("gaps", "phases", "depths", "steps")
    }


# The list


def test_the_list_shows_every_protocol_of_the_clinic_with_its_current_version(clinician, protocol):
    load_protocols(make_clinic(), load_steps(), now=NOW)
    Protocol.objects.filter(code="rf-mild").update(is_active=False)
    edit(clinician, protocol, sessions_target=5)
    page = clinician.get(reverse("protocols"))
    shown = {each.code: [version.number for version in each.current] for each in page.context["protocols"]}
    assert shown == {
        "mn-mild": [1],
        "mn-moderate": [2],
        "mn-severe": [1],
        "rf-mild": [1],
        "rf-moderate": [1],
        "rf-severe": [1],
    }
    assert page.content.decode().count("not offered") == 1


def test_the_list_counts_the_series_under_way_on_all_versions(clinician, location, protocol):
    make_booked_series(location, version=current(protocol))
    make_booked_series(location, version=current(protocol), state="done")
    edit(clinician, protocol, sessions_target=5)
    make_booked_series(location, version=current(protocol), state="draft")
    page = clinician.get(reverse("protocols"))
    assert {each.code: each.running for each in page.context["protocols"]}["mn-moderate"] == 2


@pytest.mark.parametrize("more", [1, 30])
def test_the_list_costs_the_same_queries_for_any_number_of_rows(
    clinician, location, more, django_assert_num_queries
):
    for _ in range(more):
        make_booked_series(location, version=make_protocol_version(location.clinic))
    clinician.get(reverse("protocols"))
    with django_assert_num_queries(7):
        clinician.get(reverse("protocols"))


# One protocol


@pytest.mark.parametrize("more", [1, 30])
def test_a_protocol_costs_the_same_queries_for_any_number_of_versions(
    clinician, location, protocol, more, django_assert_num_queries
):
    for number in range(2, 2 + more):
        version = make_protocol_version(location.clinic, protocol=protocol, number=number, is_current=False)
        make_booked_series(location, version=version)
    path = reverse("protocol", args=[protocol.pk])
    clinician.get(path)
    with django_assert_num_queries(11):
        clinician.get(path)


def test_a_protocol_shows_its_mails_in_the_order_they_go(clinician, protocol):
    page = clinician.get(reverse("protocol", args=[protocol.pk]))
    order = [[(when, step.code) for when, step in steps] for _title, steps in page.context["groups"]]
    assert order == [
        [("at once", "booked"), ("at once", "cancelled"), ("at once", "moved")],
        [
            ("28 days before, at 10:00", "before_28d"),
            ("14 days before, at 10:00", "before_14d"),
            ("7 days before, at 10:00", "before_7d"),
            ("5 days before, at 10:00", "before_5d"),
            ("3 days before, at 10:00", "before_3d"),
            ("1 day before, at 10:00", "before_1d"),
            ("the same day, at 08:00", "before_0d"),
        ],
        [
            ("4 hours after", "after_4h"),
            ("1 day after, at 09:00", "after_1d"),
            ("3 days after, at 09:00", "after_3d"),
            ("7 days after, at 10:00", "after_7d"),
            ("14 days after, at 10:00", "after_14d"),
            ("28 days after, at 10:00", "after_28d"),
        ],
        [
            ("84 days after the last, at 10:00", "after_12w"),
            ("168 days after the last, at 10:00", "after_24w"),
        ],
    ]


def test_an_earlier_version_can_be_read_and_says_how_many_series_run_on_it(clinician, location, protocol):
    first = current(protocol)
    make_booked_series(location, version=first)
    edit(clinician, protocol, sessions_target=5)
    page = clinician.get(reverse("protocol_version", args=[protocol.pk, first.pk]))
    assert page.context["version"] == first
    assert {each.number: each.running for each in page.context["versions"]} == {1: 1, 2: 0}
    assert "Change figures" not in page.content.decode()


def test_a_protocol_is_offered_no_longer_and_again(clinician, location, protocol):
    path = reverse("protocol_offer", args=[protocol.pk])
    assert clinician.post(path, {"offered": "no"}).url == reverse("protocol", args=[protocol.pk])
    assert current(protocol) not in current_versions(location.clinic)
    clinician.post(path, {"offered": "yes"})
    assert current(protocol) in current_versions(location.clinic)


# The next version


def test_a_change_makes_a_new_version_and_leaves_the_old_one_as_it_was(clinician, protocol):
    old = current(protocol)
    before, recipe = rows_of(old), recipe_of(old)
    answer = edit(clinician, protocol, sessions_target="5", change_note="Five work better")
    assert (answer.status_code, answer.url) == (302, reverse("protocol", args=[protocol.pk]))
    new = current(protocol)
    assert (new.number, new.sessions_target, new.change_note) == (2, 5, "Five work better")
    assert new.created_by.staff.name == "Elena Marsh"
    assert rows_of(new) == before
    old.refresh_from_db()
    assert (old.is_current, rows_of(old), recipe_of(old)) == (False, before, recipe)


def test_what_a_version_needs_of_people_rooms_and_devices_stays(clinician, protocol):
    version = current(protocol)
    version.room_skills = ["quiet"]
    version.save()
    edit(clinician, protocol, **{"phases-1-minutes": "60"})
    new = current(protocol)
    assert (new.practitioner_skills, new.room_skills, new.device_skills) == (
        ["microneedling"],
        ["quiet"],
        ["pen"],
    )
    assert list(new.phases.values_list("kind", "minutes", "needs")) == [
        ("numbing", 45, ["room"]),
        ("needling", 60, ["practitioner", "room", "device"]),
        ("recovery", 15, ["room"]),
    ]


def test_a_changed_number_of_sessions_becomes_the_clinics_own_setting(clinician, protocol):
    ProtocolVersion.objects.update(certainty="found")
    edit(clinician, protocol, sessions_max="6")
    new = current(protocol)
    assert (new.source[: len(OURS)], new.certainty) == (OURS, "clinic_setting")


def test_other_figures_of_a_version_leave_its_source_alone(clinician, protocol):
    ProtocolVersion.objects.update(certainty="found")
    was = current(protocol).source
    edit(clinician, protocol, lapse_days="90", outcome_weeks="12, 26", interim_review_before="3")
    new = current(protocol)
    assert (new.source, new.certainty) == (was, "found")
    assert (new.lapse_days, new.outcome_weeks, new.interim_review_before) == (90, [12, 26], 3)


def test_only_the_gap_that_changes_gets_the_clinics_name(clinician, protocol):
    ProtocolGap.objects.update(source="A trial", certainty="found")
    edit(clinician, protocol, **{"gaps-4-target_days": "45"})
    gaps = [(g.target_days, g.source[: len(OURS)], g.certainty) for g in current(protocol).gaps.all()]
    assert gaps == [(35, "A trial", "found"), (45, OURS, "clinic_setting"), (49, "A trial", "found")]


def test_only_the_depth_that_changes_gets_the_clinics_name(clinician, protocol):
    SiteDepth.objects.update(source="A label", certainty="found")
    edit(clinician, protocol, **{"depths-abdomen-alba_mm": "2.25"})
    ours = current(protocol).depths.exclude(source="A label").get()
    assert (ours.site, ours.alba_mm, ours.source[: len(OURS)]) == ("abdomen", Decimal("2.25"), OURS)
    assert ours.certainty == "clinic_setting"


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"sessions_min": "5", "sessions_target": "4"}, "sessions_target"),
        ({"sessions_max": "21"}, "sessions_max"),
        ({"sessions_target": "four"}, "sessions_target"),
        ({"outcome_weeks": "24, 12"}, "outcome_weeks"),
        ({"outcome_weeks": "0"}, "outcome_weeks"),
        ({"outcome_weeks": "12, soon"}, "outcome_weeks"),
        ({"outcome_weeks": "1, 2, 3, 4, 5, 6, 7"}, "outcome_weeks"),
        ({"change_note": ""}, "change_note"),
        ({"gaps-1-min_days": "36"}, "gaps-1-target_days"),
        ({"gaps-1-max_days": "34"}, "gaps-1-max_days"),
        ({"phases-1-minutes": "50"}, "phases-1-minutes"),
        ({"phases-1-minutes": "0"}, "phases-1-minutes"),
        ({"phases-1-minutes": "495"}, "phases-1-minutes"),
        ({"depths-abdomen-rubra_mm": "2.25"}, "depths-abdomen-alba_mm"),
        ({"depths-abdomen-min_mm": "1.75"}, "depths-abdomen-rubra_mm"),
        ({"depths-abdomen-max_mm": "1.75"}, "depths-abdomen-max_mm"),
        ({"depths-abdomen-max_mm": "3.75"}, "depths-abdomen-max_mm"),
        ({"depths-abdomen-passes_min": "7"}, "depths-abdomen-passes_max"),
        ({"depths-abdomen-min_mm": ""}, "depths-abdomen-min_mm"),
    ],
)
def test_what_cannot_be_is_refused_where_it_stands(clinician, protocol, changes, where):
    before = everything()
    answer = edit(clinician, protocol, **changes)
    assert answer.status_code == 422
    assert f'id="id_{where}_error"' in answer.content.decode()
    assert everything() == before


def test_the_boards_steps_are_those_of_every_location(clinician, location, protocol):
    make_location(clinic=location.clinic, name="Otley", grid_minutes=10)
    before = everything()
    answer = edit(clinician, protocol, **{"phases-1-minutes": "40"})
    assert "The board counts in steps of 30 minutes." in answer.content.decode()
    assert everything() == before


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"floor_days": "20"},
            "No sessions are ever closer than 21 days with this method; 20 days are not safe. "
            "Nothing was saved. Choose a longer gap that nobody may go under.",
        ),
        (
            {"gaps-1-min_days": "20"},
            "Skin types I to III: the shortest gap is 20 days, and nobody may go under 21. "
            "Nothing was saved. Choose a longer gap.",
        ),
        (
            {"floor_days": "30"},
            "Skin types I to III: the shortest gap is 28 days, and nobody may go under 30. "
            "Nothing was saved. Choose a longer gap.",
        ),
        (
            {"lapse_days": "60"},
            "Skin type IV: the longest gap is 63 days, but screening lapses after 60. "
            "Nothing was saved. Choose a shorter gap, or let screening last longer.",
        ),
        (
            {},
            "This is what the protocol says already. Nothing was saved. Change something, or leave the page.",
        ),
    ],
)
def test_what_is_not_safe_is_refused_and_what_was_typed_stays(clinician, protocol, changes, said):
    before = everything()
    answer = edit(clinician, protocol, **changes, change_note="As typed")
    assert (answer.status_code, answer.context["refusal"]) == (422, said)
    assert {"change_note": "As typed", **changes}.items() <= typed(answer).items()
    assert everything() == before


def test_a_floor_may_rise(clinician, protocol):
    edit(clinician, protocol, floor_days="28")
    assert current(protocol).floor_days == 28


def test_of_two_editors_the_second_is_told(clinician, protocol):
    path = reverse("protocol_edit", args=[protocol.pk])
    second = typed(clinician.get(path)) | {"change_note": "Mine", "sessions_max": "6"}
    edit(clinician, protocol, sessions_max="7")
    before = everything()
    answer = clinician.post(path, second)
    assert answer.status_code == 409
    assert answer.context["refusal"].startswith("Someone changed this while you were looking.")
    assert everything() == before


def test_a_form_sent_twice_makes_one_version(clinician, protocol):
    path = reverse("protocol_edit", args=[protocol.pk])
    data = typed(clinician.get(path)) | {"change_note": "Once", "sessions_max": "6"}
    for _ in range(2):
        assert clinician.post(path, data).status_code == 302
    assert protocol.versions.count() == 2


def test_a_step_sent_twice_makes_one_version(clinician, protocol):
    step = step_of(protocol, "after_4h")
    path = reverse("protocol_step", args=[protocol.pk, step.pk])
    data = typed(clinician.get(path)) | {"change_note": "Once", "title": "Tonight"}
    for _ in range(2):
        assert clinician.post(path, data).status_code == 302
    assert protocol.versions.count() == 2


# Rows that come and go

IN_TWO = {"gaps-1-skin_type_to": "2", "gaps-new-skin_type_from": "3", "gaps-new-skin_type_to": "3"}
NEW_GAP = {"gaps-new-min_days": "35", "gaps-new-target_days": "42", "gaps-new-max_days": "63"}


def ranges(version: ProtocolVersion) -> list[tuple[int, ...]]:
    days = ("min_days", "target_days", "max_days")
    return list(version.gaps.values_list("skin_type_from", "skin_type_to", *days))


def test_a_range_of_skin_types_is_split_and_only_the_new_rows_get_the_clinics_name(clinician, protocol):
    ProtocolGap.objects.update(source="A trial", certainty="found")
    old = ranges(current(protocol))
    assert edit(clinician, protocol, **IN_TWO, **NEW_GAP).status_code == 302
    new = current(protocol)
    assert ranges(new) == [(1, 2, *old[0][2:]), (3, 3, 35, 42, 63), *old[1:]]
    assert [gap.source[: len(OURS)] for gap in new.gaps.all()] == [OURS, OURS, "A trial", "A trial"]
    assert ranges(protocol.versions.get(number=1)) == old


def test_a_range_goes_when_another_takes_its_skin_types(clinician, protocol):
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
def test_every_skin_type_stands_in_one_row(clinician, protocol, changes, said):
    before = everything()
    answer = edit(clinician, protocol, **changes)
    assert (answer.status_code, answer.context["refusal"]) == (
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
def test_a_row_that_cannot_be_is_refused_where_it_stands(clinician, protocol, changes, where):
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


def test_a_mail_is_added_and_goes_to_series_that_begin_now(clinician, location, protocol):
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
def test_a_new_mail_is_told_from_all_others(clinician, protocol, changes, code, offset):
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
def test_a_new_mail_keeps_the_rules_of_mails(clinician, protocol, changes, where):
    before = everything()
    answer = edit(clinician, protocol, **NEW_STEP | changes)
    assert (answer.status_code, f'id="id_{where}_error"' in answer.content.decode()) == (422, True)
    assert '<details class="card__foot" open>' in answer.content.decode()
    assert everything() == before


def test_mails_that_go_are_gone_from_the_next_version_only(clinician, location, protocol):
    running = make_booked_series(location, version=current(protocol))
    before = rows_of(current(protocol))["steps"]
    edit(clinician, protocol, steps_gone=["before_28d", "after_3d"])
    after = rows_of(current(protocol))["steps"]
    assert after == [row for row in before if row["code"] not in ("before_28d", "after_3d")]
    assert rows_of(running.protocol_version)["steps"] == before


def test_a_row_taken_out_twice_over_makes_one_version(clinician, protocol):
    path = reverse("protocol_edit", args=[protocol.pk])
    data = typed(clinician.get(path)) | {"change_note": "Once", "steps_gone": ["after_3d"]} | IN_TWO | NEW_GAP
    for _ in range(2):
        assert clinician.post(path, data).status_code == 302
    assert protocol.versions.count() == 2


def test_who_edits_rows_that_another_took_out_is_told(clinician, protocol):
    path = reverse("protocol_edit", args=[protocol.pk])
    second = typed(clinician.get(path)) | {"change_note": "Mine", "gaps-4-target_days": "45"}
    edit(clinician, protocol, **{"gaps-4-gone": "on", "gaps-1-skin_type_to": "4"})
    before = everything()
    answer = clinician.post(path, second)
    assert answer.status_code == 409
    assert answer.context["refusal"].startswith("Someone changed this while you were looking.")
    assert everything() == before


# Steps


def test_a_changed_step_is_a_new_version_in_which_only_it_differs(clinician, protocol):
    old = current(protocol)
    before = rows_of(old)
    answer = edit_step(
        clinician,
        step_of(protocol, "after_1d"),
        subject="Good morning from {clinic}",
        title="The day after",
        normal="Warm.\r\nUntil {after_3_days}.",
        amount="2",
        at_local_time="11:30",
        expires_after_hours="12",
    )
    assert (answer.status_code, answer.url) == (302, reverse("protocol", args=[protocol.pk]))
    new = current(protocol)
    step = new.steps.get(code="after_1d")
    assert (step.subject, step.title) == ("Good morning from {clinic}", "The day after")
    assert step.normal == "Warm.\nUntil {after_3_days}."
    assert (step.offset_minutes, f"{step.at_local_time:%H:%M}", step.expires_after_hours) == (
        2880,
        "11:30",
        12,
    )
    assert (step.source[: len(OURS)], step.certainty) == (OURS, "clinic_setting")
    after = rows_of(new)
    assert [row for row in after.pop("steps") if row["code"] != "after_1d"] == [
        row for row in before.pop("steps") if row["code"] != "after_1d"
    ]
    assert after == before


def test_switching_a_mail_off_keeps_its_source(clinician, protocol):
    was = step_of(protocol, "before_14d")
    edit_step(clinician, was, is_active=None)
    now = step_of(protocol, "before_14d")
    assert (now.is_active, now.source, now.certainty) == (False, was.source, was.certainty)


@pytest.mark.parametrize(
    ("code", "amount", "unit", "at", "offset"),
    [
        ("before_7d", "10", "days", "09:30", -14400),
        ("before_7d", "0", "days", "07:15", 0),
        ("before_7d", "48", "hours", None, -2880),
        ("after_4h", "6", "hours", None, 360),
        ("after_4h", "1", "days", "08:00", 1440),
        ("after_12w", "90", "days", "10:00", 129600),
    ],
)
def test_the_time_of_a_step_counts_from_where_it_did(clinician, protocol, code, amount, unit, at, offset):
    edit_step(clinician, step_of(protocol, code), amount=amount, unit=unit, at_local_time=at)
    step = step_of(protocol, code)
    assert (step.offset_minutes, step.at_local_time and f"{step.at_local_time:%H:%M}") == (offset, at)


def test_news_of_dates_has_no_time_of_its_own(clinician, protocol):
    step = step_of(protocol, "booked")
    page = clinician.get(reverse("protocol_step", args=[protocol.pk, step.pk]))
    assert "amount" not in page.context["form"].fields
    edit_step(clinician, step, title="Booked", amount="3", unit="days")
    assert (step_of(protocol, "booked").title, step_of(protocol, "booked").offset_minutes) == ("Booked", 0)


@pytest.mark.parametrize(
    ("code", "changes", "where"),
    [
        ("after_1d", {"subject": "Your visit\nBcc: x@example.com"}, "subject"),
        ("after_1d", {"subject": "Your visit\u2028to us"}, "subject"),
        ("after_1d", {"subject": "A note {name}"}, "subject"),
        ("after_1d", {"subject": "x" * 121}, "subject"),
        ("after_1d", {"title": "Day {after_1_days}"}, "title"),
        ("after_1d", {"title": ""}, "title"),
        ("after_1d", {"normal": ""}, "normal"),
        ("after_1d", {"do": "Until {after_soon_days}"}, "do"),
        ("after_1d", {"do": "Until {after_0_days}"}, "do"),
        ("after_1d", {"wait": "Until {after 3 days}"}, "wait"),
        ("after_1d", {"call": "ring {emergency"}, "call"),
        ("after_1d", {"call": "ring emergency}"}, "call"),
        ("after_1d", {"call": ""}, "call"),
        ("after_1d", {"at_local_time": ""}, "at_local_time"),
        ("after_1d", {"unit": "hours"}, "at_local_time"),
        ("after_1d", {"unit": "hours", "at_local_time": "", "amount": "73"}, "amount"),
        ("after_1d", {"amount": "0"}, "amount"),
        ("after_1d", {"amount": "-1"}, "amount"),
        ("after_1d", {"expires_after_hours": "0"}, "expires_after_hours"),
        ("after_1d", {"change_note": ""}, "change_note"),
    ],
)
def test_a_step_that_could_not_be_sent_is_refused_where_it_stands(clinician, protocol, code, changes, where):
    before = everything()
    answer = edit_step(clinician, step_of(protocol, code), **changes)
    assert answer.status_code == 422
    assert f'id="id_{where}_error"' in answer.content.decode()
    assert everything() == before


@pytest.mark.parametrize("word", [*REVEALING_WORDS, *REVEALING_STEMS])
def test_a_subject_that_tells_a_stranger_is_refused(clinician, protocol, word):
    before = everything()
    answer = edit_step(clinician, step_of(protocol, "after_1d"), subject=f"About your {word.upper()}, now")
    assert answer.status_code == 422
    assert f"“{word}” tells a stranger" in answer.content.decode()
    assert everything() == before


@pytest.mark.parametrize("subject", ["Your s\u200bkin", "Your ｓｋｉｎ", "Your microneedling", "Skincare"])
def test_a_subject_is_read_as_a_stranger_would(clinician, protocol, subject):
    assert edit_step(clinician, step_of(protocol, "after_1d"), subject=subject).status_code == 422
    assert protocol.versions.count() == 1


@pytest.mark.parametrize(
    "subject", ["A note from Oscar at the market", *sorted({s.subject for s in load_steps()})]
)
def test_a_subject_that_says_nothing_may_be_used(clinician, protocol, subject):
    answer = edit_step(clinician, step_of(protocol, "before_28d"), subject=subject, title="Soon")
    assert answer.status_code == 302


# Series under way keep what they began with


def test_messages_of_a_series_under_way_stay_as_they_were_planned(clinician, location, protocol):  # case 40
    series = make_booked_series(location, version=current(protocol))
    messages_for_booking(series, now=NOW)
    before = [list(table.objects.order_by("pk").values_list()) for table in (Message, MessageEvent)]
    edit_step(clinician, step_of(protocol, "before_1d"), title="Other words", amount="2")
    edit_step(clinician, step_of(protocol, "before_7d"), is_active=None)
    assert [list(table.objects.order_by("pk").values_list()) for table in (Message, MessageEvent)] == before
    assert protocol.versions.count() == 3


def test_a_series_under_way_goes_on_with_the_mails_it_began_with(clinician, location, protocol):  # case 40
    first = current(protocol)
    series = make_booked_series(location, version=first)
    edit_step(clinician, step_of(protocol, "after_1d"), is_active=None)
    session = series.sessions.get(number=1)
    session.state, session.done_at = "done", session.ends_at
    session.save()
    messages_for_completion(session, now=session.ends_at)
    planned = series.messages.values_list("step__version", "step__code").order_by("due_at")
    codes = ["after_4h", "after_1d", "after_3d", "after_7d", "after_14d", "after_28d"]
    assert list(planned) == [(first.pk, code) for code in codes]


def test_a_new_series_gets_the_new_mails(clinician, location, protocol):
    edit_step(clinician, step_of(protocol, "before_7d"), is_active=None)
    series = make_booked_series(location, version=current(protocol), sessions_planned=1)
    messages_for_booking(series, now=NOW)
    codes = series.messages.order_by("due_at").values_list("step__code", flat=True)
    assert list(codes) == ["booked", "before_14d", "before_5d", "before_3d", "before_1d", "before_0d"]


def test_a_step_of_an_earlier_version_is_only_read(clinician, protocol):
    old = step_of(protocol, "after_1d")
    edit(clinician, protocol, sessions_max="6")
    path = reverse("protocol_step", args=[protocol.pk, old.pk])
    page = clinician.get(path)
    assert "Save as a new version" not in page.content.decode()
    before = everything()
    answer = clinician.post(path, typed(page) | {"change_note": "Late", "title": "Late"})
    assert answer.status_code == 409
    assert everything() == before


# A look at a mail


def written(queries: CaptureQueriesContext) -> list[str]:
    """What changed anything but who is signed in."""
    words = ("INSERT", "UPDATE", "DELETE")
    said = (q["sql"] for q in queries.captured_queries if q["sql"].startswith(words))
    return [sql for sql in said if '"usersessions_usersession"' not in sql]


@pytest.mark.parametrize("code", [step.code for step in load_steps()])
def test_every_mail_can_be_looked_at_and_nothing_is_sent_or_written(clinician, protocol, code):
    step = step_of(protocol, code)
    with CaptureQueriesContext(connection) as queries:
        page = clinician.get(reverse("protocol_step", args=[protocol.pk, step.pk]))
        sealed = clinician.get(reverse("protocol_step_mail", args=[protocol.pk, step.pk]))
    looked = page.context["mail"].text
    assert looked.startswith("Hello Maya, this is a note from Linden Row")
    assert step.title in looked
    assert "{" not in looked + page.context["mail"].subject
    assert page.context["mail"].html == sealed.content.decode()
    rules = set(sealed["Content-Security-Policy"].split("; "))
    assert rules == {"default-src 'none'", "style-src 'unsafe-inline'", "frame-ancestors 'none'", "sandbox"}
    assert (written(queries), mail.outbox) == ([], [])


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("booked", ["Your dates, at Leeds", "Tuesday 16 February 2027, 10:00 GMT"]),
        (
            "moved",
            [
                "What changed",
                "- Monday 15 February 2027, 10:00 GMT is now Tuesday 16 February 2027, 10:00 GMT",
            ],
        ),
        ("cancelled", ["Cancelled", "- Tuesday 16 February 2027, 10:00 GMT"]),
        ("before_1d", ["Your visit, at Leeds", "Tuesday 16 February 2027, 10:00 GMT"]),
        ("after_1d", ["Day 1 of 7", "From Wednesday 17 February, 12:00: mineral sunscreen"]),
        ("after_1d", ["Your next visit, at Leeds", "Tuesday 23 March 2027, 10:00 GMT"]),
    ],
)
def test_a_look_has_dates_as_the_mail_will_have(location, protocol, code, lines):
    text = preview(step_of(protocol, code), location, now=NOW).text
    assert [line for line in lines if line not in text] == []


def test_what_was_typed_can_be_looked_at_without_saving_it(clinician, protocol):
    before = everything()
    answer = edit_step(
        clinician,
        step_of(protocol, "after_1d"),
        title="Only a try",
        do="Rest until {after_2_days}.",
        look="yes",
        change_note="",
    )
    assert answer.status_code == 200
    assert "Only a try" in answer.context["mail"].text
    assert "Rest until" in answer.context["mail"].text
    assert "{" not in answer.context["mail"].text
    assert typed(answer)["title"] == "Only a try"
    assert (everything(), mail.outbox) == (before, [])


def test_words_with_markup_stay_words(clinician, protocol):
    edit_step(clinician, step_of(protocol, "after_1d"), normal="<script>alert(1)</script>")
    step = step_of(protocol, "after_1d")
    for name in ("protocol_step", "protocol_step_mail"):
        page = clinician.get(reverse(name, args=[protocol.pk, step.pk])).content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page


# Who may


@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.READ_ONLY])
def test_who_may_not_manage_protocols_neither_sees_nor_changes_them(client, location, protocol, role):
    client.force_login(make_staff(location, role).user)
    step, before = step_of(protocol, "after_1d"), everything()
    paths = [
        reverse("protocols"),
        reverse("protocol", args=[protocol.pk]),
        reverse("protocol_edit", args=[protocol.pk]),
        reverse("protocol_offer", args=[protocol.pk]),
        reverse("protocol_version", args=[protocol.pk, step.version_id]),
        reverse("protocol_step", args=[protocol.pk, step.pk]),
        reverse("protocol_step_mail", args=[protocol.pk, step.pk]),
    ]
    asked = [(client.get(path).status_code, client.post(path).status_code) for path in paths]
    assert asked == [(404, 404)] * len(paths)
    assert everything() == before


def test_another_clinics_protocol_is_not_there(client, protocol):
    client.force_login(make_staff(make_location(), Role.MANAGER).user)
    step, before = step_of(protocol, "after_1d"), everything()
    for name, args in [
        ("protocol", []),
        ("protocol_edit", []),
        ("protocol_version", [step.version_id]),
        ("protocol_step", [step.pk]),
        ("protocol_step_mail", [step.pk]),
    ]:
        path = reverse(name, args=[protocol.pk, *args])
        assert (client.get(path).status_code, client.post(path).status_code) == (404, 404)
    assert client.post(reverse("protocol_offer", args=[protocol.pk])).status_code == 404
    assert everything() == before


def test_a_step_or_version_of_another_protocol_is_not_there(clinician, location, protocol):
    other = location.clinic.protocols.get(code="mn-mild")
    step = step_of(other, "after_1d")
    assert clinician.get(reverse("protocol_step", args=[protocol.pk, step.pk])).status_code == 404
    assert clinician.get(reverse("protocol_version", args=[protocol.pk, step.version_id])).status_code == 404
