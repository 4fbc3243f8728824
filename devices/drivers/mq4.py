"""MQ-4: combustible gas (methane) on a channel of an MCP3008, with its warm-up; an aid only."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from devices.catalog import Point
from devices.checking import Limits
from devices.driver import DRIVERS, Emit, Surroundings
from devices.drivers.adc import FULL, Channel, Chip
from devices.drivers.converted import Converted
from devices.drivers.keepsake import keepsake_of
from devices.drivers.warmup import WarmUp
from devices.kinds import KINDS
from devices.model import Sample
from devices.service import Clock

CLOCK = Clock.from_environment()
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
KEEP_S = 60.0
AIR_RATIO = 4.4
"""Its resistance in clean air, of that at 1,000 ppm methane (data sheet)."""
LOW_POINT, HIGH_POINT = (200.0, 1.8), (10_000.0, 0.43)
"""Two points of the data sheet's line for methane: ppm and resistance of that at 1,000 ppm."""
MOST_PPM = 10_000.0
"""The end of its range: 20 % of the lower explosive limit of 50,000 ppm. It cannot see the 25 % of
a household detector (safety notes, fact 6)."""
DRIFT = 0.3
DRIFT_DAYS = 7
_DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Mq4Options:
    chip: Chip = field(metadata={"text": "chip select of the converter, 0 or 1"})
    channel: Channel = field(metadata={"text": "its channel, 0 to 7"})
    clean_air: Annotated[int, Limits(ge=10, le=1000)] = field(
        metadata={"text": "raw reading (of 1023) in clean air, noted when it was warm for a day"}
    )


def resistance_ratio(raw: float, clean_air: float) -> float:
    """Its resistance of that at 1,000 ppm; the load resistor cancels out.

    The channel shows the load's share of the sensor's supply, full scale at all of it.
    """
    return AIR_RATIO * (FULL / raw - 1) / (FULL / clean_air - 1)


def methane_ppm(ratio: float) -> float:
    """ppm on the data sheet's straight line in logarithms; 10,000 is all it can tell."""
    (low, at_low), (high, at_high) = LOW_POINT, HIGH_POINT
    slope = math.log(high / low) / math.log(at_high / at_low)
    return min(low * math.pow(ratio / at_low, slope), MOST_PPM)


@DRIVERS.register("mq4")
class Mq4(Converted):
    """ppm, with `warming` in the detail until it is warm: such values raise no alarm.

    Warm-up is 24 h, or 5 min after an outage of up to an hour, and is kept over restarts. A level
    in clean air that moves by over 30 % in a week asks for a calibration.
    """

    Options = Mq4Options

    def __init__(self, point: Point, options: Any) -> None:
        super().__init__(point, options)
        self._days: dict[str, float] = {}

    @classmethod
    def misfits(cls, point: Point, options: Any, around: Surroundings) -> Iterable[tuple[str, str]]:
        if KINDS[point.kind].measurement != "gas":
            yield (f"it gives gas in ppm, and kind {point.kind} is none", "use kind gas")

    def start(self, emit: Emit) -> None:
        super().start(emit)
        self._keepsake = keepsake_of(self)
        kept = self._keepsake.load()
        self._warmup = WarmUp(kept, boot_id())
        self._days = {str(day): float(ratio) for day, ratio in kept.get("days", {}).items()}
        self._started = self._kept_at = CLOCK.monotonic()
        self._keep()

    def sample(self) -> Iterable[Sample]:
        options: Mq4Options = self.options
        ratio = resistance_ratio(self.between_rails(), options.clean_air)
        warming = self._left() > 0
        if not warming:
            self._note(ratio)
        if CLOCK.monotonic() - self._kept_at >= KEEP_S:
            self._keep()
        return [Sample(round(methane_ppm(ratio), 1), detail={"warming": True} if warming else {})]

    def health(self) -> str:
        if self._channel is None:
            return ""
        left = self._left()
        if left > 0:
            hours = f"{left / 3600:.0f} h" if left >= 5400 else f"{math.ceil(left / 60)} min"
            return f"the gas sensor warms up for another {hours}; until then it raises no alarm"
        moved = self._moved()
        if abs(moved) > DRIFT:
            return (
                f"the gas sensor's level in clean air moved by {moved:+.0%} within a week: "
                "calibrate it (clean_air) or replace it"
            )
        return self._keepsake.trouble

    def close(self) -> None:
        if self._channel is not None:
            self._keep(now=True)
        super().close()

    def _running(self) -> float:
        return CLOCK.monotonic() - self._started

    def _left(self) -> float:
        return self._warmup.left(CLOCK.now().timestamp(), self._running())

    def _keep(self, *, now: bool = False) -> None:
        self._kept_at = CLOCK.monotonic()
        values = self._warmup.to_keep(CLOCK.now().timestamp(), self._running())
        self._keepsake.save(values | {"days": self._days}, now=now)

    def _note(self, ratio: float) -> None:
        """The cleanest air of each day, for a week."""
        today = str(int(CLOCK.now().timestamp() // _DAY))
        self._days[today] = round(max(self._days.get(today, 0.0), ratio), 3)
        for day in sorted(self._days, key=int)[: -DRIFT_DAYS - 1]:
            del self._days[day]

    def _moved(self) -> float:
        """How far the cleanest air moved over the days noted, as a share; 0 with too few."""
        days = sorted(self._days, key=int)
        if len(days) < 3:
            return 0.0
        # Today is not over: its cleanest air may still come.
        return self._days[days[-2]] / self._days[days[0]] - 1


def boot_id() -> str:
    """The name of this start of the machine; empty where the kernel does not tell it."""
    try:
        return BOOT_ID.read_text("ascii").strip()
    except OSError:
        return ""
