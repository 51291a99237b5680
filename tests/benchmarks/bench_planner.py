"""The planner's figures, each a ratio measured side by side in one run: `python -m tests.benchmarks.bench_planner`.

--quick measures the same rows on fewer requests, in about a minute.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from random import Random
from statistics import median
from typing import Any

from planner.engine import plan_request, prepare
from planner.engine.joint import plan_jointly
from planner.engine.reading import parse
from tests.benchmarks import rival
from tests.benchmarks.displaced import displaced
from tests.planner.engine.checker import Json, complaints, day_of
from tests.planner.engine.generator import SIZES, Size, add_wishes, clinic, series

FIRST, DAYS = date(2026, 1, 5), 400
FULLNESSES = (0.4, 0.7, 0.9)
RIVAL_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Row:
    figure: str
    reach: str
    measured: str
    holds: bool

    def __str__(self) -> str:
        return f"| {self.figure} | {self.reach} | {self.measured} | {'yes' if self.holds else 'NO'} |"


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured: instances to compare, requests per size for the rival, requests per timing."""

    equal: int
    raced: dict[str, int]
    timed: int


FULL = Scale(equal=300, raced={"S": 30, "M": 15, "L": 9}, timed=60)
QUICK = Scale(equal=30, raced={"S": 9, "M": 1, "L": 0}, timed=20)


def seconds(work: Callable[..., object], *arguments: object, **options: object) -> float:
    begun = time.perf_counter()
    work(*arguments, **options)
    return time.perf_counter() - begun


def asked(size: Size, *, seed: int, full: float, grid: int = 15, days: int = DAYS, requests: int = 1) -> Json:
    random = Random(seed)
    problem = clinic(size, seed=seed, full=full, grid=grid, days=days, first=FIRST)
    problem["requests"] = [series(f"s{n}", random, first=FIRST, days=days) for n in range(requests)]
    return problem


# Equal to CP-SAT


def equality(scale: Scale) -> Row:
    """Small clinics, every wish the contract knows, some of them impossible."""
    agreed = infeasible = 0
    for seed in range(scale.equal):
        problem = wished(seed)
        request = problem["requests"][0]
        asked_of = parse(json.dumps(problem))
        result = plan_request(prepare(asked_of)[0], asked_of.requests[0])
        ours = result.proposals[0].cost if result.proposals else None
        theirs = rival.solve(problem, request, rival.state_of(problem, day_of(request["earliest"]), 120))
        agreed += ours == theirs
        infeasible += theirs is None
    measured = f"{agreed} of {scale.equal} ({infeasible} of them infeasible)"
    return Row("cost equal to a CP-SAT model of the same request", "all", measured, agreed == scale.equal)


def wished(seed: int) -> Json:
    random = Random(seed)
    problem = asked(SIZES["S"], seed=seed, full=random.choice(FULLNESSES), days=120)
    request = problem["requests"][0]
    request["sessions"] = random.randint(1, 5)
    add_wishes(random, request, problem["resources"], FIRST, 100)
    if random.random() < 0.7:
        request.pop("patient", None)
    return problem


# Faster than CP-SAT


def race(scale: Scale) -> Iterator[Row]:
    for name, reach in (("S", 300), ("M", 1000), ("L", 1000)):
        if scale.raced[name]:
            ours, theirs = zip(*runs_against_rival(name, scale.raced[name]), strict=True)
            ratio = median(theirs) / median(ours)
            measured = f"{ratio:,.0f}× ({1000 * median(ours):.2f} ms against {median(theirs):.1f} s)"
            yield Row(f"median time against CP-SAT, {name}", f"≥ {reach:,}×", measured, ratio >= reach)


def runs_against_rival(name: str, requests: int) -> Iterator[tuple[float, float]]:
    for full in FULLNESSES:
        problem = asked(SIZES[name], seed=1, full=full, requests=requests // len(FULLNESSES) or 1)
        understood = parse(json.dumps(problem))
        state, free = rival.state_of(problem, FIRST.toordinal(), DAYS), prepare(understood)[0]
        for request, wanted in zip(problem["requests"], understood.requests, strict=True):
            ours = median(seconds(plan_request, free, wanted, 1) for _ in range(5))
            yield ours, seconds(rival_at_most, problem, request, state)
        if requests < len(FULLNESSES):
            return


def rival_at_most(problem: Json, request: Json, state: rival.State) -> None:
    """A rival without a proof by then has taken at least so long: the ratio errs on its side."""
    with suppress(rival.OutOfTimeError):
        rival.solve(problem, request, state, seconds=RIVAL_SECONDS)


# Its own shape


def milliseconds(
    size: Size, scale: Scale, *, grid: int = 15, days: int = DAYS, alternatives: int = 1
) -> float:
    problem = asked(size, seed=2, full=0.7, grid=grid, days=days, requests=scale.timed)
    understood = parse(json.dumps(problem))
    free = prepare(understood)[0]
    return 1000 * median(
        min(seconds(plan_request, free, wanted, alternatives) for _ in range(3))
        for wanted in understood.requests
    )


def shape(scale: Scale) -> Iterator[Row]:
    one, three = (milliseconds(SIZES["M"], scale, alternatives=count) for count in (1, 3))
    yield Row(
        "a request on M at 15 min", "about 1 ms", f"{one:.2f} ms; {three:.2f} ms with alternatives", one < 1.5
    )
    m = SIZES["M"]
    doubled = milliseconds(Size(2 * m.practitioners, m.rooms, m.devices), scale) / one
    yield Row("twice the practitioners", "≤ 2.2×", f"{doubled:.2f}×", doubled <= 2.2)
    longer = milliseconds(m, scale, days=2 * DAYS) / one
    yield Row("twice the window", "≤ 2.2×", f"{longer:.2f}×", longer <= 2.2)
    finer = milliseconds(m, scale, grid=5) / one
    yield Row("5 min grid against 15 min", "≤ 3.5×", f"{finer:.2f}×", finer <= 3.5)


# Joint mode


def joint() -> Row:
    problem = displaced()
    understood = parse(json.dumps(problem))
    first = seconds(plan_jointly, understood, seconds=0)
    begun = time.perf_counter()
    answer = plan_jointly(understood, seconds=25).to_json()
    took, total = time.perf_counter() - begun, answer["total"]
    assert complaints(problem, answer) == []
    over = 100 * (total["cost"] - total["bound"]) / total["bound"]
    measured = f"first plan {first:.2f} s; {over:.2f} % over the bound after {took:.1f} s"
    planned = all(result["status"] == "planned" for result in answer["results"])
    holds = planned and first < 2 and over <= 2 and took < 30
    return Row("joint: 60 displaced sessions of 40 series on M", "< 2 s; ≤ 2 % in 30 s", measured, holds)


# Memory, each in a process of its own

PEAK = """
from pathlib import Path
print(next(int(line.split()[1]) for line in Path("/proc/self/status").open() if line.startswith("VmHWM")) // 1024)
"""

LARGE = f"""
import sys
from planner.engine import plan
from planner.engine.reading import parse
plan(parse(sys.stdin.buffer.read()))
{PEAK}"""

NONSENSE = f"""
import sys
from planner.engine.problem import ProblemError
from planner.engine.reading import parse
try:
    parse(b"[" * 100_000_000 if sys.argv[1] == "deep" else b"[[]," * 25_000_000)
except ProblemError:
    pass
{PEAK}"""


def peak_megabytes(code: str, *arguments: str, **options: Any) -> int:
    command = [sys.executable, "-c", code, *arguments]
    return int(subprocess.run(command, capture_output=True, check=True, **options).stdout)


def memory_on_large() -> Row:
    problem = json.dumps(asked(SIZES["L"], seed=1, full=0.7)).encode()
    peak = peak_megabytes(LARGE, input=problem)
    measured = f"{peak} MB (from {len(problem) / 1e6:.0f} MB of JSON)"
    return Row("peak memory on L", "≤ 300 MB", measured, peak <= 300)


def nonsense() -> Row:
    begun = time.perf_counter()
    peak = max(peak_megabytes(NONSENSE, nested) for nested in ("deep", "wide"))
    took = time.perf_counter() - begun
    measured = f"{took:.1f} s for two of them, {peak} MB"
    return Row("100 MB of nested lists", "≤ 10 s, ≤ 1 GB", measured, took <= 10 and peak <= 1000)


def rows(scale: Scale) -> Iterator[Row]:
    yield equality(scale)
    yield from race(scale)
    yield from shape(scale)
    yield joint()
    yield memory_on_large()
    yield nonsense()


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--quick", action="store_true")
    print("| figure | reach | measured | holds |\n| --- | --- | --- | --- |")
    missed = 0
    for row in rows(QUICK if arguments.parse_args().quick else FULL):
        print(row, flush=True)
        missed += not row.holds
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
