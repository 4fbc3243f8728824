"""Reliability: time between failures and time to repair, of each device and each model; pure.

MTBF = (time in service - time down) / failures; MTTR = time down of what was mended / how often.
A failure is an entry of a fault or a report, but not a hazard, planned work, one that was found to
be none, or one that was part of a larger one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.faultlore import HAZARD, TASK
from alerts.order import Result, WorkOrder

_NONE = (Result.NO_FAULT, Result.MERGED)


@dataclass(frozen=True, slots=True)
class Served:
    """A device that was in service within a period, since when, and what it is."""

    device: str
    name: str
    model: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one device or one model; None where nothing failed, or nothing was mended yet."""

    name: str
    devices: int
    failures: int
    service: timedelta
    down: timedelta
    mtbf: timedelta | None
    mttr: timedelta | None

    @property
    def availability(self) -> float | None:
        """In percent of its time in service."""
        if self.service <= timedelta():
            return None
        return max(0.0, 100 * (1 - self.down / self.service))


def is_failure(order: WorkOrder) -> bool:
    return order.fault not in (HAZARD, TASK) and order.result not in _NONE


def by_device(
    served: Iterable[Served], orders: Iterable[WorkOrder], start: datetime, end: datetime
) -> Mapping[str, Figures]:
    """Of each device by its key; `orders` may be of any time."""
    found: dict[str, list[WorkOrder]] = {}
    for order in orders:
        if is_failure(order):
            found.setdefault(order.device, []).append(order)
    return {
        each.device: _figures(
            each.name, 1, found.get(each.device, ()), _span(each, start, end), start, end
        )
        for each in served
    }


def by_model(
    served: Sequence[Served], orders: Iterable[WorkOrder], start: datetime, end: datetime
) -> list[Figures]:
    """Of each model, the least reliable first."""
    device_of = by_device(served, orders, start, end)
    models: dict[str, list[Figures]] = {}
    for each in served:
        models.setdefault(each.model, []).append(device_of[each.device])
    made = [_together(model, parts) for model, parts in models.items()]
    longest = timedelta.max
    return sorted(made, key=lambda f: (f.mtbf or longest, f.name))


def _span(each: Served, start: datetime, end: datetime) -> timedelta:
    return max(end - max(each.since, start), timedelta())


def _figures(
    name: str, devices: int, orders: Iterable[WorkOrder], service: timedelta, start: datetime,
    end: datetime,
) -> Figures:  # fmt: skip
    failures, down, mended, repair = 0, timedelta(), 0, timedelta()
    for order in orders:
        began = order.down_from or order.reported_at
        lasted = order.down(end) or timedelta()
        if began >= end or began + lasted < start:
            continue
        down += min(began + lasted, end) - max(began, start)
        if began >= start:
            failures += 1
            if order.down_to is not None or order.done_at is not None:
                mended += 1
                repair += lasted
    mtbf = max(service - down, timedelta()) / failures if failures else None
    return Figures(name, devices, failures, service, down, mtbf,
                   repair / mended if mended else None)  # fmt: skip


def _together(model: str, parts: Sequence[Figures]) -> Figures:
    failures = sum(part.failures for part in parts)
    service = sum((part.service for part in parts), timedelta())
    down = sum((part.down for part in parts), timedelta())
    weighed = [(part.mttr, part.failures) for part in parts if part.mttr is not None]
    counted = sum(count for _, count in weighed)
    repair = sum((mttr * count for mttr, count in weighed), timedelta())
    return Figures(
        model, len(parts), failures, service, down,
        max(service - down, timedelta()) / failures if failures else None,
        repair / counted if counted else None,
    )  # fmt: skip
