"""Drafting a series: the choice, the wishes, and who may change them."""

from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any

import pytest

from clinic.errors import Refusal
from clinic.services.once import KeyUsedForSomethingElse
from clinic.services.versions import Stale
from planner.choices import SeriesState, SessionState
from planner.models import Series
from planner.schedule.draft import (
    ANY,
    ChoiceReasonMissing,
    ProtocolChoice,
    Wishes,
    change_draft,
    change_wishes,
    draft_series,
)
from planner.schedule.refusals import SeriesClosed
from planner.schedule.taken_areas import AreaInSeries, AreasOverlap
from tests.makers import (
    NOW,
    make_area,
    make_clinic,
    make_location,
    make_practitioner,
    make_protocol_version,
    new_key,
)
from tests.planner.desk import Desk, everything, open_desk

pytestmark = pytest.mark.django_db


DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def desk() -> Desk:
    return open_desk()


# Drafting


def draft(desk: Desk, patient: Any = None, wishes: Any = ANY, **changes: Any) -> Any:
    patient = patient or desk.patient()
    around = {"location": desk.location, "areas": None, "by": desk.by, "key": new_key(), "now": NOW}
    chosen = {"version": desk.version, "sessions": 4, "gap": (28, 35, 56)}
    around |= {name: changes.pop(name) for name in around.keys() & changes.keys()}
    if around["areas"] is None:
        around["areas"] = [make_area(patient)]  # type: ignore[assignment]
    return draft_series(patient, ProtocolChoice(**chosen | changes), wishes, **around)


def test_a_draft_keeps_choice_and_wishes_and_has_its_sessions_without_times(desk: Desk) -> None:
    wishes = Wishes(desk.practitioner, time(15), weekdays=[3, 1, 1], starts_from=date(2027, 2, 1))
    series = draft(desk, wishes=wishes)
    assert (series.state, series.sessions_planned, series.version) == (SeriesState.DRAFT, 4, 1)
    assert (series.gap_min_days, series.gap_target_days, series.gap_max_days) == (28, 35, 56)
    assert (series.prefers_practitioner, series.prefers_from, series.prefers_to) == (
        desk.practitioner,
        time(15),
        None,
    )
    assert (series.weekdays, series.starts_from) == ([1, 3], date(2027, 2, 1))
    assert list(series.sessions.values_list("number", "state", "starts_at")) == [
        (number, SessionState.PLANNED, None) for number in range(1, 5)
    ]


def test_the_same_key_drafts_once(desk: Desk) -> None:
    patient = desk.patient()
    areas = [make_area(patient)]
    one = draft(desk, patient, areas=areas, key="k")
    again = draft(desk, patient, areas=areas, key="k")
    assert (one.pk, Series.objects.count()) == (again.pk, 1)


def test_a_repeated_draft_answers_the_same_though_something_else_is_recommended_by_now(desk: Desk) -> None:
    patient = desk.patient()
    known = {"areas": [make_area(patient)], "reason": "Prefers it", "key": "k"}
    one = draft(desk, patient, **known, recommended_version=desk.version, recommended_sessions=4)
    newer = make_protocol_version(desk.location.clinic)
    again = draft(desk, patient, **known, recommended_version=newer, recommended_sessions=5)
    assert (one.pk, Series.objects.count()) == (again.pk, 1)


def test_a_key_that_drafted_a_series_drafts_no_other(desk: Desk) -> None:
    patient = desk.patient()
    known = {"areas": [make_area(patient)], "reason": "Prefers it", "key": "k"}
    draft(desk, patient, **known)
    before = everything()
    for other in ({"version": make_protocol_version(desk.location.clinic)}, {"reason": "Less pain"}):
        with pytest.raises(KeyUsedForSomethingElse):
            draft(desk, patient, **known | other)
    assert everything() == before


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sessions": 0}, "sessions_out_of_range"),
        ({"sessions": 21}, "sessions_out_of_range"),
        ({"gap": (20, 35, 56)}, "gap_under_floor"),
        ({"gap": (36, 35, 56)}, "gap_out_of_order"),
        ({"gap": (28, 57, 56)}, "gap_out_of_order"),
        ({"areas": []}, "no_area"),
        ({"wishes": Wishes(weekdays=[7])}, "wish_unclear"),
        ({"wishes": Wishes(prefers_from=time(15), prefers_to=time(15))}, "wish_unclear"),
    ],
)
def test_what_cannot_be_a_series_is_refused(desk: Desk, changes: dict[str, Any], code: str) -> None:
    patient = desk.patient()
    before = everything()
    with pytest.raises(Refusal) as caught:
        draft(desk, patient, **changes)
    assert caught.value.code == code
    assert everything() == before


def test_areas_protocols_and_places_of_others_are_refused(desk: Desk) -> None:
    stranger = make_clinic()
    for changes, code in (
        ({"areas": [make_area(desk.patient())]}, "not_their_area"),
        ({"version": make_protocol_version(stranger)}, "not_of_this_clinic"),
        ({"location": make_location(clinic=stranger)}, "not_of_this_clinic"),
        ({"wishes": Wishes(make_practitioner(make_location(clinic=stranger)))}, "wish_unclear"),
        ({"wishes": Wishes(desk.room)}, "wish_unclear"),
    ):
        patient = desk.patient()
        before = everything()
        with pytest.raises(Refusal) as caught:
            draft(desk, patient, **changes)
        assert (caught.value.code, everything() == before) == (code, True)


@pytest.mark.parametrize("departure", [{"sessions": 5}, {"gap": (28, 42, 56)}])
def test_another_choice_than_the_recommended_one_needs_a_reason(
    desk: Desk, departure: dict[str, Any]
) -> None:
    recommended = {"recommended_version": desk.version, "recommended_sessions": 4}
    with pytest.raises(ChoiceReasonMissing):
        draft(desk, reason=" ", **recommended, **departure)
    series = draft(desk, reason="Prefers fewer visits", **recommended, **departure)
    assert (series.recommended_version, series.recommended_sessions) == (desk.version, 4)
    assert series.choice_reason == "Prefers fewer visits"


def test_the_recommended_choice_needs_no_reason(desk: Desk) -> None:
    series = draft(desk, recommended_version=desk.version, recommended_sessions=4)
    assert series.choice_reason == ""


def test_wishes_change_and_the_others_stay(desk: Desk) -> None:
    series = draft(desk, wishes=Wishes(weekdays=[1], prefers_from=time(15)))
    wishes = replace(Wishes.of(series), weekdays=[2, 0])
    changed = change_wishes(series, wishes, version=1, by=desk.by, key=new_key(), now=NOW)
    assert (changed.weekdays, changed.prefers_from, changed.version) == ([0, 2], time(15), 2)


def test_wishes_are_not_changed_from_an_outdated_page_or_in_a_closed_series(desk: Desk) -> None:
    series = draft(desk)
    with pytest.raises(Stale):
        change_wishes(series, Wishes(weekdays=[2]), version=2, by=desk.by, key=new_key(), now=NOW)
    Series.objects.update(state=SeriesState.STOPPED)
    with pytest.raises(SeriesClosed):
        change_wishes(series, Wishes(weekdays=[2]), version=1, by=desk.by, key=new_key(), now=NOW)
    series.refresh_from_db()
    assert (series.weekdays, series.version) == ([], 1)


# What is treated already


@pytest.mark.parametrize(
    ("running", "asked", "is_taken"),
    [
        (("thigh_outer", "left"), ("thigh_outer", "left"), True),
        (("thigh_outer", "both"), ("thigh_outer", "left"), True),
        (("thigh_outer", "left"), ("thigh_outer", "both"), True),
        (("thigh_outer", "left"), ("thigh_outer", "right"), False),
        (("thigh_outer", "left"), ("hips", "left"), False),
    ],
)
def test_skin_of_a_running_series_is_not_planned_twice(
    desk: Desk, running: tuple[str, str], asked: tuple[str, str], is_taken: bool
) -> None:
    patient = desk.patient()
    here = make_area(patient, site=running[0], side=running[1])
    series = desk.booked(patient=patient, areas=[here])
    area = here if asked == running else make_area(patient, site=asked[0], side=asked[1])
    before = everything()
    if not is_taken:
        assert draft(desk, patient, areas=[area]).state == SeriesState.DRAFT
        return
    with pytest.raises(AreaInSeries) as no:
        draft(desk, patient, areas=[area])
    assert no.value.facts["series_id"] == series.pk
    assert everything() == before
    desk.stop(series)
    assert draft(desk, patient, areas=[area]).state == SeriesState.DRAFT


def test_one_side_and_both_are_not_planned_together(desk: Desk) -> None:
    patient = desk.patient()
    areas = [make_area(patient, site="thigh_outer", side=side) for side in ("left", "both")]
    with pytest.raises(AreasOverlap):
        draft(desk, patient, areas=areas)
    assert not Series.objects.exists()


# A draft changed


def changed(desk: Desk, series: Series, sessions: int = 4, **more: Any) -> Series:
    more = {"areas": list(series.areas.all()), "version": series.version, "key": new_key()} | more
    choice = ProtocolChoice(desk.version, sessions, (28, 35, 56))
    return change_draft(series, choice, Wishes(weekdays=[2]), by=desk.by, now=NOW, **more)


@pytest.mark.parametrize("sessions", [2, 4, 6])
def test_a_draft_that_is_changed_stays_one_draft(desk: Desk, sessions: int) -> None:
    series = draft(desk)
    other = make_area(series.patient, site="hips", side="left")
    after = changed(desk, series, sessions, areas=[other])
    assert Series.objects.get() == after
    assert (after.sessions_planned, after.weekdays, list(after.areas.all())) == (sessions, [2], [other])
    assert list(after.sessions.order_by("number").values_list("number", flat=True)) == [
        *range(1, sessions + 1)
    ]


def test_only_a_draft_is_changed_and_only_as_it_was_seen(desk: Desk) -> None:
    series = draft(desk)
    with pytest.raises(Stale):
        changed(desk, series, version=series.version + 1)
    Series.objects.update(state=SeriesState.ACTIVE)
    with pytest.raises(SeriesClosed):
        changed(desk, series)
    assert series.sessions.count() == 4
