"""A sensor fault becomes a maintenance entry with its evidence; people carry it on; pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from alerts.lifecycle import NotPossible
from alerts.model import Alert, Ending, Verdict
from alerts.order import OrderDeed, OrderEvent, OrderState, WorkOrder
from alerts.rule import View
from devices.catalog import Site
from devices.model import PlaceId, PointId

ENGINE = "监测系统"
"""Who reports what the monitor finds by itself."""

FAULT_NAMES = {
    "silent": ("没有数据", "no data"),
    "out-of-range": ("数值超出量程", "value out of range"),
    "error-value": ("传感器报错值", "the sensor's error value"),
    "frozen": ("数值长时间不变", "value frozen"),
}
_NEXT = {
    OrderDeed.ACCEPT: (OrderState.REPORTED, OrderState.ACCEPTED),
    OrderDeed.DONE: (OrderState.ACCEPTED, OrderState.DONE),
    OrderDeed.VERIFY: (OrderState.DONE, OrderState.VERIFIED),
}

Step = tuple[WorkOrder, OrderEvent]


class WorkOrders:
    """The entries that are not verified yet; one for each point that the monitor complains of."""

    def __init__(self, site: Site, open_orders: Iterable[WorkOrder], last_number: int) -> None:
        self._site = site
        self._open = {order.id: order for order in open_orders}
        self._number = last_number

    def __len__(self) -> int:
        return len(self._open)

    def get(self, id: str) -> WorkOrder | None:
        return self._open.get(id)

    def _keep(self, order: WorkOrder, who: str, what: OrderDeed, note: str = "") -> Step:
        if order.open:
            self._open[order.id] = order
        else:
            self._open.pop(order.id, None)
        return order, OrderEvent(order.id, order.changed_at, order.state, who, what, note)

    def fault(self, verdict: Verdict, id: str, view: View, now: datetime) -> Step | None:
        """A verdict of a fault rule: opens, reopens or marks as recovered."""
        known = next((o for o in self._open.values() if _automatic(o, verdict.key)), None)
        if not verdict.breached:
            if known is None or known.recovered_at is not None:
                return None
            order = replace(known, recovered_at=now, changed_at=now)
            return self._keep(order, ENGINE, OrderDeed.RECOVERED)
        evidence = self._evidence(verdict, view)
        name, name_en = FAULT_NAMES.get(verdict.fault, (verdict.fault, verdict.fault))
        if known is not None:
            again = known.state in (OrderState.DONE, OrderState.VERIFIED)
            order = replace(
                known, fault=verdict.fault, evidence=evidence, recovered_at=None, changed_at=now,
                state=OrderState.REPORTED if again else known.state,
            )  # fmt: skip
            return self._keep(order, ENGINE, OrderDeed.AGAIN, verdict.fault)
        point = self._site.points[PointId(verdict.key)]
        self._number += 1
        order = WorkOrder(
            id=id, number=self._number, state=OrderState.REPORTED, fault=verdict.fault,
            point=PointId(point.id), asset=point.asset, place=point.room,
            title=f"{point.name}：{name}", title_en=f"{point.name_en or point.name}: {name_en}",
            evidence=evidence, reported_at=now, reported_by=ENGINE, changed_at=now,
        )  # fmt: skip
        return self._keep(order, ENGINE, OrderDeed.FAULT, verdict.fault)

    def _evidence(self, verdict: Verdict, view: View) -> Mapping[str, Any]:
        point = PointId(verdict.key)
        newest, good, kind = view.newest(point), view.usable(point), self._site.kinds[point]
        evidence: dict[str, Any] = {"node": self._site.points[point].node}
        if verdict.fault == "silent":
            if newest is not None:
                evidence |= {"last_value": newest.value, "last_at": newest.at.isoformat()}
        else:
            evidence |= {"value": verdict.value, "at": verdict.at.isoformat()}
        if verdict.fault == "out-of-range":
            evidence |= {"low": kind.low, "high": kind.high}
        if good is not None:
            evidence |= {"last_good": good.value, "last_good_at": good.at.isoformat()}
        return evidence | {"reason": verdict.text}

    def report(self, id: str, wish: Mapping[str, Any], who: str, now: datetime) -> Step:
        """A person says that something is broken. Raises NotPossible."""
        title, place = _text(wish, "title"), _text(wish, "place")
        point = self._site.points.get(PointId(_text(wish, "point")))
        if not title:
            raise NotPossible("没有写什么坏了 (say what is broken)")
        if not place and point is not None:
            place = point.room
        if PlaceId(place) not in self._site.places:
            raise NotPossible(f"没有这个地点：{place} (there is no such place)")
        self._number += 1
        order = WorkOrder(
            id=id, number=self._number, state=OrderState.REPORTED, fault="reported",
            point=PointId(point.id) if point else None,
            asset=_text(wish, "asset") or (point.asset if point else ""), place=place,
            title=title, title_en=title, evidence={}, reported_at=now, reported_by=who,
            changed_at=now,
        )  # fmt: skip
        return self._keep(order, who, OrderDeed.REPORT)

    def from_alert(
        self, id: str, alert: Alert, ending: Ending, note: str, who: str, now: datetime
    ) -> Step:
        """Somebody at an alert found a thing to mend, or a hazard to put right."""
        point = self._site.points.get(alert.point) if alert.point else None
        self._number += 1
        fault = "hazard" if ending is Ending.TO_HAZARD else "reported"
        order = WorkOrder(
            id=id, number=self._number, state=OrderState.REPORTED, fault=fault, point=alert.point,
            asset=point.asset if point else "", place=alert.place, title=alert.text,
            title_en=alert.text_en, evidence={"alert": alert.id, "reason": note},
            reported_at=now, reported_by=who, changed_at=now,
        )  # fmt: skip
        return self._keep(order, who, OrderDeed.REPORT, note)

    def change(self, id: str, wish: Mapping[str, Any], who: str, now: datetime) -> Step:
        """accept, done (with what was done) or verify. Raises NotPossible."""
        order, wanted = self._open.get(id), _text(wish, "do")
        if order is None:
            raise NotPossible("没有这条未完成的维修记录 (there is no such open entry)")
        do = next((deed for deed in _NEXT if deed == wanted), None)
        if do is None:
            raise NotPossible(f"不认识的操作 {wanted!r} (use accept, done or verify)")
        needed, state = _NEXT[do]
        if order.state is not needed:
            raise NotPossible(
                f"别人已经处理过，请刷新页面 (the entry is {order.state}, not {needed})"
            )
        action = _text(wish, "action")
        if do is OrderDeed.DONE and not action:
            raise NotPossible("没有写做了什么 (say what was done)")
        changes: dict[str, Any] = {"state": state, "changed_at": now}
        if do is OrderDeed.ACCEPT:
            changes["assigned_to"] = who
        if do is OrderDeed.DONE:
            changes["action"] = action
        return self._keep(replace(order, **changes), who, do, action)


def _automatic(order: WorkOrder, point: str) -> bool:
    return order.point == point and order.fault not in ("reported", "hazard")


def _text(wish: Mapping[str, Any], key: str) -> str:
    found = wish.get(key, "")
    return found.strip()[:2000] if isinstance(found, str) else ""
