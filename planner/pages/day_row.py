"""A session as the pages of the day say it: who, which of how many, where, and only what is out of the ordinary."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property

from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from clinic.localtime import local_date, weekday_label
from clinic.models import Location, Resource, ResourceKind
from planner.choices import PhaseKind, SessionState
from planner.models import Session
from planner.obstacles.from_record import Lack, Missing, lacks_of
from planner.obstacles.patient_record import PatientRecord, records_of
from planner.schedule.sessions import HERE, served_by
from planner.treatment.session_clock import Span, Whereabouts, spans, step_now


@dataclass(frozen=True, slots=True)
class Chip:
    """Shape and word first, then a tone: ok, warn, stop, info or plain."""

    icon: str
    word: str | Promise
    tone: str = "plain"


CONFIRMED = Chip("check", _l("Confirmed"))
NOT_CONFIRMED = Chip("circle-question-mark", _l("Not confirmed"), "warn")
LATE = Chip("clock", _l("Late"), "warn")
MISSED = Chip("user-x", _l("Did not come"), "warn")
DONE = Chip("check", _l("Done"))
IS_HERE = Chip("map-pin", _l("Here"))
STATE_CHIPS: dict[str, Chip] = {
    SessionState.BOOKED: NOT_CONFIRMED,
    SessionState.CONFIRMED: CONFIRMED,
    SessionState.DONE: DONE,
    SessionState.NO_SHOW: MISSED,
}
LACK_CHIPS = {
    Missing.NO_CONSENT: Chip("octagon-x", _l("Consent missing"), "stop"),
    Missing.CONSENT_ENDS: Chip("octagon-x", _l("Consent ends before"), "stop"),
    Missing.NOT_SCREENED: Chip("octagon-x", _l("Not screened"), "stop"),
    Missing.SCREEN_ANEW: Chip("octagon-x", _l("Screen anew"), "stop"),
    Missing.BLOCKED: Chip("octagon-x", _l("May not start"), "stop"),
    Missing.WAITS: Chip("pause", _l("Has to wait"), "warn"),
    Missing.ON_HOLD: Chip("pause", _l("On hold"), "warn"),
}


@dataclass(frozen=True)
class DayRow:
    """One session of a day; `lacks` is what has to be settled before it can begin."""

    session: Session
    spans: tuple[Span, ...]
    lacks: tuple[Lack, ...]
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
        return ", ".join(str(area) for area in self.session.series.areas.all())

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
        return states + [LACK_CHIPS[lack.kind] for lack in self.lacks]

    @property
    def state_chip(self) -> Chip | None:
        return IS_HERE if self.is_here else STATE_CHIPS.get(self.session.state)

    @property
    def mark(self) -> Chip | None:
        """The one mark before a session's number on the board; a confirmed one that lacks nothing has none."""
        if self.lacks and not self.is_here:
            return LACK_CHIPS[self.lacks[0].kind]
        return None if self.session.state == SessionState.CONFIRMED else self.state_chip


@cache
def phase_words(_language: str | None) -> dict[str, str]:
    """Looked up once in each language: a board says hundreds of them."""
    return {kind: str(word) for kind, word in PhaseKind.choices}


def n_of_m(session: Session) -> str:
    return _("%(number)s of %(all)s") % {
        "number": session.number,
        "all": session.series.sessions_planned,
    }


def rows_of(
    sessions: Iterable[Session], records: Mapping[int, PatientRecord], location: Location, now: datetime
) -> list[DayRow]:
    """Sessions with everything, and their patients' records as `records_for` reads them."""
    sessions, today = list(sessions), local_date(now, location.zone)
    lacks = lacks_of([each for each in sessions if _is_open(each)], records, location.zone, today=today)
    return [DayRow(each, _spans(each), lacks.get(each.pk, ()), now) for each in sessions]


def records_for(sessions: Iterable[Session]) -> dict[int, PatientRecord]:
    """By patient; what a missed or finished session lacks is of no use any more, so theirs are not read."""
    return records_of(each.patient for each in sessions if _is_open(each))


def _is_open(session: Session) -> bool:
    return session.state not in (SessionState.DONE, SessionState.NO_SHOW)


def _spans(session: Session) -> tuple[Span, ...]:
    return spans(session.starts_at, session.series.protocol_version.phases.all()) if session.starts_at else ()


def lack_sentence(lack: Lack, session: Session, location: Location) -> str:
    assert session.starts_at is not None
    facts = {"which": n_of_m(session), "day": weekday_label(local_date(session.starts_at, location.zone))}
    if lack.day:
        facts["until"] = weekday_label(lack.day)
    return str(_LACK_SENTENCES[lack.kind, lack.day is not None] % facts)


_LACK_SENTENCES = {
    (Missing.NO_CONSENT, False): _l("No signed consent for session %(which)s on %(day)s."),
    (Missing.CONSENT_ENDS, True): _l("The consent ends on %(until)s, before session %(which)s on %(day)s."),
    (Missing.NOT_SCREENED, False): _l("Not screened, and session %(which)s is on %(day)s."),
    (Missing.SCREEN_ANEW, False): _l("To be screened anew before session %(which)s on %(day)s."),
    (Missing.BLOCKED, False): _l("The screening rules out session %(which)s on %(day)s."),
    (Missing.WAITS, False): _l("The screening makes session %(which)s on %(day)s wait."),
    (Missing.WAITS, True): _l("The screening makes session %(which)s on %(day)s wait until %(until)s."),
    (Missing.ON_HOLD, False): _l("Session %(which)s on %(day)s is on hold until a clinician decides."),
}
