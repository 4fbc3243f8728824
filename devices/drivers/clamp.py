"""Clamp: a current transformer without rectifier; effective current from its wave."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated

from devices.catalog import Point
from devices.checking import Limits
from devices.driver import DRIVERS, Surroundings
from devices.drivers.adc import FULL, HIGH_RAIL, LOW_RAIL, Channel, Chip
from devices.drivers.converted import Converted
from devices.drivers.waveform import Wave, measure
from devices.kinds import KINDS
from devices.model import Sample
from devices.service import Clock

CLOCK = Clock()
PERIODS = 5
"""Whole mains periods in a measurement: 0.1 s at 50 Hz."""
TRIES = 3
QUIET = 1.0
"""Steps of the converter: less than this is its own noise, no current."""
BIAS = (0.25 * FULL, 0.75 * FULL)
"""The middle of the supply, with room for resistors of 5 %."""
_SCALES = {"current": 1.0, "residual_current": 1000.0}


@dataclass(frozen=True, slots=True)
class ClampOptions:
    chip: Chip = field(metadata={"text": "chip select of the converter, 0 or 1"})
    channel: Channel = field(metadata={"text": "its channel, 0 to 7"})
    amps_per_volt: Annotated[float, Limits(gt=0, le=10_000)] = field(
        default=30.0,
        metadata={"text": "amperes for 1 V of the clamp: 30 for an SCT-013-030; with a burden "
                  "resistor its turns divided by the ohms"},
    )  # fmt: skip
    volts: Annotated[float, Limits(ge=100, le=400)] = field(
        default=220.0, metadata={"text": "mains voltage that makes watts of amperes"}
    )
    power_factor: Annotated[float, Limits(gt=0, le=1)] = field(
        default=1.0, metadata={"text": "share of the current that does work; 0.95 for screens"}
    )
    mains_hz: Annotated[float, Limits(ge=45, le=65)] = field(
        default=50.0, metadata={"text": "the mains' frequency"}
    )
    supply_volts: Annotated[float, Limits(ge=2.7, le=5.5)] = field(
        default=3.3, metadata={"text": "the converter's reference"}
    )


@DRIVERS.register("clamp")
class Clamp(Converted):
    """Amperes, milliamperes or watts by the point's kind, over whole mains periods.

    The bias that lifts the wave into the converter's range is measured along and taken out. A
    clamp whose plug is out shows the bias alone: it reads as no current.
    """

    Options = ClampOptions

    @classmethod
    def misfits(
        cls, point: Point, options: ClampOptions, around: Surroundings
    ) -> Iterable[tuple[str, str]]:
        if KINDS[point.kind].measurement not in (*_SCALES, "power"):
            what = f"a clamp gives a current or power, and kind {point.kind} is neither"
            yield (what, "use kind current, residual-current or power")

    def sample(self) -> Iterable[Sample]:
        options: ClampOptions = self.options
        wave = self._measure(1 / options.mains_hz)
        if not BIAS[0] < wave.bias < BIAS[1]:
            raise self.wrong(
                f"has its middle at {wave.bias:.0f} of {FULL}, not near {FULL // 2}, as with an "
                "open or shorted wire",
                "check the two resistors that lift the clamp's wave to half the supply",
            )
        if wave.low <= LOW_RAIL or wave.high >= HIGH_RAIL:
            raise self.wrong(
                f"is cut off ({wave.low:.0f} to {wave.high:.0f} of {FULL}): more current than the "
                "clamp can show",
                "use a larger clamp or a smaller burden resistor, and mend amps_per_volt",
            )
        rms = wave.rms if wave.rms >= QUIET else 0.0
        amps = rms / FULL * options.supply_volts * options.amps_per_volt
        return [Sample(round(amps * self._scale(), 3))]

    def _measure(self, period: float) -> Wave:
        for _ in range(TRIES):
            try:
                return measure(self.channel.series(CLOCK, PERIODS * period), period)
            except ValueError:
                continue
        raise self.wrong(
            "could not be sampled evenly enough to see the wave", "see what keeps this node busy"
        )

    def _scale(self) -> float:
        options: ClampOptions = self.options
        watts = options.volts * options.power_factor
        return _SCALES.get(KINDS[self.point.kind].measurement, watts)
