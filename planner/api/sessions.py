"""Sessions: find, move, cancel, mark, treat."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _

from clinic.api.endpoints import Ask, ClinicView, Row, Rows, Write
from clinic.errors import Refusal
from clinic.permissions import Right
from clinic.services.audit import note_reading
from planner.api import filters, serializers
from planner.choices import SessionState
from planner.models import Reservation, Session, TreatmentRecord
from planner.schedule.book import cancel_session, change_state, move_sessions
from planner.schedule.move import propose_move
from planner.schedule.proposals import PlanAnswer
from planner.treatment.treat import finish, save_record, start_treatment


class SessionList(Rows):
    """The clinic's sessions in the order of their times; those without a time come last."""

    right = Right.SEE_PATIENTS
    serializer_class = serializers.SessionShape
    filterset_class = filters.SessionFilter

    def rows(self) -> QuerySet[Session]:
        held = Prefetch("reservations", Reservation.objects.select_related("resource"))
        of_the_clinic = Session.objects.filter(patient__clinic=self.staff.location.clinic_id)
        return of_the_clinic.select_related("patient").prefetch_related(held).order_by("starts_at", "pk")


class OfSession(ClinicView):
    """About one session of the caller's clinic. Whoever asks is noted."""

    session: Session

    def find(self, **ids: int) -> None:
        of_the_clinic = Session.objects.filter(patient__clinic=self.staff.location.clinic_id)
        self.session = get_object_or_404(of_the_clinic.select_related("patient"), pk=ids["session_id"])
        note_reading(self.staff, self.session.patient_id, "session", now=self.now, object_id=self.session.pk)


class SessionDetail(OfSession, Row):
    """One session and what it holds."""

    right = Right.SEE_PATIENTS
    serializer_class = serializers.SessionShape

    def one(self) -> Session:
        return self.session


class ProposeMove(OfSession, Ask):
    """Where this session, and with it the later ones, can go; and what that does to the rest."""

    right = Right.BOOK
    serializer_class = serializers.PlanAnswerShape
    asks = serializers.MoveQuestion

    def answer(self, asked: dict[str, Any]) -> PlanAnswer:
        return propose_move(self.session, **asked, now=self.now)


class WriteSession(OfSession, Write):
    """A write that answers with the session."""

    serializer_class = serializers.SessionShape


class Move(WriteSession):
    """Give this session, and any later ones named, another time or other resources: all of them or none."""

    right = Right.BOOK
    asks = serializers.MoveAsked

    def do(self, asked: dict[str, Any], key: str) -> Session:
        visits = asked.pop("visits")
        return move_sessions(self.session.pk, visits, **asked, by=self.actor, key=key, now=self.now)


class Cancel(WriteSession):
    """Take one session out of its series for good; the others stay where they are."""

    right = Right.BOOK
    asks = serializers.WhyAsked

    def do(self, asked: dict[str, Any], key: str) -> Session:
        return cancel_session(self.session.pk, **asked, by=self.actor, key=key, now=self.now)


class MarkSession(WriteSession):
    """A state that a person sets by hand."""

    right = Right.RUN_DAY
    asks = serializers.WhyAsked
    to: SessionState

    def do(self, asked: dict[str, Any], key: str) -> Session:
        return change_state(self.session.pk, self.to, **asked, by=self.actor, key=key, now=self.now)


class Confirm(MarkSession):
    """The patient has said that they will come."""

    to = SessionState.CONFIRMED


class Arrive(MarkSession):
    """The patient is here."""

    to = SessionState.ARRIVED


class NoShow(MarkSession):
    """The patient did not come; what the session held is free again."""

    to = SessionState.NO_SHOW


class TakeBack(MarkSession):
    """Booked as before: not confirmed, not here, not missed after all."""

    to = SessionState.BOOKED


class Start(WriteSession):
    """The treatment begins. Refused without today's questions, a consent, or if an answer forbids it."""

    right = Right.TREAT
    asks = serializers.VersionAsked

    def do(self, asked: dict[str, Any], key: str) -> Session:
        return start_treatment(self.session.pk, **asked, by=self.actor, key=key, now=self.now)


class NoRecordYet(Refusal):
    code = "no_record_yet"
    sentence = _("Nothing has been recorded of session {number} yet.")


class Record(OfSession, Row, Write):
    """What was done; write or correct it, in treatment or afterwards."""

    right, right_to_write = Right.SEE_RECORD, Right.TREAT
    serializer_class = serializers.RecordShape
    asks = serializers.RecordAsked

    def one(self) -> TreatmentRecord:
        records = TreatmentRecord.objects.select_related("recorded_by__staff").prefetch_related("areas")
        record = records.filter(session=self.session).first()
        if record is None:
            raise NoRecordYet(number=self.session.number)
        return record

    def do(self, asked: dict[str, Any], key: str) -> TreatmentRecord:
        entry = asked.pop("entry")
        return save_record(self.session.pk, entry, **asked, by=self.actor, key=key, now=self.now)


class Complete(WriteSession):
    """The treatment ends, with its record; the aftercare mails are planned."""

    right = Right.TREAT
    asks = serializers.CompletionAsked

    def do(self, asked: dict[str, Any], key: str) -> Session:
        entry = asked.pop("entry")
        return finish(self.session.pk, entry, **asked, by=self.actor, key=key, now=self.now)
