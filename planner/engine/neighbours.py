"""Plans with sessions on one date or on neighbouring dates: there the waste of a session depends on the others.

Such plans are rare (a least gap of a day or none), and few starts, people and rooms are at choice on any date; so all
are looked at, the least wasteful of each session first. After `MOST` looks the best so far is taken: it costs no more
than any other, but a tie may be settled otherwise.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

from planner.engine.fit import Fit
from planner.engine.grid import Bits, set_bits
from planner.engine.problem import DEVICE, KINDS, PRACTITIONER, ROOM
from planner.engine.rooms import Follows, Plan, ready

MOST = 20_000

Cheap = dict[int, Bits]
"""By practitioner, the starts that cost the least."""


@dataclass(frozen=True, slots=True)
class NearPlace:
    """Where a session could be, with what it would waste if it were alone on its date."""

    waste: int
    step: int
    who: int
    names: dict[str, str]

    @property
    def order(self) -> tuple[int, int, int, list[str]]:
        return self.waste, self.step, self.who, list(self.names.values())


def near_itself(days: Sequence[int]) -> bool:
    return any(later - earlier <= 1 for earlier, later in pairwise(days))


class Neighbours:
    """The first plan by the order of ties on given days: all of them cost the same."""

    def __init__(
        self, fit: Fit, cost: int, days: tuple[int, ...], cheap: Sequence[Cheap], follows: Sequence[Follows]
    ) -> None:
        self.fit, self.cost, self.days, self.follows = fit, cost, days, follows
        self.places = [
            sorted(self._places(day, own), key=lambda place: place.order)
            for day, own in zip(days, cheap, strict=True)
        ]
        self.left = MOST
        self.best: Plan | None = None

    def first(self) -> Plan | None:
        self._extend([], ())
        return self.best

    def _places(self, day: int, cheap: Cheap) -> Iterator[NearPlace]:
        others = [kind for kind in (ROOM, DEVICE) if kind in self.fit.starts.uses]
        for who, starts in cheap.items():
            name = self.fit.starts.practitioners[who]
            own = {} if name is None else {PRACTITIONER: name}
            for step in set_bits(starts):
                waste = 0 if name is None else self.fit.waste(PRACTITIONER, name, day, step)
                for serving in product(*(self.fit.serving(kind, day, step) for kind in others)):
                    names = dict(zip(others, (name for _, name in serving), strict=True))
                    yield NearPlace(waste + sum(more for more, _ in serving), step, who, own | names)

    def _extend(self, chosen: list[NearPlace], wastes: tuple[int, ...]) -> None:
        at = len(chosen)
        if at == len(self.days):
            plan = self._plan(chosen, wastes)
            self.best = min(self.best or plan, plan, key=lambda each: each.order)
            return
        for place in self.places[at]:
            self.left -= 1
            if self.left < 0:
                return
            if self._may_follow(chosen, place):
                longer = [*chosen, place]
                known = wastes + self._of_its_date(longer)
                if self.best is None or known <= self.best.wastes[: len(known)]:
                    self._extend(longer, known)

    def _may_follow(self, chosen: list[NearPlace], place: NearPlace) -> bool:
        if not chosen:
            return True
        starts, last, at = self.fit.starts, chosen[-1], len(chosen)
        if self.follows and place.who not in self.follows[at - 1][last.who]:
            return False
        same_date = self.days[at] == self.days[at - 1]
        if same_date and place.step < last.step + starts.steps:
            return False
        return not any(self._collide(earlier, at, place) for earlier in enumerate(chosen))

    def _collide(self, earlier: tuple[int, NearPlace], at: int, place: NearPlace) -> bool:
        """A later session begins before the earlier one, with its turnaround, leaves what both use."""
        i, before = earlier
        starts = self.fit.starts
        apart = (self.days[at] - self.days[i]) * starts.horizon.steps_per_day + place.step - before.step
        return any(
            before.names[kind] == name and apart < ready(starts, kind, name)
            for kind, name in place.names.items()
        )

    def _of_its_date(self, chosen: list[NearPlace]) -> tuple[int, ...]:
        """Nothing until all sessions of the last one's date are chosen; then their wastes."""
        at = len(chosen)
        day = self.days[at - 1]
        if at < len(self.days) and self.days[at] == day:
            return ()
        together = [place for place, on in zip(chosen, self.days, strict=False) if on == day]
        return tuple(self._waste(place, together, day) for place in together)

    def _waste(self, place: NearPlace, together: list[NearPlace], day: int) -> int:
        if len(together) == 1:
            return place.waste
        found = 0
        for kind, name in place.names.items():
            same = [each for each in together if each is not place and each.names[kind] == name]
            others = [self.fit.holds(kind, name, each.step) for each in same]
            found += self.fit.waste(kind, name, day, place.step, others)
        return found

    def _plan(self, chosen: list[NearPlace], wastes: tuple[int, ...]) -> Plan:
        resources = {
            kind: tuple(place.names[kind] for place in chosen) for kind in KINDS if kind in chosen[0].names
        }
        steps, who = tuple(place.step for place in chosen), tuple(place.who for place in chosen)
        return Plan(self.cost, self.days, wastes, steps, who, resources)
