"""A busy database is told to everybody, also to whoever sent what cannot be parsed."""

import pytest
from django.http import HttpRequest
from django.test import RequestFactory

from clinic import faults

FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (FORM, b"a=1&" * 1_001),
        (FORM, b"a=" + b"x" * 3 * 2**20),
        (f"{FORM}; charset=latin-1", b"a=\xe9"),
        ("multipart/form-data", b"--b"),
        ("multipart/form-data; boundary=b", b"--b\r\nnothing"),
    ],
    ids=["too many fields", "too large", "another charset", "no boundary", "no part"],
)
def test_what_cannot_be_parsed_is_busy_like_the_rest(kind: str, body: bytes) -> None:
    request: HttpRequest = RequestFactory().generic("POST", "/settings/location/", body, kind)
    response = faults.answer(request, faults.BUSY)
    assert (response.status_code, response["Retry-After"]) == (503, "3")
    assert b'type="hidden"' not in response.content


def test_a_busy_page_keeps_what_was_typed_but_no_password() -> None:
    request = RequestFactory().post("/account/login/", {"name": "Linden", "password": "secret"})
    page = faults.answer(request, faults.BUSY).content
    assert b'name="name" value="Linden"' in page
    assert b"secret" not in page
