"""What staff write into a patient's record. Whether it may stand is for the services to say."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from itertools import groupby
from typing import Any
from uuid import uuid4

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.forms import BoundField
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from patients.choices import (
    AdattoStage,
    AnswerKind,
    PhotoView,
    QuestionGroup,
    Severity,
    Side,
    Site,
    SkinType,
    StriaType,
)
from patients.models import Area, ConsentText, Patient, ScreeningAnswer, ScreeningQuestion
from patients.scales import SCALES
from patients.scales.base import Scale, ScaleItem
from patients.services.assessments import WHOLE_BODY_SCALES, Filled, JudgedArea, scales_for
from patients.services.intake import PatientDetails
from patients.services.screening import Reply


def new_key() -> str:
    """What makes a form's second arrival the same request as its first."""
    return str(uuid4())


def date_input() -> forms.DateInput:
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


class KeyedForm(forms.Form):
    """A form that may arrive twice; `key` is made when it is first shown and kept until it is accepted."""

    key = forms.CharField(max_length=80, widget=forms.HiddenInput, initial=new_key)


class PatientForm(KeyedForm):
    first_name = forms.CharField(label=_("First name"), max_length=120, required=False)
    last_name = forms.CharField(label=_("Last name"), max_length=120, required=False)
    former_names = forms.CharField(
        label=_("Former names"),
        max_length=120,
        required=False,
        help_text=_("Before a marriage, for example; they are found too"),
    )
    date_of_birth = forms.DateField(label=_("Date of birth"), widget=date_input())
    email = forms.EmailField(label=_("E-mail"), required=False)
    phone = forms.CharField(
        label=_("Telephone"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"type": "tel"}),
        help_text=_("Numbers from abroad with + and the country's number"),
    )
    mail_allowed = forms.BooleanField(
        label=_("May be sent mail about appointments and aftercare"), required=False, initial=True
    )
    skin_type = forms.TypedChoiceField(
        label=_("Skin type"),
        coerce=int,
        empty_value=None,
        required=False,
        choices=[("", _("Not judged yet")), *SkinType.choices],
        help_text=_("Fitzpatrick, skin that sees no sun"),
    )
    notes = forms.CharField(
        label=_("Notes"), max_length=10_000, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def for_patient(self, patient: Patient) -> None:
        """Show what stands in the record."""
        self.initial = {name: getattr(patient, name) for name in self.fields if name != "key"}

    def details(self, skin_type: int | None) -> PatientDetails:
        """What was written; `skin_type` stands where the form does not ask for it."""
        data = self.cleaned_data
        names = {field.name for field in fields(PatientDetails)} - {"skin_type"}
        return PatientDetails(
            **{name: data[name] for name in names}, skin_type=data.get("skin_type", skin_type)
        )


@dataclass(frozen=True, slots=True)
class QuestionOnPage:
    """One question on the page: its boxes, and what was said last time."""

    question: ScreeningQuestion
    answer: BoundField
    date: BoundField | None
    note: BoundField
    last: ScreeningAnswer | None


class ScreeningForm(KeyedForm):
    """One round of medical questions; each waits for a yes or a no, none is answered beforehand."""

    note = forms.CharField(
        label=_("Note"), max_length=10_000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(
        self,
        data: QueryDict | None,
        questions: Sequence[ScreeningQuestion],
        last: dict[str, ScreeningAnswer],
    ) -> None:
        super().__init__(data)
        self.questions = questions
        self.last = last
        for question in questions:
            self._ask(question)

    def _ask(self, question: ScreeningQuestion) -> None:
        name = f"q{question.pk}"
        self.fields[name] = forms.ChoiceField(
            label=question.text,
            choices=[("no", _("No")), ("yes", _("Yes"))],
            widget=forms.RadioSelect,
            error_messages={"required": _("Answer yes or no.")},
        )
        if question.kind == AnswerKind.YES_NO_DATE:
            self.fields[f"{name}_date"] = forms.DateField(
                label=question.date_meaning, required=False, widget=date_input()
            )
        self.fields[f"{name}_note"] = forms.CharField(label=_("Note"), max_length=500, required=False)

    def as_questions(self) -> SafeString:
        """All questions under their headings, as templates/compiled/questions.html draws them."""
        return self.render("questions.html", {"form": self})

    def groups(self) -> Iterator[tuple[str, list[QuestionOnPage]]]:
        """Heading and questions, in the clinic's order."""
        for group, questions in groupby(self.questions, key=lambda question: question.group):
            yield str(QuestionGroup(group).label), [self._asked(question) for question in questions]

    def _asked(self, question: ScreeningQuestion) -> QuestionOnPage:
        name = f"q{question.pk}"
        dated = self[f"{name}_date"] if f"{name}_date" in self.fields else None
        return QuestionOnPage(question, self[name], dated, self[f"{name}_note"], self.last.get(question.code))

    def replies(self) -> list[Reply]:
        return [self._reply(f"q{question.pk}", question.pk) for question in self.questions]

    def _reply(self, name: str, question_id: int) -> Reply:
        data = self.cleaned_data
        said_yes = data[name] == "yes"
        return Reply(
            question_id, said_yes, data.get(f"{name}_date"), data[f"{name}_note"] if said_yes else ""
        )


class ConsentForm(KeyedForm):
    """The patient's signature under the text that was shown; `text` is its number, kept while it is read."""

    text = forms.IntegerField(widget=forms.HiddenInput)
    agreed = forms.BooleanField(label=_("I have read this, could ask questions, and agree."), required=False)
    signed_name = forms.CharField(
        label=_("The patient's full name, typed by the patient"),
        max_length=250,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, data: QueryDict | None, text: ConsentText | None) -> None:
        super().__init__(data, initial={"text": text.pk if text else None})


@dataclass(frozen=True, slots=True)
class ScalePart:
    """A scale on the page, its boxes in the order of its items; open where something is filled in."""

    scale: Scale
    boxes: list[BoundField]
    is_open: bool

    @property
    def bands(self) -> str:
        """Cuts for the live band, as JSON: low, high, label."""
        return json.dumps([[band.low, band.high, str(band.label)] for band in self.scale.bands])

    @property
    def counted(self) -> str:
        return " ".join(self.name(item.code) for item in self.scale.items if item.counts)

    def name(self, item: str) -> str:
        return next(box.html_name for box in self.boxes if box.name == f"{self.scale.code}_{item}")


class ScaledForm(forms.Form):
    """A form with scales, each filled in whole or left out."""

    scales: tuple[Scale, ...] = ()

    def add_scales(self, scales: tuple[Scale, ...]) -> None:
        self.scales = scales
        for scale in scales:
            for item in scale.items:
                self.fields[f"{scale.code}_{item.code}"] = _box(item)

    def as_scales(self) -> SafeString:
        """The scales with their answers, as templates/compiled/scales.html draws them."""
        return self.render("scales.html", {"scales": self.parts()})

    def parts(self) -> list[ScalePart]:
        return [self._part(scale) for scale in self.scales]

    def _part(self, scale: Scale) -> ScalePart:
        boxes = [self[f"{scale.code}_{item.code}"] for item in scale.items]
        return ScalePart(scale, boxes, any(box.value() not in (None, "") for box in boxes))

    def clean(self) -> dict[str, Any]:
        for scale in self.scales:
            names = [f"{scale.code}_{item.code}" for item in scale.items]
            empty = [
                name for name in names if self.cleaned_data.get(name) is None and name not in self.errors
            ]
            if empty and len(empty) < len(names):
                self.add_error(empty[0], _("Answer all of this scale, or nothing."))
        return self.cleaned_data

    def filled(self) -> tuple[Filled, ...]:
        """The scales that were filled in."""
        return tuple(filled for scale in self.scales if (filled := self._filled(scale)))

    def _filled(self, scale: Scale) -> Filled | None:
        points = [self.cleaned_data.get(f"{scale.code}_{item.code}") for item in scale.items]
        return None if None in points else Filled(scale.code, tuple(int(p) for p in points if p is not None))


def _box(item: ScaleItem) -> forms.Field:
    """Words to choose from, or a number between the item's ends."""
    if item.choices:
        return forms.TypedChoiceField(
            label=item.label,
            required=False,
            coerce=int,
            empty_value=None,
            choices=[(choice.points, choice.label) for choice in item.choices],
            widget=forms.RadioSelect,
        )
    ends = {"min": item.low, "max": item.high, "inputmode": "numeric", "class": "input--num"}
    return forms.IntegerField(
        label=item.label,
        required=False,
        min_value=item.low,
        max_value=item.high,
        widget=forms.NumberInput(attrs=ends),
    )


def _measure(label: Any, digits: int) -> forms.DecimalField:
    numeric = forms.NumberInput(attrs={"inputmode": "decimal", "class": "input--num", "step": "0.1"})
    return forms.DecimalField(
        label=label,
        required=False,
        min_value=Decimal("0.1"),
        max_digits=digits,
        decimal_places=1,
        widget=numeric,
    )


class JudgedAreaForm(ScaledForm):
    """One area as seen today."""

    stria_type = forms.ChoiceField(  # type: ignore[call-arg] # the stubs know no `template_name` of a choice
        label=_("Type"), choices=StriaType, widget=forms.RadioSelect, template_name="choices.html"
    )
    stage = forms.ChoiceField(  # type: ignore[call-arg]
        label=_("Stage"), choices=AdattoStage, widget=forms.RadioSelect, template_name="sentences.html"
    )
    severity = forms.ChoiceField(
        label=_("How bad"), choices=[("", _("As the rule says")), *Severity.choices], required=False
    )
    reason = forms.CharField(label=_("Why otherwise than the rule"), max_length=500, required=False)

    def __init__(self, data: QueryDict | None, area: Area, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, prefix=f"{area.site}-{area.side}", initial=initial)
        self.area = area
        self.fields["widest_mm"] = _measure(_("Widest mark"), 4)
        self.fields["length_cm"] = _measure(_("Length of the area"), 4)
        self.fields["width_cm"] = _measure(_("Width of the area"), 4)
        self.add_scales(scales_for(Site(area.site)))

    def judged(self) -> JudgedArea | None:
        """What was judged, as far as it is valid; nothing without a stage."""
        data = self.cleaned_data
        if not data.get("stage"):
            return None
        return JudgedArea(
            site=Site(self.area.site),
            side=Side(self.area.side),
            stria_type=StriaType(data.get("stria_type") or StriaType.ALBA),
            stage=AdattoStage(data["stage"]),
            widest_mm=data.get("widest_mm"),
            length_cm=data.get("length_cm"),
            width_cm=data.get("width_cm"),
            filled=self.filled(),
            severity=Severity(data["severity"]) if data.get("severity") else None,
            reason=data.get("reason", ""),
        )


class WholeForm(ScaledForm, KeyedForm):
    """What is judged once for the whole patient."""

    skin_type = forms.TypedChoiceField(  # type: ignore[call-arg]
        label=_("Skin type"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[(1, "I"), (2, "II"), (3, "III"), (4, "IV"), (5, "V"), (6, "VI")],
        widget=forms.RadioSelect,
        template_name="choices.html",
    )
    note = forms.CharField(
        label=_("Note"), max_length=10_000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, data: QueryDict | None, initial: dict[str, Any]) -> None:
        super().__init__(data, initial=initial)
        self.add_scales(tuple(SCALES[code] for code in WHOLE_BODY_SCALES))


class PhotoForm(KeyedForm):
    picture = forms.FileField(
        label=_("Photo"),
        help_text=_("JPEG, PNG, WebP or HEIC. Before numbing, in the same light, with the ruler in view."),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp,image/heic,image/heif"}),
        error_messages={"required": _("Choose a photo."), "empty": _("The file is empty. Choose a photo.")},
    )
    area = forms.ModelChoiceField(
        label=_("Area"), queryset=Area.objects.none(), required=False, empty_label=_("No single area")
    )
    view = forms.ChoiceField(
        label=_("View"), choices=PhotoView, widget=forms.RadioSelect, initial=PhotoView.REGION
    )

    def __init__(
        self,
        data: QueryDict | None,
        files: MultiValueDict[str, UploadedFile[bytes]] | None = None,
        *,
        patient: Patient,
    ) -> None:
        super().__init__(data, files)
        choices = self.fields["area"]
        assert isinstance(choices, forms.ModelChoiceField)
        choices.queryset = patient.areas.all()
