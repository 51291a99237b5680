"""A refusal is a code and facts; the sentence is made at the edge, in the reader's language and zone."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.utils.functional import Promise

from clinic.localtime import day_label, full_moment_label


class Refusal(Exception):
    """Something was asked that may not be done; nothing was changed.

    Subclasses set `code`, `status` (HTTP), `sentence` (what, who, when) and `next_step`; both may name facts in braces.
    """

    code: ClassVar[str]
    status: ClassVar[int] = 409
    sentence: ClassVar[str | Promise]
    next_step: ClassVar[str | Promise] = ""

    def __init__(self, **facts: Any) -> None:
        super().__init__(self.code)
        self.facts = facts


def _spoken(value: Any, zone: ZoneInfo) -> Any:
    if isinstance(value, datetime):
        return full_moment_label(value, zone)
    if isinstance(value, date):
        return day_label(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(str(_spoken(each, zone)) for each in value)
    return value


def say(refusal: Refusal, zone: ZoneInfo, *, with_next_step: bool = True) -> str:
    """The refusal as one or two sentences, times in `zone`, always with the weekday."""
    facts: Mapping[str, Any] = {name: _spoken(value, zone) for name, value in refusal.facts.items()}
    parts = [str(refusal.sentence), str(refusal.next_step) if with_next_step else ""]
    return " ".join(part.format(**facts) for part in parts if part)
