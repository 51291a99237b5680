"""What every page of the demo clinic costs the server, as a multiple of the sign-in page's own time.

    python -m tests.benchmarks.bench_pages

Loads the demo clinic into a scratch database, opens every page in this process as somebody who may, in turns with
the sign-in page, and removes the database. Pages that compute a plan have no limit here; the proposals behind them
have one of their own. Exits with 1 when something is slower than it should be.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")
os.environ.setdefault("TEST_DB", "bench_pages")
os.environ.setdefault("LOG_LEVEL", "ERROR")
django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from clinic.models import StaffMember  # noqa: E402
from clinic.permissions import Right, Role, rights_of  # noqa: E402
from planner.choices import CAN_MOVE, SeriesState  # noqa: E402
from planner.models import Series, Session  # noqa: E402
from planner.schedule.move import propose_move  # noqa: E402
from planner.schedule.propose import propose  # noqa: E402
from tests.e2e.demo_pages import pages  # noqa: E402

ROUNDS = 7
TIMES_SIGN_IN, PROPOSAL_MS, DEMO_SECONDS = 5.0, 300.0, 60.0
PLANS = {"series_plan", "session_move"}
"""The pages that compute plans."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one page: its quickest time (other work on the machine disturbs that least), the same as a multiple of the
    sign-in page's, and its SQL statements."""

    name: str
    address: str
    ms: float
    times: float
    queries: int

    @property
    def is_too_slow(self) -> bool:
        return self.times > TIMES_SIGN_IN and self.name not in PLANS


def milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)


def clients() -> dict[Role, Client]:
    """Somebody of each role, signed in."""
    made = {}
    for role in Role:
        made[role] = Client(headers={"host": "localhost"})
        made[role].force_login(StaffMember.objects.filter(role=role).earliest("pk").user)
    return made


def somebody_with(right: str | None) -> Role:
    """A clinician where she may; she sees most."""
    order = [Role.CLINICIAN, *Role]
    return next(role for role in order if right is None or Right(right) in rights_of(role))


def costs() -> Iterator[Cost]:
    stranger, people = Client(headers={"host": "localhost"}), clients()
    sign_in = lambda: stranger.get("/account/login/")  # noqa: E731
    for name, addresses, right in pages():
        client = people[somebody_with(right)]
        for address in addresses:
            look = lambda client=client, address=address: client.get(address)  # noqa: E731
            if look().status_code != 200:  # type: ignore[no-untyped-call]
                continue
            with CaptureQueriesContext(connection) as queries:
                look()  # type: ignore[no-untyped-call]
                statements = len(queries)
            rounds = [(milliseconds(look), milliseconds(sign_in)) for _ in range(ROUNDS)]
            ours, yardstick = (min(each) for each in zip(*rounds, strict=True))
            yield Cost(name, address, ours, ours / yardstick, statements)


def proposals() -> Iterator[tuple[str, float]]:
    """Every proposal that somebody at the demo clinic could ask for now."""
    now = timezone.now()
    for series in Series.objects.filter(state=SeriesState.DRAFT):
        yield f"series {series.pk}", milliseconds(lambda series=series: propose(series, now=now))
    for session in Session.objects.filter(state__in=CAN_MOVE, starts_at__gt=now)[:40]:
        ask = lambda session=session: propose_move(session, with_later=True, now=now)  # noqa: E731
        yield f"move of session {session.pk}", milliseconds(ask)


def measure() -> bool:
    """Prints the table; whether everything was quick enough."""
    demo = milliseconds(lambda: call_command("load_demo")) / 1000
    print(f"load_demo: {demo:.1f} s (reach {DEMO_SECONDS:.0f})\n")
    found = sorted(costs(), key=lambda cost: -cost.times)
    print(f"{'page':24}{'ms':>8}{'× sign-in':>11}{'SQL':>6}  address")
    for cost in found:
        mark = "  too slow" if cost.is_too_slow else ""
        print(f"{cost.name:24}{cost.ms:8.1f}{cost.times:11.1f}{cost.queries:6}  {cost.address}{mark}")
    asked = sorted(proposals(), key=lambda each: -each[1])
    median = statistics.median(ms for _what, ms in asked)
    what, slowest = asked[0]
    print(
        f"\n{len(asked)} proposals: median {median:.0f} ms, slowest {slowest:.0f} ms ({what}; reach {PROPOSAL_MS:.0f})"
    )
    return demo <= DEMO_SECONDS and slowest <= PROPOSAL_MS and not any(cost.is_too_slow for cost in found)


def main() -> int:
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        with tempfile.TemporaryDirectory() as folder:
            settings.DATA_DIR, settings.MEDIA_ROOT = Path(folder), folder
            return 0 if measure() else 1
    finally:
        connection.creation.destroy_test_db("", verbosity=0)


if __name__ == "__main__":
    sys.exit(main())
