"""The words of a row's choices. Django's `get_…_display` hashes all of them on every call, which long pages feel."""

from functools import cache
from typing import Any

from django.db.models import Model


def label_of(row: Model, name: str) -> str:
    """What the row's choice `name` is called; a value that is no choice any more is shown as it is."""
    value = getattr(row, name)
    return str(_labels(type(row), name).get(value, value))


@cache
def _labels(model: type[Model], name: str) -> dict[Any, Any]:
    return dict(model._meta.get_field(name).flatchoices)  # type: ignore[union-attr]
