"""Fields of people's records: read from a form, a file or JSON, and refused in words."""

import math
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from devices.errors import CampusError

Given = Mapping[str, Any]
Word = TypeVar("Word", bound=StrEnum)


class BadField(CampusError, ValueError):
    """A field that cannot be taken: its name, what is wrong with it, and what to write."""

    def __init__(self, field: str, what: str, remedy: str) -> None:
        super().__init__(f"{field}：{what} ({remedy})")
        self.field, self.what, self.remedy = field, what, remedy


class NotNow(CampusError, ValueError):
    """A deed that does not fit the state of a record."""


def text(given: Given, name: str, most: int, *, required: bool = False, old: str = "") -> str:
    """`old` where the field is not given at all."""
    value = given.get(name, old)
    value = str(value).strip() if isinstance(value, str | int | float) else value
    if value is None:
        value = ""
    if not isinstance(value, str) or len(value) > most or "\0" in value:
        raise BadField(name, f"超过 {most} 字或不是文字", f"at most {most} characters")
    if required and not value:
        raise BadField(name, "没有填写", "fill it in")
    return value


def number(
    given: Given, name: str, least: float, most: float, *, old: float | None = None
) -> float | None:
    """None where the field is empty."""
    value = given.get(name, old)
    if value is None or value == "":
        return None
    try:
        found = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        found = math.nan
    if not least <= found <= most:
        raise BadField(name, f"{str(value)[:20]!r} 不是 {least:g} 到 {most:g} 的数",
                       f"a number from {least:g} to {most:g}")  # fmt: skip
    return found


def day(given: Given, name: str, old: date | None = None) -> date | None:
    """None where the field is empty."""
    value = given.get(name, old)
    if value is None or value == "":
        return None
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value).strip().replace("/", "-").replace(".", "-"))
    except ValueError:
        raise BadField(name, f"{str(value)[:20]!r} 不是日期", "a date such as 2026-11-24") from None


def word(kind: type[Word], given: Given, name: str, old: Word) -> Word:
    value = given.get(name) or old
    try:
        return kind(str(value))
    except ValueError:
        raise BadField(name, f"{str(value)[:40]!r} 不认识", f"one of {', '.join(kind)}") from None
