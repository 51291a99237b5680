import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from rest_framework.authtoken.models import Token

from clinic.permissions import Role
from tests.makers import make_location, make_staff

pytestmark = pytest.mark.django_db


def _printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    call_command("api_token", *words)
    return capsys.readouterr().out.strip()


def test_the_token_signs_in_and_stays_the_same(capsys: pytest.CaptureFixture[str], client: Client) -> None:
    member = make_staff(make_location(), Role.FRONT_DESK, email="desk@example.com")
    token = _printed(capsys, "desk@example.com")
    assert _printed(capsys, "DESK@example.com") == token
    assert Token.objects.get(user=member.user).key == token
    response = client.get("/api/v1/patients/", headers={"Authorization": f"Token {token}"})
    assert (response.status_code, response.json()["count"]) == (200, 0)


def test_a_new_token_ends_the_old_one(capsys: pytest.CaptureFixture[str], client: Client) -> None:
    make_staff(make_location(), email="desk@example.com")
    old = _printed(capsys, "desk@example.com")
    new = _printed(capsys, "desk@example.com", "--new")
    answers = [
        client.get("/api/v1/patients/", headers={"Authorization": f"Token {token}"}).status_code
        for token in (old, new)
    ]
    assert answers == [401, 200]


@pytest.mark.parametrize(
    ("email", "says"),
    [
        ("nobody@example.com", "Nobody with a place in a clinic signs in as nobody@example.com."),
        ("gone@example.com", "gone@example.com may no longer sign in."),
    ],
)
def test_who_may_not_sign_in_gets_no_token(email: str, says: str) -> None:
    make_staff(make_location(), email="gone@example.com", is_active=False)
    with pytest.raises(CommandError, match=f"^{says}$"):
        call_command("api_token", email)
    assert not Token.objects.exists()
