import re
from pathlib import Path

import pytest
from django.template import Context, Template
from django.test import Client

from clinic.models import StaffMember
from clinic.permissions import Role
from tests.makers import make_location, make_patient, make_staff

pytestmark = pytest.mark.django_db
TOKENS = Path("clinic/static/css/tokens.css")


@pytest.fixture
def member(client: Client) -> StaffMember:
    member = make_staff(make_location(), Role.MANAGER, name="Abi Osei")
    client.force_login(member.user)
    return member


def _printed(member: StaffMember | None, template: str = "{% load names %}{% person patient %}") -> str:
    patient = make_patient(make_location().clinic, first_name="Zoë", last_name="<O'Neil>")
    return Template(template).render(Context({"staff": member, "patient": patient}))


def test_a_name_is_printed_whole_and_escaped(member: StaffMember) -> None:
    assert _printed(member) == "Zoë &lt;O&#x27;Neil&gt;"


def test_hidden_names_are_initials(member: StaffMember) -> None:
    member.hides_names = True
    assert _printed(member) == "Z&lt;"


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Priya Nair", "PN"), ("Dr. Elena Marsh", "EM"), ("Ana de la Cruz", "AC"), ("Cher", "C"), ("", "")],
)
def test_initials_are_of_the_first_and_last_word(name: str, letters: str) -> None:
    assert Template("{% load names %}{{ name|initials }}").render(Context({"name": name})) == letters


def test_names_are_hidden_and_shown_again_on_the_page_one_was_on(client: Client, member: StaffMember) -> None:
    for hide, hides in (("1", True), ("0", False)):
        response = client.post("/me/names/", {"hide": hide, "next": "/settings/staff/"})
        assert response.headers["Location"] == "/settings/staff/"
        member.refresh_from_db()
        assert member.hides_names is hides


@pytest.mark.parametrize(
    "elsewhere", ["https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)", ""]
)
def test_a_button_never_leads_to_another_site(client: Client, member: StaffMember, elsewhere: str) -> None:
    assert client.post("/me/names/", {"hide": "1", "next": elsewhere}).headers["Location"] == "/"


def test_the_appearance_is_kept_and_worn_by_every_page(client: Client, member: StaffMember) -> None:
    client.post("/me/appearance/", {"theme": "dark"})
    assert '<html lang="en-gb" data-theme="dark">' in client.get("/settings/staff/").content.decode()
    client.post("/me/appearance/", {"theme": ""})
    assert '<html lang="en-gb">' in client.get("/settings/staff/").content.decode()


def test_there_is_no_third_appearance(client: Client, member: StaffMember) -> None:
    assert client.post("/me/appearance/", {"theme": "sepia"}).status_code == 400
    member.refresh_from_db()
    assert member.theme == ""


@pytest.mark.parametrize(
    ("role", "has_settings"),
    [(Role.MANAGER, True), (Role.CLINICIAN, True), (Role.FRONT_DESK, False), (Role.READ_ONLY, False)],
)
def test_the_bar_offers_only_what_one_may_open(client: Client, role: Role, has_settings: bool) -> None:
    client.force_login(make_staff(make_location(), role).user)
    page = client.get("/patients/").content.decode()
    assert ('href="/settings/"' in page) is has_settings


def test_the_bar_says_where_one_is(client: Client, member: StaffMember) -> None:
    page = client.get("/settings/staff/").content.decode()
    assert re.findall(r'<a href="([^"]+)"[^>]* aria-current="page"', page) == [
        "/settings/",
        "/settings/staff/",
    ]


@pytest.mark.parametrize(
    "path", ["/account/login/", "/nothing/", "/settings/location/", "/settings/days/absence/"]
)
def test_no_page_carries_a_script_or_a_style_of_its_own(
    client: Client, member: StaffMember, path: str
) -> None:
    page = client.get(path).content.decode()
    scripts = re.findall(r"<script(?![^>]*(?:src=|application/json))", page)
    assert (scripts, re.findall(r"<style|\sstyle=|\son\w+=", page)) == ([], [])


def test_the_dark_colours_stand_twice_and_agree() -> None:
    head = r":root(?::not\(\[data-theme=\"light\"\]\)|\[data-theme=\"dark\"\])"
    blocks = re.findall(head + r" \{(.*?)\}", TOKENS.read_text(), re.DOTALL)
    by_system, by_choice = (re.findall(r"([\w-]+): ([^;]+);", block) for block in blocks)
    assert by_system == by_choice
    assert len(by_system) > 40


def test_times_on_pages_are_the_locations(client: Client) -> None:
    member = make_staff(make_location(timezone="Asia/Tokyo"), Role.MANAGER)
    member.user.last_login = "2027-01-11T22:30:00Z"
    member.user.save()
    client.force_login(make_staff(member.location, Role.MANAGER).user)
    assert "Tue 12 Jan 2027, 07:30" in client.get("/settings/staff/").content.decode()
