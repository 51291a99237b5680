"""The one table of words: an obstacle as a chip, as a sentence and as the next step, for a reader with rights.

The front desk reads that something stands in the way and what to do; what a patient answered is never said here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from clinic.localtime import local_date, moment_label, weekday_label
from clinic.models import StaffMember
from clinic.permissions import Right
from patients.choices import ConsentKind
from planner.choices import SessionState
from planner.models import Session
from planner.obstacles.obstacle import Obstacle
from planner.obstacles.obstacle import ObstacleCode as Code


@dataclass(frozen=True, slots=True)
class Chip:
    """Shape and word first, then a tone: ok, warn, stop, info or plain."""

    icon: str
    word: str | Promise
    tone: str = "plain"


@dataclass(frozen=True, slots=True)
class NextStep:
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class ObstacleWords:
    """`sentence` names the session and its day; `open_ended` where the facts leave the end open.

    `cause` is what several sessions have in common, if they may be told together.
    """

    chip: Chip
    sentence: str | Promise
    open_ended: str | Promise = ""
    cause: str | Promise = ""


def _stop(icon: str, word: str | Promise, *said: str | Promise) -> ObstacleWords:
    return ObstacleWords(Chip(icon, word, "stop"), *said)


def _warn(icon: str, word: str | Promise, *said: str | Promise) -> ObstacleWords:
    return ObstacleWords(Chip(icon, word, "warn"), *said)


WORDS: Mapping[Code, ObstacleWords] = {
    Code.NO_CONSENT: _stop(
        "octagon-x", _l("Consent missing"), _l("No signed consent for session %(which)s on %(day)s.")
    ),
    Code.CONSENT_ENDS: _stop(
        "octagon-x",
        _l("Consent ends before"),
        _l("The consent ends on %(until)s, before session %(which)s on %(day)s."),
    ),
    Code.NOT_SCREENED: _stop(
        "octagon-x", _l("Not screened"), _l("Not screened, and session %(which)s is on %(day)s.")
    ),
    Code.RESCREEN_NEEDED: _stop(
        "octagon-x",
        _l("Screen anew"),
        _l("To be screened anew before session %(which)s on %(day)s."),
    ),
    Code.SCREENING_BLOCKS: _stop(
        "octagon-x",
        _l("May not start"),
        _l("The screening rules out session %(which)s on %(day)s."),
    ),
    Code.SCREENING_POSTPONES: _warn(
        "pause",
        _l("Has to wait"),
        _l("The screening makes session %(which)s on %(day)s wait until %(first_day)s."),
        _l("The screening makes session %(which)s on %(day)s wait."),
    ),
    Code.SCREENING_HOLDS: _warn(
        "pause",
        _l("On hold"),
        _l("Session %(which)s on %(day)s is on hold until a clinician decides."),
    ),
    Code.SET_ASIDE: ObstacleWords(
        Chip("pen-line", _l("Set aside"), "info"),
        _l("%(by)s set an answer aside on %(on)s, until %(first_day)s."),
        _l("%(by)s set an answer aside on %(on)s, until the fact changes."),
    ),
    Code.RECORD_OPEN: _warn(
        "clipboard-pen",
        _l("Record not finished"),
        _l("The record of session %(which)s on %(day)s is not finished."),
    ),
    Code.CLOSED: _stop(
        "calendar-off",
        _l("Clinic closed"),
        _l("%(location)s is closed on %(day)s until %(until)s. Session %(which)s needs another time."),
        "",
        _l("%(location)s is closed on %(day)s."),
    ),
    Code.PUBLIC_HOLIDAY: _stop(
        "calendar-off",
        _l("Clinic closed"),
        _l("%(location)s is closed on %(day)s for %(holiday)s. Session %(which)s needs another day."),
        "",
        _l("%(location)s is closed on %(day)s for %(holiday)s."),
    ),
    Code.ON_LEAVE: _stop(
        "calendar-off",
        _l("%(resource)s away"),
        _l("%(resource)s is away on %(day)s until %(until)s. Session %(which)s needs another place."),
        "",
        _l("%(resource)s is away on %(day)s."),
    ),
    Code.OUTSIDE_HOURS: _stop(
        "clock-alert",
        _l("Outside hours"),
        _l(
            "Session %(which)s on %(day)s is outside the hours of %(resource)s: %(open)s. It takes %(length)s."
        ),
        "",
        _l("%(resource)s has other hours on %(day)s."),
    ),
    Code.NOT_OPEN_THAT_DAY: _stop(
        "calendar-off",
        _l("%(resource)s not there"),
        _l("%(resource)s is not there on %(day)s. Session %(which)s needs another place."),
        "",
        _l("%(resource)s is not there on %(day)s."),
    ),
    Code.RESOURCE_MISSING: _stop(
        "octagon-x", _l("Nobody to serve it"), _l("Session %(which)s on %(day)s has no %(kind)s.")
    ),
    Code.RESOURCE_INACTIVE: _stop(
        "octagon-x",
        _l("%(resource)s out of use"),
        _l("%(resource)s is no longer in use, and session %(which)s is on %(day)s."),
        "",
        _l("%(resource)s is no longer in use."),
    ),
    Code.NOT_QUALIFIED: _stop(
        "octagon-x",
        _l("Skill missing"),
        _l("%(resource)s may not do session %(which)s on %(day)s: %(missing)s is not among the skills."),
        "",
        _l("%(resource)s has not the skill %(missing)s."),
    ),
    Code.LACKS_WHAT_IS_NEEDED: _stop(
        "octagon-x",
        _l("%(resource)s does not serve"),
        _l("%(resource)s lacks %(missing)s, which session %(which)s on %(day)s needs."),
        "",
        _l("%(resource)s lacks %(missing)s."),
    ),
    Code.DEVICE_TOO_SHALLOW: _stop(
        "octagon-x",
        _l("Device too shallow"),
        _l("%(resource)s reaches %(deepest_mm)s mm; session %(which)s on %(day)s needs %(needed_mm)s mm."),
    ),
    Code.WRONG_ORDER: _stop(
        "calendar-x",
        _l("Out of order"),
        _l("Session %(which)s on %(day)s would not come after session %(after)s."),
    ),
    Code.TOO_SOON: _stop(
        "calendar-x",
        _l("Too soon"),
        _l(
            "Session %(which)s on %(day)s is %(days)s days after session %(after)s; the skin needs %(needed)s."
        ),
    ),
    Code.TOO_LATE: _warn(
        "triangle-alert",
        _l("Past the longest gap"),
        _l("Session %(which)s on %(day)s is later than the longest gap allows."),
    ),
    Code.BEGINS_LATE: _warn(
        "clock-alert",
        _l("Begins late"),
        _l("%(resource)s is not free before %(free_at)s, %(minutes)s minutes into session %(which)s."),
        "",
        _l("%(resource)s runs late."),
    ),
    Code.SKIN_NOT_RESTED: _stop(
        "calendar-x",
        _l("Skin not rested"),
        _l(
            "Session %(which)s on %(day)s is %(days)s days from %(other_day)s, when another series treats the"
            " same skin; it needs %(needed)s."
        ),
    ),
    Code.OTHER_AREA_TOO_NEAR: _stop(
        "calendar-x",
        _l("Other area too near"),
        _l(
            "Session %(which)s on %(day)s is %(days)s days from %(other_day)s, when another area is treated; the clinic"
            " wants %(needed)s."
        ),
    ),
    Code.NO_TIME: _warn("triangle-alert", _l("No time"), _l("Session %(which)s has no place.")),
    Code.NOT_ENDED: _warn(
        "circle-question-mark",
        _l("Nobody said how it ended"),
        _l("Session %(which)s was on %(when)s, and nobody said what became of it."),
    ),
    Code.NO_ADDRESS: ObstacleWords(
        Chip("mail-x", _l("No address"), "info"),
        _l("There is no address for mails about session %(which)s on %(day)s."),
    ),
    Code.ADDRESS_REFUSED: ObstacleWords(
        Chip("mail-x", _l("Address refused"), "info"),
        _l("The address was refused: no mail about session %(which)s on %(day)s arrives."),
    ),
    Code.NOT_TOLD: ObstacleWords(
        Chip("phone", _l("Not told"), "info"),
        _l("The patient has not been told of the last change of dates."),
    ),
}


def to_settle_first(obstacle: Obstacle) -> str:
    """What the record has against planning at all, or on some days."""
    day = obstacle.until or obstacle.facts.get("until")
    said = _BEFORE_PLANNING[obstacle.code, day is not None]
    return str(said) % {"day": weekday_label(day) if day else ""}


_BEFORE_PLANNING = {
    (Code.NO_CONSENT, False): _l("The consent to treatment is to be signed first."),
    (Code.CONSENT_ENDS, True): _l(
        "The consent to treatment ends on %(day)s; it is to be signed anew for later days."
    ),
    (Code.NOT_SCREENED, False): _l("The medical questions are to be asked first."),
    (Code.RESCREEN_NEEDED, False): _l("The patient is to be screened anew first."),
    (Code.SCREENING_BLOCKS, False): _l("The screening rules a treatment out."),
    (Code.SCREENING_BLOCKS, True): _l("The screening rules a treatment out until %(day)s."),
    (Code.SCREENING_POSTPONES, False): _l("The screening makes a treatment wait."),
    (Code.SCREENING_POSTPONES, True): _l("The screening makes a treatment wait until %(day)s."),
    (Code.SCREENING_HOLDS, False): _l("A clinician decides about the screening first."),
    (Code.SCREENING_HOLDS, True): _l("A clinician decides about the screening first."),
}
_WHY_WITHOUT = {
    SessionState.NO_SHOW: _l("Did not come to session %(which)s on %(day)s; it has no new time."),
    SessionState.RELEASED: _l("Will ring back about session %(which)s, which was on %(day)s."),
}


def chip_of(obstacle: Obstacle) -> Chip:
    chip = WORDS[obstacle.code].chip
    return Chip(chip.icon, chip.word % obstacle.facts, chip.tone) if obstacle.facts else chip


def n_of_m(session: Session) -> str:
    return _("%(number)s of %(all)s") % {
        "number": session.number,
        "all": session.series.sessions_planned,
    }


def sentence_of(
    obstacle: Obstacle, session: Session, zone: ZoneInfo, *, today: date, staff: StaffMember | None = None
) -> str:
    """What stands in the way of this session, and until when; for `staff` who may see the record, also what it is."""
    words, facts = WORDS[obstacle.code], _spoken(obstacle, session, zone)
    is_open_ended = words.open_ended and obstacle.until is None
    said = str(words.open_ended if is_open_ended else words.sentence) % facts
    if obstacle.code == Code.NO_TIME and session.starts_at:
        said = str(_WHY_WITHOUT[SessionState(session.state)]) % facts
    of_record = obstacle.of_record if staff and staff.may(Right.SEE_RECORD) else ""
    return " ".join(filter(None, [said, _by_when(obstacle, facts, today), of_record]))


def cause_of(obstacle: Obstacle, session: Session, zone: ZoneInfo) -> str:
    """What this session's obstacle has in common with others'; nothing where each stands for itself."""
    cause = WORDS[obstacle.code].cause
    return str(cause) % _spoken(obstacle, session, zone) if cause else ""


def _by_when(obstacle: Obstacle, facts: Mapping[str, Any], today: date) -> str:
    last_day = obstacle.facts.get("last_day")
    if obstacle.code not in (Code.NO_TIME, Code.TOO_LATE) or last_day is None:
        return ""
    is_over = last_day < today
    said = _("The longest gap ended on %(last_day)s.") if is_over else _("It should be by %(last_day)s.")
    return said % facts


def _spoken(obstacle: Obstacle, session: Session, zone: ZoneInfo) -> dict[str, Any]:
    facts: dict[str, Any] = {name: _said(value, zone) for name, value in obstacle.facts.items()}
    facts |= {"which": n_of_m(session), "first_day": weekday_label(obstacle.until) if obstacle.until else ""}
    if session.starts_at:
        day = local_date(session.starts_at, zone)
        facts |= {"day": weekday_label(day), "when": moment_label(session.starts_at, zone)}
    return facts


def _said(value: Any, zone: ZoneInfo) -> Any:
    if isinstance(value, datetime):
        local = value.astimezone(zone)
        return weekday_label(local.date()) if local.time() == time() else moment_label(value, zone)
    if isinstance(value, date):
        return weekday_label(value)
    return ", ".join(value) if isinstance(value, list) else value


# The next step


def next_step(obstacle: Obstacle, session: Session, staff: StaffMember) -> NextStep:
    """Where it is removed, for those who may; the others see the session."""
    if staff.may(obstacle.remover):
        return _STEPS.get(obstacle.code, _move)(session)
    return NextStep(_("Open the session"), reverse("session", args=[session.pk]))


def _sign(session: Session) -> NextStep:
    return NextStep(_("Have it signed"), reverse("consent", args=[session.patient_id, ConsentKind.TREATMENT]))


def _screen(session: Session) -> NextStep:
    return NextStep(_("Screen"), reverse("screening", args=[session.patient_id]))


def _look(session: Session) -> NextStep:
    return NextStep(_("See why"), reverse("screening", args=[session.patient_id]))


def _decide(session: Session) -> NextStep:
    return NextStep(_("Look and decide"), reverse("screening", args=[session.patient_id]))


def _move(session: Session) -> NextStep:
    label = _("Move it") if session.state in ("booked", "confirmed") else _("Find a time")
    return NextStep(label, reverse("session_move", args=[session.pk]))


def _say(session: Session) -> NextStep:
    return NextStep(_("Say it"), reverse("session", args=[session.pk]))


def _finish(session: Session) -> NextStep:
    return NextStep(_("Finish it"), reverse("session", args=[session.pk]))


def _address(session: Session) -> NextStep:
    return NextStep(_("Enter an address"), reverse("patient_edit", args=[session.patient_id]))


def _mails(session: Session) -> NextStep:
    return NextStep(_("See the mails"), reverse("messages", query={"patient": session.patient_id}))


_STEPS = {
    Code.NO_CONSENT: _sign,
    Code.CONSENT_ENDS: _sign,
    Code.NOT_SCREENED: _screen,
    Code.RESCREEN_NEEDED: _screen,
    Code.SCREENING_BLOCKS: _decide,
    Code.SCREENING_POSTPONES: _decide,
    Code.SCREENING_HOLDS: _decide,
    Code.RECORD_OPEN: _finish,
    Code.NOT_ENDED: _say,
    Code.SET_ASIDE: _look,
    Code.NO_ADDRESS: _address,
    Code.ADDRESS_REFUSED: _address,
    Code.NOT_TOLD: _mails,
}
"""For all others the session is moved."""
