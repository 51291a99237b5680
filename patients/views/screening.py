"""The medical questions, what the answers mean, and setting one aside."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from clinic.errors import Refusal, say
from clinic.localtime import day_label, local_date
from clinic.permissions import Right
from clinic.services.sessions_hit import ChangeScope, SessionsHit, hits_seen_first
from clinic.views.access import StaffRequest, needs
from clinic.views.answer import HitsShown, answer_button_or_say, hits_shown, show_page
from patients.choices import Certainty, ConsentKind, Persistence, ScreeningEffect
from patients.contradictions import Contradiction
from patients.forms import ScreeningForm, new_key
from patients.models import Consent, Patient, Screening, ScreeningAnswer
from patients.queries import (
    RoundAnswers,
    consents_in_force,
    contradictions_of,
    current_questions,
    newest_answers,
    round_answers,
)
from patients.readings import open_override, open_patient, open_screening
from patients.screening_rules import Finding, Verdict
from patients.services.screening import end_setting_aside, known_answers, set_aside, take_screening


@dataclass(frozen=True, slots=True)
class Plain:
    """A verdict in words that say nothing of the answers; what anybody who books may read."""

    look: str
    icon: str
    title: str | Promise
    text: str | Promise


PLAIN = {
    ScreeningEffect.CLEAR: Plain(
        "ok", "check", gettext_lazy("May be booked"), gettext_lazy("Nothing speaks against needling today.")
    ),
    ScreeningEffect.WARN: Plain(
        "ok", "check", gettext_lazy("May be booked"), gettext_lazy("The clinician keeps something in mind.")
    ),
    ScreeningEffect.UNASKED: Plain(
        "warn",
        "clipboard-list",
        gettext_lazy("Not asked yet"),
        gettext_lazy("Take the screening before booking."),
    ),
    ScreeningEffect.POSTPONE: Plain(
        "warn",
        "calendar-clock",
        gettext_lazy("Has to wait"),
        gettext_lazy("The first possible day is not known yet."),
    ),
    ScreeningEffect.HOLD: Plain(
        "warn", "pause", gettext_lazy("A clinician decides first"), gettext_lazy("Do not book before that.")
    ),
    ScreeningEffect.BLOCK: Plain(
        "stop", "octagon-x", gettext_lazy("May not be booked"), gettext_lazy("A clinician can say why.")
    ),
}


@dataclass(frozen=True, slots=True)
class AnswerShown:
    """A finding with the answer it came from, if it came from one."""

    finding: Finding
    answer: ScreeningAnswer | None

    @property
    def label(self) -> str:
        return str(self.finding.effect.label)

    @property
    def look(self) -> str:
        """Which chip it is drawn as."""
        if self.finding.overridden:
            return "line"
        looks = {ScreeningEffect.BLOCK: "stop", ScreeningEffect.WARN: "info"}
        return looks.get(self.finding.effect, "warn")

    @property
    def is_standing(self) -> bool:
        """Whether what sets it aside may go without an end."""
        return self.answer is not None and self.answer.question.persistence != Persistence.PASSING

    @property
    def last_day(self) -> date | None:
        """On which what sets it aside counts."""
        override = getattr(self.answer, "override", None)
        return override.until - timedelta(days=1) if override and override.until else None

    @property
    def is_clinics_own(self) -> bool:
        return self.finding.certainty == Certainty.CLINIC_SETTING


@dataclass(frozen=True, slots=True)
class ConsentLine:
    """One kind of consent, and the signature in force."""

    kind: ConsentKind
    good: Consent | None


@dataclass(frozen=True, slots=True)
class ScreeningPage:
    """What the answers mean for booking; the answers themselves only for those who may see the record.

    `written_code`, `written_reason` and `written_until` are what a refused setting aside said.
    """

    patient: Patient
    plain: Plain
    has_screening: bool
    consents: Sequence[ConsentLine]
    refusal: str = ""
    written_code: str = ""
    written_reason: str = ""
    written_until: str = ""
    told: Sequence[AnswerShown] = ()
    answers: Sequence[ScreeningAnswer] = ()
    rounds: Sequence[Screening] = ()
    contradictions: Sequence[Contradiction] = ()
    key: str = ""


@dataclass(frozen=True, slots=True)
class QuestionsPage:
    """A round of questions; `missing` is how many have to be looked at again."""

    patient: Patient
    form: ScreeningForm
    is_recheck: bool
    refusal: str
    missing: int
    hits: HitsShown | None = None


@dataclass(frozen=True, slots=True)
class RoundPage:
    """One round as it was asked and answered."""

    patient: Patient
    told: RoundAnswers


@needs(Right.SEE_RECORD)
def show_round(request: StaffRequest, patient_id: int, screening_id: int) -> HttpResponse:
    screening = open_screening(request.actor, screening_id, now=timezone.now(), patient_id=patient_id)
    told = round_answers(screening, request.staff.location.zone)
    return show_page(request, "patients/screening_round.html", RoundPage(screening.patient, told))


@needs(Right.SEE_PATIENTS)
def show(request: StaffRequest, patient_id: int) -> HttpResponse:
    now = timezone.now()
    return _page(request, open_patient(request.actor, patient_id, "screening", now=now), now)


@needs(Right.WRITE_RECORD)
def take(request: StaffRequest, patient_id: int, *, is_recheck: bool = False) -> HttpResponse:
    now = timezone.now()
    patient = open_patient(request.actor, patient_id, "screening", now=now)
    current = current_questions(patient.clinic_id)
    questions = [each for each in current if each.ask_every_session] if is_recheck else current
    last = {answer.question.code: answer for answer in newest_answers(patient, current)}
    form = ScreeningForm(request.POST if request.method == "POST" else None, questions, last)
    if not (request.method == "POST" and form.is_valid()):
        return _take_page(request, patient, form, is_recheck, 422 if form.errors else 200)
    scope = ChangeScope(request.staff.location, patient_id=patient.pk)
    try:
        with hits_seen_first(scope, seen=request.POST.get("seen", ""), now=now):
            take_screening(
                patient,
                form.replies(),
                is_recheck=is_recheck,
                note=form.cleaned_data["note"],
                by=request.actor,
                key=form.cleaned_data["key"],
                now=now,
            )
    except Refusal as refusal:
        return _take_page(request, patient, form, is_recheck, refusal.status, refusal)
    messages.success(request, _("The answers are saved."))
    return redirect("screening", patient.pk)


@needs(Right.PRESCRIBE)
@require_POST
def override(request: StaffRequest, patient_id: int) -> HttpResponse:
    now = timezone.now()
    patient = open_patient(request.actor, patient_id, "screening", now=now)
    code = request.POST.get("code", "")
    answer = next((each for each in newest_answers(patient) if each.question.code == code), None)
    if answer is None:
        raise Http404
    try:
        set_aside(
            answer,
            reason=request.POST.get("reason", "").replace("\x00", "")[:2_000],
            until=_until(request.POST.get("until", "")),
            by=request.actor,
            key=request.POST.get("key", ""),
            now=now,
        )
    except Refusal as refusal:
        return _page(request, patient, now, refusal)
    messages.success(request, _("Set aside. The reason stays in the record."))
    return redirect("screening", patient.pk)


def _until(text: str) -> date | None:
    """The day after the last on which it counts; nothing for what is no day."""
    try:
        return date.fromisoformat(text) + timedelta(days=1)
    except (ValueError, OverflowError):
        return None


@needs(Right.PRESCRIBE)
@require_POST
def end_override(request: StaffRequest, patient_id: int, override_id: int) -> HttpResponse:
    """The answer counts again."""
    now = timezone.now()
    override = open_override(request.actor, override_id, now=now, patient_id=patient_id)
    scope = ChangeScope(request.staff.location, patient_id=patient_id)

    def write() -> str:
        end_setting_aside(override, by=request.actor, key=request.POST.get("key", ""), now=now)
        return _("The answer counts again.")

    to = reverse("screening", args=[patient_id])
    return answer_button_or_say(request, write=write, to=to, hits_in=lambda: scope)


def _page(
    request: StaffRequest, patient: Patient, now: datetime, refusal: Refusal | None = None
) -> HttpResponse:
    today = local_date(now, request.staff.location.zone)
    asked = known_answers(patient)
    verdict = asked.standing(today)
    consents = consents_in_force(patient, today)
    rounds = list(patient.screenings.select_related("taken_by__staff")[:20])
    page = ScreeningPage(
        patient,
        in_plain_words(verdict, is_asked=bool(rounds)),
        has_screening=any(not each.is_recheck for each in rounds),
        consents=[ConsentLine(kind, consents.get(kind)) for kind in ConsentKind],
        key=new_key(),
    )
    if request.staff.may(Right.SEE_RECORD):
        answers = newest_answers(patient, asked.questions)
        told = _told(verdict, answers) if rounds else []
        in_order = sorted(answers, key=lambda answer: answer.question.position)
        contradicting = contradictions_of(patient, request.staff.location.zone) if rounds else ()
        page = replace(page, told=told, answers=in_order, rounds=rounds, contradictions=contradicting)
    if refusal:
        page = _refused(request, page, refusal)
    return show_page(request, "patients/screening.html", page, status=refusal.status if refusal else 200)


def _refused(request: StaffRequest, page: ScreeningPage, refusal: Refusal) -> ScreeningPage:
    """The page with why an answer could not be set aside, and what was written for it."""
    return replace(
        page,
        refusal=say(refusal, request.staff.location.zone),
        written_code=request.POST.get("code", ""),
        written_reason=request.POST.get("reason", ""),
        written_until=request.POST.get("until", ""),
        key=request.POST.get("key", ""),
    )


def in_plain_words(verdict: Verdict, *, is_asked: bool = True) -> Plain:
    """What the verdict means for booking, without saying what was answered."""
    plain = PLAIN[verdict.effect if is_asked else ScreeningEffect.UNASKED]
    if verdict.may_book and verdict.sets_aside and is_asked:
        return Plain("ok", "pen-line", plain.title, _("A clinician has set an answer aside, with a reason."))
    if verdict.effect is ScreeningEffect.POSTPONE and verdict.earliest:
        return Plain(plain.look, plain.icon, _not_before(verdict.earliest), _("Book from that day on."))
    return plain


def _not_before(day: date) -> str:
    return _("Not before %(day)s") % {"day": day_label(day)}


def _told(verdict: Verdict, answers: list[ScreeningAnswer]) -> list[AnswerShown]:
    by_code = {answer.question.code: answer for answer in answers}
    return [AnswerShown(finding, by_code.get(finding.code)) for finding in verdict.findings]


def _take_page(
    request: StaffRequest,
    patient: Patient,
    form: ScreeningForm,
    is_recheck: bool,
    status: int,
    refusal: Refusal | None = None,
) -> HttpResponse:
    hit = refusal if isinstance(refusal, SessionsHit) else None
    page = QuestionsPage(
        patient,
        form,
        is_recheck,
        refusal=say(refusal, request.staff.location.zone) if refusal and not hit else "",
        hits=hits_shown(request, hit) if hit else None,
        missing=sum(name in form.errors for name in form.fields),
    )
    return show_page(request, "patients/screening_take.html", page, status=status)
