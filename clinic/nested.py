"""Rows that hang below others, read in the statement of those: a page needs a dozen kinds, one statement each is slow.

What was not asked for is read when it is asked for, as with `only()`.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import DecimalField, Field, Model, QuerySet, TextField
from django.db.models.functions import Cast, JSONObject

M = TypeVar("M", bound=Model)
Row = Mapping[str, Any]


def nested(children: QuerySet[Any], *fields: str, **renamed: Any) -> ArraySubquery:
    """`fields` of the `children` of each row, for `annotate`; in the children's order. `renamed` may be nested too."""
    read = {name: _exact(children.model, name) for name in fields}
    return ArraySubquery(children.values(row=JSONObject(**read, **renamed)))


def _exact(model: type[Model], name: str) -> Any:
    """JSON knows no decimals, only their words."""
    kinds = {field.attname: field for field in model._meta.concrete_fields}
    return Cast(name, TextField()) if isinstance(kinds.get(name), DecimalField) else name


def revived(model: type[M], row: Row) -> M:
    """The child itself, of the fields that were read: names of columns, `area_id` and not `area`."""
    fields = _fields(model, tuple(row))
    values = [field.to_python(row[field.attname]) for field in fields]
    return model.from_db("default", [field.attname for field in fields], values)


@cache
def _fields(model: type[Model], names: tuple[str, ...]) -> "Sequence[Field[Any, Any]]":
    return [field for field in model._meta.concrete_fields if field.attname in names]


def keep(parent: Model, name: str, children: Iterable[Model]) -> None:
    """From now on `parent`'s `name.all()` are these, as if they had been prefetched."""
    kept = parent.__dict__.setdefault("_prefetched_objects_cache", {})
    kept[name] = list(children)
