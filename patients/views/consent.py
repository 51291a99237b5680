"""Reading, signing and withdrawing a consent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clinic.errors import Refusal, say
from clinic.localtime import local_date
from clinic.permissions import Right
from clinic.services.sessions_hit import ChangeScope
from clinic.views.access import StaffRequest, needs
from clinic.views.answer import answer_button_or_say, show_page
from patients.choices import ConsentKind
from patients.forms import ConsentForm
from patients.models import Consent, ConsentText, Patient
from patients.readings import open_consent, open_patient, text_to_sign
from patients.services.consents import consent_on, current_text, sign_consent, withdraw_consent


@dataclass(frozen=True, slots=True)
class ConsentPage:
    """A consent to read and sign; without `text` the clinic has none. `good` is the signature in force."""

    patient: Patient
    text: ConsentText | None
    sections: Sequence[tuple[str, list[str]]]
    form: ConsentForm
    today: date
    good: Consent | None
    refusal: str


@needs(Right.SEE_RECORD, to_write=Right.WRITE_RECORD)
def show(request: StaffRequest, patient_id: int, kind: str) -> HttpResponse:
    now = timezone.now()
    patient = open_patient(request.actor, patient_id, "consent", now=now)
    text = current_text(patient, _kind(kind))
    form = ConsentForm(request.POST if request.method == "POST" else None, text)
    if text is None or not (request.method == "POST" and form.is_valid()):
        return _page(request, patient, kind, text, form, status=422 if form.errors else 200)
    read = text_to_sign(request.actor, form.cleaned_data["text"], kind)
    try:
        sign_consent(
            patient,
            read,
            signed_name=form.cleaned_data["signed_name"],
            agreed=form.cleaned_data["agreed"],
            by=request.actor,
            key=form.cleaned_data["key"],
            now=now,
        )
    except Refusal as refusal:
        return _page(request, patient, kind, text, form, refusal=refusal, status=refusal.status)
    messages.success(request, _("Signed."))
    return redirect("screening", patient.pk)


@needs(Right.WRITE_RECORD)
@require_POST
def withdraw(request: StaffRequest, patient_id: int, consent_id: int) -> HttpResponse:
    now = timezone.now()
    consent = open_consent(request.actor, consent_id, now=now, patient_id=patient_id)
    scope = ChangeScope(request.staff.location, patient_id=patient_id)

    def write() -> str:
        withdraw_consent(consent, by=request.actor, key=request.POST.get("key", ""), now=now)
        return _("The consent is withdrawn from now on. The signature stays in the record.")

    to = reverse("screening", args=[patient_id])
    return answer_button_or_say(request, write=write, to=to, hits_in=lambda: scope)


def _kind(kind: str) -> ConsentKind:
    if kind not in ConsentKind.values:
        raise Http404
    return ConsentKind(kind)


def _page(
    request: StaffRequest,
    patient: Patient,
    kind: str,
    text: ConsentText | None,
    form: ConsentForm,
    *,
    status: int,
    refusal: Refusal | None = None,
) -> HttpResponse:
    zone, today = request.staff.location.zone, local_date(timezone.now(), request.staff.location.zone)
    page = ConsentPage(
        patient,
        text,
        sections=sections_of(text.body) if text else [],
        form=form,
        today=today,
        good=consent_on(patient, today, kind),
        refusal=say(refusal, zone) if refusal else "",
    )
    return show_page(request, "patients/consent.html", page, status=status)


def sections_of(body: str) -> list[tuple[str, list[str]]]:
    """Headings ("## ") and the paragraphs below each; what stands before the first has no heading."""
    sections: list[tuple[str, list[str]]] = []
    for line in body.splitlines():
        if line.startswith("## "):
            sections.append((line[3:].strip(), [""]))
            continue
        if not sections:
            sections.append(("", [""]))
        paragraphs = sections[-1][1]
        if line.strip():
            paragraphs[-1] = f"{paragraphs[-1]} {line.strip()}".strip()
        elif paragraphs[-1]:
            paragraphs.append("")
    return [(heading, [text for text in paragraphs if text]) for heading, paragraphs in sections]
