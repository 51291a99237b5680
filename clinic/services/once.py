"""Writes that may be repeated: a double click, a retried request, a client that lost the answer."""

import dataclasses
import hashlib
import inspect
import json
from collections.abc import Callable, Mapping, Sequence, Set
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from functools import wraps
from typing import Any, Generic, ParamSpec, TypeVar, cast

from django.core.files.base import File
from django.db import transaction
from django.db.models import Model
from django.forms.models import model_to_dict
from django.utils.translation import gettext_lazy as _

from clinic.actor import Actor
from clinic.errors import Refusal
from clinic.models import WriteKey
from clinic.models.versioned import Versioned

LONGEST_KEY = 80
BESIDE = {"asked": False}
"""Metadata of a dataclass field that comes along and is not part of what was asked."""
P = ParamSpec("P")
Written = TypeVar("Written", bound=Model)


Row = TypeVar("Row", bound=Versioned)


@dataclasses.dataclass(frozen=True, slots=True)
class Edited(Generic[Row]):
    """A row as somebody wants it, with the version they saw: what is asked is all it holds, and not its number only."""

    row: Row


class KeyUsedForSomethingElse(Refusal):
    code = "key_used_for_something_else"
    status = 422
    sentence = _("This request was already used for something else.")
    next_step = _("Reload the page and try again.")


class KeyUnusable(Refusal):
    """Empty, longer than 80 characters, or with the one character that no database keeps."""

    code = "key_unusable"
    status = 422
    sentence = _("This request does not say which it is, so it could not be told from another.")
    next_step = _("Nothing was saved. Reload the page and try again.")


def once(write: Callable[P, Written]) -> Callable[P, Written]:
    """Let a write take `by`, `key` and `now`: done once for a key, it answers the row it wrote again ever after.

    The write runs in a transaction. Two requests with one key at the same time: the second waits for the first on the
    unique row. A refusal leaves no row, so the same key may be tried again. Refuses a key that was used with other
    arguments (whatever else is passed, but for functions, counts as asked), and one that is none.
    """
    signature = inspect.signature(write)

    @wraps(write)
    def written_once(*args: P.args, **kwargs: P.kwargs) -> Written:
        asked = signature.bind(*args, **kwargs).arguments
        by, key, now = cast(Actor, asked.pop("by")), cast(str, asked.pop("key")), asked.pop("now")
        if not 0 < len(key) <= LONGEST_KEY or "\x00" in key:
            raise KeyUnusable()
        known = {"name": write.__name__, "fingerprint": fingerprint_of(asked)}
        with transaction.atomic():
            row = _taken(WriteKey(user=by.user, key=key, at=now, **known))
            if known != {"name": row.name, "fingerprint": row.fingerprint}:
                raise KeyUsedForSomethingElse()
            if (
                row.result_id is None
            ):  # ours: whoever else took it has left what was written, or no row at all
                row.result_id = write(*args, **kwargs).pk
                row.save(update_fields=["result_id"])
        return _fresh(write, row.result_id)

    return written_once


def _taken(key: WriteKey) -> WriteKey:
    """The row of this key, made now or before; waits for whoever is making it at this moment."""
    WriteKey.objects.bulk_create([key], ignore_conflicts=True)
    return WriteKey.objects.get(user=key.user_id, key=key.key)


def _fresh(write: Callable[..., Written], pk: int | None) -> Written:
    model: type[Written] = write.__annotations__["return"]
    if isinstance(model, str):  # where annotations are put off, only this one is needed
        model = write.__globals__[model]
    return model._default_manager.get(pk=pk)


def fingerprint_of(asked: Mapping[str, Any]) -> str:
    """SHA-256 of what was asked, whatever types it came in; refuses what it does not know (`TypeError`)."""
    said = {name: _plain(value) for name, value in asked.items() if not callable(value)}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, Enum):
        return _plain(value.value)
    if isinstance(value, str):
        return str(value)
    for kind, said in _SAID.items():
        if isinstance(value, kind):
            return said(value)
    if dataclasses.is_dataclass(value):
        parts = (part for part in dataclasses.fields(value) if part.metadata.get("asked", True))
        return {part.name: _plain(getattr(value, part.name)) for part in parts}
    raise TypeError(f"{type(value).__name__} says nothing that could be asked again")


def _row(row: Model) -> list[Any]:
    """A row by its number; one not yet saved by all it holds."""
    held = row.pk if row.pk is not None else _plain(model_to_dict(row))
    return [row._meta.label, held]


def _edited(edited: Edited[Any]) -> list[Any]:
    return [*_row(edited.row), edited.row.version, _plain(model_to_dict(edited.row))]


def _contents(file: "File[bytes]") -> str:
    file.seek(0)
    digest = hashlib.sha256(file.read()).hexdigest()
    file.seek(0)
    return digest


def _several(given: Sequence[Any]) -> list[Any]:
    """In the order given; of values with a name of their own (sessions, areas, answers) any order says the same."""
    said = [_plain(each) for each in given]
    return sorted(said, key=json.dumps) if all(map(dataclasses.is_dataclass, given)) else said


_SAID: dict[type, Callable[[Any], Any]] = {
    datetime: lambda at: at.astimezone(UTC).isoformat(),
    date: date.isoformat,
    time: time.isoformat,
    Decimal: lambda amount: str(amount.normalize()),
    Model: _row,
    Edited: _edited,
    File: _contents,
    Mapping: lambda given: {str(name): _plain(each) for name, each in given.items()},
    Set: lambda given: sorted(json.dumps(_plain(each)) for each in given),
    tuple: lambda given: _several(given),
    list: lambda given: _several(given),
}
"""How a value of a kind is said; the first kind that fits counts."""
