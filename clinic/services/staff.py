"""Who works here: their place, their role, and what they set for themselves."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime

from allauth.usersessions.models import UserSession
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from clinic.actor import Actor
from clinic.errors import Refusal
from clinic.models import Location, Resource, StaffMember, User
from clinic.permissions import Role
from clinic.services.once import once
from clinic.services.versions import take_turn


class AddressTaken(Refusal):
    code = "address_taken"
    sentence = _("{email} cannot be used for a new sign-in. Nobody was added.")
    next_step = _("Look whether they stand in the list below, maybe switched off, or take another address.")


class NotYourself(Refusal):
    code = "not_yourself"
    sentence = _("You cannot take your own role away or switch yourself off. Nothing was changed.")
    next_step = _("Ask another manager to do it.")


class LastManager(Refusal):
    code = "last_manager"
    sentence = _("{name} is the last manager. Nothing was changed.")
    next_step = _("Make someone else a manager first.")


@dataclass(frozen=True, slots=True)
class StaffEntry:
    """What a manager says about somebody who works here."""

    name: str
    role: Role
    is_active: bool = True


def _create(email: str, entry: StaffEntry, location: Location) -> StaffMember:
    if User.objects.filter(email__iexact=email).exists():
        raise AddressTaken(email=email)
    user = User.objects.create_user(email=email.lower(), is_active=entry.is_active)
    return StaffMember.objects.create(user=user, location=location, **asdict(entry))


@once
def add_staff(
    email: str,
    entry: StaffEntry,
    *,
    location: Location,
    welcome: Callable[[User], object],
    by: Actor,
    key: str,
    now: datetime,
) -> StaffMember:
    """Give somebody a sign-in without a password; refuses a known address. `welcome` is called once, when kept."""
    member = _create(email, entry, location)
    transaction.on_commit(lambda: welcome(member.user))
    return member


def _refuse_losing_the_manager(member: StaffMember, entry: StaffEntry, by: Actor) -> None:
    if entry.is_active and entry.role == Role.MANAGER:
        return
    managers = StaffMember.objects.filter(
        location__clinic=member.location.clinic_id, role=Role.MANAGER, is_active=True
    )
    locked = list(managers.order_by("pk").select_for_update(of=("self",)))
    if member not in locked:
        return
    if member.user_id == by.user.pk:
        raise NotYourself()
    if locked == [member]:
        raise LastManager(name=member.name)


def _take_along(user: User, *, is_active: bool) -> None:
    for own in Resource.objects.select_for_update(no_key=True).filter(user=user):
        own.is_active, own.version = is_active, own.version + 1
        own.save(update_fields=["is_active", "version"])


@once
def change_staff(
    member: StaffMember, entry: StaffEntry, *, version: int, by: Actor, key: str, now: datetime
) -> StaffMember:
    """Keep name, role and whether they may sign in; who may not is signed out everywhere at once.

    Whoever is switched off or on takes the practitioner they are along, out of use or back into it.

    Refuses that a manager gives up their own role or sign-in, that the clinic is left without a manager, and when
    somebody else saved the member since `version`.
    """
    _refuse_losing_the_manager(member, entry, by)
    member.version = version
    take_turn(member)
    if member.is_active != entry.is_active:
        _take_along(member.user, is_active=entry.is_active)
    member.name, member.role, member.is_active = entry.name, entry.role, entry.is_active
    member.save(update_fields=["name", "role", "is_active", "version"])
    member.user.is_active = entry.is_active
    member.user.save(update_fields=["is_active"])
    if not entry.is_active:
        for session in UserSession.objects.filter(user=member.user):
            session.end()
    return member


@once
def hide_names(*, hides: bool, by: Actor, key: str, now: datetime) -> StaffMember:
    """From now on `by` sees initials, or names again."""
    staff = StaffMember.objects.get(user=by.user)
    staff.hides_names = hides
    staff.save(update_fields=["hides_names"])
    return staff


@once
def wear_theme(theme: StaffMember.Theme, *, by: Actor, key: str, now: datetime) -> StaffMember:
    """From now on `by` sees every page so."""
    staff = StaffMember.objects.get(user=by.user)
    staff.theme = theme
    staff.save(update_fields=["theme"])
    return staff
