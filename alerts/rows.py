"""Dataclasses as rows of the book and back; statements that are built once."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, cast, get_args, get_type_hints

import orjson
import sqlalchemy
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from alerts.tables import Table
from devices.model import from_ms, to_ms

T = TypeVar("T")


def insert(connection: Connection, row: type[Table], rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(_insert_of(row), rows)


def upsert(connection: Connection, row: type[Table], rows: Sequence[Mapping[str, Any]]) -> None:
    """New rows, or the newest columns of those whose key stands already."""
    if not rows:
        return
    keys = [column.name for column in row.__table__.primary_key]
    newest = {tuple(each[key] for key in keys): each for each in rows}
    connection.execute(_upsert_of(connection.dialect.name, row), list(newest.values()))


# Building a statement takes longer than carrying it out, and an alert waits for it.


@cache
def _insert_of(row: type[Table]) -> Any:
    return sqlalchemy.insert(row)


@cache
def _upsert_of(dialect: str, row: type[Table]) -> Any:
    keys = [column.name for column in row.__table__.primary_key]
    statement = (sqlite if dialect == "sqlite" else postgresql).insert(row)
    names = [column.name for column in row.__table__.columns if column.name not in keys]
    fresh = {name: statement.excluded[name] for name in names}
    return statement.on_conflict_do_update(index_elements=keys, set_=fresh)


_AS_TUPLES = frozenset(("data", "targets", "points", "broken", "photos"))
_AS_JSON = _AS_TUPLES | {"value", "evidence"}


def columns(item: Any, **more: Any) -> dict[str, Any]:
    """A dataclass as columns of the same names."""
    given = {each.name: getattr(item, each.name) for each in fields(item)} | more
    return {name: _column(name, value) for name, value in given.items()}


def _column(name: str, value: Any) -> Any:
    if name in _AS_JSON:
        return orjson.dumps(dict(value) if isinstance(value, Mapping) else value).decode()
    if isinstance(value, datetime):
        return to_ms(value)
    return value.value if isinstance(value, StrEnum) else value


def restore(cls: type[T], row: Any, **more: Any) -> T:
    """The dataclass of a row."""
    hints = get_type_hints(cls)
    given = {
        each.name: _field(each.name, hints[each.name], getattr(row, each.name))
        for each in fields(cast(Any, cls))
        if each.name not in more
    }
    return cls(**given, **more)


def _tuples(found: Any) -> Any:
    return tuple(_tuples(item) for item in found) if isinstance(found, list) else found


def _field(name: str, hint: Any, column: Any) -> Any:
    if name in _AS_JSON:
        found = orjson.loads(column)
        return _tuples(found) if name in _AS_TUPLES else found
    if column is None:
        return None
    for kind in (hint, *get_args(hint)):
        if kind is datetime:
            return from_ms(column)
        if isinstance(kind, type) and issubclass(kind, StrEnum):
            return kind(column)
    return column
