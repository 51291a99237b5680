"""Moving a session by form, and cancelling it: what it does to the rest of the series stands there first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.errors import Refusal, say
from clinic.localtime import moment_label
from clinic.models import Resource
from clinic.permissions import Right
from clinic.views.access import StaffRequest, needs
from clinic.views.answer import INVALID, FormPage, show_page
from patients.models import Patient
from planner.choices import CAN_MOVE, HOLDS_TIME, NEXT_STATES, SeriesState, SessionState
from planner.forms.moves import ONLY, BookForm, CancelForm, WhereForm
from planner.models import Series, Session
from planner.obstacles.whole_sessions import served_by
from planner.pages.plan_cards import RoomToSlip
from planner.pages.series_comparison import Link, chain
from planner.readings import open_session
from planner.schedule.book import cancel_session, move_sessions
from planner.schedule.move import propose_move
from planner.schedule.proposals import PlanAnswer, ProposedPlan, WayOut
from planner.schedule.refusals import NoSuchTime, SeriesClosed, WrongState, every_reason
from planner.schedule.session_place import SessionPlace, token_of
from planner.schedule.sessions import with_details

NOBODY: Mapping[int, str] = {}


@dataclass(frozen=True, slots=True)
class Offer:
    """One plan as a card: its first visit in words, the chain it makes, the values that book it."""

    plan: ProposedPlan
    where: str
    links: list[Link]
    tokens: list[str]
    key: str

    @property
    def starts_at(self) -> datetime:
        return self.plan.visits[0].starts_at

    @property
    def slack(self) -> RoomToSlip:
        return RoomToSlip(self.plan.slack_days, self.plan.last_safe_date)


class AroundSession:
    """What both pages say of the session as it stands."""

    __slots__ = ()
    session: Session

    @property
    def series(self) -> Series:
        return self.session.series

    @property
    def patient(self) -> Patient:
        return self.session.patient

    @property
    def used(self) -> dict[str, Resource]:
        return served_by(self.session) if self.session.state in HOLDS_TIME else {}

    @property
    def can_move(self) -> bool:
        return self.session.state in CAN_MOVE and self.series.state == SeriesState.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class MovePage(FormPage, AroundSession):
    """Times that work, as offers; `others` where a time was asked for that works, and there are more ways to it."""

    session: Session
    form: WhereForm
    reasons: list[str]
    offers: list[Offer]
    others: list[Offer]
    relaxations: tuple[WayOut, ...]
    is_as_asked: bool
    asks: str

    @property
    def links(self) -> list[Link]:
        return _chain(self.session, self.series.sessions.all())

    @property
    def has_later(self) -> bool:
        return any(_is_later(each, self.session) for each in self.series.sessions.all())


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelPage(FormPage, AroundSession):
    """The reason to be given, and `rest`, the series as it is without the session."""

    session: Session

    @property
    def can_cancel(self) -> bool:
        return SessionState.CANCELLED in NEXT_STATES[SessionState(self.session.state)]

    @property
    def rest(self) -> list[Link]:
        without = [each for each in self.series.sessions.all() if each.pk != self.session.pk]
        return _chain(self.session, without)


@needs(Right.BOOK)
def move(request: StaffRequest, session_id: int) -> HttpResponse:
    """GET looks: at the nearest times that work, or at the one asked for. POST books the plan that was pressed."""
    now = timezone.now()
    session = open_session(request.actor, session_id, now=now, read=_with_its_series)
    if request.method != "POST":
        return _look(request, session, now)
    form = BookForm(request.POST)
    if not form.is_valid():
        return _look(
            request, session, now, reasons=[str(error) for error in form.non_field_errors()], status=400
        )
    try:
        moved = move_sessions(session.pk, form.visits, by=request.actor, now=now, **form.cleaned_data)
    except Refusal as refusal:
        reasons = [say(each, session.location.zone) for each in every_reason(refusal)]
        session = _anew(session)
        return _look(
            request, session, now, reasons=reasons, to=form.visits[0].starts_at, status=refusal.status
        )
    assert moved.starts_at is not None
    when = {"number": moved.number, "when": moment_label(moved.starts_at, session.location.zone)}
    messages.success(request, _("Session %(number)s is on %(when)s.") % when)
    return redirect("session", session.pk)


def _with_its_series(sessions: QuerySet[Session]) -> QuerySet[Session]:
    return with_details(sessions.select_related("location")).prefetch_related("series__sessions")


def _anew(session: Session) -> Session:
    """As it is now, after somebody else changed it."""
    return _with_its_series(Session.objects.all()).get(pk=session.pk)


def _look(
    request: StaffRequest,
    session: Session,
    now: datetime,
    *,
    reasons: list[str] | None = None,
    to: datetime | None = None,
    status: int = 200,
) -> HttpResponse:
    form, answer, said = _where(request, session), PlanAnswer(()), reasons or []
    if not form.is_valid():
        status = max(status, INVALID)
    else:
        try:
            _refuse_unmovable(session)
            answer, unheard = _answer(session, form, to, now)
            said = said or [*unheard, *answer.reasons]
            status = max(status, 400 if unheard else 200)
        except Refusal as refusal:
            status = max(status, refusal.status)
            said = [*said, say(refusal, session.location.zone)]
    is_as_asked = form.is_valid() and bool(form.cleaned_data.get("time")) and not said
    page = MovePage(
        session=session,
        form=form,
        reasons=said,
        offers=_offers(session, answer.plans[:1] if is_as_asked else answer.plans),
        others=_offers(session, answer.plans[1:]) if is_as_asked else [],
        relaxations=answer.relaxations,
        is_as_asked=is_as_asked,
        asks=request.GET.urlencode(),
    )
    return show_page(request, "planner/move.html", page, status=status)


def _answer(
    session: Session, form: WhereForm, to: datetime | None, now: datetime
) -> tuple[PlanAnswer, list[str]]:
    """What is possible there; for a time that the clocks skip the reason, and what is possible near it."""
    reasons = []
    if to is None:
        try:
            to = form.wanted_at()
        except NoSuchTime as refusal:
            reasons = [say(refusal, session.location.zone)]
            to = form.wanted_about()
    answer = propose_move(
        session,
        to=to,
        on=None if to else form.wanted_on,
        practitioner_id=form.practitioner_id,
        with_later=form.with_later,
        now=now,
    )
    return (PlanAnswer(answer.plans, (), answer.relaxations) if reasons else answer), reasons


def _where(request: StaffRequest, session: Session) -> WhereForm:
    wish = request.GET.copy()
    wish.setdefault("scope", ONLY)
    skills = session.series.protocol_version.practitioner_skills
    return WhereForm(wish, location=session.location, skills=skills)


def _refuse_unmovable(session: Session) -> None:
    if session.series.state != SeriesState.ACTIVE:
        raise SeriesClosed(state=session.series.get_state_display())
    if session.state not in CAN_MOVE:
        state = session.get_state_display()
        raise WrongState(number=session.number, state=state, wanted=SessionState.BOOKED.label)


def _is_later(other: Session, session: Session) -> bool:
    return other.number > session.number and other.state in CAN_MOVE


def _chain(
    session: Session,
    sessions: Iterable[Session],
    visits: tuple[SessionPlace, ...] = (),
    names: Mapping[int, str] = NOBODY,
) -> list[Link]:
    gap = (session.series.gap_min_days, session.series.gap_max_days)
    return chain(list(sessions), visits, here=session, gap=gap, zone=session.location.zone, names=names)


def _offers(session: Session, plans: tuple[ProposedPlan, ...]) -> list[Offer]:
    names = (
        {each.pk: each.name for each in Resource.objects.filter(location=session.location)} if plans else {}
    )
    key = uuid4().hex
    return [
        Offer(
            plan=plan,
            where=", ".join(names[pk] for pk in plan.visits[0].resource_ids),
            links=_chain(session, session.series.sessions.all(), plan.visits, names),
            tokens=[token_of(visit) for visit in plan.visits],
            key=f"{key}-{n}",
        )
        for n, plan in enumerate(plans, start=1)
    ]


@needs(Right.BOOK)
def cancel(request: StaffRequest, session_id: int) -> HttpResponse:
    """Take one session out, with a reason that stays; the page says what that leaves of the series."""
    now = timezone.now()
    session = open_session(request.actor, session_id, now=now, read=_with_its_series)
    form = CancelForm(request.POST or None, initial={"key": uuid4().hex, "version": session.version})
    refusal, status = "", 200
    if request.method == "POST":
        status = INVALID
        if form.is_valid():
            try:
                cancel_session(session.pk, by=request.actor, now=now, **form.cleaned_data)
            except Refusal as no:
                refusal, status = say(no, session.location.zone), no.status
                session = _anew(session)
                form = CancelForm(
                    {"reason": form.cleaned_data["reason"], "key": uuid4().hex, "version": session.version}
                )
            else:
                messages.success(request, _("Session %(number)s is cancelled.") % {"number": session.number})
                return redirect("session", session.pk)
    page = CancelPage(session=session, form=form, refusal=refusal)
    return show_page(request, "planner/cancel.html", page, status=status)
