"""Sessions: find, move, cancel, mark, treat."""

from typing import Any

from django.db.models import Prefetch
from django.utils.translation import gettext_lazy as _
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clinic.api.viewsets import ListNoted, RetrieveOpened, asks, writes
from clinic.errors import Refusal
from clinic.permissions import Right
from planner.api import filters, serializers
from planner.api.obstacles import WholeSessionShape
from planner.choices import SessionState
from planner.models import Reservation, Session, TreatmentRecord
from planner.readings import open_session, open_whole_session
from planner.schedule.book import cancel_session, move_sessions
from planner.schedule.marks import change_state, take_back
from planner.schedule.move import propose_move
from planner.schedule.proposals import PlanAnswer
from planner.treatment.treat import break_off, finish, save_record, start_treatment


class NoRecordYet(Refusal):
    code = "no_record_yet"
    sentence = _("Nothing has been recorded of session {number} yet.")


class SessionViewSet(RetrieveOpened, ListNoted):
    """The clinic's sessions in the order of their times, those without one last. Whoever asks is noted."""

    right, lookup_url_kwarg = Right.SEE_PATIENTS, "session_id"
    way_to_clinic, listed = "patient__clinic", "sessions"
    queryset = (
        Session.objects.select_related("patient")
        .prefetch_related(Prefetch("reservations", Reservation.objects.select_related("resource")))
        .order_by("starts_at", "pk")
    )
    serializer_class = serializers.SessionShape
    filterset_class = filters.SessionFilter
    opened: Session

    def get_object(self) -> Session:
        opened = open_whole_session if self.action == "retrieve" else open_session
        return opened(self.actor, self.kwargs["session_id"], now=self.now)

    def get_serializer_class(self) -> Any:
        return WholeSessionShape if self.action == "retrieve" else super().get_serializer_class()

    @action(
        detail=True,
        methods=["post"],
        url_path="propose-move",
        serializer_class=serializers.PlanAnswerShape,
    )
    @asks(serializers.MoveQuestion, Right.BOOK)
    def propose_move(self, asked: dict[str, Any]) -> PlanAnswer:
        """Where this session, and with it the later ones, can go; and what that does to the rest."""
        return propose_move(self.opened, **asked, now=self.now)

    @action(detail=True, methods=["post"])
    @writes(serializers.MoveAsked, Right.BOOK)
    def move(self, asked: dict[str, Any], key: str) -> Session:
        """Give this session, and any later ones named, another time or other resources: all of them or none."""
        visits = asked.pop("visits")
        return move_sessions(self.opened.pk, visits, **asked, by=self.actor, key=key, now=self.now)

    @action(detail=True, methods=["post"])
    @writes(serializers.WhyAsked, Right.BOOK)
    def cancel(self, asked: dict[str, Any], key: str) -> Session:
        """Take one session out of its series for good; the others stay where they are."""
        return cancel_session(self.opened.pk, **asked, by=self.actor, key=key, now=self.now)

    @action(detail=True, methods=["post"])
    @writes(serializers.WhyAsked, Right.RUN_DAY)
    def confirm(self, asked: dict[str, Any], key: str) -> Session:
        """The patient has said that they will come."""
        return self._marked(SessionState.CONFIRMED, asked, key)

    @action(detail=True, methods=["post"])
    @writes(serializers.WhyAsked, Right.RUN_DAY)
    def arrive(self, asked: dict[str, Any], key: str) -> Session:
        """The patient is here."""
        return self._marked(SessionState.ARRIVED, asked, key)

    @action(detail=True, methods=["post"], url_path="no-show")
    @writes(serializers.WhyAsked, Right.RUN_DAY)
    def no_show(self, asked: dict[str, Any], key: str) -> Session:
        """The patient did not come; what the session held is free again."""
        return self._marked(SessionState.NO_SHOW, asked, key)

    @action(detail=True, methods=["post"], url_path="take-back")
    @writes(serializers.WhyAsked, Right.RUN_DAY)
    def take_back(self, asked: dict[str, Any], key: str) -> Session:
        """As it was before: not confirmed, not here, not missed, not given back and not cancelled after all.

        Refused where the time has gone to somebody else.
        """
        return take_back(self.opened.pk, **asked, by=self.actor, key=key, now=self.now)

    @action(detail=True, methods=["post"])
    @writes(serializers.WhyAsked, Right.BOOK)
    def release(self, asked: dict[str, Any], key: str) -> Session:
        """The patient gives the time back and will ring about another."""
        return self._marked(SessionState.RELEASED, asked, key)

    def _marked(self, to: SessionState, asked: dict[str, Any], key: str) -> Session:
        return change_state(self.opened.pk, to, **asked, by=self.actor, key=key, now=self.now)

    @action(detail=True, methods=["post"])
    @writes(serializers.VersionAsked, Right.TREAT)
    def start(self, asked: dict[str, Any], key: str) -> Session:
        """The treatment begins. Refused without today's questions, a consent, or if an answer forbids it."""
        return start_treatment(self.opened.pk, **asked, by=self.actor, key=key, now=self.now)

    @action(detail=True, methods=["post"], url_path="break-off")
    @writes(serializers.WhyAsked, Right.TREAT)
    def break_off(self, asked: dict[str, Any], key: str) -> Session:
        """The treatment ends early; its skin rests and is cared for as after any other."""
        return break_off(self.opened.pk, **asked, by=self.actor, key=key, now=self.now)

    @action(detail=True, right=Right.SEE_RECORD, serializer_class=serializers.RecordShape)
    def record(self, request: Request, **ids: int) -> Response:
        """What was done."""
        records = TreatmentRecord.objects.select_related("recorded_by__staff").prefetch_related("areas")
        record = records.filter(session=self.opened).first()
        if record is None:
            raise NoRecordYet(number=self.opened.number)
        return self.told(record)

    @record.mapping.post
    @writes(serializers.RecordAsked, Right.TREAT)
    def write_record(self, asked: dict[str, Any], key: str) -> TreatmentRecord:
        """Write or correct what was done, in treatment or afterwards."""
        entry = asked.pop("entry")
        return save_record(self.opened.pk, entry, **asked, by=self.actor, key=key, now=self.now)

    @action(detail=True, methods=["post"])
    @writes(serializers.CompletionAsked, Right.TREAT)
    def complete(self, asked: dict[str, Any], key: str) -> Session:
        """The treatment ends, with its record; the aftercare mails are planned.

        Also of a session of an earlier day that nobody checked in.
        """
        entry = asked.pop("entry")
        return finish(self.opened.pk, entry, **asked, by=self.actor, key=key, now=self.now)
