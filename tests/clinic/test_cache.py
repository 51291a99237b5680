"""Nothing a person does depends on Redis: a real server is killed, or stopped so that it hangs."""

import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache, caches
from django.test import Client

from clinic.cache import silence
from clinic.models import User


@pytest.fixture
def redis(settings: Any) -> Iterator["subprocess.Popen[bytes]"]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        ["redis-server", "--port", str(port), "--save", "", "--appendonly", "no"], stdout=subprocess.DEVNULL
    )
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            time.sleep(0.05)
    settings.CACHES = {
        "default": {"BACKEND": "clinic.cache.EnduringCache", "LOCATION": f"redis://127.0.0.1:{port}/0"}
    }
    silence.until = silence.next_line = 0.0
    yield server
    server.kill()
    server.wait()
    silence.until = silence.next_line = 0.0
    caches["default"].close()


def _silenced(server: "subprocess.Popen[bytes]", how: signal.Signals) -> None:
    cache.set("before", 1)
    assert cache.get("before") == 1
    server.send_signal(how)
    if how is signal.SIGKILL:
        server.wait()


@pytest.mark.django_db
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_sign_in_and_password_reset_work_while_redis_is_dead_or_hangs(
    redis: Any, how: signal.Signals
) -> None:
    User.objects.create_user(email="who@example.org", password="a long enough secret")
    _silenced(redis, how)
    client = Client()
    sent = {"login": "who@example.org", "password": "a long enough secret"}
    assert client.post("/account/login/", sent).status_code == 302
    assert "_auth_user_id" in client.session
    assert client.post("/account/logout/").status_code == 302
    assert client.post("/account/password/reset/", {"email": "who@example.org"}).status_code == 302


@pytest.mark.django_db
def test_wrong_passwords_are_still_limited_while_redis_is_dead(redis: Any) -> None:
    _silenced(redis, signal.SIGKILL)
    sent = {"login": "nobody@example.org", "password": "wrong"}
    answers = [Client().post("/account/login/", sent).status_code for _time in range(12)]
    assert 429 in answers or b"Too many" in Client().post("/account/login/", sent).content


def test_a_silent_redis_is_logged_once_a_minute(redis: Any, caplog: pytest.LogCaptureFixture) -> None:
    _silenced(redis, signal.SIGKILL)
    for number in range(5):
        silence.until = 0.0
        cache.set("key", number)
    assert cache.get("key") == 4
    assert [record.name for record in caplog.records].count("clinic.cache") == 1
