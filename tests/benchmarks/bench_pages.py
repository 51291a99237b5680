"""What pages cost the server: the demo clinic's as multiples of the sign-in page, and a day of three hundred visits.

    python -m tests.benchmarks.bench_pages

Loads the demo clinic, and beside it a clinic of a hundred practitioners, into a scratch database on a fixed day, opens
pages in this process as somebody who may, in turns with the sign-in page, and removes the database. Pages that compute
a plan have no limit here; the proposals behind them have one of their own. Exits with 1 when a figure is missed.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import django
import time_machine

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

from clinic.actor import Actor  # noqa: E402
from clinic.models import Absence, StaffMember  # noqa: E402
from clinic.permissions import Right, Role, rights_of  # noqa: E402
from clinic.services.hours import add_absence  # noqa: E402
from clinic.services.sessions_hit import ChangeScope, would_hit  # noqa: E402
from planner.choices import CAN_MOVE, SeriesState  # noqa: E402
from planner.models import Series, Session  # noqa: E402
from planner.obstacles.of_sessions import obstacles_of, surroundings_of  # noqa: E402
from planner.obstacles.whole_sessions import with_everything  # noqa: E402
from planner.schedule.move import propose_move  # noqa: E402
from planner.schedule.propose import propose  # noqa: E402
from tests.benchmarks.large_day import HUNDRED, LargeDay, make_large_day  # noqa: E402
from tests.e2e.demo_pages import pages  # noqa: E402
from tests.e2e.on_a_day import ORDINARY  # noqa: E402

ROUNDS, MORE_ROUNDS = 7, 25
MEDIAN_TIMES, WORST_TIMES, PROPOSAL_MS, DEMO_SECONDS = 4.0, 10.0, 300.0, 60.0
OBSTACLES_MS, LEAVE_MS, LEAVE_STATEMENTS = 60.0, 300.0, 20
TODAY_TIMES, VISIT_MS, BOARD_BYTES, STATEMENTS = 2.0, 0.35, 250_000, 12
COUNTED = ("today", "board", "patient", "series", "session")
"""The pages whose statements are limited."""
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
        return self.times > WORST_TIMES and self.name not in PLANS


@dataclass(frozen=True, slots=True)
class PageFigure:
    """A figure with its reach, as it was measured; none may be above its reach."""

    name: str
    reach: float
    measured: float
    form: str = "{:.1f}"

    @property
    def holds(self) -> bool:
        return self.measured <= self.reach

    def __str__(self) -> str:
        reach, measured = self.form.format(self.reach), self.form.format(self.measured)
        return f"| {self.name} | ≤ {reach} | {measured} | {'ok' if self.holds else 'MISSED'} |"


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


def sign_in_page() -> Callable[[], object]:
    stranger = Client(headers={"host": "localhost"})
    return lambda: stranger.get("/account/login/")


def costs() -> Iterator[Cost]:
    people, sign_in = clients(), sign_in_page()
    for name, addresses, right in pages():
        client = people[somebody_with(right)]
        for address in addresses:
            look = lambda client=client, address=address: client.get(address)  # noqa: E731
            if look().status_code != 200:  # type: ignore[no-untyped-call]
                continue
            rounds = [(milliseconds(look), milliseconds(sign_in)) for _ in range(ROUNDS)]
            ours, yardstick = (min(each) for each in zip(*rounds, strict=True))
            yield Cost(name, address, ours, ours / yardstick, statements_of(look))


def statements_of(look: Callable[[], object]) -> int:
    """Session, sign-in, staff and the note of the reading included."""
    with CaptureQueriesContext(connection) as queries:
        look()
        return len(queries)


def quickest(*looks: Callable[[], object]) -> list[float]:
    """Of each, looked at in turns."""
    for look in looks:
        look()
    return [min(each) for each in zip(*(map(milliseconds, looks) for _ in range(MORE_ROUNDS)), strict=True)]


def figures_of(large: LargeDay, found: list[Cost]) -> list[PageFigure]:
    """The issue's figures, the demo clinic's pages among them."""
    demo = clients()[Role.CLINICIAN]
    clinician, desk = Client(headers={"host": "localhost"}), Client(headers={"host": "localhost"})
    clinician.force_login(large.clinician.user)
    desk.force_login(large.desk.user)
    own, everybody, board, demos = (
        lambda client=client, address=address: client.get(address)
        for client, address in ((clinician, "/"), (desk, "/"), (desk, "/board/"), (demo, "/"))
    )
    own_ms, board_ms, demo_ms = quickest(own, board, demos)
    size = len(desk.get("/board/").content)
    times = [cost.times for cost in found if cost.name not in PLANS]
    made = [
        PageFigure("a clinician's Today, 300 visits on the day, × the demo's", TODAY_TIMES, own_ms / demo_ms),
        PageFigure("the board, 300 visits: ms a visit", VISIT_MS, board_ms / (3 * HUNDRED), "{:.2f}"),
        PageFigure("the board, 300 visits: bytes of HTML", BOARD_BYTES, size, "{:,.0f}"),
        PageFigure(
            "pages of the demo clinic but plans, × sign-in: median", MEDIAN_TIMES, statistics.median(times)
        ),
        PageFigure("pages of the demo clinic but plans, × sign-in: worst", WORST_TIMES, max(times)),
    ]
    most = {name: max(cost.queries for cost in found if cost.name == name) for name in COUNTED}
    most["today"] = max(most["today"], statements_of(own), statements_of(everybody))
    most["board"] = max(most["board"], statements_of(board))
    made += (PageFigure(f"statements: {name}", STATEMENTS, most[name], "{:.0f}") for name in COUNTED)
    return made


def obstacle_figures(large: LargeDay) -> list[PageFigure]:
    """What stands in the way of a whole day, and what a closure over it hits, nothing of which is kept."""
    here, now = large.location, timezone.now()
    by = Actor.of(large.desk)
    until = now + timedelta(days=1)

    def look(most: int = 3 * HUNDRED) -> None:
        sessions = with_everything(here.sessions.order_by("pk")[:most])
        obstacles_of(sessions, surroundings_of(sessions, here, now=now))

    def close() -> None:
        closure = Absence(location=here, kind="closure", starts_at=now - timedelta(hours=12), ends_at=until)
        scope, key = ChangeScope(here, None, closure.starts_at, until), uuid4().hex
        would_hit(scope, lambda: add_absence(closure, by=by, key=key, now=now), now=now)

    known = with_everything(here.sessions.order_by("pk"))
    told = lambda: obstacles_of(known, surroundings_of(known, here, now=now))  # noqa: E731
    told_ms, look_ms, close_ms = quickest(told, look, close)
    most = max(statements_of(look), statements_of(lambda: look(1)))
    return [
        PageFigure("obstacles of 300 sessions that are read: ms", OBSTACLES_MS, told_ms, "{:.0f}"),
        PageFigure("the same, and reading them: ms", OBSTACLES_MS, look_ms, "{:.0f}"),
        PageFigure("obstacles of 1 or 300 sessions: statements", STATEMENTS, most, "{:.0f}"),
        PageFigure("a closure over 300 visits, counted before and after: ms", LEAVE_MS, close_ms, "{:.0f}"),
        PageFigure("the same: statements", LEAVE_STATEMENTS, statements_of(close), "{:.0f}"),
    ]


def proposals() -> Iterator[tuple[str, float]]:
    """Every proposal that somebody at the demo clinic could ask for now."""
    now = timezone.now()
    for series in Series.objects.filter(state=SeriesState.DRAFT):
        yield f"series {series.pk}", milliseconds(lambda series=series: propose(series, now=now))
    for session in Session.objects.filter(state__in=CAN_MOVE, starts_at__gt=now)[:40]:
        ask = lambda session=session: propose_move(session, with_later=True, now=now)  # noqa: E731
        yield f"move of session {session.pk}", milliseconds(ask)


def know_the_tables() -> None:
    """As a database that has run for a minute does by itself: without it, plans are made for empty tables."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def measure() -> bool:
    """Prints the tables; whether every figure holds."""
    demo = milliseconds(lambda: call_command("load_demo")) / 1000
    know_the_tables()
    found = sorted(costs(), key=lambda cost: -cost.times)
    print(f"{'page':24}{'ms':>8}{'× sign-in':>11}{'SQL':>6}  address")
    for cost in found:
        mark = "  too slow" if cost.is_too_slow else "  (computes a plan)" if cost.name in PLANS else ""
        print(f"{cost.name:24}{cost.ms:8.1f}{cost.times:11.1f}{cost.queries:6}  {cost.address}{mark}")
    asked = sorted(proposals(), key=lambda each: -each[1])
    what, slowest = asked[0]
    median = statistics.median(ms for _what, ms in asked)
    print(f"\n{len(asked)} proposals: median {median:.0f} ms, slowest {slowest:.0f} ms ({what})")
    large = make_large_day(timezone.now())
    know_the_tables()
    figures = [
        PageFigure("load_demo: s", DEMO_SECONDS, demo),
        PageFigure("the slowest proposal of the demo clinic: ms", PROPOSAL_MS, slowest, "{:.0f}"),
        *figures_of(large, found),
    ]
    figures += obstacle_figures(large)
    print("\n| figure | reach | measured | |\n| --- | --- | --- | --- |")
    for figure in figures:
        print(figure)
    return all(figure.holds for figure in figures)


def main() -> int:
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        with tempfile.TemporaryDirectory() as folder, time_machine.travel(ORDINARY, tick=True):
            settings.DATA_DIR, settings.MEDIA_ROOT = Path(folder), folder
            return 0 if measure() else 1
    finally:
        connection.creation.destroy_test_db("", verbosity=0)


if __name__ == "__main__":
    sys.exit(main())
