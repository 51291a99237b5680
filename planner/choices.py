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
    """planned (no time yet) → booked → confirmed → arrived → in treatment → done, or broken off.

    Or no-show, cancelled, or released: the time is given back and the patient rings about another.
    """

    PLANNED = "planned", _("Not booked")
    BOOKED = "booked", _("Booked")
    CONFIRMED = "confirmed", _("Confirmed")
    ARRIVED = "arrived", _("Arrived")
    IN_TREATMENT = "in_treatment", _("In treatment")
    DONE = "done", _("Done")
    BROKEN_OFF = "broken_off", _("Broken off")
    NO_SHOW = "no_show", _("Did not come")
    RELEASED = "released", _("Will ring back")
    CANCELLED = "cancelled", _("Cancelled")


NEEDLED = (SessionState.DONE, SessionState.BROKEN_OFF)
"""The skin was treated, wholly or in part: it rests, is screened and cared for after that day."""
OVER = (*NEEDLED, SessionState.CANCELLED)
HERE = (SessionState.ARRIVED, SessionState.IN_TREATMENT)
HOLDS_TIME = (SessionState.BOOKED, SessionState.CONFIRMED, *HERE, *NEEDLED)
WITHOUT_TIME = (SessionState.PLANNED, SessionState.NO_SHOW, SessionState.RELEASED)
"""Still to come, without a time that counts."""
CAN_MOVE = (*WITHOUT_TIME, SessionState.BOOKED, SessionState.CONFIRMED)
_EXPECTED = (SessionState.ARRIVED, SessionState.NO_SHOW, SessionState.RELEASED, SessionState.CANCELLED)
NEXT_STATES: dict[SessionState, tuple[SessionState, ...]] = {
    SessionState.PLANNED: (SessionState.BOOKED, SessionState.CANCELLED),
    SessionState.BOOKED: (SessionState.PLANNED, SessionState.CONFIRMED, *_EXPECTED),
    SessionState.CONFIRMED: (SessionState.PLANNED, SessionState.BOOKED, *_EXPECTED),
    SessionState.ARRIVED: (SessionState.IN_TREATMENT, SessionState.BOOKED, SessionState.CANCELLED),
    SessionState.IN_TREATMENT: NEEDLED,
    SessionState.DONE: (),
    SessionState.BROKEN_OFF: (),
    SessionState.NO_SHOW: (SessionState.BOOKED, SessionState.CANCELLED),
    SessionState.RELEASED: (SessionState.BOOKED, SessionState.CANCELLED),
    SessionState.CANCELLED: (SessionState.BOOKED, SessionState.PLANNED),
}
"""Back to booked means: as it was before."""


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


class MessageHistory(models.TextChoices):
    """What happened to a message: the code is kept with its facts, the label says them in the reader's language."""

    PLANNED = "planned", _("Planned")
    SESSION_MOVED = "session_moved", _("The session was moved.")
    SESSION_CANCELLED = "session_cancelled", _("The session was cancelled.")
    TIME_RELEASED = "time_released", _("The time was given back; the patient rings about another.")
    REPLACED = "replaced", _("Replaced: more has changed.")
    SEND_NOW = "send_now", _("To be sent now: %(name)s")
    WITHDRAWN_BY = "withdrawn_by", "%(name)s"
    WITHDRAWN_BECAUSE = "withdrawn_because", "%(name)s: %(why)s"
    WORKER_STOPPED = (
        "worker_stopped",
        _("The worker stopped while this was leaving; sent again under the same id."),
    )
    TOO_LATE = "too_late", _("It would have come too late.")
    OVERTAKEN = "overtaken", _("After a delay a newer note was due as well; only that one leaves.")
    SESSION_CHANGED = "session_changed", _("The session has changed since.")
    SESSION_STATE = "session_state", _("The session is: %(state)s.")
    NO_ADDRESS = "no_address", _("The patient has no e-mail address.")
    NO_MAIL_WANTED = "no_mail_wanted", _("The patient does not want mail.")
    INTERRUPTED = "interrupted", _("Sending was interrupted too often; it may have arrived.")
    HELD = "held", _("Held: something stands in the way of the visit.")
    QUIET_HOURS = "quiet_hours", _("Waits for the end of the quiet hours.")
    UNDONE = "undone", _("Nothing is left to tell: it was undone.")
    TAKEN = "taken", _("Taken by the mail server.")
    BROKE_OFF = "broke_off", _("The mail server broke off; it may have taken the mail.")
    TRY_LATER = "try_later", _("The mail server asks to try later: %(answer)s")
    REFUSED = "refused", _("Refused: %(answer)s")
    NOT_MADE = "not_made", _("It could not be made into a mail: %(fault)s")
    SAID = "said", "%(text)s"  # rows of a time when sentences were kept


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
