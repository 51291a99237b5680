"""Settings: protocols, their versions, and the mails around a session."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from csp.decorators import csp
from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from clinic.permissions import Right
from clinic.readings import the_one
from clinic.views.access import StaffRequest, needs
from clinic.views.answer import FormPage, answer_form, key_sent, show_page, taken, whole_number
from planner.choices import Anchor
from planner.forms.protocols import ProtocolForm
from planner.forms.steps import StepForm
from planner.models import AftercareStep, Protocol, ProtocolVersion
from planner.outbox.letter import Mail
from planner.outbox.plan_messages import NEWS
from planner.outbox.preview import preview
from planner.outbox.step_words import when
from planner.protocols.catalogue import WHOLE, protocols_of, versions_of
from planner.protocols.protocol_versions import Revision, offer, revise, shipped_floor
from planner.readings import open_protocol, open_step
from planner.views.messages import AS_IT_LEFT


class SourceAndCertainty(NamedTuple):
    """Where a figure comes from, and whether it was found there."""

    source: str
    certainty: str


StepGroup = tuple[object, list[tuple[str, AftercareStep]]]
"""A heading and its steps, each with when it goes."""

GROUPS = (
    (gettext_lazy("News about dates"), NEWS),
    (gettext_lazy("Before each session"), (Anchor.SESSION_START,)),
    (gettext_lazy("After each session"), (Anchor.SESSION_END,)),
    (gettext_lazy("After the last session"), (Anchor.LAST_SESSION_END,)),
)


@dataclass(frozen=True, slots=True)
class ProtocolsPage:
    """All of them, as `protocols_of` has them."""

    protocols: QuerySet[Protocol]


@dataclass(frozen=True, slots=True)
class ProtocolPage:
    """One version of a protocol beside the list of all; `depth_source` is where most depths come from."""

    protocol: Protocol
    version: ProtocolVersion
    versions: QuerySet[ProtocolVersion]
    depth_source: SourceAndCertainty | None
    groups: list[StepGroup]

    @property
    def minutes(self) -> int:
        return sum(phase.minutes for phase in self.version.phases.all())


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolEditPage(FormPage):
    """The figures to change, and the days between two sessions that nobody may go under."""

    form: ProtocolForm
    protocol: Protocol
    floor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPage(FormPage):
    """A mail to change or to read; `is_a_look` where it is shown as typed, before it is saved."""

    form: StepForm
    protocol: Protocol
    step: AftercareStep
    when: str
    mail: Mail
    is_a_look: bool = False

    @property
    def can_change(self) -> bool:
        return bool(self.step.version.is_current or self.refusal or self.form.errors)


@needs(Right.MANAGE_PROTOCOLS)
def index(request: StaffRequest) -> HttpResponse:
    rows = protocols_of(request.staff.location.clinic)
    return show_page(request, "planner/protocols.html", ProtocolsPage(rows))


@needs(Right.MANAGE_PROTOCOLS)
def show(request: StaffRequest, protocol_id: int) -> HttpResponse:
    return _page(request, open_protocol(request.actor, protocol_id), is_current=True)


@needs(Right.MANAGE_PROTOCOLS)
def show_version(request: StaffRequest, protocol_id: int, version_id: int) -> HttpResponse:
    return _page(request, open_protocol(request.actor, protocol_id), pk=version_id)


def _page(request: StaffRequest, protocol: Protocol, **which: object) -> HttpResponse:
    """One version of the protocol, beside the list of all of them."""
    steps = AftercareStep.objects.order_by("offset_minutes", "at_local_time", "code")
    versions = ProtocolVersion.objects.prefetch_related(*WHOLE, Prefetch("steps", queryset=steps))
    version = the_one(versions.filter(protocol=protocol, **which))
    page = ProtocolPage(
        protocol=protocol,
        version=version,
        versions=versions_of(protocol),
        depth_source=_commonest(
            SourceAndCertainty(row.source, row.certainty) for row in version.depths.all()
        ),
        groups=_timeline(version),
    )
    return show_page(request, "planner/protocol.html", page)


def _commonest(sources: Iterable[SourceAndCertainty]) -> SourceAndCertainty | None:
    return next((source for source, _times in Counter(sources).most_common(1)), None)


def _timeline(version: ProtocolVersion) -> list[StepGroup]:
    """The steps under their headings, each with when it goes, in the order they go."""
    steps = version.steps.all()
    return [(title, [(when(s), s) for s in steps if s.anchor in anchors]) for title, anchors in GROUPS]


@needs(Right.MANAGE_PROTOCOLS)
def edit(request: StaffRequest, protocol_id: int) -> HttpResponse:
    """The form is that of the version which the page was made from: an outdated one is refused with what it says."""
    protocol = open_protocol(request.actor, protocol_id)
    versions = protocol.versions.prefetch_related(*WHOLE, "steps")
    number = whole_number(request.POST.get("version"))
    seen = versions.filter(number=number).first() if number else None
    version = seen or versions.get(is_current=True)
    grids = request.staff.location.clinic.locations.values_list("grid_minutes", flat=True)
    form = ProtocolForm(request.POST or None, version=version, grids=grids)
    return answer_form(
        request,
        "planner/protocol_edit.html",
        ProtocolEditPage(form=form, protocol=protocol, floor=shipped_floor(protocol.modality)),
        write=lambda: _revise(request, protocol, form, form.revision()),
        to=reverse("protocol", args=[protocol.pk]),
    )


@needs(Right.MANAGE_PROTOCOLS)
@require_POST
def change_offer(request: StaffRequest, protocol_id: int) -> HttpResponse:
    protocol = open_protocol(request.actor, protocol_id)
    is_offered = request.POST.get("offered") == "yes"
    offer(protocol, is_offered=is_offered, by=request.actor, key=key_sent(request), now=timezone.now())
    said = _("%(name)s is offered again.") if is_offered else _("%(name)s is offered no longer.")
    return taken(request, reverse("protocol", args=[protocol.pk]), said % {"name": protocol.name})


@needs(Right.MANAGE_PROTOCOLS)
def step(request: StaffRequest, protocol_id: int, step_id: int) -> HttpResponse:
    """A step with its mail: to change while its version is the current one, otherwise to read."""
    row = open_step(request.actor, protocol_id, step_id)
    protocol, wants_a_look = row.version.protocol, "look" in request.POST
    form = StepForm(request.POST or None, step=row, is_noted=not wants_a_look)
    is_a_look = wants_a_look and form.is_valid()
    shown = form.typed_step() if is_a_look else row
    page = StepPage(
        form=form,
        protocol=protocol,
        step=row,
        when=when(shown),
        mail=preview(shown, request.staff.location, now=timezone.now()),
        is_a_look=is_a_look,
    )
    if is_a_look:
        return show_page(request, "planner/step.html", page)
    return answer_form(
        request,
        "planner/step.html",
        page,
        write=lambda: _revise(request, protocol, form, form.revision()),
        to=reverse("protocol", args=[protocol.pk]),
    )


@csp(AS_IT_LEFT)  # as for a mail that left: its styles stand in its elements, and nothing in it may run
@needs(Right.MANAGE_PROTOCOLS)
def step_mail(request: StaffRequest, protocol_id: int, step_id: int) -> HttpResponse:
    row = open_step(request.actor, protocol_id, step_id)
    return HttpResponse(preview(row, request.staff.location, now=timezone.now()).html)


def _revise(
    request: StaffRequest, protocol: Protocol, form: ProtocolForm | StepForm, revision: Revision
) -> str:
    version = revise(
        protocol,
        revision,
        based_on=form.cleaned_data["version"],
        by=request.actor,
        key=form.cleaned_data["key"],
        now=timezone.now(),
    )
    names = {"name": protocol.name, "number": version.number}
    return _("%(name)s is now at version %(number)d; series under way keep theirs.") % names
