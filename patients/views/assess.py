"""Judging areas, and what was judged of them over time."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clinic.errors import Refusal, say
from clinic.permissions import Right
from clinic.views.access import StaffRequest, needs
from clinic.views.answer import show_page
from patients.choices import Severity
from patients.forms import JudgedAreaForm, WholeForm
from patients.models import Area, AreaFinding, Patient
from patients.queries import AreaHistory, area_histories, latest_findings
from patients.readings import open_patient
from patients.scales import SCALES
from patients.services.assessments import assess
from patients.severity import SeverityJudgement
from patients.views import bodymap
from patients.views.charts import Chart, charts_of, number

MOST_AREAS = 12


@dataclass(frozen=True, slots=True)
class Judged:
    """How bad an area is by the rule, and by the clinician where she differs, so far as it can be said yet."""

    prefix: str
    rule: SeverityJudgement | None = None
    own: Severity | None = None


@dataclass(frozen=True, slots=True)
class VerdictPage:
    patient: Patient
    judged: Judged


@dataclass(frozen=True, slots=True)
class AreaToJudge:
    """An area's form and what it comes to; `before` is what was found last, `measured_then` its width and scales."""

    form: JudgedAreaForm
    judged: Judged
    before: AreaFinding | None
    measured_then: Sequence[str]


@dataclass(frozen=True, slots=True)
class AssessPage:
    patient: Patient
    whole: WholeForm
    areas: Sequence[AreaToJudge]
    shapes: Sequence[bodymap.Shape]
    rows: Sequence[bodymap.SiteRow]
    refusal: str


@dataclass(frozen=True, slots=True)
class AreaScores:
    history: AreaHistory
    charts: Sequence[Chart]


@dataclass(frozen=True, slots=True)
class ScoresPage:
    patient: Patient
    cards: Sequence[AreaScores]


@needs(Right.SEE_RECORD, to_write=Right.WRITE_RECORD)
def show(request: StaffRequest, patient_id: int) -> HttpResponse:
    """Judge areas; a post with `show` only draws the page again for the areas chosen, with what was filled in."""
    patient = open_patient(request.actor, patient_id, "assess", now=timezone.now())
    areas = _chosen(request, patient)
    if request.method != "POST" or "show" in request.POST:
        written = request.POST if request.method == "POST" else None
        sent = written.dict() if written else {}
        whole = WholeForm(None, {"skin_type": patient.skin_type} | sent)
        return _page(request, patient, whole, [_opened(area, written) for area in areas])
    whole = WholeForm(request.POST, {})
    forms = [JudgedAreaForm(request.POST, area) for area in areas]
    if not all([whole.is_valid(), *(form.is_valid() for form in forms)]):
        return _page(request, patient, whole, forms, status=422)
    return _save(request, patient, whole, forms)


def _save(
    request: StaffRequest, patient: Patient, whole: WholeForm, forms: list[JudgedAreaForm]
) -> HttpResponse:
    try:
        assess(
            patient,
            [judged for form in forms if (judged := form.judged())],
            whole_body=whole.filled(),
            skin_type=whole.cleaned_data["skin_type"],
            note=whole.cleaned_data["note"],
            by=request.actor,
            key=whole.cleaned_data["key"],
            now=timezone.now(),
        )
    except Refusal as refusal:
        return _page(request, patient, whole, forms, refusal, refusal.status)
    messages.success(request, _("The assessment is saved."))
    return redirect("plan" if "plan" in request.POST else "scores", patient.pk)


@needs(Right.WRITE_RECORD)
@require_POST
def verdict(request: StaffRequest, patient_id: int) -> HttpResponse:
    """How bad one area is by what is filled in so far; writes nothing."""
    patient = open_patient(request.actor, patient_id, "assess", now=timezone.now())
    area = _area([], request.POST.get("judge", ""))
    page = VerdictPage(patient, _judged(request.POST, area))
    return show_page(request, "patients/verdict.html", page)


@needs(Right.SEE_RECORD)
def scores(request: StaffRequest, patient_id: int) -> HttpResponse:
    patient = open_patient(request.actor, patient_id, "scores", now=timezone.now())
    cards = [AreaScores(history, charts_of(history)) for history in area_histories(patient)]
    return show_page(request, "patients/scores.html", ScoresPage(patient, cards))


def _chosen(request: StaffRequest, patient: Patient) -> list[Area]:
    """The areas asked for; to begin with, those in care."""
    sent = request.POST if request.method == "POST" else request.GET
    values = sent.getlist("area")
    known = list(patient.areas.all())
    if not values and request.method != "POST":
        return [area for area in known if area.is_active][:MOST_AREAS]
    return [_area(known, value) for value in dict.fromkeys(values[:MOST_AREAS])]


def _area(known: list[Area], value: str) -> Area:
    """The known area, or a new one not yet saved, by the value of its box."""
    if not bodymap.is_area(value):
        raise Http404
    site, side = value.rsplit("-", 1)
    return next(
        (area for area in known if (area.site, area.side) == (site, side)), Area(site=site, side=side)
    )


def _opened(area: Area, written: QueryDict | None) -> JudgedAreaForm:
    """The area's form with what is known or was written before, not yet held against the rules."""
    form = JudgedAreaForm(None, area)
    names = ("stria_type", "length_cm", "width_cm")
    form.initial = {name: getattr(area, name) for name in names}
    if written is not None:
        sent = {name: written.get(form.add_prefix(name)) for name in form.fields}
        form.initial |= {name: value for name, value in sent.items() if value is not None}
    return form


def _judged(written: QueryDict | None, area: Area) -> Judged:
    form = JudgedAreaForm(written, area)
    form.full_clean()
    judged = form.judged() if form.is_bound else None
    if judged is None:
        return Judged(form.prefix or "")
    rule = judged.by_rule()
    return Judged(form.prefix or "", rule, None if judged.severity == rule.severity else judged.severity)


def _measured_then(finding: AreaFinding | None) -> list[str]:
    """The widest mark, and name and total of the scales filled in for the area on the day of the finding."""
    if finding is None:
        return []
    scores = [each for each in finding.assessment.scores.all() if each.area_id == finding.area_id]
    widest = [f"{formats.localize(finding.widest_mm)} mm"] if finding.widest_mm else []
    return widest + [f"{SCALES[each.scale].name} {number(each.total)}" for each in scores]


def _page(
    request: StaffRequest,
    patient: Patient,
    whole: WholeForm,
    forms: list[JudgedAreaForm],
    refusal: Refusal | None = None,
    status: int = 200,
) -> HttpResponse:
    latest = latest_findings(patient)
    chosen = [form.prefix or "" for form in forms]
    written = request.POST if request.method == "POST" else None
    page = AssessPage(
        patient,
        whole,
        areas=[_to_judge(form, written, latest.get(form.prefix or "")) for form in forms],
        shapes=bodymap.shapes(chosen, latest),
        rows=bodymap.rows(chosen),
        refusal=say(refusal, request.staff.location.zone) if refusal else "",
    )
    return show_page(request, "patients/assess.html", page, status=status)


def _to_judge(form: JudgedAreaForm, written: QueryDict | None, before: AreaFinding | None) -> AreaToJudge:
    return AreaToJudge(form, _judged(written, form.area), before, _measured_then(before))
