"""What is sent to us has a size and a time: real sockets against the app as `make run` starts it."""

import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.browser import Browser
from tests.e2e.running import Running, as_make_run_does
from tests.e2e.seed import PASSWORD

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("processes")]
MB = 2**20
READ = (
    "Content-Length: 5000",
    "Content-Type: application/x-www-form-urlencoded",
    f"Cookie: csrf={'a' * 32}",  # without one, nobody reads the body: the answer is known
)


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with tempfile.TemporaryDirectory(prefix="body") as name:
        Path(name).chmod(0o755)
        with as_make_run_does(Path(name)) as running:
            yield running


def connect(running: Running) -> socket.socket:
    return socket.create_connection(("127.0.0.1", urlsplit(running.root).port or 0), timeout=60)


def head(running: Running, path: str, *lines: str) -> bytes:
    host = urlsplit(running.root).netloc
    return "\r\n".join([f"POST {path} HTTP/1.1", f"Host: {host}", *lines, "", ""]).encode()


def status_of(running: Running, path: str, *lines: str, body: bytes = b"") -> tuple[int, str]:
    """What is answered, whether or not all of the body was taken."""
    with connect(running) as sock:
        try:
            sock.sendall(head(running, path, *lines))
            sock.sendall(body)
        except (BrokenPipeError, ConnectionResetError):
            pass
        answer = b""
        try:
            while piece := sock.recv(65536):
                answer += piece
        except (ConnectionResetError, TimeoutError):
            pass
    text = answer.decode()
    return int(text.split(" ", 2)[1]), text


@pytest.mark.parametrize(
    "path", ["/account/login/", "/", "/api/v1/patients/", "/no/such/page/", "/patients/1/photos/"]
)
def test_what_is_too_large_is_refused_before_it_is_parsed(running: Running, path: str) -> None:
    size = 4 * MB
    status, said = status_of(
        running,
        path,
        f"Content-Length: {size}",
        "Content-Type: multipart/form-data; boundary=b",
        body=b"x" * size,
    )
    assert status == 413
    assert ('"code": "too_large"' in said) == path.startswith("/api/")


def test_a_photo_may_be_larger_but_not_for_a_made_up_cookie(running: Running) -> None:
    size = 4 * MB
    lines = (f"Content-Length: {size}", "Content-Type: multipart/form-data; boundary=b")
    stranger, _said = status_of(
        running,
        "/patients/1/photos/",
        *lines,
        "Cookie: session=madeup",
        "Connection: close",
        body=b"x" * size,
    )
    browser = Browser(running.root)
    browser.sign_in("doctor@clinic.example", PASSWORD)
    cookie = f"Cookie: session={browser.cookies['session']}"
    ours, _said = status_of(
        running, "/patients/1/photos/", *lines, cookie, "Connection: close", body=b"x" * size
    )
    assert (stranger, ours != 413) == (413, True)


def test_a_body_that_does_not_say_how_long_it_is(running: Running) -> None:
    body = b"".join(b"10000\r\n" + b"x" * 65536 + b"\r\n" for _ in range(80))
    status, said = status_of(
        running, "/account/login/", "Transfer-Encoding: chunked", body=body + b"0\r\n\r\n"
    )
    assert status == 411
    assert "does not say how long" in said


@pytest.mark.parametrize("what", ["headers", "body"])
def test_ten_slow_senders_hold_no_page_for_long(running: Running, what: str) -> None:
    over = threading.Event()
    with ExitStack() as stack:
        socks = [stack.enter_context(connect(running)) for _ in range(10)]
        started = head(running, "/account/login/", *READ)
        for sock in socks:
            sock.sendall(started if what == "body" else started[:30])

        def drip() -> None:
            while not over.wait(0.3):
                for sock in socks:
                    try:
                        sock.sendall(b"x")
                    except OSError:
                        continue

        dripping = threading.Thread(target=drip)
        dripping.start()
        try:
            time.sleep(0.5)
            for _page in range(3):
                began = time.monotonic()
                assert Browser(running.root).get("/account/login/").status == 200
                assert time.monotonic() - began < 10
        finally:
            over.set()
            dripping.join()


def test_a_slow_sender_is_cut_off_in_the_end(running: Running) -> None:
    with connect(running) as sock:
        sock.sendall(head(running, "/account/login/", *READ))
        began = time.monotonic()
        sock.recv(65536)
        assert 1 < time.monotonic() - began < 45
