"""What the pages say to what cannot be: what, who, when and the next step, with everything left as it was."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.http import HttpResponse
from django.test import Client

from clinic.models import Absence, ReadAudit, WriteKey
from clinic.permissions import Role
from patients.choices import ScreeningEffect
from patients.models import Patient, ScreeningAnswer, ScreeningQuestion
from planner.models import Series, Session
from planner.schedule.session_place import SessionPlace, token_of
from tests.browser import Page
from tests.makers import NOW, make_area, make_patient, make_staff
from tests.planner.desk import FIRST_DAY, Desk, open_desk, session_of

pytestmark = pytest.mark.django_db
NOTHING_CHANGED = "Nothing was changed."
TICKS = {"clinic.ReadAudit", "sessions.Session", "usersessions.UserSession", "clinic.User"}


@pytest.fixture(autouse=True)
def _on_a_quiet_monday():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def desk() -> Desk:
    return open_desk()


@pytest.fixture
def page(client: Client, desk: Desk) -> "Pages":
    client.force_login(make_staff(desk.location, Role.CLINICIAN, name="Dr Okafor").user)
    return Pages(client)


@dataclass(frozen=True)
class Pages:
    """Sends forms; what cannot be must leave every row of every table as it was."""

    client: Client

    def book(self, series: Series, *tokens: str, **more: Any) -> HttpResponse:
        return self.client.post(
            f"/series/{series.pk}/plans/", {"book": "1", "key": "k", "visit": tokens} | more
        )

    def refused(self, path: str, form: dict[str, Any], status: int = 409) -> str:
        """What the page says is wrong."""
        before = tables()
        answer = self.client.post(path, form)
        assert (answer.status_code, tables()) == (status, before)
        return said(answer)

    def booking_refused(self, series: Series, *visits: SessionPlace | str, status: int = 409) -> str:
        tokens = [each if isinstance(each, str) else token_of(each) for each in visits]
        return self.refused(f"/series/{series.pk}/plans/", {"book": "1", "key": "k", "visit": tokens}, status)


def said(answer: HttpResponse) -> str:
    return " ".join(Page("", answer.status_code, answer.content.decode(), "").alerts)


def tables() -> dict[str, list[Any]]:
    """Every row of every table but who looked at what."""
    return {
        model._meta.label: list(model._base_manager.order_by("pk").values_list())
        for model in apps.get_models()
        if model._meta.label not in TICKS and model._meta.managed
    }


# --- times that cannot be, on the page that books ---


def test_a_session_in_the_past(desk, page):  # case 15
    told = page.booking_refused(desk.series(sessions_planned=1), desk.visit(1, datetime(2027, 1, 8, 10)))
    assert told == (
        "Session 1 cannot start on Fri 8 Jan 2027, 10:00: that is past. Nothing was changed. Choose another time."
    )


def test_a_session_outside_hours(desk, page):
    told = page.booking_refused(desk.series(sessions_planned=1), desk.visit(1, datetime(2027, 1, 19, 17)))
    assert told.startswith(
        "Session 1 on Tue 19 Jan 2027, 17:00 is outside the hours of Priya Nair on that day: 09:00 to 17:00."
    )
    assert NOTHING_CHANGED in told


def test_a_session_while_somebody_is_on_leave(desk, page):  # case 23
    span = {"starts_at": datetime(2027, 1, 18, tzinfo=UTC), "ends_at": datetime(2027, 1, 23, tzinfo=UTC)}
    Absence.objects.create(location=desk.location, resource=desk.practitioner, kind="leave", **span)
    told = page.booking_refused(desk.series(sessions_planned=1), desk.visits(1)[0])
    assert told == (
        "Session 1 cannot have Priya Nair on Tue 19 Jan 2027, 10:00: away from Mon 18 Jan 2027, 00:00 to "
        "Sat 23 Jan 2027, 00:00. Nothing was changed. Choose another one, or another time."
    )


def test_a_session_on_a_public_holiday(desk, page):
    told = page.booking_refused(desk.series(sessions_planned=1), desk.visit(1, datetime(2027, 3, 29, 10)))
    assert "Session 1 cannot be on Mon 29 Mar 2027, 10:00: Leeds is closed for Easter Monday." in told
    assert NOTHING_CHANGED in told


def test_one_minute_of_overlap(desk, page):  # cases 6, 9, 14
    location = desk.location
    location.grid_minutes = 1
    location.save()
    desk.book(desk.series(sessions_planned=1), desk.visits(1))
    told = page.booking_refused(desk.series(sessions_planned=1), desk.visit(1, datetime(2027, 1, 19, 11, 59)))
    assert told.startswith("Session 1 cannot have Room 1 on Tue 19 Jan 2027, 11:59: taken until ")
    assert NOTHING_CHANGED in told


def test_a_patient_in_two_places(desk, page):  # cases 13, 16
    patient = desk.patient()
    desk.book(desk.series(patient, sessions_planned=1), desk.visits(1))
    area = make_area(patient, site="thigh", side="left")
    other = desk.series(patient, sessions_planned=1, areas=[area])
    told = page.booking_refused(other, desk.visits(1)[0])
    assert "the patient is already here until Tue 19 Jan 2027, 11:45." in told


def test_closer_than_the_shortest_gap(desk, page):  # case 53
    told = page.booking_refused(desk.series(sessions_planned=2), *desk.visits(2, gap=27))
    assert told == (
        "Mon 15 Feb 2027, 10:00 is 27 days after session 1; for session 2 the skin needs 28. "
        "Nothing was changed. The first possible day is Tue 16 Feb 2027."
    )


def test_every_reason_is_said_at_once(desk, page):
    early, far = desk.visit(1, datetime(2027, 1, 8, 10)), desk.visit(2, datetime(2033, 1, 11, 10))
    told = page.booking_refused(desk.series(sessions_planned=2), early, far)
    assert "that is past" in told
    assert "the schedule ends on" in told


def test_half_a_series(desk, page):
    told = page.booking_refused(desk.series(sessions_planned=2), desk.visits(1)[0], status=400)
    assert told.startswith("A booking names each open session once; these have no time or more than one: 2.")


def test_the_hour_that_spring_skips(desk, page):  # cases 18, 19
    desk.location.hours.create(weekday=6, opens=time(0), closes=time(8))
    session = session_of(desk.booked(), 3)
    path, before = f"/sessions/{session.pk}/move/?scope=later&day=2027-03-28&time=01:30", tables()
    answer = page.client.get(path)
    assert (answer.status_code, tables()) == (400, before)
    assert said(answer).startswith("Sun 28 Mar 2027 has no 01:30: the clocks go forward over it.")


def test_the_twenty_ninth_of_february(desk, page):
    """Born on it, booked on it, and refused on one that there is not."""
    born = make_patient(desk.location.clinic, date_of_birth=date(2000, 2, 29))
    assert page.client.get(f"/patients/{born.pk}/").status_code == 200
    leap = desk.visit(1, datetime(2028, 2, 29, 10))
    session = desk.series(desk.patient(), sessions_planned=1)
    session.patient.consents.update(valid_to=date(2028, 12, 31))
    assert page.book(session, token_of(leap)).status_code == 302
    moved = session_of(session, 1)
    answer = page.client.get(f"/sessions/{moved.pk}/move/?scope=only&day=2027-02-29&time=10:00")
    assert (answer.status_code, Session.objects.get(pk=moved.pk).starts_at) == (422, leap.starts_at)


# --- what must stand in the record ---


def test_without_consent(desk, page):
    series = desk.series(sessions_planned=1)
    series.patient.consents.all().delete()
    told = page.booking_refused(series, desk.visits(1)[0])
    assert told == (
        "There is no signed consent to treatment for session 1 on Tue 19 Jan 2027, 10:00. "
        "Nothing was changed. Have the patient sign, then book."
    )


def test_a_blocked_patient(desk, page):
    """And the refusal does not say what was answered."""
    series = desk.series(sessions_planned=1)
    question = ScreeningQuestion.objects.create(
        clinic=desk.location.clinic, code="q", position=1, text="Something private?", kind="yes_no",
        effect=ScreeningEffect.BLOCK, source="Test", certainty="clinic_setting",
    )  # fmt: skip
    screening = series.patient.screenings.get()
    ScreeningAnswer.objects.create(screening=screening, question=question, said_yes=True)
    told = page.booking_refused(series, desk.visits(1)[0])
    assert told == (
        "The screening rules out session 1 on Tue 19 Jan 2027, 10:00. "
        "Nothing was changed. A clinician sees why on the screening page."
    )


def test_a_room_that_lacks_what_the_phase_needs(desk, page):
    desk.version.room_skills = ["sink"]
    desk.version.save()
    told = page.booking_refused(desk.series(sessions_planned=1), desk.visits(1)[0])
    assert told.startswith("Room 1 does not serve session 1: it lacks sink. Nothing was changed.")


# --- pages that are out of date, or forged ---


def test_a_stale_page_moves_nothing(desk, page):
    session = session_of(desk.booked(), 2)
    visit = desk.visit(2, datetime(2027, 2, 24, 10))
    form = {"key": "k", "version": session.version - 1, "visit": token_of(visit)}
    told = page.refused(f"/sessions/{session.pk}/move/", form)
    assert told.startswith(
        "Someone changed this while you were looking. Nothing was changed. Reload the page"
    )


def test_a_stale_page_cancels_nothing_and_keeps_the_reason(desk, page):
    session = session_of(desk.booked(), 2)
    form = {"key": "k", "version": session.version - 1, "reason": "Has a cold"}
    told = page.refused(f"/sessions/{session.pk}/cancel/", form)
    assert told.startswith("Someone changed this while you were looking.")


def test_a_series_booked_by_somebody_else_meanwhile(desk, page):
    series = desk.booked()
    told = page.booking_refused(series, *desk.visits(first=FIRST_DAY + timedelta(days=1)))
    assert "All sessions of this series have a time already." in told


FORGED = [
    "", "x", "1.2", "1.2.3.4.5.6", "²." * 5, "1.²....", "-1.1800000000.1.1.1", "1.99999999999999.1.1.1",
    "1.1800000000.999999999999999.1.1", "1.NaN.1.1.1", "1.1e9.1.1.1", "1\x00.1800000000.1.1.1", "9" * 5_000,
]  # fmt: skip


@pytest.mark.parametrize("token", FORGED)
def test_a_forged_time_books_and_moves_nothing(desk, page, token):
    series = desk.series(sessions_planned=1)
    session = session_of(desk.booked(), 2)
    before = tables()
    for path in (f"/series/{series.pk}/plans/", f"/sessions/{session.pk}/move/"):
        answer = page.client.post(path, {"book": "1", "key": "k", "version": session.version, "visit": token})
        assert answer.status_code in (400, 409, 422)
        assert said(answer)
    assert tables() == before


def test_times_with_another_clinics_practitioner_room_and_device(desk, page):  # case 63
    other = open_desk()
    told = page.booking_refused(desk.series(sessions_planned=1), other.visits(1)[0])
    assert told.count("Session 1 on Tue 19 Jan 2027, 10:00 cannot have this") == 3
    assert "Priya" not in told


@pytest.mark.parametrize("path", ["/series/{0}/", "/series/{0}/plans/", "/series/{0}/stop/"])
def test_another_clinics_series_is_not_there(desk, page, path):  # case 63
    series, before = open_desk().booked(), tables()
    assert page.client.post(path.format(series.pk), {"book": "1", "key": "k"}).status_code in (404, 405)
    assert tables() == before


def test_another_series_session_does_not_come_along(desk, page):
    """The number of a session is meant within its own series, whatever else the token says."""
    session = session_of(desk.booked(), 3)
    visits = desk.visits(first=FIRST_DAY + timedelta(days=1))
    form = {"key": "k", "version": session.version, "visit": [token_of(each) for each in visits]}
    told = page.refused(f"/sessions/{session.pk}/move/", form, 400)
    assert told.startswith("Only this session and later ones of its series can be moved together.")


@pytest.mark.parametrize("key", ["", "k" * 81, "k\x00"])
def test_a_key_that_is_none(desk, page, key):  # case 64
    series = desk.series(sessions_planned=1)
    form = {"book": "1", "key": key, "visit": token_of(desk.visits(1)[0])}
    told = page.refused(f"/series/{series.pk}/plans/", form, 422)
    assert told.startswith("This request does not say which it is")


@pytest.mark.parametrize("version", ["", "²", "-1", "1.5", "x", "9" * 5_000])
def test_a_forged_version_marks_nothing(desk, page, version):
    session = session_of(desk.booked(), 1)
    form = {"key": "k", "version": version, "to": "confirmed"}
    told = page.refused(f"/sessions/{session.pk}/state/", form)
    assert told.startswith("Someone changed this while you were looking.")


def test_a_state_that_nobody_sets_by_hand(desk, page):
    session, before = session_of(desk.booked(), 1), tables()
    for to in ("done", "in_treatment", "", "confirmed\x00"):
        form = {"key": "k", "version": session.version, "to": to}
        assert page.client.post(f"/sessions/{session.pk}/state/", form).status_code == 400
    assert tables() == before


@pytest.mark.parametrize("start", ["0001-01-01", "9999-12-31", "2027-02-30", "tomorrow", "2027-01-01\x00"])
def test_a_first_day_that_nobody_means(desk, page, start):
    series = desk.series(sessions_planned=1)
    before = tables()
    form = {"wishes": "1", "key": "k", "version": series.version, "starts_from": start}
    answer = page.client.post(f"/series/{series.pk}/plans/", form)
    assert (answer.status_code, tables()) == (422, before)


def test_a_post_larger_than_any_form(desk, page):
    before = tables()
    answer = page.client.post("/patients/new/", {"notes": "x" * 3_000_000})
    assert (answer.status_code, tables()) == (400, before)


def test_a_form_with_thousands_of_fields(desk, page):
    before = tables()
    answer = page.client.post("/patients/new/", {f"f{n}": "" for n in range(1_001)})
    assert (answer.status_code, tables()) == (400, before)


# --- people ---

NEW = {"key": "k", "first_name": "Ruby", "last_name": "Okafor", "date_of_birth": "1990-03-01"}
NAMES = [
    ("Zoë “Zo” O'Hara", "D’Arcy-Smith"),
    ("🌸 Mia", "Ng"),
    ("شيرين", "الأحمد"),
    ("נועה", "כהן"),
    ("Nguyễn Thị", "Hồng"),
    ("Robert'); DROP TABLE patients_patient;--", "Tables"),
    ("<b>Bold</b>", "& Sons"),
]


@pytest.mark.parametrize(("first", "last"), NAMES)
def test_any_name_is_kept_found_and_shown_as_it_is(page, first, last):
    page.client.post("/patients/new/", NEW | {"first_name": first, "last_name": last})
    patient = Patient.objects.get()
    assert (patient.first_name, patient.last_name) == (first, last)
    for path in (f"/patients/{patient.pk}/", "/patients/", f"/patients/{patient.pk}/edit/"):
        text = page.client.get(path).content.decode()
        assert first in unescape(text)
        assert "<b>Bold</b>" not in text


def test_notes_of_ten_thousand_characters_are_kept_to_the_last(page):
    notes = "é" * 9_999 + "."
    assert page.client.post("/patients/new/", NEW | {"notes": notes}).status_code == 302
    patient = Patient.objects.get()
    assert patient.notes == notes
    shown = page.client.get(f"/patients/{patient.pk}/edit/").content.decode()
    assert notes in shown


def test_one_character_more_is_refused_and_kept_in_the_form(page):
    before = tables()
    answer = page.client.post("/patients/new/", NEW | {"notes": "x" * 10_001})
    assert (answer.status_code, tables()) == (422, before)
    assert "x" * 10_001 in answer.content.decode()


@pytest.mark.parametrize(
    ("born", "told"),
    [
        ("2027-01-12", "Tue 12 Jan 2027 is still to come. Nothing was saved."),
        ("2999-12-31", "is still to come. Nothing was saved."),
        ("1899-12-31", "Sun 31 Dec 1899 is before 1900. Nothing was saved."),
        ("2027-02-29", "Enter a valid date."),
    ],
)
def test_nobody_was_born_on_such_a_day(page, born, told):
    before = tables()
    answer = page.client.post("/patients/new/", NEW | {"date_of_birth": born})
    assert (answer.status_code, tables()) == (422, before)
    assert told in unescape(answer.content.decode())


def test_a_patient_who_is_there_already_is_offered(desk, page):
    known = make_patient(
        desk.location.clinic, first_name="Rubý", last_name="OKAFOR", date_of_birth=date(1990, 3, 1)
    )
    before = tables()
    answer = page.client.post("/patients/new/", NEW)
    assert (answer.status_code, tables()) == (409, before)
    assert said(answer).startswith(
        "Rubý OKAFOR, born Thu 1 Mar 1990, is already a patient. Nothing was saved."
    )
    assert f'href="/patients/{known.pk}/"' in answer.content.decode()


def test_a_patient_of_another_clinic_is_never_offered(page):  # case 63
    make_patient(
        open_desk().location.clinic, first_name="Ruby", last_name="Okafor", date_of_birth=date(1990, 3, 1)
    )
    assert page.client.post("/patients/new/", NEW).status_code == 302


@pytest.mark.parametrize("field", ["first_name", "notes", "email", "phone", "key"])
def test_the_one_character_no_database_keeps(page, field):
    before = tables()
    answer = page.client.post("/patients/new/", NEW | {field: "a\x00b"})
    assert (answer.status_code, tables()) == (422, before)


@pytest.mark.parametrize("path", ["/patients/?q=%00", "/patients/?q=%F0%9F%8C%B8&page=²", "/board/?day=2027-02-30",
                                  "/board/?day=9999-12-31", "/board/?day=0001-01-01", "/messages/?page=-1",
                                  "/messages/?state=%00"])  # fmt: skip
def test_odd_addresses_open(page, path):
    assert page.client.get(path).status_code == 200


def test_looking_writes_nothing_but_who_looked(desk, page):  # cases 11, 45
    series = desk.booked()
    session = session_of(series, 1)
    paths = [f"/sessions/{session.pk}/{page}" for page in ("", "move/", "cancel/")]
    paths += [f"/patients/{series.patient_id}/", f"/series/{series.pk}/", f"/series/{series.pk}/stop/"]
    before = tables()
    assert [page.client.get(path).status_code for path in paths] == [200] * len(paths)
    assert tables() == before
    assert ReadAudit.objects.count() >= len(paths) - 1
    assert WriteKey.objects.filter(user__staff__name="Dr Okafor").count() == 0


def test_a_move_to_where_somebody_else_is(desk, page):  # case 17
    """However far ahead: the refusal comes with the nearest times that work."""
    desk.book(desk.series(sessions_planned=1), [far := desk.visit(1, datetime(2027, 12, 14, 10))])
    session = session_of(desk.booked(sessions_planned=1), 1)
    form = {"key": "k", "version": session.version, "visit": token_of(far)}
    told = page.refused(f"/sessions/{session.pk}/move/?scope=only&day=2027-12-14&time=10:00", form)
    assert "taken until Tue 14 Dec 2027, 11:45" in told


@pytest.mark.parametrize("scope", ["only", "later"])
@pytest.mark.parametrize("day", ["2027-08-03", "2029-08-07", "2100-12-31", "2000-01-01"])
def test_a_move_far_from_where_it_is(desk, page, scope, day):
    """A day that the gaps forbid, or that nobody plans for, is answered with why not."""
    session, before = session_of(desk.booked(sessions_planned=2), 1), tables()
    answer = page.client.get(f"/sessions/{session.pk}/move/?scope={scope}&day={day}&time=10:00")
    assert (answer.status_code, tables()) == (200, before)
    assert answer.context["reasons"] or answer.context["offers"]


def test_a_single_session_may_move_far(desk, page):
    session = session_of(desk.booked(sessions_planned=1), 1)
    answer = page.client.get(f"/sessions/{session.pk}/move/?scope=only&day=2027-08-03&time=10:00")
    assert (answer.status_code, answer.context["reasons"]) == (200, [])
    assert answer.context["offers"][0].starts_at == datetime(2027, 8, 3, 9, tzinfo=UTC)
