"""What is not understood is refused in one line that names the place; nothing else ever comes out of reading."""

import json
import subprocess
import sys
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.engine import plan
from planner.engine.problem import ProblemError
from planner.engine.reading import parse
from tests.planner.engine.checker import Json
from tests.planner.engine.made import examples, small_clinic, tiny_problems

ABSENT = object()
REQUEST, ANNA = "requests[0]", "resources[0]"
BOOKED: Json = {"index": 1, "date": "2026-06-01", "start": "08:30"}

REFUSALS: list[tuple[str, Any, str]] = [
    ("version", 2, "version"),
    ("version", ABSENT, "problem"),
    ("timezone", "Europe/Atlantis", "timezone"),
    ("timezone", "../../etc/passwd", "timezone"),
    ("grid_minutes", 7, "grid_minutes"),
    ("grid_minutes", True, "grid_minutes"),
    ("mode", "together", "mode"),
    ("alternatives", 0, "alternatives"),
    ("colour", "blue", "problem"),
    ("usual_minutes", {"room": 0}, "usual_minutes.room"),
    ("usual_minutes", {"room": -15}, "usual_minutes.room"),
    ("usual_minutes", {"room": 100}, "usual_minutes.room"),
    ("usual_minutes", {"room": 1455}, "usual_minutes.room"),
    ("usual_minutes", {"room": "105"}, "usual_minutes.room"),
    ("usual_minutes", {"corridor": 105}, "usual_minutes"),
    ("usual_minutes", [105], "usual_minutes"),
    (f"{ANNA}.kind", "robot", f"{ANNA}.kind"),
    (f"{ANNA}.id", "ben", "resources[1].id"),
    (f"{ANNA}.open", {"monday": []}, f"{ANNA}.open"),
    (f"{ANNA}.open", {"mon": [["09:00", "25:00"]]}, f"{ANNA}.open.mon[0][1]"),
    (f"{ANNA}.open", {"mon": [["12:00", "09:00"]]}, f"{ANNA}.open.mon[0]"),
    (f"{ANNA}.busy", [["2026-06-02T09:00", "2026-06-01T09:00"]], f"{ANNA}.busy[0]"),
    (f"{ANNA}.busy", [["2026-02-29T09:00", "2026-03-01T09:00"]], f"{ANNA}.busy[0][0]"),
    (f"{ANNA}.busy", [["2026-06-02T09:00"]], f"{ANNA}.busy[0]"),
    (f"{ANNA}.busy", {}, f"{ANNA}.busy"),
    (f"{ANNA}.busy", "", f"{ANNA}.busy"),
    (f"{ANNA}.turnaround_minutes", 20, f"{ANNA}.turnaround_minutes"),
    (f"{ANNA}.turnaround_minutes", -15, f"{ANNA}.turnaround_minutes"),
    (f"{REQUEST}.sessions", 0, f"{REQUEST}.sessions"),
    (f"{REQUEST}.sessions", 21, f"{REQUEST}.sessions"),
    (f"{REQUEST}.sessions", 2.0, f"{REQUEST}.sessions"),
    (f"{REQUEST}.gap_days", {"min": 30, "target": 28, "max": 42}, f"{REQUEST}.gap_days"),
    (f"{REQUEST}.gap_days", {"min": -1, "target": 28, "max": 42}, f"{REQUEST}.gap_days.min"),
    (f"{REQUEST}.latest", "2026-05-31", f"{REQUEST}.latest"),
    (f"{REQUEST}.latest", "2031-06-06", f"{REQUEST}.latest"),
    (f"{REQUEST}.latest", "2026-02-30", f"{REQUEST}.latest"),
    (f"{REQUEST}.phases", [], f"{REQUEST}.phases"),
    (f"{REQUEST}.phases[0].minutes", 40, f"{REQUEST}.phases[0].minutes"),
    (f"{REQUEST}.phases[0].needs", ["sauna"], f"{REQUEST}.phases[0].needs[0]"),
    (f"{REQUEST}.pins", [{"index": 1, "date": "2027-06-01"}], f"{REQUEST}.pins[0].date"),
    (f"{REQUEST}.pins", [{"index": 4, "date": "2026-06-01"}], f"{REQUEST}.pins[0].index"),
    (f"{REQUEST}.pins", [{"index": 1, "date": "2026-06-01", "start": "09:10"}], f"{REQUEST}.pins[0].start"),
    (f"{REQUEST}.current", [BOOKED | {"promised": 1}], f"{REQUEST}.current[0].promised"),
    (f"{REQUEST}.weights", {"move_planned": -1}, f"{REQUEST}.weights.move_planned"),
    (f"{REQUEST}.weights", {"gap": -1}, f"{REQUEST}.weights.gap"),
    (f"{REQUEST}.weights", {"gap": float("nan")}, f"{REQUEST}.weights.gap"),
    (f"{REQUEST}.weights", {"gap": float("inf")}, f"{REQUEST}.weights.gap"),
    (f"{REQUEST}.prefer", {"time": [["12:00", "09:00"]]}, f"{REQUEST}.prefer.time[0]"),
]


def put(problem: Json, path: str, value: Any) -> None:
    """Sets (or with ABSENT removes) what stands at a path such as `requests[0].phases[1].minutes`."""
    *parents, last = [
        int(k) if k.isdigit() else k for k in path.replace("[", ".").replace("]", "").split(".")
    ]
    place: Any = problem
    for key in parents:
        place = place[key]
    if value is ABSENT:
        del place[last]
    else:
        place[last] = value


@pytest.mark.parametrize(("path", "value", "named"), REFUSALS)
def test_a_wrong_value_is_refused_by_its_path(path: str, value: Any, named: str) -> None:
    problem = small_clinic()
    put(problem, path, value)

    with pytest.raises(ProblemError) as refused:
        parse(json.dumps(problem))

    assert refused.value.path == named
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "raw", ["", "{", "[1, 2", "nonsense", b"\xff\xfe\x00", "[" * 100_000, '{"version": 1, "version": 1}']
)
def test_what_is_no_problem_at_all_is_refused(raw: bytes | str) -> None:
    with pytest.raises(ProblemError) as refused:
        parse(raw)

    assert "\n" not in str(refused.value)


NASTY: list[Any] = [
    None,
    True,
    -1,
    0,
    1,
    2**70,
    1.5,
    1e308,
    [],
    {},
    [[]],
    [None],
    ["practitioner"],
    {"mon": None},
]
NASTY += [
    "",
    "25:00",
    "09:07",
    "2026-02-30",
    "9999-12-31",
    "0001-01-01",
    "2026-13-01T00:00",
    "9999-12-31T23:59",
]
NASTY += ["0001-01-01T00:00", "mon", "Mars/Olympus", "\ud800", "é" * 300]
NASTY += [{"mon": [["09:00", "09:00"]]}, [["2026-06-01T09:00", 5]]]
ANY_JSON = st.recursive(
    st.sampled_from(NASTY),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


def refusal(raw: bytes | str) -> ProblemError | None:
    """None when the problem was understood (and planned). Anything else that is raised is a traceback."""
    try:
        plan(parse(raw))
    except ProblemError as refused:
        return refused
    return None


def understood_or_refused(raw: bytes | str) -> None:
    refused = refusal(raw)
    assert refused is None or (refused.path and "\n" not in str(refused))


def spoilt(node: Any, value: Any, random: Random) -> Any:
    """The same document with one value, somewhere, replaced, removed or doubled."""
    if not node or not isinstance(node, (dict, list)) or random.random() < 0.1:
        return value
    key = random.choice(list(node) if isinstance(node, dict) else range(len(node)))
    copy = node.copy()
    if random.random() < 0.08:
        del copy[key]
    elif isinstance(copy, list) and random.random() < 0.08:
        copy.append(copy[key])
    else:
        copy[key] = spoilt(node[key], value, random)
    return copy


@examples(400)
@given(tiny_problems(), ANY_JSON, st.integers(0, 10**6))
def test_a_spoilt_problem_is_understood_or_refused(problem: Json, value: Any, seed: int) -> None:
    understood_or_refused(json.dumps(spoilt(problem, value, Random(seed))))


@examples(100)
@given(ANY_JSON)
def test_any_json_is_understood_or_refused(value: Any) -> None:
    understood_or_refused(json.dumps(value))


@examples(100)
@given(st.binary(max_size=200))
def test_any_bytes_are_understood_or_refused(raw: bytes) -> None:
    understood_or_refused(raw)


MEGABYTES_OF_NONSENSE = """
import sys
from pathlib import Path
from planner.engine.problem import ProblemError
from planner.engine.reading import parse
try:
    parse(eval(sys.argv[1]))
except ProblemError:
    print(next(int(line.split()[1]) for line in Path("/proc/self/status").open() if line.startswith("VmHWM")))
"""


@pytest.mark.parametrize(
    "nonsense", ['b"[" * 10_000_000', 'b"[[]," * 2_500_000', 'b"[" + b"[]," * 3_000_000 + b"[]]"']
)
def test_megabytes_of_nested_lists_are_refused_within_memory(nonsense: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", MEGABYTES_OF_NONSENSE, nonsense],
        capture_output=True,
        text=True,
        timeout=10,
        check=True,
    )

    assert int(ran.stdout) < 400 * 1024
