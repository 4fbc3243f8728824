"""The ledgers of several ingesters, read as one."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, tzinfo
from pathlib import Path

from collectors.booking import joined
from collectors.ledger import Completeness, DeadLetter, Ledger, reckon
from devices.model import NodeId


def ledger_path(data: Path, name: str = "") -> Path:
    """Where the ingester `name` keeps its ledger; the only one has no name."""
    return data / (f"ingest-{name}.db" if name else "ingest.db")


class Ledgers:
    """Every ledger in the data folder, for reading; a new one is seen when it comes."""

    def __init__(self, data: Path, timezone: tzinfo) -> None:
        self._data = data
        self._timezone = timezone
        self._open: dict[Path, Ledger] = {}

    def _all(self) -> list[Ledger]:
        paths = {self._data / "ingest.db", *self._data.glob("ingest-*.db")}
        for path in sorted(paths - set(self._open)):
            self._open[path] = Ledger(path, self._timezone, readonly=True)
        return list(self._open.values())

    def completeness(
        self, node: NodeId | None, start: datetime, end: datetime
    ) -> list[Completeness]:
        """As Ledger.completeness, of all; a batch that two of them have counts once."""
        first, last = (at.astimezone(self._timezone).date().isoformat() for at in (start, end))
        rows = [row for ledger in self._all() for row in ledger.rows(node, first, last)]
        lates: Counter[tuple[str, str]] = Counter()
        for ledger in self._all():
            lates.update(ledger.lates(node, first, last))
        return reckon(rows, lates, first, last)

    def ranges(self, node: NodeId, boot: str) -> list[tuple[int, int]]:
        """The batch numbers of one boot that are in."""
        return joined(part for ledger in self._all() for part in ledger.ranges(node, boot))

    def dead_letters(self, limit: int = 100) -> Sequence[DeadLetter]:
        """The newest first."""
        letters = [letter for ledger in self._all() for letter in ledger.dead_letters(limit)]
        return sorted(letters, key=lambda letter: letter.at, reverse=True)[:limit]

    def counters(self) -> dict[str, int]:
        total: Counter[str] = Counter()
        for ledger in self._all():
            total.update(ledger.counters())
        return dict(total)

    def close(self) -> None:
        for ledger in self._open.values():
            ledger.close()
        self._open = {}
