"""The description of the API: complete, and behind sign-in like the rest."""

import re
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from clinic.api.bodies import KEY
from clinic.permissions import Role
from tests.makers import make_location, make_staff

pytestmark = pytest.mark.django_db


def test_the_schema_is_valid_and_nothing_in_it_is_guessed(tmp_path: Path) -> None:
    call_command("spectacular", "--fail-on-warn", "--validate", file=str(tmp_path / "schema.yml"))
    assert "/api/v1/series/{series_id}/book/" in (tmp_path / "schema.yml").read_text()


@pytest.mark.parametrize(
    ("key", "is_one"),
    [("k", True), ("k" * 80, True), ("", False), ("k" * 81, False), ("a b", False), ("é", False)],
)
def test_the_schema_says_which_keys_are_taken(key: str, is_one: bool) -> None:
    description = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    headers = [
        parameter["schema"]
        for path in description["paths"].values()
        for operation in path.values()
        for parameter in operation.get("parameters", ())
        if parameter["name"] == "Idempotency-Key"
    ]
    assert headers
    for schema in headers:
        fits = schema.get("minLength", 0) <= len(key) <= schema.get("maxLength", len(key))
        is_said = fits and re.search(schema.get("pattern", ""), key) is not None
        assert (is_said, KEY.fullmatch(key) is not None) == (is_one, is_one)


def test_a_stranger_does_not_read_the_schema(client: Client) -> None:
    response = client.get("/api/schema/")
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, "Token")


def test_a_stranger_who_opens_the_docs_signs_in_first(client: Client) -> None:
    response = client.get("/api/docs/")
    assert response.status_code == 302
    assert response.headers["Location"] == "/account/login/?next=/api/docs/"


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("address", ["/api/schema/", "/api/docs/", "/api/docs/?script="])
def test_whoever_may_sign_in_reads_it(client: Client, role: Role, address: str) -> None:
    client.force_login(make_staff(make_location(), role).user)
    assert client.get(address).status_code == 200


def test_somebody_without_a_place_in_a_clinic_finds_none(client: Client) -> None:
    client.force_login(make_staff(make_location(), is_active=False).user)
    assert [client.get(address).status_code for address in ("/api/schema/", "/api/docs/")] == [404, 404]
