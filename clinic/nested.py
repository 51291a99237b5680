"""Rows that hang below others, read in the statement of those: a page needs a dozen kinds, one statement each is slow.

What was not asked for is read when it is asked for, as with `only()`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db import DEFAULT_DB_ALIAS
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import (
    BooleanField,
    CharField,
    DecimalField,
    ForeignKey,
    Func,
    IntegerField,
    JSONField,
    Model,
    QuerySet,
    TextField,
)
from django.db.models.base import ModelState
from django.db.models.functions import Cast

M = TypeVar("M", bound=Model)
Row = Mapping[str, Any]
AS_IN_JSON = (ArrayField, BooleanField, CharField, ForeignKey, IntegerField, TextField)


class Children(JSONField):
    """Each child is an array of its fields in the statement, and their names are told here: that is much less to
    describe, to send and to read than an object for each."""

    def __init__(self, names: Sequence[str], inner: "Mapping[str, Children]") -> None:
        super().__init__()
        self.names, self.inner = names, inner

    def __deepcopy__(self, memo: object) -> "Children":
        return self

    def from_db_value(self, value: Any, expression: Any, connection: BaseDatabaseWrapper) -> list[Row]:
        return self.rows(super().from_db_value(value, expression, connection))

    def rows(self, arrays: Iterable[Sequence[Any]]) -> list[Row]:
        return [self._row(dict(zip(self.names, array, strict=True))) for array in arrays]

    def _row(self, row: dict[str, Any]) -> Row:
        row.update((name, children.rows(row[name])) for name, children in self.inner.items())
        return row


def nested(children: QuerySet[Any], *fields: str, **renamed: Any) -> Func:
    """`fields` of the `children` of each row, for `annotate`; in the children's order. `renamed` may be nested too."""
    read = [*(_exact(children.model, name) for name in fields), *renamed.values()]
    inner = {
        name: each.output_field
        for name, each in renamed.items()
        if isinstance(each, Func) and isinstance(each.output_field, Children)
    }
    row = Func(*read, function="jsonb_build_array", output_field=JSONField())
    rows = Children((*fields, *renamed), inner)
    return Func(ArraySubquery(children.values(row=row)), function="to_jsonb", output_field=rows)


def _exact(model: type[Model], name: str) -> Any:
    """JSON knows no decimals, only their words."""
    kinds = {field.attname: field for field in model._meta.concrete_fields}
    return Cast(name, TextField()) if isinstance(kinds.get(name), DecimalField) else name


def revived(model: type[M], row: Row) -> M:
    """The child itself, of the fields that were read: names of columns, `area_id` and not `area`.

    Without `__init__`, which a page with a thousand children feels: nobody listens to the signals it would send.
    """
    child = model.__new__(model)
    child._state = ModelState()
    child._state.adding, child._state.db = False, DEFAULT_DB_ALIAS
    plain, told_apart = _columns(model, tuple(row))
    child.__dict__.update({name: row[name] for name in plain})
    child.__dict__.update({name: read(row[name]) for name, read in told_apart})
    return child


@cache
def _columns(
    model: type[Model], names: tuple[str, ...]
) -> tuple[Sequence[str], Sequence[tuple[str, Callable[[Any], Any]]]]:
    """Of these names: those whose values are the same in JSON, and how the others are read."""
    fields = [field for field in model._meta.concrete_fields if field.attname in names]
    plain = [field.attname for field in fields if isinstance(field, AS_IN_JSON)]
    return plain, [(field.attname, field.to_python) for field in fields if field.attname not in plain]


def keep(parent: Model, name: str, children: Iterable[Model]) -> None:
    """From now on `parent`'s `name.all()` are these, as if they had been prefetched."""
    parent.__dict__.setdefault("_prefetched_objects_cache", {})[name] = list(children)


def kept(parent: Model, name: str) -> Sequence[Any]:
    """What `parent`'s `name.all()` are, without the manager that Django makes anew at each call where they were kept: a
    page with a thousand children feels that too."""
    known: Sequence[Any] | None = parent.__dict__.get("_prefetched_objects_cache", {}).get(name)
    everything: Sequence[Any] = getattr(parent, name).all() if known is None else known
    return everything
