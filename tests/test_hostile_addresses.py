"""What stands behind the question mark of an address breaks nothing: no list of the API, no page that reads it."""

from typing import Any
from urllib.parse import quote

import pytest
from django.http import QueryDict
from django.test import Client

from clinic.permissions import Role, rights_of
from tests.api.caller import caller_for, refusal
from tests.little_clinic import LittleClinic, make_little_clinic
from tests.makers import make_staff
from tests.test_access import ROUTES, Route

pytestmark = pytest.mark.django_db
OF_EVERY_LIST = ("page", "page_size", "ordering", "format")
VALUES = (
    "", ",", "created_at,", ",,-created_at", "patient__notes", "9999-12-31", "0001-01-01", "2027-02-30",
    "\x00", "2027-01-01\x00", "9" * 30, "9" * 5_000, "9223372036854775808", "-1", "²", "NaN", "1e400", "\udcff",
)  # fmt: skip
PLAUSIBLE = {"scope": "later", "day": "2027-03-02", "time": "10:00", "view": "week", "by": "room"}


def _is_list(route: Route) -> bool:
    """A list of the API answers many rows, in pages or whole."""
    return route.is_api and route.view.actions.get("get") == "list"


LISTS = [route for route in ROUTES if _is_list(route)]
BY_PATH = pytest.mark.parametrize("route", LISTS, ids=lambda route: route.path)


@pytest.fixture
def little() -> LittleClinic:
    return make_little_clinic()


def _client(little: LittleClinic, route: Route, clients: dict[tuple[Role, bool], Any]) -> Any:
    """As the first role that may open it: a program at the API, a person's browser at a page."""
    role = next(role for role in (Role.CLINICIAN, *Role) if route.right in rights_of(role))
    if (role, route.is_api) not in clients:
        member, browser = make_staff(little.location, role), Client(raise_request_exception=False)
        browser.force_login(member.user)
        clients[role, route.is_api] = caller_for(member).client if route.is_api else browser
    return clients[role, route.is_api]


def _names_read(client: Any, address: str) -> set[str]:
    """Which parameters the view looks for when nothing is asked."""
    read: set[str] = set()
    get, get_list = QueryDict.__getitem__, QueryDict.getlist

    def noted(self: QueryDict, name: str) -> Any:
        read.add(name)
        return get(self, name)

    def noted_list(self: QueryDict, name: str, *default: Any) -> Any:
        read.add(name)
        return get_list(self, name, *default)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(QueryDict, "__getitem__", noted)
        patch.setattr(QueryDict, "getlist", noted_list)
        client.get(address)
    return read


def _questions(names: set[str]) -> list[str]:
    """Each name with each value: alone, three times over, and beside what makes sense of the others."""
    asked = []
    for name in sorted(names):
        beside = "".join(f"&{other}={PLAUSIBLE[other]}" for other in names & set(PLAUSIBLE) - {name})
        for value in VALUES:
            one = f"{name}={quote(value, errors='surrogateescape')}"
            asked += [one, f"{one}&{one}&{name}=1"] + ([one + beside] if beside else [])
    return asked


def test_no_question_breaks_a_page_or_a_list(little: LittleClinic) -> None:
    clients: dict[tuple[Role, bool], Any] = {}
    asked, broken = set(), []
    for route in ROUTES:
        client, address = _client(little, route, clients), route.address(little)
        names = _names_read(client, address)
        if _is_list(route):
            filters = getattr(route.guard, "filterset_class", None)
            names |= {*getattr(filters, "base_filters", ()), *OF_EVERY_LIST}
        for question in _questions(names):
            asked.add(route.path)
            status = client.get(f"{address}?{question}").status_code
            broken += [(route.path, question[:80], status)] if status >= 500 else []
    assert broken == []
    assert {"board/", "messages/", "patients/", "sessions/<int:session_id>/move/"} < asked
    assert {route.path for route in LISTS} < asked


@BY_PATH
def test_a_parameter_that_a_list_does_not_know_is_refused_by_name(little: LittleClinic, route: Route) -> None:
    response = _client(little, route, {}).get(f"{route.address(little)}?sates=booked&page=1")
    assert refusal(response) == (400, "invalid")
    assert list(response.json()["facts"]) == ["sates"]


@BY_PATH
def test_what_every_list_knows_is_refused_by_none(little: LittleClinic, route: Route) -> None:
    question = "page=1&page_size=1&ordering=&format=json"
    assert _client(little, route, {}).get(f"{route.address(little)}?{question}").status_code == 200
