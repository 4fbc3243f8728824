"""Fittings: which device sits at a point since when, and how it is calibrated; pure.

What was measured stays in the store as it came. An offset is added wherever a value is judged or
shown, from the calibration's own time on; a swap of the device ends the offset of the old one.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from alerts.lifecycle import NotPossible
from alerts.orderlife import Wish, text_of
from devices.catalog import Point, Site
from devices.model import PlaceId, PointId, Reading, ValueType, from_ms

LARGEST_OFFSET = 1000.0
VALID_FOR = timedelta(days=182)
"""Each term (2-point check of probes); our own figure."""


@dataclass(frozen=True, slots=True)
class Fitting:
    """From `at` on `asset` is the device at a point."""

    id: str
    point: PointId
    asset: str
    at: datetime
    who: str
    made_at: datetime
    was: str = ""
    """The device before."""
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        return _json(self)


@dataclass(frozen=True, slots=True)
class Calibration:
    """From `at` on `offset` is added to what the device at a point says."""

    id: str
    point: PointId
    asset: str
    at: datetime
    offset: float
    who: str
    made_at: datetime
    due_at: datetime
    reference: float | None = None
    """What the reference instrument showed, and `shown` what the page showed beside it."""
    shown: float | None = None
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        return _json(self)


def _json(item: Any) -> dict[str, Any]:
    found = {name: getattr(item, name) for name in item.__slots__}
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in found.items()}


class Fittings:
    """All that is known of both; the engine's worker changes it, others read a copy."""

    def __init__(
        self, site: Site, fittings: Iterable[Fitting], calibrations: Iterable[Calibration]
    ) -> None:
        self._site = site
        self._fittings: dict[PointId, list[Fitting]] = {}
        self._calibrations: dict[PointId, list[Calibration]] = {}
        self._offsets: dict[PointId, tuple[list[datetime], list[float]]] = {}
        for fitting in fittings:
            self.fit(fitting)
        for calibration in calibrations:
            self.calibrate(calibration)

    # --- changes -----------------------------------------------------------------------------

    def fit(self, fitting: Fitting) -> None:
        self._fittings.setdefault(fitting.point, []).append(fitting)
        self._fittings[fitting.point].sort(key=lambda each: (each.at, each.made_at))
        self._count(fitting.point)

    def calibrate(self, calibration: Calibration) -> None:
        self._calibrations.setdefault(calibration.point, []).append(calibration)
        self._calibrations[calibration.point].sort(key=lambda each: (each.at, each.made_at))
        self._count(calibration.point)

    def _count(self, point: PointId) -> None:
        steps: list[tuple[datetime, datetime, float]] = [
            (each.at, each.made_at, 0.0) for each in self._fittings.get(point, ())
        ]
        steps += [
            (each.at, each.made_at, each.offset) for each in self._calibrations.get(point, ())
        ]
        steps.sort()
        self._offsets[point] = ([at for at, _, _ in steps], [offset for _, _, offset in steps])

    # --- asking ------------------------------------------------------------------------------

    def asset_of(self, point: Point, at: datetime) -> str:
        """The device that sat at a point then; at first the site file's."""
        known = self._fittings.get(PointId(point.id), ())
        fitted = [each for each in known if each.at <= at]
        if fitted:
            return fitted[-1].asset
        return known[0].was or point.asset if known else point.asset

    def points_of(self, asset: str, at: datetime) -> list[Point]:
        """Where a device sits then."""
        points = self._site.points.values()
        return [point for point in points if asset and self.asset_of(point, at) == asset]

    def device_of(self, point: Point, at: datetime) -> str:
        """By what entries of one thing are known: its asset, else its sensor, else itself."""
        asset = self.asset_of(point, at)
        if asset:
            return f"asset:{asset}"
        address = point.options.get("address")
        return f"sensor:{point.node}/{point.driver}/{address}" if address else f"point:{point.id}"

    def history(self, point: PointId) -> list[Fitting]:
        """Oldest first."""
        return list(self._fittings.get(point, ()))

    def calibrations(self, point: PointId) -> list[Calibration]:
        """Oldest first."""
        return list(self._calibrations.get(point, ()))

    def calibration(self, point: PointId, at: datetime) -> Calibration | None:
        """The one that counts then; a swap since then ends it."""
        known = [each for each in self._calibrations.get(point, ()) if each.at <= at]
        swaps = [each for each in self._fittings.get(point, ()) if each.at <= at]
        if not known or (swaps and (swaps[-1].at, swaps[-1].made_at) > (
            known[-1].at, known[-1].made_at
        )):  # fmt: skip
            return None
        return known[-1]

    def changes(self, point: PointId, start: datetime, end: datetime) -> list[datetime]:
        """When the offset of a point changed, after `start` and before `end`."""
        return [at for at in self._offsets.get(point, ([], []))[0] if start < at < end]

    def offset(self, point: PointId, at: datetime) -> float:
        """What is added to a value of that time."""
        known = self._offsets.get(point)
        if known is None:
            return 0.0
        index = bisect_right(known[0], at)
        return known[1][index - 1] if index else 0.0

    def corrected(self, reading: Reading) -> Reading:
        """The reading with its offset; what cannot be used stays as the sensor said it."""
        offset = self.offset(reading.point, reading.at)
        value = reading.value
        if not offset or isinstance(value, str | bool) or not reading.quality.usable:
            return reading
        return replace(reading, value=round(value + offset, 6))

    # --- what people ask for -----------------------------------------------------------------

    def swap(self, id: str, wish: Wish, who: str, now: datetime) -> Fitting:
        """Another device at a point. Raises NotPossible."""
        point = self._point(wish)
        asset, at = text_of(wish, "asset", 64), self._at(wish, now)
        if not asset:
            raise NotPossible("没有写新设备的资产编号 (name the new device)")
        was = self.asset_of(point, at)
        if was == asset:
            raise NotPossible("这个位置装的就是这台设备 (this device sits there already)")
        fitting = Fitting(
            id, PointId(point.id), asset, at, who, now, was, text_of(wish, "reason", 500)
        )
        self.fit(fitting)
        return fitting

    def adjust(self, id: str, wish: Wish, who: str, now: datetime) -> Calibration:
        """A calibration of the device at a point. Raises NotPossible."""
        point = self._point(wish)
        if self._site.kinds[PointId(point.id)].value_type is not ValueType.NUMBER:
            raise NotPossible("这个测点不是数值，不用校准 (this point has no number to calibrate)")
        at = self._at(wish, now)
        reference, shown = _signed(wish, "reference"), _signed(wish, "shown")
        offset = _signed(wish, "offset")
        if offset is None:
            if reference is None or shown is None:
                raise NotPossible(
                    "写偏差，或写标准值和显示值 (give offset, or reference and shown)"
                )
            # What the page showed was corrected already.
            offset = round(reference - shown + self.offset(PointId(point.id), now), 6)
        due = _time(wish, "due") or at + VALID_FOR
        calibration = Calibration(
            id, PointId(point.id), self.asset_of(point, at), at, offset, who, now, due, reference,
            shown, text_of(wish, "reason", 500),
        )  # fmt: skip
        self.calibrate(calibration)
        return calibration

    def _point(self, wish: Wish) -> Point:
        point = self._site.points.get(PointId(text_of(wish, "point", 200)))
        if point is None:
            raise NotPossible("没有这个测点 (there is no such point)")
        return point

    @staticmethod
    def _at(wish: Wish, now: datetime) -> datetime:
        at = _time(wish, "at") or now
        if at > now + timedelta(minutes=5):
            raise NotPossible("时间还没到 (that time is still to come)")
        return at


def _signed(wish: Mapping[str, Any], key: str) -> float | None:
    found = wish.get(key)
    if found is None or found == "":
        return None
    try:
        value = float(found)
    except (TypeError, ValueError):
        value = LARGEST_OFFSET * 10
    if isinstance(found, bool) or not abs(value) <= LARGEST_OFFSET:
        raise NotPossible(f"{key} 不是可用的数 (use a number within ±{LARGEST_OFFSET:g})")
    return value


def _time(wish: Mapping[str, Any], key: str) -> datetime | None:
    found = wish.get(key)
    if found is None or found == "":
        return None
    if type(found) is not int:
        raise NotPossible(f"{key} 要写 1970 年以来的毫秒数 (use ms since 1970)")
    try:
        return from_ms(found)
    except OverflowError:
        raise NotPossible(f"{key} 不是时间 (no time)") from None


def place_of(site: Site, key: str) -> str:
    """The room of a point or node; for the whole site its server room, where it has one."""
    if PointId(key) in site.points:
        return site.points[PointId(key)].room
    for node in site.nodes.values():
        if node.id == key:
            return node.room
    rooms: list[PlaceId] = [id for id, place in site.places.items() if place.type == "server-room"]
    return rooms[0] if rooms else next(iter(site.places), "")
