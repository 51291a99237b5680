from datetime import UTC, datetime
from typing import Any

import pytest

from clinic.forms import (
    AbsenceForm,
    DeviceForm,
    ExtraHoursForm,
    LocationForm,
    NewStaffForm,
    PractitionerForm,
    ResourceForm,
    WeeklyHoursForm,
)
from clinic.models import Location, Resource, WeeklyHours
from clinic.permissions import Role
from tests.makers import make_location, make_practitioner, make_room, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Location:
    return make_location()


def _away(place: Location, **fields: Any) -> AbsenceForm:
    data = {"key": "k", "kind": "closure", "from_day": "2027-03-27", "to_day": "2027-03-29"} | fields
    return AbsenceForm(data, location=place)


def _span(form: AbsenceForm) -> tuple[datetime, datetime]:
    assert form.is_valid(), form.errors
    return form.absence().starts_at, form.absence().ends_at


def test_without_clock_times_an_absence_is_whole_local_days(place: Location) -> None:
    # British clocks go forward on 28 March 2027: the span is an hour shorter than three days.
    assert _span(_away(place)) == (datetime(2027, 3, 27, tzinfo=UTC), datetime(2027, 3, 29, 23, tzinfo=UTC))


def test_without_a_last_day_it_is_one_day(place: Location) -> None:
    assert _span(_away(place, to_day="")) == (
        datetime(2027, 3, 27, tzinfo=UTC),
        datetime(2027, 3, 28, tzinfo=UTC),
    )


def test_clock_times_are_the_locations(place: Location) -> None:
    form = _away(place, from_day="2027-07-01", to_day="2027-07-01", from_time="09:00", to_time="12:30")
    assert _span(form) == (datetime(2027, 7, 1, 8, tzinfo=UTC), datetime(2027, 7, 1, 11, 30, tzinfo=UTC))


@pytest.mark.parametrize("field", ["from", "to"])
def test_a_time_the_clocks_skip_is_refused(place: Location, field: str) -> None:
    form = _away(place, from_day="2027-03-28", to_day="2027-03-28", **{f"{field}_time": "01:30"})
    assert form.errors == {
        f"{field}_time": ["Clocks go forward on Sun 28 Mar 2027 and never show 01:30. Take an hour later."]
    }


@pytest.mark.parametrize(
    "fields",
    [
        {"to_day": "2027-03-26"},
        {"to_day": "2027-03-27", "from_time": "10:00", "to_time": "10:00"},
    ],
)
def test_an_end_that_is_not_after_the_beginning_is_refused(place: Location, fields: dict[str, str]) -> None:
    assert _away(place, **fields).errors == {"to_day": ["The end must be after the beginning."]}


@pytest.mark.parametrize("day", ["1999-12-31", "9999-12-31", "2027-02-30", "tomorrow"])
def test_a_day_nobody_means_is_refused(place: Location, day: str) -> None:
    assert list(_away(place, from_day="2027-01-01", to_day=day).errors) == ["to_day"]


@pytest.mark.parametrize("kind", ["leave", "sick"])
def test_only_a_practitioner_is_on_leave_or_sick(place: Location, kind: str) -> None:
    nobody = _away(place, kind=kind)
    room = _away(place, kind=kind, resource=make_room(place).pk)
    assert (list(nobody.errors), list(room.errors)) == (["resource"], ["resource"])
    assert _away(place, kind=kind, resource=make_practitioner(place).pk).is_valid()


def test_another_locations_room_cannot_be_away_here(place: Location) -> None:
    room = make_room(make_location())
    assert list(_away(place, resource=room.pk).errors) == ["resource"]
    assert list(
        ExtraHoursForm({"key": "k", "from_day": "2027-03-27", "resource": room.pk}, location=place).errors
    ) == ["resource"]


def _weekly(place: Location, **fields: Any) -> WeeklyHoursForm:
    data = {"key": "k", "weekday": "0", "opens": "09:00", "closes": "17:00"} | fields
    return WeeklyHoursForm(data, instance=WeeklyHours(location=place))


@pytest.mark.parametrize("closes", ["09:00", "08:00"])
def test_hours_end_after_they_begin(place: Location, closes: str) -> None:
    assert _weekly(place, closes=closes).errors == {
        "closes": ["The end must be after the beginning, on the same day."]
    }


def test_the_last_valid_day_is_not_before_the_first(place: Location) -> None:
    assert _weekly(place, valid_from="2027-02-01", valid_to="2027-01-31").errors == {
        "valid_to": ["The last day must not be before the first."]
    }


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("", []), ("Microneedling, RF ,rf", ["microneedling", "rf"]), ("laser safe,", ["laser-safe"])],
)
def test_skills_are_words(place: Location, typed: str, kept: list[str]) -> None:
    form = ResourceForm(
        {"key": "k", "name": "Room", "skills": typed, "turnaround_minutes": "0", "position": "0"},
        instance=Resource(location=place, kind="room"),
    )
    assert form.is_valid(), form.errors
    assert form.instance.skills == kept


@pytest.mark.parametrize("skills", ["!!!", "x" * 41])
def test_what_is_no_word_is_no_skill(place: Location, skills: str) -> None:
    form = ResourceForm(
        {"key": "k", "name": "Room", "skills": skills, "turnaround_minutes": "0", "position": "0"},
        instance=Resource(location=place, kind="room"),
    )
    assert list(form.errors) == ["skills"]


def _device(place: Location, **fields: str) -> DeviceForm:
    data = {
        "key": "k",
        "name": "Pen A",
        "device_type": "pen",
        "max_depth_mm": "2.5",
        "turnaround_minutes": "15",
        "position": "1",
    }
    return DeviceForm(data | fields, instance=Resource(location=place, kind="device"))


def test_a_device_has_a_type_and_a_labelled_depth(place: Location) -> None:
    assert _device(place).is_valid()
    assert list(_device(place, device_type="").errors) == ["device_type"]


@pytest.mark.parametrize("depth", ["", "0", "-1", "0.05", "12", "NaN", "2.555"])
def test_a_depth_no_label_says_is_refused(place: Location, depth: str) -> None:
    assert list(_device(place, max_depth_mm=depth).errors) == ["max_depth_mm"]


@pytest.mark.parametrize("minutes", ["-1", "241", "x"])
def test_turnaround_is_at_most_four_hours(place: Location, minutes: str) -> None:
    assert list(_device(place, turnaround_minutes=minutes).errors) == ["turnaround_minutes"]


def test_one_member_is_one_practitioner_of_the_same_clinic(place: Location) -> None:
    free, stranger = make_staff(place), make_staff(make_location())
    taken = make_staff(place)
    own = make_practitioner(place, user=taken.user)
    choices = PractitionerForm(instance=Resource(location=place, kind="practitioner")).fields["member"]
    assert list(choices.queryset) == [free]  # type: ignore[attr-defined]
    assert set(PractitionerForm(instance=own).fields["member"].queryset) == {free, taken}  # type: ignore[attr-defined]
    assert stranger not in choices.queryset  # type: ignore[attr-defined]


def _place(place: Location, **fields: Any) -> LocationForm:
    data = {
        "key": "k",
        "name": "Leeds",
        "emergency_phone": "999",
        "timezone": "Europe/London",
        "country": "gb",
        "subdivision": "eng",
        "grid_minutes": "15",
        "quiet_from": "20:00",
        "quiet_to": "08:00",
        "grace_minutes": "3",
    }
    return LocationForm(data | fields, instance=place)


def test_country_and_region_are_written_as_their_codes(place: Location) -> None:
    form = _place(place)
    assert form.is_valid(), form.errors
    assert (form.instance.country, form.instance.subdivision) == ("GB", "ENG")


@pytest.mark.parametrize(("written", "code"), [("UK", "GB"), ("uk", "GB"), ("gb", "GB")])
def test_a_country_is_known_as_people_write_it(place: Location, written: str, code: str) -> None:
    form = _place(place, country=written)
    assert form.is_valid(), form.errors
    assert form.instance.country == code


@pytest.mark.parametrize(
    ("country", "needs_region"), [("GB", True), ("DE", True), ("CH", True), ("JP", False)]
)
def test_where_holidays_differ_by_region_one_is_asked_for(
    place: Location, country: str, needs_region: bool
) -> None:
    asked = {"country": country, "subdivision": "", "closes_on_public_holidays": "on"}
    assert list(_place(place, **asked).errors) == (["subdivision"] if needs_region else [])
    assert not _place(place, country=country, subdivision="").errors


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("country", "XX"),
        ("subdivision", "QQ"),
        ("timezone", "Europe/Leeds"),
        ("grace_minutes", "61"),
        ("grid_minutes", "7"),
        ("email", "not an address"),
    ],
)
def test_what_no_place_has_is_refused(place: Location, field: str, value: str) -> None:
    assert list(_place(place, **{field: value}).errors) == [field]


def test_a_new_member_needs_a_role_there_is() -> None:
    data = {"key": "k", "email": "abi@linden.example", "name": "Abi Osei", "role": "owner"}
    assert list(NewStaffForm(data).errors) == ["role"]
    form = NewStaffForm(data | {"role": "manager"})
    assert form.is_valid()
    assert (form.entry().name, form.entry().role, form.entry().is_active) == ("Abi Osei", Role.MANAGER, True)
