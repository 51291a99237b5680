"""Drafting a series and proposing whole plans for it."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, time
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from clinic.errors import Refusal
from clinic.localtime import day_label, local_date
from clinic.models import Location, Resource, ResourceKind, User
from clinic.services.once import once
from patients.models import Area, Patient
from planner.choices import SeriesState, SessionState
from planner.engine import plan_request
from planner.engine.answer import Proposal, Result
from planner.engine.problem import Request
from planner.engine.series import best_plans
from planner.models import ProtocolVersion, Series, Session
from planner.refusals import AlreadyBooked, SeriesClosed, Stale
from planner.services.plans import Plan, PlanAnswer, Relaxation, Told, Why, plans_from, why_nothing_fits
from planner.snapshots import Facts, diary, facts_of, first_day_possible, near, request_for

__all__ = ["Plan", "PlanAnswer", "Relaxation", "Why", "change_wishes", "draft_series", "propose"]

ALTERNATIVES = 3
MOST_SESSIONS = 20
LAST_DAY = date(2100, 12, 31)
WISHES = ("prefers_practitioner", "prefers_from", "prefers_to", "weekdays", "starts_from")


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


def draft_series(
    patient: Patient,
    *,
    location: Location,
    version: ProtocolVersion,
    areas: Sequence[Area],
    sessions: int,
    gap: tuple[int, int, int],
    recommended_version: ProtocolVersion | None = None,
    recommended_sessions: int | None = None,
    choice_reason: str = "",
    prefers_practitioner: Resource | None = None,
    prefers_from: time | None = None,
    prefers_to: time | None = None,
    weekdays: Collection[int] = (),
    starts_from: date | None = None,
    by: User,
    key: str,
    now: datetime,
) -> Series:
    """A series still without times: its numbers and gaps (days: shortest, best, longest) as the clinician chose them.

    Refuses what is another clinic's or patient's, numbers and gaps out of range, a gap under the protocol's floor, and
    a choice that differs from the recommendation (another protocol, number or gap) without a reason.
    """
    wishes: dict[str, Any] = {
        "prefers_practitioner": prefers_practitioner,
        "prefers_from": prefers_from,
        "prefers_to": prefers_to,
        "weekdays": sorted(set(weekdays)),
        "starts_from": starts_from,
    }
    reason = choice_reason.strip()

    def draft() -> int:
        _refuse_strangers(patient, location, version, areas)
        _refuse_numbers(version, sessions, gap)
        _refuse_unclear(location, wishes)
        if (
            _departs(patient, version, sessions, gap, recommended_version, recommended_sessions)
            and not reason
        ):
            raise ChoiceReasonMissing()
        series = Series.objects.create(
            patient=patient,
            location=location,
            protocol_version=version,
            sessions_planned=sessions,
            gap_min_days=gap[0],
            gap_target_days=gap[1],
            gap_max_days=gap[2],
            recommended_version=recommended_version,
            recommended_sessions=recommended_sessions,
            choice_reason=reason,
            created_at=now,
            created_by=by,
            **wishes,
        )
        series.areas.set(areas)
        Session.objects.bulk_create(
            Session(series=series, patient=patient, location=location, number=number)
            for number in range(1, sessions + 1)
        )
        return series.pk

    asked = [
        patient.pk,
        location.pk,
        version.pk,
        [area.pk for area in areas],
        sessions,
        gap,
        recommended_version and recommended_version.pk,
        recommended_sessions,
        reason,
        repr(wishes),
    ]
    return Series.objects.get(pk=once(by=by, key=key, name="draft_series", asked=asked, now=now, do=draft))


def change_wishes(
    series: Series, *, version: int, by: User, key: str, now: datetime, **wishes: Any
) -> Series:
    """Other wishes (`prefers_practitioner`, `prefers_from`, `prefers_to`, `weekdays`, `starts_from`) for what is still
    to be planned; those not named stay. Refuses an outdated page, a closed series and wishes nobody can keep.
    """
    unknown = wishes.keys() - set(WISHES)
    assert not unknown, unknown

    def change() -> int:
        with transaction.atomic():
            locked = (
                Series.objects.select_for_update(of=("self",)).select_related("location").get(pk=series.pk)
            )
            if locked.version != version:
                raise Stale()
            if locked.state not in (SeriesState.DRAFT, SeriesState.ACTIVE):
                raise SeriesClosed(state=locked.get_state_display())
            for name, value in wishes.items():
                setattr(locked, name, sorted(set(value)) if name == "weekdays" else value)
            _refuse_unclear(locked.location, {name: getattr(locked, name) for name in WISHES})
            locked.version += 1
            locked.save(update_fields=[*wishes, "version"])
        return locked.pk

    asked = [series.pk, version, repr(sorted(wishes.items()))]
    return Series.objects.get(pk=once(by=by, key=key, name="change_wishes", asked=asked, now=now, do=change))


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


def _refuse_numbers(version: ProtocolVersion, sessions: int, gap: tuple[int, int, int]) -> None:
    shortest, best, longest = gap
    if not 1 <= sessions <= MOST_SESSIONS:
        raise SessionsOutOfRange(sessions=sessions, most=MOST_SESSIONS)
    if not shortest <= best <= longest:
        raise GapOutOfOrder(shortest=shortest, best=best, longest=longest)
    if shortest < max(1, version.floor_days):
        raise GapUnderFloor(floor_days=version.floor_days, days=shortest)


def _refuse_unclear(location: Location, wishes: dict[str, Any]) -> None:
    first, last, who = wishes["prefers_from"], wishes["prefers_to"], wishes["prefers_practitioner"]
    if not set(wishes["weekdays"]) <= set(range(7)):
        raise WishUnclear(what=_t("there are seven weekdays"))
    if wishes["starts_from"] and wishes["starts_from"] > LAST_DAY:
        raise WishUnclear(what=_t("nobody plans beyond %(year)s") % {"year": LAST_DAY.year})
    if first and last and first >= last:
        raise WishUnclear(what=_t("the hours end before they begin"))
    if who and (who.location_id != location.pk or who.kind != ResourceKind.PRACTITIONER):
        raise WishUnclear(what=_t("this person does not treat here"))


def _departs(
    patient: Patient,
    version: ProtocolVersion,
    sessions: int,
    gap: tuple[int, int, int],
    recommended_version: ProtocolVersion | None,
    recommended_sessions: int | None,
) -> bool:
    """Whether anything differs from what was recommended; nothing does where nothing was."""
    if recommended_version is None:
        return False
    other = version.pk != recommended_version.pk
    if recommended_sessions is not None and sessions != recommended_sessions:
        return True
    usual = recommended_version.gaps.filter(
        skin_type_from__lte=patient.skin_type or 0, skin_type_to__gte=patient.skin_type or 0
    ).first()
    return other or (usual is not None and gap != (usual.min_days, usual.target_days, usual.max_days))


# Proposing


def propose(series: Series, *, now: datetime) -> PlanAnswer:
    """Up to three whole plans for the sessions that have no time yet; none of them is held until it is booked.

    Refuses a series whose sessions all have a time, and one that is over.
    """
    (facts,) = facts_of(series.pk)
    if facts.series.state not in (SeriesState.DRAFT, SeriesState.ACTIVE):
        raise SeriesClosed(state=facts.series.get_state_display())
    placing = facts.in_states((SessionState.PLANNED,))
    if not placing:
        raise AlreadyBooked()
    not_before = first_day_possible(facts, now)
    return answer(facts, placing, request_for(facts, placing, not_before=not_before, now=now), now=now)


def answer(
    facts: Facts, placing: tuple[Session, ...], request: Request, *, now: datetime, count: int = ALTERNATIVES
) -> PlanAnswer:
    """The best plans for what is asked, or why there is none."""
    if request.latest < request.earliest:
        return PlanAnswer((), (no_day_left(placing, request),))
    result, told = search(facts, placing, request, count)
    if not result.proposals:
        return why_nothing_fits(result, told)
    return PlanAnswer(plans_from(result.proposals, told, local_date(now, facts.zone)))


def no_day_left(placing: Sequence[Session], request: Request) -> str:
    facts = {
        "number": placing[0].number,
        "first": day_label(request.earliest),
        "last": day_label(request.latest),
    }
    return _t("Session %(number)s could be on %(first)s at the earliest, but not after %(last)s.") % facts


def search(facts: Facts, placing: tuple[Session, ...], request: Request, count: int) -> tuple[Result, Told]:
    """Plans as if `placing` held nothing now. Looks a short way ahead first, and further unless that settles it."""
    short = near(request)
    free = diary(facts.location, short, releasing=placing, depths=facts.depths, until=request.latest)
    if short != request:
        proposals = best_plans(free.free, short, count)
        if len(proposals) == count and _nothing_better_later(proposals, short):
            return Result(request.id, "planned", True, proposals), Told(facts, placing, short, free)
        free = diary(facts.location, request, releasing=placing, depths=facts.depths, known=free)
    return plan_request(free.free, request, count), Told(facts, placing, request, free)


def _nothing_better_later(proposals: Sequence[Proposal], short: Request) -> bool:
    """Whether every plan that goes on after the short look's last day costs more than all of these.

    Such a plan has to spend the days in between on a later start or on longer gaps, each at its price. And the days
    to which the last session could slip have to be in sight.
    """
    weights, bound_gaps = short.weights, short.sessions - (short.previous is None)
    since = short.previous.date if short.previous else short.earliest
    spent = (short.latest - since).days + 1 - bound_gaps * short.gap.target
    price = weights.gap if short.previous else min(weights.start, weights.gap)
    ends = [plan.sessions[-2 if short.sessions > 1 else -1].date for plan in proposals]
    in_sight = all((short.latest - end).days >= short.gap.max for end in ends)
    return proposals[-1].cost < price * spent and in_sight
