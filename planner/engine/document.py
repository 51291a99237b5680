"""A JSON document, decoded within bounds, and its values, which know their path so that a refusal can name it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from planner.engine.problem import MINUTES_PER_DAY, Moments, ProblemError

MAX_BYTES = 64 * 2**20
MAX_VALUES = 5_000_000  # one "[", "{" or "," each: keeps what json.loads builds well under 1 GB
FIRST_YEAR, LAST_YEAR = 1900, 2200  # of dates, so that days can be added to them

T = TypeVar("T")


def decode(raw: bytes | str) -> object:
    if len(raw) > MAX_BYTES:
        raise ProblemError("problem", f"larger than {MAX_BYTES // 2**20} MB")
    try:
        text = raw if isinstance(raw, str) else raw.decode("utf-8-sig")
        if sum(text.count(mark) for mark in "[{,") > MAX_VALUES:
            raise ProblemError("problem", f"more than {MAX_VALUES:,} values")
        return json.loads(text, object_pairs_hook=_object)
    except ProblemError:
        raise
    except json.JSONDecodeError as error:
        raise ProblemError(
            "problem", f"not JSON: {error.msg} at line {error.lineno} column {error.colno}"
        ) from None
    except RecursionError:
        raise ProblemError("problem", "nested too deeply") from None
    except ValueError as error:
        raise ProblemError("problem", f"not JSON: {_shown(str(error))}") from None


class _Repeating(dict[str, Any]):
    """An object of the document in which some key stands twice."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _Repeating(found)


def _shown(value: object) -> str:
    """A value in one short line, safe to print anywhere."""
    if isinstance(value, (list, dict)):
        return "a list" if isinstance(value, list) else "an object"
    text = ascii(value[:60] if isinstance(value, str) else value)
    return text if len(text) <= 60 else f"{text[:57]}..."


@dataclass(frozen=True, slots=True)
class Value:
    """A value of the document and its path, so that a refusal can name the place."""

    value: Any
    path: str

    def refusal(self, message: str) -> ProblemError:
        return ProblemError(self.path or "problem", message)

    def expected(self, what: str) -> ProblemError:
        return self.refusal(f"expected {what}, found {_shown(self.value)}")

    def fields(self, *required: str, optional: tuple[str, ...] = ()) -> "dict[str, Value]":
        """The object's values by key; an optional key that is null counts as absent."""
        if not isinstance(self.value, dict):
            raise self.expected("an object")
        if isinstance(self.value, _Repeating):
            raise self.refusal("a key stands twice in this object")
        for key in self.value:
            if key not in required and key not in optional:
                raise self.refusal(f"unknown key {_shown(key)}")
        for key in required:
            if key not in self.value:
                raise self.refusal(f'"{key}" is missing')
        prefix = f"{self.path}." if self.path else ""
        return {
            key: Value(value, f"{prefix}{key}")
            for key, value in self.value.items()
            if value is not None or key in required
        }

    def items(self) -> "list[Value]":
        if not isinstance(self.value, list):
            raise self.expected("a list")
        return [Value(value, f"{self.path}[{index}]") for index, value in enumerate(self.value)]

    def pair(self) -> "tuple[Value, Value]":
        found = self.items()
        if len(found) != 2:
            raise self.refusal(f"expected a start and an end, found {len(found)} values")
        return found[0], found[1]

    def text(self) -> str:
        if not isinstance(self.value, str) or not self.value:
            raise self.expected("a text")
        if any("\ud800" <= char <= "\udfff" for char in self.value):
            raise self.refusal("contains half a character (a lone surrogate)")
        return self.value

    def whole(self, low: int, high: int) -> int:
        if type(self.value) is not int or not low <= self.value <= high:
            raise self.expected(f"a whole number from {low} to {high}")
        return self.value

    def one_of(self, choices: tuple[T, ...]) -> T:
        for choice in choices:
            if type(self.value) is type(choice) and self.value == choice:
                return choice
        raise self.expected("one of " + ", ".join(str(choice) for choice in choices))

    def truth(self) -> bool:
        if not isinstance(self.value, bool):
            raise self.expected("true or false")
        return self.value

    def day(self) -> date:
        try:
            day = _day(self.value)
        except (TypeError, ValueError):
            raise self.expected('a date such as "2026-03-02"') from None
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise self.expected(f"a year from {FIRST_YEAR} to {LAST_YEAR}")
        return day

    def moment(self) -> datetime:
        try:
            return _moment(self.value)
        except (TypeError, ValueError):
            raise self.expected('a local date and time such as "2026-03-02T09:00"') from None

    def minute(self, last: int = MINUTES_PER_DAY - 1) -> int:
        try:
            minute = _minute(self.value)
        except (TypeError, ValueError):
            minute = -1
        if not 0 <= minute <= last:
            raise self.expected('a time of day such as "09:00"')
        return minute

    def rising(self, start: T, end: T) -> tuple[T, T]:
        if end <= start:  # type: ignore[operator]
            raise self.refusal("the end is not after the start")
        return start, end

    def spans(self) -> Moments:
        try:
            spans = tuple([(_moment(start), _moment(end)) for start, end in self.value])
            if isinstance(self.value, list) and all(start < end for start, end in spans):
                self.value.clear()  # what a large clinic has booked need not be in memory twice
                return spans
        except (TypeError, ValueError):
            pass
        return tuple(item.span() for item in self.items())  # slower, and names the place that is wrong

    def span(self) -> tuple[datetime, datetime]:
        first, last = self.pair()
        return self.rising(first.moment(), last.moment())

    def on_grid(self, minute: int, grid: int) -> int:
        if minute % grid:
            raise self.refusal(f"{_shown(self.value)} is not on the grid of {grid} minutes")
        return minute

    def refuse_repeats(self, what: str, found: Iterable[object]) -> None:
        seen: set[object] = set()
        for index, item in enumerate(found):
            if item in seen:
                raise ProblemError(f"{self.path}[{index}].{what}", f"{_shown(item)} stands twice")
            seen.add(item)


def _day(text: Any) -> date:
    if len(text) != 10:
        raise ValueError
    return date.fromisoformat(text)


def _moment(text: Any) -> datetime:
    """Exactly YYYY-MM-DDTHH:MM: `fromisoformat` also reads weeks, zones and seconds."""
    if len(text) != 16 or not (text[4] == text[7] == "-" and text[10] == "T" and text[13] == ":"):
        raise ValueError
    return datetime.fromisoformat(text)


def _minute(text: Any) -> int:
    if len(text) != 5 or text[2] != ":" or not (text[:2] + text[3:]).isascii():
        raise ValueError
    hours, minutes = text[:2], text[3:]
    if not (hours.isdecimal() and minutes.isdecimal()) or int(minutes) > 59:
        raise ValueError
    return int(hours) * 60 + int(minutes)
