"""Settings: who works here and what they may do."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from smtplib import SMTPException

from allauth.account.forms import ResetPasswordForm
from django.contrib import messages
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clinic.forms import NewStaffForm, StaffForm
from clinic.models import StaffMember, User
from clinic.permissions import Right
from clinic.queries import practitioner_of, staff_of
from clinic.readings import open_member
from clinic.services.sessions_hit import ChangeScope
from clinic.services.staff import add_staff, change_staff
from clinic.views.access import StaffRequest, needs
from clinic.views.answer import FormPage, answer_form, show_page, taken

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StaffPage:
    members: Sequence[StaffMember]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberPage(FormPage):
    """Of somebody who works here, or of somebody to be added."""

    title: str
    member: StaffMember | None = None


def _mail_password_link(request: StaffRequest, user: User) -> bool:
    """Whether the mail with the link to set a password has left."""
    form = ResetPasswordForm({"email": user.email})
    assert form.is_valid()
    try:
        form.save(request)
    except (OSError, SMTPException) as error:
        log.warning("the mail to user %s did not leave: %s", user.pk, type(error).__name__)
        messages.warning(request, _("The mail did not leave. Send it again from their page."))
        return False
    return True


@needs(Right.MANAGE_CLINIC)
def staff(request: StaffRequest) -> HttpResponse:
    return show_page(request, "clinic/staff.html", StaffPage(list(staff_of(request.staff.location.clinic))))


@needs(Right.MANAGE_CLINIC)
def new_member(request: StaffRequest) -> HttpResponse:
    form = NewStaffForm(request.POST or None)

    def write() -> str:
        member = add_staff(
            form.cleaned_data["email"],
            form.entry(),
            location=request.staff.location,
            welcome=lambda user: _mail_password_link(request, user),
            by=request.actor,
            key=form.cleaned_data["key"],
            now=timezone.now(),
        )
        return _("%(name)s was added and gets a mail with a link to set a password.") % {"name": member.name}

    page = MemberPage(form=form, title=_("New in the team"))
    return answer_form(request, "clinic/member.html", page, write=write, to="settings_staff")


@needs(Right.MANAGE_CLINIC)
def member(request: StaffRequest, staff_id: int) -> HttpResponse:
    row = open_member(request.actor, staff_id)
    name = row.name
    now = {"name": name, "role": row.role, "is_active": row.is_active, "version": row.version}
    form = StaffForm(request.POST or None, initial=now)

    def write() -> str:
        seen, key = form.cleaned_data["version"] or 0, form.cleaned_data["key"]
        change_staff(row, form.entry(), version=seen, by=request.actor, key=key, now=timezone.now())
        return _("%(name)s was changed.") % {"name": row.name}

    page = MemberPage(form=form, title=name, member=row)

    def scope() -> ChangeScope:
        own = practitioner_of(row)
        return ChangeScope(own.location if own else row.location, own)

    return answer_form(request, "clinic/member.html", page, write=write, to="settings_staff", hits_in=scope)


@needs(Right.MANAGE_CLINIC)
@require_POST
def mail_password_link(request: StaffRequest, staff_id: int) -> HttpResponse:
    row = open_member(request.actor, staff_id)
    has_left = row.is_active and _mail_password_link(request, row.user)
    said = _("%(name)s gets a mail with a link.") if has_left else _("No mail was sent to %(name)s.")
    return taken(request, "settings_staff", said % {"name": row.name})
