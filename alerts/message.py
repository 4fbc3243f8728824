"""Message: what a person reads who is told by phone or chat: what, where, what to do; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alerts.model import Deed, Severity

SEVERITY_NAMES = {
    Severity.CRITICAL: "紧急",
    Severity.MAJOR: "重要",
    Severity.WARNING: "警告",
    Severity.INFO: "提示",
}
_OPENINGS = {
    Deed.REMINDED: "再次提醒：",
    Deed.ESCALATED: "无人确认，升级：",
    Deed.EXPIRED: "确认后仍未恢复：",
    Deed.RISEN: "加重：",
    Deed.AGAIN: "再次发生：",
    Deed.RESUMED: "检修结束，仍未恢复：",
}
LISTED = 20
"""So many alerts are named in one message; of more only the number is told."""


@dataclass(frozen=True, slots=True)
class Message:
    title: str
    body: str


def message(school: str, told: Sequence[tuple[Mapping[str, Any], Deed]]) -> Message:
    """One message of one alert or several: (card, why it is told) each, the most urgent first."""
    first, why = told[0]
    if len(told) == 1:
        return Message(_headline(first, why), _whole(school, first, why))
    lines = [f"· {_headline(card, why)}：{card.get('text', '')}" for card, why in told[:LISTED]]
    if len(told) > LISTED:
        lines.append(f"… 另有 {len(told) - LISTED} 条，见大屏")
    title = f"{len(told)} 条告警，最重：{_headline(first, why)}"
    return Message(title, "\n".join([*lines, school]))


def _headline(card: Mapping[str, Any], why: Deed) -> str:
    severity = SEVERITY_NAMES[Severity(str(card["severity"]))]
    return f"【{severity}】{_OPENINGS.get(why, '')}{card.get('title') or card.get('text', '')}"


def _whole(school: str, card: Mapping[str, Any], why: Deed) -> str:
    lines = [str(card.get("text", ""))]
    if card.get("late"):
        lines.append("（补报：发生在较早时候，网络恢复后才收到）")
    if card.get("place_name"):
        lines.append(f"地点：{card['place_name']}")
    lines += [f"{number}. {step}" for number, step in enumerate(card.get("steps") or (), 1)]
    people = [f"{c['name']} {c['phone']}".strip() for c in card.get("contacts") or ()]
    if people:
        lines.append("联系：" + "，".join(people))
    return "\n".join([*lines, school])
