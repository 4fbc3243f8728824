"""Files of readings: CSV, line protocol and Parquet, written and read back."""

import csv
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Protocol

from collectors.store import Refused
from collectors.store.line import Encoder
from devices.catalog import Site
from devices.errors import CampusError
from devices.model import (
    NO_DETAIL,
    Fact,
    NodeId,
    PointId,
    Quality,
    Value,
    ValueType,
    from_ms,
    to_ms,
)

COLUMNS = ("time", "point", "value", "quality", "node", "detail")
FORMATS = ("csv", "parquet", "lp")


class Sink(Protocol):
    """Takes readings; nothing is complete before `close`."""

    def write(self, facts: Sequence[Fact]) -> None: ...

    def close(self) -> None: ...


class CsvSink:
    """`time` is ISO 8601 in UTC, `detail` a JSON object or empty."""

    def __init__(self, file: IO[str]) -> None:
        self._table = csv.writer(file, lineterminator="\n")
        self._table.writerow(COLUMNS)

    def write(self, facts: Sequence[Fact]) -> None:
        for point, at, value, quality, node, detail in facts:
            told = json.dumps(dict(detail), ensure_ascii=False) if detail else ""
            when = from_ms(at).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            self._table.writerow((when, point, _text(value), quality, node, told))

    def close(self) -> None:
        return


class LineSink:
    """As the InfluxDB store writes it, times in ms."""

    def __init__(self, file: IO[str], site: Site) -> None:
        self._file, self._encoder = file, Encoder(site)

    def write(self, facts: Sequence[Fact]) -> None:
        refused: list[Refused] = []
        self._file.writelines(f"{line}\n" for line, _ in self._encoder.lines(facts, refused))

    def close(self) -> None:
        return


class ParquetSink:
    """A column for each type of value: `number`, `text`, `boolean`."""

    def __init__(self, path: Path) -> None:
        try:
            import pyarrow  # type: ignore[import-untyped]
            import pyarrow.parquet  # type: ignore[import-untyped]
        except ImportError:
            raise CampusError(
                "Parquet needs pyarrow: pip install campus-monitor[parquet]"
            ) from None
        self._arrow = pyarrow
        self._schema = pyarrow.schema([
            ("time", pyarrow.timestamp("ms", tz="UTC")), ("point", pyarrow.string()),
            ("number", pyarrow.float64()), ("text", pyarrow.string()),
            ("boolean", pyarrow.bool_()), ("quality", pyarrow.string()),
            ("node", pyarrow.string()), ("detail", pyarrow.string()),
        ])  # fmt: skip
        self._writer = pyarrow.parquet.ParquetWriter(path, self._schema, compression="zstd")

    def write(self, facts: Sequence[Fact]) -> None:
        columns: list[list[Any]] = [
            [fact[1] for fact in facts], [fact[0] for fact in facts],
            [fact[2] if type(fact[2]) is float else None for fact in facts],
            [fact[2] if type(fact[2]) is str else None for fact in facts],
            [fact[2] if type(fact[2]) is bool else None for fact in facts],
            [str(fact[3]) for fact in facts], [fact[4] for fact in facts],
            [json.dumps(dict(fact[5]), ensure_ascii=False) if fact[5] else None for fact in facts],
        ]  # fmt: skip
        arrays = [
            self._arrow.array(column, field.type)
            for column, field in zip(columns, self._schema, strict=True)
        ]
        self._writer.write_table(self._arrow.Table.from_arrays(arrays, schema=self._schema))

    def close(self) -> None:
        self._writer.close()


def read_csv(file: IO[str], site: Site, mistakes: list[str]) -> Iterator[Fact]:
    """The readings of a CSV export; what is wrong with a row goes into `mistakes`."""
    table = csv.DictReader(file)
    missing = {"time", "point", "value"} - set(table.fieldnames or ())
    if missing:
        raise CampusError(f"the file has no column {', '.join(sorted(missing))}")
    for row in table:
        try:
            yield _fact(site, row["point"], row["time"], row["value"], row)
        except (ValueError, KeyError, TypeError) as error:
            mistakes.append(f"line {table.line_num}: {error}")


def read_parquet(path: Path, site: Site, mistakes: list[str]) -> Iterator[Fact]:
    """The readings of a Parquet export."""
    try:
        import pyarrow.parquet
    except ImportError:
        raise CampusError("Parquet needs pyarrow: pip install campus-monitor[parquet]") from None
    for part in pyarrow.parquet.ParquetFile(path).iter_batches():
        for row in part.to_pylist():
            value = next(row[n] for n in ("number", "text", "boolean") if row[n] is not None)
            try:
                yield _fact(site, row["point"], row["time"], value, row)
            except (ValueError, KeyError, TypeError) as error:
                mistakes.append(f"{row['point']} at {row['time']}: {error}")


def _fact(site: Site, point: str, time: str | datetime, value: Any, row: dict[str, Any]) -> Fact:
    kind = site.kinds.get(PointId(point))
    if kind is None:
        raise ValueError(f"unknown point {point!r}: add it to the site file")
    at = datetime.fromisoformat(time) if isinstance(time, str) else time
    at = at if at.tzinfo else at.replace(tzinfo=site.timezone)
    told = row.get("detail")
    detail = json.loads(told) if told else NO_DETAIL
    return (
        PointId(point), to_ms(at), _value(value, kind.value_type),
        Quality(row.get("quality") or Quality.GOOD),
        NodeId(row.get("node") or site.points[PointId(point)].node), detail,
    )  # fmt: skip


def _value(value: Any, wanted: ValueType) -> Value:
    if wanted is ValueType.NUMBER:
        return float(value)
    if wanted is ValueType.BOOLEAN:
        if value not in (True, False, "true", "false"):
            raise ValueError(f"{value!r} is neither true nor false")
        return value in (True, "true")
    return str(value)


def _text(value: Value) -> str:
    if type(value) is bool:
        return "true" if value else "false"
    return repr(value) if type(value) is float else str(value)
