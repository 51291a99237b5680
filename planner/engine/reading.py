"""Reading a problem from JSON: whatever is not understood is refused with its path and the reason."""

from dataclasses import fields
from datetime import date
from zoneinfo import ZoneInfo

from planner.engine.document import Value, decode
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
    ProblemResource,
    Request,
    Week,
    Weights,
)

GRIDS = (5, 10, 15)
MAX_SESSIONS = 20
MAX_GAP_DAYS = 120_000  # more than lies between any two dates of requests
MAX_ALTERNATIVES = 20
MAX_WEIGHT = 1_000_000  # the dearest plan still fits a 64-bit integer


def parse(raw: bytes | str) -> Problem:
    """Read a problem, or raise ProblemError for the first thing that is not understood."""
    document = Value(decode(raw), "")
    del raw
    top = document.fields(
        "version",
        "timezone",
        "grid_minutes",
        "resources",
        "requests",
        optional=("mode", "alternatives", "usual_minutes"),
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
        usual_minutes=_usual_minutes(top["usual_minutes"], grid) if "usual_minutes" in top else {},
    )


def _timezone(value: Value) -> str:
    name = value.text()
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise value.expected('an IANA time zone such as "Europe/London"') from None
    return name


def _usual_minutes(value: Value, grid: int) -> dict[str, int]:
    return {kind: _grid_minutes(usual, grid, grid) for kind, usual in value.fields(optional=KINDS).items()}


def _resource(value: Value, grid: int) -> ProblemResource:
    found = value.fields(
        "id", "kind", optional=("skills", "open", "extra_open", "busy", "turnaround_minutes")
    )
    return ProblemResource(
        id=found["id"].text(),
        kind=found["kind"].one_of(KINDS),
        skills=_skills(found),
        open=_week(found["open"]) if "open" in found else CLOSED,
        extra_open=_moments(found.get("extra_open")),
        busy=_moments(found.get("busy")),
        turnaround_minutes=_grid_minutes(found.get("turnaround_minutes", Value(0, "")), grid, 0),
    )


def _skills(found: dict[str, Value]) -> frozenset[str]:
    return frozenset(skill.text() for skill in found["skills"].items()) if "skills" in found else frozenset()


def _grid_minutes(value: Value, grid: int, low: int) -> int:
    return value.on_grid(value.whole(low, MINUTES_PER_DAY), grid)


def _week(value: Value) -> Week:
    days = value.fields(optional=WEEKDAYS)
    return tuple(_times_of_day(days[name]) if name in days else () for name in WEEKDAYS)


def _times_of_day(value: Value) -> tuple[tuple[int, int], ...]:
    return tuple(_window(item) for item in value.items())


def _window(value: Value) -> tuple[int, int]:
    first, last = value.pair()
    return value.rising(first.minute(), last.minute(MINUTES_PER_DAY))


def _moments(value: Value | None) -> Moments:
    return value.spans() if value else ()


def _request(value: Value, grid: int) -> Request:
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


def _dates(first: Value, last: Value) -> tuple[date, date]:
    earliest, latest = first.day(), last.day()
    if latest < earliest:
        raise last.refusal(f"{latest} is before earliest, {earliest}")
    if (latest - earliest).days > MAX_HORIZON_DAYS:
        raise last.refusal(f"{latest} is more than {MAX_HORIZON_DAYS} days after earliest, {earliest}")
    return earliest, latest


def _gap(value: Value) -> Gap:
    found = value.fields("min", "target", "max")
    low, target, high = (found[name].whole(0, MAX_GAP_DAYS) for name in ("min", "target", "max"))
    if not low <= target <= high:
        raise value.refusal(f"min {low}, target {target}, max {high} do not rise")
    return Gap(low, target, high)


def _phases(value: Value, grid: int) -> tuple[Phase, ...]:
    phases = tuple(_phase(item, grid) for item in value.items())
    if not phases:
        raise value.refusal("a session has at least one phase")
    if sum(phase.minutes for phase in phases) > MINUTES_PER_DAY:
        raise value.refusal("a session lasts at most one day")
    return phases


def _phase(value: Value, grid: int) -> Phase:
    found = value.fields("minutes", "needs", optional=("name",))
    needs = tuple(_need(item) for item in found["needs"].items())
    found["needs"].refuse_repeats("kind", (need.kind for need in needs))
    name = found["name"].text() if "name" in found else ""
    return Phase(name, _grid_minutes(found["minutes"], grid, grid), needs)


def _need(value: Value) -> Need:
    if isinstance(value.value, str):
        return Need(value.one_of(KINDS))
    found = value.fields("kind", optional=("skills",))
    return Need(found["kind"].one_of(KINDS), _skills(found))


def _patient(value: Value) -> PatientTime:
    found = value.fields(optional=("open", "busy"))
    return PatientTime(_week(found["open"]) if "open" in found else None, _moments(found.get("busy")))


def _previous(value: Value) -> Previous:
    found = value.fields("date", optional=("practitioner",))
    return Previous(found["date"].day(), _id(found.get("practitioner")))


def _id(value: Value | None) -> str | None:
    return value.text() if value else None


def _pins(value: Value, grid: int, sessions: int, earliest: date, latest: date) -> tuple[Pin, ...]:
    pins = tuple(_pin(item, grid, sessions, earliest, latest) for item in value.items())
    value.refuse_repeats("index", (pin.index for pin in pins))
    return pins


def _pin(value: Value, grid: int, sessions: int, earliest: date, latest: date) -> Pin:
    found = value.fields("index", "date", optional=("start", "practitioner"))
    day = found["date"].day()
    if not earliest <= day <= latest:
        raise found["date"].refusal(f"{day} is outside {earliest} to {latest}")
    start = found["start"].on_grid(found["start"].minute(), grid) if "start" in found else None
    return Pin(found["index"].whole(1, sessions), day, start, _id(found.get("practitioner")))


def _current(value: Value, grid: int) -> tuple[Current, ...]:
    """Entries beyond `sessions` are understood: they are bookings that a shorter series gives up."""
    bookings = tuple(_booking(item, grid) for item in value.items())
    value.refuse_repeats("index", (booking.index for booking in bookings))
    return bookings


def _booking(value: Value, grid: int) -> Current:
    found = value.fields("index", "date", "start", optional=("practitioner", "promised"))
    return Current(
        found["index"].whole(1, MAX_SESSIONS),
        found["date"].day(),
        found["start"].on_grid(found["start"].minute(), grid),
        _id(found.get("practitioner")),
        found["promised"].truth() if "promised" in found else True,
    )


def _prefer(value: Value) -> Prefer:
    found = value.fields(optional=("practitioner", "time"))
    return Prefer(_id(found.get("practitioner")), _times_of_day(found["time"]) if "time" in found else ())


def _weights(value: Value) -> Weights:
    found = value.fields(optional=tuple(field.name for field in fields(Weights)))
    return Weights(**{name: weight.whole(0, MAX_WEIGHT) for name, weight in found.items()})
