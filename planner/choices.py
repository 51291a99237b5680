from django.db import models
from django.utils.translation import gettext_lazy as _


class PhaseKind(models.TextChoices):
    NUMBING = "numbing", _("Numbing")
    NEEDLING = "needling", _("Needling")
    RECOVERY = "recovery", _("Recovery")


class SeriesState(models.TextChoices):
    DRAFT = "draft", _("Being planned")
    ACTIVE = "active", _("Under way")
    DONE = "done", _("Completed")
    STOPPED = "stopped", _("Stopped")


class SessionState(models.TextChoices):
    """planned (no time yet) → booked → confirmed → arrived → in treatment → done; or no-show, or cancelled."""

    PLANNED = "planned", _("Not booked")
    BOOKED = "booked", _("Booked")
    CONFIRMED = "confirmed", _("Confirmed")
    ARRIVED = "arrived", _("Arrived")
    IN_TREATMENT = "in_treatment", _("In treatment")
    DONE = "done", _("Done")
    NO_SHOW = "no_show", _("Did not come")
    CANCELLED = "cancelled", _("Cancelled")


HOLDS_TIME = (
    SessionState.BOOKED,
    SessionState.CONFIRMED,
    SessionState.ARRIVED,
    SessionState.IN_TREATMENT,
    SessionState.DONE,
)
CAN_MOVE = (SessionState.PLANNED, SessionState.BOOKED, SessionState.CONFIRMED, SessionState.NO_SHOW)
NEXT_STATES: dict[SessionState, tuple[SessionState, ...]] = {
    SessionState.PLANNED: (SessionState.BOOKED, SessionState.CANCELLED),
    SessionState.BOOKED: (
        SessionState.PLANNED,
        SessionState.CONFIRMED,
        SessionState.ARRIVED,
        SessionState.NO_SHOW,
        SessionState.CANCELLED,
    ),
    SessionState.CONFIRMED: (
        SessionState.PLANNED,
        SessionState.BOOKED,
        SessionState.ARRIVED,
        SessionState.NO_SHOW,
        SessionState.CANCELLED,
    ),
    SessionState.ARRIVED: (SessionState.IN_TREATMENT, SessionState.BOOKED, SessionState.CANCELLED),
    SessionState.IN_TREATMENT: (SessionState.DONE, SessionState.CANCELLED),
    SessionState.DONE: (),
    SessionState.NO_SHOW: (SessionState.BOOKED, SessionState.CANCELLED),
    SessionState.CANCELLED: (),
}


class Anchor(models.TextChoices):
    """What an aftercare step's offset counts from."""

    SERIES_BOOKED = "series_booked", _("Series booked")
    SESSION_MOVED = "session_moved", _("Sessions moved")
    SESSION_CANCELLED = "session_cancelled", _("Session cancelled")
    SESSION_START = "session_start", _("Start of the session")
    SESSION_END = "session_end", _("End of the session")
    LAST_SESSION_END = "last_session_end", _("End of the last session")


class MessageState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    MISSED = "missed", _("Too late, not sent")
    FAILED = "failed", _("Could not be sent")


class Endpoint(models.TextChoices):
    REDNESS = "redness", _("Redness")
    FEW_PINPOINTS = "few_pinpoints", _("Few pinpoints")
    EVEN_PINPOINTS = "even_pinpoints", _("Even pinpoints")
    WHEALS = "wheals", _("Wheals")


class Reaction(models.TextChoices):
    NONE = "none", _("None beyond redness")
    BRUISING = "bruising", _("Bruising")
    SWELLING = "swelling", _("Marked swelling")
    FAINTED = "fainted", _("Fainted")
    ALLERGIC = "allergic", _("Allergic reaction")
    OTHER = "other", _("Other, see note")
