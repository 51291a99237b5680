"""What stands in the records of many patients about being treated on a day, read in two statements."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Self

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Func, JSONField, OuterRef, Q, QuerySet, Subquery

from clinic.nested import Row, nested
from clinic.prepared import Given, Prepared, is_one_of
from patients.choices import ConsentKind
from patients.models import Area, Assessment, Consent, Patient, Screening, ScreeningAnswer, ScreeningQuestion
from patients.screening_rules import (
    ADULT_AGE,
    StatedAnswer,
    Verdict,
    birthday,
    concerns,
    override_in_force,
    weigh,
)
from planner.choices import HOLDS_TIME, NEEDLED, MessageState, SeriesState, SessionState
from planner.models import Message, Series, Session

ONE_DAY = timedelta(days=1)
LOST = (MessageState.FAILED, MessageState.MISSED)


@dataclass(frozen=True, slots=True)
class Held:
    """A session that holds its time, or held it; `is_done` when the skin was needled."""

    number: int
    starts_at: datetime
    is_done: bool


@dataclass(frozen=True, slots=True)
class SkinOfSeries:
    """The skin that a series treats, by site and side, and how many days it rests at least."""

    rest_days: int
    skin: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class SettingAside:
    """By whom and when an answer was set aside, and the first day on which it counts again, if there is one."""

    by: str
    at: datetime
    until: date | None


@dataclass(frozen=True, slots=True)
class PatientRecord:
    """Of one patient: `consents` for treatment, newest first, from and to; `held` by series, in the order of time;
    `without_time` are the numbers of those that have none, `skins` what each series treats, with `other_area_days`
    between two that share no skin.

    `screened_at` is the last full screening, `asked_at` the last round of any kind, `judged_at` the last assessment.
    `answered` is the question as it was last put, by its code; `told` what of it was answered with yes, and what has
    set that aside. `untold_series` are those of which the last news about dates never arrived;
    `is_address_refused`, if the last mail to the present address was.
    """

    patient: Patient
    consents: tuple[tuple[date, date], ...]
    screened_at: datetime | None
    asked_at: datetime | None
    judged_at: datetime | None
    held: Mapping[int, Sequence[Held]]
    without_time: Mapping[int, Sequence[int]]
    skins: Mapping[int, SkinOfSeries]
    other_area_days: int
    questions: tuple[ScreeningQuestion, ...]
    answered: Mapping[str, ScreeningQuestion]
    told: Sequence[tuple[StatedAnswer, SettingAside | None]]
    untold_series: frozenset[int]
    is_address_refused: bool

    def consent_until(self, day: date) -> date | None:
        """The last day of the newest consent that is good on `day`."""
        return next((until for since, until in self.consents if since <= day <= until), None)

    def turning_days(self) -> set[date]:
        """From each of these to the next the record says the same of every day."""
        days = {birthday(self.patient.date_of_birth, ADULT_AGE)}
        for since, until in self.consents:
            days |= {since, until + ONE_DAY}
        for answer, setting_aside in self.told:
            if setting_aside and setting_aside.until:
                days.add(setting_aside.until)
            if answer.event_date:
                question = answer.question
                waits = (question.wait_days, question.wait_days_dark_skin, question.override_floor_days)
                days |= {answer.event_date + timedelta(days=each or 0) for each in (0, *waits)}
        return days

    def treated_last(self, series_id: int) -> datetime | None:
        """When the last session of the series that is done began."""
        return max((each.starts_at for each in self.held.get(series_id, ()) if each.is_done), default=None)

    def treated_before(self, series_id: int, at: datetime) -> datetime | None:
        """When the session before `at` began, if that is done; one that is still to come lies between otherwise."""
        earlier = [each for each in self.held.get(series_id, ()) if each.starts_at < at]
        return earlier[-1].starts_at if earlier and earlier[-1].is_done else None

    def verdict(self, on: date, *, sites: Collection[str] = (), modality: str | None = None) -> Verdict:
        """Whether needling these sites is possible on a day, by the newest answer to each question.

        Refuses a day before something told of (`ImpossibleDate`).
        """
        counts = {
            each.code: each
            for each in self.questions
            if (not (sites and each.only_site) or each.only_site in sites) and concerns(each, modality)
        }
        told = [each for each in self.told if each[0].question.code in counts]
        return weigh(
            [answer for answer, _ in told if concerns(answer.question, modality)],
            unanswered=[each for code, each in counts.items() if not self._is_answered(code, modality)],
            on=on,
            date_of_birth=self.patient.date_of_birth,
            skin_type=self.patient.skin_type,
            overridden={answer.question.code: aside.until for answer, aside in told if aside},
        )

    def _is_answered(self, code: str, modality: str | None) -> bool:
        return code in self.answered and concerns(self.answered[code], modality)


@dataclass(frozen=True, slots=True)
class _Round:
    """One round of questions: the keys of those that were put, and what was answered with yes."""

    taken_at: datetime
    is_recheck: bool
    asked: Sequence[int]
    yes: Sequence[Row]

    @classmethod
    def of(cls, row: Row) -> Self:
        return cls(datetime.fromisoformat(row["taken_at"]), row["is_recheck"], row["asked"], row["yes"])


def records_of(patients: Iterable[Patient]) -> dict[int, PatientRecord]:
    """By patient; all are of one clinic."""
    known = {patient.pk: patient for patient in patients}
    if not known:
        return {}
    rows = _with_records(patients=list(known))
    rounds = {row["pk"]: [_Round.of(each) for each in row["rounds"]] for row in rows}
    asked = {pk for each in rounds.values() for one in each for pk in one.asked}
    questions = _questions(next(iter(known.values())).clinic_id, asked)
    current = tuple(question for question in questions.values() if question.is_current)
    return {
        row["pk"]: PatientRecord(
            patient=known[row["pk"]],
            consents=tuple((_date(each["valid_from"]), _date(each["valid_to"])) for each in row["consented"]),
            judged_at=row["judged_at"],
            held=_held(row["its_sessions"]),
            without_time=_without_time(row["its_sessions"]),
            untold_series=frozenset(each["series_id"] for each in row["news"] if each["state"] in LOST),
            is_address_refused=row["last_mail"] == MessageState.FAILED,
            skins={each["pk"]: _skin(each) for each in row["skins"]},
            other_area_days=row["clinic__other_area_days"],
            questions=current,
            **_what_was_said(rounds[row["pk"]], questions),
        )
        for row in rows
    }


def _what_was_said(rounds: Sequence[_Round], questions: Mapping[int, ScreeningQuestion]) -> dict[str, Any]:
    """By the newest answer to each question, in whichever round it was given; the rounds come newest first."""
    answered: dict[str, ScreeningQuestion] = {}
    told: list[tuple[StatedAnswer, SettingAside | None]] = []
    for at, each in enumerate(rounds):
        for row in each.yes:
            question = questions[row["question_id"]]
            if question.code not in answered:
                day = row["event_date"] and _date(row["event_date"])
                aside = _aside(row)
                if aside is None and question.persistence:
                    aside = override_in_force(_history(question.pk, rounds[at:]))
                told.append((StatedAnswer(question, True, day), aside))
        answered = {questions[pk].code: questions[pk] for pk in each.asked} | answered
    return {
        "screened_at": next((each.taken_at for each in rounds if not each.is_recheck), None),
        "asked_at": rounds[0].taken_at if rounds else None,
        "answered": answered,
        "told": told,
    }


def _aside(row: Row) -> SettingAside | None:
    if row["at"] is None:
        return None
    until = row["until"] and _date(row["until"])
    return SettingAside(row["by"] or "", datetime.fromisoformat(row["at"]), until)


def _history(
    question_id: int, rounds: Iterable[_Round]
) -> Iterator[tuple[bool, date | None, SettingAside | None]]:
    """What was answered to it, newest first."""
    for each in rounds:
        yes = next((row for row in each.yes if row["question_id"] == question_id), None)
        if yes:
            yield True, yes["event_date"] and _date(yes["event_date"]), _aside(yes)
        elif question_id in each.asked:
            yield False, None, None


@Prepared
def _with_records() -> "QuerySet[Patient, Any]":
    of_patient = {"patient": OuterRef("pk")}
    consents = Consent.objects.filter(**of_patient, kind=ConsentKind.TREATMENT, withdrawn_at=None)
    sessions = Session.objects.filter(**of_patient).exclude(state=SessionState.CANCELLED)
    areas = Area.objects.filter(series=OuterRef("pk"))
    skins = Series.objects.filter(**of_patient).exclude(state=SeriesState.DRAFT)
    news = (
        Message.objects.filter(**of_patient, session=None).order_by("series_id", "-pk").distinct("series_id")
    )
    answered = Message.objects.filter(
        **of_patient, to_address=OuterRef("email"), state__in=(MessageState.SENT, MessageState.FAILED)
    )
    judged = Assessment.objects.filter(**of_patient).order_by("-taken_at").values("taken_at")
    return (
        Patient.objects.filter(is_one_of("pk", "patients"))
        .order_by()
        .values(
            "pk",
            "clinic__other_area_days",
            rounds=_rounds(Screening.objects.filter(**of_patient)),
            consented=nested(consents.order_by("-signed_at", "-pk"), "valid_from", "valid_to"),
            judged_at=Subquery(judged[:1]),
            its_sessions=nested(sessions.order_by("starts_at"), "series_id", "number", "starts_at", "state"),
            news=nested(news, "series_id", "state"),
            last_mail=Subquery(
                answered.exclude(to_address="").order_by("-closed_at", "-pk").values("state")[:1]
            ),
            skins=nested(
                skins,
                "pk",
                "gap_min_days",
                floor_days="protocol_version__floor_days",
                skin=nested(areas, "site", "side"),
            ),
        )
    )


def _rounds(of_patient: QuerySet[Screening]) -> Func:
    """What was asked and what was answered with yes, the newest round first."""
    given = ScreeningAnswer.objects.filter(screening=OuterRef("pk")).order_by()
    asked = Func(ArraySubquery(given.values("question_id")), function="to_jsonb", output_field=JSONField())
    aside = {"at": "override__at", "until": "override__until", "by": "override__by__staff__name"}
    yes = nested(given.filter(said_yes=True), "question_id", "event_date", **aside)
    return nested(of_patient.order_by("-taken_at", "-pk"), "taken_at", "is_recheck", asked=asked, yes=yes)


def _questions(clinic_id: int, asked: Collection[int]) -> dict[int, ScreeningQuestion]:
    """The clinic's current ones in order, and what was asked before they were changed."""
    return {each.pk: each for each in _current_or_asked(clinic=clinic_id, asked=list(asked))}


@Prepared
def _current_or_asked() -> QuerySet[ScreeningQuestion]:
    is_current = Q(clinic=Given("clinic"), is_current=True)
    return ScreeningQuestion.objects.filter(is_current | Q(is_one_of("pk", "asked")))


def _held(rows: Sequence[Row]) -> dict[int, list[Held]]:
    held: defaultdict[int, list[Held]] = defaultdict(list)
    for each in rows:
        if each["state"] in HOLDS_TIME and each["starts_at"]:
            at = datetime.fromisoformat(each["starts_at"])
            held[each["series_id"]].append(Held(each["number"], at, each["state"] in NEEDLED))
    return held


def _without_time(rows: Sequence[Row]) -> dict[int, list[int]]:
    numbers: defaultdict[int, list[int]] = defaultdict(list)
    for each in rows:
        if each["state"] not in HOLDS_TIME:
            numbers[each["series_id"]].append(each["number"])
    return numbers


def _skin(row: Row) -> SkinOfSeries:
    rest_days = max(row["gap_min_days"], row["floor_days"])
    return SkinOfSeries(rest_days, frozenset((each["site"], each["side"]) for each in row["skin"]))


_date = date.fromisoformat
