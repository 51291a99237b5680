"""A real mail server on this machine that keeps what it takes and gives the answers it is told."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message as Mail
from typing import Any

from aiosmtpd.controller import Controller

from tests.servers import free_port


class Sink:
    """Gives `answers` in order, then takes everything into `taken`; `taken_at` is by Message-ID."""

    def __init__(self) -> None:
        self.answers: list[str] = []
        self.refuses_recipients = False
        self.taken: list[Mail] = []
        self.taken_at: dict[str, float] = {}
        self.connections = 0
        self.port = free_port()

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, hostname: str, answers: Any) -> Any:
        self.connections += 1
        session.host_name = hostname
        return answers

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if self.refuses_recipients:
            return "553 not here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer == "hang up":
            server.transport.close()
        if answer.startswith("250"):
            mail = message_from_bytes(envelope.content)
            self.taken.append(mail)
            self.taken_at[mail["Message-ID"]] = time.monotonic()
        return answer


@contextmanager
def running(sink: Sink) -> Iterator[Sink]:
    server = Controller(sink, hostname="127.0.0.1", port=sink.port)
    server.start()
    try:
        yield sink
    finally:
        server.stop()
