"""Every address of the app, opened by everyone: each names its right, and nobody sees more than the matrix says.

A new route needs nothing here, unless it has a keyword that `tests/little_clinic.py` does not know yet.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver

from clinic.api.permissions import right_asked
from clinic.models import Location, StaffMember
from clinic.permissions import Right, Role, rights_of
from tests.little_clinic import CANARY, LittleClinic, make_little_clinic
from tests.makers import make_location, make_staff

pytestmark = pytest.mark.django_db

# Without a right of ours: sign-in and what belongs to it, Django's own guarded admin, the API's description.
PUBLIC = ("account/", "^account/", "admin/", "healthy/", "api/schema/", "api/docs/")
# Keywords that are no object's id, by the route's name or by themselves.
WORDS = {"settings_resource_new": {"kind": "room"}, "consent": {"kind": "treatment"}}
MAY_BE_WRITTEN_BY_LOOKING = (
    "clinic_readaudit",
    "django_session",
    "usersessions_usersession",
    "auditlog_logentry",
)
SEEN = {200, 302, 303, 405, 409}


@dataclass(frozen=True, slots=True)
class Route:
    path: str
    name: str
    view: Any
    keywords: tuple[str, ...]

    @property
    def is_api(self) -> bool:
        return self.path.startswith("api/")

    @property
    def guard(self) -> Any:
        """What carries `right`: the API's viewset as this route shows it, or the page's view itself."""
        if self.is_api:
            return _viewset(self.view)
        return getattr(self.view, "view_class", None) or self.view

    @property
    def right(self) -> Right:
        return self.guard.right

    @property
    def right_to_write(self) -> Right:
        return getattr(self.guard, "right_to_write", self.guard.right)

    def address(self, clinic: LittleClinic) -> str:
        path = "/" + self.path
        for keyword in self.keywords:
            known = WORDS.get(self.name, {}) | clinic.kwargs
            assert keyword in known, f"{self.path}: teach tests/little_clinic.py what {keyword} is"
            path = _filled(path, keyword, str(known[keyword]))
        return path


def _viewset(view: Any) -> Any:
    """The viewset with the methods of one route, and what reading and writing need there."""
    viewset = view.cls(**view.initkwargs)
    viewset.action_map = view.actions
    for method, name in view.actions.items():
        setattr(viewset, method, getattr(viewset, name))
    viewset.right_to_write = right_asked(viewset, "POST")
    viewset.right = right_asked(viewset, "GET")
    return viewset


def _filled(path: str, keyword: str, value: str) -> str:
    start = path.index(f":{keyword}>") if f":{keyword}>" in path else path.index(f"<{keyword}>")
    return path[: path.rindex("<", 0, start + 1)] + value + path[path.index(">", start) + 1 :]


def walk(resolver: URLResolver, path: str = "", keywords: tuple[str, ...] = ()) -> Iterator[Route]:
    for pattern in resolver.url_patterns:
        here = path + str(pattern.pattern)
        names = keywords + tuple(pattern.pattern.converters)
        if isinstance(pattern, URLResolver):
            yield from walk(pattern, here, names)
        elif isinstance(pattern, URLPattern):
            yield Route(here, pattern.name or "", pattern.callback, names)


ROUTES = [route for route in walk(get_resolver()) if not route.path.startswith(PUBLIC)]


@pytest.fixture
def little() -> LittleClinic:
    return make_little_clinic()


def _as(member: StaffMember) -> Client:
    client = Client()
    client.force_login(member.user)
    return client


def _elsewhere() -> Location:
    return make_location(name="Elsewhere")


def _runs_nothing_foreign(policy: str) -> bool:
    """Ours only and nothing inline; or, for a mail shown as it left, a sandbox in which nothing runs at all."""
    rules = {rule.strip() for rule in policy.split(";")}
    is_sealed = {"sandbox", "default-src 'none'"} <= rules and "script-src" not in policy
    return is_sealed or ("default-src 'self'" in rules and "unsafe" not in policy)


def _assert_safe(response: HttpResponse, *, signed_in: bool) -> None:
    assert _runs_nothing_foreign(response.headers["Content-Security-Policy"])
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert response.headers["X-Frame-Options"] == "DENY"
    if signed_in:
        assert "no-store" in response.headers["Cache-Control"]


def _assert_nothing_there(response: HttpResponse, route: Route) -> None:
    assert response.status_code == 404, route.path
    assert CANARY.encode() not in response.content, route.path


def test_every_view_names_its_right() -> None:
    assert [
        route.path for route in ROUTES if not isinstance(getattr(route.guard, "right", None), Right)
    ] == []


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stranger_is_sent_to_sign_in(client: Client, little: LittleClinic, method: str) -> None:
    for route in ROUTES:
        address = route.address(little)
        response = getattr(client, method)(address)
        if route.is_api:
            assert response.status_code == 401, route.path
        else:
            assert (response.status_code, response.headers["Location"].split("?")[0]) == (
                302,
                "/account/login/",
            ), route.path
        assert CANARY.encode() not in response.content
        _assert_safe(response, signed_in=False)


@pytest.mark.parametrize("role", list(Role))
def test_a_role_sees_what_its_rights_say(little: LittleClinic, role: Role) -> None:
    client = _as(make_staff(little.location, role))
    for route in ROUTES:
        response = client.get(route.address(little))
        if route.right in rights_of(role):
            assert response.status_code in SEEN, (route.path, response.status_code)
            assert "/account/" not in response.headers.get("Location", "")
        else:
            _assert_nothing_there(response, route)
        _assert_safe(response, signed_in=not route.is_api)


@pytest.mark.parametrize("role", list(Role))
def test_a_role_writes_nothing_beyond_its_rights(little: LittleClinic, role: Role) -> None:
    client = _as(make_staff(little.location, role))
    with CaptureQueriesContext(connection) as queries:
        for route in ROUTES:
            if route.right_to_write not in rights_of(role):
                response = client.post(route.address(little))
                assert response.status_code in (404, 405), route.path
                assert CANARY.encode() not in response.content, route.path
    assert _writes(queries) == []


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.MANAGER])
@pytest.mark.parametrize("method", ["get", "post"])
def test_another_clinics_people_find_nothing(little: LittleClinic, role: Role, method: str) -> None:
    client = _as(make_staff(_elsewhere(), role))
    for route in ROUTES:
        is_about_an_object = any(keyword in little.kwargs for keyword in route.keywords)
        response = None
        if is_about_an_object:
            response = getattr(client, method)(route.address(little))
            if response.status_code != 405:
                _assert_nothing_there(response, route)
        elif method == "get":
            response = client.get(route.address(little))
        assert response is None or CANARY.encode() not in response.content, route.path


def test_somebody_without_a_place_in_a_clinic_finds_nothing(little: LittleClinic) -> None:
    member = make_staff(little.location, Role.MANAGER, is_active=False)
    client = _as(member)
    for route in ROUTES:
        _assert_nothing_there(client.get(route.address(little)), route)


def _writes(queries: CaptureQueriesContext) -> list[str]:
    words = ("INSERT", "UPDATE", "DELETE")
    written = (q["sql"] for q in queries.captured_queries if q["sql"].startswith(words))
    return [sql for sql in written if not any(f'"{table}"' in sql for table in MAY_BE_WRITTEN_BY_LOOKING)]


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.MANAGER])
def test_looking_writes_nothing_but_who_looked(little: LittleClinic, role: Role) -> None:
    client = _as(make_staff(little.location, role))
    with CaptureQueriesContext(connection) as queries:
        for route in ROUTES:
            client.get(route.address(little))
    assert _writes(queries) == []


@pytest.mark.parametrize("signed_in", [True, False])
def test_what_is_not_there_is_as_safe_as_the_rest(client: Client, signed_in: bool) -> None:
    if signed_in:
        client.force_login(make_staff(_elsewhere()).user)
    response = client.get("/nothing/here/")
    assert response.status_code == 404
    _assert_safe(response, signed_in=signed_in)


def test_what_breaks_is_as_safe_as_the_rest(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client.force_login(make_staff(_elsewhere(), Role.MANAGER).user)
    client.raise_request_exception = False
    monkeypatch.setattr("clinic.views.staff.staff_of", lambda clinic: 1 / 0)
    response = client.get("/settings/staff/")
    assert response.status_code == 500
    assert b"Something broke on our side" in response.content
    _assert_safe(response, signed_in=True)
