"""Seeded problems: whole clinics in the sizes the benchmarks use, and tiny ones that brute force can settle."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from tests.planner.engine.brute import clock
from tests.planner.engine.checker import WEEKDAYS, Json

NUMBING = {"name": "numbing", "minutes": 45, "needs": ["room"]}
NEEDLING = {
    "name": "needling",
    "minutes": 45,
    "needs": [{"kind": "practitioner", "skills": ["microneedling"]}, "room", "device"],
}
RECOVERY = {"name": "recovery", "minutes": 15, "needs": ["room"]}

ZONES_AND_FIRST_DAYS = (
    ("Europe/London", "2026-03-26"),
    ("America/New_York", "2026-10-30"),
    ("Australia/Sydney", "2026-04-02"),
    ("Australia/Lord_Howe", "2026-10-02"),
    ("Asia/Kolkata", "2028-02-26"),
    ("America/St_Johns", "2026-12-28"),
    ("Pacific/Chatham", "2027-09-24"),
    ("UTC", "2028-02-28"),
)
"""Clock changes in both hemispheres, offsets of half and quarter hours, 29 February, a year's end."""


@dataclass(frozen=True, slots=True)
class Size:
    practitioners: int
    rooms: int
    devices: int


SIZES = {"S": Size(3, 5, 2), "M": Size(20, 30, 14), "L": Size(100, 150, 70)}


def clinic(
    size: Size,
    *,
    seed: int,
    full: float = 0.7,
    grid: int = 15,
    days: int = 400,
    first: date = date(2026, 1, 5),
) -> Json:
    """A clinic of this size, each resource booked for about this part of its hours; no requests yet."""
    random = Random(seed)
    resources = [
        resource(random, f"{kind[0]}{number:03d}", kind, full=full, first=first, days=days)
        for kind, count in (
            ("practitioner", size.practitioners),
            ("room", size.rooms),
            ("device", size.devices),
        )
        for number in range(1, count + 1)
    ]
    return {
        "version": 1,
        "timezone": "Europe/London",
        "grid_minutes": grid,
        "resources": resources,
        "requests": [],
    }


def resource(random: Random, name: str, kind: str, *, full: float, first: date, days: int) -> Json:
    hours = (
        weekly_hours(random)
        if kind == "practitioner"
        else {day: [["08:00", "20:00"]] for day in WEEKDAYS[:6]}
    )
    skilled = random.random() < 0.8
    return {
        "id": name,
        "kind": kind,
        "skills": ["microneedling"] if kind == "practitioner" and skilled else [],
        "open": hours,
        "turnaround_minutes": 0 if kind == "practitioner" else random.choice([0, 0, 15, 30]),
        "busy": [
            entry
            for number in range(days)
            for entry in day_of_bookings(random, first + timedelta(number), hours, full)
        ],
    }


def weekly_hours(random: Random) -> Json:
    mornings = random.choice(["08:00", "09:00", "10:00"])
    return {day: [[mornings, "12:30"], ["13:15", "18:00"]] for day in random.sample(WEEKDAYS[:6], 4)}


def day_of_bookings(random: Random, day: date, hours: Json, full: float) -> list[list[str]]:
    """Bookings back to back around one hole or two: some days are packed, others nearly empty, `full` on average."""
    found = []
    for start, end in hours.get(WEEKDAYS[day.weekday()], []):
        minute, closing = to_minute(start), to_minute(end)
        free = round((closing - minute) * min(1, random.expovariate(1 / (1 - full))))
        holes = random.choice([[free], [free // 2, free - free // 2]])
        while minute < closing:
            if holes and random.random() < 0.3:
                minute += holes.pop()
            booked = min(random.choice([30, 45, 60, 90, 105]), closing - sum(holes) - minute)
            if booked > 0:
                found.append([stamp(day, minute), stamp(day, minute + booked)])
            minute += booked if booked > 0 else sum(holes)
    return found


def to_minute(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


def stamp(day: date, minute: int) -> str:
    return f"{(day + timedelta(minute // 1440)).isoformat()}T{clock(minute % 1440)}"


def series(
    name: str, random: Random, *, sessions: int = 6, first: date = date(2026, 1, 5), days: int = 400
) -> Json:
    """A request as the booking desk makes them: four weeks apart, sometimes with a wish or a patient's hours."""
    target = random.choice([21, 28, 35])
    request: Json = {
        "id": name,
        "sessions": sessions,
        "gap_days": {"min": target - 7, "target": target, "max": target + 14},
        "earliest": first.isoformat(),
        "latest": (first + timedelta(days - 1)).isoformat(),
        "phases": [NUMBING, NEEDLING, RECOVERY],
    }
    if random.random() < 0.3:
        request["patient"] = {"open": {day: [["12:00", "20:00"]] for day in random.sample(WEEKDAYS[:6], 4)}}
    if random.random() < 0.3:
        request["prefer"] = {"time": [random.choice([["09:00", "12:00"], ["14:00", "16:00"]])]}
    return request


def tiny(random: Random, *, requests: int = 1, days: int = 9, joint: bool = False) -> Json:
    """A problem that brute force settles in milliseconds, with every oddity the contract allows."""
    zone, first_day = random.choice(ZONES_AND_FIRST_DAYS)
    first, grid = date.fromisoformat(first_day), random.choice([10, 15, 15, 15])
    resources = [
        tiny_resource(random, f"{kind[0]}{number}", kind, first, days)
        for kind in ("practitioner", "room", "device")
        for number in range(1, random.choice([1, 1, 2] if joint else [1, 2, 2]) + 1)
    ]
    if random.random() < 0.04:
        resources = [entry for entry in resources if entry["kind"] != "practitioner"]
    random.shuffle(resources)
    return tiny_usual(random, grid) | {
        "version": 1,
        "timezone": zone,
        "grid_minutes": grid,
        "mode": "joint" if joint else "independent",
        "resources": resources,
        "requests": [
            tiny_request(random, f"s{number}", resources, first, days) for number in range(1, requests + 1)
        ],
    }


def tiny_usual(random: Random, grid: int) -> Json:
    """Every other problem says what is short, and how long its usual visit is."""
    short = random.sample(["practitioner", "room", "device"], random.choice([0, 0, 0, 1, 2, 3]))
    usual = {kind: grid * random.randint(1, 8) for kind in short}
    return {"usual_minutes": usual} if usual else {}


def tiny_resource(random: Random, name: str, kind: str, first: date, days: int) -> Json:
    made: Json = {"id": name, "kind": kind, "open": tiny_hours(random)}
    if random.random() < 0.9:
        made["skills"] = random.choice([["microneedling"], ["microneedling", "rf"]])
    if random.random() < 0.4:
        made["turnaround_minutes"] = 30
    if random.random() < 0.3:
        day = first + timedelta(random.randrange(days))
        made["extra_open"] = [[stamp(day, 600), stamp(day, 720)]]
    if random.random() < 0.5:
        made["busy"] = [tiny_busy(random, first, days) for _ in range(random.randint(1, 3))]
    return made


def tiny_hours(random: Random) -> Json:
    """One short opening on most days, sometimes in two pieces that touch."""
    hours: Json = {}
    for day in WEEKDAYS:
        begin = random.choice([540, 570, 600])
        end = begin + random.choice([60, 90, 120])
        pieces = [[clock(begin), clock(begin + 30)], [clock(begin + 30), clock(end)]]
        if random.random() < 0.9:
            hours[day] = pieces if random.random() < 0.2 else [[clock(begin), clock(end)]]
    return hours


def tiny_busy(random: Random, first: date, days: int) -> list[str]:
    """Off the grid as often as not; now and then for days on end."""
    day, minute = first + timedelta(random.randrange(days)), random.randint(520, 700)
    if random.random() < 0.2:
        return [stamp(day, minute), stamp(day + timedelta(random.randint(1, 3)), random.randint(0, 700))]
    return [stamp(day, minute), stamp(day, minute + random.choice([7, 15, 40]))]


def tiny_request(random: Random, name: str, resources: list[Json], first: date, days: int) -> Json:
    days = 1 if random.random() < 0.05 else days
    request: Json = {
        "id": name,
        "sessions": random.choice([1, 2, 2, 3]),
        "gap_days": random.choice(
            [
                {"min": 0, "target": 1, "max": 2},
                {"min": 1, "target": 2, "max": 4},
                {"min": 2, "target": 2, "max": 3},
                {"min": 3, "target": 3, "max": 4},
            ]
        ),
        "earliest": first.isoformat(),
        "latest": (first + timedelta(days - 1)).isoformat(),
        "phases": tiny_phases(random),
    }
    add_wishes(random, request, resources, first, days)
    return request


def tiny_phases(random: Random) -> list[Json]:
    """Among them a room that is kept while another phase does not need it."""
    skilled = {"kind": "practitioner", "skills": ["microneedling"]}
    return random.choice(
        [
            [{"name": "peel", "minutes": 60, "needs": ["practitioner"]}],
            [
                {"name": "numbing", "minutes": 30, "needs": ["room"]},
                {"name": "needling", "minutes": 30, "needs": [skilled, "room", "device"]},
            ],
            [
                {"name": "cleansing", "minutes": 30, "needs": ["practitioner", "room"]},
                {"name": "waiting", "minutes": 30, "needs": ["device"]},
                {"name": "needling", "minutes": 30, "needs": [skilled, "room"]},
            ],
        ]
    )


def add_wishes(random: Random, request: Json, resources: list[Json], first: date, days: int) -> None:
    practitioners = [entry["id"] for entry in resources if entry["kind"] == "practitioner"]

    def some_day() -> str:
        return (first + timedelta(random.randrange(days))).isoformat()

    if random.random() < 0.2:
        request["patient"] = {"busy": [tiny_busy(random, first, days)]}
    if random.random() < 0.2:
        request.setdefault("patient", {})["open"] = tiny_hours(random)
    if random.random() < 0.3:
        request["previous"] = {"date": (first - timedelta(random.randint(0, 2))).isoformat()}
    if random.random() < 0.15:
        request["pins"] = [{"index": random.randint(1, request["sessions"]), "date": some_day()}]
    if random.random() < 0.3:
        request["prefer"] = {"time": [["09:40", "10:05"]]}
    if random.random() < 0.3:
        request["weights"] = {
            term: random.randint(0, 9) for term in random.sample(["gap", "start", "time"], 2)
        }
    if practitioners:
        add_practitioner_wishes(random, request, practitioners, some_day())


def add_practitioner_wishes(random: Random, request: Json, practitioners: list[str], day: str) -> None:
    if "previous" in request and random.random() < 0.5:
        request["previous"]["practitioner"] = random.choice(practitioners)
    if "pins" in request and random.random() < 0.5:
        request["pins"][0] |= {"start": "09:30", "practitioner": random.choice(practitioners)}
    if random.random() < 0.3:
        request.setdefault("prefer", {})["practitioner"] = random.choice(practitioners)
    if random.random() < 0.4:
        index = random.randint(1, request["sessions"])
        booked = {"index": index, "date": day, "start": "10:00", "practitioner": random.choice(practitioners)}
        request["current"] = [booked | random.choice([{}, {"promised": True}, {"promised": False}])]
