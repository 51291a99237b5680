"""From rows to the engine's problem: the only bridge between the database and the engine.

A proposal is read in at most eight queries, however many sessions, resources or days: the series with all that its
patient has (1), the medical answers (2), resources with their reservations (1, and once more when the first look
ahead was too short), opening hours (3).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject

from clinic.localtime import local_date
from clinic.models import Location, ResourceKind
from patients.models import Area
from patients.screening_rules import Verdict
from patients.services.screening import standing
from planner.choices import HOLDS_TIME
from planner.models import ProtocolPhase, Reservation, Series, Session, SiteDepth
from planner.schedule.skin_rest import same_skin, shortest_gap_days


@dataclass(frozen=True, slots=True)
class SeriesFacts:
    """A series with all its sessions by number, and what else its patient has.

    `practitioners` says who is or was booked for a session, by its id. `elsewhere` are the sessions of the patient's
    other series that have a time; `skin_days` the days on which those treat skin of this one, with the days that
    must lie between.
    """

    series: Series
    sessions: tuple[Session, ...]
    practitioners: Mapping[int, int | None]
    elsewhere: tuple[Session, ...]
    skin_days: tuple[tuple[date, int], ...]
    phases: tuple[tuple[int, tuple[str, ...]], ...]
    depth_mm: Decimal | None

    @property
    def location(self) -> Location:
        return self.series.location

    @property
    def zone(self) -> ZoneInfo:
        return self.series.location.zone

    @property
    def depths(self) -> frozenset[Decimal]:
        """The depth that a device has to reach, if any."""
        return frozenset() if self.depth_mm is None else frozenset({self.depth_mm})

    def in_states(self, states: Collection[str]) -> tuple[Session, ...]:
        return tuple(session for session in self.sessions if session.state in states)

    def day(self, session: Session) -> date:
        assert session.starts_at is not None
        return local_date(session.starts_at, self.zone)


def facts_of(patients: Mapping[int, int]) -> tuple[SeriesFacts, ...]:
    """Of series by id, each with its patient's, in the order given: one query."""
    of_patient: defaultdict[int, list[Session]] = defaultdict(list)
    for session in _with_everything().filter(patient__in=set(patients.values())):
        of_patient[session.patient_id].append(session)
    return tuple(_facts(pk, of_patient[patient]) for pk, patient in patients.items())


@cache
def _with_everything() -> QuerySet[Any]:
    """Never evaluated itself; kept because describing it takes as long as asking it."""
    version = "series__protocol_version"
    phases = ProtocolPhase.objects.filter(version=OuterRef(version)).order_by("position")
    skin = Area.objects.filter(series=OuterRef("series"))
    sites = Area.objects.filter(series=OuterRef(OuterRef("series"))).values("site")
    depths = SiteDepth.objects.filter(version=OuterRef(version), site__in=sites).order_by("-min_mm")
    held = Reservation.objects.filter(session=OuterRef("pk"), resource__kind=ResourceKind.PRACTITIONER)
    return (
        Session.objects.select_related("series__patient", "series__location", f"{version}__protocol")
        .annotate(
            phases=ArraySubquery(phases.values(phase=JSONObject(minutes="minutes", needs="needs"))),
            skin=ArraySubquery(skin.values(area=JSONObject(site="site", side="side"))),
            depth_mm=Subquery(depths.values("min_mm")[:1]),
            practitioner_id=Subquery(held.order_by("-is_active", "-pk").values("resource")[:1]),
        )
        .order_by("series_id", "number")
    )


def _facts(series_id: int, of_patient: Sequence[Any]) -> SeriesFacts:
    own = [session for session in of_patient if session.series_id == series_id]
    series = own[0].series
    elsewhere = [
        session
        for session in of_patient
        if session.series_id != series_id and session.state in HOLDS_TIME and session.starts_at
    ]
    return SeriesFacts(
        series=series,
        sessions=tuple(own),
        practitioners={session.pk: session.practitioner_id for session in own},
        elsewhere=tuple(elsewhere),
        skin_days=tuple(_skin_days(own[0], elsewhere)),
        phases=tuple((phase["minutes"], tuple(phase["needs"])) for phase in own[0].phases),
        depth_mm=own[0].depth_mm,
    )


def _skin_days(own: Any, elsewhere: Iterable[Any]) -> Iterator[tuple[date, int]]:
    ours = [(area["site"], area["side"]) for area in own.skin]
    for session in elsewhere:
        theirs = [(area["site"], area["side"]) for area in session.skin]
        if any(same_skin(mine, their) for mine in ours for their in theirs):
            rest = max(shortest_gap_days(own.series), shortest_gap_days(session.series))
            yield local_date(session.starts_at, session.series.location.zone), rest


def standing_of(facts: SeriesFacts, on: date) -> Verdict:
    """What the patient's answers mean for this series on a day: two queries."""
    series = facts.series
    sites = {area["site"] for area in facts.sessions[0].skin}  # type: ignore[attr-defined]
    modality = series.protocol_version.protocol.modality
    return standing(series.patient, on=on, sites=sites, modality=modality)


# Requests


# Free time
