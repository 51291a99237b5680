"""What the clinician writes down during a session."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from patients.models import Area
from planner.choices import Endpoint
from planner.models import AreaTreatment, TreatmentRecord
from planner.protocols.recommendation import DepthAdvice
from planner.treatment.treat import AreaEntry, RecordEntry


class MonthField(forms.DateField):
    """A cartridge's expiry as printed on it, `08/2028`, or a full date; a month is good until its last day."""

    default_error_messages = {"invalid": _("Enter the month as on the packet, for example 08/2028.")}

    def to_python(self, value: Any) -> date | None:
        text = str(value or "").strip()
        month, slash, year = text.partition("/")
        if (
            slash
            and month.isdecimal()
            and year.isdecimal()
            and 1 <= int(month) <= 12
            and 2000 <= int(year) <= 2100
        ):
            following = date(int(year) + int(month) // 12, int(month) % 12 + 1, 1)
            return date.fromordinal(following.toordinal() - 1)
        return super().to_python(value)


class TreatedAreaForm(forms.Form):
    """One treated area: depth, passes, endpoint, bleeding."""

    depth_mm = forms.DecimalField(
        label=_("Depth"), min_value=Decimal("0.25"), max_value=Decimal("3.5"), max_digits=3, decimal_places=2,
        widget=forms.NumberInput(attrs={"step": "0.25", "inputmode": "decimal", "class": "input--num"}),
    )  # fmt: skip
    passes = forms.IntegerField(
        label=_("Passes"), min_value=1, max_value=12,
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "class": "input--num"}),
    )  # fmt: skip
    endpoint = forms.ChoiceField(label=_("Endpoint"), choices=Endpoint, widget=forms.RadioSelect)
    bleeding = forms.TypedChoiceField(
        label=_("Bleeding"), coerce=int, choices=[(n, str(n)) for n in range(4)], widget=forms.RadioSelect
    )

    def entry(self, area_id: int) -> AreaEntry:
        return AreaEntry(area_id=area_id, **self.cleaned_data)


class RecordForm(forms.ModelForm):  # type: ignore[type-arg]
    """The rest of the record. `record_version` is what the page was made from, so that no later entry is lost."""

    cartridge_expires_on = MonthField(
        label=_("Expires"), widget=forms.TextInput(attrs={"placeholder": "08/2028", "autocomplete": "off"})
    )
    record_version = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = TreatmentRecord
        fields = (
            "anaesthetic",
            "anaesthetic_lot",
            "anaesthetic_grams",
            "anaesthetic_minutes",
            "cartridge_lot",
            "cartridge_expires_on",
            "pain",
            "reaction",
            "note",
        )
        widgets = {
            "note": forms.Textarea(attrs={"rows": 3}),
            "pain": forms.NumberInput(
                attrs={"min": 0, "max": 10, "inputmode": "numeric", "class": "input--num"}
            ),
            "cartridge_lot": forms.TextInput(attrs={"autocomplete": "off", "placeholder": _("Scan or type")}),
        }

    def entry(self, areas: Iterable[AreaEntry]) -> RecordEntry:
        fields = {name: self.cleaned_data[name] for name in self.Meta.fields}
        return RecordEntry(areas=tuple(areas), **fields)


@dataclass(frozen=True, slots=True)
class AreaRow:
    """One area on the page: its form, what was done last time, and what the protocol allows."""

    area: Area
    form: TreatedAreaForm
    last: AreaTreatment | None
    advice: DepthAdvice | None
