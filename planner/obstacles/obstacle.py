"""What an obstacle is: a code with facts that stands in a session's way, until when, and who can remove it.

The codes are those of the refusals that a booking meets by them. Facts are values; the words are made at the edge
(`words`), for a reader with rights and a language. No fact says what a patient answered or suffers from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from clinic.permissions import Right


class ObstacleCode(StrEnum):
    NO_CONSENT = "no_consent"
    CONSENT_ENDS = "consent_ends"
    NOT_SCREENED = "not_screened"
    RESCREEN_NEEDED = "rescreen_needed"
    SCREENING_BLOCKS = "screening_blocks"
    SCREENING_POSTPONES = "screening_postpones"
    SCREENING_HOLDS = "screening_holds"
    SET_ASIDE = "set_aside"
    RECORD_OPEN = "record_open"

    CLOSED = "closed"
    PUBLIC_HOLIDAY = "public_holiday"
    ON_LEAVE = "on_leave"
    OUTSIDE_HOURS = "outside_hours"
    NOT_OPEN_THAT_DAY = "not_open_that_day"
    RESOURCE_MISSING = "resource_missing"
    RESOURCE_INACTIVE = "resource_inactive"
    NOT_QUALIFIED = "not_qualified"
    LACKS_WHAT_IS_NEEDED = "lacks_what_is_needed"
    DEVICE_TOO_SHALLOW = "device_too_shallow"
    WRONG_ORDER = "wrong_order"
    TOO_SOON = "too_soon"
    TOO_LATE = "too_late"
    BEGINS_LATE = "begins_late"
    SKIN_NOT_RESTED = "skin_not_rested"
    OTHER_AREA_TOO_NEAR = "other_area_too_near"
    NO_TIME = "no_time"
    NOT_ENDED = "not_ended"

    NO_ADDRESS = "no_address"
    ADDRESS_REFUSED = "address_refused"
    NOT_TOLD = "not_told"


@dataclass(frozen=True, slots=True)
class ObstacleKind:
    """`stops`: the session cannot take place as it stands. `holds_mail`: what a mail says of it may become untrue.

    `remover` is the right of those who can remove it.
    """

    remover: Right
    stops: bool = True
    holds_mail: bool = True


_IN_THE_RECORD = ObstacleKind(Right.WRITE_RECORD, holds_mail=False)
_RULED_OUT = ObstacleKind(Right.WRITE_RECORD)
_OF_THE_PLACE = ObstacleKind(Right.BOOK)
_TO_BE_KNOWN = ObstacleKind(Right.BOOK, stops=False, holds_mail=False)
_OF_THE_ADDRESS = ObstacleKind(Right.EDIT_PATIENTS, stops=False, holds_mail=False)

KINDS: Mapping[ObstacleCode, ObstacleKind] = {
    ObstacleCode.NO_CONSENT: _IN_THE_RECORD,
    ObstacleCode.CONSENT_ENDS: _IN_THE_RECORD,
    ObstacleCode.NOT_SCREENED: _IN_THE_RECORD,
    ObstacleCode.RESCREEN_NEEDED: _IN_THE_RECORD,
    ObstacleCode.SCREENING_BLOCKS: _RULED_OUT,
    ObstacleCode.SCREENING_POSTPONES: _RULED_OUT,
    ObstacleCode.SCREENING_HOLDS: _IN_THE_RECORD,
    ObstacleCode.SET_ASIDE: ObstacleKind(Right.PRESCRIBE, stops=False, holds_mail=False),
    ObstacleCode.RECORD_OPEN: ObstacleKind(Right.TREAT, stops=False, holds_mail=False),
    ObstacleCode.CLOSED: _OF_THE_PLACE,
    ObstacleCode.PUBLIC_HOLIDAY: _OF_THE_PLACE,
    ObstacleCode.ON_LEAVE: _OF_THE_PLACE,
    ObstacleCode.OUTSIDE_HOURS: _OF_THE_PLACE,
    ObstacleCode.NOT_OPEN_THAT_DAY: _OF_THE_PLACE,
    ObstacleCode.RESOURCE_MISSING: ObstacleKind(Right.BOOK, holds_mail=False),
    ObstacleCode.RESOURCE_INACTIVE: _OF_THE_PLACE,
    ObstacleCode.NOT_QUALIFIED: _OF_THE_PLACE,
    ObstacleCode.LACKS_WHAT_IS_NEEDED: _OF_THE_PLACE,
    ObstacleCode.DEVICE_TOO_SHALLOW: _OF_THE_PLACE,
    ObstacleCode.WRONG_ORDER: _OF_THE_PLACE,
    ObstacleCode.TOO_SOON: _OF_THE_PLACE,
    ObstacleCode.TOO_LATE: _TO_BE_KNOWN,
    ObstacleCode.BEGINS_LATE: _TO_BE_KNOWN,
    ObstacleCode.SKIN_NOT_RESTED: _OF_THE_PLACE,
    ObstacleCode.OTHER_AREA_TOO_NEAR: _OF_THE_PLACE,
    ObstacleCode.NO_TIME: _TO_BE_KNOWN,
    ObstacleCode.NOT_ENDED: ObstacleKind(Right.RUN_DAY, stops=False, holds_mail=False),
    ObstacleCode.NO_ADDRESS: _OF_THE_ADDRESS,
    ObstacleCode.ADDRESS_REFUSED: _OF_THE_ADDRESS,
    ObstacleCode.NOT_TOLD: ObstacleKind(Right.MANAGE_MESSAGES, stops=False, holds_mail=False),
}


@dataclass(frozen=True, slots=True)
class Obstacle:
    """`until` is the first day on which it no longer stands in the way, if known. `facts` are those of its words.

    `of_record` is said to those alone who may see the record.
    """

    code: ObstacleCode
    until: date | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    of_record: str = ""

    @property
    def stops(self) -> bool:
        return KINDS[self.code].stops

    @property
    def holds_mail(self) -> bool:
        return KINDS[self.code].holds_mail

    @property
    def remover(self) -> Right:
        return KINDS[self.code].remover
