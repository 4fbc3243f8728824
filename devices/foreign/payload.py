"""Payloads of strangers: text, JSON and numbers, within limits and never on trust."""

import math
import re
from typing import Any

import orjson

from devices.errors import CampusError

MAX_STATE = 64 * 1024
"""Bytes of an ordinary message."""
MAX_DISCOVERY = 2 * 1024 * 1024
"""Bytes of a list of devices or of a discovery."""
MAX_DEPTH = 24
MAX_PARTS = 500_000
MAX_NUMBER_TEXT = 40

# A string whole (also one that never ends), or a bare word that JSON does not know.
_BARE = re.compile(
    r'"(?:[^"\\]|\\.)*+(?:"|\Z)|-?\b(?:nan|inf(?:inity)?)\b|'
    r"-?\b\d[\d.]{0,40}e\+?\d{3,}",
    re.IGNORECASE | re.DOTALL,
)
_MARK = "\ue000"
"""Stands for such a word, so that the rest of its message can be read."""
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?")
ABSENT = frozenset(
    ("", "nan", "null", "none", "unavailable", "unknown", "undefined", "inf", "-inf", "infinity",
     "-infinity", "n/a", "-", "--")
)  # fmt: skip
"""Words that say that there is no value."""


class Unreadable(CampusError, ValueError):
    """A payload that is refused whole; the text is the reason that people see."""


def text_of(payload: bytes, limit: int = MAX_STATE) -> str:
    """The text of a payload. Raises Unreadable where it is too long or not UTF-8."""
    if len(payload) > limit:
        raise Unreadable(f"{len(payload):,} bytes are over the limit of {limit:,}")
    try:
        return payload.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise Unreadable(f"not UTF-8 text (byte {error.start + 1})") from None


def json_of(text: str) -> Any:
    """The JSON of a text; bare `nan` and `inf` are let through as values that `number` refuses.

    Raises Unreadable where it is no JSON, too deep or has too many parts.
    """
    try:
        data = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        mended = _BARE.sub(lambda found: found[0] if found[0][0] == '"' else f'"{_MARK}"', text)
        if mended == text:
            raise Unreadable(f"not JSON: {error}") from None
        try:
            data = orjson.loads(mended)
        except orjson.JSONDecodeError as second:
            raise Unreadable(f"not JSON: {second}") from None
    _measure(data)
    return data


def object_of(payload: bytes, limit: int = MAX_STATE) -> dict[str, Any]:
    """The JSON object of a payload. Raises Unreadable."""
    data = json_of(text_of(payload, limit))
    if not isinstance(data, dict):
        raise Unreadable("not a JSON object")
    return data


def _measure(data: Any) -> None:
    level, parts = [data], 0
    for _ in range(MAX_DEPTH + 1):
        deeper: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                deeper += item.values()
            elif isinstance(item, list):
                deeper += item
        parts += len(deeper)
        if parts > MAX_PARTS:
            raise Unreadable(f"more than {MAX_PARTS:,} parts")
        if not deeper:
            return
        level = deeper
    raise Unreadable(f"nested deeper than {MAX_DEPTH}")


def number(value: object) -> float | None:
    """A finite number, also one written as text; None where it is none."""
    if isinstance(value, str):
        text = value.strip()
        if len(text) > MAX_NUMBER_TEXT or not _NUMBER.fullmatch(text):
            return None
        value = float(text)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def why_none(value: object) -> str:
    """Why something is no number, for people."""
    if value is None:
        return "null: the device has no value now"
    if value == _MARK:
        return "nan: the device has no value now"
    if isinstance(value, str) and value.strip().lower() in ABSENT:
        return f"{value.strip()[:20] or 'empty'}: the device has no value now"
    if isinstance(value, bool):
        return f"{str(value).lower()} where a number belongs"
    if isinstance(value, int | float):
        return "no number that can be kept"
    return f"{str(value)[:40]!r} is no number"


_ON = frozenset(("on", "true", "1", "yes"))
_OFF = frozenset(("off", "false", "0", "no"))


def switched(value: object) -> str | None:
    """`on` or `off` of the usual words; None where it is neither."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int | float):
        return "on" if value == 1 else "off" if value == 0 else None
    if isinstance(value, str):
        word = value.strip().lower()
        return "on" if word in _ON else "off" if word in _OFF else None
    return None


def absent(text: str) -> bool:
    """Whether a text says that there is no value."""
    return text.strip().lower() in ABSENT
