"""Planning a series: the recipe and the wishes first, then three whole plans, one of which is booked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import uuid4

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.errors import Refusal, say
from clinic.localtime import day_label, local_date
from clinic.permissions import Right
from clinic.views.access import StaffRequest, needs
from clinic.views.answer import show_page, whole_number
from patients.choices import ConsentKind, ScreeningEffect
from patients.models import Area, AreaFinding, Patient
from patients.readings import open_patient
from patients.services.consents import consent_on
from patients.services.screening import standing
from planner.choices import SeriesState
from planner.forms.draft import PlanForm, WishesForm
from planner.forms.moves import VisitField
from planner.models import ProtocolVersion, Series
from planner.pages.plan_cards import PlanCard, plan_cards
from planner.protocols.catalogue import current_versions
from planner.protocols.patient_recommendation import advise, newest_findings, version_of
from planner.protocols.recommendation import Recommendation, SourcedReason
from planner.readings import open_series
from planner.schedule.book import book_series
from planner.schedule.draft import (
    MOST_SESSIONS,
    ProtocolChoice,
    Wishes,
    change_draft,
    change_wishes,
    draft_series,
)
from planner.schedule.proposals import PlanAnswer
from planner.schedule.propose import propose
from planner.schedule.refusals import AlreadyBooked, every_reason
from planner.schedule.session_place import SessionPlace
from planner.schedule.taken_areas import taken_areas


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to know before booking, and where it is settled; `tone` is warn or stop."""

    tone: str
    text: str
    url: str
    label: str


@dataclass(frozen=True, slots=True)
class TakenArea:
    """An area that a running series treats already."""

    area: Area
    series_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPage:
    """The recipe and the wishes for a series; without an area that may be planned, and a protocol, there is no form.

    `version` is that of the draft which is changed, 0 of a new one.
    """

    patient: Patient
    advice: Recommendation | None
    notices: list[Notice]
    key: str
    taken: Sequence[TakenArea] = ()
    version: int = 0
    form: PlanForm | None = None
    refusal: str = ""

    @property
    def visit_minutes(self) -> int:
        return sum(phase.minutes for phase in self.advice.recipe.phases) if self.advice else 0

    @property
    def own_reasons(self) -> list[SourcedReason]:
        """Those whose source does not stand beside a figure already."""
        assert self.advice
        told = (self.advice.recipe.source, self.advice.gap.source)
        return [reason for reason in self.advice.reasons if reason.source not in told]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlansPage:
    """Whole plans side by side, or why there are none and what would help; none are needed where all `is_placed`."""

    series: Series
    answer: PlanAnswer
    is_placed: bool
    cards: list[PlanCard]
    form: WishesForm
    key: str
    refusal: str
    notices: list[Notice]

    @property
    def is_open(self) -> bool:
        return self.series.state in (SeriesState.DRAFT, SeriesState.ACTIVE)


@needs(Right.PRESCRIBE)
def plan(request: StaffRequest, patient_id: int) -> HttpResponse:
    """Protocol, sessions, gaps and wishes for a series, as recommended for the areas that are ticked until the
    clinician says otherwise; with `?series=` of a draft, to change that one."""
    now, staff = timezone.now(), request.staff
    patient = open_patient(request.actor, patient_id, "plan", now=now)
    findings = newest_findings(patient)
    versions = current_versions(staff.location.clinic)
    taken = taken_areas(patient, [each.area for each in findings])
    free = [each for each in findings if each.area_id not in taken]
    draft = _draft_asked_for(request, patient)
    ticked = _ticked(request, free, draft)
    advice = advise(patient, staff.location, ticked, versions)
    key = request.POST.get("key") or uuid4().hex
    page = PlanPage(
        patient=patient,
        advice=advice,
        notices=_notices(patient, [each.area.site for each in ticked], now=now, today=_today(request, now)),
        key=key,
        taken=[TakenArea(each.area, taken[each.area_id]) for each in findings if each.area_id in taken],
        version=draft.version if draft else 0,
    )
    if not free or not versions:
        return show_page(request, "planner/plan.html", page)
    form = _plan_form(request, free, ticked, versions, advice, draft)
    refusal = ""
    if request.method == "POST" and "advise" not in request.POST and form.is_valid():
        try:
            series = _draft(request, patient, form, versions, advice, draft, key, now)
        except Refusal as no:
            refusal = say(no, staff.location.zone)
        else:
            return redirect("series_plan", series.pk)
    status = 409 if refusal else 422 if form.is_bound and form.errors else 200
    return show_page(request, "planner/plan.html", replace(page, form=form, refusal=refusal), status=status)


def _draft_asked_for(request: StaffRequest, patient: Patient) -> Series | None:
    asked = whole_number(request.GET.get("series"))
    return Series.objects.filter(pk=asked, patient=patient, state="draft").first() if asked else None


def _ticked(request: StaffRequest, free: list[AreaFinding], draft: Series | None) -> list[AreaFinding]:
    """Of the areas that may be planned: those sent, those of the draft, or all."""
    if request.method == "POST":
        sent = {whole_number(each) for each in request.POST.getlist("areas")}
    elif draft:
        sent = set(draft.areas.values_list("pk", flat=True))
    else:
        sent = {each.area_id for each in free}
    return [each for each in free if each.area_id in sent]


def _today(request: StaffRequest, now: datetime) -> date:
    return local_date(now, request.staff.location.zone)


def _plan_form(
    request: StaffRequest,
    free: list[AreaFinding],
    ticked: list[AreaFinding],
    versions: Sequence[ProtocolVersion],
    advice: Recommendation | None,
    draft: Series | None,
) -> PlanForm:
    initial: dict[str, object] = {"areas": [each.area_id for each in ticked]}
    if advice:
        initial |= _recipe(advice, versions)
    if draft:
        initial |= Wishes.of(draft).kept() | {
            "version": draft.protocol_version_id,
            "sessions": draft.sessions_planned,
            "gap_min": draft.gap_min_days,
            "gap_target": draft.gap_target_days,
            "gap_max": draft.gap_max_days,
            "choice_reason": draft.choice_reason,
        }
    data: QueryDict | None = request.POST if request.method == "POST" else None
    if data and "advise" in data and advice:  # what is recommended for other areas; the wishes stay as typed
        data = QueryDict(data.urlencode(), mutable=True)
        for name, value in _recipe(advice, versions).items():
            data[name] = str(value.pk if isinstance(value, ProtocolVersion) else value)
    areas = [each.area for each in free]
    return PlanForm(data, areas=areas, versions=versions, location=request.staff.location, initial=initial)


def _recipe(advice: Recommendation, versions: Sequence[ProtocolVersion]) -> dict[str, object]:
    return {
        "version": version_of(advice, versions),
        "sessions": advice.recipe.sessions_target,
        "gap_min": advice.gap.min_days,
        "gap_target": advice.gap.target_days,
        "gap_max": advice.gap.max_days,
    }


def _draft(
    request: StaffRequest,
    patient: Patient,
    form: PlanForm,
    versions: Sequence[ProtocolVersion],
    advice: Recommendation | None,
    draft: Series | None,
    key: str,
    now: datetime,
) -> Series:
    choice = ProtocolChoice(
        form.cleaned_data["version"],
        form.cleaned_data["sessions"],
        form.gap,
        recommended_version=version_of(advice, versions) if advice else None,
        recommended_sessions=advice.recipe.sessions_target if advice else None,
        reason=form.cleaned_data["choice_reason"],
    )
    areas, wishes, by = list(form.cleaned_data["areas"]), form.wishes(), request.actor
    if draft:
        seen = whole_number(request.POST.get("draft_version"))
        return change_draft(draft, choice, wishes, areas=areas, version=seen, by=by, key=key, now=now)
    return draft_series(
        patient, choice, wishes, location=request.staff.location, areas=areas, by=by, key=key, now=now
    )


@needs(Right.BOOK)
def plans(request: StaffRequest, series_id: int) -> HttpResponse:
    """Up to three whole plans for what is still to be booked; a post changes the wishes or books one of them."""
    now = timezone.now()
    series = open_series(request.actor, series_id, now=now, what="plan")
    asks_for_wishes = request.method == "POST" and "book" not in request.POST
    skills = series.protocol_version.practitioner_skills
    form = WishesForm(
        request.POST if asks_for_wishes else None,
        location=series.location,
        skills=skills,
        initial=Wishes.of(series).kept(),
    )
    refusals: tuple[Refusal, ...] = ()
    try:
        if asks_for_wishes and form.is_valid():
            seen, key = whole_number(request.POST.get("version")), request.POST.get("key", "")
            change_wishes(series, form.wishes(), version=seen, by=request.actor, key=key, now=now)
            return redirect("series_plan", series.pk)
        if request.method == "POST" and not asks_for_wishes:
            key = request.POST.get("key", "")
            book_series(series.pk, _visits(request.POST), by=request.actor, key=key, now=now)
            messages.success(request, _("The whole series is booked."))
            return redirect("series", series.pk)
    except Refusal as no:
        refusals = every_reason(no)
    return _show_plans(request, series, form, refusals, now)


def _show_plans(
    request: StaffRequest, series: Series, form: WishesForm, refusals: tuple[Refusal, ...], now: datetime
) -> HttpResponse:
    series.refresh_from_db()
    is_placed = False
    try:
        answer = propose(series, now=now)
    except AlreadyBooked:
        answer, is_placed = PlanAnswer(()), True
    except Refusal as no:
        answer, refusals = PlanAnswer(()), (*refusals, no)
    sites = list(series.areas.values_list("site", flat=True))
    today = _today(request, now)
    notices = _notices(series.patient, sites, now=now, today=today) + _consent_ends(series, answer, today)
    page = PlansPage(
        series=series,
        answer=answer,
        is_placed=is_placed,
        cards=plan_cards(series, answer.plans, today=today),
        form=form,
        key=uuid4().hex,
        refusal=" ".join(say(each, series.location.zone) for each in refusals),
        notices=notices,
    )
    status = refusals[0].status if refusals else 422 if form.is_bound else 200
    return show_page(request, "planner/plans.html", page, status=status)


def _visits(data: QueryDict) -> tuple[SessionPlace, ...]:
    """The visits of the plan whose button was pressed. Garbage reads as no visit at all, which booking refuses."""
    try:
        return tuple(VisitField().clean(token) for token in data.getlist("visit")[: MOST_SESSIONS + 1])
    except ValidationError:
        return ()


def _notices(patient: Patient, sites: list[str], *, now: datetime, today: date) -> list[Notice]:
    """What will stand in the way of booking, said before anybody tries."""
    notices = []
    if not patient.screenings.filter(is_recheck=False).exists():
        text = _("The medical questions have not been asked yet; without them nothing can be booked.")
        notices.append(Notice("warn", text, reverse("screening", args=[patient.pk]), _("Ask them")))
    else:
        verdict = standing(patient, on=today, sites=sites)
        if verdict.effect not in (ScreeningEffect.CLEAR, ScreeningEffect.WARN):
            tone = "stop" if verdict.effect == ScreeningEffect.BLOCK else "warn"
            text = _("Screening: %(effect)s.") % {"effect": ScreeningEffect(verdict.effect).label.lower()}
            notices.append(Notice(tone, text, reverse("screening", args=[patient.pk]), _("See why")))
    if consent_on(patient, today, ConsentKind.TREATMENT) is None:
        link = reverse("consent", args=[patient.pk, ConsentKind.TREATMENT])
        notices.append(Notice("warn", _("The consent is still to be signed."), link, _("Have it signed")))
    return notices


def _consent_ends(series: Series, answer: PlanAnswer, today: date) -> list[Notice]:
    """A plan that goes on longer than the consent is good for cannot be booked as it is."""
    consent = consent_on(series.patient, today, ConsentKind.TREATMENT)
    lasts = max(
        (local_date(plan.visits[-1].starts_at, series.location.zone) for plan in answer.plans), default=today
    )
    if consent is None or consent.valid_to >= lasts:
        return []
    text = _("The consent ends on %(day)s, before the last session.") % {"day": day_label(consent.valid_to)}
    link = reverse("consent", args=[series.patient_id, ConsentKind.TREATMENT])
    return [Notice("warn", text, link, _("Have it signed anew"))]
