"""The list of protocols, and one protocol's own page."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from clinic.models import Location
from planner.models import (
    Protocol,
)
from planner.outbox.steps import load_steps
from planner.protocols.catalogue import current_versions, load_protocols
from tests.makers import (
    NOW,
    make_booked_series,
    make_clinic,
    make_protocol_version,
)
from tests.planner.views.protocols.pages import current, edit

pytestmark = pytest.mark.django_db


def test_the_list_shows_every_protocol_of_the_clinic_with_its_current_version(
    clinician: Client, protocol: Protocol
) -> None:
    load_protocols(make_clinic(), load_steps(), now=NOW)
    Protocol.objects.filter(code="rf-mild").update(is_active=False)
    edit(clinician, protocol, sessions_target=5)
    page = clinician.get(reverse("protocols"))
    shown = {
        each.code: [version.number for version in each.current] for each in page.context["page"].protocols
    }
    assert shown == {
        "mn-mild": [1],
        "mn-moderate": [2],
        "mn-severe": [1],
        "rf-mild": [1],
        "rf-moderate": [1],
        "rf-severe": [1],
    }
    assert page.content.decode().count("not offered") == 1


def test_the_list_counts_the_series_under_way_on_all_versions(
    clinician: Client, location: Location, protocol: Protocol
) -> None:
    make_booked_series(location, version=current(protocol))
    make_booked_series(location, version=current(protocol), state="done")
    edit(clinician, protocol, sessions_target=5)
    make_booked_series(location, version=current(protocol), state="draft")
    page = clinician.get(reverse("protocols"))
    assert {each.code: each.running for each in page.context["page"].protocols}["mn-moderate"] == 2


@pytest.mark.parametrize("more", [1, 30])
def test_the_list_costs_the_same_queries_for_any_number_of_rows(
    clinician: Client, location: Location, more: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(more):
        make_booked_series(location, version=make_protocol_version(location.clinic))
    clinician.get(reverse("protocols"))
    with django_assert_num_queries(5):
        clinician.get(reverse("protocols"))


# One protocol


@pytest.mark.parametrize("more", [1, 30])
def test_a_protocol_costs_the_same_queries_for_any_number_of_versions(
    clinician: Client,
    location: Location,
    protocol: Protocol,
    more: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(2, 2 + more):
        version = make_protocol_version(location.clinic, protocol=protocol, number=number, is_current=False)
        make_booked_series(location, version=version)
    path = reverse("protocol", args=[protocol.pk])
    clinician.get(path)
    with django_assert_num_queries(9):
        clinician.get(path)


def test_a_protocol_shows_its_mails_in_the_order_they_go(clinician: Client, protocol: Protocol) -> None:
    page = clinician.get(reverse("protocol", args=[protocol.pk]))
    order = [[(when, step.code) for when, step in steps] for _title, steps in page.context["page"].groups]
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


def test_an_earlier_version_can_be_read_and_says_how_many_series_run_on_it(
    clinician: Client, location: Location, protocol: Protocol
) -> None:
    first = current(protocol)
    make_booked_series(location, version=first)
    edit(clinician, protocol, sessions_target=5)
    page = clinician.get(reverse("protocol_version", args=[protocol.pk, first.pk]))
    assert page.context["page"].version == first
    assert {each.number: each.running for each in page.context["page"].versions} == {1: 1, 2: 0}
    assert "Change figures" not in page.content.decode()


def test_a_protocol_is_offered_no_longer_and_again(
    clinician: Client, location: Location, protocol: Protocol
) -> None:
    path = reverse("protocol_offer", args=[protocol.pk])
    assert clinician.post(path, {"offered": "no"}).url == reverse("protocol", args=[protocol.pk])  # type: ignore[attr-defined]
    assert current(protocol) not in current_versions(location.clinic)
    clinician.post(path, {"offered": "yes"})
    assert current(protocol) in current_versions(location.clinic)
