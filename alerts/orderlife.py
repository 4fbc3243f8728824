"""The life of a maintenance entry: order, wish of a person and now give the steps; pure.

    reported -> accepted -> assigned -> doing -> done -> verified -> closed
    done, verified and closed may be reopened, by a person or because the fault is still there

No state is left out: `take` is a wish that does several steps, each noted by itself.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from alerts.lifecycle import NotPossible
from alerts.order import (
    OrderDeed,
    OrderEvent,
    OrderState,
    Queue,
    Result,
    Step,
    Urgency,
    Waiting,
    WorkOrder,
)

ENGINE = "监测系统"
"""Who reports what the monitor finds by itself."""
MOST_PHOTOS = 12
MOST_COST = 10_000_000.0

Wish = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long good data have to last, and how long a mended thing may stay without them."""

    good_for: timedelta = timedelta(minutes=10)
    repair: timedelta = timedelta(hours=1)
    alone: timedelta = timedelta(hours=24)
    """An entry that nobody has touched closes by itself after so much good data."""


def step(
    order: WorkOrder, what: OrderDeed, who: str, now: datetime, note: str = "", **changes: Any
) -> Step:
    """The order with its changes, and the event that says so."""
    order = replace(order, changed_at=now, **changes)
    return order, OrderEvent(order.id, now, order.state, who, what, note)


def text_of(wish: Wish, key: str, most: int = 2000) -> str:
    found = wish.get(key, "")
    return found.strip()[:most] if isinstance(found, str) else ""


def number_of(wish: Wish, key: str, most: float) -> float | None:
    """A number that may have been typed; None where there is none. Raises NotPossible."""
    found = wish.get(key)
    if found is None or found == "":
        return None
    try:
        value = float(found)
    except (TypeError, ValueError):
        value = math.nan
    if isinstance(found, bool) or not 0 <= value <= most:
        raise NotPossible(f"{key} 要写 0 到 {most:g} 的数 (use a number from 0 to {most:g})")
    return value


def carry_out(order: WorkOrder, wish: Wish, who: str, now: datetime) -> list[Step]:
    """What a person asks for. Raises NotPossible where it does not fit."""
    do = text_of(wish, "do")
    if do == "take":
        return _take(order, wish, who, now)
    deed = _DEEDS.get("start" if do == "doing" else do)
    if deed is None:
        known = ", ".join(("take", *_DEEDS))
        raise NotPossible(f"不认识的操作 {do[:40]!r} (use one of {known})")
    return [deed(order, wish, who, now)]


def settle(order: WorkOrder, patience: Patience, now: datetime) -> Step | None:
    """What time alone does: closes what lasts, reopens what does not."""
    state, good_since = order.state, order.recovered_at
    if not order.automatic:
        closes = state is OrderState.VERIFIED
        return step(order, OrderDeed.CLOSE, ENGINE, now, **_closed(now)) if closes else None
    if good_since is None:
        late = order.done_at is not None and now - order.done_at >= patience.repair
        if late and state in (OrderState.DONE, OrderState.VERIFIED):
            return reopen(order, ENGINE, now, "一直没有恢复正常数据 (no good data since)")
        return None
    good_for = now - good_since
    if state is OrderState.VERIFIED and good_for >= patience.good_for:
        return step(order, OrderDeed.CLOSE, ENGINE, now, **_closed(now))
    if state is OrderState.REPORTED and good_for >= patience.alone:
        result = order.result or Result.RECOVERED
        return step(order, OrderDeed.CLOSE, ENGINE, now, **_closed(now), result=result)
    return None


def reopen(order: WorkOrder, who: str, now: datetime, note: str, **changes: Any) -> Step:
    """Back to the beginning; what was done before stays in the events."""
    fresh: dict[str, Any] = {
        "state": OrderState.REPORTED, "accepted_by": "", "accepted_at": None, "started_at": None,
        "waiting": None, "done_by": "", "done_at": None, "verified_by": "", "verified_at": None,
        "closed_at": None, "result": None,
    }  # fmt: skip
    return step(order, OrderDeed.REOPEN, who, now, note, **{**fresh, **changes})


def _closed(now: datetime) -> dict[str, Any]:
    return {"state": OrderState.CLOSED, "closed_at": now}


def _needs(order: WorkOrder, *states: OrderState) -> None:
    if order.state not in states:
        wanted = " / ".join(states)
        raise NotPossible(f"别人已经处理过，请刷新页面 (the entry is {order.state}, not {wanted})")


def _take(order: WorkOrder, wish: Wish, who: str, now: datetime) -> list[Step]:
    _needs(order, OrderState.REPORTED, OrderState.ACCEPTED, OrderState.ASSIGNED)
    steps: list[Step] = []
    for state, deed in (
        (OrderState.REPORTED, _accept), (OrderState.ACCEPTED, _assign),
        (OrderState.ASSIGNED, _start),
    ):  # fmt: skip
        if order.state is state:
            steps.append(deed(order, {} if deed is _assign else wish, who, now))
            order = steps[-1][0]
    return steps


def _accept(order: WorkOrder, wish: Wish, who: str, now: datetime) -> Step:
    _needs(order, OrderState.REPORTED)
    changes = {"state": OrderState.ACCEPTED, "accepted_by": who, "accepted_at": now}
    return step(order, OrderDeed.ACCEPT, who, now, text_of(wish, "note"), **changes)


def _assign(order: WorkOrder, wish: Wish, who: str, now: datetime) -> Step:
    _needs(order, OrderState.ACCEPTED, OrderState.ASSIGNED, OrderState.DOING)
    to, contractor = text_of(wish, "to", 200) or who, text_of(wish, "contractor", 200)
    state = OrderState.ASSIGNED if order.state is OrderState.ACCEPTED else order.state
    note = f"{to}（{contractor}）" if contractor else to
    return step(
        order, OrderDeed.ASSIGN, who, now, note, state=state, assigned_to=to,
        contractor=contractor or order.contractor,
    )  # fmt: skip


def _start(order: WorkOrder, wish: Wish, who: str, now: datetime) -> Step:
    _needs(order, OrderState.ASSIGNED)
    return step(
        order, OrderDeed.START, who, now, text_of(wish, "note"), state=OrderState.DOING,
        started_at=now,
    )  # fmt: skip


def _wait(order: WorkOrder, wish: Wish, who: str, now: datetime) -> Step:
    _needs(order, OrderState.DOING)
    waiting = _one_of(Waiting, wish, "for")
    contractor = text_of(wish, "contractor", 200)
    if waiting is Waiting.EXTERNAL and not (contractor or order.contractor):
        raise NotPossible("外修要写单位 (say which firm mends it)")
    note = "：".join(text for text in (waiting.value, contractor, text_of(wish, "note")) if text)
    return step(
        order, OrderDeed.WAIT, who, now, note, waiting=waiting,
        contractor=contractor or order.contractor,
    )  # fmt: skip


def _resume(order: WorkOrder, wish: Wish, who: str, now: datetime) -> Step:
    _needs(order, OrderState.DOING)
    if order.waiting is None:
        raise NotPossible("这张单没有在等待 (the entry does not wait for anything)")
    return step(order, OrderDeed.RESUME, who, now, text_of(wish, "note"), waiting=None)


def _done(order: WorkOrder, wish: Wish, who: str, now: datetime) -> Step:
    _needs(order, OrderState.DOING)
    action = text_of(wish, "action")
    if not action:
        raise NotPossible("没有写做了什么 (say what was done)")
    result = _one_of(Result, wish, "result") if wish.get("result") else Result.FIXED
    if result in (Result.RECOVERED, Result.MERGED):
        raise NotPossible("结果写修复、无故障或报废 (use fixed, no-fault or scrapped)")
    cost = number_of(wish, "cost", MOST_COST)
    changes: dict[str, Any] = {
        "state": OrderState.DONE, "action": action, "result": result, "done_by": who,
        "done_at": now, "waiting": None, "cause": text_of(wish, "cause") or order.cause,
        "cost": order.cost if cost is None else cost,
        "contractor": text_of(wish, "contractor", 200) or order.contractor,
    }  # fmt: skip
    if not order.automatic:
        changes["down_to"] = now
    return step(order, OrderDeed.DONE, who, now, action, **changes)


def _verify(order: WorkOrder, wish: Wish, who: str, now: datetime) -> Step:
    _needs(order, OrderState.DONE)
    changes = {"state": OrderState.VERIFIED, "verified_by": who, "verified_at": now}
    note = text_of(wish, "note") or text_of(wish, "action")
    return step(order, OrderDeed.VERIFY, who, now, note, **changes, **_rating(wish))


def _reopen(order: WorkOrder, wish: Wish, who: str, now: datetime) -> Step:
    _needs(order, OrderState.DONE, OrderState.VERIFIED, OrderState.CLOSED)
    note = text_of(wish, "note")
    if not note:
        raise NotPossible("没有写为什么重开 (say why it is reopened)")
    down = {} if order.automatic else {"down_to": None}
    return reopen(order, who, now, note, **down)


def _note(order: WorkOrder, wish: Wish, who: str, now: datetime) -> Step:
    note = text_of(wish, "note")
    if not note:
        raise NotPossible("备注是空的 (the note is empty)")
    return step(order, OrderDeed.NOTE, who, now, note)


def _photo(order: WorkOrder, wish: Wish, who: str, now: datetime) -> Step:
    photo = text_of(wish, "photo", 64)
    if len(photo) != 64 or not set(photo) <= set("0123456789abcdef"):
        raise NotPossible("照片编号不对 (a photo is named by its SHA-256)")
    if len(order.photos) >= MOST_PHOTOS and photo not in order.photos:
        raise NotPossible(f"一张单最多 {MOST_PHOTOS} 张照片 (at most {MOST_PHOTOS} photos)")
    photos = (*(each for each in order.photos if each != photo), photo)
    return step(order, OrderDeed.PHOTO, who, now, text_of(wish, "note"), photos=photos)


def _rate(order: WorkOrder, wish: Wish, who: str, now: datetime) -> Step:
    _needs(order, OrderState.DONE, OrderState.VERIFIED, OrderState.CLOSED)
    rating = _rating(wish)
    if not rating:
        raise NotPossible("评分写 1 到 5 (rate it from 1 to 5)")
    return step(order, OrderDeed.RATE, who, now, f"{rating['rating']}/5", **rating)


def _edit(order: WorkOrder, wish: Wish, who: str, now: datetime) -> Step:
    changes: dict[str, Any] = {
        key: text_of(wish, key, most)
        for key, most in (("title", 200), ("description", 2000), ("department", 100),
                          ("phone", 40), ("cause", 2000), ("contractor", 200), ("asset", 64))
        if isinstance(wish.get(key), str)
    }  # fmt: skip
    if "title" in changes and not changes["title"]:
        raise NotPossible("没有写什么坏了 (say what is broken)")
    if "title" in changes and changes["title"] != order.title:
        changes["title_en"] = changes["title"]
    for key, kind in (("queue", Queue), ("urgency", Urgency)):
        if wish.get(key):
            changes[key] = _one_of(kind, wish, key)
    for key, most in (("cost", MOST_COST), ("down_s", 366 * 86400.0)):
        if key in wish:
            changes[key] = number_of(wish, key, most)
    changes = {key: value for key, value in changes.items() if getattr(order, key) != value}
    if not changes:
        raise NotPossible("没有改动 (nothing is different)")
    note = "；".join(f"{key}: {getattr(order, key)} → {value}" for key, value in changes.items())
    return step(order, OrderDeed.EDIT, who, now, note[:2000], **changes)


def _rating(wish: Wish) -> dict[str, Any]:
    rating = number_of(wish, "rating", 100)
    if rating is None:
        return {}
    if rating not in (1, 2, 3, 4, 5):
        raise NotPossible("评分写 1 到 5 (rate it from 1 to 5)")
    return {"rating": int(rating), "rating_note": text_of(wish, "rating_note", 500)}


def _one_of(kind: Any, wish: Wish, key: str) -> Any:
    try:
        return kind(text_of(wish, key, 40))
    except ValueError:
        raise NotPossible(f"`{key}` 要写 {', '.join(kind)} (use one of these)") from None


_DEEDS: dict[str, Callable[[WorkOrder, Wish, str, datetime], Step]] = {
    "accept": _accept, "assign": _assign, "start": _start, "wait": _wait, "resume": _resume,
    "done": _done, "verify": _verify, "reopen": _reopen, "note": _note, "photo": _photo,
    "rate": _rate, "edit": _edit,
}  # fmt: skip
DEEDS = ("take", *_DEEDS)
"""What may be asked of an entry."""
