"""What is sent: small JSON, fields that know their bounds, bodies that refuse unknown names."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import IO, Any

from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import exceptions, parsers, serializers
from rest_framework.request import Request

from clinic.api.errors import KeyMissing
from clinic.localtime import at_local, time_exists

DEEPEST = 20
"""How far lists and objects of a body may be nested; the deepest shape here needs five."""


KEY = re.compile(r"[!-~]{1,80}")
KEY_SHAPE = {"type": "string", "minLength": 1, "maxLength": 80, "pattern": "^[!-~]{1,80}$"}
"""The same for the description; `!` to `~` are the characters that a key may have."""


YEARS = range(1900, 2200)


class SmallJson(parsers.JSONParser):
    """JSON that is not nested absurdly, of characters that can be written down again."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            asked: Any = super().parse(stream, media_type, parser_context)
            json.dumps(asked, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise exceptions.ParseError(_("The body has characters that stand for nothing.")) from None
        except RecursionError:
            raise exceptions.ParseError(_("The body is nested too deeply.")) from None
        if _is_deeper(asked, DEEPEST):
            raise exceptions.ParseError(_("The body is nested too deeply."))
        return asked


def _is_deeper(value: Any, most: int) -> bool:
    if not isinstance(value, (dict, list)):
        return False
    children = value.values() if isinstance(value, dict) else value
    return most == 0 or any(_is_deeper(child, most - 1) for child in children)


class Body(serializers.Serializer[Any]):
    """The shape of a body. Refuses fields it does not have, so that nothing is set or lost by a wrong name."""

    def to_internal_value(self, data: Any) -> Any:
        known = super().to_internal_value(data)
        unknown = sorted(str(name) for name in data if name not in self.fields)
        if unknown:
            raise serializers.ValidationError({name: [_t("There is no such field.")] for name in unknown})
        return known


class Id(serializers.IntegerField):
    """The number of a row."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=2**63 - 1, **options)


class Day(serializers.DateField):
    """A day of 1900 to 2199."""

    def to_internal_value(self, value: Any) -> date:
        day: date = super().to_internal_value(value)
        if day.year not in YEARS:
            raise serializers.ValidationError(_t("Not a day of 1900 to 2199."))
        return day


class Moment(serializers.DateTimeField):
    """An instant with its offset; without one, what clocks at the caller's location show. Years 1900 to 2199."""

    def enforce_timezone(self, value: datetime) -> datetime:
        if value.year not in YEARS:
            raise serializers.ValidationError(_t("Not a day of 1900 to 2199."))
        if timezone.is_aware(value):
            return value.astimezone(UTC)
        zone = self.context["staff"].location.zone
        if not time_exists(value.date(), value.time(), zone):
            raise serializers.ValidationError(_t("The clocks skip this time on that day."))
        return at_local(value.date(), value.time(), zone)


@extend_schema_field({"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$"})
class ClockTime(serializers.TimeField):
    """What clocks at the location show, `14:30`; no `time` of OpenAPI's, which knows its offset."""

    def __init__(self, **options: Any) -> None:
        super().__init__(input_formats=["%H:%M", "%H:%M:%S"], **options)


class Nothing(Body):
    """No field: the address says it all."""


def each_once(values: list[Any], what: str) -> None:
    """Refuses a list in which something stands twice."""
    if len(set(values)) < len(values):
        raise serializers.ValidationError(_t("Each %(what)s may stand here once.") % {"what": what})


def key_of(request: Request) -> str:
    key = request.headers.get("Idempotency-Key", "")
    if not KEY.fullmatch(key):
        raise KeyMissing()
    return key
