"""Present: values, times and ages as people read them; pure, `now` and zone are parameters."""

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Protocol

from flask_babel import gettext as _

from dashboard.words import BROWSER, VALUES, WEEKDAYS, word
from devices.model import Kind, Value


class Named(Protocol):
    """Whatever has a Chinese and an English name."""

    @property
    def name(self) -> str: ...
    @property
    def name_en(self) -> str: ...


def name_in(thing: Named, language: str) -> str:
    """The name in the reader's language, Chinese where there is no English one."""
    return thing.name_en if language == "en" and thing.name_en else thing.name


def text_in(alert: Mapping[str, object], key: str, language: str) -> str:
    """A text of an alert or order, `key` or `key_en`."""
    other = alert.get(f"{key}_en")
    return str((other if language == "en" and other else alert.get(key)) or "")


def decimals(kind: Kind) -> int:
    """Digits after the point worth showing: none where the finest step is a whole unit."""
    return 0 if kind.step >= 1 or kind.unit in ("W", "ppm") else 1


def unit_text(kind: Kind, language: str) -> str:
    """The unit as it is printed here: ℃ in Chinese."""
    return "℃" if kind.unit == "°C" and language == "zh" else kind.unit


def value_text(kind: Kind, value: Value | None) -> str:
    """The value without its unit; a dash where there is none."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return word(VALUES, str(value).lower())
    if isinstance(value, float | int):
        rounded = f"{value:.{decimals(kind)}f}"
        return rounded.replace("-", "−")
    return word(VALUES, value)


def age_text(seconds: float) -> str:
    """How long ago, in one unit."""
    if seconds < -60:
        return str(BROWSER["ahead"])
    if seconds < 5:
        return str(BROWSER["now"])
    for key, size, below in (
        ("seconds", 1, 60), ("minutes", 60, 3600), ("hours", 3600, 48 * 3600),
    ):  # fmt: skip
        if seconds < below:
            return str(BROWSER[key]).replace("{n}", str(int(seconds // size)))
    return str(BROWSER["days"]).replace("{n}", str(int(seconds // 86400)))


def time_text(at: datetime, now: datetime, zone: tzinfo) -> str:
    """21:40 today, else 11月23日 21:40, with the year where it is another one."""
    local, today = at.astimezone(zone), now.astimezone(zone)
    clock = f"{local:%H:%M}"
    if local.date() == today.date():
        return clock
    return f"{date_text(at, now, zone)} {clock}"


def date_text(at: datetime, now: datetime, zone: tzinfo) -> str:
    """11月23日, with the year where it is another one."""
    local = at.astimezone(zone)
    if local.year == now.astimezone(zone).year:
        return str(_("%(month)d月%(day)d日", month=local.month, day=local.day))
    return f"{local:%Y-%m-%d}"


def day_text(at: datetime, zone: tzinfo) -> str:
    """11月23日 周一."""
    local = at.astimezone(zone)
    date = _("%(month)d月%(day)d日", month=local.month, day=local.day)
    return f"{date} {WEEKDAYS[local.weekday()]}"


def span_text(seconds: float) -> str:
    """A length of time: 28 分钟, 3 小时."""
    minutes = int(seconds // 60)
    if minutes < 1:
        return str(_("不到 1 分钟"))
    if minutes < 120:
        return str(_("%(n)d 分钟", n=minutes))
    if minutes < 48 * 60:
        return str(_("%(n)d 小时", n=minutes // 60))
    return str(_("%(n)d 天", n=minutes // 1440))


def listed(names: Iterable[str], most: int = 3) -> str:
    """A few names, and how many more there are."""
    every = list(names)
    shown = str(_("、")).join(every[:most])
    more = len(every) - most
    return shown + str(_(" 等 %(n)d 处", n=len(every))) if more > 0 else shown
