from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from auditlog.models import LogEntry

from clinic.errors import say
from clinic.models import Absence
from clinic.services.once import KeyUsedForSomethingElse
from patients.models import Consent, Screening, ScreeningAnswer, ScreeningQuestion
from planner.choices import SeriesState, SessionState
from planner.models import Message, Reservation, Session, SessionEvent, SiteDepth
from planner.refusals import NoSuchTime, TooSoon, every_reason
from planner.services import booking
from planner.services.booking import book_series, move_sessions
from planner.services.visits import starts_at_local
from tests.makers import (
    NOW,
    make_area,
    make_device,
    make_location,
    make_practitioner,
    make_room,
    make_steps,
)
from tests.planner.desk import FIRST_DAY, Desk, elsewhere, everything, new_key, open_desk, refused, session_of

pytestmark = pytest.mark.django_db
LONDON = ZoneInfo("Europe/London")
DAY = timedelta(days=1)


@pytest.fixture
def desk() -> Desk:
    return open_desk()


def held(series):
    rows = Reservation.objects.filter(session__series=series, is_active=True)
    return {(r.session.number, r.resource.name, r.starts_at, r.used_until, r.ends_at) for r in rows}


def kinds(session):
    return list(session.events.values_list("kind", flat=True))


# Booking a series


def test_a_whole_series_is_booked_with_all_it_needs(desk):  # cases 3, 9, 52
    series = desk.booked()
    first = session_of(series, 1)
    at = datetime(2027, 1, 19, 10, tzinfo=UTC)
    minutes = [at + timedelta(minutes=each) for each in (45, 90, 105, 120)]
    assert (series.state, series.version) == (SeriesState.ACTIVE, 2)
    assert {row for row in held(series) if row[0] == 1} == {
        (1, "Priya Nair", minutes[0], minutes[1], minutes[1]),
        (1, "Room 1", at, minutes[2], minutes[3]),
        (1, "Pen A", minutes[0], minutes[1], minutes[2]),
    }
    assert (first.state, first.starts_at, first.ends_at, first.version) == ("booked", at, minutes[2], 2)
    assert [kinds(each) for each in series.sessions.all()] == [["booked"]] * 4
    assert Reservation.objects.count() == 12


def test_a_series_keeps_its_wall_clock_over_the_change_of_clocks(desk):  # case 18
    series = desk.booked()
    local = [each.starts_at.astimezone(LONDON) for each in series.sessions.all()]
    assert [(each.date(), each.time()) for each in local] == [
        (date(2027, 1, 19), time(10)),
        (date(2027, 2, 23), time(10)),
        (date(2027, 3, 30), time(10)),
        (date(2027, 5, 4), time(10)),
    ]


def test_booking_plans_the_messages_in_the_same_transaction(desk):
    make_steps(desk.version)
    series = desk.booked()
    assert Message.objects.filter(series=series, session=None).count() == 1
    assert Message.objects.filter(session__in=series.sessions.all()).exists()


def test_a_booking_sent_twice_books_once(desk):  # case 64
    series = desk.series()
    asked = {"by": desk.by, "key": "one-form", "now": NOW}
    first = book_series(series.pk, desk.visits(), **asked)
    after = everything()
    assert book_series(series.pk, list(reversed(desk.visits())), **asked) == first
    assert everything() == after


def test_one_key_books_one_thing(desk):
    series = desk.series()
    asked = {"by": desk.by, "key": "one-form", "now": NOW}
    book_series(series.pk, desk.visits(), **asked)
    before = everything()
    with pytest.raises(KeyUsedForSomethingElse):
        book_series(series.pk, desk.visits(at=time(12)), **asked)
    assert everything() == before


def test_after_a_refusal_the_same_key_may_try_another_time(desk):
    series = desk.series()
    with refused("off_grid"):
        book_series(
            series.pk, desk.visits(at=time(10, 7))[:1] + desk.visits()[1:], by=desk.by, key="k", now=NOW
        )
    assert book_series(series.pk, desk.visits(), by=desk.by, key="k", now=NOW).state == "active"


def test_a_series_is_booked_only_once(desk):  # case 16
    series = desk.booked()
    with refused("already_booked"):
        desk.book(series, desk.visits(at=time(13)))


def test_a_booking_names_every_open_session_once(desk):
    visits = desk.visits()
    series = desk.series()
    with refused("plan_incomplete") as facts:
        desk.book(series, visits[:3])
    assert facts == [{"numbers": [4]}]
    with refused("plan_incomplete") as facts:
        desk.book(series, [*visits, visits[0], replace(visits[3], number=9)])
    assert facts == [{"numbers": [1, 9]}]


def test_a_booking_is_all_or_nothing_and_names_every_clash(desk):  # case 5
    desk.booked()
    visits = desk.visits(at=time(13))
    visits[1], visits[3] = desk.visits()[1], desk.visits()[3]
    series = desk.series()
    with refused(*["slot_taken"] * 6) as facts:
        desk.book(series, visits)
    assert [(fact["number"], fact["resource"]) for fact in facts] == [
        (number, name) for number in (2, 4) for name in ("Priya Nair", "Room 1", "Pen A")
    ]


def test_a_failure_midway_leaves_nothing(desk, monkeypatch):
    series = desk.series()
    before = everything()

    def fail(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr(booking, "messages_for_booking", fail)
    with pytest.raises(RuntimeError):
        desk.book(series)
    assert everything() == before


def test_a_stopped_series_takes_no_booking(desk):
    series = desk.stop(desk.series())
    with refused("series_closed"):
        desk.book(series)


def test_the_number_of_queries_grows_only_with_what_is_written(desk, django_assert_max_num_queries):
    series = desk.series()
    with django_assert_max_num_queries(70):
        desk.book(series)


# Times


def test_nothing_is_booked_in_the_past(desk):
    series = desk.series(sessions_planned=1)
    with refused("in_the_past") as facts:
        desk.book(series, [desk.visit(1, datetime(2027, 1, 11, 8, 45))])
    assert facts == [{"number": 1, "at": datetime(2027, 1, 11, 8, 45, tzinfo=UTC)}]


def test_a_session_may_start_this_minute(desk):
    series = desk.book(desk.series(sessions_planned=1), [desk.visit(1, datetime(2027, 1, 11, 9))])
    assert session_of(series, 1).starts_at == NOW


def test_a_time_that_has_begun_is_not_free_again(desk):  # case 15
    begun = session_of(desk.booked(), 1).starts_at + timedelta(minutes=10)
    series = desk.series(sessions_planned=1)
    with refused("slot_taken", "slot_taken", "slot_taken"):
        desk.book(series, [desk.visit(1, datetime(2027, 1, 19, 10, 15))], now=begun)


@pytest.mark.parametrize("year", [2033, 9998])
def test_nothing_is_booked_beyond_the_horizon(desk, year):
    series = desk.series(sessions_planned=1)
    with refused("too_far_ahead") as facts:
        desk.book(series, [desk.visit(1, datetime(year, 1, 18, 10))])
    assert facts[0]["last_day"] == date(2032, 1, 15)


def test_a_time_that_the_clocks_skip_is_refused():  # case 19
    with pytest.raises(NoSuchTime) as caught:
        starts_at_local(date(2027, 3, 28), time(1, 30), LONDON)
    assert say(caught.value, LONDON) == (
        "Sun 28 Mar 2027 has no 01:30: the clocks go forward over it. Nothing was changed. Choose another time."
    )


def test_sessions_start_on_the_grid(desk):
    series = desk.series(sessions_planned=1)
    with refused("off_grid") as facts:
        desk.book(series, [desk.visit(1, datetime(2027, 1, 19, 10, 10))])
    assert facts[0]["grid_minutes"] == 15


def test_a_session_ends_on_the_day_it_begins(desk):
    late = desk.visit(1, datetime(2027, 1, 19, 23))
    series = desk.series(sessions_planned=1)
    with refused("over_midnight", *["outside_hours"] * 3):
        desk.book(series, [late])


# What is free


def test_one_minute_of_overlap_is_too_much(desk):  # cases 6, 14, 54
    location = desk.location
    location.grid_minutes = 5
    location.save()
    Absence.objects.create(
        location=location,
        resource=desk.room,
        kind="upkeep",
        starts_at=datetime(2027, 1, 19, 11, 59, tzinfo=UTC),
        ends_at=datetime(2027, 1, 19, 15, tzinfo=UTC),
    )
    series = desk.series()
    with refused("on_leave") as facts:
        desk.book(series)
    assert facts[0]["resource"] == "Room 1"


def test_the_turnaround_keeps_the_next_session_off_and_then_lets_it_in(desk):  # case 54
    desk.booked()
    other = replace(desk, practitioner=make_practitioner(desk.location), device=make_device(desk.location))
    series = other.series()
    with refused(*["slot_taken"] * 4) as facts:
        other.book(series, [replace(each, room_id=desk.room.pk) for each in other.visits(at=time(11, 45))])
    assert facts[0]["until"] == datetime(2027, 1, 19, 12, tzinfo=UTC)
    assert other.book(series, other.visits(at=time(12))).state == "active"


def test_a_turnaround_may_not_run_into_the_next_session(desk):
    desk.booked()
    series = desk.series()
    with refused(*["slot_taken"] * 4) as facts:
        desk.book(series, desk.visits(at=time(8, 15)))
    assert {fact["resource"] for fact in facts} == {"Room 1"}


def test_the_practitioner_is_free_while_the_cream_works(desk):  # feature of phases
    desk.booked()
    other = replace(desk, room=make_room(desk.location), device=make_device(desk.location))
    assert other.book(other.series(), other.visits(at=time(10, 45))).state == "active"


def test_a_patient_is_in_one_place_at_a_time(desk):  # case 13
    patient = desk.patient()
    desk.booked(patient=patient)
    elsewhere = make_location(clinic=desk.location.clinic, name="York")
    other = replace(
        desk,
        location=elsewhere,
        practitioner=make_practitioner(elsewhere),
        room=make_room(elsewhere),
        device=make_device(elsewhere),
    )
    hips = make_area(patient, site="hips", side="left")
    series = other.series(patient, sessions_planned=1, areas=[hips])
    with refused("patient_busy") as facts:
        other.book(series, [other.visit(1, datetime(2027, 1, 19, 11, 30))])
    assert facts[0]["until"] == datetime(2027, 1, 19, 11, 45, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "code"), [("practitioner_id", "resource_missing"), ("device_id", "resource_missing")]
)
def test_what_a_phase_needs_is_chosen(desk, field, code):
    visit = replace(desk.visit(1, datetime(2027, 1, 19, 10)), **{field: None})
    series = desk.series(sessions_planned=1)
    with refused(code) as facts:
        desk.book(series, [visit])
    assert facts[0]["kind"] == field.removesuffix("_id").capitalize()


def test_a_resource_of_another_location_or_kind_is_unknown(desk):
    foreign = make_room(make_location())
    for room_id in (foreign.pk, desk.device.pk, 999_999_999):
        visit = desk.visit(1, datetime(2027, 1, 19, 10), room_id=room_id)
        series = desk.series(sessions_planned=1)
        with refused("resource_unknown") as facts:
            desk.book(series, [visit])
        assert facts[0]["kind"] == "Room"


def test_a_resource_no_longer_in_use_is_refused(desk):
    room = make_room(desk.location, name="Old room", is_active=False)
    series = desk.series(sessions_planned=1)
    with refused("resource_inactive") as facts:
        desk.book(series, [desk.visit(1, datetime(2027, 1, 19, 10), room_id=room.pk)])
    assert facts == [{"number": 1, "resource": "Old room"}]


def test_a_practitioner_without_the_skill_is_refused(desk):
    novice = make_practitioner(desk.location, name="Sam Reid", skills=["facials"])
    visit = desk.visit(1, datetime(2027, 1, 19, 10), practitioner_id=novice.pk)
    series = desk.series(sessions_planned=1)
    with refused("not_qualified") as facts:
        desk.book(series, [visit])
    assert facts == [{"number": 1, "resource": "Sam Reid", "missing": ["microneedling"]}]


def test_a_room_that_lacks_what_the_phase_needs_is_refused(desk):
    desk.version.room_skills = ["sink"]
    desk.version.save()
    series = desk.series(sessions_planned=1)
    with refused("lacks_what_is_needed") as facts:
        desk.book(series)
    assert facts == [{"number": 1, "resource": "Room 1", "missing": ["sink"]}]


def test_a_device_too_shallow_for_the_site_is_refused(desk):
    pen = make_device(desk.location, name="Short pen", max_depth_mm=Decimal("1.5"))
    SiteDepth.objects.filter(version=desk.version, site="abdomen").update(
        min_mm=Decimal("1.75"), rubra_mm=Decimal("1.75"), alba_mm=Decimal("1.75")
    )
    visit = desk.visit(1, datetime(2027, 1, 19, 10), device_id=pen.pk)
    series = desk.series(sessions_planned=1)
    with refused("device_too_shallow") as facts:
        desk.book(series, [visit])
    assert (facts[0]["deepest_mm"], facts[0]["needed_mm"]) == (Decimal("1.50"), Decimal("1.75"))


# The series in time


def test_a_session_too_soon_for_the_skin_is_refused(desk):  # case 53
    visits = desk.visits(2, gap=27)
    series = desk.series(sessions_planned=2)
    with refused("too_soon") as facts:
        desk.book(series, visits)
    assert facts == [
        {
            "number": 2,
            "at": visits[1].starts_at,
            "after": 1,
            "days": 27,
            "needed": 28,
            "first_day": date(2027, 2, 16),
        }
    ]


@pytest.mark.parametrize("gap", [28, 56])
def test_the_shortest_and_the_longest_gap_are_allowed(desk, gap):
    series = desk.series(sessions_planned=2)
    assert desk.book(series, desk.visits(2, gap=gap)).state == "active"


def test_a_refusal_is_one_sentence_with_the_next_step(desk):
    with pytest.raises(TooSoon) as caught:
        desk.book(desk.series(sessions_planned=2), desk.visits(2, gap=27))
    assert say(caught.value, LONDON) == (
        "Mon 15 Feb 2027, 10:00 is 27 days after session 1; for session 2 the skin needs 28. "
        "Nothing was changed. The first possible day is Tue 16 Feb 2027."
    )
    assert every_reason(caught.value) == (caught.value,)


def test_nobody_goes_under_the_protocols_floor(desk):
    series = desk.series(sessions_planned=2, gap_min_days=7, gap_target_days=20)
    with refused("too_soon") as facts:
        desk.book(series, desk.visits(2, gap=20))
    assert facts[0]["needed"] == 21


def test_a_session_too_long_after_the_last_is_refused(desk):  # case 53
    series = desk.series(sessions_planned=2)
    with refused("too_late") as facts:
        desk.book(series, desk.visits(2, gap=57))
    assert (facts[0]["days"], facts[0]["allowed"], facts[0]["last_day"]) == (57, 56, date(2027, 3, 16))


def test_sessions_keep_their_order(desk):
    first, second = desk.visits(2)
    swapped = [replace(first, starts_at=second.starts_at), replace(second, starts_at=first.starts_at)]
    series = desk.series(sessions_planned=2)
    with refused("wrong_order") as facts:
        desk.book(series, swapped)
    assert (facts[0]["number"], facts[0]["after"]) == (2, 1)


def test_two_series_on_the_same_skin_keep_the_gap(desk):
    patient = desk.patient()
    hips, left_hip = (
        make_area(patient, site="hips", side="both"),
        make_area(patient, site="hips", side="left"),
    )
    desk.booked(patient=patient, areas=[hips])
    other = desk.series(patient, sessions_planned=1, areas=[left_hip])
    with refused("skin_not_rested", "skin_not_rested") as facts:
        desk.book(other, [desk.visit(1, datetime(2027, 2, 10, 10))])
    assert [(each["days"], each["other_day"], each["needed"]) for each in facts] == [
        (22, date(2027, 1, 19), 28),
        (13, date(2027, 2, 23), 28),
    ]


def test_two_series_on_different_skin_do_not_wait_for_each_other(desk):
    patient = desk.patient()
    hip, calf = make_area(patient, site="hips", side="left"), make_area(patient, site="calf", side="left")
    desk.booked(patient=patient, areas=[hip])
    other = desk.series(patient, sessions_planned=1, areas=[calf])
    assert desk.book(other, [desk.visit(1, datetime(2027, 1, 20, 10))]).state == "active"


def test_after_a_lapse_the_patient_is_screened_anew(desk):
    series = desk.booked()
    Session.objects.filter(series=series, number=1).update(state="done", done_at=NOW)
    for number in (3, 4):
        desk.cancel(session_of(series, number))
    later = datetime(2027, 4, 13, 8, tzinfo=UTC)
    visit = desk.visit(2, datetime(2027, 4, 14, 10))
    with refused("rescreen_needed") as facts:
        desk.move(session_of(series, 2), visit, now=later)
    assert facts == [{"number": 2, "last_day": date(2027, 1, 19), "allowed": 84}]
    Screening.objects.create(patient=series.patient, taken_at=later, taken_by=desk.by)
    assert desk.move(session_of(series, 2), visit, now=later).starts_at == visit.starts_at


def test_a_gap_that_cannot_be_kept_any_more_forbids_nothing(desk):
    series = desk.booked(sessions_planned=2)
    too_late = desk.visit(2, datetime(2027, 3, 17, 10))
    with refused("too_late"):
        desk.move(session_of(series, 2), too_late, now=datetime(2027, 3, 16, 9, tzinfo=UTC))
    moved = desk.move(session_of(series, 2), too_late, now=datetime(2027, 3, 17, 9, tzinfo=UTC))
    assert moved.starts_at == too_late.starts_at


# The record


def test_without_consent_nothing_is_booked(desk):
    series = desk.series(sessions_planned=1)
    Consent.objects.all().delete()
    with refused("no_consent") as facts:
        desk.book(series)
    assert facts[0]["number"] == 1


def test_a_withdrawn_consent_does_not_count(desk):
    series = desk.series(sessions_planned=1)
    Consent.objects.update(withdrawn_at=NOW)
    with refused("no_consent"):
        desk.book(series)


def test_a_consent_lasts_until_the_last_session(desk):
    series = desk.series()
    Consent.objects.update(valid_to=date(2027, 3, 29))
    with refused("consent_ends", "consent_ends") as facts:
        desk.book(series)
    assert [(each["number"], each["until"]) for each in facts] == [
        (3, date(2027, 3, 29)),
        (4, date(2027, 3, 29)),
    ]


def test_without_a_screening_nothing_is_booked(desk):
    series = desk.series()
    Screening.objects.all().delete()
    with refused("not_screened"):
        desk.book(series)


def answer(desk, patient, effect, **fields):
    waits = effect == "postpone"
    question = ScreeningQuestion.objects.create(
        clinic=desk.location.clinic,
        code="a-question",
        position=1,
        text="Something?",
        kind="yes_no_date" if waits else "yes_no",
        date_meaning="It ended" if waits else "",
        wait_days=180 if waits else None,
        effect=effect,
        source="Test",
        certainty="clinic_setting",
    )
    ScreeningAnswer.objects.create(
        screening=patient.screenings.get(), question=question, said_yes=True, **fields
    )


@pytest.mark.parametrize(("effect", "code"), [("block", "screening_blocks"), ("hold", "screening_holds")])
def test_what_the_screening_rules_out_is_not_booked(desk, effect, code):
    series = desk.series(sessions_planned=1)
    answer(desk, series.patient, effect)
    with refused(code) as facts:
        desk.book(series)
    assert facts == [{"number": 1, "at": desk.visits()[0].starts_at}]


def test_a_wait_counts_on_each_sessions_own_day(desk):
    series = desk.series()
    answer(desk, series.patient, "postpone", event_date=date(2026, 9, 1))
    with refused("screening_postpones", "screening_postpones") as facts:
        desk.book(series)
    assert [(each["number"], each["until"]) for each in facts] == [
        (1, date(2027, 2, 28)),
        (2, date(2027, 2, 28)),
    ]


def test_a_wait_without_an_end_holds(desk):
    series = desk.series(sessions_planned=1)
    answer(desk, series.patient, "postpone")
    with refused("screening_holds"):
        desk.book(series)


def test_an_answer_that_cannot_be_judged_holds(desk):
    series = desk.series(sessions_planned=1)
    answer(desk, series.patient, "postpone", event_date=date(2027, 1, 25))
    with refused("screening_holds"):
        desk.book(series)


def test_a_note_in_the_screening_does_not_stop_a_booking(desk):
    series = desk.series(sessions_planned=1)
    answer(desk, series.patient, "warn")
    assert desk.book(series).state == "active"


# Moving


def test_one_session_moves_and_the_rest_stays(desk):  # cases 22, 48
    series = desk.booked()
    visit = elsewhere(desk.visits()[1], days=1, hours=2)
    before = {each.pk: each.starts_at for each in series.sessions.all()}
    moved = desk.move(session_of(series, 2), visit, reason="School holidays")
    after = {each.pk: each.starts_at for each in series.sessions.all()}
    event = moved.events.get(kind="moved")
    assert after == before | {moved.pk: visit.starts_at}
    assert (moved.version, moved.state) == (3, "booked")
    assert (event.was_at, event.now_at, event.reason, event.by) == (
        before[moved.pk],
        visit.starts_at,
        "School holidays",
        desk.by,
    )
    assert Reservation.objects.filter(is_active=True).count() == 12


def test_this_and_later_sessions_move_together_even_into_each_others_places(desk):  # case 49
    series = desk.booked()
    visits = desk.visits(4, first=datetime(2027, 2, 23))
    moved = desk.move(session_of(series, 1), *visits)
    assert [each.starts_at for each in series.sessions.all()] == [visit.starts_at for visit in visits]
    assert (moved.number, moved.version) == (1, 3)


def test_a_session_may_overlap_where_it_was_itself(desk):
    series = desk.booked()
    visit = elsewhere(desk.visits()[1], minutes=15)
    assert desk.move(session_of(series, 2), visit).starts_at == visit.starts_at


def test_only_the_room_changes(desk):
    series = desk.booked()
    room = make_room(desk.location, name="Room 2")
    desk.move(session_of(series, 2), replace(desk.visits()[1], room_id=room.pk))
    assert {row[1] for row in held(series) if row[0] == 2} == {"Priya Nair", "Room 2", "Pen A"}


def test_a_move_to_where_it_is_changes_nothing(desk):
    series = desk.booked()
    rows = everything()[:5]
    desk.move(session_of(series, 2), *desk.visits()[1:])
    assert everything()[:5] == rows


def test_a_move_repeated_with_its_key_moves_once(desk):
    series = desk.booked()
    session = session_of(series, 2)
    asked = {"by": desk.by, "key": new_key(), "version": session.version, "now": NOW}
    visit = elsewhere(desk.visits()[1], days=1)
    move_sessions(session.pk, [visit], **asked)
    after = everything()
    move_sessions(session.pk, [visit], **asked)
    assert everything() == after


def test_a_stale_page_moves_nothing(desk):
    series = desk.booked()
    session = session_of(series, 2)
    desk.move(session, elsewhere(desk.visits()[1], days=1))
    with refused("stale"):
        desk.move(session, elsewhere(desk.visits()[1], days=2))


@pytest.mark.parametrize("numbers", [[1], [1, 2], [3], [2, 2], [2, 5], []])
def test_only_this_session_and_later_ones_move(desk, numbers):
    series = desk.booked()
    visits = [replace(desk.visits()[1], number=number) for number in numbers]
    with refused("not_this_series"):
        desk.move(session_of(series, 2), *visits)


def test_a_move_respects_the_gaps_on_both_sides(desk):  # case 53
    series = desk.booked()
    with refused("too_soon") as facts:
        desk.move(session_of(series, 2), elsewhere(desk.visits()[1], days=8))
    assert (facts[0]["number"], facts[0]["after"], facts[0]["days"]) == (3, 2, 27)
    with refused("too_soon") as facts:
        desk.move(session_of(series, 2), elsewhere(desk.visits()[1], days=-8))
    assert (facts[0]["number"], facts[0]["after"], facts[0]["days"]) == (2, 1, 27)


def test_a_move_into_the_past_is_refused(desk):
    series = desk.booked()
    now = datetime(2027, 2, 10, 9, tzinfo=UTC)
    with refused("in_the_past"):
        desk.move(session_of(series, 2), desk.visit(2, datetime(2027, 2, 9, 10)), now=now)


@pytest.mark.parametrize("state", ["arrived", "in_treatment", "done", "cancelled"])
def test_a_session_under_way_or_closed_does_not_move(desk, state):  # case 50
    series = desk.booked()
    Session.objects.filter(series=series, number=2).update(state=state)
    with refused("wrong_state"):
        desk.move(session_of(series, 2), elsewhere(desk.visits()[1], days=1))


def test_a_session_of_a_draft_is_not_moved_into_the_schedule(desk):
    series = desk.series()
    with refused("series_closed"):
        desk.move(session_of(series, 1), desk.visits()[0])


def test_a_confirmed_session_that_moves_has_to_be_confirmed_again(desk):
    series = desk.booked()
    confirmed = desk.mark(session_of(series, 2), SessionState.CONFIRMED)
    moved = desk.move(confirmed, elsewhere(desk.visits()[1], days=1))
    assert moved.state == SessionState.BOOKED


def test_a_moved_session_withdraws_its_mails_and_plans_new_ones(desk):
    make_steps(desk.version)
    series = desk.booked()
    moved = desk.move(session_of(series, 2), elsewhere(desk.visits()[1], days=1))
    open_versions = set(moved.messages.filter(state="waiting").values_list("about_version", flat=True))
    assert open_versions == {3}


# Whatever is sent again


def test_whatever_is_sent_twice_happens_once(desk):  # case 64
    one, other = desk.booked(), desk.book(desk.series(), desk.visits(first=FIRST_DAY + DAY))
    sessions = [session_of(one, number) for number in (1, 2)]
    for send in (
        lambda key: desk.mark(sessions[0], SessionState.CONFIRMED, key=key),
        lambda key: desk.cancel(sessions[1], key=key),
        lambda key: desk.stop(other, key=key),
    ):
        key = new_key()
        first = send(key)
        after = everything()
        assert send(key) == first
        assert everything() == after


def test_the_audit_log_keeps_who_changed_what(desk):
    series = desk.booked()
    entries = LogEntry.objects.get_for_objects(series.sessions.filter(number=1))
    changed = [entry.changes_dict["state"] for entry in entries if "state" in entry.changes_dict]
    assert changed[0][1] == "booked"


# Cancelling


def test_a_cancelled_session_frees_its_time_and_the_series_goes_on(desk):
    series = desk.booked()
    cancelled = desk.cancel(session_of(series, 2))
    states = list(series.sessions.values_list("state", flat=True))
    series.refresh_from_db()
    assert states == ["booked", "cancelled", "booked", "booked"]
    assert (series.state, series.version, cancelled.version) == ("active", 3, 3)
    assert {row[0] for row in held(series)} == {1, 3, 4}
    assert kinds(cancelled) == ["booked", "cancelled"]
    assert desk.book(desk.series(sessions_planned=1), [replace(desk.visits()[1], number=1)])


def test_cancelled_stays_cancelled(desk):  # case 50
    series = desk.booked()
    cancelled = desk.cancel(session_of(series, 2))
    for action in (
        lambda: desk.cancel(cancelled),
        lambda: desk.mark(cancelled, SessionState.BOOKED),
        lambda: desk.move(cancelled, desk.visits()[1]),
    ):
        with refused("wrong_state"):
            action()


def test_a_stale_page_cancels_nothing(desk):
    session = session_of(desk.booked(), 2)
    desk.move(session, elsewhere(desk.visits()[1], days=1))
    with refused("stale"):
        desk.cancel(session)


def test_cancelling_the_last_open_session_closes_the_series(desk):
    series = desk.booked(sessions_planned=2)
    Session.objects.filter(series=series, number=1).update(state="done")
    desk.cancel(session_of(series, 2))
    series.refresh_from_db()
    assert series.state == SeriesState.DONE


def test_a_series_of_which_nothing_was_done_is_stopped_by_its_last_cancellation(desk):
    series = desk.booked(sessions_planned=1)
    desk.cancel(session_of(series, 1))
    series.refresh_from_db()
    assert series.state == SeriesState.STOPPED


def test_a_stopped_series_frees_everything_to_come(desk):
    make_steps(desk.version)
    series = desk.booked()
    Session.objects.filter(series=series, number=1).update(state="done")
    stopped = desk.stop(series)
    assert stopped.state == SeriesState.STOPPED
    assert list(series.sessions.values_list("state", flat=True)) == ["done"] + ["cancelled"] * 3
    assert {row[0] for row in held(series)} == {1}
    assert not Message.objects.filter(session__number__gt=1, state="waiting").exists()


def test_a_series_is_not_stopped_from_a_stale_page_nor_during_treatment(desk):
    series = desk.booked()
    Session.objects.filter(series=series, number=1).update(state="in_treatment")
    with refused("wrong_state"):
        desk.stop(series)
    with refused("stale"):
        desk.stop(series, version=1)


# States


def test_confirming_changes_neither_time_nor_version(desk):
    session = session_of(desk.booked(), 1)
    confirmed = desk.mark(session, SessionState.CONFIRMED)
    assert (confirmed.state, confirmed.version) == ("confirmed", session.version)
    assert kinds(confirmed) == ["booked", "confirmed"]


def test_confirming_twice_is_refused_the_second_time(desk):  # case 2
    session = desk.mark(session_of(desk.booked(), 1), SessionState.CONFIRMED)
    with refused("wrong_state"):
        desk.mark(session, SessionState.CONFIRMED)


def test_a_patient_arrives_on_the_day_and_it_can_be_taken_back(desk):
    session = session_of(desk.booked(), 1)
    early = session.starts_at - timedelta(minutes=10)
    arrived = desk.mark(session, SessionState.ARRIVED, now=early)
    assert (arrived.state, arrived.arrived_at) == ("arrived", early)
    back = desk.mark(arrived, SessionState.BOOKED, now=early)
    assert (back.state, back.arrived_at, kinds(back)) == (
        "booked",
        None,
        ["booked", "arrived", "taken_back"],
    )


def test_nobody_arrives_on_another_day(desk):
    session = session_of(desk.booked(), 1)
    with refused("not_today"):
        desk.mark(session, SessionState.ARRIVED, now=session.starts_at - DAY)


def test_nobody_misses_what_has_not_begun(desk):
    session = session_of(desk.booked(), 1)
    with refused("not_yet_begun"):
        desk.mark(session, SessionState.NO_SHOW, now=session.starts_at - timedelta(minutes=1))


@pytest.mark.parametrize("to", ["planned", "in_treatment", "done", "cancelled"])
def test_states_that_come_from_what_is_done_are_not_set_by_hand(desk, to):
    session = session_of(desk.booked(), 1)
    with refused("wrong_state"):
        desk.mark(session, SessionState(to))


def test_a_session_without_a_time_is_not_booked_by_a_state(desk):
    series = desk.series()
    with refused("wrong_state"):
        desk.mark(session_of(series, 1), SessionState.BOOKED)


def test_a_stale_page_marks_nothing(desk):
    session = session_of(desk.booked(), 1)
    with refused("stale"):
        desk.mark(session, SessionState.CONFIRMED, version=1)


def test_a_missed_session_frees_its_time_and_can_be_booked_again(desk):
    series = desk.booked()
    session = session_of(series, 1)
    later = session.starts_at + timedelta(hours=1)
    missed = desk.mark(session, SessionState.NO_SHOW, now=later)
    assert (missed.state, missed.version, {row[0] for row in held(series)}) == ("no_show", 3, {2, 3, 4})
    visit = desk.visit(1, datetime(2027, 1, 22, 10))
    moved = desk.move(missed, visit, now=later)
    assert (moved.state, moved.starts_at) == ("booked", visit.starts_at)
    assert series.sessions.count() == 4


def test_a_miss_marked_by_mistake_is_taken_back(desk):
    series = desk.booked()
    session = session_of(series, 1)
    desk.move(session, replace(desk.visits()[0], room_id=make_room(desk.location, name="Room 2").pk))
    rows = held(series)
    later = session.starts_at + timedelta(hours=1)
    missed = desk.mark(session_of(series, 1), SessionState.NO_SHOW, now=later)
    back = desk.mark(missed, SessionState.BOOKED, now=later)
    assert (back.state, held(series)) == ("booked", rows)


def test_a_miss_is_not_taken_back_when_somebody_else_has_the_time(desk):
    session = session_of(desk.booked(), 1)
    now = session.starts_at + timedelta(minutes=1)
    missed = desk.mark(session, SessionState.NO_SHOW, now=now)
    desk.book(desk.series(sessions_planned=1), [desk.visit(1, datetime(2027, 1, 19, 10, 15))], now=now)
    with refused(*["slot_taken"] * 3):
        desk.mark(missed, SessionState.BOOKED, now=now)


def test_taking_a_miss_back_does_not_ask_the_record_again(desk):
    session = session_of(desk.booked(), 1)
    missed = desk.mark(session, SessionState.NO_SHOW, now=session.starts_at)
    Consent.objects.update(withdrawn_at=session.starts_at)
    assert desk.mark(missed, SessionState.BOOKED, now=session.starts_at).state == "booked"


def test_history_is_only_ever_added_to(desk):
    series = desk.booked()
    first = list(SessionEvent.objects.values_list("pk", "kind", "at"))
    desk.cancel(session_of(series, 4), now=NOW + DAY)
    assert list(SessionEvent.objects.values_list("pk", "kind", "at"))[:4] == first
