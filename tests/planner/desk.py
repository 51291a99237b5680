"""A clinic with one of each resource and a desk that books in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from clinic.actor import Actor
from clinic.errors import Refusal
from clinic.models import Location, Resource, WriteKey
from patients.models import Patient, Screening
from planner.choices import Endpoint, SessionState
from planner.models import Message, ProtocolVersion, Reservation, Series, Session, SessionEvent
from planner.schedule.book import book_series, cancel_session, move_sessions, stop_series
from planner.schedule.marks import change_state, take_back
from planner.schedule.refusals import every_reason
from planner.schedule.session_place import SessionPlace, starts_at_local
from planner.treatment.treat import AreaEntry, RecordEntry
from tests.makers import (
    NOW,
    acting,
    make_consent,
    make_device,
    make_location,
    make_patient,
    make_practitioner,
    make_protocol_version,
    make_room,
    make_series,
    make_staff,
    new_key,
)

# Tuesdays 19 January, 23 February, 30 March (after the clocks went forward), 4 May 2027: no public holiday.
FIRST_DAY = datetime(2027, 1, 19)


@dataclass(frozen=True)
class Desk:
    location: Location
    practitioner: Resource
    room: Resource
    device: Resource
    version: ProtocolVersion
    by: Actor

    def patient(self, **fields: Any) -> Patient:
        """Screened clear and with a consent for a year."""
        patient = make_patient(self.location.clinic, **fields)
        Screening.objects.create(patient=patient, taken_at=NOW, taken_by=self.by.user)
        make_consent(patient, taken_by=self.by.user)
        return patient

    def series(self, patient: Patient | None = None, **fields: Any) -> Series:
        fields = {"version": self.version} | fields
        version = fields.pop("version")
        return make_series(patient or self.patient(), version, self.location, by=self.by.user, **fields)

    def at(self, local: datetime) -> datetime:
        return starts_at_local(local.date(), local.time(), ZoneInfo(self.location.timezone))

    def visit(self, number: int, local: datetime, **fields: Any) -> SessionPlace:
        where = {
            "practitioner_id": self.practitioner.pk,
            "room_id": self.room.pk,
            "device_id": self.device.pk,
        }
        return SessionPlace(number=number, starts_at=self.at(local), **where | fields)

    def visits(
        self, numbers: int = 4, *, at: time = time(10), first: datetime = FIRST_DAY, gap: int = 35
    ) -> list[SessionPlace]:
        days = (first + timedelta(days=gap * n) for n in range(numbers))
        return [
            self.visit(number, datetime.combine(day.date(), at)) for number, day in enumerate(days, start=1)
        ]

    def book(
        self, series: Series, visits: list[SessionPlace] | None = None, *, now: datetime = NOW
    ) -> Series:
        visits = self.visits(series.sessions_planned) if visits is None else visits
        return book_series(series.pk, visits, by=self.by, key=new_key(), now=now)

    def booked(self, **fields: Any) -> Series:
        return self.book(self.series(**fields))

    def move(self, session: Session, *visits: SessionPlace, now: datetime = NOW, **more: Any) -> Session:
        more = {"key": new_key(), "version": session.version} | more
        return move_sessions(session.pk, visits, by=self.by, now=now, **more)

    def cancel(self, session: Session, *, now: datetime = NOW, **more: Any) -> Session:
        more = {"key": new_key(), "version": session.version, "reason": "Patient asked"} | more
        return cancel_session(session.pk, by=self.by, now=now, **more)

    def mark(self, session: Session, to: SessionState, *, now: datetime = NOW, **more: Any) -> Session:
        more = {"key": new_key(), "version": session.version} | more
        return change_state(session.pk, to, by=self.by, now=now, **more)

    def take_back(self, session: Session, *, now: datetime = NOW, **more: Any) -> Session:
        more = {"key": new_key(), "version": session.version} | more
        return take_back(session.pk, by=self.by, now=now, **more)

    def stop(self, series: Series, *, now: datetime = NOW, **more: Any) -> Series:
        more = {"key": new_key(), "version": series.version, "reason": "Moving away"} | more
        return stop_series(series.pk, by=self.by, now=now, **more)


def open_desk(**location: Any) -> Desk:
    place = make_location(**location)
    return Desk(
        place,
        make_practitioner(place, name="Priya Nair"),
        make_room(place, name="Room 1"),
        make_device(place, name="Pen A"),
        make_protocol_version(place.clinic),
        acting(make_staff(place)),
    )


def session_of(series: Series, number: int) -> Session:
    return series.sessions.get(number=number)


def entry_for(session: Session, **fields: Any) -> RecordEntry:
    area = session.series.areas.first()
    treated = AreaEntry(area.pk, Decimal("1.5"), 4, Endpoint.EVEN_PINPOINTS, 1)
    return replace(
        RecordEntry(
            areas=(treated,), cartridge_lot="KN-2417", cartridge_expires_on=date(2028, 8, 31), pain=4
        ),
        **fields,
    )


def elsewhere(visit: SessionPlace, **shift: int) -> SessionPlace:
    return replace(visit, starts_at=visit.starts_at + timedelta(**shift))


def held(series: Series) -> set[tuple[Any, ...]]:
    """What the series holds now: number, resource, from, used until, until."""
    rows = Reservation.objects.filter(session__series=series, is_active=True)
    return {(r.session.number, r.resource.name, r.starts_at, r.used_until, r.ends_at) for r in rows}


def kinds(session: Session) -> list[str]:
    """Of its history, oldest first."""
    return list(session.events.values_list("kind", flat=True))


def everything() -> list[list[tuple[Any, ...]]]:
    """All rows that a booking may touch."""
    tables = (Series, Session, Reservation, SessionEvent, Message, WriteKey)
    return [list(table.objects.order_by("pk").values_list()) for table in tables]


@contextmanager
def refused(*codes: str) -> Iterator[list[dict[str, Any]]]:
    """Refused with these codes in this order, and nothing changed; yields the facts of each."""
    before = everything()
    facts: list[dict[str, Any]] = []
    with pytest.raises(Refusal) as caught:
        yield facts
    reasons = every_reason(caught.value)
    facts.extend(reason.facts for reason in reasons)
    assert tuple(reason.code for reason in reasons) == codes
    assert everything() == before
