import re
from datetime import timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.core import mail
from django.core.cache import cache
from django.db.models import Model
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from clinic.models import Absence, Clinic, ExtraHours, Location, Resource, StaffMember, WeeklyHours
from clinic.permissions import Role
from tests.makers import make_device, make_location, make_practitioner, make_room, make_staff

pytestmark = pytest.mark.django_db


CLINIC = {
    "key": "k",
    "clinic-version": "1",
    "clinic-name": "Linden Row",
    "clinic-mail_name": "Linden Row",
    "clinic-other_area_days": "7",
    "version": "1",
    "name": "Leeds",
    "emergency_phone": "999",
    "timezone": "Europe/London",
    "country": "GB",
    "subdivision": "ENG",
    "grid_minutes": "15",
    "quiet_from": "20:00",
    "quiet_to": "08:00",
    "grace_minutes": "3",
}


@pytest.fixture
def manager(client: Client) -> StaffMember:
    cache.clear()
    manager = make_staff(make_location(), Role.MANAGER, name="Mo Marsh", email="mo@linden.example")
    client.force_login(manager.user)
    return manager


def _hidden(client: Client, path: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', client.get(path).content.decode())
    assert found is not None
    return found[1]


def _key(client: Client, path: str) -> str:
    return _hidden(client, path, "key")


def _message(client: Client, path: str) -> str:
    return " ".join(str(message) for message in client.get(path).context["messages"])


def test_hours_are_added_once_however_often_the_button_is_pressed(
    client: Client, manager: StaffMember
) -> None:
    path = "/settings/hours/"
    data = {"key": _key(client, path), "weekday": "5", "opens": "09:00", "closes": "13:00"}
    for _ in range(2):
        assert client.post(path, data).headers["Location"] == path
    assert WeeklyHours.objects.filter(weekday=5).count() == 1


def test_refused_hours_keep_what_was_typed_and_say_why(client: Client, manager: StaffMember) -> None:
    before = WeeklyHours.objects.count()
    response = client.post(
        "/settings/hours/", {"key": "k", "weekday": "0", "opens": "09:00", "closes": "13:00"}
    )
    assert response.status_code == 409
    assert response.context["page"].refusal == (
        "Monday 08:00 to 20:00 is open already. Nothing was changed. "
        "Change those hours, or let them end before these begin."
    )
    assert 'value="13:00"' in response.content.decode()
    assert WeeklyHours.objects.count() == before


def test_a_form_with_a_mistake_is_shown_again_with_it(client: Client, manager: StaffMember) -> None:
    response = client.post("/settings/hours/", {"key": "k", "weekday": "5", "opens": "13:00", "closes": "9"})
    assert response.status_code == 422
    page = response.content.decode()
    assert re.search('aria-describedby="[^"]*id_closes_error', page)
    assert 'id="id_closes_error"' in page


def test_hours_change_and_go(client: Client, manager: StaffMember) -> None:
    room = make_room(manager.location)
    row = WeeklyHours.objects.create(resource=room, weekday=0, opens="09:00", closes="12:00")
    to = f"/settings/resources/{room.pk}/hours/"
    data = {"key": "k", "version": "1", "weekday": "0", "opens": "10:00", "closes": "12:00"}
    assert client.post(f"/settings/hours/{row.pk}/", data).headers["Location"] == to
    row.refresh_from_db()
    assert (f"{row.opens:%H:%M}", row.version) == ("10:00", 2)
    assert client.post(f"/settings/hours/{row.pk}/remove/", {"version": "2"}).headers["Location"] == to
    assert not WeeklyHours.objects.filter(pk=row.pk).exists()


def test_an_absence_says_what_it_means_and_where_to_look(client: Client, manager: StaffMember) -> None:
    who = make_practitioner(manager.location, name="Jonas Weber")
    path = "/settings/days/absence/"
    data = {"key": _key(client, path), "kind": "leave", "resource": who.pk, "from_day": "2027-07-05"}
    assert client.post(path, data).headers["Location"] == "/settings/days/"
    assert Absence.objects.get().resource == who
    assert _message(client, "/settings/days/") == (
        "Jonas Weber is away from Mon 5 Jul 00:00 to Tue 6 Jul 00:00. Booked sessions stay until you move them. "
        '<a href="/board/?day=2027-07-05">Look at the board</a>'
    )


def test_a_name_with_markup_stays_text(client: Client, manager: StaffMember) -> None:
    who = make_practitioner(manager.location, name="<b>J</b>")
    data = {"key": "k", "kind": "leave", "resource": who.pk, "from_day": "2027-07-05"}
    client.post("/settings/days/absence/", data)
    assert "&lt;b&gt;J&lt;/b&gt; is away" in _message(client, "/settings/days/")


def test_extra_hours_are_added_and_removed(client: Client, manager: StaffMember) -> None:
    data = {"key": "k", "from_day": "2027-07-03", "from_time": "09:00", "to_time": "13:00"}
    client.post("/settings/days/extra/", data)
    extra = ExtraHours.objects.get()
    assert (extra.resource, f"{extra.starts_at:%H:%M}") == (None, "08:00")
    client.post(f"/settings/days/extra/{extra.pk}/remove/")
    assert not ExtraHours.objects.exists()


def test_a_room_is_added_and_put_out_of_use(client: Client, manager: StaffMember) -> None:
    data = {"name": "Room 7", "skills": "", "turnaround_minutes": "15", "position": "7", "is_active": "on"}
    key = _key(client, "/settings/resources/new/room/")
    for _ in range(2):
        client.post("/settings/resources/new/room/", data | {"key": key})
    room = Resource.objects.get()
    del data["is_active"]
    client.post(f"/settings/resources/{room.pk}/", data | {"key": "k", "version": "1"})
    room.refresh_from_db()
    assert (room.name, room.is_active) == ("Room 7", False)


def test_there_is_no_fourth_kind_of_resource(client: Client, manager: StaffMember) -> None:
    assert client.get("/settings/resources/new/laser/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_a_new_member_gets_one_mail_with_a_link(client: Client, manager: StaffMember) -> None:
    path = "/settings/staff/new/"
    data = {"key": _key(client, path), "email": "priya@linden.example", "name": "Priya", "role": "clinician"}
    for _ in range(2):
        assert client.post(path, data).headers["Location"] == "/settings/staff/"
    assert [(message.to, message.subject) for message in mail.outbox] == [
        (["priya@linden.example"], "Set your password")
    ]


def test_a_mail_that_does_not_leave_is_said(client: Client, manager: StaffMember, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    member = make_staff(manager.location, name="Priya")
    client.post(f"/settings/staff/{member.pk}/mail/")
    assert _message(client, "/settings/staff/") == (
        "The mail did not leave. Send it again from their page. No mail was sent to Priya."
    )


def test_somebody_switched_off_gets_no_link(client: Client, manager: StaffMember) -> None:
    member = make_staff(manager.location, is_active=False)
    client.post(f"/settings/staff/{member.pk}/mail/")
    assert mail.outbox == []


def test_a_manager_who_would_switch_off_themselves_is_refused(client: Client, manager: StaffMember) -> None:
    response = client.post(f"/settings/staff/{manager.pk}/", {"key": "k", "name": "Mo", "role": "manager"})
    assert response.status_code == 409
    manager.refresh_from_db()
    assert (manager.name, manager.is_active) == ("Mo Marsh", True)


def test_the_clinic_changes_and_the_audit_log_says_who_and_from_where(
    client: Client, manager: StaffMember, settings: Any
) -> None:
    settings.TRUSTED_PROXY_COUNT = 1
    data = CLINIC | {"clinic-name": "Linden Row North", "subdivision": "SCT"}
    told = {"x-forwarded-for": "8.8.8.8, 198.51.100.7"}
    assert client.post("/settings/location/", data, headers=told).status_code == 302
    manager.location.refresh_from_db()
    assert (manager.location.subdivision, manager.location.clinic.name) == ("SCT", "Linden Row North")
    entry = LogEntry.objects.get_for_object(manager.location).filter(action=LogEntry.Action.UPDATE).get()
    assert entry.actor == manager.user
    assert entry.changes["subdivision"] == ["ENG", "SCT"]
    assert entry.remote_addr == "198.51.100.7"  # what stands before it, a stranger may have written


def _page_and_form(of: str, location: Location) -> tuple[str, Model, dict[str, Any]]:
    """A page on which `of` is edited, its row, and what its form sends; but for a version."""
    if of == "clinic":
        return "/settings/location/", location, CLINIC | {"phone": "0113 496 0000"}
    if of == "hours":
        row = location.hours.get(weekday=0)
        return f"/settings/hours/{row.pk}/", row, {"weekday": "0", "opens": "09:00", "closes": "13:00"}
    if of == "member":
        member = make_staff(location, Role.FRONT_DESK)
        return (
            f"/settings/staff/{member.pk}/",
            member,
            {"name": "Abi", "role": "read_only", "is_active": "on"},
        )
    resource = {"room": make_room, "practitioner": make_practitioner, "device": make_device}[of](location)
    form = {"name": f"The other {of}", "turnaround_minutes": "15", "position": "7", "is_active": "on"}
    return f"/settings/resources/{resource.pk}/", resource, form | {"device_type": "pen", "max_depth_mm": "2"}


EDITED = ["clinic", "hours", "member", "room", "practitioner", "device"]


@pytest.mark.parametrize("of", EDITED)
def test_the_later_of_two_open_tabs_is_refused_and_keeps_what_was_typed(
    client: Client, manager: StaffMember, of: str
) -> None:
    path, row, data = _page_and_form(of, manager.location)
    data = data | {"key": "k", "version": _hidden(client, path, "version")}
    assert client.post(path, data).status_code == 302
    before = type(row).objects.filter(pk=row.pk).values().get()  # type: ignore[attr-defined]
    name = "opens" if of == "hours" else "name"
    answer = client.post(path, data | {"key": "other tab", name: "08:30"})
    assert (answer.status_code, answer.context["page"].refusal) == (
        409,
        "Someone saved this while you had it open. Nothing was changed. "
        "Open the page again to see what it says now, and make your change there.",
    )
    assert [
        text in answer.content.decode() for text in (answer.context["page"].refusal, 'value="08:30"')
    ] == [
        True,
        True,
    ]
    assert type(row).objects.filter(pk=row.pk).values().get() == before  # type: ignore[attr-defined]
    fresh = data | {"key": "fresh", name: "08:30", "version": _hidden(client, path, "version")}
    if of == "clinic":
        fresh["clinic-version"] = _hidden(client, path, "clinic-version")
    assert client.post(path, fresh).status_code == 302


@pytest.mark.parametrize("of", EDITED)
def test_a_change_sent_twice_is_made_once_and_said_twice(
    client: Client, manager: StaffMember, of: str
) -> None:
    path, row, data = _page_and_form(of, manager.location)
    data = data | {"key": _hidden(client, path, "key"), "version": _hidden(client, path, "version")}
    rows = type(row).objects.filter(pk=row.pk).values()  # type: ignore[attr-defined]
    assert client.post(path, data).status_code == 302
    once = rows.get()
    assert client.post(path, data).status_code == 302
    assert rows.get() == once


@pytest.mark.parametrize("of", EDITED)
@pytest.mark.parametrize("version", [None, "", "0", "2", "9" * 30])
def test_a_save_that_saw_no_version_or_another_changes_nothing(
    client: Client, manager: StaffMember, of: str, version: str | None
) -> None:
    path, row, data = _page_and_form(of, manager.location)
    before = type(row).objects.filter(pk=row.pk).values().get()  # type: ignore[attr-defined]
    data = {name: said for name, said in data.items() if name != "version"} | {"key": "k"}
    assert client.post(path, data if version is None else data | {"version": version}).status_code == 409
    assert type(row).objects.filter(pk=row.pk).values().get() == before  # type: ignore[attr-defined]


def test_two_locations_of_one_clinic_do_not_undo_each_others_name_of_it(
    client: Client, manager: StaffMember
) -> None:
    clinic = manager.location.clinic
    Clinic.objects.filter(pk=clinic.pk).update(name="Linden Row South", version=2)
    assert client.post("/settings/location/", CLINIC).status_code == 409
    clinic.refresh_from_db()
    assert clinic.name == "Linden Row South"


def test_hours_that_were_changed_meanwhile_are_shown_before_they_are_removed(
    client: Client, manager: StaffMember
) -> None:
    row = manager.location.hours.get(weekday=0)
    WeeklyHours.objects.filter(pk=row.pk).update(opens="10:30", version=2)
    answer = client.post(f"/settings/hours/{row.pk}/remove/", {"version": "1"})
    assert (answer.status_code, 'value="10:30"' in answer.content.decode()) == (409, True)
    assert WeeklyHours.objects.filter(pk=row.pk).exists()
    again = answer.context["page"].form["version"].value()
    assert client.post(f"/settings/hours/{row.pk}/remove/", {"version": again}).status_code == 302


def test_a_clinic_without_a_name_is_refused_whole(client: Client, manager: StaffMember) -> None:
    response = client.post("/settings/location/", {"clinic-name": "", "name": "Harrogate"})
    assert response.status_code == 422
    manager.location.refresh_from_db()
    assert manager.location.name == "Leeds"


def test_the_coming_holidays_are_those_of_the_region(client: Client, manager: StaffMember) -> None:
    shown = client.get("/settings/location/").context["page"].holidays
    today = timezone.localdate()
    assert all(today <= day <= today + timedelta(days=365) for day, _ in shown)
    assert "Good Friday" in [name for _, name in shown]


@pytest.mark.parametrize("rows", [1, 30])
def test_the_lists_cost_the_same_with_1_row_and_with_30(
    client: Client, manager: StaffMember, django_assert_num_queries: DjangoAssertNumQueries, rows: int
) -> None:
    now = timezone.now()
    for _ in range(rows):
        member = make_staff(manager.location)
        resource = make_practitioner(manager.location, user=member.user)
        span = {"location": manager.location, "starts_at": now, "ends_at": now + timedelta(days=1)}
        Absence.objects.create(kind="leave", resource=resource, **span)
        ExtraHours.objects.create(resource=resource, **span)
    client.get("/settings/staff/")
    # Two belong to every page: the session, and who is signed in with their place in the clinic.
    lists = {
        "/settings/hours/": 3,
        "/settings/days/": 5,
        "/settings/resources/": 3,
        "/settings/staff/": 3,
    }
    for path, queries in lists.items():
        with django_assert_num_queries(queries):
            client.get(path)
