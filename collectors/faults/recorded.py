"""Recorded readings of several devices, rows in any order, replayed in the order of time."""

import csv
import gzip
import heapq
import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, TextIO

from devices.errors import CampusError

COLUMNS = ("time", "device", "value")
MILLISECONDS = 1e11
"""A number beyond is ms since 1970, else s."""
SHOWN = 5


class Row(NamedTuple):
    """One reading; `at` is s since 1970 UTC, a voltage that was not given is nan."""

    at: float
    device: str
    value: float
    voltage: float


@dataclass(slots=True)
class Recording:
    """A file's readings by device, 24 bytes each; `rows` goes through them in the order of time."""

    mistakes: list[str] = field(default_factory=list)
    left_out: int = 0
    empty: int = 0
    """Rows without a value: the device had nothing to say."""
    _columns: dict[str, tuple["array[float]", "array[float]", "array[float]"]] = field(
        default_factory=dict
    )

    @property
    def devices(self) -> int:
        return len(self._columns)

    def __len__(self) -> int:
        return sum(len(columns[0]) for columns in self._columns.values())

    def rows(self) -> Iterator[Row]:
        """By time, of equal times by device; a device's rows need no order either."""
        runs = [_run(device, *columns) for device, columns in sorted(self._columns.items())]
        return heapq.merge(*runs) if len(runs) > 1 else iter(runs[0] if runs else ())

    def add(self, at: float, device: str, value: float, voltage: float) -> None:
        columns = self._columns.get(device)
        if columns is None:
            columns = self._columns[device] = (array("d"), array("d"), array("d"))
        columns[0].append(at)
        columns[1].append(value)
        columns[2].append(voltage)

    def refuse(self, line: int, why: str) -> None:
        self.left_out += 1
        if len(self.mistakes) < SHOWN:
            self.mistakes.append(f"line {line}: {why}")


def _run(
    device: str, times: "array[float]", values: "array[float]", voltages: "array[float]"
) -> Iterator[Row]:
    order: range | list[int] = range(len(times))
    if any(times[i] > times[i + 1] for i in range(len(times) - 1)):
        order = sorted(order, key=times.__getitem__)
    for i in order:
        yield Row(times[i], device, values[i], voltages[i])


def read(path: Path) -> Recording:
    """The readings of a CSV file with the columns time,device,value and perhaps voltage.

    Raises CampusError where the file cannot be read, has other columns or no reading at all.
    """
    recording = Recording()
    with _open(path) as file:
        table = csv.reader(file)
        try:
            heading = [name.strip().lower() for name in next(table, [])]
            places = _places(path, heading)
            _fill(recording, table, places)
        except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
            if not len(recording):
                raise CampusError(f"{path} cannot be read: {error}") from None
            recording.refuse(table.line_num, f"from here on the file is damaged: {error}")
    if not len(recording):
        why = f"; {recording.mistakes[0]}" if recording.mistakes else ""
        raise CampusError(f"{path} holds no reading{why}")
    return recording


def _places(path: Path, heading: list[str]) -> tuple[int, int, int, int]:
    missing = [name for name in COLUMNS if name not in heading]
    if missing:
        raise CampusError(
            f"{path} needs a first line with the columns time,device,value"
            f" (and voltage, where there is one); it has no {', '.join(missing)}"
        )
    voltage = heading.index("voltage") if "voltage" in heading else -1
    return heading.index("time"), heading.index("device"), heading.index("value"), voltage


def _fill(
    recording: Recording, table: "Iterator[list[str]]", places: tuple[int, int, int, int]
) -> None:
    when, who, what, voltage = places
    seconds = _Seconds()
    number = 1
    for fields in table:
        number += 1
        if not fields:
            continue
        try:
            text = fields[what].strip()
            device = fields[who].strip()
            if not device:
                raise ValueError("it names no device")
            at = seconds.of(fields[when].strip())
            volts = _voltage(fields[voltage]) if 0 <= voltage < len(fields) else math.nan
            if not text:
                recording.empty += 1
                continue
            value = float(text)
            if not math.isfinite(value):
                recording.empty += 1
                continue
        except IndexError:
            recording.refuse(number, "it has too few columns")
        except ValueError as error:
            recording.refuse(number, str(error))
        else:
            recording.add(at, device, value, volts)


def _voltage(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


class _Seconds:
    """Times as text to s since 1970; a minute is worked out once for the rows in it."""

    def __init__(self) -> None:
        self._minute = ""
        self._start = 0.0

    def of(self, text: str) -> float:
        """ISO 8601 (UTC, where it names no zone), or s or ms since 1970. Raises ValueError."""
        if len(text) == 20 and text[19] == "Z" and text[16] == ":":
            minute = text[:16]
            if minute != self._minute:
                self._start = self._moment(minute)
                self._minute = minute
            second = float(text[17:19])
            if not 0 <= second < 61:
                raise ValueError(f"{text!r} is no time")
            return self._start + second
        try:
            number = float(text)
        except ValueError:
            return self._moment(text)
        if not math.isfinite(number):
            raise ValueError(f"{text!r} is no time")
        return number / 1000 if abs(number) > MILLISECONDS else number

    @staticmethod
    def _moment(text: str) -> float:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(f"{text!r} is no time such as 2026-03-02T10:00:00Z") from None
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _open(path: Path) -> TextIO:
    try:
        if path.suffix == ".gz":
            return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
        return path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise CampusError(f"{path} cannot be read: {error.strerror}") from None
