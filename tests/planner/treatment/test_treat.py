from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from clinic.models import StaffMember
from clinic.services.once import KeyUsedForSomethingElse
from clinic.services.versions import Stale
from patients.models import Screening
from planner.choices import SeriesState, SessionState
from planner.models import Message, Reservation, Session, SessionEvent, TreatmentRecord
from planner.schedule.refusals import NoConsent, WrongState
from planner.treatment.refusals import (
    AreaNotInSeries,
    CartridgeExpired,
    NotCheckedToday,
    NothingRecorded,
    TooDeep,
)
from planner.treatment.treat import finish, save_record, start_treatment
from tests.makers import (
    NOW,
    acting,
    make_area,
    make_consent,
    make_device,
    make_location,
    make_patient,
    make_protocol_version,
    make_series,
    make_staff,
)
from tests.planner.desk import entry_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> StaffMember:
    return make_staff(make_location())


@pytest.fixture
def session(staff: StaffMember) -> Any:
    """Session 1 of 4, here and asked, at 09:00 today, with a pen that goes to 2.5 mm."""
    clinic = staff.location.clinic
    patient = make_patient(clinic)
    make_consent(patient)
    Screening.objects.create(patient=patient, taken_at=NOW, taken_by=staff.user)
    series = make_series(
        patient, make_protocol_version(clinic), staff.location, by=staff.user, state=SeriesState.ACTIVE
    )
    session = series.sessions.first()
    session.state, session.starts_at, session.ends_at = (
        SessionState.ARRIVED,
        NOW,
        NOW + timedelta(minutes=105),
    )
    session.save()
    Reservation.objects.create(
        session=session,
        resource=make_device(staff.location),
        starts_at=NOW,
        used_until=session.ends_at,
        ends_at=session.ends_at,
    )
    return session


def begin(session: Session, staff: StaffMember, key: str = "begin") -> Any:
    return start_treatment(session.pk, by=acting(staff), key=key, version=session.version, now=NOW)


def end(session: Session, staff: StaffMember, entry: Any = None, key: str = "end", **more: Any) -> Any:
    known = {"by": acting(staff), "key": key, "version": session.version, "now": NOW} | more
    return finish(session.pk, entry or entry_for(session), **known)


def test_a_treatment_begins_when_the_patient_is_here_and_was_asked(session: Any, staff: StaffMember) -> None:
    begun = begin(session, staff)
    assert (begun.state, begun.treatment_began_at) == (SessionState.IN_TREATMENT, NOW)
    assert [event.kind for event in session.events.all()] == [SessionEvent.Kind.STARTED]


@pytest.mark.parametrize(
    ("spoil", "refusal"),
    [
        (lambda s: s.patient.screenings.update(taken_at=NOW - timedelta(days=1)), NotCheckedToday),
        (lambda s: s.patient.screenings.all().delete(), NotCheckedToday),
        (lambda s: s.patient.consents.update(withdrawn_at=NOW), NoConsent),
        (lambda s: Session.objects.filter(pk=s.pk).update(state="booked"), WrongState),
        (lambda s: Session.objects.filter(pk=s.pk).update(version=9), Stale),
    ],
)
def test_a_treatment_that_may_not_begin_changes_nothing(
    session: Any, staff: StaffMember, spoil: Any, refusal: Any
) -> None:
    spoil(session)
    before = Session.objects.values().get(pk=session.pk)
    with pytest.raises(refusal):
        begin(session, staff)
    assert Session.objects.values().get(pk=session.pk) == before
    assert not session.events.exists()


def test_what_was_done_is_kept_and_aftercare_is_planned(session: Any, staff: StaffMember) -> None:
    begin(session, staff)
    done = end(session, staff)
    record = TreatmentRecord.objects.get()
    assert (done.state, done.done_at, record.pain, record.version) == (SessionState.DONE, NOW, 4, 1)
    assert list(record.areas.values_list("depth_mm", "passes", "endpoint")) == [
        (Decimal("1.50"), 4, "even_pinpoints")
    ]


def test_a_double_click_finishes_once(session: Any, staff: StaffMember) -> None:
    begin(session, staff)
    end(session, staff)
    end(session, staff)
    assert TreatmentRecord.objects.count() == 1
    assert session.events.filter(kind=SessionEvent.Kind.DONE).count() == 1


def test_a_key_that_finished_answers_no_other_version_of_session_or_record(
    session: Any, staff: StaffMember
) -> None:
    begin(session, staff)
    end(session, staff)
    for other in ({"record_version": 1}, {"version": session.version + 1}):
        with pytest.raises(KeyUsedForSomethingElse):
            end(session, staff, **other)
    assert TreatmentRecord.objects.get().version == 1
    assert session.events.filter(kind=SessionEvent.Kind.DONE).count() == 1


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (lambda s, e: replace(e, areas=()), NothingRecorded),
        (lambda s, e: replace(e, cartridge_expires_on=date(2027, 1, 10)), CartridgeExpired),
        (lambda s, e: replace(e, areas=(replace(e.areas[0], depth_mm=Decimal("2.75")),)), TooDeep),
        (
            lambda s, e: replace(
                e, areas=(replace(e.areas[0], area_id=make_area(s.patient, site="hips").pk),)
            ),
            AreaNotInSeries,
        ),
    ],
)
def test_an_entry_that_cannot_be_right_is_refused_whole(
    session: Any, staff: StaffMember, change: Any, refusal: Any
) -> None:
    begin(session, staff)
    with pytest.raises(refusal):
        end(session, staff, change(session, entry_for(session)))
    session.refresh_from_db()
    assert session.state == SessionState.IN_TREATMENT
    assert not TreatmentRecord.objects.exists()
    assert not Message.objects.exists()


def test_a_cartridge_is_good_on_its_last_day(session: Any, staff: StaffMember) -> None:
    begin(session, staff)
    assert end(session, staff, entry_for(session, cartridge_expires_on=NOW.date())).state == SessionState.DONE


def test_a_record_is_corrected_without_losing_a_later_entry(session: Any, staff: StaffMember) -> None:
    begin(session, staff)
    end(session, staff)
    corrected = save_record(
        session.pk, entry_for(session, pain=6), by=acting(staff), key="a", version=1, now=NOW
    )
    assert (corrected.pain, corrected.version) == (6, 2)
    with pytest.raises(Stale):
        save_record(session.pk, entry_for(session, pain=2), by=acting(staff), key="b", version=1, now=NOW)
    assert TreatmentRecord.objects.get().pain == 6


def test_the_last_session_completes_the_series(session: Any, staff: StaffMember) -> None:
    session.series.sessions.exclude(pk=session.pk).update(state=SessionState.CANCELLED)
    begin(session, staff)
    end(session, staff)
    session.series.refresh_from_db()
    assert session.series.state == SeriesState.DONE


def test_a_series_with_open_sessions_goes_on(session: Any, staff: StaffMember) -> None:
    begin(session, staff)
    end(session, staff)
    session.series.refresh_from_db()
    assert session.series.state == SeriesState.ACTIVE
