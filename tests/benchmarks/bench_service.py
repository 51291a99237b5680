"""The service's figures: one uncached proposal through the database, beside interval arithmetic in the same run.

    python -m tests.benchmarks.bench_service

Builds size M (20 practitioners, 30 rooms, 14 devices, 400 days, 70 % full, a grid of 15 minutes) in a scratch
database, and removes it. The yardstick is what appointment books do with an interval library: for each practitioner
and day, the opening interval minus each booking, as bare starts of 45 minutes; without rooms, devices or gaps.
"""

import os
import random
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from datetime import time as clock

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")
os.environ.setdefault("TEST_DB", "bench_service")
django.setup()

import portion  # noqa: E402
from django.db import connection  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from clinic.localtime import local_date  # noqa: E402
from clinic.models import Location, Resource  # noqa: E402
from patients.models import Screening  # noqa: E402
from planner.choices import SessionState  # noqa: E402
from planner.models import Reservation, Series, Session  # noqa: E402
from planner.schedule.engine_request import AskedOfEngine, request_for  # noqa: E402
from planner.schedule.propose import answer as best_of  # noqa: E402
from planner.schedule.propose import propose  # noqa: E402
from planner.schedule.series_facts import facts_of  # noqa: E402
from tests import makers  # noqa: E402

PRACTITIONERS, ROOMS, DEVICES, DAYS, FULL = 20, 30, 14, 400, 0.7
SESSIONS, NAIVE_DAYS, NEEDLING = 6, 270, 45
USE_MINUTES = {"practitioner": 45, "room": 120, "device": 60}
HOURS = {"practitioner": (9, 17), "room": (8, 20), "device": (8, 20)}
MONDAY = datetime(2027, 1, 11, tzinfo=UTC)
Minutes = tuple[int, int]


def resources(location: Location) -> list[Resource]:
    return [
        *(makers.make_practitioner(location, closes=clock(17, n % 4)) for n in range(PRACTITIONERS)),
        *(makers.make_room(location) for _ in range(ROOMS)),
        *(makers.make_device(location) for _ in range(DEVICES)),
    ]


def bookings(kind: str, rng: random.Random) -> Iterator[Minutes]:
    """Minutes since the first midnight (UTC): a day is filled with uses until 70 % of it is taken."""
    use = USE_MINUTES[kind]
    opens, closes = (60 * hour for hour in HOURS[kind])
    for day in range(DAYS):
        if (MONDAY + timedelta(days=day)).weekday() < 5:
            at = opens
            while at + use <= closes:
                taken = rng.random() < FULL
                if taken:
                    yield day * 1440 + at, day * 1440 + at + use
                at += use if taken else 15 * rng.randint(1, use // 15)


def fill(resource: Resource, sessions: list[Session], rng: random.Random) -> list[Minutes]:
    busy = list(bookings(resource.kind, rng))
    Reservation.objects.bulk_create(
        (
            Reservation(
                session=rng.choice(sessions),
                resource=resource,
                starts_at=MONDAY + timedelta(minutes=first),
                used_until=MONDAY + timedelta(minutes=last),
                ends_at=MONDAY + timedelta(minutes=last),
            )
            for first, last in busy
        ),
        batch_size=2000,
    )
    return busy


def drafts(location: Location) -> list[Series]:
    version = makers.make_protocol_version(location.clinic)
    by = makers.make_staff(location).user
    fields = {"sessions_planned": SESSIONS, "by": by}
    patients = [makers.make_patient(location.clinic) for _ in range(PRACTITIONERS + 201)]
    for patient in patients:
        makers.make_consent(patient, taken_by=by, valid_to=MONDAY.date() + timedelta(days=800))
        Screening.objects.create(patient=patient, taken_at=makers.NOW, taken_by=by)
    return [makers.make_series(patient, version, location, **fields) for patient in patients]


def without_the_record(series: Series) -> None:
    """The same proposal, as if nobody had asked what the record allows."""
    (facts,) = facts_of({series.pk: series.patient_id})
    placing = facts.in_states((SessionState.PLANNED,))
    request = request_for(facts, placing, not_before=local_date(makers.NOW, facts.zone), now=makers.NOW)
    best_of(facts, placing, AskedOfEngine(request, (), None), now=makers.NOW)


def naive_starts(busy: list[Minutes]) -> int:
    """Free starts of one practitioner: per day, the opening interval minus every booking of that day."""
    by_day: dict[int, list[Minutes]] = {}
    for first, last in busy:
        by_day.setdefault(first // 1440, []).append((first, last))
    opens, closes = (60 * hour for hour in HOURS["practitioner"])
    found = 0
    for day in range(NAIVE_DAYS):
        if (MONDAY + timedelta(days=day)).weekday() < 5:
            free = portion.closedopen(day * 1440 + opens, day * 1440 + closes)
            for first, last in by_day.get(day, ()):
                free -= portion.closedopen(first, last)
            found += _starts(free)
    return found


def whole_starts(busy: list[Minutes]) -> int:
    """The same as the library likes it best: all bookings as one value, taken off all opening hours at once."""
    opens, closes = (60 * hour for hour in HOURS["practitioner"])
    days = [day for day in range(NAIVE_DAYS) if (MONDAY + timedelta(days=day)).weekday() < 5]
    opening = portion.Interval(*(portion.closedopen(d * 1440 + opens, d * 1440 + closes) for d in days))
    taken = (each for each in busy if each[1] <= NAIVE_DAYS * 1440)
    return _starts(opening - portion.Interval(*(portion.closedopen(*each) for each in taken)))


def _starts(free: portion.Interval) -> int:
    return sum(
        len(range(-(-each.lower // 15) * 15, each.upper - NEEDLING + 1, 15))
        for each in free
        if not each.empty
    )


def milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)


def measure() -> None:
    rng = random.Random(1)
    location = makers.make_location()
    series = drafts(location)
    sessions = list(Session.objects.filter(series__in=series[PRACTITIONERS + 1 :]))
    busy = {resource.pk: (resource.kind, fill(resource, sessions, rng)) for resource in resources(location)}
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    practitioners = [spans for kind, spans in busy.values() if kind == "practitioner"]
    propose(series[0], now=makers.NOW)
    with CaptureQueriesContext(connection) as queries:
        answer = propose(series[0], now=makers.NOW)
    assert answer.plans, answer.reasons
    times: list[float] = []
    bare: list[float] = []
    naive = whole = 0.0
    for each, spans in zip(
        series[1:], practitioners, strict=False
    ):  # in turns, so that all meet the same machine
        times.append(milliseconds(lambda each=each: propose(each, now=makers.NOW)))
        whole_again = milliseconds(
            lambda each=each: propose(each, now=makers.NOW)
        )  # both of what was just read
        bare.append(whole_again / milliseconds(lambda each=each: without_the_record(each)))
        naive += milliseconds(lambda spans=spans: naive_starts(spans))
        whole += milliseconds(lambda spans=spans: whole_starts(spans))
    times.sort()
    ours = statistics.median(times)
    print(f"reservations in the way: {Reservation.objects.count():,}; plans: {len(answer.plans)}")
    print(
        f"a proposal of {SESSIONS} sessions, database included: {ours:.1f} ms ({times[0]:.1f} to {times[-1]:.1f})"
    )
    print(f"portion, day by day, bare free starts: {naive:,.0f} ms -> 1/{naive / ours:.0f} (reach 1/50)")
    print(f"portion, one difference per practitioner: {whole:,.0f} ms -> 1/{whole / ours:.0f}")
    record = statistics.median(bare)
    print(f"with the record's rules given to the engine: {record:.2f} times without (reach 1.10)")
    print(f"SQL statements of a proposal: {len(queries)} (reach 8)")


def main() -> None:
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        measure()
    finally:
        connection.creation.destroy_test_db("", verbosity=0)


if __name__ == "__main__":
    main()
