import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.usersessions.models import UserSession
from django.core import mail
from django.core.cache import cache
from django.test import Client
from rest_framework.authtoken.models import Token

from clinic.checks import proxies
from clinic.models import StaffMember
from clinic.permissions import Role
from clinic.services.staff import StaffEntry, change_staff
from tests.makers import NOW, acting, make_location, make_staff

pytestmark = pytest.mark.django_db
PASSWORD = "linden-row-demo"
SIGN_IN = "/account/login/"
ASK_FOR_LINK = "/account/password/reset/"


@pytest.fixture(autouse=True)
def _no_tries_yet() -> None:
    cache.clear()


@pytest.fixture
def member() -> StaffMember:
    member = make_staff(make_location(), email="abi@linden.example", name="Abi Osei")
    member.user.set_password(PASSWORD)
    member.user.save()
    return member


def _sign_in(client: Client, email: str = "abi@linden.example", password: str = PASSWORD, **more: str) -> Any:
    return client.post(SIGN_IN, {"login": email, "password": password} | more)


def _is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_the_right_password_signs_in_and_goes_to_the_page_asked_for(
    client: Client, member: StaffMember
) -> None:
    response = _sign_in(client, next="/settings/location/")
    assert (response.status_code, response.headers["Location"]) == (302, "/settings/location/")
    assert _is_signed_in(client)


def test_sign_in_never_leads_to_another_site(client: Client, member: StaffMember) -> None:
    assert _sign_in(client, next="https://elsewhere.example/").headers["Location"] == "/"


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(
    client: Client, member: StaffMember
) -> None:
    wrong = _sign_in(client, password="not-my-password")
    unknown = _sign_in(client, email="nobody@linden.example")
    assert wrong.context["form"].errors == unknown.context["form"].errors
    assert (wrong.status_code, unknown.status_code) == (200, 200)
    assert not _is_signed_in(client)


def test_after_five_wrong_passwords_the_right_one_waits(client: Client, member: StaffMember) -> None:
    for _ in range(5):
        _sign_in(client, password="not-my-password")
    response = _sign_in(client)
    assert "Too many failed login attempts" in response.content.decode()
    assert (response.status_code, response.headers["Retry-After"]) == (429, "300")
    assert not _is_signed_in(client)


def test_a_stranger_locks_no_account_for_its_owner(
    client: Client, member: StaffMember, settings: Any
) -> None:
    settings.TRUSTED_PROXY_COUNT = 1
    for _ in range(8):
        _sign_in(Client(headers={"x-forwarded-for": "203.0.113.9"}), password="not-my-password")
    owner = Client(headers={"x-forwarded-for": "198.51.100.7"})
    _sign_in(owner)
    assert _is_signed_in(owner)


def test_behind_a_proxy_one_strangers_tries_lock_nobody_else_out(member: StaffMember, settings: Any) -> None:
    settings.TRUSTED_PROXY_COUNT = 1
    for n in range(70):
        _sign_in(Client(headers={"x-forwarded-for": "203.0.113.9"}), email=f"{n}@linden.example")
    owner = Client(headers={"x-forwarded-for": "198.51.100.7"})
    _sign_in(owner)
    assert _is_signed_in(owner)


def test_a_forged_address_starts_no_new_count(member: StaffMember, settings: Any) -> None:
    """The proxy adds the real address last; whatever stands before it, a stranger wrote. An IPv6 counts as its /64."""
    settings.TRUSTED_PROXY_COUNT = 1
    for n in range(5):
        forged = Client(headers={"x-forwarded-for": f"198.51.100.{n}, 2001:db8::{n + 1}"})
        _sign_in(forged, password="not-my-password")
    last = Client(headers={"x-forwarded-for": "198.51.100.99, 2001:db8::ffff"})
    assert "Too many failed login attempts" in _sign_in(last).content.decode()


def test_from_many_addresses_an_account_is_not_guessed_on_for_ever_and_its_owner_signs_in_from_the_usual_one(
    member: StaffMember, settings: Any
) -> None:
    settings.TRUSTED_PROXY_COUNT = 1
    usual = {"x-forwarded-for": "198.51.100.7"}
    _sign_in(Client(headers=usual))
    for n in range(55):
        last = _sign_in(Client(headers={"x-forwarded-for": f"203.0.113.{n}"}), password="not-my-password")
    assert last.status_code == 429
    assert _sign_in(Client(headers={"x-forwarded-for": "192.0.2.1"})).status_code == 429
    owner = Client(headers=usual)
    _sign_in(owner)
    assert _is_signed_in(owner)


@pytest.mark.parametrize(
    "told", ["", "unknown", "203.0.113.9", "a, b, c", "198.51.100.7:8080", ",", "\N{SNOWMAN}"]
)
@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_whatever_stands_where_the_address_should_a_person_signs_in(
    member: StaffMember, settings: Any, told: str, count: int
) -> None:
    settings.TRUSTED_PROXY_COUNT = count
    client = Client(headers={"x-forwarded-for": told})
    _sign_in(client)
    assert _is_signed_in(client)


@pytest.mark.parametrize(
    ("behind", "count", "errors"), [(True, 0, 1), (False, 1, 1), (False, -1, 1), (True, 1, 0), (False, 0, 0)]
)
def test_proxies_are_counted_at_start(settings: Any, behind: bool, count: int, errors: int) -> None:
    settings.BEHIND_PROXY, settings.TRUSTED_PROXY_COUNT = behind, count
    assert len(proxies(None)) == errors


def test_somebody_switched_off_does_not_sign_in(client: Client, member: StaffMember) -> None:
    member.is_active = False
    member.save()
    response = _sign_in(client)
    assert response.headers["Location"] == "/account/inactive/"
    assert not _is_signed_in(client)


def test_somebody_switched_off_while_signed_in_finds_nothing_any_more(
    client: Client, member: StaffMember
) -> None:
    _sign_in(client)
    StaffMember.objects.update(is_active=False)
    assert client.get("/patients/").status_code == 404


def test_signing_out_takes_a_press_of_a_button(client: Client, member: StaffMember) -> None:
    _sign_in(client)
    client.get("/account/logout/")
    assert _is_signed_in(client)
    client.post("/account/logout/")
    assert not _is_signed_in(client)


@pytest.mark.parametrize("path", ["signup/", "email/", "confirm-email/", "confirm-email/x/", "password/set/"])
def test_nobody_signs_up_or_changes_an_address_by_themselves(
    client: Client, member: StaffMember, path: str
) -> None:
    _sign_in(client)
    assert client.get(f"/account/{path}").status_code == 404
    assert client.post(f"/account/{path}", {"email": "new@linden.example"}).status_code == 404


def test_a_link_by_mail_sets_a_new_password(client: Client, member: StaffMember) -> None:
    assert client.post(ASK_FOR_LINK, {"email": "abi@linden.example"}).status_code == 302
    [message] = mail.outbox
    assert (message.to, message.subject) == (["abi@linden.example"], "Set your password")
    link = re.search(r"http://testserver(\S+)", message.body)
    assert link is not None
    form = client.get(link[1]).headers["Location"]
    new = "a-quite-long-passphrase"
    client.post(form, {"password1": new, "password2": new})
    member.user.refresh_from_db()
    assert member.user.check_password(new)


def test_asking_for_a_link_tells_nobody_who_works_here(client: Client, member: StaffMember) -> None:
    known = client.post(ASK_FOR_LINK, {"email": "abi@linden.example"}, follow=True)
    unknown = client.post(ASK_FOR_LINK, {"email": "nobody@linden.example"}, follow=True)
    assert known.redirect_chain == unknown.redirect_chain
    assert [message.subject for message in mail.outbox] == ["Set your password", "Set your password"]
    assert "sign up" not in mail.outbox[1].body


def test_with_codes_from_an_app_the_password_alone_does_not_sign_in(
    client: Client, member: StaffMember
) -> None:
    secret = generate_totp_secret()
    TOTP.activate(member.user, secret)
    assert _sign_in(client).headers["Location"] == "/account/2fa/authenticate/"
    assert not _is_signed_in(client)
    code = f"{hotp_value(secret, next(iter(yield_hotp_counters_from_time()))):06d}"
    assert client.post("/account/2fa/authenticate/", {"code": code}).status_code == 302
    assert _is_signed_in(client)
    assert Authenticator.objects.filter(user=member.user).count() == 1


def test_changing_how_one_signs_in_asks_once_more_who_it_is(client: Client, member: StaffMember) -> None:
    _sign_in(client)
    response = client.get("/account/2fa/totp/activate/")
    assert response.headers["Location"].startswith("/account/reauthenticate/")


@pytest.mark.parametrize(
    "path",
    [
        "/account/2fa/",
        "/account/2fa/webauthn/",
        "/account/2fa/webauthn/add/",
        "/account/2fa/totp/activate/",
        "/account/password/change/",
        "/account/sessions/",
    ],
)
def test_the_accounts_own_pages_open_after_signing_in(client: Client, member: StaffMember, path: str) -> None:
    _sign_in(client)
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    response = client.get(path)
    assert response.status_code == 200
    assert "<script>" not in response.content.decode()
    assert "style=" not in response.content.decode()


def test_signing_out_everywhere_else_leaves_this_device(client: Client, member: StaffMember) -> None:
    other = Client()
    _sign_in(other)
    _sign_in(client)
    client.get("/account/sessions/")
    client.post("/account/sessions/")
    assert (_is_signed_in(client), _is_signed_in(other)) == (True, False)


def test_the_admin_sends_to_the_same_sign_in(client: Client) -> None:
    assert client.get("/admin/login/").headers["Location"].startswith(SIGN_IN)


def test_a_token_of_somebody_switched_off_by_the_manager_opens_nothing(
    client: Client, member: StaffMember
) -> None:
    token = Token.objects.create(user=member.user)
    manager = make_staff(member.location, Role.MANAGER)
    _sign_in(client)
    entry = StaffEntry(member.name, Role(member.role), False)
    change_staff(member, entry, version=member.version, by=acting(manager), key="k", now=NOW)
    member.user.refresh_from_db()
    assert (Token.objects.get(pk=token.pk).user.is_active, _is_signed_in(client)) == (False, False)


def test_the_last_use_of_a_sign_in_is_kept_to_the_minute(client: Client, member: StaffMember) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        client.force_login(member.user)
        seen = []
        for _ in range(3):
            client.get("/account/sessions/")
            seen.append(UserSession.objects.get().last_seen_at - NOW)
            clock.shift(40)
    assert seen == [timedelta(), timedelta(), timedelta(seconds=80)]
