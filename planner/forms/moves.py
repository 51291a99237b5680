"""Moving and cancelling by form: where a session is wanted, and what goes along."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from clinic.forms import ClockInput, DayField
from clinic.localtime import at_local
from clinic.models import Location, Resource
from planner.schedule.session_place import SessionPlace, starts_at_local
from planner.schedule.sessions import practitioners

ONLY, LATER = "only", "later"


class WhereForm(forms.Form):
    """A wish to look at: a day and a time, a day with any time, or neither for the nearest that work."""

    scope = forms.ChoiceField(
        label=_("What moves"),
        choices=[(ONLY, _("Only this session")), (LATER, _("This and later ones"))],
        widget=forms.RadioSelect,
    )
    day = DayField(label=_("Day"), required=False)
    time = forms.TimeField(label=_("Time"), required=False, widget=ClockInput)
    practitioner = forms.ModelChoiceField(
        Resource.objects.none(), label=_("Practitioner"), required=False, empty_label=_("Anyone")
    )

    def __init__(self, *args: Any, location: Location, skills: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.location = location
        able = practitioners(location).filter(skills__contains=list(skills))
        self.fields["practitioner"].queryset = able  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        wish = super().clean() or {}
        if wish.get("time") and not wish.get("day") and "day" not in self.errors:
            self.add_error("day", _("Give the day too, or leave both empty for the nearest times that work."))
        return wish

    @property
    def wanted_on(self) -> date | None:
        """The day on which any time will do."""
        day: date | None = None if self.cleaned_data.get("time") else self.cleaned_data["day"]
        return day

    @property
    def with_later(self) -> bool:
        return bool(self.cleaned_data["scope"] == LATER)

    @property
    def practitioner_id(self) -> int | None:
        chosen = self.cleaned_data["practitioner"]
        return chosen.pk if chosen else None

    def wanted_at(self) -> datetime | None:
        """The instant asked for; refuses one that the clocks skip."""
        day, at = self.cleaned_data["day"], self.cleaned_data["time"]
        return starts_at_local(day, at, self.location.zone) if day and at else None

    def wanted_about(self) -> datetime:
        """The same, moved on by the length of the jump where the clocks skip it."""
        return at_local(self.cleaned_data["day"], self.cleaned_data["time"], self.location.zone)


class VisitField(forms.CharField):
    """A visit as one form value: number, start in seconds since 1970, practitioner, room and device."""

    def to_python(self, value: Any) -> Any:
        parts = str(value or "").split(".")
        if len(parts) != 5 or not all(len(part) < 16 and (part.isdecimal() or not part) for part in parts):
            raise forms.ValidationError(_("This is not one of the times that were offered."))
        number, stamp, *ids = (int(part) if part else None for part in parts)
        if number is None or stamp is None or stamp > LAST_STAMP:
            raise forms.ValidationError(_("This is not one of the times that were offered."))
        return SessionPlace(number, datetime.fromtimestamp(stamp, tz=UTC), *ids)


LAST_STAMP = int(datetime(2101, 1, 1, tzinfo=UTC).timestamp())


class BookForm(forms.Form):
    """A plan whose button was pressed; `visits` are checked by booking like any other wish."""

    key = forms.CharField(max_length=80, widget=forms.HiddenInput)
    version = forms.IntegerField(
        widget=forms.HiddenInput, validators=[MinValueValidator(0), MaxValueValidator(2_000_000_000)]
    )
    visits: tuple[SessionPlace, ...] = ()

    def clean(self) -> dict[str, Any]:
        tokens = self.data.getlist("visit")  # type: ignore[attr-defined]
        self.visits = tuple(VisitField().clean(token) for token in tokens[:20])
        if not self.visits:
            raise forms.ValidationError(_("Choose one of the times."))
        return super().clean() or {}


class CancelForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Stays in the history of the session. The patient does not see it."),
    )  # fmt: skip
    key = forms.CharField(max_length=80, widget=forms.HiddenInput)
    version = forms.IntegerField(
        widget=forms.HiddenInput, validators=[MinValueValidator(0), MaxValueValidator(2_000_000_000)]
    )
