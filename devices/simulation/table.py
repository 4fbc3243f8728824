"""Table: a course as a CSV file; the same course gives the same bytes."""

import gzip
import io
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from devices.errors import CampusError
from devices.simulation.failing import Row
from devices.simulation.script import FAULT_CODES

CHUNK = 20_000
"""Rows written at a time."""


@dataclass(slots=True)
class Tally:
    """What a course gave: rows of each fault ("" for true ones), and of how many points."""

    rows: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    points: set[str] = field(default_factory=set)

    def count(self, row: Row) -> None:
        self.rows += 1
        self.points.add(row.point)
        if row.fault:
            self.faults[row.fault] += 1


class Stamps:
    """Times as text; the second is formatted once for all values in it."""

    def __init__(self) -> None:
        self._second = -1
        self._text = ""

    def text(self, ms: int) -> str:
        second, rest = divmod(ms, 1000)
        if second != self._second:
            self._second = second
            self._text = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        return f"{self._text}.{rest:03d}Z"


def write_table(
    rows: Iterable[Row],
    path: Path,
    *,
    labelled: bool,
    told: Callable[[int], None] = lambda _rows: None,
) -> Tally:
    """Write time,device,value[,fault] to `path`, compressed where it ends in .gz.

    `fault` is a number of FAULT_CODES, 0 for a true value. `told` hears the rows written so far.
    The file appears when it is whole. Raises CampusError where it cannot be written.
    """
    tally, stamps = Tally(), Stamps()
    draft = path.with_name(path.name + ".part")
    try:
        with ExitStack() as stack:
            file: io.BufferedIOBase = stack.enter_context(draft.open("wb"))
            if path.suffix == ".gz":
                # Neither name nor time, so that the bytes depend on the course alone.
                file = stack.enter_context(
                    gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0)
                )
            file.write(b"time,device,value,fault\n" if labelled else b"time,device,value\n")
            lines: list[str] = []
            for row in rows:
                tally.count(row)
                line = f"{stamps.text(row.at)},{row.point},{row.value}"
                lines.append(f"{line},{FAULT_CODES[row.fault]}\n" if labelled else line + "\n")
                if len(lines) >= CHUNK:
                    file.write("".join(lines).encode())
                    lines.clear()
                    told(tally.rows)
            file.write("".join(lines).encode())
        draft.replace(path)
    except OSError as error:
        raise CampusError(f"{path} cannot be written: {error.strerror or error}") from None
    finally:
        draft.unlink(missing_ok=True)
    return tally
