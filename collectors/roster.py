"""Roster: every foreign device that was heard, with its last values; bounded, without input."""

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from devices.foreign.said import Came, Heard, Outcome, Told

MOST_DEVICES = 500
MOST_FIELDS = 80
"""Of one device."""
KEPT_REFUSALS = 50
_SIGNALS = ("linkquality", "Wifi.Signal", "wifi.rssi", "Wifi.RSSI", "LinkQuality", "RSSI")
_ABOUT = ("name", "model", "maker", "version", "place")


@dataclass(slots=True)
class Field:
    """One value of a device as it was heard last; `at` in ms, 0 while only announced."""

    quantity: str = ""
    value: float | str | None = None
    unit: str = ""
    declared: bool = False
    quality: str = "good"
    sensor: str = ""
    topic: str = ""
    at: int = 0
    retained: bool = False


@dataclass(slots=True)
class Found:
    """One device; times in ms. `pause` is the longest time between two of its messages, in s."""

    family: str
    device: str
    first: int
    last: int
    messages: int = 0
    about: dict[str, str] = field(default_factory=dict)
    fields: dict[str, Field] = field(default_factory=dict)
    available: bool | None = None
    battery: float | None = None
    signal: str = ""
    ignored: bool = False
    pause: float = 0.0

    @property
    def key(self) -> str:
        return f"{self.family}:{self.device}"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Found":
        """From `as_json`. Raises TypeError or ValueError where it is none."""
        rest = dict(data)
        fields = {name: Field(**one) for name, one in rest.pop("fields").items()}
        return cls(**rest, fields=fields)


class Roster:
    """What was found, and how messages ended; `changed` are the keys to be saved."""

    def __init__(
        self, known: Iterable[Found] = (), counts: Mapping[str, int] | None = None
    ) -> None:
        self.devices: dict[str, Found] = {found.key: found for found in known}
        self.counts: Counter[str] = Counter(counts or {})
        self.refusals: deque[dict[str, Any]] = deque(maxlen=KEPT_REFUSALS)
        self.changed: set[str] = set()
        self.gone: set[str] = set()
        self._there: dict[str, bool] = {}
        """Availability of devices that have told nothing else yet."""

    def learn(self, topic: str, outcome: Outcome, now: int, *, retained: bool) -> None:
        """One message that ended at `now` (ms)."""
        self.counts[f"messages.{outcome.came.value}"] += 1
        if outcome.came is Came.REFUSED:
            self.refusals.append({"topic": topic[:200], "reason": outcome.reason[:300], "at": now})
        elif outcome.came is Came.IGNORED:
            self.counts[f"ignored.{_kind_of(outcome.reason)}"] += 1
        for heard in outcome.heard:
            self.counts["fields.dropped"] += len(heard.dropped)
            if heard.available is not None and len(self._there) < MOST_DEVICES:
                self._there[f"{heard.family}:{heard.device}"] = heard.available
            if outcome.came is not Came.IGNORED or f"{heard.family}:{heard.device}" in self.devices:
                self._learn(topic, heard, outcome.came, now, retained)

    def _learn(self, topic: str, heard: Heard, came: Came, now: int, retained: bool) -> None:
        key = f"{heard.family}:{heard.device}"
        found = self.devices.get(key)
        if found is None:
            if came is Came.REFUSED:
                return
            self._make_room()
            found = self.devices[key] = Found(heard.family.value, heard.device, now, now)
            found.available = self._there.get(key)
            self.gone.discard(key)
        elif not retained and heard.values:
            found.pause = max(found.pause, (now - found.last) / 1000) if found.messages else 0.0
        found.about.update({k: v for k, v in heard.about.items() if k in _ABOUT})
        if heard.available is not None:
            found.available = heard.available
        if not retained:
            found.last = now
            found.messages += 1
        self._learn_signs(found, heard)
        for value in heard.values:
            self._keep(found, value, topic, now, retained)
        if came is Came.DISCOVERY:
            for name in heard.passed:
                if len(found.fields) < MOST_FIELDS:
                    found.fields.setdefault(name, Field())
        self.changed.add(key)

    def _learn_signs(self, found: Found, heard: Heard) -> None:
        for sign in heard.signs:
            if sign.field == "battery" and not isinstance(sign.value, str):
                found.battery = sign.value
            elif sign.field in _SIGNALS and not isinstance(sign.value, str):
                found.signal = f"{sign.value:g} {sign.unit}".strip()

    def _keep(self, found: Found, value: Told, topic: str, now: int, retained: bool) -> None:
        if value.field not in found.fields and len(found.fields) >= MOST_FIELDS:
            self.counts["fields.over"] += 1
            return
        found.fields[value.field] = Field(
            value.quantity, value.value, value.unit, value.declared, value.quality.value,
            value.sensor, topic, now, retained,
        )  # fmt: skip

    def _make_room(self) -> None:
        """The one that was heard longest ago gives way, rather one that nobody has looked at."""
        if len(self.devices) < MOST_DEVICES:
            return
        oldest = min(self.devices.values(), key=lambda found: (found.ignored, found.last))
        del self.devices[oldest.key]
        self.changed.discard(oldest.key)
        self.gone.add(oldest.key)
        self.counts["devices.forgotten"] += 1

    def get(self, family: str, device: str) -> Found | None:
        return self.devices.get(f"{family}:{device}")

    def set_ignored(self, found: Found, ignored: bool) -> None:
        found.ignored = ignored
        self.changed.add(found.key)


def _kind_of(reason: str) -> str:
    """The kind of message that was passed over, without what is special to one of them."""
    return reason.partition(":")[0].strip()[:60]
