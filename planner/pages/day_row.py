"""A session as the pages of the day say it: who, which of how many, where, and only what is out of the ordinary."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, cached_property

from django.utils.timezone import localtime
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from clinic.models import Location, Resource, ResourceKind
from clinic.nested import kept
from planner.choices import HERE, NEEDLED, PhaseKind, SessionState
from planner.models import Session
from planner.obstacles.obstacle import Obstacle, ObstacleCode
from planner.obstacles.of_sessions import Surroundings, obstacles_of, surroundings_of
from planner.obstacles.whole_sessions import served_by
from planner.obstacles.words import Chip, chip_of, n_of_m
from planner.treatment.session_clock import Span, Whereabouts, spans, step_now

CONFIRMED = Chip("check", _l("Confirmed"))
NOT_CONFIRMED = Chip("circle-question-mark", _l("Not confirmed"), "warn")
LATE = Chip("clock", _l("Late"), "warn")
MISSED = Chip("user-x", _l("Did not come"), "warn")
DONE = Chip("check", _l("Done"))
BROKEN_OFF = Chip("octagon-x", _l("Broken off"), "warn")
IS_HERE = Chip("map-pin", _l("Here"))
SAID_BY_THE_STATE = (ObstacleCode.NOT_ENDED, ObstacleCode.RECORD_OPEN)
STATE_CHIPS: dict[str, Chip] = {
    SessionState.BOOKED: NOT_CONFIRMED,
    SessionState.CONFIRMED: CONFIRMED,
    SessionState.DONE: DONE,
    SessionState.BROKEN_OFF: BROKEN_OFF,
    SessionState.NO_SHOW: MISSED,
}


@dataclass(frozen=True)
class DayRow:
    """One session of a day, and what stands in its way."""

    session: Session
    spans: tuple[Span, ...]
    obstacles: tuple[Obstacle, ...]
    now: datetime

    @cached_property
    def resources(self) -> dict[str, Resource]:
        return served_by(self.session)

    @cached_property
    def practitioner(self) -> Resource | None:
        return self.resources.get(ResourceKind.PRACTITIONER)

    @cached_property
    def room(self) -> Resource | None:
        return self.resources.get(ResourceKind.ROOM)

    @cached_property
    def device(self) -> Resource | None:
        return self.resources.get(ResourceKind.DEVICE)

    @cached_property
    def areas(self) -> str:
        return ", ".join(str(area) for area in kept(self.session.series, "areas"))

    @property
    def skin_type(self) -> str:
        """Its numeral, where it is known; what it means stands on the patient's page."""
        label = str(self.session.patient.get_skin_type_display() or "")
        return _("skin type %(type)s") % {"type": label.partition(":")[0]} if label else ""

    @cached_property
    def which(self) -> str:
        return n_of_m(self.session)

    @cached_property
    def words(self) -> str:
        """The whole session in a sentence, for those who point at it or hear it; the name stands before it."""
        facts = {
            "which": self.which,
            "from": f"{localtime(self.starts_at):%H:%M}",
            "to": f"{localtime(self.spans[-1].ends_at):%H:%M}",
        }
        said = [
            _("session %(which)s, %(from)s to %(to)s") % facts,
            *(each.name for each in self.resources.values()),
        ]
        names = phase_words(get_language())
        phases = [f"{names[span.kind]} {localtime(span.starts_at):%H:%M}" for span in self.spans]
        return ". ".join([", ".join(said), *(str(chip.word) for chip in self.chips), ", ".join(phases)])

    @property
    def is_here(self) -> bool:
        return self.session.state in HERE

    @property
    def is_to_come(self) -> bool:
        return self.session.state in (SessionState.BOOKED, SessionState.CONFIRMED)

    @property
    def is_late(self) -> bool:
        return self.is_to_come and self.starts_at < self.now

    @property
    def starts_at(self) -> datetime:
        assert self.session.starts_at is not None
        return self.session.starts_at

    @cached_property
    def step(self) -> Whereabouts:
        return step_now(self.session, self.spans, self.now)

    @cached_property
    def chips(self) -> list[Chip]:
        if self.is_late:
            states = [LATE] if self.session.state == SessionState.CONFIRMED else [LATE, NOT_CONFIRMED]
        else:
            states = [chip for chip in (self.state_chip,) if chip]
        return states + [chip_of(each) for each in self.obstacles if each.code not in SAID_BY_THE_STATE]

    @property
    def state_chip(self) -> Chip | None:
        return IS_HERE if self.is_here else STATE_CHIPS.get(self.session.state)

    @property
    def mark(self) -> Chip | None:
        """The one mark before a session's number on the board; a confirmed one with nothing in its way has none."""
        if self.obstacles and not self.is_here:
            return chip_of(self.obstacles[0])
        return None if self.session.state == SessionState.CONFIRMED else self.state_chip


@cache
def phase_words(_language: str | None) -> dict[str, str]:
    """Looked up once in each language: a board says hundreds of them."""
    return {kind: str(word) for kind, word in PhaseKind.choices}


def rows_of(sessions: Iterable[Session], around: Surroundings) -> list[DayRow]:
    """Sessions with everything, and what stands in their way by what is `around` them."""
    sessions = list(sessions)
    obstacles = obstacles_of((each for each in sessions if is_open(each)), around)
    return [DayRow(each, _spans(each), obstacles.get(each.pk, ()), around.now) for each in sessions]


def around_those(
    sessions: Iterable[Session], location: Location, now: datetime, days: tuple[date, date] | None = None
) -> Surroundings:
    """What stands in the way of a missed or finished session is of no use on a day's pages: it is not read."""
    return surroundings_of([each for each in sessions if is_open(each)], location, now=now, days=days)


def is_open(session: Session) -> bool:
    return session.state not in (*NEEDLED, SessionState.NO_SHOW)


def _spans(session: Session) -> tuple[Span, ...]:
    return (
        spans(session.starts_at, kept(session.series.protocol_version, "phases")) if session.starts_at else ()
    )
