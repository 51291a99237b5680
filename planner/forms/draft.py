"""Choosing a protocol for a patient's areas, and the patient's wishes about the dates."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from django import forms
from django.db import models
from django.utils.translation import gettext_lazy as _

from clinic.forms import DayField
from clinic.models import Location, Resource
from patients.models import Area
from planner.models import ProtocolVersion
from planner.schedule.draft import Wishes

WEEKDAYS = [
    (0, _("Mon")),
    (1, _("Tue")),
    (2, _("Wed")),
    (3, _("Thu")),
    (4, _("Fri")),
    (5, _("Sat")),
    (6, _("Sun")),
]


class WishesForm(forms.Form):
    """When and with whom the patient would like to come. Empty fields mean any."""

    prefers_practitioner = forms.ModelChoiceField(
        Resource.objects.none(), label=_("Practitioner"), required=False, empty_label=_("Anyone")
    )
    starts_from = DayField(label=_("First session not before"), required=False)
    prefers_from = forms.TimeField(
        label=_("From"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    prefers_to = forms.TimeField(
        label=_("To"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text=_("Times outside are offered only when nothing inside is nearly as good."),
    )  # fmt: skip
    weekdays = forms.TypedMultipleChoiceField(
        label=_("Possible days"),
        coerce=int,
        choices=WEEKDAYS,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, location: Location, skills: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        practitioners = location.resources.filter(
            kind="practitioner", is_active=True, skills__contains=list(skills)
        )
        self.fields["prefers_practitioner"].queryset = practitioners  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        fields = super().clean() or {}
        start, end = fields.get("prefers_from"), fields.get("prefers_to")
        if start and end and start >= end:
            self.add_error("prefers_to", _("The end lies before the beginning."))
        return fields

    def wishes(self) -> Wishes:
        return Wishes(**{field.name: self.cleaned_data[field.name] for field in dataclasses.fields(Wishes)})


class PlanForm(WishesForm):
    """The recipe as the clinician decides it: areas, protocol, how many sessions and how far apart."""

    areas = forms.ModelMultipleChoiceField(
        Area.objects.none(), label=_("Areas"), widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one area.")},
    )  # fmt: skip
    version = forms.ModelChoiceField(ProtocolVersion.objects.none(), label=_("Protocol"), empty_label=None)
    sessions = forms.IntegerField(label=_("Sessions"), min_value=1, max_value=20)
    gap_min = forms.IntegerField(label=_("Shortest gap"), min_value=1, max_value=365)
    gap_target = forms.IntegerField(label=_("Best gap"), min_value=1, max_value=365)
    gap_max = forms.IntegerField(label=_("Longest gap"), min_value=1, max_value=365)
    choice_reason = forms.CharField(
        label=_("Why another choice"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Needed when protocol, sessions or gaps differ from what is recommended; it is kept."),
    )  # fmt: skip

    def __init__(
        self, *args: Any, areas: Sequence[Area], versions: Sequence[ProtocolVersion], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._offer("areas", Area.objects, {area.pk: str(area) for area in areas})
        by_name = sorted(versions, key=lambda each: (each.protocol.modality, each.protocol.name))
        self._offer("version", ProtocolVersion.objects, {each.pk: each.protocol.name for each in by_name})

    def _offer(self, name: str, rows: models.Manager[Any], words: dict[int, str]) -> None:
        """Let these rows be chosen, under words that need no further look at them."""
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = rows.filter(pk__in=words)
        field.choices = list(words.items())

    def clean(self) -> dict[str, Any]:
        fields = super().clean()
        low, best, high = (fields.get(name) for name in ("gap_min", "gap_target", "gap_max"))
        if low and best and high and not low <= best <= high:
            self.add_error("gap_target", _("The best gap lies between the shortest and the longest."))
        return fields

    @property
    def gap(self) -> tuple[int, int, int]:
        fields = self.cleaned_data
        return fields["gap_min"], fields["gap_target"], fields["gap_max"]


class StopForm(forms.Form):
    """Why a series ends early."""

    reason = forms.CharField(label=_("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))
    key = forms.CharField(max_length=80, widget=forms.HiddenInput)
    version = forms.IntegerField(widget=forms.HiddenInput)
