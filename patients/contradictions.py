"""Where an answer does not go with one that was given before. Pure, as `screening_rules` is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from clinic.localtime import day_label
from patients.choices import Persistence
from patients.screening_rules import GivenAnswer, wait_ends


class ContradictionKind(StrEnum):
    NO_LONGER_TRUE = "no_longer_true"
    STILL_WAITING = "still_waiting"
    DATE_WENT_BACK = "date_went_back"
    END_NOT_TOLD = "end_not_told"


FOLLOWED_BY = {
    "pregnant": "gave_birth",
    "breast_feeding": "breast_feeding_ended",
    "isotretinoin_now": "isotretinoin_stopped",
}
"""What a yes to one question makes of another once it is over."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """An answer that does not go with an earlier one, which was given on `said_on`."""

    kind: ContradictionKind
    now: GivenAnswer
    before: GivenAnswer
    said_on: date

    @property
    def sentence(self) -> str:
        facts = {"question": self.before.question.text, "event": self.before.question.date_meaning}
        days = {"said_on": day_label(self.said_on)}
        for name, answer in (("was", self.before), ("is", self.now)):
            days[name] = day_label(answer.event_date) if answer.event_date else ""
        return str(_CONTRADICTIONS[self.kind]) % {**facts, **days}


_CONTRADICTIONS = {
    ContradictionKind.NO_LONGER_TRUE: _("%(question)s Yes on %(said_on)s, now no: that does not pass."),
    ContradictionKind.STILL_WAITING: _(
        "%(event)s: %(was)s, said on %(said_on)s; now no, and the wait goes on."
    ),
    ContradictionKind.DATE_WENT_BACK: _(
        "%(event)s: %(was)s, said on %(said_on)s; now %(is)s, which is earlier."
    ),
    ContradictionKind.END_NOT_TOLD: _(
        "%(question)s Yes on %(said_on)s, now no, and nobody said when it ended."
    ),
}


def contradictions(
    now: Iterable[GivenAnswer],
    before: Mapping[str, tuple[GivenAnswer, date]],
    *,
    on: date,
    skin_type: int | None,
) -> tuple[Contradiction, ...]:
    """Of answers given `on` a day, those that do not go with the last ones `before`, by code, each with its day.

    To be looked at, never refused: either of the two may have been the mistake.
    """
    given = {answer.question.code: answer for answer in now}
    found = []
    for code, answer in given.items():
        if code in before:
            earlier, said_on = before[code]
            kind = _contradicts(answer, earlier, on, skin_type)
            if kind is None and _has_ended(answer, earlier) and not _is_end_told(code, given, before):
                kind = ContradictionKind.END_NOT_TOLD
            if kind:
                found.append(Contradiction(kind, answer, earlier, said_on))
    return tuple(found)


def _contradicts(
    answer: GivenAnswer, earlier: GivenAnswer, on: date, skin_type: int | None
) -> ContradictionKind | None:
    if not earlier.said_yes:
        return None
    if answer.said_yes:
        went_back = answer.event_date and earlier.event_date and answer.event_date < earlier.event_date
        return ContradictionKind.DATE_WENT_BACK if went_back else None
    if earlier.question.persistence == Persistence.LIFELONG:
        return ContradictionKind.NO_LONGER_TRUE
    ends = wait_ends(earlier, skin_type)
    return ContradictionKind.STILL_WAITING if ends and on < ends else None


def _has_ended(answer: GivenAnswer, earlier: GivenAnswer) -> bool:
    return answer.question.code in FOLLOWED_BY and earlier.said_yes and not answer.said_yes


def _is_end_told(
    code: str, given: Mapping[str, GivenAnswer], before: Mapping[str, tuple[GivenAnswer, date]]
) -> bool:
    """In this round, or in one since the yes."""
    follower = FOLLOWED_BY[code]
    if follower in given:
        return given[follower].said_yes
    told = before.get(follower)
    return told is not None and told[0].said_yes and told[1] >= before[code][1]
