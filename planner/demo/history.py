"""A year of history, made by the same services that make tomorrow: each call is given the moment it happened."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from hashlib import sha256
from itertools import count
from random import Random

from django.core.files.base import ContentFile

from clinic.actor import Actor
from clinic.localtime import at_local, local_date
from patients.choices import AdattoStage, ConsentKind, Modality, PhotoView, StriaType
from patients.models import ConsentText, Patient, Photo, ScreeningQuestion
from patients.models.patient import fold
from patients.queries import current_questions
from patients.services.assessments import Filled, JudgedArea, assess
from patients.services.consents import sign_consent
from patients.services.screening import Reply, take_screening
from planner.choices import Endpoint, Reaction, SessionState
from planner.demo.people import Marks, Person
from planner.demo.pictures import draw_marks
from planner.demo.place import DemoClinic
from planner.models import ProtocolVersion, Series, Session
from planner.protocols.catalogue import current_versions, facts_of_area, recipe_of
from planner.protocols.recommendation import depth_for, recommend
from planner.schedule.book import book_series, change_state, move_sessions, stop_series
from planner.schedule.draft import ProtocolChoice, Wishes, draft_series
from planner.schedule.move import propose_move
from planner.schedule.propose import propose
from planner.schedule.session_place import SessionPlace
from planner.treatment.treat import AreaEntry, RecordEntry, finish, start_treatment

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NO_SHOWS_IN_100 = 4
LATER_STAGE = {
    AdattoStage.STAGE_IIIB: AdattoStage.STAGE_IIIA,
    AdattoStage.STAGE_IIIA: AdattoStage.STAGE_IIB,
    AdattoStage.STAGE_IIB: AdattoStage.STAGE_IIA,
}


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells every person's story up to `now`. `versions` and `questions` are read once."""

    place: DemoClinic
    now: datetime
    random: Random
    versions: list[ProtocolVersion]
    questions: list[ScreeningQuestion]
    texts: dict[str, ConsentText]
    keys: "count[int]" = field(default_factory=count)

    @classmethod
    def of(cls, place: DemoClinic, now: datetime, random: Random) -> "Teller":
        clinic = place.location.clinic
        return cls(
            place,
            now,
            random,
            list(current_versions(clinic)),
            current_questions(clinic.pk),
            {text.kind: text for text in clinic.consent_texts.filter(is_current=True)},
        )

    @property
    def today(self) -> date:
        return local_date(self.now, self.place.location.zone)

    def key(self) -> str:
        return f"demo-{next(self.keys)}"

    @property
    def doctor(self) -> Actor:
        return Actor.of(self.place.clinician)

    @property
    def desk(self) -> Actor:
        return Actor.of(self.place.desk)

    def at(self, day: date, hour: int, minute: int = 0) -> datetime:
        """That wall-clock time, but never later than now."""
        return min(at_local(day, time(hour, minute), self.place.location.zone), self.now - 5 * MINUTE)

    def tell(self, person: Person) -> None:
        met_on = min(person.begins - 12 * DAY, self.today - 2 * DAY)
        patient = self._meet(person, met_on)
        if person.story == "new":
            return
        self._screen(patient, person, met_on)
        if person.story == "blocked":
            return
        self._sign(patient, met_on)
        self._judge(patient, person, met_on, progress=0)
        if person.story == "assessed":
            return
        series = self._draft(patient, person, met_on)
        if person.story not in ("drafted", "postponed"):
            self._live(series, person, met_on)

    def _meet(self, person: Person, day: date) -> Patient:
        return Patient.objects.create(
            clinic=self.place.location.clinic,
            first_name=person.first_name,
            last_name=person.last_name,
            folded_name=fold(f"{person.first_name} {person.last_name}"),
            date_of_birth=person.date_of_birth,
            email=person.email,
            phone=person.phone,
            skin_type=person.skin_type,
            created_at=self.at(day, 9),
        )

    def _screen(self, patient: Patient, person: Person, day: date) -> None:
        told: dict[str, dict[str, date | None]] = {
            "blocked": {"isotretinoin_now": None},
            "postponed": {"isotretinoin_stopped": self.today - 60 * DAY},
        }
        said = told.get(person.story, {})
        codes = {question.code for question in self.questions}
        assert set(said) <= codes, set(said) - codes
        replies = [
            Reply(question.pk, question.code in said, said.get(question.code)) for question in self.questions
        ]
        clinician, key, when = self.doctor, self.key(), self.at(day, 9, 15)
        take_screening(patient, replies, is_recheck=False, note="", by=clinician, key=key, now=when)

    def _sign(self, patient: Patient, day: date) -> None:
        for kind in ConsentKind:
            sign_consent(
                patient,
                self.texts[kind],
                signed_name=patient.full_name,
                agreed=True,
                by=self.doctor,
                key=self.key(),
                now=self.at(day, 9, 30),
            )

    def _judge(self, patient: Patient, person: Person, day: date, *, progress: float) -> None:
        """An assessment with scores and a picture of each area; `progress` 0 at first, towards 1."""
        when = self.at(day, 9, 45)
        areas = [self._judged(marks, progress * person.depth_of_progress) for marks in person.marks]
        assess(patient, areas, by=self.doctor, key=self.key(), now=when)
        for area in patient.areas.all():
            is_red = area.stria_type == StriaType.RUBRA
            strength = 1 - progress * person.depth_of_progress
            seed = patient.pk * 100 + area.pk
            picture = draw_marks(person.skin_type, is_red=is_red, strength=strength, seed=seed)
            self._photograph(patient, area.pk, picture, when)

    def _judged(self, marks: Marks, gained: float) -> JudgedArea:
        stage = LATER_STAGE.get(marks.stage, marks.stage) if gained > 0.35 else marks.stage
        widest = max(
            Decimal("0.5"), (marks.widest_mm * Decimal(str(1 - gained)) * 2).quantize(Decimal(1)) / 2
        )
        bother = round(max(5, 72 * (1 - gained) + self.random.uniform(-4, 4)))
        filled = [Filled("vas_patient", (bother,))]
        if gained:
            filled.append(Filled("gais", (2 if gained > 0.4 else 3,)))
            filled.append(Filled("quartile", (min(4, 1 + int(gained * 4)),)))
        return JudgedArea(marks.site, marks.side, marks.stria_type, stage, widest, filled=tuple(filled))

    def _photograph(self, patient: Patient, area_id: int, picture: bytes, when: datetime) -> None:
        photo = Photo(
            patient=patient,
            area_id=area_id,
            view=PhotoView.REGION,
            width_px=480,
            height_px=360,
            sha256=sha256(picture).hexdigest(),
            taken_at=when,
            taken_by=self.doctor.user,
        )
        photo.file.save("picture.jpg", ContentFile(picture))

    def _draft(self, patient: Patient, person: Person, day: date) -> Series:
        findings = patient.assessments.get().findings.select_related("area")
        advice = recommend(
            [facts_of_area(each) for each in findings],
            skin_type=person.skin_type,
            modality_options=[Modality.MICRONEEDLING],
            recipes=[recipe_of(version) for version in self.versions],
        )
        version = next(each for each in self.versions if each.protocol.code == advice.recipe.code)
        sessions = advice.recipe.sessions_target
        gap = (advice.gap.min_days, advice.gap.target_days, advice.gap.max_days)
        return draft_series(
            patient,
            ProtocolChoice(version, sessions, gap, version, sessions),
            Wishes(starts_from=person.begins),
            location=self.place.location,
            areas=list(patient.areas.all()),
            by=self.doctor,
            key=self.key(),
            now=self.at(day, 10),
        )

    def _live(self, series: Series, person: Person, day: date) -> None:
        when = self.at(day, 10, 15)
        plans = propose(series, now=when).plans
        if not plans:
            return
        book_series(series.pk, plans[0].visits, by=self.doctor, key=self.key(), now=when)
        if person.story == "today":
            self._bring_to_today(series, when)
        for session in series.sessions.order_by("number"):
            if person.story == "stopped" and session.number == 2:
                self._stop(series, session)
            if not self._pass(session, person):
                break

    def _bring_to_today(self, series: Series, when: datetime) -> None:
        """A plan that goes around some holiday to come misses today by a day or two."""
        zone = self.place.location.zone
        session = min(series.sessions.all(), key=lambda each: abs(self._day(each) - self.today))
        if self._day(session) == self.today:
            return
        for hour in range(9, 17):
            at = at_local(self.today, time(hour), zone)
            found = propose_move(session, to=at, with_later=True, now=when)
            if found.plans and not found.reasons:
                self._move(session, found.plans[0].visits, when, "Wants another day of the week")
                return

    def _day(self, session: Session) -> date:
        assert session.starts_at is not None
        return local_date(session.starts_at, self.place.location.zone)

    def _stop(self, series: Series, session: Session) -> None:
        """Some days before the second session."""
        assert session.starts_at is not None
        series.refresh_from_db()
        clinician, key, when = self.doctor, self.key(), session.starts_at - 4 * DAY
        why = "Moves to another city"
        stop_series(series.pk, by=clinician, key=key, version=series.version, now=when, reason=why)

    def _pass(self, session: Session, person: Person) -> bool:
        """Let one session happen if its time has come; whether the story goes on to the next."""
        session.refresh_from_db()
        if session.state == SessionState.CANCELLED:
            return False
        if session.starts_at is None or session.starts_at > self.now:
            self._perhaps_confirm(session)
            return False
        is_missed = person.story == "drifting" and session.number == 2
        if is_missed or self.random.randrange(100) < NO_SHOWS_IN_100:
            return self._miss(session, person)
        return self._treat(session, person)

    def _perhaps_confirm(self, session: Session) -> None:
        if session.starts_at and session.starts_at < self.now + 6 * DAY and self.random.random() < 0.7:
            self._state(session, SessionState.CONFIRMED, self.now - HOUR)

    def _state(self, session: Session, state: SessionState, when: datetime) -> None:
        version, key = session.version, self.key()
        change_state(session.pk, state, by=self.desk, key=key, version=version, now=when)
        session.refresh_from_db()

    def _miss(self, session: Session, person: Person) -> bool:
        """Not come; rebooked a day later, unless the patient is the one who drifts."""
        assert session.starts_at is not None
        if session.starts_at + HOUR > self.now:
            return False
        self._state(session, SessionState.NO_SHOW, session.starts_at + HOUR)
        if person.story == "drifting":
            return False
        when = min(session.starts_at + DAY, self.now - MINUTE)
        plans = propose_move(session, with_later=True, now=when).plans
        if not plans:
            return False
        self._move(session, plans[0].visits, when, "Rang to say sorry")
        return self._pass(session, replace(person, story="under way"))

    def _move(self, session: Session, visits: tuple[SessionPlace, ...], when: datetime, reason: str) -> None:
        desk, key = self.desk, self.key()
        move_sessions(
            session.pk,
            visits,
            by=desk,
            key=key,
            version=session.version,
            now=when,
            reason=reason,
        )

    def _treat(self, session: Session, person: Person) -> bool:
        """Arrive, be asked, be treated, go home: as far as the clock allows."""
        assert session.starts_at is not None
        assert session.ends_at is not None
        self._state(session, SessionState.ARRIVED, min(session.starts_at, self.now - MINUTE))
        if session.starts_at + 45 * MINUTE > self.now:
            return False
        day = self._day(session)
        self._recheck(session, session.starts_at)
        begun = session.starts_at + 45 * MINUTE
        start_treatment(session.pk, by=self.doctor, key=self.key(), version=session.version, now=begun)
        if session.ends_at > self.now:
            return False
        entry = self._entry(session, person)
        finish(
            session.pk, entry, by=self.doctor, key=self.key(), version=session.version, now=session.ends_at
        )
        if session.number > 1:
            progress = session.number / session.series.sessions_planned
            self._judge(session.patient, person, day, progress=progress)
        return True

    def _recheck(self, session: Session, when: datetime) -> None:
        replies = [Reply(question.pk, False) for question in self.questions if question.ask_every_session]
        clinician, key = self.doctor, self.key()
        take_screening(session.patient, replies, is_recheck=True, note="", by=clinician, key=key, now=when)

    def _entry(self, session: Session, person: Person) -> RecordEntry:
        depths = {depth.site: depth for depth in session.series.protocol_version.depths.all()}
        areas = []
        for area in session.series.areas.all():
            number = min(session.number, 2)
            advice = depth_for(
                depths[area.site], area.stria_type, skin_type=person.skin_type, session_number=number
            )
            bleeding = self.random.choice((1, 1, 2))
            areas.append(
                AreaEntry(
                    area.pk,
                    advice.target_mm,
                    advice.passes_min + number - 1,
                    Endpoint(advice.endpoint),
                    bleeding,
                )
            )
        return RecordEntry(
            areas=tuple(areas),
            cartridge="16-needle",
            cartridge_lot=f"KN-{2200 + session.number * 37 + (session.pk or 0) % 30}",
            cartridge_expires_on=self.today + 400 * DAY,
            anaesthetic="Lidocaine 4%",
            anaesthetic_lot="LX-8804",
            anaesthetic_grams=Decimal("18.0"),
            anaesthetic_minutes=45,
            pain=self.random.randint(2, 6),
            reaction=self.random.choice((Reaction.NONE, Reaction.NONE, Reaction.NONE, Reaction.BRUISING)),
            note=self.random.choice(("", "", "Tolerated well.", "Redness gone on day 4 last time.")),
        )
