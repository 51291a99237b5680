"""Messages: what waits, what left, what did not."""

from typing import Any

from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin

from clinic.api.bodies import Nothing
from clinic.api.viewsets import ClinicViewSet, RetrieveOpened, writes
from clinic.permissions import Right
from clinic.services.audit import note_reading
from planner.api import filters, serializers
from planner.models import Message
from planner.outbox.plan_messages import send_now, withdraw


class MessageViewSet(ListModelMixin, RetrieveOpened, ClinicViewSet):
    """The clinic's mails, the one due last first. Whoever asks for one is noted."""

    right, lookup_url_kwarg = Right.SEE_MESSAGES, "message_id"
    way_to_clinic = "patient__clinic"
    queryset = Message.objects.select_related("step")
    filterset_class = filters.MessageFilter
    opened: Message

    def get_serializer_class(self) -> type[serializers.MessageShape]:
        return serializers.MessageShape if self.action == "list" else serializers.WholeMessageShape

    def get_object(self) -> Message:
        message: Message = super().get_object()
        note_reading(self.staff, message.patient_id, "message", now=self.now, object_id=message.pk)
        return message

    @action(detail=True, methods=["post"])
    @writes(Nothing, Right.MANAGE_MESSAGES)
    def send(self, asked: dict[str, Any], key: str) -> Message:
        """Let a waiting mail leave with the next delivery, or try a failed one again."""
        return send_now(self.opened.pk, by=self.actor, key=key, now=self.now)

    @action(detail=True, methods=["post"])
    @writes(serializers.WithdrawAsked, Right.MANAGE_MESSAGES)
    def withdraw(self, asked: dict[str, Any], key: str) -> Message:
        """Take a mail back before it leaves."""
        return withdraw(self.opened.pk, by=self.actor, key=key, now=self.now, why=asked["why"])
