"""Drafting a series and proposing whole plans for it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime, time
from typing import Any, Self

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from clinic.actor import Actor
from clinic.errors import Refusal
from clinic.models import Location, Resource, ResourceKind
from clinic.services.once import BESIDE, once
from clinic.services.versions import Stale
from patients.models import Area, Patient
from planner.choices import SeriesState
from planner.models import ProtocolVersion, Series, Session
from planner.schedule.locking import lock, with_patience
from planner.schedule.refusals import SeriesClosed
from planner.schedule.taken_areas import refuse_taken

MOST_SESSIONS = 20
LAST_DAY = date(2100, 12, 31)


class NotTheirArea(Refusal):
    code = "not_their_area"
    status = 404
    sentence = _("One of these areas belongs to somebody else.")
    next_step = _("Nothing was saved. Reload the page.")


class NoArea(Refusal):
    code = "no_area"
    status = 422
    sentence = _("A series treats at least one area.")
    next_step = _("Nothing was saved. Choose the areas.")


class NotOfThisClinic(Refusal):
    """The location, the protocol or the practitioner wished for."""

    code = "not_of_this_clinic"
    status = 404
    sentence = _("This {what} belongs to another clinic.")
    next_step = _("Nothing was saved. Reload the page.")


class SessionsOutOfRange(Refusal):
    code = "sessions_out_of_range"
    status = 422
    sentence = _("A series has 1 to {most} sessions, not {sessions}.")
    next_step = _("Nothing was saved. Change the number of sessions.")


class GapUnderFloor(Refusal):
    code = "gap_under_floor"
    status = 422
    sentence = _("This protocol never treats the same skin sooner than after {floor_days} days, not {days}.")
    next_step = _("Nothing was saved. Choose a longer gap.")


class GapOutOfOrder(Refusal):
    code = "gap_out_of_order"
    status = 422
    sentence = _("Shortest, best and longest gap have to rise: {shortest}, {best}, {longest} days do not.")
    next_step = _("Nothing was saved. Change the gaps.")


class ChoiceReasonMissing(Refusal):
    code = "choice_reason_missing"
    status = 422
    sentence = _("This differs from what is recommended, and no reason is given.")
    next_step = _("Nothing was saved. Write why this suits the patient better.")


class WishUnclear(Refusal):
    """Weekdays and days that nobody means, hours that end before they begin, somebody who is no practitioner here."""

    code = "wish_unclear"
    status = 422
    sentence = _("This wish cannot be kept: {what}.")
    next_step = _("Nothing was saved. Change the wish.")


@dataclass(frozen=True, slots=True)
class ProtocolChoice:
    """A protocol with the number of sessions and the gaps (days: shortest, best, longest) for one patient.

    Beside it what was recommended then, if anything was, and why this differs.
    """

    version: ProtocolVersion
    sessions: int
    gap: tuple[int, int, int]
    recommended_version: ProtocolVersion | None = field(default=None, metadata=BESIDE)
    recommended_sessions: int | None = field(default=None, metadata=BESIDE)
    reason: str = ""

    def kept(self) -> dict[str, Any]:
        """As a series keeps it."""
        shortest, best, longest = self.gap
        return {
            "protocol_version": self.version,
            "sessions_planned": self.sessions,
            "gap_min_days": shortest,
            "gap_target_days": best,
            "gap_max_days": longest,
            "recommended_version": self.recommended_version,
            "recommended_sessions": self.recommended_sessions,
            "choice_reason": self.reason.strip(),
        }


@dataclass(frozen=True, slots=True)
class Wishes:
    """When and with whom the patient would like to come: hours on the wall's clock, weekdays 0 (Monday) to 6.

    What is empty means any.
    """

    prefers_practitioner: Resource | None = None
    prefers_from: time | None = None
    prefers_to: time | None = None
    weekdays: Collection[int] = ()
    starts_from: date | None = None

    @classmethod
    def of(cls, series: Series) -> Self:
        return cls(*(getattr(series, field.name) for field in fields(cls)))

    def kept(self) -> dict[str, Any]:
        """As a series keeps them, and a form begins with them."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return named | {"weekdays": sorted(set(self.weekdays))}


ANY = Wishes()


@once
def draft_series(
    patient: Patient,
    choice: ProtocolChoice,
    wishes: Wishes = ANY,
    *,
    location: Location,
    areas: Sequence[Area],
    by: Actor,
    key: str,
    now: datetime,
) -> Series:
    """A series still without times, as the clinician chose it.

    Refuses what is another clinic's or patient's, skin that a running series treats, numbers and gaps out of range, a
    gap under the protocol's floor, and a choice that differs from the recommendation (another protocol, number or gap)
    without a reason.
    """
    _refuse_draft(patient, choice, wishes, location, areas)
    whose = {"patient": patient, "location": location}
    series = Series.objects.create(
        **whose, **choice.kept(), **wishes.kept(), created_at=now, created_by=by.user
    )
    series.areas.set(areas)
    numbers = range(1, choice.sessions + 1)
    Session.objects.bulk_create(Session(series=series, number=number, **whose) for number in numbers)
    return series


@with_patience
@once
def change_draft(
    series: Series,
    choice: ProtocolChoice,
    wishes: Wishes = ANY,
    *,
    areas: Sequence[Area],
    version: int,
    by: Actor,
    key: str,
    now: datetime,
) -> Series:
    """The same draft, chosen otherwise. Refuses as `draft_series` does, an outdated page, and what is no draft."""
    locked = lock(series.pk).series
    if locked.version != version:
        raise Stale()
    if locked.state != SeriesState.DRAFT:
        raise SeriesClosed(state=locked.get_state_display())
    _refuse_draft(locked.patient, choice, wishes, locked.location, areas)
    kept = choice.kept() | wishes.kept()
    for name, value in kept.items():
        setattr(locked, name, value)
    locked.version += 1
    locked.save(update_fields=[*kept, "version"])
    locked.areas.set(areas)
    locked.sessions.filter(number__gt=choice.sessions).delete()
    known = set(locked.sessions.values_list("number", flat=True))
    whose = {"series": locked, "patient": locked.patient, "location": locked.location}
    Session.objects.bulk_create(
        Session(number=number, **whose) for number in range(1, choice.sessions + 1) if number not in known
    )
    return locked


def _refuse_draft(
    patient: Patient, choice: ProtocolChoice, wishes: Wishes, location: Location, areas: Sequence[Area]
) -> None:
    _refuse_strangers(patient, location, choice.version, areas)
    refuse_taken(patient, areas)
    _refuse_numbers(choice)
    _refuse_unclear(location, wishes)
    if _departs(patient, choice) and not choice.reason.strip():
        raise ChoiceReasonMissing()


@with_patience
@once
def change_wishes(
    series: Series, wishes: Wishes, *, version: int, by: Actor, key: str, now: datetime
) -> Series:
    """Other wishes for what is still to be planned. Refuses an outdated page, a closed series and wishes nobody can
    keep.
    """
    locked = lock(series.pk).series
    if locked.version != version:
        raise Stale()
    if locked.state not in (SeriesState.DRAFT, SeriesState.ACTIVE):
        raise SeriesClosed(state=locked.get_state_display())
    _refuse_unclear(locked.location, wishes)
    for name, value in wishes.kept().items():
        setattr(locked, name, value)
    locked.version += 1
    locked.save(update_fields=[*wishes.kept(), "version"])
    return locked


def _refuse_strangers(
    patient: Patient, location: Location, version: ProtocolVersion, areas: Sequence[Area]
) -> None:
    if location.clinic_id != patient.clinic_id:
        raise NotOfThisClinic(what=_t("location"))
    if version.protocol.clinic_id != patient.clinic_id:
        raise NotOfThisClinic(what=_t("protocol"))
    if not areas:
        raise NoArea()
    if any(area.patient_id != patient.pk for area in areas):
        raise NotTheirArea()


def _refuse_numbers(choice: ProtocolChoice) -> None:
    shortest, best, longest = choice.gap
    if not 1 <= choice.sessions <= MOST_SESSIONS:
        raise SessionsOutOfRange(sessions=choice.sessions, most=MOST_SESSIONS)
    if not shortest <= best <= longest:
        raise GapOutOfOrder(shortest=shortest, best=best, longest=longest)
    if shortest < max(1, choice.version.floor_days):
        raise GapUnderFloor(floor_days=choice.version.floor_days, days=shortest)


def _refuse_unclear(location: Location, wishes: Wishes) -> None:
    who = wishes.prefers_practitioner
    if not set(wishes.weekdays) <= set(range(7)):
        raise WishUnclear(what=_t("there are seven weekdays"))
    if wishes.starts_from and wishes.starts_from > LAST_DAY:
        raise WishUnclear(what=_t("nobody plans beyond %(year)s") % {"year": LAST_DAY.year})
    if wishes.prefers_from and wishes.prefers_to and wishes.prefers_from >= wishes.prefers_to:
        raise WishUnclear(what=_t("the hours end before they begin"))
    if who and (who.location_id != location.pk or who.kind != ResourceKind.PRACTITIONER):
        raise WishUnclear(what=_t("this person does not treat here"))


def _departs(patient: Patient, choice: ProtocolChoice) -> bool:
    """Whether anything differs from what was recommended; nothing does where nothing was."""
    if choice.recommended_version is None:
        return False
    if choice.recommended_sessions not in (None, choice.sessions):
        return True
    usual = choice.recommended_version.gaps.filter(
        skin_type_from__lte=patient.skin_type or 0, skin_type_to__gte=patient.skin_type or 0
    ).first()
    other_gap = usual is not None and choice.gap != (usual.min_days, usual.target_days, usual.max_days)
    return other_gap or choice.version.pk != choice.recommended_version.pk


# Proposing
