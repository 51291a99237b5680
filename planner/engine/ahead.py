"""The best plans of one series, found by looking no further ahead than could matter.

A plan that goes on for long has to pay for it: with a late start, or with gaps longer than the target, each day at
its price. So a search of the next weeks settles most requests, and tells of the others how far to look.
"""

from dataclasses import replace
from datetime import date, timedelta
from itertools import islice

from planner.engine.answer import Proposal
from planner.engine.grid import FreeTime
from planner.engine.problem import Request
from planner.engine.series import Search

SOON_DAYS = 28
MANY = 100_000
"""Days of resources from which on a search of fewer days takes much less time, and may be wasted."""
MAX_LOOKS, FEW_LOOKS = 2_000, 200
"""At spaces and plans; only series that keep colliding with themselves need many."""


def best_plans(free: FreeTime, request: Request, count: int, looks: int = MAX_LOOKS) -> tuple[Proposal, ...]:
    """Up to `count` proposals, the optimum first, each a real choice and no cheaper than the one before."""
    days = (request.latest - request.earliest).days
    short = near(request, SOON_DAYS) if days * len(free.bits) > MANY else request
    while True:
        found = tuple(islice(Search(free, short).proposals(looks), count))
        if short == request or settles(found, request, short.latest, count):
            return found
        short = near(request, found[-1].cost // _day_price(request)) if len(found) == count else request


def least_cost(free: FreeTime, request: Request) -> int | None:
    """What the best plan costs; None when there is none, or none was found soon."""
    return next((proposal.cost for proposal in best_plans(free, request, 1, FEW_LOOKS)), None)


def near(request: Request, days: int) -> Request:
    """The same, looking at most so many days beyond a plan that begins at once and keeps all target gaps."""
    if not _day_price(request):
        return request
    gap = request.gap.target
    pinned = (pin.date + timedelta(days=gap * (request.sessions - pin.index)) for pin in request.pins)
    last = max(_end_on_target(request), request.earliest, *pinned) + timedelta(days=days)
    return replace(request, latest=min(request.latest, last))


def settles(found: tuple[Proposal, ...], request: Request, last: date, count: int) -> bool:
    """Whether these plans, the best that end until `last`, are the best there are: every later end costs more."""
    late_days = (last - _end_on_target(request)).days + 1
    return len(found) == count and found[-1].cost < late_days * _day_price(request)


def _end_on_target(request: Request) -> date:
    """The date of the last session if the series begins at once and keeps every target gap."""
    gaps = request.sessions - (request.previous is None)
    start = request.previous.date if request.previous else request.earliest
    return start + timedelta(days=request.gap.target * gaps)


def _day_price(request: Request) -> int:
    """What each day after that costs at least."""
    weights = request.weights
    return weights.gap if request.previous else min(weights.gap, weights.start)
