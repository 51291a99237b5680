"""Messages: what waits, what left, what did not."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from clinic.api.bodies import Nothing
from clinic.api.endpoints import ClinicView, Row, Rows, Write
from clinic.permissions import Right
from clinic.services.audit import note_reading
from planner.api import filters, serializers
from planner.models import Message
from planner.outbox.plan_messages import send_now, withdraw


class MessageList(Rows):
    """The clinic's mails, the one due last first."""

    right = Right.SEE_MESSAGES
    serializer_class = serializers.MessageShape
    filterset_class = filters.MessageFilter

    def rows(self) -> QuerySet[Message]:
        of_the_clinic = Message.objects.filter(patient__clinic=self.staff.location.clinic_id)
        return of_the_clinic.select_related("step")


class OfMessage(ClinicView):
    """About one mail of the caller's clinic. Whoever asks is noted."""

    serializer_class = serializers.WholeMessageShape
    message: Message

    def find(self, **ids: int) -> None:
        of_the_clinic = Message.objects.filter(patient__clinic=self.staff.location.clinic_id)
        self.message = get_object_or_404(of_the_clinic.select_related("step"), pk=ids["message_id"])
        note_reading(self.staff, self.message.patient_id, "message", now=self.now, object_id=self.message.pk)


class MessageDetail(OfMessage, Row):
    """One mail with its text and history."""

    right = Right.SEE_MESSAGES

    def one(self) -> Message:
        return self.message


class SendNow(OfMessage, Write):
    """Let a waiting mail leave with the next delivery, or try a failed one again."""

    right = Right.MANAGE_MESSAGES
    asks = Nothing

    def do(self, asked: dict[str, Any], key: str) -> Message:
        return send_now(self.message.pk, by=self.actor, key=key, now=self.now)


class Withdraw(OfMessage, Write):
    """Take a mail back before it leaves."""

    right = Right.MANAGE_MESSAGES
    asks = serializers.WithdrawAsked

    def do(self, asked: dict[str, Any], key: str) -> Message:
        return withdraw(self.message.pk, by=self.actor, key=key, now=self.now, why=asked["why"])
