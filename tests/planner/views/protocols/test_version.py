"""How a next version is made, and that the old one stays as it was."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic.models import Location
from planner.models import (
    Protocol,
    ProtocolGap,
    ProtocolVersion,
    SiteDepth,
)
from planner.protocols.catalogue import recipe_of
from tests.makers import (
    make_location,
)
from tests.planner.views.protocols.pages import OURS, current, edit, everything, rows_of, step_of, typed

pytestmark = pytest.mark.django_db


def test_a_change_makes_a_new_version_and_leaves_the_old_one_as_it_was(
    clinician: Client, protocol: Protocol
) -> None:
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


def test_what_a_version_needs_of_people_rooms_and_devices_stays(
    clinician: Client, protocol: Protocol
) -> None:
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


def test_a_changed_number_of_sessions_becomes_the_clinics_own_setting(
    clinician: Client, protocol: Protocol
) -> None:
    ProtocolVersion.objects.update(certainty="found")
    edit(clinician, protocol, sessions_max="6")
    new = current(protocol)
    assert (new.source[: len(OURS)], new.certainty) == (OURS, "clinic_setting")


def test_other_figures_of_a_version_leave_its_source_alone(clinician: Client, protocol: Protocol) -> None:
    ProtocolVersion.objects.update(certainty="found")
    was = current(protocol).source
    edit(clinician, protocol, lapse_days="90", outcome_weeks="12, 26", interim_review_before="3")
    new = current(protocol)
    assert (new.source, new.certainty) == (was, "found")
    assert (new.lapse_days, new.outcome_weeks, new.interim_review_before) == (90, [12, 26], 3)


def test_only_the_gap_that_changes_gets_the_clinics_name(clinician: Client, protocol: Protocol) -> None:
    ProtocolGap.objects.update(source="A trial", certainty="found")
    edit(clinician, protocol, **{"gaps-4-target_days": "45"})
    gaps = [(g.target_days, g.source[: len(OURS)], g.certainty) for g in current(protocol).gaps.all()]
    assert gaps == [(35, "A trial", "found"), (45, OURS, "clinic_setting"), (49, "A trial", "found")]


def test_only_the_depth_that_changes_gets_the_clinics_name(clinician: Client, protocol: Protocol) -> None:
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
def test_what_cannot_be_is_refused_where_it_stands(
    clinician: Client, protocol: Protocol, changes: dict[str, Any], where: str
) -> None:
    before = everything()
    answer = edit(clinician, protocol, **changes)
    assert answer.status_code == 422
    assert f'id="id_{where}_error"' in answer.content.decode()
    assert everything() == before


def test_the_boards_steps_are_those_of_every_location(
    clinician: Client, location: Location, protocol: Protocol
) -> None:
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
def test_what_is_not_safe_is_refused_and_what_was_typed_stays(
    clinician: Client, protocol: Protocol, changes: dict[str, Any], said: str
) -> None:
    before = everything()
    answer = edit(clinician, protocol, **changes, change_note="As typed")
    assert (answer.status_code, answer.context["page"].refusal) == (422, said)
    assert {"change_note": "As typed", **changes}.items() <= typed(answer).items()
    assert everything() == before


def test_a_floor_may_rise(clinician: Client, protocol: Protocol) -> None:
    edit(clinician, protocol, floor_days="28")
    assert current(protocol).floor_days == 28


def test_of_two_editors_the_second_is_told(clinician: Client, protocol: Protocol) -> None:
    path = reverse("protocol_edit", args=[protocol.pk])
    second = typed(clinician.get(path)) | {"change_note": "Mine", "sessions_max": "6"}
    edit(clinician, protocol, sessions_max="7")
    before = everything()
    answer = clinician.post(path, second)
    assert answer.status_code == 409
    assert answer.context["page"].refusal.startswith("Someone changed this while you were looking.")
    assert everything() == before


def test_a_form_sent_twice_makes_one_version(clinician: Client, protocol: Protocol) -> None:
    path = reverse("protocol_edit", args=[protocol.pk])
    data = typed(clinician.get(path)) | {"change_note": "Once", "sessions_max": "6"}
    for _ in range(2):
        assert clinician.post(path, data).status_code == 302
    assert protocol.versions.count() == 2


def test_a_step_sent_twice_makes_one_version(clinician: Client, protocol: Protocol) -> None:
    step = step_of(protocol, "after_4h")
    path = reverse("protocol_step", args=[protocol.pk, step.pk])
    data = typed(clinician.get(path)) | {"change_note": "Once", "title": "Tonight"}
    for _ in range(2):
        assert clinician.post(path, data).status_code == 302
    assert protocol.versions.count() == 2
