"""Every "no" the schedule can give: what, who and when, and the next step.

`number` is the session's number in its series and `at` the start that was asked for. Nothing here says what a
patient answered or suffers from: the front desk reads these too.
"""

from collections.abc import Mapping
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from clinic.errors import Refusal
from clinic.services.versions import Stale
from planner.models import Session, SessionEvent
from planner.obstacles.obstacle import Obstacle, ObstacleCode

CHOOSE_ANOTHER_TIME = _("Nothing was changed. Choose another time.")
CHOOSE_ANOTHER_RESOURCE = _("Nothing was changed. Choose another one, or another time.")
LOOK_AGAIN = _("Nothing was changed. Reload the page to see how things stand.")


class BookingRefusal(Refusal):
    """A refusal of one session or more; `others` are the further reasons, in the order of the sessions."""

    others: tuple[Refusal, ...] = ()


def every_reason(refusal: Refusal) -> tuple[Refusal, ...]:
    """The refusal itself, then whatever else stands against what was asked."""
    return (refusal, *getattr(refusal, "others", ()))


class ChangedMeanwhile(Stale):
    """The same as any outdated page, where the history tells `who` did `what`, and when."""

    sentence = _("Someone changed this while you were looking: {who}, {what}, {at}.")


def changed_meanwhile(*sessions: Session, seen: int) -> Stale:
    """Of sessions that are no longer as in version `seen`: by whom they were changed, as their history tells."""
    if seen < 1:  # no page of ours says so
        return Stale()
    events = SessionEvent.objects.filter(session__in=sessions).select_related("by__staff")
    last = events.order_by("at", "pk").last()
    who = getattr(getattr(last and last.by, "staff", None), "name", "")
    if last is None or not who:
        return Stale()
    return ChangedMeanwhile(who=who, what=last.get_kind_display().lower(), at=last.at)


# Time


class InThePast(BookingRefusal):
    code = "in_the_past"
    sentence = _("Session {number} cannot start on {at}: that is past.")
    next_step = CHOOSE_ANOTHER_TIME


class NoSuchTime(BookingRefusal):
    """`day` and the `time` that clocks skip on it."""

    code = "no_such_time"
    status = 400
    sentence = _("{day} has no {time}: the clocks go forward over it.")
    next_step = CHOOSE_ANOTHER_TIME


class TooFarAhead(BookingRefusal):
    code = "too_far_ahead"
    sentence = _("Session {number} cannot be on {at}: the schedule ends on {last_day}.")
    next_step = CHOOSE_ANOTHER_TIME


class OffGrid(BookingRefusal):
    code = "off_grid"
    sentence = _("Session {number} cannot start on {at}: sessions here start every {grid_minutes} minutes.")
    next_step = CHOOSE_ANOTHER_TIME


class OverMidnight(BookingRefusal):
    code = "over_midnight"
    sentence = _("Session {number} on {at} would end on {ends_at}, on another day.")
    next_step = CHOOSE_ANOTHER_TIME


# What is free


class SlotTaken(BookingRefusal):
    code = "slot_taken"
    sentence = _("Session {number} cannot have {resource} on {at}: taken until {until}.")
    next_step = CHOOSE_ANOTHER_RESOURCE


class JustTaken(BookingRefusal):
    """Somebody took a time between our look and our write; who, nobody can say any more."""

    code = "just_taken"
    sentence = _("Someone took one of these times while you were looking.")
    next_step = CHOOSE_ANOTHER_TIME


class PatientBusy(BookingRefusal):
    code = "patient_busy"
    sentence = _("Session {number} cannot be on {at}: the patient is already here until {until}.")
    next_step = CHOOSE_ANOTHER_TIME


class Closed(BookingRefusal):
    """`since` to `until`: an announced closure of the whole location."""

    code = "closed"
    sentence = _("Session {number} cannot be on {at}: {location} is closed from {since} to {until}.")
    next_step = CHOOSE_ANOTHER_TIME


class PublicHoliday(BookingRefusal):
    code = "public_holiday"
    sentence = _("Session {number} cannot be on {at}: {location} is closed for {holiday}.")
    next_step = CHOOSE_ANOTHER_TIME


class OnLeave(BookingRefusal):
    """`resource` is away from `since` to `until`: a person's leave, a room's or a device's upkeep."""

    code = "on_leave"
    sentence = _("Session {number} cannot have {resource} on {at}: away from {since} to {until}.")
    next_step = CHOOSE_ANOTHER_RESOURCE


class OutsideHours(BookingRefusal):
    """`open` are the resource's hours on that day, `length` how long it is needed, in words."""

    code = "outside_hours"
    sentence = _(
        "Session {number} on {at} is outside the hours of {resource} on that day: {open}. It is needed for {length}."
    )
    next_step = CHOOSE_ANOTHER_RESOURCE


class NotOpenThatDay(BookingRefusal):
    code = "not_open_that_day"
    sentence = _("Session {number} cannot have {resource} on {at}: not there on that {weekday}.")
    next_step = CHOOSE_ANOTHER_RESOURCE


# Who and what serves


class ResourceMissing(BookingRefusal):
    code = "resource_missing"
    sentence = _("Session {number} on {at} has no {kind}.")
    next_step = _("Nothing was changed. Choose one.")


class ResourceUnknown(BookingRefusal):
    """Not here, not of that kind, or needed by no phase."""

    code = "resource_unknown"
    sentence = _("Session {number} on {at} cannot have this {kind}.")
    next_step = _("Nothing was changed. Choose one of this location.")


class ResourceInactive(BookingRefusal):
    code = "resource_inactive"
    sentence = _("{resource} is no longer in use.")
    next_step = _("Nothing was changed. Choose another one for session {number}.")


class NotQualified(BookingRefusal):
    code = "not_qualified"
    sentence = _("{resource} may not do session {number}: {missing} is not among the skills.")
    next_step = _("Nothing was changed. Choose another practitioner, or have a manager add the skill.")


class LacksWhatIsNeeded(BookingRefusal):
    code = "lacks_what_is_needed"
    sentence = _("{resource} does not serve session {number}: it lacks {missing}.")
    next_step = _("Nothing was changed. Choose another one.")


class DeviceTooShallow(BookingRefusal):
    """The protocol's least depth for one of the series' sites lies above what the device's label allows."""

    code = "device_too_shallow"
    sentence = _("{resource} reaches {deepest_mm} mm by its label; session {number} needs {needed_mm} mm.")
    next_step = _("Nothing was changed. Choose another device.")


# The series


class TooSoon(BookingRefusal):
    """`days` after session `after`, where the skin needs `needed`."""

    code = "too_soon"
    sentence = _("{at} is {days} days after session {after}; for session {number} the skin needs {needed}.")
    next_step = _("Nothing was changed. The first possible day is {first_day}.")


class TooLate(BookingRefusal):
    code = "too_late"
    sentence = _("{at} is {days} days after session {after}; session {number} may wait at most {allowed}.")
    next_step = _("Nothing was changed. The last possible day is {last_day}, or move the other sessions too.")


class WrongOrder(BookingRefusal):
    code = "wrong_order"
    sentence = _("Session {number} on {at} would not come after session {after} on {after_at}.")
    next_step = _("Nothing was changed. Move the other sessions too.")


class SkinNotRested(BookingRefusal):
    """Another series treats the same skin too near to this day."""

    code = "skin_not_rested"
    sentence = _(
        "{at} is {days} days from {other_day}, when another series treats the same skin; it needs {needed}."
    )
    next_step = _("Nothing was changed. Choose another day for session {number}.")


class OtherAreaTooNear(BookingRefusal):
    """Another area of the patient is treated too near to this day."""

    code = "other_area_too_near"
    sentence = _(
        "{at} is {days} days from {other_day}, when another area of this patient is treated; the clinic wants {needed}."
    )
    next_step = _(
        "Nothing was changed. Choose another day for session {number}, or plan one series for both areas."
    )


class PlanIncomplete(BookingRefusal):
    code = "plan_incomplete"
    status = 400
    sentence = _("A booking names each open session once; these have no time or more than one: {numbers}.")
    next_step = LOOK_AGAIN


class NotThisSeries(BookingRefusal):
    code = "not_this_series"
    status = 400
    sentence = _("Only this session and later ones of its series can be moved together.")
    next_step = LOOK_AGAIN


# What must be in the record first


class NoConsent(BookingRefusal):
    code = "no_consent"
    sentence = _("There is no signed consent to treatment for session {number} on {at}.")
    next_step = _("Nothing was changed. Have the patient sign, then book.")


class ConsentEnds(BookingRefusal):
    code = "consent_ends"
    sentence = _("The consent to treatment ends on {until}, before session {number} on {at}.")
    next_step = _("Nothing was changed. Have the patient sign anew, or choose an earlier time.")


class NotScreened(BookingRefusal):
    code = "not_screened"
    sentence = _("The patient has not been screened, so session {number} cannot be booked.")
    next_step = _("Nothing was changed. A clinician screens first.")


class ScreeningBlocks(BookingRefusal):
    code = "screening_blocks"
    sentence = _("The screening rules out session {number} on {at}.")
    next_step = _("Nothing was changed. A clinician sees why on the screening page.")


class ScreeningPostpones(BookingRefusal):
    """`until` is the first day on which treatment is possible."""

    code = "screening_postpones"
    sentence = _("The screening lets session {number} be on {until} or later, not on {at}.")
    next_step = _("Nothing was changed. A clinician may decide otherwise, with a reason.")


class ScreeningHolds(BookingRefusal):
    code = "screening_holds"
    sentence = _("A clinician has to decide about the screening before session {number} on {at}.")
    next_step = _("Nothing was changed. The decision is made on the screening page.")


class RescreenNeeded(BookingRefusal):
    """More than `allowed` days since the last treatment, and no full screening since."""

    code = "rescreen_needed"
    sentence = _("The last treatment was on {last_day}, more than {allowed} days before session {number}.")
    next_step = _("Nothing was changed. Screen the patient anew, then book.")


# How things stand


class Busy(BookingRefusal):
    code = "busy"
    status = 503
    sentence = _("Many bookings came at once, and this one could not wait longer.")
    next_step = _("Nothing was changed. Try again in a moment.")


class WrongState(BookingRefusal):
    """`state` as it is now, `wanted` as it cannot become; both in words."""

    code = "wrong_state"
    sentence = _("Session {number} is “{state}” and cannot become “{wanted}”.")
    next_step = LOOK_AGAIN


class SeriesClosed(BookingRefusal):
    code = "series_closed"
    sentence = _("This series is “{state}”.")
    next_step = LOOK_AGAIN


class AlreadyBooked(BookingRefusal):
    code = "already_booked"
    sentence = _("All sessions of this series have a time already.")
    next_step = _("Nothing was changed. Move a session to change its time.")


class TooManySessions(BookingRefusal):
    code = "too_many_sessions"
    sentence = _("A series has at most {most} sessions.")
    next_step = _("Nothing was changed. Plan a new series for what is still to be treated.")


class NotToday(BookingRefusal):
    code = "not_today"
    sentence = _("Session {number} is on {at}, so nobody can have arrived for it yet.")
    next_step = _("Nothing was changed. Move the session to today if the patient is here.")


class NotYetBegun(BookingRefusal):
    code = "not_yet_begun"
    sentence = _("Session {number} starts on {at}; nobody has missed it yet.")
    next_step = _("Nothing was changed. Cancel or move it if the patient is not coming.")


# By an obstacle

_OF_CODE: Mapping[str, type[BookingRefusal]] = {each.code: each for each in BookingRefusal.__subclasses__()}


def refusal_of(obstacle: Obstacle, number: int, at: datetime, *, first: int = 0) -> BookingRefusal:
    """What a booking of session `number` for `at` is refused with by an obstacle.

    `first` is the first of the sessions asked for: that nobody was screened is said once for all of them.
    """
    if obstacle.code == ObstacleCode.NOT_SCREENED:
        return NotScreened(number=first or number)
    if obstacle.code == ObstacleCode.SCREENING_POSTPONES and obstacle.until is None:
        return ScreeningHolds(number=number, at=at)
    facts = {"number": number, "at": at, **obstacle.facts}
    if obstacle.code == ObstacleCode.SCREENING_POSTPONES:
        facts["until"] = obstacle.until
    return _OF_CODE[obstacle.code](**facts)
