"""What every patient of the demo is to live through, as values: nothing is written here.

The days around today come first: each gets as many visits as a clinic of this size has. Every one of them is a
session of somebody's series, whose other sessions are then placed before and after it, near the best gap.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from patients.choices import Modality
from planner.demo.people import Person, people
from planner.demo.timetable import Slot, Timetable
from planner.protocols.recipes import Recipe, RecipeGap
from planner.protocols.recommendation import recommend

DAYS_BACK, DAYS_AHEAD = 7, 8
VISITS = (10, 11, 12)
VISITS_ON_SATURDAY = 3
REACH = timedelta(days=500)
"""No session of the demo is further from today."""
MISSED_IN_100, REBOOKED_AFTER = 8, range(5, 13)
SATURDAY = 5
WITHOUT_A_PLAN = {"drafted": 3, "postponed": 1, "assessed": 3, "blocked": 1, "new": 3}
# kind: (how many, days from today to the last session, or to the first: from, to)
DONE = (12, -170, -20)
STOPPED = (3, -200, -120)
DRIFTING_SINCE = -52
DRIFTING_SKIN = 2


@dataclass(frozen=True, slots=True)
class Story:
    """One patient: `slots` has one for each session, in order, or none where nothing is booked.

    `missed` is the session, by number, to which the patient did not come, and the slot it had until then; where it
    has no new one, that is also its slot.
    """

    person: Person
    kind: str
    recipe: Recipe
    gap: RecipeGap
    slots: tuple[Slot, ...] = ()
    missed: tuple[int, Slot] | None = None

    @property
    def booked(self) -> tuple[Slot, ...]:
        """As the series was booked at first."""
        if self.missed is None:
            return self.slots
        number, slot = self.missed
        return (*self.slots[: number - 1], slot, *self.slots[number:])

    def met_on(self, today: date) -> date:
        """The day of the consult; never later than the day before yesterday."""
        first = self.booked[0].day if self.slots else today
        return min(first - timedelta(days=12), today - timedelta(days=2))


@dataclass(frozen=True)
class Teller:
    """Tells stories, one after the other; those told before hold their slots."""

    today: date
    timetable: Timetable
    recipes: Sequence[Recipe]
    random: Random
    crowd: Iterator[Person]

    def story(self, kind: str, *, skin_type: int = 0) -> Story:
        person = next(self.crowd)
        person = replace(person, skin_type=skin_type) if skin_type else person
        advice = recommend(
            [marks.facts for marks in person.marks],
            skin_type=person.skin_type,
            modality_options=[Modality.MICRONEEDLING],
            recipes=self.recipes,
        )
        return Story(person, kind, advice.recipe, advice.gap)

    def visit(self, day: date) -> Story | None:
        """Somebody whose session, the first, the last or one between, is on that day; none if nothing is free."""
        story = self.story("under way")
        slot = self.timetable.take(day, story.recipe.phases)
        if slot is None:
            return None
        all_sessions = story.recipe.sessions_target
        number = self.random.randint(1, all_sessions)
        before = list(self._chain(story, slot, -1, number - 1))[::-1]
        again = self._rebooked(story, slot) if self._is_missed(day) else None
        after = self._chain(story, again or slot, 1, all_sessions - number)
        slots = (*before, again or slot, *after)
        return replace(story, slots=slots, missed=(number, slot) if again else None)

    def series(self, kind: str, day: date, towards: int, *, skin_type: int = 0) -> Story:
        """A whole series that begins (`towards` 1) or ends (-1) about that day."""
        story = self.story(kind, skin_type=skin_type)
        days = (day + timedelta(days=towards * n) for n in range(REACH.days))
        slot = next(filter(None, (self.timetable.take(each, story.recipe.phases) for each in days)))
        others = list(self._chain(story, slot, towards, story.recipe.sessions_target - 1))
        return replace(story, slots=tuple(sorted((slot, *others), key=lambda each: each.starts)))

    def _is_missed(self, day: date) -> bool:
        return day < self.today and self.random.randrange(100) < MISSED_IN_100

    def _rebooked(self, story: Story, slot: Slot) -> Slot | None:
        days = (slot.day + timedelta(days=n) for n in REBOOKED_AFTER)
        phases, who = story.recipe.phases, slot.practitioner
        again = next(filter(None, (self.timetable.take(each, phases, who) for each in days)), None)
        self.timetable.visits[slot.day] -= again is not None
        return again

    def _chain(self, story: Story, slot: Slot, towards: int, count: int) -> Iterator[Slot]:
        """The sessions before or after one, each as near to the best gap as the timetable allows."""
        gap = story.gap
        nearest = sorted(range(gap.min_days, gap.max_days + 1), key=lambda n: abs(n - gap.target_days))
        for _number in range(count):
            days = (slot.day + timedelta(days=towards * n) for n in nearest)
            phases, who = story.recipe.phases, slot.practitioner
            slot = next(filter(None, (self.timetable.take(each, phases, who) for each in days)))
            yield slot


def fortnight(today: date) -> Iterable[date]:
    """The days that are alive whatever the day: a week back, and more than a week ahead."""
    return (today + timedelta(days=n) for n in range(-DAYS_BACK, DAYS_AHEAD + 1))


def stories(today: date, timetable: Timetable, recipes: Sequence[Recipe], random: Random) -> Iterator[Story]:
    """Everybody's, the same for the same seed and day."""
    teller = Teller(today, timetable, recipes, random, people(today, random))
    yield teller.series("drifting", today + timedelta(days=DRIFTING_SINCE), 1, skin_type=DRIFTING_SKIN)
    for day in fortnight(today):
        wanted = VISITS_ON_SATURDAY if day.weekday() == SATURDAY != today.weekday() else random.choice(VISITS)
        while timetable.visits[day] < wanted and (story := teller.visit(day)):
            yield story
    for kind, (count, since, until), towards in (("done", DONE, -1), ("stopped", STOPPED, 1)):
        for _story in range(count):
            yield teller.series(kind, today + timedelta(days=random.randint(since, until)), towards)
    for kind, count in WITHOUT_A_PLAN.items():
        yield from (teller.story(kind) for _story in range(count))
