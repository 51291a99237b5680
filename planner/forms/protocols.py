"""A protocol's next version as it is typed: figures in order and in range."""

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from itertools import chain
from math import lcm
from typing import Any, TypeVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from planner.choices import Anchor
from planner.forms.steps import CODES, NewStepForm
from planner.forms.versions import NextVersion, Ordered, Perhaps, whole
from planner.models import ProtocolVersion
from planner.outbox.plan_messages import NEWS
from planner.outbox.step_words import when
from planner.protocols.protocol_versions import KNOWN_BY, Revision
from planner.protocols.skin_types import ROMAN, skin_types

MOST_WEEKS, MOST_LOOKS = 104, 6
FIGURES = (
    "sessions_min",
    "sessions_target",
    "sessions_max",
    "interim_review_before",
    "floor_days",
    "lapse_days",
    "outcome_weeks",
)


def _millimetres(label: Any) -> forms.DecimalField:
    box = forms.NumberInput(attrs={"class": "input--num", "inputmode": "decimal", "step": "0.05"})
    return forms.DecimalField(
        label=label,
        min_value=Decimal("0.25"),
        max_value=Decimal("3.5"),
        max_digits=3,
        decimal_places=2,
        widget=box,
    )


RowForm = TypeVar("RowForm", bound=Ordered)


def _skin_type(label: Any) -> forms.TypedChoiceField:
    choices = [("", "–"), *((number, roman) for number, roman in enumerate(ROMAN) if number)]
    return forms.TypedChoiceField(label=label, choices=choices, coerce=int)


class GapForm(Ordered):
    """Days between sessions for a range of skin types; left out of the next version if `gone`."""

    skin_type_from = _skin_type(_("from skin type"))
    skin_type_to = _skin_type(_("to skin type"))
    min_days = whole(_("shortest"), 1, 365)
    target_days = whole(_("best"), 1, 365)
    max_days = whole(_("longest"), 1, 365)
    gone = forms.BooleanField(label=_("remove this row"), required=False)
    rising = [("skin_type_from", "skin_type_to"), ("min_days", "target_days", "max_days")]


class PhaseForm(Ordered):
    minutes = whole(_("minutes"), 5, 480)
    grid = 5

    def clean_minutes(self) -> int:
        minutes: int = self.cleaned_data["minutes"]
        if minutes % self.grid:
            raise ValidationError(_t("The board counts in steps of %(grid)d minutes.") % {"grid": self.grid})
        return minutes


class DepthForm(Ordered):
    min_mm = _millimetres(_("shallowest"))
    rubra_mm = _millimetres(_("red marks"))
    alba_mm = _millimetres(_("white marks"))
    max_mm = _millimetres(_("deepest"))
    passes_min = whole(_("fewest passes"), 1, 12)
    passes_max = whole(_("most passes"), 1, 12)
    note = forms.CharField(label=_("note"), max_length=200, required=False)
    rising = [("min_mm", "rubra_mm", "alba_mm", "max_mm"), ("passes_min", "passes_max")]


class NewGapForm(Perhaps, GapForm):
    """One row more; left empty, none."""

    gone = None  # type: ignore[assignment]
    title = _("One more range, or leave it empty")


class ProtocolForm(NextVersion, Ordered):
    """A version's own figures, a form for every gap, phase and site of it, and one for a gap and a mail more."""

    sessions_min = whole(_("fewest"), 1, 20)
    sessions_target = whole(_("usual"), 1, 20)
    sessions_max = whole(_("most before a review"), 1, 20)
    interim_review_before = whole(_("judge before session"), 2, 20)
    floor_days = whole(_("never closer than"), 1, 365)
    lapse_days = whole(_("screen anew after"), 1, 365)
    outcome_weeks = forms.CharField(
        label=_("judge the result, weeks after"), max_length=40, help_text=_("With commas between: 12, 24")
    )
    steps_gone = forms.MultipleChoiceField(
        label=_("remove these mails"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("News about dates is not removed, only switched off, on its own page."),
    )
    rising = [("sessions_min", "sessions_target", "sessions_max")]

    def __init__(self, data: Any = None, *, version: ProtocolVersion, grids: Iterable[int]) -> None:
        weeks = ", ".join(str(week) for week in version.outcome_weeks)
        figures = {name: getattr(version, name) for name in FIGURES}
        super().__init__(data, initial=figures | {"outcome_weeks": weeks, "version": version.number})
        self.gaps = _rows(
            GapForm, data, version, "gaps", lambda row: skin_types(row.skin_type_from, row.skin_type_to)
        )
        self.phases = _rows(PhaseForm, data, version, "phases", lambda row: row.get_kind_display())
        self.depths = _rows(DepthForm, data, version, "depths", lambda row: row.get_site_display())
        for phase in self.phases.values():
            phase.grid = lcm(*grids)
        self.new_gap = NewGapForm(data, prefix="gaps-new")
        self.new_step = NewStepForm(data, prefix="steps-new")
        self.codes = [step.code for step in version.steps.all()]
        self.fields["steps_gone"].choices = _mails_of(version)  # type: ignore[attr-defined]

    def is_valid(self) -> bool:
        return all([super().is_valid(), *(row.is_valid() for row in self._all_rows())])

    def _all_rows(self) -> Iterable[forms.Form]:
        kept = (gap for gap in self.gaps.values() if not gap.is_gone)
        return chain(kept, self.phases.values(), self.depths.values(), [self.new_gap, self.new_step])

    def clean_outcome_weeks(self) -> list[int]:
        words = [word.strip() for word in self.cleaned_data["outcome_weeks"].split(",")]
        if not all(re.fullmatch(r"[0-9]{1,3}", word) for word in words):
            raise ValidationError(_t("Whole weeks with commas between, as in: 12, 24"))
        weeks = [int(word) for word in words]
        if (
            weeks != sorted(set(weeks))
            or not 1 <= weeks[0] <= weeks[-1] <= MOST_WEEKS
            or len(weeks) > MOST_LOOKS
        ):
            limits = {"looks": MOST_LOOKS, "most": MOST_WEEKS}
            raise ValidationError(_t("At most %(looks)d, rising, each from 1 to %(most)d.") % limits)
        return weeks

    def revision(self) -> Revision:
        return Revision(
            note=self.cleaned_data["change_note"],
            figures={name: self.cleaned_data[name] for name in FIGURES},
            gaps=_typed(self.gaps),
            phases=_typed(self.phases),
            depths=_typed(self.depths),
            gone={
                "gaps": [known for known, gap in self.gaps.items() if gap.is_gone],
                "steps": self.cleaned_data["steps_gone"],
            },
            new={
                "gaps": [self.new_gap.cleaned_data] if self.new_gap.has_changed() else [],
                "steps": [self.new_step.as_new(self.codes)] if self.new_step.has_changed() else [],
            },
        )


def _mails_of(version: ProtocolVersion) -> list[tuple[str, str]]:
    """Those that may be taken out, by their codes, in the order they go."""
    mails = [step for step in version.steps.all() if step.anchor not in NEWS]
    mails.sort(key=lambda step: (list(CODES).index(Anchor(step.anchor)), step.offset_minutes))
    return [(step.code, f"{when(step)}: {step.title}") for step in mails]


def _rows(
    form: type[RowForm], data: Any, version: ProtocolVersion, name: str, title: Callable[[Any], str]
) -> dict[Any, RowForm]:
    """A form for each row, by what it is known by."""
    made = {}
    for row in getattr(version, name).all():
        known = getattr(row, KNOWN_BY[name])
        said = {field: getattr(row, field) for field in form.base_fields if field != "gone"}
        made[known] = form(data, prefix=f"{name}-{known}", initial=said)
        made[known].title = title(row)
    return made


def _typed(rows: Mapping[Any, Ordered]) -> dict[Any, dict[str, Any]]:
    """What is said of each row that stays."""
    stays = {known: row.cleaned_data for known, row in rows.items() if not row.is_gone}
    return {
        known: {name: value for name, value in said.items() if name != "gone"}
        for known, said in stays.items()
    }
