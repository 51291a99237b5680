"""500 due messages while the worker is killed again and again: none lost, at most one doubled per kill."""

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import connection, transaction
from django.utils import timezone

from patients.models import Patient
from planner.models import Message, Series, Session
from planner.outbox.plan_messages import message_id_for, messages_for_cancellation
from tests import makers, servers
from tests.planner.sink import Sink, running

pytestmark = [
    pytest.mark.processes,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("processes"),
]
DAY = timedelta(days=1)
KILLS = 5
FAST = "-c synchronous_commit=off"
EMBEDDED = [[sys.executable, "manage.py", "worker"]]
SEPARATE = [
    [servers.python("celery"), "-A", "clinic", "worker", "--concurrency", "1"],
    [servers.python("celery"), "-A", "clinic", "beat"],
]


@pytest.fixture
def sink() -> Iterator[Sink]:
    with running(Sink()) as sink:
        yield sink


@pytest.fixture
def environment(sink: Sink, tmp_path: Path) -> dict[str, str]:
    """For a worker on this test's own database and mail server, with a short lease."""
    return {
        "DATABASE_URL": database_url(),
        "EMAIL_URL": f"smtp://127.0.0.1:{sink.port}",
        "DATA_DIR": str(tmp_path),
        "REDIS_URL": "",
        "DELIVER_EVERY_SECONDS": "1",
        "MAIL_LEASE_SECONDS": "2",
    }


def database_url() -> str:
    """Of the database this test is in; only workers die here, so its commits need not wait for the disk."""
    at = {name: quote(str(value), safe="") for name, value in connection.get_connection_params().items()}
    who = f"{at['user']}:{at.get('password', '')}"
    return f"postgres://{who}@/{at['dbname']}?host={at['host']}&port={at.get('port', 5432)}&options={quote(FAST)}"


@pytest.fixture
def messages(request: pytest.FixtureRequest) -> list[Message]:
    return make_due_messages(request.param, timezone.now())


def make_due_messages(count: int, now: datetime) -> list[Message]:
    """One for each of `count` patients, about a visit tomorrow; at no hour is mail unwelcome here."""
    location = makers.make_location(quiet_from="00:00", quiet_to="00:00")
    version = makers.make_protocol_version(location.clinic)
    step = next(step for step in makers.make_steps(version) if step.code == "before_1d")
    by = makers.make_staff(location).user
    patients = Patient.objects.bulk_create(
        Patient(
            clinic=location.clinic,
            first_name="Jade",
            last_name=f"Robinson {n}",
            date_of_birth="1995-05-17",
            email=f"jade{n}@example.com",
            created_at=now,
        )
        for n in range(count)
    )
    gap = {"sessions_planned": 1, "gap_min_days": 28, "gap_target_days": 35, "gap_max_days": 56}
    fixed = {"location": location, "protocol_version": version, "created_by": by, "created_at": now}
    plans = Series.objects.bulk_create(
        Series(patient=each, state="active", **gap, **fixed) for each in patients
    )
    visit = {"number": 1, "state": "booked", "starts_at": now + DAY, "ends_at": now + DAY + DAY / 12}
    sessions = Session.objects.bulk_create(
        Session(series=each, patient=each.patient, location=location, **visit) for each in plans
    )
    return Message.objects.bulk_create(
        Message(
            location=location,
            patient=session.patient,
            series=session.series,
            session=session,
            step=step,
            about_version=1,
            due_at=now - timedelta(seconds=count - n),
            expires_at=now + DAY / 2,
            message_id=message_id_for(session.series, session, step, 1),
            created_at=now,
        )
        for n, session in enumerate(sessions)
    )


@contextmanager
def at_work(
    commands: list[list[str]], environment: dict[str, str]
) -> Iterator[list[subprocess.Popen[bytes]]]:
    with ExitStack() as stack:
        log = Path(environment["DATA_DIR"]) / "worker.log"
        yield [stack.enter_context(servers.process(*each, log=log, **environment)) for each in commands]


def kill_after(taken: int, sink: Sink, worker: subprocess.Popen[bytes]) -> None:
    """kill -9 of the worker and whatever it has started, in the middle of its work."""
    servers.wait_for(lambda: len(sink.taken) >= taken, 60, f"mail {taken}")
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


def cancel(session: Session) -> None:
    with transaction.atomic():
        session.state, session.version = "cancelled", 2
        session.save()
        messages_for_cancellation(session.series, [session], now=timezone.now())


def survive_kills(
    commands: list[list[str]], environment: dict[str, str], sink: Sink, messages: list[Message]
) -> None:
    cancelled, others = messages[-20:], messages[:-20]
    kills = sorted(random.Random(20).sample(range(10, 450), KILLS))
    worker, *clocks = commands
    with at_work(clocks, environment):
        for turn, taken in enumerate(kills):
            with at_work([worker], environment) as (started,):
                kill_after(taken, sink, started)
            for message in cancelled[turn * 4 : turn * 4 + 4]:
                cancel(message.session)
        with at_work([worker], environment):
            unsent = Message.objects.filter(pk__in=[message.pk for message in others]).exclude(state="sent")
            servers.wait_for(lambda: not unsent.exists(), 60, "the last message")
    assert_each_once(sink, others)
    assert set(
        Message.objects.filter(pk__in=[each.pk for each in cancelled]).values_list("state", flat=True)
    ) == {"withdrawn"}


def assert_each_once(sink: Sink, messages: list[Message]) -> None:
    """Nothing but these was taken; what was taken twice is marked, and had one id."""
    taken = Counter(mail["Message-ID"] for mail in sink.taken)
    assert set(taken) == {message.message_id for message in messages}
    doubled = {message_id for message_id, times in taken.items() if times > 1}
    assert taken.total() - len(taken) <= KILLS
    assert doubled <= set(Message.objects.filter(may_be_doubled=True).values_list("message_id", flat=True))
    assert Message.objects.filter(may_be_doubled=True).count() <= KILLS
    assert [mail["X-Clinic-Message-ID"] for mail in sink.taken] == [mail["Message-ID"] for mail in sink.taken]


@pytest.mark.parametrize("messages", [500], indirect=True)
def test_nothing_is_lost_when_the_worker_without_redis_is_killed(
    environment: dict[str, str], sink: Sink, messages: int
) -> None:
    survive_kills(EMBEDDED, environment, sink, messages)


@pytest.mark.parametrize("messages", [500], indirect=True)
def test_nothing_is_lost_when_the_worker_on_redis_is_killed(
    environment: dict[str, str], sink: Sink, messages: int, tmp_path: Path
) -> None:
    with servers.redis(tmp_path) as url:
        survive_kills(SEPARATE, environment | {"REDIS_URL": url}, sink, messages)


@pytest.mark.parametrize("messages", [5], indirect=True)
def test_the_worker_in_one_process_works_on_redis_too(
    environment: dict[str, str], sink: Sink, messages: int, tmp_path: Path
) -> None:
    with servers.redis(tmp_path) as url, at_work(EMBEDDED, environment | {"REDIS_URL": url}):
        servers.wait_for(lambda: len(sink.taken) == 5, 60, "the fifth mail")
    assert_each_once(sink, messages)
