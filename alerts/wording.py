"""Sentences for people: values, spans of time and the fields that a rule's text may use; pure."""

import string
from collections.abc import Mapping
from datetime import timedelta

from devices.model import Value

FIELDS = {
    "place": "the room or gate",
    "point": "what is measured there",
    "node": "the node",
    "value": "the value with its unit",
    "limit": "the limit with its unit",
    "side": "高于 or 低于 (above or below)",
    "since": "when it began, as 21:40",
    "held": "for how long, as 28 分钟 (28 min)",
    "window": "the part of the day, as 夜间封闭",
}
"""What may stand in braces in a rule's `text` and `text_en`."""

STEP_FIELDS = {name: FIELDS[name] for name in ("place", "point", "node")}
"""What may stand in braces in its `steps`."""

_UNITS_ZH = {"°C": "℃"}


def fields_of(template: str) -> set[str]:
    """The names in braces. Raises ValueError where the braces do not match."""
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def fill(template: str, words: Mapping[str, str]) -> str:
    return template.format_map(words)


def number(value: float) -> str:
    """At most one decimal, none where it says nothing: 9.2, 8, -12."""
    text = f"{value:.1f}"
    return text.removesuffix(".0")


def value_text(value: Value, unit: str, language: str) -> str:
    if isinstance(value, bool) or not isinstance(value, float | int):
        return str(value)
    if language == "zh":
        unit = _UNITS_ZH.get(unit, unit)
    return f"{number(float(value))} {unit}".rstrip()


def span_text(span: timedelta, language: str) -> str:
    """How long in the two largest units: 28 分钟, 2 小时 5 分钟, 40 秒."""
    seconds = max(0, int(span.total_seconds()))
    names = ("天", "小时", "分钟", "秒") if language == "zh" else ("d", "h", "min", "s")
    days, rest = divmod(seconds, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    amounts = [(days, names[0]), (hours, names[1]), (minutes, names[2]), (rest, names[3])]
    first = next((i for i, (amount, _) in enumerate(amounts) if amount), 3)
    shown = amounts[first : first + 2] if first < 2 else amounts[first : first + 1]
    return " ".join(f"{amount} {name}" for amount, name in shown if amount or len(shown) == 1)
