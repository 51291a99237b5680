"""Statements that are asked on every page: described once, then asked with other values.

What Django needs to describe a statement of a dozen tables is more than the database needs to answer it.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Generic, TypeVar, cast

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import BooleanField, Expression, F, Func, QuerySet
from django.db.models.sql import Query
from django.db.models.sql.compiler import SQLCompiler

R = TypeVar("R")


class Given(Expression):
    """A value that is told when the statement is asked. As the database knows it: an id, never a row of ours."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        return "%s", (self,)


def is_one_of(column: str, name: str) -> Func:
    """For `filter`: the column is one of a list that is given."""
    either = F(column), Given(name)
    return Func(*either, template="%(expressions)s)", arg_joiner=" = ANY(", output_field=BooleanField())


class Prepared(Generic[R]):
    """`describe` makes a queryset with values to be `Given`; it is never evaluated itself.

    Calling it asks, with all values by name, and answers a list.
    """

    def __init__(self, describe: Callable[[], QuerySet[Any, R]]) -> None:
        self._describe = describe

    def __call__(self, **given: Any) -> list[R]:
        asked = self._described._chain()  # type: ignore[attr-defined]
        asked.query.given = given
        return list(asked)

    @cached_property
    def _described(self) -> QuerySet[Any, R]:
        described: Any = self._describe()
        described._query = described.query.chain(_PreparedQuery)
        described.query.kept = []
        return cast(QuerySet[Any, R], described)


class _PreparedQuery(Query):
    given: Mapping[str, Any]
    kept: list[tuple[str, Any, Mapping[str, Any]]]
    """What its first compiler found out: one for all that are asked."""

    def get_compiler(self, *args: Any, **kwargs: Any) -> SQLCompiler:
        return _PreparedCompiler(self, connections[DEFAULT_DB_ALIAS], DEFAULT_DB_ALIAS)


class _PreparedCompiler(SQLCompiler):
    FOUND = ("select", "klass_info", "annotation_col_map", "col_count", "has_extra_select")
    """What reading the rows needs of it."""

    def as_sql(self, *args: Any, **kwargs: Any) -> tuple[str, tuple[Any, ...]]:
        query = cast(_PreparedQuery, self.query)
        if not query.kept:
            sql, params = super().as_sql(*args, **kwargs)
            query.kept.append((sql, params, {name: getattr(self, name) for name in self.FOUND}))
        sql, params, found = query.kept[0]
        vars(self).update(found)
        return sql, tuple(query.given[each.name] if isinstance(each, Given) else each for each in params)
