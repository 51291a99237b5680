"""What is known of a series before anything is offered or written: one reading for both, alone or under locks.

One query, however many sessions: the series with its patient, protocol and place, all its sessions, and what else of
the patient's has a time.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import F, OuterRef, QuerySet, Subquery

from clinic.localtime import local_date
from clinic.models import Location, ResourceKind
from clinic.nested import nested
from clinic.prepared import Prepared, is_one_of
from patients.models import Area
from planner.choices import HOLDS_TIME, WITHOUT_TIME
from planner.models import ProtocolPhase, Reservation, Series, Session, SiteDepth
from planner.obstacles.skin_rest import SkinUse, longest_gap_days, shortest_gap_days, use_by_another


@dataclass(frozen=True, slots=True)
class SeriesFacts:
    """A series with all its sessions by number, and what else its patient has.

    `practitioners` says who is or was booked for a session, by its id. `elsewhere` are the sessions of the patient's
    other series that have a time; `skin_uses` the days on which those treat, in order. `depth_mm` is
    the least depth that the protocol names for the deepest of the sites.
    """

    series: Series
    sessions: tuple[Session, ...]
    practitioners: Mapping[int, int | None]
    elsewhere: tuple[Session, ...]
    skin_uses: tuple[SkinUse, ...]
    phases: tuple[ProtocolPhase, ...]
    sites: frozenset[str]
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

    def patient_elsewhere(self, placing: Collection[Session]) -> tuple[Session, ...]:
        """Every session of the patient that has a time, but for those to be placed."""
        own = (session for session in self.in_states(HOLDS_TIME) if session not in placing)
        return (*own, *self.elsewhere)

    def longest_wait_days(self, before: int, after: int) -> int:
        """From one session to another, by number: a longest gap, and one more for each between that has yet to be."""
        between = (each for each in self.in_states(WITHOUT_TIME) if before < each.number < after)
        return longest_gap_days(self.series) * (1 + len(tuple(between)))

    def day(self, session: Session) -> date:
        assert session.starts_at is not None
        return local_date(session.starts_at, self.zone)


def facts_of(patients: Mapping[int, int]) -> tuple[SeriesFacts, ...]:
    """Of series by id, each with its patient's, in the order given: one query."""
    of_patient: defaultdict[int, list[Session]] = defaultdict(list)
    for session in _with_everything(patients=list(patients.values())):
        of_patient[session.patient_id].append(session)
    return tuple(_facts(pk, of_patient[patient]) for pk, patient in patients.items())


@Prepared
def _with_everything() -> QuerySet[Any]:
    version = "series__protocol_version"
    phases = ProtocolPhase.objects.filter(version=OuterRef(version)).order_by("position")
    skin = Area.objects.filter(series=OuterRef("series"))
    sites = Area.objects.filter(series=OuterRef(OuterRef("series"))).values("site")
    depths = SiteDepth.objects.filter(version=OuterRef(version), site__in=sites).order_by("-min_mm")
    held = Reservation.objects.filter(session=OuterRef("pk"), resource__kind=ResourceKind.PRACTITIONER)
    return (
        Session.objects.filter(is_one_of("patient", "patients"))
        .select_related("series__patient", "series__location", f"{version}__protocol")
        .annotate(
            phases=nested(phases, "minutes", "needs"),
            skin=nested(skin, "site", "side"),
            other_area_days=F("patient__clinic__other_area_days"),
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
    for session in own:
        session.series, session.patient, session.location = series, series.patient, series.location
    return SeriesFacts(
        series=series,
        sessions=tuple(own),
        practitioners={session.pk: session.practitioner_id for session in own},
        elsewhere=tuple(elsewhere),
        skin_uses=tuple(sorted(_skin_uses(own[0], elsewhere), key=lambda use: use.day)),
        phases=tuple(ProtocolPhase(**phase) for phase in own[0].phases),
        sites=frozenset(area["site"] for area in own[0].skin),
        depth_mm=own[0].depth_mm,
    )


def _skin_uses(own: Any, elsewhere: Iterable[Any]) -> Iterator[SkinUse]:
    ours = [(area["site"], area["side"]) for area in own.skin]
    for session in elsewhere:
        yield use_by_another(
            local_date(session.starts_at, session.series.location.zone),
            ours,
            [(area["site"], area["side"]) for area in session.skin],
            rest_days=max(shortest_gap_days(own.series), shortest_gap_days(session.series)),
            other_area_days=own.other_area_days,
        )
