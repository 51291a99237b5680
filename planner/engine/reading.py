"""Reading a problem from JSON: whatever is not understood is refused with its path and the reason."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from planner.engine.problem import (
    CLOSED,
    KINDS,
    MAX_HORIZON_DAYS,
    MINUTES_PER_DAY,
    WEEKDAYS,
    Current,
    Gap,
    Moments,
    Need,
    PatientTime,
    Phase,
    Pin,
    Prefer,
    Previous,
    Problem,
    ProblemError,
    Request,
    Resource,
    Week,
    Weights,
)

GRIDS = (5, 10, 15)
MAX_BYTES = 64 * 2**20
MAX_VALUES = 5_000_000  # one "[", "{" or "," each: keeps what json.loads builds well under 1 GB
MAX_SESSIONS = 20
MAX_GAP_DAYS = 120_000  # more than lies between any two dates of requests
MAX_ALTERNATIVES = 20
MAX_WEIGHT = 1_000_000  # the dearest plan still fits a 64-bit integer
FIRST_YEAR, LAST_YEAR = 1900, 2200  # of a request's dates, so that days can be added to them

T = TypeVar("T")


def parse(raw: bytes | str) -> Problem:
    """Read a problem, or raise ProblemError for the first thing that is not understood."""
    document = _Value(_decode(raw), "")
    top = document.fields(
        "version", "timezone", "grid_minutes", "resources", "requests", optional=("mode", "alternatives")
    )
    top["version"].one_of((1,))
    grid = top["grid_minutes"].one_of(GRIDS)
    resources = tuple(_resource(value, grid) for value in top["resources"].items())
    requests = tuple(_request(value, grid) for value in top["requests"].items())
    top["resources"].refuse_repeats("id", (resource.id for resource in resources))
    top["requests"].refuse_repeats("id", (request.id for request in requests))
    return Problem(
        timezone=_timezone(top["timezone"]),
        grid_minutes=grid,
        resources=resources,
        requests=requests,
        mode=top["mode"].one_of(("independent", "joint")) if "mode" in top else "independent",
        alternatives=top["alternatives"].whole(1, MAX_ALTERNATIVES) if "alternatives" in top else 3,
    )


def _decode(raw: bytes | str) -> object:
    if len(raw) > MAX_BYTES:
        raise ProblemError("problem", f"larger than {MAX_BYTES // 2**20} MB")
    try:
        text = raw if isinstance(raw, str) else raw.decode("utf-8-sig")
        if sum(text.count(mark) for mark in "[{,") > MAX_VALUES:
            raise ProblemError("problem", f"more than {MAX_VALUES:,} values")
        return json.loads(text, object_pairs_hook=_distinct, parse_constant=_no_constant)
    except ProblemError:
        raise
    except json.JSONDecodeError as error:
        raise ProblemError(
            "problem", f"not JSON: {error.msg} at line {error.lineno} column {error.colno}"
        ) from None
    except RecursionError:
        raise ProblemError("problem", "nested too deeply") from None
    except ValueError as error:
        raise ProblemError("problem", f"not JSON: {_shown(str(error))}") from None


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for position, key in enumerate(keys) if key in keys[:position])
        raise ProblemError("problem", f"the key {_shown(twice)} stands twice in one object")
    return found


def _no_constant(name: str) -> None:
    raise ProblemError("problem", f"{name} is not a number")


def _shown(value: object) -> str:
    """A value in one short line, safe to print anywhere."""
    if isinstance(value, (list, dict)):
        return "a list" if isinstance(value, list) else "an object"
    text = ascii(value[:60] if isinstance(value, str) else value)
    return text if len(text) <= 60 else f"{text[:57]}..."


@dataclass(frozen=True, slots=True)
class _Value:
    """A value of the document and its path, so that a refusal can name the place."""

    value: Any
    path: str

    def refusal(self, message: str) -> ProblemError:
        return ProblemError(self.path or "problem", message)

    def expected(self, what: str) -> ProblemError:
        return self.refusal(f"expected {what}, found {_shown(self.value)}")

    def fields(self, *required: str, optional: tuple[str, ...] = ()) -> "dict[str, _Value]":
        """The object's values by key; an optional key that is null counts as absent."""
        if not isinstance(self.value, dict):
            raise self.expected("an object")
        for key in self.value:
            if key not in required and key not in optional:
                raise self.refusal(f"unknown key {_shown(key)}")
        for key in required:
            if key not in self.value:
                raise self.refusal(f'"{key}" is missing')
        prefix = f"{self.path}." if self.path else ""
        return {
            key: _Value(value, f"{prefix}{key}")
            for key, value in self.value.items()
            if value is not None or key in required
        }

    def items(self) -> "list[_Value]":
        if not isinstance(self.value, list):
            raise self.expected("a list")
        return [_Value(value, f"{self.path}[{index}]") for index, value in enumerate(self.value)]

    def pair(self) -> "tuple[_Value, _Value]":
        found = self.items()
        if len(found) != 2:
            raise self.refusal(f"expected a start and an end, found {len(found)} values")
        return found[0], found[1]

    def text(self) -> str:
        if not isinstance(self.value, str) or not self.value:
            raise self.expected("a text")
        if any("\ud800" <= char <= "\udfff" for char in self.value):
            raise self.refusal("contains half a character (a lone surrogate)")
        return self.value

    def whole(self, low: int, high: int) -> int:
        if type(self.value) is not int or not low <= self.value <= high:
            raise self.expected(f"a whole number from {low} to {high}")
        return self.value

    def one_of(self, choices: tuple[T, ...]) -> T:
        for choice in choices:
            if type(self.value) is type(choice) and self.value == choice:
                return choice
        raise self.expected("one of " + ", ".join(str(choice) for choice in choices))

    def day(self) -> date:
        try:
            day = _day(self.value)
        except (TypeError, ValueError):
            raise self.expected('a date such as "2026-03-02"') from None
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise self.expected(f"a year from {FIRST_YEAR} to {LAST_YEAR}")
        return day

    def moment(self) -> datetime:
        try:
            return _moment(self.value)
        except (TypeError, ValueError):
            raise self.expected('a local date and time such as "2026-03-02T09:00"') from None

    def minute(self, last: int = MINUTES_PER_DAY - 1) -> int:
        try:
            minute = _minute(self.value)
        except (TypeError, ValueError):
            minute = -1
        if not 0 <= minute <= last:
            raise self.expected('a time of day such as "09:00"')
        return minute

    def on_grid(self, minute: int, grid: int) -> int:
        if minute % grid:
            raise self.refusal(f"{_shown(self.value)} is not on the grid of {grid} minutes")
        return minute

    def refuse_repeats(self, what: str, found: Iterable[object]) -> None:
        seen: set[object] = set()
        for index, item in enumerate(found):
            if item in seen:
                raise ProblemError(f"{self.path}[{index}].{what}", f"{_shown(item)} stands twice")
            seen.add(item)


def _day(text: Any) -> date:
    if len(text) != 10:
        raise ValueError
    return date.fromisoformat(text)


def _moment(text: Any) -> datetime:
    """Exactly YYYY-MM-DDTHH:MM: `fromisoformat` also reads weeks, zones and seconds."""
    if len(text) != 16 or text[4] + text[7] + text[10] + text[13] != "--T:":
        raise ValueError
    return datetime.fromisoformat(text)


def _minute(text: Any) -> int:
    if len(text) != 5 or text[2] != ":" or not (text[:2] + text[3:]).isascii():
        raise ValueError
    hours, minutes = text[:2], text[3:]
    if not (hours.isdigit() and minutes.isdigit()) or int(minutes) > 59:
        raise ValueError
    return int(hours) * 60 + int(minutes)


def _timezone(value: _Value) -> str:
    name = value.text()
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise value.expected('an IANA time zone such as "Europe/London"') from None
    return name


def _resource(value: _Value, grid: int) -> Resource:
    found = value.fields(
        "id", "kind", optional=("skills", "open", "extra_open", "busy", "turnaround_minutes")
    )
    return Resource(
        id=found["id"].text(),
        kind=found["kind"].one_of(KINDS),
        skills=_skills(found),
        open=_week(found["open"]) if "open" in found else CLOSED,
        extra_open=_moments(found.get("extra_open")),
        busy=_moments(found.get("busy")),
        turnaround_minutes=_grid_minutes(found["turnaround_minutes"], grid, 0)
        if "turnaround_minutes" in found
        else 0,
    )


def _skills(found: dict[str, _Value]) -> frozenset[str]:
    return frozenset(skill.text() for skill in found["skills"].items()) if "skills" in found else frozenset()


def _grid_minutes(value: _Value, grid: int, low: int) -> int:
    return value.on_grid(value.whole(low, MINUTES_PER_DAY), grid)


def _week(value: _Value) -> Week:
    days = value.fields(optional=WEEKDAYS)
    return tuple(_times_of_day(days[name]) if name in days else () for name in WEEKDAYS)


def _times_of_day(value: _Value) -> tuple[tuple[int, int], ...]:
    return tuple(_window(item) for item in value.items())


def _window(value: _Value) -> tuple[int, int]:
    first, last = value.pair()
    start, end = first.minute(), last.minute(MINUTES_PER_DAY)
    if end <= start:
        raise value.refusal(f"the end {_shown(last.value)} is not after the start {_shown(first.value)}")
    return start, end


def _moments(value: _Value | None) -> Moments:
    if value is None:
        return ()
    try:
        spans = tuple([(_moment(start), _moment(end)) for start, end in value.value])
        if all(start < end for start, end in spans):
            return spans
    except (TypeError, ValueError):
        pass
    return tuple(_span(item) for item in value.items())  # slower, and names the place that is wrong


def _span(value: _Value) -> tuple[datetime, datetime]:
    first, last = value.pair()
    start, end = first.moment(), last.moment()
    if end <= start:
        raise value.refusal(f"the end {_shown(last.value)} is not after the start {_shown(first.value)}")
    return start, end


def _request(value: _Value, grid: int) -> Request:
    found = value.fields(
        "id", "sessions", "gap_days", "earliest", "latest", "phases",
        optional=("patient", "previous", "pins", "current", "prefer", "weights"),
    )  # fmt: skip
    sessions = found["sessions"].whole(1, MAX_SESSIONS)
    earliest, latest = _dates(found["earliest"], found["latest"])
    return Request(
        id=found["id"].text(),
        sessions=sessions,
        gap=_gap(found["gap_days"]),
        earliest=earliest,
        latest=latest,
        phases=_phases(found["phases"], grid),
        patient=_patient(found["patient"]) if "patient" in found else PatientTime(),
        previous=_previous(found["previous"]) if "previous" in found else None,
        pins=_pins(found["pins"], grid, sessions, earliest, latest) if "pins" in found else (),
        current=_current(found["current"], grid) if "current" in found else (),
        prefer=_prefer(found["prefer"]) if "prefer" in found else Prefer(),
        weights=_weights(found["weights"]) if "weights" in found else Weights(),
    )


def _dates(first: _Value, last: _Value) -> tuple[date, date]:
    earliest, latest = first.day(), last.day()
    if latest < earliest:
        raise last.refusal(f"{latest} is before earliest, {earliest}")
    if (latest - earliest).days > MAX_HORIZON_DAYS:
        raise last.refusal(f"{latest} is more than {MAX_HORIZON_DAYS} days after earliest, {earliest}")
    return earliest, latest


def _gap(value: _Value) -> Gap:
    found = value.fields("min", "target", "max")
    low, target, high = (found[name].whole(0, MAX_GAP_DAYS) for name in ("min", "target", "max"))
    if not low <= target <= high:
        raise value.refusal(f"min {low}, target {target}, max {high} do not rise")
    return Gap(low, target, high)


def _phases(value: _Value, grid: int) -> tuple[Phase, ...]:
    phases = tuple(_phase(item, grid) for item in value.items())
    if not phases:
        raise value.refusal("a session has at least one phase")
    if sum(phase.minutes for phase in phases) > MINUTES_PER_DAY:
        raise value.refusal("a session lasts at most one day")
    return phases


def _phase(value: _Value, grid: int) -> Phase:
    found = value.fields("minutes", "needs", optional=("name",))
    needs = tuple(_need(item) for item in found["needs"].items())
    found["needs"].refuse_repeats("kind", (need.kind for need in needs))
    name = found["name"].text() if "name" in found else ""
    return Phase(name, _grid_minutes(found["minutes"], grid, grid), needs)


def _need(value: _Value) -> Need:
    if isinstance(value.value, str):
        return Need(value.one_of(KINDS))
    found = value.fields("kind", optional=("skills",))
    return Need(found["kind"].one_of(KINDS), _skills(found))


def _patient(value: _Value) -> PatientTime:
    found = value.fields(optional=("open", "busy"))
    return PatientTime(_week(found["open"]) if "open" in found else None, _moments(found.get("busy")))


def _previous(value: _Value) -> Previous:
    found = value.fields("date", optional=("practitioner",))
    return Previous(found["date"].day(), _id(found.get("practitioner")))


def _id(value: _Value | None) -> str | None:
    return value.text() if value else None


def _pins(value: _Value, grid: int, sessions: int, earliest: date, latest: date) -> tuple[Pin, ...]:
    pins = tuple(_pin(item, grid, sessions, earliest, latest) for item in value.items())
    value.refuse_repeats("index", (pin.index for pin in pins))
    return pins


def _pin(value: _Value, grid: int, sessions: int, earliest: date, latest: date) -> Pin:
    found = value.fields("index", "date", optional=("start", "practitioner"))
    day = found["date"].day()
    if not earliest <= day <= latest:
        raise found["date"].refusal(f"{day} is outside {earliest} to {latest}")
    start = found["start"].on_grid(found["start"].minute(), grid) if "start" in found else None
    return Pin(found["index"].whole(1, sessions), day, start, _id(found.get("practitioner")))


def _current(value: _Value, grid: int) -> tuple[Current, ...]:
    """Entries beyond `sessions` are understood: they are bookings that a shorter series gives up."""
    bookings = tuple(_booking(item, grid) for item in value.items())
    value.refuse_repeats("index", (booking.index for booking in bookings))
    return bookings


def _booking(value: _Value, grid: int) -> Current:
    found = value.fields("index", "date", "start", optional=("practitioner",))
    start = found["start"].on_grid(found["start"].minute(), grid)
    return Current(
        found["index"].whole(1, MAX_SESSIONS), found["date"].day(), start, _id(found.get("practitioner"))
    )


def _prefer(value: _Value) -> Prefer:
    found = value.fields(optional=("practitioner", "time"))
    return Prefer(_id(found.get("practitioner")), _times_of_day(found["time"]) if "time" in found else ())


def _weights(value: _Value) -> Weights:
    found = value.fields(optional=tuple(field.name for field in fields(Weights)))
    return Weights(**{name: weight.whole(0, MAX_WEIGHT) for name, weight in found.items()})
