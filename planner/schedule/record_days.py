"""The days on which the record keeps a series from treating: they are never asked of the engine.

A record speaks differently only from one of a few days on: where a consent begins or ends, a wait is over, a patient is
of age. So it is asked on those, and not on every day.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

from clinic.localtime import local_date
from planner.choices import NEEDLED
from planner.models import Session
from planner.obstacles.from_record import TreatmentDay, stopping_day
from planner.obstacles.obstacle import Obstacle
from planner.obstacles.patient_record import PatientRecord
from planner.schedule.series_facts import SeriesFacts

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RuledOut:
    """From `first` to `last`, included; `obstacle` is what comes first against it."""

    first: date
    last: date
    obstacle: Obstacle


def ruled_out(
    facts: SeriesFacts, record: PatientRecord, first: date, last: date, *, today: date
) -> tuple[RuledOut, ...]:
    """In order and apart, between two days; what the record says of the days since the last treatment apart."""
    turns = sorted({first, *(day for day in record.turning_days() if first < day <= last)})
    spans = (
        RuledOut(since, until - ONE_DAY, obstacle)
        for since, until in pairwise([*turns, last + ONE_DAY])
        if (obstacle := _against(facts, record, since, today))
    )
    return tuple(_joined(spans))


def _against(facts: SeriesFacts, record: PatientRecord, day: date, today: date) -> Obstacle | None:
    planned = TreatmentDay(day, facts.series.protocol_version, facts.sites, treated_on=None)
    return next(stopping_day(planned, record, facts.zone, today=today), None)


def _joined(spans: Iterator[RuledOut]) -> Iterator[RuledOut]:
    open_span: RuledOut | None = None
    for span in spans:
        if open_span and open_span.last + ONE_DAY == span.first:
            open_span = replace(open_span, last=span.last)
            continue
        if open_span:
            yield open_span
        open_span = span
    if open_span:
        yield open_span


def first_allowed(days: Sequence[RuledOut], first: date) -> date:
    """The first day from `first` on that is not ruled out."""
    for span in days:
        if span.first <= first <= span.last:
            first = span.last + ONE_DAY
    return first


def lapses_after(facts: SeriesFacts, record: PatientRecord, before: Session | None) -> date | None:
    """The last day for the next session after a treatment before which nobody need be screened anew."""
    if before is None or before.state not in NEEDLED or record.screened_at is None:
        return None
    treated_on = facts.day(before)
    if local_date(record.screened_at, facts.zone) > treated_on:
        return None
    return treated_on + timedelta(days=facts.series.protocol_version.lapse_days)
