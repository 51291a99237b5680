from typing import Any
from uuid import uuid4

import pytest
from allauth.usersessions.models import UserSession
from pytest_django import DjangoCaptureOnCommitCallbacks

from clinic.models import StaffMember, User
from clinic.permissions import Role
from clinic.services.once import KeyUsedForSomethingElse
from clinic.services.staff import (
    AddressTaken,
    LastManager,
    NotYourself,
    StaffEntry,
    add_staff,
    change_staff,
)
from tests.makers import NOW, acting, make_location, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager() -> StaffMember:
    return make_staff(make_location(), Role.MANAGER, name="Mo")


def _add(manager: StaffMember, welcomed: list[User], **fields: Any) -> StaffMember:
    asked = {"email": "Priya@Linden.example", "key": "k"} | fields
    return add_staff(
        asked["email"],
        StaffEntry("Priya Nair", Role.CLINICIAN),
        location=manager.location,
        welcome=welcomed.append,
        by=acting(manager),
        key=asked["key"],
        now=NOW,
    )


def _change(member: StaffMember, entry: StaffEntry, *, by: StaffMember, key: str = "") -> StaffMember:
    """With a key of its own, if none is named."""
    member.refresh_from_db()
    key = key or uuid4().hex
    return change_staff(member, entry, version=member.version, by=acting(by), key=key, now=NOW)


def test_a_new_member_signs_in_with_the_address_and_no_password_yet(
    manager: StaffMember, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    welcomed: list[User] = []
    with django_capture_on_commit_callbacks(execute=True):
        member = _add(manager, welcomed)
    assert (member.user.email, member.user.has_usable_password()) == ("priya@linden.example", False)
    assert (member.name, member.role, member.location) == ("Priya Nair", Role.CLINICIAN, manager.location)
    assert welcomed == [member.user]


def test_sent_twice_adds_and_welcomes_once(
    manager: StaffMember, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    welcomed: list[User] = []
    with django_capture_on_commit_callbacks(execute=True):
        assert _add(manager, welcomed) == _add(manager, welcomed)
    assert len(welcomed) == 1


def test_a_known_address_is_refused(manager: StaffMember) -> None:
    make_staff(make_location(), email="priya@linden.example")
    before = list(StaffMember.objects.values_list("pk", flat=True))
    with pytest.raises(AddressTaken):
        _add(manager, [])
    assert list(StaffMember.objects.values_list("pk", flat=True)) == before


def test_name_and_role_change(manager: StaffMember) -> None:
    member = make_staff(manager.location, Role.FRONT_DESK)
    _change(member, StaffEntry("Abi", Role.CLINICIAN), by=manager)
    member.refresh_from_db()
    assert (member.name, member.role, member.is_active) == ("Abi", Role.CLINICIAN, True)


def test_a_change_sent_twice_is_done_once_and_answers_twice(manager: StaffMember) -> None:
    member, entry = make_staff(manager.location, Role.FRONT_DESK), StaffEntry("Abi", Role.CLINICIAN)
    asked: dict[str, Any] = {"version": member.version, "by": acting(manager), "key": "k", "now": NOW}
    first = change_staff(member, entry, **asked)
    again = change_staff(StaffMember.objects.get(pk=member.pk), entry, **asked)
    assert (again, again.version) == (first, first.version)
    with pytest.raises(KeyUsedForSomethingElse):
        change_staff(member, StaffEntry("Zoe", Role.CLINICIAN), **asked)
    member.refresh_from_db()
    assert (member.name, member.version) == ("Abi", first.version)


def test_switched_off_means_signed_out_everywhere_and_back_on_again(manager: StaffMember) -> None:
    member = make_staff(manager.location, Role.FRONT_DESK)
    UserSession.objects.create(
        user=member.user, session_key="s", ip="127.0.0.1", user_agent="", created_at=NOW
    )
    _change(member, StaffEntry("Abi", Role.FRONT_DESK, is_active=False), by=manager)
    assert (User.objects.get(pk=member.user.pk).is_active, UserSession.objects.count()) == (False, 0)
    _change(member, StaffEntry("Abi", Role.FRONT_DESK), by=manager)
    assert User.objects.get(pk=member.user.pk).is_active


@pytest.mark.parametrize(
    "entry", [StaffEntry("Mo", Role.FRONT_DESK), StaffEntry("Mo", Role.MANAGER, is_active=False)]
)
def test_nobody_demotes_or_switches_off_themselves(manager: StaffMember, entry: StaffEntry) -> None:
    make_staff(manager.location, Role.MANAGER)
    with pytest.raises(NotYourself):
        _change(manager, entry, by=manager)
    manager.refresh_from_db()
    assert (manager.role, manager.is_active, manager.user.is_active) == (Role.MANAGER, True, True)


def test_a_manager_may_rename_themselves(manager: StaffMember) -> None:
    _change(manager, StaffEntry("Moira", Role.MANAGER), by=manager)
    manager.refresh_from_db()
    assert manager.name == "Moira"


def test_the_last_manager_stays_one(manager: StaffMember) -> None:
    once_manager = make_staff(manager.location, Role.FRONT_DESK)
    with pytest.raises(LastManager) as refusal:
        _change(manager, StaffEntry("Mo", Role.CLINICIAN), by=once_manager)
    manager.refresh_from_db()
    assert (manager.role, refusal.value.facts) == (Role.MANAGER, {"name": "Mo"})


def test_another_clinics_manager_does_not_count(manager: StaffMember) -> None:
    stranger = make_staff(make_location(), Role.MANAGER)
    with pytest.raises(LastManager):
        _change(manager, StaffEntry("Mo", Role.CLINICIAN), by=stranger)


def test_one_of_two_managers_may_become_something_else(manager: StaffMember) -> None:
    other = make_staff(manager.location, Role.MANAGER)
    _change(other, StaffEntry("Abi", Role.READ_ONLY), by=manager)
    other.refresh_from_db()
    assert other.role == Role.READ_ONLY
