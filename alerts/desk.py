"""Desk: what people ask of alerts and maintenance entries, by page, program or button."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from alerts import lifecycle
from alerts.book import Changes
from alerts.casebook import Casebook
from alerts.fittings import Fittings
from alerts.lifecycle import NotPossible
from alerts.model import Alert, Ending, Transition
from alerts.mute import Mutes
from alerts.order import OrderDeed
from alerts.plan import Plan
from alerts.workorders import WorkOrders
from devices import wire
from devices.catalog import Site
from devices.errors import WireError
from devices.model import Reading

UNNAMED = "未署名"


class Desk:
    """Carries out commands; the answer is sent once what changed is in the book."""

    def __init__(
        self, site: Site, plan: Plan, cases: Casebook, orders: WorkOrders, mutes: Mutes,
        fittings: Fittings,
    ) -> None:  # fmt: skip
        self._site = site
        self._plan = plan
        self._cases = cases
        self._orders = orders
        self._mutes = mutes
        self._fittings = fittings

    def adopt(self, plan: Plan) -> None:
        """Another version of the plan is at work."""
        self._plan = plan

    def carry_out(
        self, command: wire.Command, new_id: str, changes: Changes, now: datetime
    ) -> Mapping[str, Any]:
        """The answer; what changes goes into `changes`."""
        who = command.who.strip()[:100] or UNNAMED
        try:
            if command.verb == "work-order":
                return self._about_order(command, new_id, who, changes, now)
            if command.verb == "mute":
                return self._about_mute(command, new_id, who, changes, now)
            if command.verb in ("swap", "calibrate"):
                return self._about_fitting(command, new_id, who, changes, now)
            return self._about_alert(command, new_id, who, changes, now)
        except (NotPossible, WireError) as error:
            return {"ok": False, "error": str(error)}

    def _about_alert(
        self, command: wire.Command, new_id: str, who: str, changes: Changes, now: datetime
    ) -> Mapping[str, Any]:
        alert = self._cases.find(command.alert)
        if alert is None:
            raise NotPossible("没有这条告警 (there is no such alert)")
        if command.verb == "end":
            return self._end(command, alert, new_id, who, changes, now)
        transition = self._deed(command, alert, who, command.note.strip()[:2000], now)
        if transition is not None:
            self._cases.keep(transition, changes)
            alert = transition.alert
        return {"ok": True, "alert": alert.as_json()}

    def _end(
        self, command: wire.Command, alert: Alert, new_id: str, who: str, changes: Changes,
        now: datetime,
    ) -> Mapping[str, Any]:  # fmt: skip
        """What it turned out to be: `note` is {ending, note}; a repair or hazard gets its entry."""
        wish = _wish(command.note)
        note = str(wish.get("note") or "").strip()[:2000]
        try:
            ending = Ending(str(wish.get("ending")))
        except ValueError:
            raise NotPossible(f"`ending` 要写 {', '.join(Ending)} (use one of these)") from None
        transition = lifecycle.conclude(alert, ending, who, note, now)
        self._cases.keep(transition, changes)
        found: dict[str, Any] = {"ok": True, "alert": transition.alert.as_json()}
        if ending in (Ending.TO_REPAIR, Ending.TO_HAZARD) and alert.ending is not ending:
            step = self._orders.from_alert(new_id, alert, ending, note, who, now)
            changes.orders.append(step)
            found["work_order"] = step[0].as_json()
        return found

    def _about_mute(
        self, command: wire.Command, new_id: str, who: str, changes: Changes, now: datetime
    ) -> Mapping[str, Any]:
        wish = _wish(command.note)
        if wish.get("do") == "end":
            mute = self._mutes.end(command.alert, who, now)
        else:
            mute = self._mutes.make(new_id, wish, who, now)
        changes.mutes.append(mute)
        return {"ok": True, "mute": mute.as_json()}

    @staticmethod
    def _deed(
        command: wire.Command, alert: Alert, who: str, note: str, now: datetime
    ) -> Transition | None:
        match command.verb:
            case "acknowledge":
                return lifecycle.acknowledge(alert, who, note, now)
            case "shelve":
                if command.until is None:
                    raise NotPossible("没有写屏蔽到什么时候 (shelving needs an end)")
                return lifecycle.shelve(alert, command.until, who, note, now)
            case "note":
                return lifecycle.annotate(alert, who, note, now)
        raise NotPossible(f"不认识的命令 {command.verb[:40]!r} (unknown command)")

    def _about_order(
        self, command: wire.Command, new_id: str, who: str, changes: Changes, now: datetime
    ) -> Mapping[str, Any]:
        wish = _wish(command.note)
        if wish.get("do") == "report":
            steps = [self._orders.report(new_id, wish, who, now)]
        else:
            patience = self._plan.file.maintenance.patience
            steps = self._orders.change(command.alert, wish, who, patience, now)
        changes.orders += steps
        order, event = steps[-1]
        merged = event.what is OrderDeed.MERGED
        return {"ok": True, "work_order": order.as_json(), "merged": merged}

    def _about_fitting(
        self, command: wire.Command, new_id: str, who: str, changes: Changes, now: datetime
    ) -> Mapping[str, Any]:
        """Another device at a point, or an offset for the one that sits there."""
        wish = _wish(command.note)
        if command.verb == "swap":
            fitting = self._fittings.swap(new_id, wish, who, now)
            changes.fittings.append(fitting)
            return {"ok": True, "fitting": fitting.as_json()}
        calibration = self._fittings.adjust(new_id, wish, who, now)
        changes.calibrations.append(calibration)
        return {"ok": True, "calibration": calibration.as_json()}

    def pressed(
        self, button: Reading, waiting: list[Alert], changes: Changes, now: datetime
    ) -> None:
        """The acknowledge button of a guard post: for what waited there when it was pressed."""
        place = self._site.place_of(button.point)
        guard = self._plan.on_duty(place.id, button.at)
        who = f"{guard.name if guard else '值班门卫'}（{place.name}按钮）"
        for alert in waiting:
            if alert.raised_at <= button.at:
                transition = lifecycle.acknowledge(alert, who, "", now)
                if transition is not None:
                    self._cases.keep(transition, changes)


def _wish(note: str) -> Mapping[str, Any]:
    """What a page or program sent as JSON. Raises NotPossible."""
    try:
        wish = orjson.loads(note)
    except orjson.JSONDecodeError as error:
        raise NotPossible(f"`note` 不是 JSON (not JSON: {error})") from None
    if not isinstance(wish, dict):
        raise NotPossible("`note` 不是 JSON 对象 (not a JSON object)")
    return wish
