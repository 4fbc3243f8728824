"""A clock that a test sets and moves; nothing waits for it."""

from datetime import UTC, datetime, timedelta

from devices.service import Clock


class FakeClock(Clock):
    """Stands still until `move`; monotonic time moves along with it."""

    def __init__(self, at: str = "2026-11-24T10:00:00+08:00") -> None:
        super().__init__()
        self._now = datetime.fromisoformat(at).astimezone(UTC)
        self._monotonic = 1000.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def set(self, at: str) -> None:
        self._now = datetime.fromisoformat(at).astimezone(UTC)

    def move(self, seconds: float) -> datetime:
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds
        return self._now
