"""A step of preparation or aftercare as it is typed: when it goes, and words that can go into a mail."""

from collections.abc import Collection
from datetime import time
from itertools import chain, count
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from clinic.forms import ClockInput
from planner.choices import Anchor
from planner.forms.versions import NextVersion, Perhaps, whole
from planner.models import AftercareStep
from planner.outbox.plan_messages import NEWS
from planner.outbox.step_words import BLANKS, breaks_the_line, revealed_by, strange_blank
from planner.outbox.steps import AFTER_THE_SESSION, MINUTES_A_DAY
from planner.protocols.protocol_versions import Revision

UNITS = [("hours", _("hours")), ("days", _("days"))]
MINUTES = {"hours": 60, "days": MINUTES_A_DAY}
LONGEST = {"hours": 72, "days": 365}
TIMING = ("amount", "unit", "at_local_time")
CODES = {
    Anchor.SESSION_START: "before",
    Anchor.SESSION_END: "after",
    Anchor.LAST_SESSION_END: "after_last",
}
"""What a step may be added to, and how its code begins."""
WORDS = ("subject", "title", "normal", "do", "wait", "call")


class LineField(forms.CharField):
    """One line without anything that could end it."""

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        if breaks_the_line(text):
            raise ValidationError(_t("This is one line, without line ends or control characters."))
        return text


class TextField(forms.CharField):
    """Several lines, with the blanks that a mail can fill."""

    def __init__(self, *, label: Any, rows: int = 3, **more: Any) -> None:
        super().__init__(label=label, max_length=2_000, widget=forms.Textarea(attrs={"rows": rows}), **more)

    def to_python(self, value: Any) -> str:
        text = "\n".join((super().to_python(value) or "").splitlines())
        _refuse_strange_blank(text)
        return text


def _refuse_strange_blank(text: str) -> None:
    if blank := strange_blank(text):
        known = {"blank": blank, "blanks": BLANKS}
        raise ValidationError(
            _t("Nothing can be put in for “%(blank)s”. What can, with any number: %(blanks)s") % known
        )


class StepFields(forms.Form):
    """When a step goes and its words; what it counts from is `anchor`, empty while nobody chose it."""

    anchor: str

    only_dark_skin = forms.BooleanField(label=_("only to skin types IV to VI"), required=False)
    amount = whole(_("how long"), 0, 365)
    unit = forms.ChoiceField(label=_("in"), choices=UNITS)
    at_local_time = forms.TimeField(
        label=_("at"), widget=ClockInput(), required=False, help_text=_("With days. Empty with hours.")
    )
    expires_after_hours = whole(_("of use for, hours"), 1, 720)
    subject = LineField(
        label=_("subject"), max_length=120, help_text=_("Anyone may read it. It says nothing of the visit.")
    )
    title = LineField(label=_("title"), max_length=160, help_text=_("Stands in lists, too; no blanks."))
    normal = TextField(
        label=_("what is usual now"), help_text=format_lazy("{} {}", _("Blanks that are filled:"), BLANKS)
    )
    do = TextField(label=_("do"), required=False, rows=4, help_text=_("One thing a line."))
    wait = TextField(label=_("wait with"), required=False, rows=3, help_text=_("One thing a line."))
    call = TextField(
        label=_("call us the same day if"), required=False, rows=4, help_text=_("One sign a line.")
    )

    def timing(self) -> list[forms.BoundField]:
        return [self[name] for name in TIMING if name in self.fields]

    def all_but_timing(self) -> list[forms.BoundField]:
        return [field for field in self if field.name not in TIMING]

    def clean_subject(self) -> str:
        subject: str = self.cleaned_data["subject"]
        _refuse_strange_blank(subject)
        if word := revealed_by(subject):
            raise ValidationError(
                _t("“%(word)s” tells a stranger what the visit is for. Say it inside.") % {"word": word}
            )
        return subject

    def clean_title(self) -> str:
        title: str = self.cleaned_data["title"]
        if "{" in title or "}" in title:
            raise ValidationError(_t("A title has no blanks: lists show it as it is."))
        return title

    def clean_call(self) -> str:
        signs: str = self.cleaned_data["call"]
        if not signs and self.anchor in AFTER_THE_SESSION:
            raise ValidationError(_t("A mail after a session always says when to call."))
        return signs

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if {"amount", "unit"} <= cleaned.keys() and "at_local_time" in cleaned:
            self._check_time(cleaned["amount"], cleaned["unit"], cleaned["at_local_time"])
        return cleaned

    def _check_time(self, amount: int, unit: str, at: time | None) -> None:
        if amount > LONGEST[unit]:
            self.add_error("amount", _t("At most %(most)d. Choose days.") % {"most": LONGEST[unit]})
        if unit == "days" and at is None:
            self.add_error("at_local_time", _t("At what time of that day?"))
        if unit == "hours" and at is not None:
            self.add_error("at_local_time", _t("Hours count from the visit itself; leave this empty."))
        if unit == "days" and amount == 0 and self.anchor in AFTER_THE_SESSION:
            self.add_error("amount", _t("That day's visit may end later than this. Choose hours."))

    def values(self) -> dict[str, Any]:
        """The step's own fields as typed."""
        said = {name: self.cleaned_data[name] for name in ("only_dark_skin", "expires_after_hours", *WORDS)}
        if self.anchor in NEWS:
            return said
        minutes = self.cleaned_data["amount"] * MINUTES[self.cleaned_data["unit"]]
        offset = -minutes if self.anchor == Anchor.SESSION_START else minutes
        return said | {"offset_minutes": offset, "at_local_time": self.cleaned_data["at_local_time"]}


class StepForm(NextVersion, StepFields):
    """One step of a version. What it counts from stays; news of dates goes at once, so its time is not asked.

    Only to look at the mail, nobody has to note what changes (`is_noted`).
    """

    is_active = forms.BooleanField(label=_("send this mail"), required=False)
    field_order = [*TIMING, "expires_after_hours", "only_dark_skin", "is_active", *WORDS, "change_note"]

    def __init__(self, data: Any = None, *, step: AftercareStep, is_noted: bool = True) -> None:
        self.step, self.anchor = step, step.anchor
        super().__init__(data, initial=_said(step) | {"version": step.version.number})
        self.fields["change_note"].required = is_noted
        if step.anchor in NEWS:
            for name in TIMING:
                del self.fields[name]

    def values(self) -> dict[str, Any]:
        return super().values() | {"is_active": self.cleaned_data["is_active"]}

    def revision(self) -> Revision:
        return Revision(note=self.cleaned_data["change_note"], steps={self.step.code: self.values()})

    def typed_step(self) -> AftercareStep:
        """The step as typed, to look at; never saved."""
        same = {each.attname: getattr(self.step, each.attname) for each in self.step._meta.concrete_fields}
        return AftercareStep(**same | self.values())


class NewStepForm(Perhaps, StepFields):
    """One mail more, but for news about dates; left empty, none."""

    anchor_chosen = forms.ChoiceField(
        label=_("counts from"), choices=[("", "–"), *((each, each.label) for each in CODES)]
    )
    unit = forms.ChoiceField(label=_("in"), choices=[("", "–"), *UNITS])
    field_order = ["anchor_chosen", *TIMING, "expires_after_hours", "only_dark_skin", *WORDS]

    @property
    def anchor(self) -> str:  # type: ignore[override]
        return str(self.cleaned_data.get("anchor_chosen", ""))

    def as_new(self, codes: Collection[str]) -> dict[str, Any]:
        """Its fields, with a code that none of `codes` is: after_10d, or after_10d_2."""
        amount, unit = self.cleaned_data["amount"], self.cleaned_data["unit"]
        stem = f"{CODES[Anchor(self.anchor)]}_{amount}{unit[0]}"
        code = next(each for each in chain([stem], (f"{stem}_{n}" for n in count(2))) if each not in codes)
        return self.values() | {"code": code, "anchor": self.anchor}


def _said(step: AftercareStep) -> dict[str, Any]:
    names = ("is_active", "only_dark_skin", "expires_after_hours", "at_local_time", *WORDS)
    minutes = abs(step.offset_minutes)
    unit = "hours" if step.at_local_time is None else "days"
    return {name: getattr(step, name) for name in names} | {"amount": minutes // MINUTES[unit], "unit": unit}
