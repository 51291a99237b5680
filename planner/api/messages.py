"""Messages: what waits, what left, what did not."""

from typing import Any

from rest_framework.decorators import action

from clinic.api.bodies import Nothing
from clinic.api.viewsets import ListNoted, RetrieveOpened, writes
from clinic.permissions import Right
from planner.api import filters, serializers
from planner.models import Message
from planner.outbox.plan_messages import send_now, withdraw
from planner.readings import open_message


class MessageViewSet(RetrieveOpened, ListNoted):
    """The clinic's mails, the one due last first. Whoever asks is noted."""

    right, lookup_url_kwarg = Right.SEE_MESSAGES, "message_id"
    way_to_clinic, listed = "patient__clinic", "messages"
    queryset = Message.objects.select_related("step")
    filterset_class = filters.MessageFilter
    opened: Message

    def get_serializer_class(self) -> type[serializers.MessageShape]:
        return serializers.MessageShape if self.action == "list" else serializers.WholeMessageShape

    def get_object(self) -> Message:
        return open_message(self.actor, self.kwargs["message_id"], now=self.now)

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
