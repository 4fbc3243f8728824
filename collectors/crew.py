"""Runs a node's drivers on a few threads: opens, samples, commands, and retries what fails."""

import logging
import math
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from devices.catalog import Point
from devices.driver import ALONE, DRIVERS, Driver, Surroundings, driver_options
from devices.errors import CampusError, DeviceError
from devices.kinds import KINDS
from devices.model import Kind, NodeFault, PointId, Sample, Value, ValueType
from devices.service import Clock

log = logging.getLogger(__name__)

LANES = 3
"""Threads that call drivers, so one slow sensor (a DS18B20 takes 0.75 s) delays few others."""
FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 300.0
HEALTH_S = 30.0
"""A driver that is never sampled (a badge reader) is asked so often how it is."""
STUCK_S = 30.0
"""A driver that has not come back from a call for so long is stuck: its thread is left behind, and
the driver started anew."""
MOST_LEFT_BEHIND = 8
"""Threads that hang in drivers; beyond, a stuck driver is only told."""
PATIENCE_S = 2.0
"""How long a command waits for a driver that is just being called."""

Heard = Callable[[PointId, Sample, bool], None]
"""Called from any thread with a value, and whether the driver spoke up by itself."""


@dataclass(slots=True)
class _Post:
    """One driver and how it is doing; `lock` is held during every call of the driver."""

    point: Point
    period: float
    driver: Driver | None = None
    due: float = 0.0
    queued: bool = False
    opening: bool = False
    called: float | None = None
    thread: threading.Thread | None = None
    failures: int = 0
    hangs: int = 0
    fault: NodeFault | None = None
    doubt: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)


class Crew:
    """The drivers of some points; a failing one becomes a fault and never touches the others."""

    def __init__(
        self,
        points: Sequence[Point],
        clock: Clock,
        heard: Heard,
        around: Callable[[Point], Surroundings] = lambda _point: ALONE,
        opened: Callable[[PointId], None] = lambda _point: None,
    ) -> None:
        """`opened` is told of each driver that was opened."""
        self._opened = opened
        self._clock = clock
        self._around = around
        self._heard = heard
        self._posts = {PointId(p.id): self._post(p) for p in points if p.driver}
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._opening = threading.Lock()
        self._lanes: list[threading.Thread] = []
        self._lane_number = 0
        self._left_behind: set[threading.Thread] = set()

    def _post(self, point: Point) -> _Post:
        period = point.period if point.period is not None else KINDS[point.kind].period
        return _Post(point, period, due=self._clock.monotonic())

    def start(self) -> None:
        for _ in range(LANES):
            self._add_lane()
        self.tick()

    def tick(self) -> float:
        """Hand out what is due; when the next is, as the clock's monotonic seconds."""
        now = self._clock.monotonic()
        self._replace_stuck(now)
        next_due = now + 1.0
        for post in self._posts.values():
            if post.queued:
                continue
            if post.due <= now:
                post.queued = True
                self._jobs.put(partial(self._work, post))
            else:
                next_due = min(next_due, post.due)
        return next_due

    def take_on(self, point: Point) -> None:
        """Run one more point's driver, in place of the one that it had; opened on return."""
        self.let_go(PointId(point.id))
        if point.driver:
            post = self._post(point)
            post.queued = True
            self._posts = {**self._posts, PointId(point.id): post}
            self._work(post)

    def let_go(self, point: PointId) -> None:
        """Run a point's driver no more."""
        post = self._posts.get(point)
        if post is not None:
            self._posts = {id: other for id, other in self._posts.items() if id != point}
            self._jobs.put(partial(self._dismiss, post))

    def _replace_stuck(self, now: float) -> None:
        """Leave hanging threads behind, each with its driver, and begin anew beside them."""
        for id, post in list(self._posts.items()):
            called, thread = post.called, post.thread
            if called is None or thread is None or now - called <= STUCK_S:
                continue
            self._left_behind = {t for t in self._left_behind if t.is_alive()}
            if len(self._left_behind) >= MOST_LEFT_BEHIND or thread in self._left_behind:
                continue
            self._left_behind.add(thread)
            if post.opening:
                self._opening = threading.Lock()
            pause = min(FIRST_PAUSE_S * 2**post.hangs, LONGEST_PAUSE_S)
            text = (
                f"driver {post.point.driver} did not answer for over {STUCK_S:g} s and is started "
                f"anew (time {post.hangs + 1}): check its device and cable"
            )
            log.error("%s: %s", id, text)
            fresh = _Post(post.point, post.period, due=now + pause, hangs=post.hangs + 1)
            fresh.fault = NodeFault(id, "stuck", text)
            self._posts = {**self._posts, id: fresh}
            if thread in self._lanes:
                self._lanes.remove(thread)
                self._add_lane()

    def _add_lane(self) -> None:
        self._lane_number += 1
        lane = threading.Thread(target=self._lane, name=f"drivers-{self._lane_number}", daemon=True)
        self._lanes.append(lane)
        lane.start()

    def command(self, point: PointId, do: str, args: Mapping[str, Any]) -> None:
        """Have a driver carry something out, soon."""
        post = self._posts.get(point)
        if post is None:
            log.warning("%s has no driver here that could %s", point, do)
        else:
            self._jobs.put(partial(self._command, post, do, args))

    def carry_out(self, point: PointId, do: str, args: Mapping[str, Any]) -> None:
        """Have a driver carry something out now, in the caller's thread."""
        post = self._posts.get(point)
        if post is not None:
            self._command(post, do, args)

    def run(self, job: Callable[[], None]) -> None:
        """Something else that must not hold the caller up."""
        self._jobs.put(job)

    def faults(self) -> list[NodeFault]:
        """What is wrong now, by point."""
        now = self._clock.monotonic()
        found = []
        for post in self._posts.values():
            called, fault = post.called, post.fault
            if called is not None and now - called > STUCK_S:
                text = f"driver {post.point.driver} has not answered for over {STUCK_S:g} s"
                fault = NodeFault(post.point.id, "stuck", text)
            elif fault is None and (away := post.driver.away() if post.driver else ""):
                fault = NodeFault(post.point.id, "offline", away)
            elif fault is None and post.doubt:
                fault = NodeFault(post.point.id, "doubtful", post.doubt)
            if fault is not None:
                found.append(fault)
        return found

    def close(self) -> None:
        """Release all hardware; a stuck driver is left behind, and said so."""
        for _ in self._lanes:
            self._jobs.put(None)
        for lane in self._lanes:
            lane.join(5.0)
        self._lanes.clear()
        for post in self._posts.values():
            if post.lock.acquire(timeout=1.0):
                try:
                    self._shut(post)
                finally:
                    post.lock.release()
            else:
                log.error("driver of %s is stuck and was not closed", post.point.id)

    # --- on the lanes ------------------------------------------------------------------------

    def _lane(self) -> None:
        while True:
            job = self._jobs.get()
            if job is None:
                return
            try:
                job()
            except Exception:
                log.exception("a job of the drivers failed")
            if threading.current_thread() in self._left_behind:
                return  # another one took this one's place while it hung

    def _work(self, post: _Post) -> None:
        with post.lock:
            if self._posts.get(PointId(post.point.id)) is not post:
                return  # it was let go while this waited
            post.thread = threading.current_thread()
            post.called = self._clock.monotonic()
            try:
                if post.driver is None:
                    self._open(post)
                else:
                    self._sample(post)
            except CampusError as error:
                self._failed(post, "device", str(error))
            except Exception as error:
                log.exception("driver %s of %s failed", post.point.driver, post.point.id)
                self._failed(post, "driver", f"{type(error).__name__}: {error}")
            finally:
                post.called = None
                post.queued = False
                if self._posts.get(PointId(post.point.id)) is not post:
                    self._shut(post)  # it was replaced while it hung

    def _open(self, post: _Post) -> None:
        point = post.point
        driver = DRIVERS[point.driver](point, driver_options(point))
        driver.surroundings = self._around(point)
        for what, remedy in driver.misfits(point, driver.options, driver.surroundings):
            raise DeviceError(f"{point.id}: {what}: {remedy}")
        post.driver = driver
        # Pin factories share tables, and Python its warning filters: one opens at a time.
        with self._opening:
            post.opening = True
            try:
                driver.start(lambda sample: self._emitted(post, sample))
            finally:
                post.opening = False
        self._opened(PointId(point.id))
        # A number is wanted at once; a level was just emitted, and repeats after a period.
        at_once = KINDS[point.kind].value_type is ValueType.NUMBER and post.period > 0
        post.due = self._clock.monotonic() + (0.0 if at_once else post.period or HEALTH_S)
        if not at_once:
            self._works(post)

    def _emitted(self, post: _Post, sample: Sample) -> None:
        """A driver speaks up by itself; one that was replaced has no say any more."""
        if self._posts.get(PointId(post.point.id)) is post:
            self._heard(PointId(post.point.id), sample, True)

    def _sample(self, post: _Post) -> None:
        assert post.driver is not None
        if post.period > 0:
            for sample in post.driver.sample():
                if self._posts.get(PointId(post.point.id)) is post:
                    self._heard(PointId(post.point.id), sample, False)
        post.doubt = post.driver.health()
        post.due = max(post.due + (post.period or HEALTH_S), self._clock.monotonic())
        post.hangs = 0
        self._works(post)

    def _works(self, post: _Post) -> None:
        if post.fault is not None:
            log.info("%s works again", post.point.id)
        post.failures, post.fault = 0, None

    def _failed(self, post: _Post, reason: str, text: str) -> None:
        pause = min(FIRST_PAUSE_S * 2**post.failures, LONGEST_PAUSE_S)
        post.failures += 1
        post.due = self._clock.monotonic() + pause
        if post.fault is None or post.fault.text != text:
            log.warning("%s: %s (tried again in %g s)", post.point.id, text, pause)
        post.fault, post.doubt = NodeFault(post.point.id, reason, text), ""
        self._shut(post)

    def _dismiss(self, post: _Post) -> None:
        with post.lock:
            self._shut(post)

    def _shut(self, post: _Post) -> None:
        if post.driver is None:
            return
        try:
            post.driver.close()
        except Exception:
            log.exception("driver of %s did not close cleanly", post.point.id)
        post.driver = None

    def _command(self, post: _Post, do: str, args: Mapping[str, Any]) -> None:
        if not post.lock.acquire(timeout=PATIENCE_S):
            log.warning("%s cannot %s: its driver does not answer", post.point.id, do)
            return
        try:
            if post.driver is None:
                log.warning("%s cannot %s: its driver is not open", post.point.id, do)
                return
            post.driver.command(do, args)
        except DeviceError as error:
            log.warning("%s cannot %s: %s", post.point.id, do, error)
        finally:
            post.lock.release()


def fitting(kind: Kind, value: object) -> Value | None:
    """A driver's value as its kind wants it; None where it cannot be one."""
    match kind.value_type:
        case ValueType.NUMBER:
            number = isinstance(value, int | float) and not isinstance(value, bool)
            return float(value) if number and math.isfinite(value) else None  # type: ignore[arg-type]
        case ValueType.BOOLEAN:
            return value if isinstance(value, bool) else None
        case ValueType.TEXT:
            known = not kind.values or value in kind.values
            return value if isinstance(value, str) and known else None
