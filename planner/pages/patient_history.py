"""What happened to a patient, newest first: every record of every room as one line of a history."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter

from django.db.models import Prefetch
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.labels import label_of
from clinic.localtime import local_date
from clinic.models import StaffMember
from clinic.permissions import Right
from patients.models import AreaFinding, Patient
from planner.choices import MessageState
from planner.models import Message, SessionEvent, TreatmentRecord
from planner.treatment.records import treated_areas


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One thing that happened. `mark` is an icon's name, `number` a session's; `group` is what the page filters by."""

    at: datetime
    group: str
    title: str
    detail: str = ""
    facts: tuple[str, ...] = ()
    url: str = ""
    mark: str = "circle"
    number: int | None = None
    is_done: bool = False


def story_of(patient: Patient, staff: StaffMember) -> list[HistoryEntry]:
    """The history as `staff` may see it: who may not see the record gets dates and mails only.

    A dozen statements at most, however long the history.
    """
    entries = [*_bookings(patient), *_mails(patient)]
    if staff.may(Right.SEE_RECORD):
        entries += [*_treatments(patient), *_screenings(patient), *_assessments(patient), *_consents(patient)]
        entries += _photos(patient, staff)
    else:
        entries += _visits(patient)
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def _bookings(patient: Patient) -> Iterable[HistoryEntry]:
    """Bookings, moves, cancellations and no-shows; what one click did to many sessions is one entry."""
    shown = (
        SessionEvent.Kind.BOOKED,
        SessionEvent.Kind.MOVED,
        SessionEvent.Kind.CANCELLED,
        SessionEvent.Kind.NO_SHOW,
    )
    events = SessionEvent.objects.filter(session__patient=patient, kind__in=shown)
    rows = events.order_by("at", "kind", "session__series", "session__number").values_list(
        "at", "kind", "session__series", "session__number", "reason", "by__staff__name"
    )
    for (at, kind, series_id), group in groupby(rows, key=itemgetter(0, 1, 2)):
        together = list(group)
        numbers = ", ".join(str(number) for _at, _kind, _series_id, number, _reason, _name in together)
        reason, name = together[0][4:]
        yield HistoryEntry(
            at=at,
            group="sessions",
            title=ngettext("Session %(n)s: %(what)s", "Sessions %(n)s: %(what)s", len(together))
            % {"n": numbers, "what": str(SessionEvent.Kind(kind).label).lower()},
            detail=_("By %(who)s. %(why)s") % {"who": name or _("the system"), "why": reason},
            url=reverse("series", args=[series_id]),
            mark={"moved": "move-right", "cancelled": "x", "no_show": "user-x"}.get(kind, "calendar-check"),
        )


def _treatments(patient: Patient) -> Iterable[HistoryEntry]:
    records = TreatmentRecord.objects.filter(session__patient=patient).select_related("session")
    records = records.only("recorded_at", "pain", "note", "session__starts_at", "session__number")
    for record in records.prefetch_related(treated_areas()):
        facts = [
            _("%(area)s: %(depth)s mm, %(passes)s passes, %(endpoint)s")
            % {
                "area": each.area,
                "depth": each.depth_mm.normalize(),
                "passes": each.passes,
                "endpoint": label_of(each, "endpoint").lower(),
            }
            for each in record.areas.all()
        ]
        if record.pain is not None:
            facts.append(_("pain %(n)s of 10") % {"n": record.pain})
        yield HistoryEntry(
            at=record.session.starts_at or record.recorded_at,
            group="sessions",
            title=_("Session %(n)s") % {"n": record.session.number},
            detail=record.note,
            facts=tuple(facts),
            url=reverse("session", args=[record.session_id]),
            number=record.session.number,
            is_done=True,
        )


def _visits(patient: Patient) -> Iterable[HistoryEntry]:
    """Sessions that took place, without what was done in them."""
    for session in patient.sessions.filter(state="done"):
        assert session.starts_at is not None
        yield HistoryEntry(
            at=session.starts_at,
            group="sessions",
            title=_("Session %(n)s") % {"n": session.number},
            url=reverse("session", args=[session.pk]),
            number=session.number,
            is_done=True,
        )


def _screenings(patient: Patient) -> Iterable[HistoryEntry]:
    for each in patient.screenings.all():
        yield HistoryEntry(
            at=each.taken_at,
            group="record",
            title=_("Questions of the day asked") if each.is_recheck else _("Screening"),
            detail=each.note,
            url=reverse("screening", args=[patient.pk]),
            mark="clipboard-check",
        )


def _assessments(patient: Patient) -> Iterable[HistoryEntry]:
    findings = AreaFinding.objects.select_related("area")
    for each in patient.assessments.prefetch_related(Prefetch("findings", findings)):
        facts = [
            f"{finding.area}: {label_of(finding, 'severity').lower()}" for finding in each.findings.all()
        ]
        yield HistoryEntry(
            at=each.taken_at,
            group="record",
            title=_("Assessment"),
            detail=each.note,
            facts=tuple(facts),
            url=reverse("scores", args=[patient.pk]),
            mark="ruler",
        )


def _consents(patient: Patient) -> Iterable[HistoryEntry]:
    consents = patient.consents.select_related("text")
    for each in consents.only("patient", "signed_at", "valid_to", "kind", "text__title", "text__version"):
        yield HistoryEntry(
            at=each.signed_at,
            group="record",
            title=_("Consent signed: %(what)s") % {"what": each.text.title},
            detail=_("Version %(n)s, good until %(day)s")
            % {"n": each.text.version, "day": formats.date_format(each.valid_to, "D j M Y")},
            url=reverse("consent", args=[patient.pk, each.kind]),
            mark="signature",
        )


def _photos(patient: Patient, staff: StaffMember) -> list[HistoryEntry]:
    """One entry a day, however many pictures."""
    by_day: dict[date, list[datetime]] = {}
    for at in patient.photos.values_list("taken_at", flat=True):
        by_day.setdefault(local_date(at, staff.location.zone), []).append(at)
    return [
        HistoryEntry(
            at=max(times),
            group="record",
            title=ngettext("%(n)s picture taken", "%(n)s pictures taken", len(times)) % {"n": len(times)},
            url=reverse("photos", args=[patient.pk]),
            mark="camera",
        )
        for times in by_day.values()
    ]


def _mails(patient: Patient) -> Iterable[HistoryEntry]:
    told = (MessageState.SENT, MessageState.FAILED, MessageState.MISSED)
    mails = Message.objects.filter(patient=patient, state__in=told, closed_at__isnull=False)
    for each in mails.select_related("step").only("closed_at", "subject", "state", "step__subject"):
        assert each.closed_at is not None
        yield HistoryEntry(
            at=each.closed_at,
            group="mails",
            title=_("Mail: %(title)s") % {"title": each.subject or each.step.subject},
            detail="" if each.state == MessageState.SENT else label_of(each, "state"),
            url=reverse("message", args=[each.pk]),
            mark="mail" if each.state == MessageState.SENT else "mail-x",
        )
