from typing import Any

from django.db import models
from django.db.models import Q

from clinic.models import Location
from patients.models import Patient
from planner.choices import MessageHistory, MessageState, SessionState
from planner.models.protocol import AftercareStep
from planner.models.series import Series, Session


class Message(models.Model):
    """One mail to one person in the outbox. The row is the queue: due at `due_at`, never sent after `expires_at`.

    It belongs to one version of a session, or of a series; when that version is past, it is withdrawn.
    What was sent (`to_address`, `subject`, `body_text`, `body_html`) is kept as it left.
    """

    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="messages")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="messages")
    series = models.ForeignKey(Series, on_delete=models.PROTECT, related_name="messages")
    session = models.ForeignKey(Session, on_delete=models.PROTECT, null=True, related_name="messages")
    step = models.ForeignKey(AftercareStep, on_delete=models.PROTECT, related_name="messages")
    about_version = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=MessageState, default=MessageState.WAITING)
    due_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    message_id = models.CharField(max_length=120, unique=True)
    may_be_doubled = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    to_address = models.EmailField(blank=True)
    subject = models.CharField(max_length=160, blank=True)
    body_text = models.TextField(blank=True)
    body_html = models.TextField(blank=True)

    class Meta:
        ordering = ["-due_at", "-id"]
        indexes = [
            models.Index(
                fields=["due_at"], name="message_due", condition=Q(state__in=["waiting", "sending"])
            ),
            models.Index(fields=["location", "-due_at"], name="message_by_location"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["series", "session", "step", "about_version"],
                name="message_once",
                nulls_distinct=False,
            )
        ]

    @property
    def last_detail(self) -> str:
        """The last line of its history, where a list has read it along as `last_said`."""
        said: dict[str, Any] | None = getattr(self, "last_said", None)
        return what_happened(**said) if said else ""


class MessageEvent(models.Model):
    """A line of a message's history: what happened to it, as a code and its facts. Rows are only ever added."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=MessageState)
    code = models.CharField(max_length=20)
    facts = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["at", "id"]

    @property
    def detail(self) -> str:
        return what_happened(self.code, self.facts)


def what_happened(code: str, facts: dict[str, str]) -> str:
    """One line of a history as a sentence, in the reader's language."""
    state = {"state": SessionState(facts["state"]).label} if "state" in facts else {}
    return str(MessageHistory(code).label) % {**facts, **state}
