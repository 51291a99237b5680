"""A year of history: bookings and what happens today by the services that make tomorrow, the rest of it in bulk."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import count
from random import Random

from django.db import connection

from clinic.actor import Actor
from clinic.localtime import at_local, local_date
from clinic.models import StaffMember
from patients.models import Area, ConsentText, Patient, ScreeningAnswer, ScreeningQuestion
from patients.queries import current_questions
from patients.services.screening import Reply, set_aside, take_screening
from planner.choices import SessionState
from planner.demo.people import Marks
from planner.demo.place import DemoClinic
from planner.demo.record import (
    Asking,
    Judging,
    write_areas,
    write_assessments,
    write_consents,
    write_patients,
    write_screenings,
)
from planner.demo.stories import Story
from planner.demo.timetable import Slot
from planner.demo.treated import Treated, entry_for, plan_aftercare, write_treated
from planner.models import ProtocolVersion, Series, Session, SessionEvent
from planner.schedule.book import book_series, move_sessions, stop_series
from planner.schedule.draft import ProtocolChoice, Wishes, draft_series
from planner.schedule.marks import change_state
from planner.schedule.session_place import SessionPlace
from planner.treatment.treat import finish, start_treatment

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
CONFIRMED_IN_100, CONFIRM_AHEAD = 70, 6 * DAY
UNWELL = {"blocked": "isotretinoin_now", "postponed": "isotretinoin_stopped"}
STOPPED_60_DAYS_AGO = 60 * DAY


@dataclass(frozen=True, slots=True)
class Life:
    """A story and the rows made of it so far."""

    story: Story
    patient: Patient
    areas: tuple[tuple[Area, Marks], ...]

    @property
    def kind(self) -> str:
        return self.story.kind


@dataclass(frozen=True, slots=True)
class Historian:
    """Writes every story up to `now`. `versions` and `questions` are read once."""

    place: DemoClinic
    now: datetime
    random: Random
    versions: Sequence[ProtocolVersion]
    keys: "count[int]" = field(default_factory=count)

    @property
    def today(self) -> date:
        return local_date(self.now, self.place.location.zone)

    @property
    def doctor(self) -> Actor:
        return Actor.of(self.place.clinician)

    @property
    def desk(self) -> Actor:
        return Actor.of(self.place.desk)

    @property
    def staff(self) -> StaffMember:
        return self.place.clinician

    def key(self) -> str:
        return f"demo-{next(self.keys)}"

    def at(self, day: date, hour: int, minute: int = 0) -> datetime:
        """That wall-clock time, but never later than now."""
        return min(at_local(day, time(hour, minute), self.place.location.zone), self.now - 5 * MINUTE)

    def write(self, stories: Sequence[Story]) -> None:
        questions = current_questions(self.place.location.clinic_id)
        lives = self._meet(stories, questions)
        series = self._book_all([life for life in lives if life.story.slots])
        for life in lives:
            if life.kind in ("drafted", "postponed"):
                self._draft(life)
            elif life.kind == "stopped":
                self._stop(series[life.patient.pk], life)
            elif life.story.missed or life.kind == "drifting":
                self._miss(life)
        sessions = self._sessions(lives)
        self._past(sessions, questions)
        for treated, life in sessions:
            if self._is_today(treated.session):
                self._today(treated, life, questions)
        self._confirm([each.session for each, _life in sessions])
        self._release([each.session for each, _life in sessions])
        self._set_aside([each.session for each, _life in sessions])

    def _meet(self, stories: Sequence[Story], questions: Sequence[ScreeningQuestion]) -> list[Life]:
        """The consult: everybody's record before the first session."""
        days = [story.met_on(self.today) for story in stories]
        met_at = [self.at(day, 9) for day in days]
        patients = write_patients([story.person for story in stories], met_at, self.staff)
        met = list(zip(stories, patients, days, strict=True))
        askings = [
            Asking(patient, self.at(day, 9, 15), self._said(story))
            for story, patient, day in met
            if story.kind != "new"
        ]
        write_screenings(askings, questions, self.staff)
        seen = [each for each in met if each[0].kind not in ("new", "blocked")]
        texts: dict[str, ConsentText] = {
            text.kind: text for text in self.place.location.clinic.consent_texts.filter(is_current=True)
        }
        write_consents(((patient, self.at(day, 9, 30)) for _s, patient, day in seen), texts, self.staff)
        lives = [
            Life(story, patient, tuple(write_areas(patient, story.person))) for story, patient, _d in seen
        ]
        Area.objects.bulk_create(area for life in lives for area, _marks in life.areas)
        firsts = [
            Judging(life.patient, life.areas, life.story.person, 0, self.at(day, 9, 45))
            for life, (_story, _patient, day) in zip(lives, seen, strict=True)
        ]
        write_assessments(firsts, self.staff, self.random)
        return lives

    def _said(self, story: Story) -> dict[str, date | None]:
        code = UNWELL.get(story.kind)
        ended = self.today - STOPPED_60_DAYS_AGO if story.kind == "postponed" else None
        return {code: ended} if code else {}

    def _draft(self, life: Life) -> Series:
        story = life.story
        version = next(each for each in self.versions if each.protocol.code == story.recipe.code)
        sessions, gap = story.recipe.sessions_target, story.gap
        first = (
            story.booked[0].day if story.slots else self.today + timedelta(days=self.random.randint(10, 20))
        )
        return draft_series(
            life.patient,
            ProtocolChoice(
                version, sessions, (gap.min_days, gap.target_days, gap.max_days), version, sessions
            ),
            Wishes(starts_from=first),
            location=self.place.location,
            areas=[area for area, _marks in life.areas],
            by=self.doctor,
            key=self.key(),
            now=self.at(story.met_on(self.today), 10),
        )

    def _book_all(self, lives: Sequence[Life]) -> dict[int, Series]:
        """By patient."""
        series: dict[int, Series] = {}
        for n, life in enumerate(lives):
            if n == 20:
                _analyze()
            series[life.patient.pk] = self._book(life)
        return series

    def _book(self, life: Life) -> Series:
        series = self._draft(life)
        visits = [self._place(number, slot) for number, slot in enumerate(life.story.booked, start=1)]
        when = self.at(life.story.met_on(self.today), 10, 15)
        return book_series(series.pk, visits, by=self.doctor, key=self.key(), now=when)

    def _place(self, number: int, slot: Slot) -> SessionPlace:
        starts_at = at_local(slot.day, slot.starts.time(), self.place.location.zone)
        return SessionPlace(number, starts_at, slot.practitioner, slot.room, slot.device)

    def _stop(self, series: Series, life: Life) -> None:
        """Some days before the second session."""
        second = self._place(2, life.story.slots[1]).starts_at
        why = "Moves to another city"
        stop_series(
            series.pk,
            by=self.doctor,
            key=self.key(),
            version=series.version,
            now=second - 4 * DAY,
            reason=why,
        )

    def _miss(self, life: Life) -> None:
        """Not come; rebooked a day later, unless the patient is the one who drifts."""
        number = life.story.missed[0] if life.story.missed else 2
        session = Session.objects.get(series__patient=life.patient, number=number)
        assert session.starts_at is not None
        key, missed_at = self.key(), session.starts_at + HOUR
        session = change_state(
            session.pk, SessionState.NO_SHOW, by=self.desk, key=key, version=session.version, now=missed_at
        )
        if life.story.missed:
            again = self._place(number, life.story.slots[number - 1])
            move_sessions(
                session.pk,
                [again],
                by=self.desk,
                key=self.key(),
                version=session.version,
                now=missed_at + 2 * HOUR,
                reason="Rang to say sorry",
            )

    def _sessions(self, lives: Sequence[Life]) -> list[tuple[Treated, Life]]:
        """Every session that still has its time, oldest first."""
        by_patient = {life.patient.pk: life for life in lives}
        depths = {
            version.pk: {depth.site: depth for depth in version.depths.all()} for version in self.versions
        }
        rows = Session.objects.filter(state=SessionState.BOOKED).order_by("starts_at", "pk")
        found = []
        for session in rows.select_related("series__patient", "series__location", "location", "patient"):
            life = by_patient[session.patient_id]
            areas = [area for area, _marks in life.areas]
            own_depths = depths[session.series.protocol_version_id]
            found.append((Treated(session, life.story.person, areas, own_depths), life))
        return found

    def _past(self, sessions: Sequence[tuple[Treated, Life]], questions: Sequence[ScreeningQuestion]) -> None:
        """Of the days before today everything is over."""
        over = [(each, life) for each, life in sessions if self._day(each.session) < self.today]
        treated = [each for each, _life in over]
        askings = [
            Asking(each.session.patient, each.session.starts_at, {}, is_recheck=True)
            for each in treated
            if each.session.starts_at
        ]
        write_screenings(askings, questions, self.staff)
        write_treated(
            treated,
            doctor=self.place.clinician,
            desk=self.place.desk,
            expires_on=self.today + 400 * DAY,
            random=self.random,
        )
        write_assessments(
            [self._judging(each, life) for each, life in over if each.session.number > 1],
            self.staff,
            self.random,
        )
        _break_off(treated[len(treated) // 2].session)
        plan_aftercare(treated, self.now)

    def _judging(self, treated: Treated, life: Life) -> Judging:
        session = treated.session
        at = self.at(self._day(session), 9, 45)
        progress = session.number / session.series.sessions_planned
        return Judging(life.patient, life.areas, life.story.person, progress, at)

    def _day(self, session: Session) -> date:
        assert session.starts_at is not None
        return local_date(session.starts_at, self.place.location.zone)

    def _is_today(self, session: Session) -> bool:
        return self._day(session) == self.today

    def _today(self, treated: Treated, life: Life, questions: Sequence[ScreeningQuestion]) -> None:
        """Arrive, be asked, be treated, go home: as far as the clock allows."""
        session = treated.session
        assert session.starts_at is not None
        assert session.ends_at is not None
        if session.starts_at > self.now:
            return
        arrived = min(session.starts_at, self.now - MINUTE)
        session = change_state(
            session.pk,
            SessionState.ARRIVED,
            by=self.desk,
            key=self.key(),
            version=session.version,
            now=arrived,
        )
        begun = arrived + 45 * MINUTE
        if begun > self.now:
            return
        replies = [Reply(question.pk, False) for question in questions if question.ask_every_session]
        take_screening(
            session.patient, replies, is_recheck=True, note="", by=self.doctor, key=self.key(), now=arrived
        )
        start_treatment(session.pk, by=self.doctor, key=self.key(), version=session.version, now=begun)
        if treated.session.ends_at and treated.session.ends_at > self.now:
            return
        entry = entry_for(treated, self.today + 400 * DAY, self.random)
        ended = treated.session.ends_at
        assert ended is not None
        finish(session.pk, entry, by=self.doctor, key=self.key(), version=session.version, now=ended)
        if session.number > 1:
            write_assessments([self._judging(treated, life)], self.staff, self.random)

    def _confirm(self, sessions: Sequence[Session]) -> None:
        """Most of those who come soon have said so."""
        soon = [
            session
            for session in sessions
            if session.starts_at
            and self.now < session.starts_at < self.now + CONFIRM_AHEAD
            and self.random.randrange(100) < CONFIRMED_IN_100
        ]
        Session.objects.filter(pk__in=[session.pk for session in soon]).update(state=SessionState.CONFIRMED)
        SessionEvent.objects.bulk_create(
            SessionEvent(
                session=session,
                kind=SessionEvent.Kind.CONFIRMED,
                at=self.now - HOUR,
                by=self.desk.user,
                was_at=session.starts_at,
            )
            for session in soon
        )

    def _release(self, sessions: Sequence[Session]) -> None:
        """One who comes after the days that are confirmed has given the time back."""
        later = [each for each in sessions if each.starts_at and each.starts_at > self.now + CONFIRM_AHEAD]
        session = Session.objects.get(pk=later[len(later) // 2].pk)
        released = SessionState.RELEASED
        change_state(
            session.pk, released, by=self.desk, key=self.key(), version=session.version, now=self.now - HOUR
        )

    def _set_aside(self, sessions: Sequence[Session]) -> None:
        """One who is expected had herpes once, and a clinician has decided."""
        expected = [each for each in sessions if each.starts_at and each.starts_at > self.now + DAY]
        said = ScreeningAnswer.objects.filter(
            screening__patient=expected[-1].patient, question__code="herpes_history"
        )
        said.update(said_yes=True)
        first = said.select_related("screening").earliest("screening__taken_at")
        set_aside(
            first,
            reason="Takes an antiviral medicine from the day before each session",
            until=None,
            by=self.doctor,
            key=self.key(),
            now=first.screening.taken_at + 10 * MINUTE,
        )


def _break_off(session: Session) -> None:
    Session.objects.filter(pk=session.pk).update(state=SessionState.BROKEN_OFF)
    ended = session.events.filter(kind=SessionEvent.Kind.DONE)
    ended.update(kind=SessionEvent.Kind.BROKEN_OFF, reason="Felt faint; stopped after one side")


def _analyze() -> None:
    """The tables grow from nothing in one transaction, which the query planner learns of only when told.

    Only ours: the server's own tables are shared with other databases, which may hold them.
    """
    names = connection.introspection.django_table_names()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE " + ", ".join(map(connection.ops.quote_name, names)))
