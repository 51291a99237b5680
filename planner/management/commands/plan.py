"""`manage.py plan`: the planner's door. A problem as JSON in, its answer as JSON out; no database."""

import json
import sys
from argparse import ArgumentTypeError
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, TypeVar

from django.core.management.base import BaseCommand, CommandError, CommandParser

from planner.engine import plan, prepare
from planner.engine.answer import Answer, Timing
from planner.engine.document import MAX_BYTES
from planner.engine.problem import ProblemError
from planner.engine.reading import parse

T = TypeVar("T")


class Command(BaseCommand):
    help = (
        "Plan the series of a problem file. Status 2 and one line naming the place if it is not understood."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="the problem as JSON; - reads standard input")
        parser.add_argument(
            "--repeat", type=_times, metavar="N", help="solve N times and report median timings"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            raw = _read(options["file"])
            answer = _timed(raw, options["repeat"]) if options["repeat"] else plan(parse(raw))
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}", returncode=2) from None
        except ProblemError as error:
            raise CommandError(str(error), returncode=2) from None
        self.stdout.write(json.dumps(answer.to_json(), separators=(",", ":")))


def _times(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError("a whole number from 1")
    return int(text)


def _read(name: str) -> bytes:
    """One byte more than the reader takes is enough for it to refuse."""
    if name == "-":
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    with Path(name).open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _timed(raw: bytes, repeat: int) -> Answer:
    """Loading is from bytes to free time in memory; solving is all requests against that state."""
    (problem, free), load_ms = _median_ms(lambda: _load(raw), repeat)
    answer, solve_ms = _median_ms(lambda: plan(problem, free), repeat)
    return replace(answer, timing=Timing(load_ms, solve_ms, repeat))


def _load(raw: bytes) -> Any:
    problem = parse(raw)
    return problem, prepare(problem)


def _median_ms(work: Callable[[], T], repeat: int) -> tuple[T, float]:
    """The last result, and the median time of all runs."""
    times = []
    for _ in range(repeat):
        begun = perf_counter()
        result = work()
        times.append((perf_counter() - begun) * 1000)
    return result, round(median(times), 3)
