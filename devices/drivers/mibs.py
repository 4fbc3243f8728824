"""Mibs: the objects asked of switches, printers and power supplies, and what they mean (pure).

IF-MIB (RFC 2863), HOST-RESOURCES-MIB (RFC 2790), Printer-MIB (RFC 3805), UPS-MIB (RFC 1628).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Oid = tuple[int, ...]


def oid(text: str) -> Oid:
    return tuple(int(number) for number in text.split("."))


UPTIME = oid("1.3.6.1.2.1.1.3.0")
"""Hundredths of a second since the agent started, modulo 2³²: it wraps after 497 days."""
ENGINE_TIME = oid("1.3.6.1.6.3.10.2.1.3.0")
"""The same in seconds, where the agent speaks version 3; wraps after 68 years."""

_IF, _IFX = oid("1.3.6.1.2.1.2.2.1"), oid("1.3.6.1.2.1.31.1.1.1")
IF_DESCRIPTION, IF_NAME, IF_ALIAS = (*_IF, 2), (*_IFX, 1), (*_IFX, 18)
IF_OPERATION, IF_ADMINISTRATION = (*_IF, 8), (*_IF, 7)
IF_ERRORS = ((*_IF, 14), (*_IF, 20))
"""In and out; counters of 32 bits."""
IF_OCTETS = ((*_IF, 10), (*_IF, 16))
IF_OCTETS_64 = ((*_IFX, 6), (*_IFX, 10))
IF_SPEED = (*_IFX, 15)
"""Mbit/s."""

SUPPLY = oid("1.3.6.1.2.1.43.11.1.1")
SUPPLY_DESCRIPTION, SUPPLY_CAPACITY, SUPPLY_LEVEL = (*SUPPLY, 6), (*SUPPLY, 8), (*SUPPLY, 9)
SUPPLY_UNIT = (*SUPPLY, 7)
PERCENT = 19
PAGES = oid("1.3.6.1.2.1.43.10.2.1.4.1.1")
PRINTER_ERRORS = oid("1.3.6.1.2.1.25.3.5.1.2.1")
DEVICE_STATUS = oid("1.3.6.1.2.1.25.3.2.1.5")

_UPS = oid("1.3.6.1.2.1.33.1")
UPS_BATTERY, UPS_ON_BATTERY_S = (*_UPS, 2, 1, 0), (*_UPS, 2, 2, 0)
UPS_MINUTES, UPS_CHARGE = (*_UPS, 2, 3, 0), (*_UPS, 2, 4, 0)
UPS_SOURCE = (*_UPS, 4, 1, 0)
UPS_INPUT_V = (*_UPS, 3, 3, 1, 3)
UPS_LOAD = (*_UPS, 4, 4, 1, 5)
UPS_ALARMS = (*_UPS, 6, 1, 0)
ON_BATTERY, NO_OUTPUT, UNKNOWN_SOURCE = 5, 2, 1
BATTERY_NORMAL, BATTERY_LOW, BATTERY_DEPLETED = 2, 3, 4

_PRINTER_BITS = (
    "low-paper", "no-paper", "low-toner", "no-toner", "door-open", "jammed", "offline",
    "service-requested", "input-tray-missing", "output-tray-missing", "supply-missing",
    "output-near-full", "output-full", "input-tray-empty", "maintenance-overdue",
)  # fmt: skip
"""hrPrinterDetectedErrorState, from the highest bit of the first octet."""
_ONLY_WARN = {
    "low-paper", "low-toner", "output-near-full", "maintenance-overdue", "input-tray-empty",
}  # fmt: skip


def printer_problems(state: bytes) -> list[str]:
    """What a printer reports of itself, such as no-paper."""
    return [
        name
        for number, name in enumerate(_PRINTER_BITS)
        if number // 8 < len(state) and state[number // 8] & 0x80 >> number % 8
    ]


def printer_word(problems: Iterable[str]) -> str:
    """ok, warning while it still prints, or error."""
    found = set(problems)
    if not found:
        return "ok"
    return "warning" if found <= _ONLY_WARN else "error"


def ups_word(battery: int | None, alarms: int | None) -> str:
    """ok, warning or error by the battery's state and the count of alarms."""
    if battery in (BATTERY_LOW, BATTERY_DEPLETED):
        return "error"
    return "warning" if alarms else "ok"


def device_word(states: Iterable[int]) -> str:
    """The worst of hrDeviceStatus: 3 is a warning, 5 is down."""
    found = set(states)
    if 5 in found:
        return "error"
    return "warning" if 3 in found else "ok"


def text(octets: object) -> str:
    """A DisplayString; some makes end it with zeros. "" for what is none."""
    return octets.decode("utf-8", "replace").strip("\0 ") if isinstance(octets, bytes) else ""


@dataclass(frozen=True, slots=True)
class Supply:
    name: str
    percent: float


def supplies(
    names: Mapping[Oid, bytes],
    units: Mapping[Oid, int],
    capacities: Mapping[Oid, int],
    levels: Mapping[Oid, int],
) -> list[Supply]:
    """Those that tell how much is left; RFC 3805 has -1, -2 and -3 for other, unknown, some."""
    found = []
    for row, level in levels.items():
        capacity = 100 if units.get(row) == PERCENT else capacities.get(row, -2)
        if level >= 0 and capacity > 0:
            # Some makes count beyond what they say is full.
            found.append(Supply(text(names.get(row)), min(100.0 * level / capacity, 100.0)))
    return found


@dataclass(frozen=True, slots=True)
class Count:
    """Counters at an agent's uptime (seconds): each with how many bits it has."""

    uptime: float
    values: tuple[int, ...]
    bits: int


def counted(before: Count, now: Count) -> tuple[int, float] | None:
    """How many more there are, and within how many seconds of the agent.

    None where that cannot be known: it started again (its counters begin at 0), or a counter went
    back though it cannot have wrapped (somebody cleared it).
    """
    seconds = now.uptime - before.uptime
    if seconds <= 0 or before.bits != now.bits or len(before.values) != len(now.values):
        return None
    size = 1 << now.bits
    more = [(new - old) % size for old, new in zip(before.values, now.values, strict=True)]
    if any(step > size // 2 for step in more):
        return None
    return sum(more), seconds
