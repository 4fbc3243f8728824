"""Faults and reports become maintenance entries, one a device; people carry them on; pure."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from alerts.evidence import evidence_of
from alerts.faultlore import HAZARD, NODE_SILENT, REPORTED, SITE_SILENT, TASK, fault_of, queue_of
from alerts.fittings import Fittings, place_of
from alerts.lifecycle import NotPossible
from alerts.model import Alert, Ending, Verdict
from alerts.order import OrderDeed, OrderState, Result, Step, Urgency, WorkOrder
from alerts.orderlife import ENGINE, Patience, Wish, carry_out, reopen, settle, step, text_of
from alerts.rule import View
from devices.catalog import Point, Site
from devices.model import PlaceId, PointId

_TOUCHED = (OrderState.DONE, OrderState.VERIFIED)


class WorkOrders:
    """The entries that are not closed; `closed` finds one that is."""

    def __init__(
        self,
        site: Site,
        open_orders: Iterable[WorkOrder],
        last_number: int,
        fittings: Fittings,
        closed: Callable[[str], WorkOrder | None],
    ) -> None:
        self._site = site
        self._open = {order.id: order for order in open_orders}
        self._number = last_number
        self._fittings = fittings
        self._closed = closed

    def __len__(self) -> int:
        return len(self._open)

    def get(self, id: str) -> WorkOrder | None:
        return self._open.get(id)

    def _keep(self, made: Step) -> Step:
        order = made[0]
        if order.open:
            self._open[order.id] = order
        else:
            self._open.pop(order.id, None)
        return made

    # --- what the monitor finds --------------------------------------------------------------

    def fault(self, verdict: Verdict, id: str, view: View, now: datetime) -> list[Step]:
        """A verdict of a fault rule: opens, joins, reopens, or marks as recovered."""
        if verdict.breached is None:
            return []
        if not verdict.breached:
            return self._recovered(verdict, now)
        mark = _mark(verdict)
        same = next((o for o in self._open.values() if mark in o.broken), None)
        if same is not None and verdict.fault in (same.fault, ""):
            return []
        evidence = evidence_of(self._site, verdict, view)
        device = self._device(verdict.key, now)
        known = same or self._of(device, but=(HAZARD, TASK))
        if known is not None:
            return [self._keep(self._again(known, verdict, evidence, now))]
        made = self._new(id, verdict, device, evidence, now)
        merged = self._merge_into(made, now) if made.fault in (NODE_SILENT, SITE_SILENT) else []
        first = step(made, OrderDeed.FAULT, ENGINE, now, verdict.fault)
        return [self._keep(first), *merged]

    def _again(
        self, known: WorkOrder, verdict: Verdict, evidence: Any, now: datetime
    ) -> Step:  # fmt: skip
        if known.broken and verdict.key not in known.points:
            # Another point of a device that is broken already: the first tells most.
            also = [*known.evidence.get("also", ()), {"point": verdict.key, **evidence}]
            evidence = {**known.evidence, "also": also}
        points, marks = (*known.points, verdict.key), (*known.broken, _mark(verdict))
        changes: dict[str, Any] = {
            "evidence": evidence, "points": tuple(dict.fromkeys(points)),
            "broken": tuple(dict.fromkeys(marks)),
            "recovered_at": None, "down_to": None, "reports": known.reports + 1,
            "down_from": known.down_from or verdict.at,
        }  # fmt: skip
        if known.fault != REPORTED:
            changes["fault"] = verdict.fault
        if known.state in _TOUCHED:
            order, event = reopen(known, ENGINE, now, verdict.fault, **changes)
            return order, replace(event, what=OrderDeed.AGAIN)
        return step(known, OrderDeed.AGAIN, ENGINE, now, verdict.fault, **changes)

    def _recovered(self, verdict: Verdict, now: datetime) -> list[Step]:
        mark = _mark(verdict)
        known = next((o for o in self._open.values() if mark in o.broken), None)
        if known is None:
            return []
        broken = tuple(each for each in known.broken if each != mark)
        if broken:
            # One of several: told only once all of the device is well.
            note = f"{verdict.key} 已恢复 (recovered)"
            return [self._keep(step(known, OrderDeed.NOTE, ENGINE, now, note, broken=broken))]
        well = step(
            known, OrderDeed.RECOVERED, ENGINE, now, broken=(), recovered_at=now, down_to=now
        )
        return [self._keep(well)]

    def _new(
        self, id: str, verdict: Verdict, device: str, evidence: Any, now: datetime
    ) -> WorkOrder:  # fmt: skip
        fault, point = fault_of(verdict.fault), self._site.points.get(PointId(verdict.key))
        name, name_en = self._name(verdict.key)
        last_good = evidence.get("last_good_at")
        since = datetime.fromisoformat(last_good) if last_good else verdict.at
        self._number += 1
        return WorkOrder(
            id=id, number=self._number, state=OrderState.REPORTED, fault=verdict.fault,
            point=PointId(point.id) if point else None,
            asset=self._fittings.asset_of(point, now) if point else "",
            place=place_of(self._site, verdict.key), title=f"{name}：{fault.name}",
            title_en=f"{name_en}: {fault.name_en}", evidence=evidence, reported_at=now,
            reported_by=ENGINE, changed_at=now, device=device, queue=queue_of(verdict.fault),
            points=(verdict.key,), broken=(_mark(verdict),), down_from=min(since, now),
        )  # fmt: skip

    def _merge_into(self, larger: WorkOrder, now: datetime) -> list[Step]:
        """Entries of single sensors that nobody has touched go into the one of their node."""
        ours = {p.id for p in self._site.points.values()
                if larger.fault == SITE_SILENT or f"node:{p.node}" == larger.device}  # fmt: skip
        if larger.fault == SITE_SILENT:
            ours |= set(self._site.nodes)
        found = []
        for order in list(self._open.values()):
            alone = order.state is OrderState.REPORTED and order.reported_by == ENGINE
            silent = order.fault in ("silent", NODE_SILENT) and order.id != larger.id
            if alone and silent and set(order.points) <= ours:
                found.append(self._keep(step(
                    order, OrderDeed.CLOSE, ENGINE, now, f"#{larger.number}",
                    state=OrderState.CLOSED, closed_at=now, result=Result.MERGED,
                )))  # fmt: skip
        return found

    def tick(self, patience: Patience, now: datetime) -> list[Step]:
        """What time alone does to entries."""
        found = (settle(order, patience, now) for order in list(self._open.values()))
        return [self._keep(made) for made in found if made is not None]

    # --- what people say ---------------------------------------------------------------------

    def report(self, id: str, wish: Wish, who: str, now: datetime) -> Step:
        """A person says that something is broken; a second report of a device joins the first.

        Raises NotPossible.
        """
        point = self._site.points.get(PointId(text_of(wish, "point")))
        title, place = text_of(wish, "title", 200), text_of(wish, "place", 64)
        if not title:
            raise NotPossible("没有写什么坏了 (say what is broken)")
        if not place and point is not None:
            place = point.room
        if PlaceId(place) not in self._site.places:
            raise NotPossible(f"没有这个地点：{place[:64]} (there is no such place)")
        asset = text_of(wish, "asset", 64)
        asset = asset or (self._fittings.asset_of(point, now) if point else "")
        device = self._device_named(point, asset, now)
        task = text_of(wish, "task", 64)
        known = self._task(task) if task else self._of(device, but=(HAZARD, TASK))
        if known is not None:
            return self._keep(self._joined(known, wish, title, who, now))
        fault = TASK if task else REPORTED
        self._number += 1
        order = WorkOrder(
            id=id, number=self._number, state=OrderState.REPORTED, fault=fault,
            point=PointId(point.id) if point else None, asset=asset, place=place, title=title,
            title_en=text_of(wish, "title_en", 200) or title, evidence={}, reported_at=now,
            reported_by=who, changed_at=now, device=device, task=task,
            down_from=None if task else now,
            queue=queue_of(fault, *self._kind(point, asset, now)),
        )  # fmt: skip
        order = replace(order, **_form(wish, order))
        return self._keep(step(order, OrderDeed.REPORT, who, now))

    def _joined(
        self, known: WorkOrder, wish: Wish, title: str, who: str, now: datetime
    ) -> Step:  # fmt: skip
        photos = _form(wish, known).get("photos", ())
        changes: dict[str, Any] = {
            "reports": known.reports + 1,
            "photos": tuple(dict.fromkeys((*known.photos, *photos)))[:12],
        }  # fmt: skip
        note = " · ".join(x for x in (title, text_of(wish, "description")) if x)
        if known.state in _TOUCHED:
            order, event = reopen(known, who, now, note, **changes)
            return order, replace(event, what=OrderDeed.MERGED)
        return step(known, OrderDeed.MERGED, who, now, note, **changes)

    def from_alert(
        self, id: str, alert: Alert, ending: Ending, note: str, who: str, now: datetime
    ) -> Step:
        """Somebody at an alert found a thing to mend, or a hazard to put right."""
        point = self._site.points.get(alert.point) if alert.point else None
        asset = self._fittings.asset_of(point, now) if point else ""
        fault = HAZARD if ending is Ending.TO_HAZARD else REPORTED
        device = self._device_named(point, asset, now)
        known = self._of(device, but=(HAZARD, TASK)) if fault == REPORTED else None
        if known is not None:
            return self._keep(step(known, OrderDeed.MERGED, who, now, f"{alert.text} {note}",
                                   reports=known.reports + 1))  # fmt: skip
        self._number += 1
        order = WorkOrder(
            id=id, number=self._number, state=OrderState.REPORTED, fault=fault, point=alert.point,
            asset=asset, place=alert.place, title=alert.text,
            title_en=alert.text_en, evidence={"alert": alert.id, "reason": note},
            reported_at=now, reported_by=who, changed_at=now, device=device, down_from=now,
            queue=queue_of(fault, *self._kind(point, asset, now)),
        )  # fmt: skip
        return self._keep(step(order, OrderDeed.REPORT, who, now, note))

    def change(
        self, id: str, wish: Wish, who: str, patience: Patience, now: datetime
    ) -> list[Step]:  # fmt: skip
        """What a person does with an entry; see `orderlife`. Raises NotPossible."""
        order = self._open.get(id) or self._closed(id)
        if order is None:
            raise NotPossible("没有这条维修记录 (there is no such entry)")
        steps = carry_out(order, wish, who, now)
        closing = settle(steps[-1][0], patience, now)
        if closing is not None and closing[0].state is OrderState.CLOSED:
            steps.append(closing)
        return [self._keep(made) for made in steps]

    # --- looking up --------------------------------------------------------------------------

    def _of(self, device: str, but: tuple[str, ...] = ()) -> WorkOrder | None:
        found = (o for o in self._open.values() if o.device == device and o.fault not in but)
        return next(found, None) if device else None

    def _task(self, task: str) -> WorkOrder | None:
        return next((o for o in self._open.values() if o.task == task), None)

    def _device(self, key: str, now: datetime) -> str:
        point = self._site.points.get(PointId(key))
        if point is not None:
            return self._fittings.device_of(point, now)
        return f"node:{key}" if key in self._site.nodes else "site"

    def _device_named(self, point: Point | None, asset: str, now: datetime) -> str:
        if asset:
            return f"asset:{asset}"
        return self._fittings.device_of(point, now) if point is not None else ""

    def _kind(self, point: Point | None, asset: str, now: datetime) -> tuple[str, str]:
        if point is None:
            point = next(iter(self._fittings.points_of(asset, now)), None)
        if point is None:
            return "", ""
        return point.kind, self._site.kinds[PointId(point.id)].group

    def _name(self, key: str) -> tuple[str, str]:
        site = self._site
        thing = site.points.get(PointId(key)) or next(
            (node for node in site.nodes.values() if node.id == key), site.school
        )
        return thing.name, thing.name_en or thing.name


def _mark(verdict: Verdict) -> str:
    return f"{verdict.rule} {verdict.key}"


def _form(wish: Wish, order: WorkOrder) -> dict[str, Any]:
    """What else a report says; left out where it says nothing."""
    found: dict[str, Any] = {
        key: text_of(wish, key, most)
        for key, most in (("description", 2000), ("department", 100), ("phone", 40))
    }
    if wish.get("queue") in list(type(order.queue)):
        found["queue"] = type(order.queue)(wish["queue"])
    if wish.get("urgency") in list(Urgency):
        found["urgency"] = Urgency(wish["urgency"])
    photo = text_of(wish, "photo", 64)
    if len(photo) == 64:
        found["photos"] = (photo,)
    return found
