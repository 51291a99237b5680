"""What is sent to us, before anything of it is parsed or kept: how much it may be, and how long it may take.

gunicorn has no limit for either. This is the outermost layer of WSGI; only `wsgi.input` is looked at.
"""

import re
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http.request import UnreadablePostError

from clinic.faults import refused_body

Environ = dict[str, Any]
App = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

PHOTOS = re.compile(r"/patients/\d+/photos/")
DRAINED_BYTES = 32 * 2**20
"""So much of what is too large is read and forgotten, or a browser that still sends would never show our answer."""
QUICK_SECONDS, SLOW_SECONDS, SLOW_AT_ONCE = 2.0, 30.0, 3
_current = threading.local()


class Slow:
    """One request that is being received. After two seconds it needs one of few places; after thirty it is cut off."""

    def __init__(self, sock: socket.socket, places: threading.Semaphore) -> None:
        self._sock, self._places = sock, places
        self._lock = threading.Lock()
        self._holds_place = self._is_over = False
        self._timer = self._after(QUICK_SECONDS, self._needs_a_place)

    def _after(self, seconds: float, do: Callable[[], None]) -> threading.Timer:
        timer = threading.Timer(seconds, do)
        timer.daemon = True
        timer.start()
        return timer

    def _needs_a_place(self) -> None:
        with self._lock:
            if self._is_over:
                return
            self._holds_place = self._places.acquire(blocking=False)
            if self._holds_place:
                self._timer = self._after(SLOW_SECONDS - QUICK_SECONDS, self._too_long)
            else:
                self._cut()

    def _too_long(self) -> None:
        with self._lock:
            if not self._is_over:
                self._cut()

    def _cut(self) -> None:
        """Whoever waits for more reads the end of the stream; an answer can still leave."""
        try:
            self._sock.shutdown(socket.SHUT_RD)
        except OSError:  # it went away by itself
            return

    def received(self) -> None:
        """All of it is here, or nobody reads on: the clock stops."""
        with self._lock:
            if self._is_over:
                return
            self._is_over = True
            self._timer.cancel()
            if self._holds_place:
                self._places.release()


class SlowSenders:
    """Watches what a worker's threads receive; only a few of them may be held by slow senders at once."""

    def __init__(self) -> None:
        self._places = threading.Semaphore(SLOW_AT_ONCE)

    @contextmanager
    def watch(self, sock: socket.socket) -> Iterator[None]:
        slow = _current.slow = Slow(sock, self._places)
        try:
            yield
        finally:
            slow.received()
            _current.slow = None


def _received() -> None:
    slow: Slow | None = getattr(_current, "slow", None)
    if slow is not None:
        slow.received()


class Counted:
    """The body of a request: stops the clock with its last byte, and says so if that never came."""

    def __init__(self, stream: Any, length: int) -> None:
        self._stream, self._left = stream, length

    def read(self, size: int = -1) -> bytes:
        """Refuses less than was announced: half a form is not a form."""
        wanted = self._left if size is None or size < 0 else min(size, self._left)
        data = self._took(self._stream.read(wanted))
        if len(data) < wanted:
            raise UnreadablePostError("the body broke off")
        return data

    def readline(self, size: int = -1) -> bytes:
        return self._took(
            self._stream.readline(self._left if size is None or size < 0 else min(size, self._left))
        )

    def _took(self, data: bytes) -> bytes:
        self._left -= len(data)
        if self._left <= 0:
            _received()
        elif not data:
            raise UnreadablePostError("the body did not come in time")
        return data


class Bodies:
    """413 for a body over the limit of its path, 411 for one that does not say how long it is."""

    def __init__(self, app: App) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        length = str(environ.get("CONTENT_LENGTH") or "0")
        if environ.get("HTTP_TRANSFER_ENCODING"):
            return _refused(environ, start_response, HTTPStatus.LENGTH_REQUIRED)
        size = int(length) if length.isdecimal() else 0
        if size > _limit(environ):
            _drain(environ["wsgi.input"])
            return _refused(environ, start_response, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if size == 0:
            _received()
        else:
            environ["wsgi.input"] = Counted(environ["wsgi.input"], size)
        return self._app(environ, start_response)


def _limit(environ: Environ) -> int:
    """A photo may be larger, for whoever has a cookie of ours; whether it is a good one is asked before parsing."""
    is_photo = PHOTOS.fullmatch(environ.get("PATH_INFO", ""))
    if is_photo and f"{settings.SESSION_COOKIE_NAME}=" in environ.get("HTTP_COOKIE", ""):
        return int(settings.MAX_PHOTO_BYTES) + 2**20
    return int(settings.MAX_BODY_BYTES)


def _drain(stream: Any) -> None:
    for _step in range(DRAINED_BYTES // 2**16):
        if not stream.read(2**16):
            return


def _refused(environ: Environ, start_response: Callable[..., Any], status: HTTPStatus) -> Iterable[bytes]:
    _received()
    kind, page = refused_body(environ.get("PATH_INFO", ""), status)
    headers = [("Content-Type", kind), ("Content-Length", str(len(page))), ("Connection", "close")]
    start_response(f"{status.value} {status.phrase}", headers)
    return [page]
