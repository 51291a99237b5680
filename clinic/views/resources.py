"""Settings: practitioners, rooms and devices."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.forms import RESOURCE_FORMS
from clinic.models import Resource, ResourceKind
from clinic.permissions import Right
from clinic.queries import resources_of
from clinic.readings import open_resource
from clinic.services.once import Edited
from clinic.services.resources import add_resource, change_resource
from clinic.services.sessions_hit import ChangeScope
from clinic.views.access import StaffRequest, needs
from clinic.views.answer import FormPage, answer_form, show_page

HEADINGS = {
    ResourceKind.PRACTITIONER: gettext_lazy("Practitioners"),
    ResourceKind.ROOM: gettext_lazy("Rooms"),
    ResourceKind.DEVICE: gettext_lazy("Devices"),
}


@dataclass(frozen=True, slots=True)
class ResourceGroup:
    """What a clinic has of one kind."""

    kind: ResourceKind
    heading: str | Promise
    rows: Sequence[Resource]


@dataclass(frozen=True, slots=True)
class ResourcesPage:
    groups: Sequence[ResourceGroup]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourcePage(FormPage):
    """Of one that is known, or of one to be added."""

    title: str
    resource: Resource | None = None


@needs(Right.MANAGE_CLINIC)
def resources(request: StaffRequest) -> HttpResponse:
    rows = list(resources_of(request.staff.location))
    groups = [
        ResourceGroup(kind, HEADINGS[kind], [row for row in rows if row.kind == kind])
        for kind in ResourceKind
    ]
    return show_page(request, "clinic/resources.html", ResourcesPage(groups))


@needs(Right.MANAGE_CLINIC)
def new_resource(request: StaffRequest, kind: str) -> HttpResponse:
    if kind not in ResourceKind.values:
        raise Http404
    row = Resource(location=request.staff.location, kind=kind)
    form = RESOURCE_FORMS[ResourceKind(kind)](request.POST or None, instance=row)

    def write() -> str:
        add_resource(row, by=request.actor, key=form.cleaned_data["key"], now=timezone.now())
        return _("%(name)s was added.") % {"name": row.name}

    title = _("New %(kind)s") % {"kind": row.get_kind_display().lower()}
    page = ResourcePage(form=form, title=title)
    return answer_form(request, "clinic/resource.html", page, write=write, to="settings_resources")


@needs(Right.MANAGE_CLINIC)
def resource(request: StaffRequest, resource_id: int) -> HttpResponse:
    row = open_resource(request.actor, resource_id)
    name = row.name
    form = RESOURCE_FORMS[ResourceKind(row.kind)](request.POST or None, instance=row)

    def write() -> str:
        key, now = form.cleaned_data["key"], timezone.now()
        change_resource(Edited(row), by=request.actor, key=key, now=now)
        return _("%(name)s was changed.") % {"name": row.name}

    page = ResourcePage(form=form, title=name, resource=row)
    scope = ChangeScope(request.staff.location, row)
    return answer_form(
        request, "clinic/resource.html", page, write=write, to="settings_resources", hits_in=lambda: scope
    )
