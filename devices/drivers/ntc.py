"""NTC: a thermistor in a divider on a channel of an MCP3008, by Beta or by Steinhart-Hart."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Literal

from devices.catalog import Point
from devices.checking import Limits
from devices.driver import DRIVERS, Surroundings
from devices.drivers.adc import FULL, HIGH_RAIL, LOW_RAIL, Channel, Chip
from devices.drivers.converted import Converted
from devices.errors import DeviceError
from devices.model import Sample

KELVIN = 273.15
NOMINAL_C = 25.0
"""A thermistor's nominal resistance is that at 25 °C."""
Ohms = Annotated[float, Limits(gt=0, le=10_000_000)]


@dataclass(frozen=True, slots=True)
class NtcOptions:
    chip: Chip = field(metadata={"text": "chip select of the converter, 0 or 1"})
    channel: Channel = field(metadata={"text": "its channel, 0 to 7"})
    fixed_ohms: Ohms = field(
        default=10_000.0, metadata={"text": "the divider's fixed resistor, as measured"}
    )
    side: Literal["ground", "supply"] = field(
        default="ground", metadata={"text": "where the thermistor's other leg goes"}
    )
    nominal_ohms: Ohms = field(default=10_000.0, metadata={"text": "its resistance at 25 °C"})
    beta: Annotated[float, Limits(ge=500, le=10_000)] = field(
        default=3950.0, metadata={"text": "its Beta in kelvin, of the data sheet"}
    )
    a: float = field(
        default=0.0, metadata={"text": "Steinhart-Hart A; with `b` and `c`, in place of `beta`"}
    )
    b: float = field(default=0.0, metadata={"text": "Steinhart-Hart B"})
    c: float = field(default=0.0, metadata={"text": "Steinhart-Hart C"})


def ohms(raw: float, fixed: float, side: str) -> float:
    """The thermistor's resistance at a raw reading (of 1023) beside `fixed` ohms."""
    below, above = raw, FULL - raw
    return fixed * below / above if side == "ground" else fixed * above / below


def celsius_by_beta(resistance: float, nominal: float, beta: float) -> float:
    """1/T = 1/T₂₅ + ln(R/R₂₅)/B."""
    inverse = 1 / (NOMINAL_C + KELVIN) + math.log(resistance / nominal) / beta
    return 1 / inverse - KELVIN


def celsius_by_steinhart_hart(resistance: float, a: float, b: float, c: float) -> float:
    """1/T = A + B·ln R + C·(ln R)³."""
    log = math.log(resistance)
    return 1 / (a + b * log + c * log**3) - KELVIN


@DRIVERS.register("ntc")
class Ntc(Converted):
    """°C. At a rail the thermistor or its cable is open or shorted, and which is said."""

    Options = NtcOptions

    @classmethod
    def misfits(
        cls, point: Point, options: NtcOptions, around: Surroundings
    ) -> Iterable[tuple[str, str]]:
        if len({coefficient == 0 for coefficient in (options.a, options.b, options.c)}) > 1:
            yield ("of a, b and c only some are given", "give all three, or none and `beta`")

    def sample(self) -> Iterable[Sample]:
        options: NtcOptions = self.options
        raw = self.channel.raw()
        if not LOW_RAIL < raw < HIGH_RAIL:
            raise self._at_rail(raw)
        resistance = ohms(raw, options.fixed_ohms, options.side)
        if options.a:
            value = celsius_by_steinhart_hart(resistance, options.a, options.b, options.c)
        else:
            value = celsius_by_beta(resistance, options.nominal_ohms, options.beta)
        return [Sample(round(value, 2))]

    def _at_rail(self, raw: int) -> DeviceError:
        shorted = (raw <= LOW_RAIL) == (self.options.side == "ground")
        state = "shorted" if shorted else "open"
        return self.wrong(
            f"reads {raw} of {FULL}: the thermistor or its cable is {state}",
            "check its plug, its cable and the divider's resistor",
        )
