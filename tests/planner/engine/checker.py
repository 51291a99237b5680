"""Checks an answer against its problem from the contract alone: JSON in, complaints out, nothing of the engine's."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

Json = dict[str, Any]
Span = tuple[int, int]
"""Half-open, in local wall-clock minutes since 0001-01-01 (days are always 1,440 minutes on the wall)."""

DAY = 1440
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DEFAULT_WEIGHTS = {
    "gap": 10,
    "start": 2,
    "change": 60,
    "prefer": 40,
    "time": 1,
    "move": 200,
    "move_planned": 50,
}


def minute_of(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def day_of(text: str) -> int:
    return date.fromisoformat(text).toordinal()


def moment(text: str) -> int:
    when = datetime.fromisoformat(text)
    return when.toordinal() * DAY + when.hour * 60 + when.minute


def spans(pairs: list[list[str]]) -> list[Span]:
    return [(moment(start), moment(end)) for start, end in pairs]


def open_on(weekly: Json, day: int) -> list[Span]:
    hours = weekly.get(WEEKDAYS[(day - 1) % 7], [])
    return [(day * DAY + minute_of(start), day * DAY + minute_of(end)) for start, end in hours]


def overlaps(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def covered(use: Span, openings: list[Span]) -> bool:
    reached = use[0]
    for start, end in sorted(openings):
        if start <= reached < end:
            reached = end
    return reached >= use[1]


def skips(zone: str, use: Span) -> bool:
    """Whether the clocks go forward over a part of it: such a time is on no clock's face."""
    return any(not exists(zone, minute) for minute in range(use[0], use[1], 5))


@cache
def exists(zone: str, minute: int) -> bool:
    wall = datetime.combine(date.fromordinal(minute // DAY), time()) + timedelta(minutes=minute % DAY)
    there = wall.replace(tzinfo=ZoneInfo(zone))
    return there.astimezone(UTC).astimezone(there.tzinfo).replace(tzinfo=None) == wall


def length(request: Json) -> int:
    return sum(phase["minutes"] for phase in request["phases"])


def uses(request: Json) -> dict[str, tuple[int, int, frozenset[str]]]:
    """Per kind: minutes from the session's start at which its use begins and ends, and the skills asked for."""
    found: dict[str, tuple[int, int, frozenset[str]]] = {}
    clock = 0
    for phase in request["phases"]:
        for need in phase["needs"]:
            kind, skills = (need, []) if isinstance(need, str) else (need["kind"], need.get("skills", []))
            begins, _, known = found.get(kind, (clock, clock, frozenset()))
            found[kind] = (begins, clock + phase["minutes"], known | frozenset(skills))
        clock += phase["minutes"]
    return found


def held(resource: Json, use: Span) -> Span:
    """What the use takes from the resource: the time itself and the turnaround after it."""
    return use[0], use[1] + resource.get("turnaround_minutes", 0)


def serves(resource: Json, use: Span) -> bool:
    openings = open_on(resource.get("open", {}), use[0] // DAY) + spans(resource.get("extra_open", []))
    taken = held(resource, use)
    return covered(use, openings) and not any(overlaps(taken, b) for b in spans(resource.get("busy", [])))


def patient_is_free(request: Json, whole: Span) -> bool:
    patient = request.get("patient", {})
    within = "open" not in patient or covered(whole, open_on(patient["open"], whole[0] // DAY))
    return within and not any(overlaps(whole, b) for b in spans(patient.get("busy", [])))


def keeps_pin(pin: Json, session: Json) -> bool:
    here = {key: session[key] for key in ("date", "start")}
    here["practitioner"] = session["resources"].get("practitioner")
    return all(pin.get(key, value) == value for key, value in here.items())


def whole_span(request: Json, session: Json) -> Span:
    start = day_of(session["date"]) * DAY + minute_of(session["start"])
    return start, start + length(request)


def holdings(problem: Json, request: Json, session: Json) -> dict[str, Span]:
    """Resource id to what this session holds of it."""
    start, _ = whole_span(request, session)
    by_id = {resource["id"]: resource for resource in problem["resources"]}
    return {
        session["resources"][kind]: held(by_id[session["resources"][kind]], (start + begins, start + ends))
        for kind, (begins, ends, _) in uses(request).items()
    }


def session_complaints(problem: Json, request: Json, session: Json) -> Iterator[str]:
    where = f"{request['id']} session {session['index']}"
    start, end = whole_span(request, session)
    if start % DAY % problem["grid_minutes"]:
        yield f"{where}: {session['start']} is not on the grid"
    if end > start - start % DAY + DAY:
        yield f"{where}: runs past midnight"
    if skips(problem["timezone"], (start, end)):
        yield f"{where}: covers an hour that the clocks skip"
    if minute_of(session["end"]) != end - start + start % DAY:
        yield f"{where}: end {session['end']} is not start plus phases"
    if not request["earliest"] <= session["date"] <= request["latest"]:
        yield f"{where}: {session['date']} is outside earliest..latest"
    if not patient_is_free(request, (start, end)):
        yield f"{where}: the patient is not free"
    for pin in request.get("pins", []):
        if pin["index"] == session["index"] and not keeps_pin(pin, session):
            yield f"{where}: not where it is pinned"
    yield from resource_complaints(problem, request, session, where)


def resource_complaints(problem: Json, request: Json, session: Json, where: str) -> Iterator[str]:
    wanted = uses(request)
    if set(session["resources"]) != set(wanted):
        yield f"{where}: serves {sorted(session['resources'])}, needs {sorted(wanted)}"
        return
    by_id = {resource["id"]: resource for resource in problem["resources"]}
    start, _ = whole_span(request, session)
    for kind, (begins, ends, skills) in wanted.items():
        resource = by_id.get(session["resources"][kind])
        if resource is None or resource["kind"] != kind:
            yield f"{where}: no {kind} called {session['resources'][kind]}"
        elif not skills <= set(resource.get("skills", [])):
            yield f"{where}: {resource['id']} lacks {sorted(skills)}"
        elif not serves(resource, (start + begins, start + ends)):
            yield f"{where}: {resource['id']} is closed or busy"


def gap_complaints(request: Json, sessions: list[Json]) -> Iterator[str]:
    gap, days = request["gap_days"], [day_of(session["date"]) for session in sessions]
    if "previous" in request:
        days.insert(0, day_of(request["previous"]["date"]))
    for before, after in pairwise(days):
        if not gap["min"] <= after - before <= gap["max"]:
            yield f"{request['id']}: a gap of {after - before} days"


def collisions(holders: list[tuple[str, dict[str, Span]]]) -> Iterator[str]:
    """Pairs of planned sessions that hold the same resource at the same time."""
    taken: dict[str, list[tuple[Span, str]]] = {}
    for name, holding in holders:
        for resource, span in holding.items():
            for other, by in taken.setdefault(resource, []):
                if overlaps(span, other):
                    yield f"{name} and {by} collide on {resource}"
            taken[resource].append((span, name))


def own_collisions(problem: Json, request: Json, sessions: list[Json]) -> Iterator[str]:
    """A patient cannot be in two sessions at once, nor can two sessions of one day share a resource at once."""
    for before, after in pairwise(sessions):
        if whole_span(request, before)[1] > whole_span(request, after)[0]:
            yield f"{request['id']}: session {after['index']} begins before the one before it ends"
    yield from collisions(
        [(f"{request['id']}.{s['index']}", holdings(problem, request, s)) for s in sessions]
    )


def breakdown(request: Json, sessions: list[Json]) -> dict[str, int]:
    """The contract's cost formulas, term by term, for the sessions shown."""
    weights = DEFAULT_WEIGHTS | request.get("weights", {})
    counts = {
        "gap": gap_deviation(request, sessions),
        "start": 0 if "previous" in request else day_of(sessions[0]["date"]) - day_of(request["earliest"]),
        "change": changes(request, sessions),
        "prefer": unpreferred(request, sessions),
        "time": sum(time_distance(request, minute_of(session["start"])) for session in sessions),
    }
    terms = {term: weights[term] * count for term, count in counts.items()}
    return terms | {"move": sum(weights[term] for term in moves(request, sessions))}


def gap_deviation(request: Json, sessions: list[Json]) -> int:
    days = [day_of(session["date"]) for session in sessions]
    if "previous" in request:
        days.insert(0, day_of(request["previous"]["date"]))
    return sum(abs(after - before - request["gap_days"]["target"]) for before, after in pairwise(days))


def changes(request: Json, sessions: list[Json]) -> int:
    practitioners = [session["resources"].get("practitioner") for session in sessions]
    if "practitioner" in request.get("previous", {}):
        practitioners.insert(0, request["previous"]["practitioner"])
    return sum(before != after for before, after in pairwise(practitioners))


def unpreferred(request: Json, sessions: list[Json]) -> int:
    preferred = request.get("prefer", {}).get("practitioner")
    return 0 if preferred is None else sum(s["resources"].get("practitioner") != preferred for s in sessions)


def time_distance(request: Json, start: int) -> int:
    windows = request.get("prefer", {}).get("time", [])
    distances = [max(minute_of(a) - start, start - minute_of(b), 0) for a, b in windows]
    return min(distances, default=0) // 15


def moves(request: Json, sessions: list[Json]) -> list[str]:
    """The weight that each session pays which is not where it is booked."""
    booked = {entry["index"]: entry for entry in request.get("current", [])}
    left = [booked[s["index"]] for s in sessions if s["index"] in booked and not stays(booked[s["index"]], s)]
    return ["move" if entry.get("promised", True) else "move_planned" for entry in left]


def stays(entry: Json, session: Json) -> bool:
    here = session["date"], session["start"], session["resources"].get("practitioner")
    return here == (entry["date"], entry["start"], entry.get("practitioner"))


def proposal_complaints(problem: Json, request: Json, proposal: Json) -> Iterator[str]:
    sessions = proposal["sessions"]
    if [session["index"] for session in sessions] != list(range(1, request["sessions"] + 1)):
        yield f"{request['id']}: sessions are not 1..{request['sessions']}"
        return
    misplaced = [one for session in sessions for one in session_complaints(problem, request, session)]
    yield from misplaced
    yield from gap_complaints(request, sessions)
    if misplaced:
        return
    yield from own_collisions(problem, request, sessions)
    expected = breakdown(request, sessions)
    if proposal["breakdown"] != expected or proposal["cost"] != sum(expected.values()):
        yield f"{request['id']}: cost {proposal['cost']} {proposal['breakdown']}, formulas give {expected}"


def choice(proposal: Json) -> tuple[str, frozenset[str | None]]:
    """What makes an alternative a real one: the first date and the set of practitioners."""
    sessions = proposal["sessions"]
    return sessions[0]["date"], frozenset(s["resources"].get("practitioner") for s in sessions)


def result_complaints(problem: Json, request: Json, result: Json) -> Iterator[str]:
    if result["status"] != "planned":
        yield from infeasible_complaints(request, result)
        return
    proposals = result["proposals"]
    wanted = 1 if problem.get("mode") == "joint" else problem.get("alternatives", 3)
    if not 1 <= len(proposals) <= wanted:
        yield f"{request['id']}: {len(proposals)} proposals where {wanted} were asked for"
    for proposal in proposals:
        yield from proposal_complaints(problem, request, proposal)
    if any(after["cost"] < before["cost"] for before, after in pairwise(proposals)):
        yield f"{request['id']}: an alternative costs less than the one before it"
    if len({choice(proposal) for proposal in proposals}) < len(proposals):
        yield f"{request['id']}: two alternatives are the same choice"


def infeasible_complaints(request: Json, result: Json) -> Iterator[str]:
    if result["status"] != "infeasible" or result.get("proposals"):
        yield f"{request['id']}: neither planned nor infeasible"
    if not result["reasons"] or not all(reason["code"] and reason["message"] for reason in result["reasons"]):
        yield f"{request['id']}: infeasible without a reason"
    if not all(entry["set"] and entry["message"] and entry["cost"] >= 0 for entry in result["relaxations"]):
        yield f"{request['id']}: a relaxation without change, cost or message"


def joint_complaints(problem: Json, answer: Json) -> Iterator[str]:
    requests = {request["id"]: request for request in problem["requests"]}
    planned = [result for result in answer["results"] if result["status"] == "planned"]
    yield from collisions(
        [
            (
                f"{result['request']}.{session['index']}",
                holdings(problem, requests[result["request"]], session),
            )
            for result in planned
            for session in result["proposals"][0]["sessions"]
        ]
    )
    total = answer["total"]
    if total["cost"] != sum(result["proposals"][0]["cost"] for result in planned):
        yield f"total {total['cost']} is not the sum of the costs"
    if total["bound"] > total["cost"] or (total["optimal"] and total["bound"] != total["cost"]):
        yield f"total {total} claims what its bound does not carry"


def complaints(problem: Json, answer: Json) -> list[str]:
    """Everything in the answer that breaks the contract; empty when nothing does."""
    if [result["request"] for result in answer["results"]] != [
        request["id"] for request in problem["requests"]
    ]:
        return ["the results are not one per request, in order"]
    found = [
        complaint
        for request, result in zip(problem["requests"], answer["results"], strict=True)
        for complaint in result_complaints(problem, request, result)
    ]
    return found + (list(joint_complaints(problem, answer)) if problem.get("mode") == "joint" else [])


def relaxed(request: Json, changes_by_path: Json) -> Json:
    """The request after a relaxation's `set`: dotted path to new value, null removes the key."""
    changed: Json = {key: dict(value) if isinstance(value, dict) else value for key, value in request.items()}
    for path, value in changes_by_path.items():
        *parents, key = path.split(".")
        place = changed
        for parent in parents:
            place = place[parent]
        if value is None:
            place.pop(key, None)
        else:
            place[key] = value
    return changed
