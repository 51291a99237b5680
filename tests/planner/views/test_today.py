"""Today, for the front desk and for a clinician."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from clinic.models import ReadAudit
from clinic.permissions import Role
from patients.models import Patient
from planner.models import Message, Session
from tests.makers import make_staff
from tests.planner.desk import everything
from tests.planner.full_day import NOW, VISITS, FullDay, add_visits

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_twenty_to_eleven() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def desk(client: Client, day: FullDay) -> Client:
    client.force_login(day.desk.user)
    return client


@pytest.fixture
def clinician(client: Client, day: FullDay) -> Client:
    client.force_login(day.clinician.user)
    return client


def press(client: Client, session: Session, to: str, **more: Any) -> Any:
    form = {"key": f"key-{to}", "version": session.version, "to": to, "next": "/"} | more
    return client.post(f"/sessions/{session.pk}/state/", form)


def needs(response: Any) -> list[tuple[str, str]]:
    return [(need.patient.first_name, need.sentence) for need in response.context["page"].needs.urgent]


def test_the_desk_sees_who_is_here_and_in_which_phase(desk: Client) -> None:
    here = desk.get("/").context["page"].here
    assert [(row.session.patient.first_name, row.step.kind) for row in here] == [
        ("Zara", "ready"),
        ("Beth", "recovery"),
        ("Amira", "numbing"),
    ]


def test_to_come_says_only_what_is_out_of_the_ordinary(desk: Client) -> None:
    rows = desk.get("/").context["page"].to_come
    assert [(row.session.patient.first_name, [str(chip.word) for chip in row.chips]) for row in rows] == [
        ("Hannah", ["Late"]),
        ("Daniel", ["Late", "Not confirmed"]),
        ("Freya", ["Confirmed"]),
        ("Nora", ["Confirmed"]),
        ("Chloe", ["Confirmed", "Consent missing"]),
        ("Inês", ["Not confirmed"]),
        ("شيرين", ["Confirmed"]),
    ]


def test_the_tally_counts_the_day(desk: Client) -> None:
    text = desk.get("/").content.decode()
    assert [f"<b>{n}</b> {word}" in text for n, word in ((12, "visits"), (1, "done"), (3, "here now"))] == [
        True
    ] * 3


def test_what_needs_the_desk_comes_most_urgent_first(desk: Client) -> None:
    assert needs(desk.get("/")) == [
        ("Rosa", "Session 2 of 4 has no place. It should be by Mon 18 Jan."),
        (
            "Grace",
            "Did not come to session 3 of 4 on Tue 12 Jan; it has no new time. It should be by Tue 2 Feb.",
        ),
        ("Tara", "Session 2 of 4 was on Mon 11 Jan 16:00, and nobody said what became of it."),
        ("Tara", "A mail could not be sent."),
    ]


def test_failed_mails_of_one_patient_are_one_need_that_leads_to_all_of_them(
    desk: Client, day: FullDay
) -> None:
    failed = Message.objects.get(state="failed")
    other = Message.objects.create(
        **{
            field: getattr(failed, field)
            for field in ("location", "patient", "series", "due_at", "expires_at")
        },
        step=failed.step.version.steps.exclude(pk=failed.step_id).first(),
        about_version=1,
        state="failed",
        message_id="<tara-2@linden.example>",
        created_at=failed.created_at,
        closed_at=failed.closed_at,
    )
    need = desk.get("/").context["page"].needs.urgent[-1]
    assert (need.patient.first_name, need.sentence) == ("Tara", "2 mails could not be sent.")
    assert {row.pk for row in desk.get(need.url).context["page"].found} == {failed.pk, other.pk}
    pages = [desk.get(f"/messages/{each.pk}/").context["page"] for each in (failed, other)]
    assert [page.can_send for page in pages] == [True, True]


def test_every_need_has_an_answer_that_opens(desk: Client) -> None:
    answers = [need.url for need in desk.get("/").context["page"].needs.urgent]
    assert [desk.get(url).status_code for url in answers] == [200] * 4


def test_the_unconfirmed_of_the_next_day_can_be_confirmed_at_once(desk: Client) -> None:
    page = desk.get("/")
    (kim,) = page.context["page"].needs.unconfirmed
    press(desk, kim, "confirmed")
    assert Session.objects.get(pk=kim.pk).state == "confirmed"
    assert desk.get("/").context["page"].needs.unconfirmed == []


def test_a_consent_that_ends_before_the_session_is_said_in_time(desk: Client, day: FullDay) -> None:
    kim = desk.get("/").context["page"].needs.unconfirmed[0].patient
    kim.consents.update(valid_to=NOW.date())
    assert (
        "Kim",
        "The consent ends on Tue 12 Jan, before session 2 of 4 on Wed 13 Jan.",
    ) in needs(desk.get("/"))


def test_a_session_beyond_the_longest_gap_drifts(desk: Client, day: FullDay) -> None:
    freya = day.sessions["Freya"]
    freya.series.sessions.filter(number=3).update(state="cancelled")
    assert (
        "Freya",
        "Session 4 of 4 on Tue 23 Mar is later than the longest gap allows. It should be by Tue 9 Mar.",
    ) in [(need.patient.first_name, need.sentence) for need in desk.get("/").context["page"].needs.later]


def test_the_front_desk_sees_nothing_of_the_record(desk: Client) -> None:
    text = desk.get("/").content.decode()
    assert [word in text for word in ("passes", "2 mm", "Pain", "brown patches", "skin type")] == [False] * 5


def test_one_press_says_that_somebody_arrived(desk: Client, day: FullDay) -> None:
    nora = day.sessions["Nora"]
    answer = press(desk, nora, "arrived")
    assert (answer.status_code, answer.url) == (302, "/")
    assert Session.objects.get(pk=nora.pk).state == "arrived"
    assert "Nora Petersen is here." in desk.get("/").content.decode()


def test_pressed_twice_it_happens_once(desk: Client, day: FullDay) -> None:
    nora = day.sessions["Nora"]
    press(desk, nora, "arrived")
    assert press(desk, nora, "arrived").status_code == 302
    assert nora.events.count() == 1


def test_a_refusal_is_a_page_with_the_sentence_and_changes_nothing(desk: Client, day: FullDay) -> None:
    before = everything()
    answer = press(desk, day.sessions["Nora"], "no_show")
    assert answer.status_code == 409
    assert "nobody has missed it yet" in answer.content.decode()
    assert everything() == before


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
def test_it_goes_back_only_to_pages_of_ours(desk: Client, day: FullDay, elsewhere: str) -> None:
    nora = day.sessions["Nora"]
    assert press(desk, nora, "arrived", next=elsewhere).url == f"/sessions/{nora.pk}/"


@pytest.mark.parametrize("nonsense", ["done", "in_treatment", "planned", "", "🌿"])
def test_only_what_a_person_may_say_can_be_said(desk: Client, day: FullDay, nonsense: str) -> None:
    before = everything()
    assert press(desk, day.sessions["Nora"], nonsense).status_code == 400
    assert everything() == before


def test_an_old_page_is_refused(desk: Client, day: FullDay) -> None:
    before = everything()
    assert press(desk, day.sessions["Nora"], "arrived", version="x").status_code == 409
    assert everything() == before


def test_who_only_reads_has_no_button_and_cannot_press(client: Client, day: FullDay) -> None:
    client.force_login(make_staff(day.location, Role.READ_ONLY).user)
    assert 'value="arrived"' not in client.get("/").content.decode()
    assert press(client, day.sessions["Nora"], "arrived").status_code == 404


def test_the_minute_s_refresh_is_the_part_alone(desk: Client) -> None:
    part = desk.get("/?part=here", headers={"HX-Request": "true"}).content.decode()
    assert ("<html" in part, "Zara Malik" in part, "as of 10:40" in part) == (False, True, True)
    assert "<html" in desk.get("/?part=here").content.decode()


def test_hidden_names_are_initials_everywhere(desk: Client, day: FullDay) -> None:
    day.desk.hides_names = True
    day.desk.save()
    text = desk.get("/").content.decode()
    assert ("Malik" in text, "Klein" in text, ">ZM<" in text) == (False, False, True)


def test_a_clinician_sees_the_next_patient_with_last_time_and_protocol(clinician: Client) -> None:
    page = clinician.get("/")
    text = page.content.decode()
    assert page.context["page"].next.session.patient.first_name == "Zara"
    assert "<b>2 mm</b>, 5 passes, even pinpoints" in text
    assert "<b>1.5 mm</b> (1 to 2), 4 to 6 passes" in text
    assert "Pain 5 of 10." in text


def _noted() -> list[str]:
    """Whom the one note names."""
    note = ReadAudit.objects.get()
    assert note.what == "today"
    names = Patient.objects.filter(pk__in=note.patient_ids).order_by("first_name")
    return list(names.values_list("first_name", flat=True))


def test_a_clinician_s_day_notes_her_own_patients(clinician: Client) -> None:
    page = clinician.get("/").context["page"]
    shown = {row.session.patient.first_name for row in (*page.mine, *page.after)}
    assert _noted() == sorted(shown | {each.patient.first_name for each in page.decisions})


def test_the_desk_s_day_notes_everybody_on_it_in_one_row(desk: Client) -> None:
    page = desk.get("/").context["page"]
    needs = {task.patient.first_name for task in (*page.needs.urgent, *page.needs.later)}
    needs |= {session.patient.first_name for session in page.needs.unconfirmed}
    assert _noted() == sorted({row.session.patient.first_name for row in page.rows} | needs)


def test_who_is_here_is_noted_when_it_is_asked_again(desk: Client) -> None:
    page = desk.get("/?part=here", headers={"HX-Request": "true"}).context["page"]
    assert _noted() == sorted(row.session.patient.first_name for row in page.here) != []


def test_a_clinician_s_list_is_her_own(clinician: Client) -> None:
    after = clinician.get("/").context["page"].after
    assert [row.session.patient.first_name for row in after] == ["Amira", "Chloe", "Inês"]


def test_what_a_clinician_has_to_decide(clinician: Client) -> None:
    decisions = clinician.get("/").context["page"].decisions
    assert [(need.patient.first_name, need.sentence) for need in decisions] == [
        ("Chloe", "No signed consent for session 1 of 4 on Tue 12 Jan."),
        ("Amira", "Judge the marks before session 3 of 4 on Tue 12 Jan."),
    ]
    assert [clinician.get(need.url).status_code for need in decisions] == [200, 200]


def test_a_record_left_open_yesterday_is_hers_to_finish(clinician: Client, day: FullDay) -> None:
    zara = day.sessions["Zara"]
    early = {"starts_at": zara.starts_at - timedelta(days=1), "ends_at": zara.ends_at - timedelta(days=1)}
    Session.objects.filter(pk=zara.pk).update(state="in_treatment", **early)
    (first, *_) = clinician.get("/").context["page"].decisions
    assert first.sentence == "The record of session 2 of 4 on Mon 11 Jan is not finished."


def test_a_clinician_may_look_at_everybody(clinician: Client) -> None:
    assert len(clinician.get("/?who=all").context["page"].rows) == len(VISITS)


def test_a_clinician_who_is_no_practitioner_sees_everybody(client: Client, day: FullDay) -> None:
    client.force_login(make_staff(day.location, Role.CLINICIAN).user)
    assert len(client.get("/").context["page"].rows) == len(VISITS)


def test_a_day_with_nobody_says_so(desk: Client) -> None:
    Session.objects.update(state="cancelled", starts_at=None, ends_at=None)
    assert "Nobody is booked today" in desk.get("/").content.decode()


@pytest.mark.parametrize(("who", "address"), [("desk", "/"), ("clinician", "/"), ("clinician", "/?who=all")])
def test_thirty_more_sessions_cost_no_more_statements(
    client: Client,
    day: FullDay,
    who: str,
    address: str,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    client.force_login(getattr(day, who).user)
    client.get(address)
    with django_assert_max_num_queries(12) as few:
        client.get(address)
    add_visits(day, 30)
    with django_assert_max_num_queries(len(few)):
        client.get(address)
