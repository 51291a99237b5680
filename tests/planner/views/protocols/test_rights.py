"""Who may see and change protocols."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic.models import Location
from clinic.permissions import Role
from planner.models import Protocol
from tests.makers import (
    make_location,
    make_staff,
)
from tests.planner.views.protocols.pages import everything, step_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.READ_ONLY])
def test_who_may_not_manage_protocols_neither_sees_nor_changes_them(
    client: Client, location: Location, protocol: Protocol, role: Any
) -> None:
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


def test_another_clinics_protocol_is_not_there(client: Client, protocol: Protocol) -> None:
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


def test_a_step_or_version_of_another_protocol_is_not_there(
    clinician: Client, location: Location, protocol: Protocol
) -> None:
    other = location.clinic.protocols.get(code="mn-mild")
    step = step_of(other, "after_1d")
    assert clinician.get(reverse("protocol_step", args=[protocol.pk, step.pk])).status_code == 404
    assert clinician.get(reverse("protocol_version", args=[protocol.pk, step.version_id])).status_code == 404
