"""The filters that Home Assistant's templates are used to; every one refuses what it cannot do."""

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson

_NOTHING = object()


class Refusal(Exception):
    """What a template asks for is not given; the text is the reason."""


def _float(value: Any, default: Any = _NOTHING) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError):
        if default is _NOTHING:
            raise Refusal(f"{str(value)[:40]!r} is no number") from None
        return default


def _int(value: Any, default: Any = _NOTHING, base: int = 10) -> Any:
    try:
        return int(value, base) if isinstance(value, str) and base != 10 else int(float(value))
    except (TypeError, ValueError, OverflowError):
        if default is _NOTHING:
            raise Refusal(f"{str(value)[:40]!r} is no number") from None
        return default


def _round(value: Any, precision: int = 0, method: str = "common", default: Any = _NOTHING) -> Any:
    number = _float(value, default)
    if number is default:
        return default
    if method == "half":
        return round(number * 2) / 2
    factor = 10.0 ** min(int(precision), 20)
    if method in ("ceil", "floor"):
        made: Callable[[float], int] = getattr(math, method)
        return made(number * factor) / factor
    made_ = round(number, min(int(precision), 20))
    return int(made_) if precision == 0 else made_


def _from_json(value: Any, default: Any = _NOTHING) -> Any:
    try:
        return orjson.loads(value)
    except (ValueError, TypeError):
        if default is _NOTHING:
            raise Refusal("a text that is no JSON") from None
        return default


def _is_number(value: Any) -> bool:
    try:
        return math.isfinite(float(value))
    except (TypeError, ValueError):
        return False


def _as_datetime(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if _is_number(value):
        return datetime.fromtimestamp(float(value), UTC)
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        raise Refusal(f"{str(value)[:40]!r} is no time") from None


def _as_timestamp(value: Any, default: Any = _NOTHING) -> Any:
    try:
        return _as_datetime(value).timestamp()
    except Refusal:
        if default is _NOTHING:
            raise
        return default


def _timestamp_custom(value: Any, form: str = "%Y-%m-%d %H:%M:%S", local: bool = True,
                      default: Any = _NOTHING) -> Any:  # fmt: skip
    try:
        at = datetime.fromtimestamp(float(value), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        if default is _NOTHING:
            raise Refusal(f"{str(value)[:40]!r} is no time") from None
        return default
    return (at.astimezone() if local else at).strftime(form[:100])


def _timestamp(local: bool) -> Callable[..., Any]:
    def convert(value: Any, default: Any = _NOTHING) -> Any:
        made = _timestamp_custom(value, "%Y-%m-%dT%H:%M:%S%z", local, default)
        return made

    return convert


def _iif(value: Any, yes: Any = True, no: Any = False, none: Any = _NOTHING) -> Any:
    if value is None and none is not _NOTHING:
        return none
    return yes if value else no


def _bool(value: Any, default: Any = _NOTHING) -> Any:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in ("true", "yes", "on", "enable", "1"):
        return True
    if word in ("false", "no", "off", "disable", "0"):
        return False
    if default is _NOTHING:
        raise Refusal(f"{str(value)[:40]!r} is neither true nor false")
    return default


def _search(value: Any, find: str = "", ignorecase: bool = False) -> bool:
    return re.search(str(find)[:200], str(value), re.IGNORECASE if ignorecase else 0) is not None


def _match(value: Any, find: str = "", ignorecase: bool = False) -> bool:
    return re.match(str(find)[:200], str(value), re.IGNORECASE if ignorecase else 0) is not None


def _findall_index(value: Any, find: str = "", index: int = 0, ignorecase: bool = False) -> Any:
    found = re.findall(str(find)[:200], str(value), re.IGNORECASE if ignorecase else 0)
    try:
        return found[index]
    except IndexError:
        raise Refusal("nothing that the pattern finds") from None


def _regex_replace(value: Any, find: str = "", replace: str = "", ignorecase: bool = False) -> str:
    flags = re.IGNORECASE if ignorecase else 0
    return re.sub(str(find)[:200], str(replace)[:200], str(value), flags=flags)


def _average(*values: Any) -> float:
    numbers = list(values[0]) if len(values) == 1 and not _is_number(values[0]) else list(values)
    if not numbers:
        raise Refusal("an average of nothing")
    return math.fsum(map(float, numbers)) / len(numbers)


FILTERS: dict[str, Any] = {
    "float": _float, "int": _int, "round": _round,
    "from_json": _from_json, "to_json": lambda value: orjson.dumps(value).decode(),
    "is_number": _is_number, "as_datetime": _as_datetime, "as_timestamp": _as_timestamp,
    "as_local": lambda at: _as_datetime(at).astimezone(), "timestamp_custom": _timestamp_custom,
    "timestamp_local": _timestamp(True), "timestamp_utc": _timestamp(False), "iif": _iif,
    "bool": _bool, "regex_search": _search, "regex_match": _match,
    "regex_replace": _regex_replace, "regex_findall_index": _findall_index,
    "regex_findall": lambda v, find="": re.findall(str(find)[:200], str(v)), "average": _average,
    "multiply": lambda v, by, default=_NOTHING: _float(v, default) * by,
    "add": lambda v, by, default=_NOTHING: _float(v, default) + by,
    "bitwise_and": lambda a, b: int(a) & int(b), "bitwise_or": lambda a, b: int(a) | int(b),
    "bitwise_xor": lambda a, b: int(a) ^ int(b), "ord": ord, "contains": lambda v, x: x in v,
    "sqrt": math.sqrt, "sin": math.sin, "cos": math.cos, "tan": math.tan,
    "log": lambda v, base=math.e: math.log(float(v), base),
    "slugify": lambda v: re.sub(r"[^a-z0-9]+", "_", str(v)[:200].lower()).strip("_"),
}  # fmt: skip
