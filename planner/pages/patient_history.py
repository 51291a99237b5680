"""What happened to a patient, newest first: every record of every room as one line of a history."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db.models import OuterRef, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic.labels import label_of
from clinic.localtime import day_label, local_date
from clinic.models import StaffMember
from clinic.nested import Row, nested, revived
from clinic.prepared import Given, Prepared
from patients.models import Area, AreaFinding, Assessment, Consent, Patient, Photo, Screening
from planner.choices import NEEDLED, MessageState
from planner.models import Message, SessionEvent, TreatmentRecord
from planner.treatment.records import areas_treated, treated

PHOTO = ("id", "area_id", "view", "taken_at")
TOLD = (MessageState.SENT, MessageState.FAILED, MessageState.MISSED)


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

    @property
    def look(self) -> str:
        if self.is_done:
            return " story__mark--done"
        return " story__mark--mail" if self.mark == "mail" else ""


@dataclass(frozen=True, slots=True)
class ClinicalRecord:
    """What was recorded of a patient, as it was read; `photos` are newest first."""

    treatments: tuple[Row, ...]
    screenings: tuple[Row, ...]
    assessments: tuple[Row, ...]
    consents: tuple[Row, ...]
    photos: tuple[Photo, ...]


def story_of(
    patient: Patient, staff: StaffMember, record: ClinicalRecord | None, mails: Iterable[Message]
) -> list[HistoryEntry]:
    """The history; who may not see the record gives none, and gets dates and mails only."""
    entries = [*_bookings(patient), *_mails(mails)]
    if record is None:
        entries += _visits(patient)
    else:
        entries += [*_treatments(record), *_screenings(patient, record), *_assessments(patient, record)]
        entries += [*_consents(patient, record), *_photos(patient, record, staff)]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def clinical_record(patient: Patient) -> ClinicalRecord:
    """One statement, however long the history."""
    (row,) = _with_record(pk=patient.pk)
    return ClinicalRecord(
        treatments=tuple(row["treatments"]),
        screenings=tuple(row["rounds"]),
        assessments=tuple(row["judged"]),
        consents=tuple(row["signed"]),
        photos=tuple(_photo(each) for each in row["pictures"]),
    )


@Prepared
def _with_record() -> "QuerySet[Patient, Any]":
    treated = TreatmentRecord.objects.filter(session__patient=OuterRef("pk"))
    findings = AreaFinding.objects.filter(assessment=OuterRef("pk")).order_by("pk")
    of_patient = {"patient": OuterRef("pk")}
    return Patient.objects.filter(pk=Given("pk")).values(
        treatments=nested(
            treated.order_by("-session__starts_at"), "recorded_at", "pain", "note", "session_id",
            starts_at="session__starts_at", number="session__number", areas=areas_treated(),
        ),
        rounds=nested(Screening.objects.filter(**of_patient), "taken_at", "is_recheck", "note"),
        judged=nested(
            Assessment.objects.filter(**of_patient), "taken_at", "note",
            findings=nested(findings, "id", "area_id", "severity", site="area__site", side="area__side"),
        ),
        signed=nested(
            Consent.objects.filter(**of_patient), "signed_at", "valid_to", "kind",
            title="text__title", number="text__version",
        ),
        pictures=nested(
            Photo.objects.filter(**of_patient).order_by("-taken_at", "-pk"), *PHOTO,
            site="area__site", side="area__side",
        ),
    )  # fmt: skip


def _photo(row: Row) -> Photo:
    photo = revived(Photo, {name: row[name] for name in PHOTO})
    if row["area_id"]:
        photo.area = _area(row)
    return photo


def _area(row: Row) -> Area:
    return revived(Area, {"id": row["area_id"], "site": row["site"], "side": row["side"]})


@Prepared
def _what_happened() -> "QuerySet[SessionEvent, Any]":
    """Bookings, moves, cancellations and no-shows."""
    kinds = SessionEvent.Kind
    shown = (kinds.BOOKED, kinds.MOVED, kinds.CANCELLED, kinds.NO_SHOW)
    events = SessionEvent.objects.filter(session__patient=Given("patient"), kind__in=shown)
    return events.order_by("at", "kind", "session__series", "session__number").values_list(
        "at", "kind", "session__series", "session__number", "reason", "by__staff__name"
    )


def _bookings(patient: Patient) -> Iterable[HistoryEntry]:
    """What one click did to many sessions is one entry."""
    for (at, kind, series_id), group in groupby(_what_happened(patient=patient.pk), key=itemgetter(0, 1, 2)):
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


def _treatments(record: ClinicalRecord) -> Iterable[HistoryEntry]:
    for row in record.treatments:
        areas = [treated(each) for each in row["areas"]]
        facts = [
            _("%(area)s: %(depth)s mm, %(passes)s passes, %(endpoint)s")
            % {
                "area": each.area,
                "depth": each.depth_mm.normalize(),
                "passes": each.passes,
                "endpoint": label_of(each, "endpoint").lower(),
            }
            for each in areas
        ]
        if row["pain"] is not None:
            facts.append(_("pain %(n)s of 10") % {"n": row["pain"]})
        yield HistoryEntry(
            at=_at(row["starts_at"] or row["recorded_at"]),
            group="sessions",
            title=_("Session %(n)s") % {"n": row["number"]},
            detail=row["note"],
            facts=tuple(facts),
            url=reverse("session", args=[row["session_id"]]),
            number=row["number"],
            is_done=True,
        )


def _visits(patient: Patient) -> Iterable[HistoryEntry]:
    """Sessions that took place, without what was done in them."""
    for session in patient.sessions.filter(state__in=NEEDLED):
        assert session.starts_at is not None
        yield HistoryEntry(
            at=session.starts_at,
            group="sessions",
            title=_("Session %(n)s") % {"n": session.number},
            url=reverse("session", args=[session.pk]),
            number=session.number,
            is_done=True,
        )


def _screenings(patient: Patient, record: ClinicalRecord) -> Iterable[HistoryEntry]:
    for row in record.screenings:
        yield HistoryEntry(
            at=_at(row["taken_at"]),
            group="record",
            title=_("Questions of the day asked") if row["is_recheck"] else _("Screening"),
            detail=row["note"],
            url=reverse("screening", args=[patient.pk]),
            mark="clipboard-check",
        )


def _assessments(patient: Patient, record: ClinicalRecord) -> Iterable[HistoryEntry]:
    for row in record.assessments:
        findings = [(_area(each), revived(AreaFinding, each)) for each in row["findings"]]
        yield HistoryEntry(
            at=_at(row["taken_at"]),
            group="record",
            title=_("Assessment"),
            detail=row["note"],
            facts=tuple(f"{area}: {label_of(found, 'severity').lower()}" for area, found in findings),
            url=reverse("scores", args=[patient.pk]),
            mark="ruler",
        )


def _consents(patient: Patient, record: ClinicalRecord) -> Iterable[HistoryEntry]:
    for row in record.consents:
        yield HistoryEntry(
            at=_at(row["signed_at"]),
            group="record",
            title=_("Consent signed: %(what)s") % {"what": row["title"]},
            detail=_("Version %(n)s, good until %(day)s")
            % {"n": row["number"], "day": day_label(date.fromisoformat(row["valid_to"]))},
            url=reverse("consent", args=[patient.pk, row["kind"]]),
            mark="signature",
        )


def _photos(patient: Patient, record: ClinicalRecord, staff: StaffMember) -> list[HistoryEntry]:
    """One entry a day, however many pictures."""
    by_day: dict[date, list[datetime]] = {}
    for photo in record.photos:
        by_day.setdefault(local_date(photo.taken_at, staff.location.zone), []).append(photo.taken_at)
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


def _mails(mails: Iterable[Message]) -> Iterable[HistoryEntry]:
    """Of those that are waiting nothing has happened yet."""
    for each in mails:
        if each.closed_at is None or each.state not in TOLD:
            continue
        yield HistoryEntry(
            at=each.closed_at,
            group="mails",
            title=_("Mail: %(title)s") % {"title": each.subject or each.step.subject},
            detail="" if each.state == MessageState.SENT else label_of(each, "state"),
            url=reverse("message", args=[each.pk]),
            mark="mail" if each.state == MessageState.SENT else "mail-x",
        )


_at = datetime.fromisoformat
