"""A body that stops part way: half a form is not a form."""

from io import BytesIO
from typing import Any

import pytest
from django.conf import settings
from django.http.request import UnreadablePostError
from django.test import Client

from clinic.bodies import Bodies, Counted
from tests.makers import make_location, make_staff

FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("size", [-1, None, 6, 100])
def test_a_body_that_breaks_off_is_not_taken_for_a_whole_one(size: Any) -> None:
    """Notes "Never numb with lidocaine …" were stored as "Never numb with"."""
    with pytest.raises(UnreadablePostError):
        Counted(BytesIO(b"abc"), 6).read(size)


def test_a_whole_body_is_read_in_any_pieces() -> None:
    body = Counted(BytesIO(b"abcdef"), 6)
    assert [body.read(4), body.read(100), body.read(5)] == [b"abcd", b"ef", b""]


@pytest.mark.django_db
def test_a_form_as_large_as_the_limit_is_taken(client: Client) -> None:
    """Django's own limit was below ours: between the two a form was 400, "bad request", and not 413."""
    assert _through(settings.MAX_BODY_BYTES) == "200 through"
    body = b"login=".ljust(settings.MAX_BODY_BYTES, b"x")
    assert client.post("/account/login/", body, content_type=FORM).status_code == 200


def test_one_byte_more_is_too_large() -> None:
    assert _through(settings.MAX_BODY_BYTES + 1) == "413 Request Entity Too Large"


@pytest.mark.django_db
def test_fields_that_are_too_large_where_a_photo_may_be_larger() -> None:
    client = Client(enforce_csrf_checks=True)
    body = b"note=".ljust(settings.MAX_BODY_BYTES + 1, b"x")
    client.cookies["csrf"] = "a" * 32  # without one, nobody reads the body
    client.force_login(make_staff(make_location()).user)
    response = client.post("/patients/1/photos/", body, content_type=FORM)
    assert response.status_code == 413
    assert b"What you sent is too large" in response.content


def _through(size: int) -> str:
    told: list[str] = []

    def app(environ: Any, start_response: Any) -> Any:
        told.append("200 through")
        return []

    environ = {"CONTENT_LENGTH": str(size), "PATH_INFO": "/account/login/", "wsgi.input": BytesIO()}
    list(Bodies(app)(environ, lambda status, headers: told.append(status)))
    return told[0]
