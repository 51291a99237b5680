"""What stands in the way of some sessions, as pages show it: each thing once, with its next step."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from clinic.models import StaffMember
from planner.models import Session
from planner.obstacles.obstacle import Obstacle
from planner.obstacles.of_sessions import Surroundings, obstacles_of
from planner.obstacles.words import Chip, NextStep, chip_of, next_step, sentence_of


@dataclass(frozen=True, slots=True)
class StripLine:
    """Of the first session that has this in its way; so have `more` after it."""

    chip: Chip
    sentence: str
    step: NextStep
    more: int


@dataclass(frozen=True, slots=True)
class ObstacleStrip:
    """`chips` are by session."""

    lines: tuple[StripLine, ...]
    chips: Mapping[int, tuple[Chip, ...]]


def obstacle_strip(sessions: Iterable[Session], around: Surroundings, staff: StaffMember) -> ObstacleStrip:
    """The sessions come `with_everything`, in the order in which they are told of."""
    sessions = list(sessions)
    found = obstacles_of(sessions, around)
    told: dict[tuple[str, object], list[tuple[Session, Obstacle]]] = {}
    for session in sessions:
        for obstacle in found.get(session.pk, ()):
            told.setdefault((obstacle.code, obstacle.facts.get("resource")), []).append((session, obstacle))
    several = sorted(told.values(), key=lambda each: not each[0][1].stops)
    return ObstacleStrip(
        tuple(_line(*each[0], len(each) - 1, around, staff) for each in several),
        {pk: tuple(chip_of(each) for each in obstacles) for pk, obstacles in found.items()},
    )


def _line(
    session: Session, obstacle: Obstacle, more: int, around: Surroundings, staff: StaffMember
) -> StripLine:
    sentence = sentence_of(obstacle, session, around.zone, today=around.today, staff=staff)
    return StripLine(chip_of(obstacle), sentence, next_step(obstacle, session, staff), more)
