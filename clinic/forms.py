"""The settings pages' forms: what may be typed, and what it means. Rules that need other rows are the services'."""

from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import uuid4
from zoneinfo import available_timezones

import holidays
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from clinic.localtime import at_local, day_bounds, day_label, time_exists
from clinic.models import (
    Absence,
    Clinic,
    ExtraHours,
    Location,
    Resource,
    ResourceKind,
    StaffMember,
    WeeklyHours,
)
from clinic.models.hours import EVERY_WEEKS, MIDNIGHT, WEEKDAYS
from clinic.permissions import Role
from clinic.queries import clinicians_for
from clinic.services.sessions_hit import ChangeScope
from clinic.services.staff import StaffEntry

BELIEVABLE_DAYS: list[Callable[[Any], None]] = [
    MinValueValidator(date(2000, 1, 1)),
    MaxValueValidator(date(2100, 12, 31)),
]


def new_key() -> str:
    return str(uuid4())


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class DayField(forms.DateField):
    """A day that somebody can mean, 2000 to 2100: further out the calendar ends, and with it every reckoning."""

    widget = DayInput
    default_validators = BELIEVABLE_DAYS


class ClockInput(forms.TimeInput):
    input_type = "time"

    def __init__(self) -> None:
        super().__init__(format="%H:%M")


class Keyed(forms.Form):
    """A form that writes: sent twice, it writes once."""

    key = forms.CharField(widget=forms.HiddenInput, max_length=80, initial=new_key)


class VersionedForm(forms.ModelForm):  # type: ignore[type-arg]
    """Of a row that may exist: carries the version it was made from, so that it saves over no later one."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            del self.fields["version"]
        else:
            self.initial["version"] = self.instance.version

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.instance.pk is not None:
            self.instance.version = cleaned.get("version") or 0
        return cleaned


class ClinicForm(VersionedForm):
    class Meta:
        model = Clinic
        fields = ["name", "mail_name", "other_area_days"]
        labels = {"name": _("clinic's name")}


@cache
def _time_zones() -> list[tuple[str, str]]:
    """Read from disk, all six hundred of them, once."""
    return [(name, name.replace("_", " ")) for name in sorted(available_timezones())]


class LocationForm(VersionedForm, Keyed):
    timezone = forms.ChoiceField(label=_("time zone"), choices=_time_zones)

    class Meta:
        model = Location
        fields = [
            "name",
            "address",
            "phone",
            "email",
            "emergency_phone",
            "timezone",
            "country",
            "subdivision",
            "closes_on_public_holidays",
            "grid_minutes",
            "quiet_from",
            "quiet_to",
            "grace_minutes",
        ]
        labels = {"name": _("location's name")}
        widgets = {"quiet_from": ClockInput(), "quiet_to": ClockInput()}

    def clean_country(self) -> str:
        """As ISO 3166 writes it, whatever people write."""
        country = str(self.cleaned_data["country"]).upper()
        return {"UK": "GB", "EL": "GR"}.get(country, country)

    def clean_subdivision(self) -> str:
        return str(self.cleaned_data["subdivision"]).upper()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        country, region = cleaned.get("country"), cleaned.get("subdivision")
        known = holidays.list_supported_countries()
        if country and country not in known:
            self.add_error(
                "country", _("No public holidays are known for this code. Use two letters, as in GB.")
            )
        elif country and (region or cleaned.get("closes_on_public_holidays")):
            self._refuse_region(country, region or "", known[country])
        return cleaned

    def _refuse_region(self, country: str, region: str, regions: list[str]) -> None:
        """Without a region where they differ, holidays of its own would be missing and nobody would see it."""
        if regions and region not in regions:
            said = _("Public holidays differ by region there. Choose one: %(regions)s.")
            self.add_error("subdivision", said % {"regions": ", ".join(regions)})
        elif region and not regions:
            self.add_error("subdivision", _("No regions are known there; leave it empty."))


class WeeklyHoursForm(VersionedForm, Keyed):
    weekday = forms.TypedChoiceField(label=_("weekday"), choices=WEEKDAYS, coerce=int)
    every_weeks = forms.TypedChoiceField(label=_("repeats"), choices=EVERY_WEEKS, coerce=int, required=False)

    class Meta:
        model = WeeklyHours
        fields = ["weekday", "opens", "closes", "every_weeks", "valid_from", "valid_to"]
        widgets = {
            "opens": ClockInput(),
            "closes": ClockInput(),
            "valid_from": DayInput(),
            "valid_to": DayInput(),
        }
        help_texts = {
            "closes": _("00:00 is midnight"),
            "valid_from": _(
                "Empty: since ever. Of what repeats every second week or less often: its first week"
            ),
            "valid_to": _("Last day, included. Empty: until changed"),
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        opens, closes = cleaned.get("opens"), cleaned.get("closes")
        cleaned["every_weeks"] = cleaned.get("every_weeks") or 1
        if opens and closes and closes != MIDNIGHT and opens >= closes:
            self.add_error("closes", _("The end must be after the beginning, on the same day."))
        first, last = cleaned.get("valid_from"), cleaned.get("valid_to")
        if cleaned["every_weeks"] > 1 and not first:
            self.add_error("valid_from", _("Say from which week on it repeats."))
        if first and last and first > last:
            self.add_error("valid_to", _("The last day must not be before the first."))
        return cleaned


class TimeAwayForm(Keyed):
    """A span in the location's local time; without clock times it is whole days."""

    resource = forms.ModelChoiceField(Resource.objects.none(), label=_("who or what"), required=False)
    from_day = DayField(label=_("first day"))
    from_time = forms.TimeField(
        label=_("from"), widget=ClockInput(), required=False, help_text=_("Empty: from the start of the day")
    )
    to_day = DayField(
        label=_("last day"),
        required=False,
        help_text=_("Empty: the same day"),
    )
    to_time = forms.TimeField(
        label=_("to"), widget=ClockInput(), required=False, help_text=_("Empty: until the end of the day")
    )
    note = forms.CharField(
        label=_("note"),
        max_length=200,
        required=False,
        help_text=_("Seen by everyone who sees the board. No health information."),
    )

    def __init__(self, data: Any = None, *, location: Location, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.location = location
        field = self.fields["resource"]
        field.queryset = location.resources.filter(is_active=True)  # type: ignore[attr-defined]
        field.empty_label = _("The whole location")  # type: ignore[attr-defined]

    def _refuse_skipped(self, name: str, day: date) -> None:
        """Refuse a clock time that was typed and that no clock shows on `day`."""
        at = self.cleaned_data[name]
        if at and not time_exists(day, at, self.location.zone):
            sentence = _("Clocks go forward on %(day)s and never show %(time)s. Take an hour later.")
            self.add_error(name, sentence % {"day": day_label(day), "time": f"{at:%H:%M}"})

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        zone, first = self.location.zone, cleaned["from_day"]
        last = cleaned["to_day"] or first
        starts_at = at_local(first, cleaned["from_time"] or time.min, zone)
        ends_at = (
            at_local(last, cleaned["to_time"], zone) if cleaned["to_time"] else day_bounds(last, zone)[1]
        )
        self._refuse_skipped("from_time", first)
        self._refuse_skipped("to_time", last)
        if starts_at >= ends_at:
            self.add_error("to_day", _("The end must be after the beginning."))
        return cleaned | {"starts_at": starts_at, "ends_at": ends_at}

    def _span(self) -> dict[str, Any]:
        names = ("resource", "starts_at", "ends_at", "note")
        return {"location": self.location} | {name: self.cleaned_data[name] for name in names}


class AbsenceForm(TimeAwayForm):
    kind = forms.ChoiceField(label=_("kind"), choices=Absence.Kind.choices, widget=forms.RadioSelect)
    field_order = ["kind", "resource"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("kind") in (Absence.Kind.LEAVE, Absence.Kind.SICK):
            whom = cleaned.get("resource")
            if whom is None or whom.kind != ResourceKind.PRACTITIONER:
                self.add_error("resource", _("Only a practitioner can be on leave or sick. Choose who."))
        return cleaned

    def scope(self) -> ChangeScope:
        cleaned = self.cleaned_data
        return ChangeScope(self.location, cleaned["resource"], cleaned["starts_at"], cleaned["ends_at"])

    def absence(self) -> Absence:
        return Absence(kind=self.cleaned_data["kind"], **self._span())


class ExtraHoursForm(TimeAwayForm):
    def extra_hours(self) -> ExtraHours:
        return ExtraHours(**self._span())


class ResourceForm(VersionedForm, Keyed):
    """What all kinds share; a skill is one word, as protocols ask for it."""

    skills = forms.CharField(
        label=_("skills"),
        required=False,
        max_length=400,
        help_text=_("Words a protocol asks for, with commas between: microneedling, rf, pen"),
    )

    class Meta:
        model = Resource
        fields = ["name", "skills", "turnaround_minutes", "position", "is_active"]
        help_texts = {
            "turnaround_minutes": _("Minutes of cleaning or reset after each use, at most 240"),
            "position": _("Small numbers stand further left"),
            "is_active": _("Out of use, it is offered for nothing new; its past stays."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["skills"] = ", ".join(self.instance.skills)
        self.fields["turnaround_minutes"].validators.append(MaxValueValidator(240))

    def clean_skills(self) -> list[str]:
        words = [slugify(word) for word in self.cleaned_data["skills"].split(",") if word.strip()]
        if any(not word or len(word) > 40 for word in words):
            raise ValidationError(
                _("A skill is one short word of letters and digits, as in: microneedling, rf")
            )
        return list(dict.fromkeys(words))


class PractitionerForm(ResourceForm):
    member = forms.ModelChoiceField(
        StaffMember.objects.none(),
        label=_("signs in as"),
        required=False,
        help_text=_("Their own day then stands first on Today"),
    )

    class Meta(ResourceForm.Meta):
        fields = ["name", "registration", "skills", "turnaround_minutes", "position", "is_active"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        member = self.fields["member"]
        member.queryset = clinicians_for(self.instance)  # type: ignore[attr-defined]
        self.initial["member"] = getattr(self.instance.user, "staff", None)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        member = cleaned.get("member")
        self.instance.user = member.user if member else None
        return cleaned


class DeviceForm(ResourceForm):
    class Meta(ResourceForm.Meta):
        fields = [
            "name",
            "device_type",
            "model",
            "serial_number",
            "max_depth_mm",
            "skills",
            "turnaround_minutes",
            "position",
            "is_active",
        ]
        help_texts = ResourceForm.Meta.help_texts | {
            "max_depth_mm": _("Millimetres. No record takes a deeper needle than the label allows.")
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("device_type", "max_depth_mm"):
            self.fields[name].required = True
        self.fields["max_depth_mm"].validators.append(MinValueValidator(Decimal("0.1")))


RESOURCE_FORMS: dict[ResourceKind, type[ResourceForm]] = {
    ResourceKind.PRACTITIONER: PractitionerForm,
    ResourceKind.ROOM: ResourceForm,
    ResourceKind.DEVICE: DeviceForm,
}


class StaffForm(Keyed):
    name = forms.CharField(label=_("name"), max_length=80)
    role = forms.ChoiceField(label=_("role"), choices=Role.choices, widget=forms.RadioSelect)
    is_active = forms.BooleanField(
        label=_("may sign in"),
        required=False,
        initial=True,
        help_text=_("Switched off, they are signed out everywhere at once."),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def entry(self) -> StaffEntry:
        cleaned = self.cleaned_data
        return StaffEntry(cleaned["name"], Role(cleaned["role"]), cleaned["is_active"])


class NewStaffForm(StaffForm):
    email = forms.EmailField(label=_("work e-mail"), max_length=254, help_text=_("They sign in with it."))
    is_active = version = None  # type: ignore[assignment]
    field_order = ["email", "name", "role"]

    def entry(self) -> StaffEntry:
        return StaffEntry(self.cleaned_data["name"], Role(self.cleaned_data["role"]))
