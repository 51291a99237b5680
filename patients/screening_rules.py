"""What the medical answers mean for booking. Pure: questions and answers in, one verdict out.

The shipped questions stand in `data/screening.yaml`, each with its source; a clinic keeps its own copy as
rows with the same fields, and either serves here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, TypeVar

import yaml
from django.utils.translation import gettext_lazy as _

from clinic.localtime import day_label
from patients.choices import (
    AnswerKind,
    Certainty,
    OverrideBy,
    Persistence,
    QuestionGroup,
    ScreeningEffect,
    SkinType,
)

SHIPPED_QUESTIONS = Path(__file__).parent / "data" / "screening.yaml"
ADULT_AGE, LABEL_AGE = 18, 22
NOTHING: Mapping[str, date | None] = MappingProxyType({})


class AskedQuestion(Protocol):
    """A question as the rules read it; the clinic's own rows have the same fields."""

    @property
    def code(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def date_meaning(self) -> str: ...
    @property
    def effect(self) -> str: ...
    @property
    def wait_days(self) -> int | None: ...
    @property
    def wait_days_dark_skin(self) -> int | None: ...
    @property
    def override_by(self) -> str: ...
    @property
    def override_floor_days(self) -> int | None: ...
    @property
    def persistence(self) -> str: ...
    @property
    def only_modality(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def certainty(self) -> str: ...


class GivenAnswer(Protocol):
    @property
    def question(self) -> AskedQuestion: ...
    @property
    def said_yes(self) -> bool: ...
    @property
    def event_date(self) -> date | None: ...


@dataclass(frozen=True, slots=True)
class Question:
    """A shipped question. Asked of everybody; one with `only_modality` or `only_site` counts only there.

    A yes has `effect`; a postponement lasts `wait_days` from the day that `date_meaning` names (for skin
    types IV to VI `wait_days_dark_skin`, where given), and without an end while that day is not known.
    """

    code: str
    text: str
    effect: ScreeningEffect
    source: str
    certainty: Certainty
    position: int
    version: int
    help: str = ""
    kind: AnswerKind = AnswerKind.YES_NO
    date_meaning: str = ""
    wait_days: int | None = None
    wait_days_dark_skin: int | None = None
    override_by: str = OverrideBy.NONE
    override_floor_days: int | None = None
    persistence: str = Persistence.PASSING
    only_modality: str = ""
    only_site: str = ""
    group: str = ""
    ask_every_session: bool = False

    def __post_init__(self) -> None:
        waits = self.effect is ScreeningEffect.POSTPONE
        if waits != (self.wait_days is not None) or waits != bool(self.date_meaning):
            raise ValueError(f"{self.code}: a postponement, and only that, has wait_days and date_meaning")
        if waits != (self.kind is AnswerKind.YES_NO_DATE):
            raise ValueError(f"{self.code}: a postponement, and only that, asks for a date")
        if self.override_floor_days is not None and not (waits and self.override_by):
            raise ValueError(f"{self.code}: only a wait that may be set aside has a floor")


@dataclass(frozen=True, slots=True)
class StatedAnswer:
    question: AskedQuestion
    said_yes: bool
    event_date: date | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What speaks against needling, or has to be known; `until` is the first day it no longer counts.

    `floor` is the first day from which it may be set aside, where no reason lifts it before.
    """

    code: str
    effect: ScreeningEffect
    sentence: str
    source: str
    certainty: str
    until: date | None = None
    floor: date | None = None
    override_allowed: bool = False
    overridden: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """The worst effect of all findings that stand, and all findings, worst first.

    `earliest` is the first day after every dated wait; nothing when no wait stands or one has no end yet. A
    hold or a block may stand beside it: `effect` decides whether booking is possible.
    """

    effect: ScreeningEffect
    earliest: date | None
    findings: tuple[Finding, ...]

    @property
    def may_book(self) -> bool:
        return self.effect in (ScreeningEffect.CLEAR, ScreeningEffect.WARN)

    @property
    def sets_aside(self) -> bool:
        """Whether it would be another one without what somebody set aside."""
        return any(finding.overridden for finding in self.findings)


class ImpossibleDate(ValueError):
    """A date that lies after the day it is judged for; `code` is the question's, or `date_of_birth`."""

    def __init__(self, code: str, given: date) -> None:
        super().__init__(code, given)
        self.code = code
        self.given = given


def load_questions(path: Path = SHIPPED_QUESTIONS) -> tuple[Question, ...]:
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    return tuple(
        _question(entry, position, data["version"])
        for position, entry in enumerate(data["questions"], start=1)
    )


def _question(entry: dict[str, str], position: int, version: int) -> Question:
    typed = {
        "effect": ScreeningEffect(entry["effect"]),
        "certainty": Certainty(entry["certainty"]),
        "kind": AnswerKind(entry.get("kind", AnswerKind.YES_NO)),
        "group": QuestionGroup(entry["group"]),
        "override_by": OverrideBy(entry.get("override_by", OverrideBy.NONE)),
        "persistence": Persistence(entry.get("persistence", Persistence.PASSING)),
    }
    return Question(**{**entry, **typed, "position": position, "version": version})  # type: ignore[arg-type]


def birthday(born: date, age: int) -> date:
    """The day somebody reaches `age`; for one born on 29 February it is 1 March in other years (UK)."""
    try:
        return born.replace(year=born.year + age)
    except ValueError:
        return date(born.year + age, 3, 1)


def judge(
    answers: Iterable[GivenAnswer],
    *,
    questions: Iterable[AskedQuestion],
    on: date,
    date_of_birth: date,
    skin_type: int | None,
    modality: str | None = None,
    overridden: Mapping[str, date | None] = NOTHING,
) -> Verdict:
    """Whether a session on `on` is possible, by the answers and the patient's age.

    `questions` are all that have to be answered; of an unanswered one nothing is known yet. `overridden` are codes a
    clinician has set aside with a reason, each with the first day on which that no longer counts, if there is one:
    those findings stay to be seen but do not count; a code nobody may set aside counts on, and one with a floor until
    then. Without a skin type the longer wait holds. A question of another modality than `modality`
    does not count. Refuses dates after `on` (`ImpossibleDate`).
    """
    given = [answer for answer in answers if concerns(answer.question, modality)]
    answered = {answer.question.code for answer in given}
    return weigh(
        given,
        unanswered=[each for each in questions if concerns(each, modality) and each.code not in answered],
        on=on,
        date_of_birth=date_of_birth,
        skin_type=skin_type,
        overridden=overridden,
    )


def concerns(question: AskedQuestion, modality: str | None) -> bool:
    return question.only_modality in ("", modality)


def weigh(
    answers: Iterable[GivenAnswer],
    *,
    unanswered: Iterable[AskedQuestion],
    on: date,
    date_of_birth: date,
    skin_type: int | None,
    overridden: Mapping[str, date | None] = NOTHING,
) -> Verdict:
    """As `judge`, of answers that all count and of questions that should have been answered."""
    findings = [
        *_of_age(date_of_birth, on),
        *map(_missing, unanswered),
        *(found for answer in answers for found in _of_answer(answer, on, skin_type)),
    ]
    return _verdict([_set_aside(finding, overridden, on) for finding in findings])


def _of_age(born: date, on: date) -> list[Finding]:
    if born > on:
        raise ImpossibleDate("date_of_birth", born)
    adult = birthday(born, ADULT_AGE)
    if on < adult:
        return [_too_young(adult)]
    if on < birthday(born, LABEL_AGE):
        return [_under_label_age()]
    return []


def _too_young(adult: date) -> Finding:
    return Finding(
        code="under_18",
        effect=ScreeningEffect.BLOCK,
        sentence=str(_("Under 18. Needling is possible from %(day)s.") % {"day": day_label(adult)}),
        source="An age limit is proposed in the UK licensing consultation 2023; 18 is the clinic's own",
        certainty=Certainty.CLINIC_SETTING,
        until=adult,
    )


def _under_label_age() -> Finding:
    return Finding(
        code="under_22",
        effect=ScreeningEffect.WARN,
        sentence=str(_("Under 22: outside the age on US device labels.")),
        source="FDA, microneedling devices: authorised from 22 years",
        certainty=Certainty.FOUND,
    )


def _missing(question: AskedQuestion) -> Finding:
    return Finding(
        code=question.code,
        effect=ScreeningEffect.UNASKED,
        sentence=str(_("Not answered yet: %(question)s") % {"question": question.text}),
        source=question.source,
        certainty=question.certainty,
    )


def _of_answer(answer: GivenAnswer, on: date, skin_type: int | None) -> list[Finding]:
    question = answer.question
    if answer.event_date and answer.event_date > on:
        raise ImpossibleDate(question.code, answer.event_date)
    if not answer.said_yes:
        return []
    until = wait_ends(answer, skin_type)
    if until and until <= on:
        return []
    return [
        Finding(
            code=question.code,
            effect=ScreeningEffect(question.effect),
            sentence=_sentence(answer, until),
            floor=floor_of(question, answer.event_date),
            source=question.source,
            certainty=question.certainty,
            until=until,
            override_allowed=question.override_by == OverrideBy.CLINICIAN,
        )
    ]


def floor_of(question: AskedQuestion, event_date: date | None) -> date | None:
    """The first day from which the wait may be set aside; nothing where any day will do, or no event is known."""
    if question.override_floor_days is None or event_date is None:
        return None
    return event_date + timedelta(days=question.override_floor_days)


def wait_ends(answer: GivenAnswer, skin_type: int | None) -> date | None:
    """The first day after the wait; nothing for an effect without a wait, or while the event has no date."""
    question = answer.question
    if question.wait_days is None or answer.event_date is None:
        return None
    is_dark = skin_type is None or SkinType(skin_type).is_dark
    days = question.wait_days_dark_skin if is_dark and question.wait_days_dark_skin else question.wait_days
    return answer.event_date + timedelta(days=days)


def _sentence(answer: GivenAnswer, until: date | None) -> str:
    question = answer.question
    facts = {"question": question.text, "event": question.date_meaning}
    if question.effect == ScreeningEffect.POSTPONE and answer.event_date and until:
        dates = {"day": day_label(answer.event_date), "until": day_label(until)}
        said = _("%(event)s: %(day)s. Needling is possible from %(until)s.") % {**facts, **dates}
    else:
        said = _CONSEQUENCES[ScreeningEffect(question.effect)] % facts
    may_differ = question.override_by and question.effect in (ScreeningEffect.POSTPONE, ScreeningEffect.BLOCK)
    return f"{said} {_('A clinician may decide otherwise, with a reason.')}" if may_differ else str(said)


_CONSEQUENCES = {
    ScreeningEffect.WARN: _("%(question)s Yes. Needling is possible; keep it in mind."),
    ScreeningEffect.POSTPONE: _("%(event)s: no date yet. Needling waits until the date is known."),
    ScreeningEffect.HOLD: _("%(question)s Yes. A clinician decides, with a reason."),
    ScreeningEffect.BLOCK: _("%(question)s Yes. Needling is not possible."),
}


def _set_aside(finding: Finding, overridden: Mapping[str, date | None], on: date) -> Finding:
    if not finding.override_allowed or finding.code not in overridden:
        return finding
    until = overridden[finding.code]
    if until and until <= on:
        return finding
    if finding.floor and on < finding.floor:
        return replace(finding, until=finding.floor)
    return replace(finding, overridden=True)


Override = TypeVar("Override")


def override_in_force(history: Iterable[tuple[bool, date | None, Override | None]]) -> Override | None:
    """Of a fact that stands: what set it aside, when the same was said ever since.

    The answers to one question come newest first: said yes, the day of the event, and what set this answer aside.
    """
    said: tuple[bool, date | None] | None = None
    for said_yes, event_date, override in history:
        said = said or (said_yes, event_date)
        if not said_yes or (said_yes, event_date) != said:
            return None
        if override is not None:
            return override
    return None


def _verdict(findings: list[Finding]) -> Verdict:
    standing = [finding for finding in findings if not finding.overridden]
    worst = max((finding.effect for finding in standing), key=_rank, default=ScreeningEffect.CLEAR)
    ordered = sorted(findings, key=lambda finding: (finding.overridden, -finding.effect.rank))
    return Verdict(worst, _earliest(standing), tuple(ordered))


def _rank(effect: ScreeningEffect) -> int:
    return effect.rank


def _earliest(standing: Iterable[Finding]) -> date | None:
    waits = [each.until for each in standing if each.until or each.effect is ScreeningEffect.POSTPONE]
    ends = [until for until in waits if until]
    return max(ends) if ends and len(ends) == len(waits) else None
