"""Dataclasses as rows of the book and back; statements that are built once."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, cast, get_args, get_type_hints

import orjson
import sqlalchemy
from sqlalchemy import Connection, Dialect, Insert
from sqlalchemy.dialects import postgresql, sqlite

from alerts.tables import Table
from devices.model import from_ms, to_ms

T = TypeVar("T")


def insert(connection: Connection, row: type[Table], rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        _carry_out(connection, _insert_of(connection.dialect, row, tuple(rows[0])), rows)


def upsert(connection: Connection, row: type[Table], rows: Sequence[Mapping[str, Any]]) -> None:
    """New rows, or the newest columns of those whose key stands already."""
    if not rows:
        return
    keys = [column.name for column in row.__table__.primary_key]
    newest = {tuple(each[key] for key in keys): each for each in rows}
    _carry_out(connection, _upsert_of(connection.dialect, row), list(newest.values()))


# An alert waits for this: a statement is put into words once, and its rows go to the driver as
# they are (they hold nothing but texts, numbers and truths), which takes a fifth of the time.


@dataclass(frozen=True, slots=True)
class _Statement:
    text: str
    order: Sequence[str]
    """The columns in the order of their places; empty where the driver knows them by name."""


def _carry_out(
    connection: Connection, statement: _Statement, rows: Sequence[Mapping[str, Any]]
) -> None:
    order = statement.order
    given = [tuple(row[name] for name in order) for row in rows] if order else rows
    cursor = connection.connection.cursor()
    try:
        cursor.executemany(statement.text, given)
    finally:
        cursor.close()


@cache
def _insert_of(dialect: Dialect, row: type[Table], names: tuple[str, ...]) -> _Statement:
    return _worded(dialect, sqlalchemy.insert(row).inline(), names)


@cache
def _upsert_of(dialect: Dialect, row: type[Table]) -> _Statement:
    keys = [column.name for column in row.__table__.primary_key]
    statement = (sqlite if dialect.name == "sqlite" else postgresql).insert(row)
    names = [column.name for column in row.__table__.columns]
    fresh = {name: statement.excluded[name] for name in names if name not in keys}
    return _worded(dialect, statement.on_conflict_do_update(index_elements=keys, set_=fresh), names)


def _worded(dialect: Dialect, statement: Insert, names: Sequence[str]) -> _Statement:
    compiled = statement.compile(dialect=dialect, column_keys=list(names))
    return _Statement(str(compiled), compiled.positiontup or ())


_AS_TUPLES = frozenset(("data", "targets", "points", "broken", "photos"))
_AS_JSON = _AS_TUPLES | {"value", "evidence"}
_PLAIN = frozenset((str, int, bool))


def columns(item: Any, **more: Any) -> dict[str, Any]:
    """A dataclass as columns of the same names."""
    given = {
        name: _as_json(getattr(item, name)) if as_json else _column(getattr(item, name))
        for name, as_json in _columns_of(cast(Hashable, type(item)))
        if name not in more
    }
    return given | more


@cache
def _columns_of(cls: Any) -> Sequence[tuple[str, bool]]:
    """The fields of a dataclass, and whether each is kept as JSON."""
    return [(each.name, each.name in _AS_JSON) for each in fields(cls)]


def _as_json(value: Any) -> str:
    return orjson.dumps(dict(value) if isinstance(value, Mapping) else value).decode()


def _column(value: Any) -> Any:
    if value is None or type(value) in _PLAIN:
        return value
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
