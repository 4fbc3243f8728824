"""Hub: follows the broker, keeps the picture of what is so now, and streams it to open pages."""

import logging
import queue
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from alerts.corrected import Corrections
from alerts.model import Alert, AlertState
from collectors.quality import Grader
from collectors.store import Store
from collectors.transport import Message, Transport
from dashboard.picture import Event, Picture
from dashboard.streams import Broadcast, Stream
from devices import wire
from devices.catalog import Site
from devices.errors import CampusError, WireError
from devices.model import to_ms
from devices.service import Clock, Health

log = logging.getLogger(__name__)

HEARTBEAT_S = 4.0
"""So that a page knows within 10 s that it is cut off, even if one heartbeat is late."""
FLUSH_S = 0.05
"""Readings are gathered for so long at most, so that a storm costs 20 writes a second a page."""
RESYNC_S = 3.0
"""After a reconnection: alerts that the broker did not repeat by then are checked in the book."""
PRIME_RETRY_S = 15.0


class OpenAlerts(Protocol):
    """The part of the book that tells which alerts are open."""

    def alerts(self, states: Iterable[AlertState] | None = None, /) -> Iterable[Alert]: ...


class Hub:
    """One worker thread changes the picture and feeds the streams; a second one asks databases,
    because a store that does not answer must never hold up the heartbeat."""

    name = "live"

    def __init__(
        self, site: Site, transport: Transport, clock: Clock, *, max_streams: int = 240,
        corrections: Corrections | None = None,
    ) -> None:  # fmt: skip
        self.now = Picture(site)
        self._site, self._transport, self._clock = site, transport, clock
        self._grader = Grader(site.kinds)
        self._corrections = corrections
        self._inbox: queue.Queue[Callable[[], Event | None]] = queue.Queue()
        self._pending: list[Event] = []
        self._store: Store | None = None
        self._book: OpenAlerts | None = None
        self._prime_at = 0.0
        self._unconfirmed: set[str] = set()
        self._resync_at: float | None = None
        self._stop = threading.Event()
        self._broadcast = Broadcast(clock, max_streams)
        self._worker = threading.Thread(target=self._run, name="live", daemon=True)
        self._asker = threading.Thread(target=self._ask, name="live-records", daemon=True)

    # --- life ----------------------------------------------------------------------------

    def start(self) -> None:
        for filter, take in (
            (wire.UP_FILTER, self._take_batch),
            (wire.STATUS_FILTER, self._take_status),
            (wire.ALERT_FILTER, self._take_alert),
            (wire.SERVICE_FILTER, self._take_service),
        ):
            self._transport.subscribe(filter, self._later(take))
        self._transport.on_connect(lambda: self._inbox.put(self._connected))
        self._worker.start()
        self._asker.start()

    def _later(self, take: Callable[[Message], Event | None]) -> Callable[[Message], None]:
        return lambda message: self._inbox.put(lambda: take(message))

    def prime(self, store: Store, book: OpenAlerts | None = None) -> None:
        """Take the newest stored readings and open alerts; tried again later where it fails."""
        self._book = book
        self._store = store
        self._try_prime()

    def health(self) -> Health:
        if not (self._worker.is_alive() and self._asker.is_alive()):
            return Health(False, "a thread of the live view has ended")
        if not self.connected:
            return Health(False, "no connection to the broker")
        return Health(True)

    def close(self) -> None:
        self._stop.set()
        self._inbox.put(lambda: None)
        self._broadcast.close()
        for thread in (self._worker, self._asker):
            if thread.is_alive():
                thread.join(15)

    # --- for any thread ------------------------------------------------------------------

    @property
    def max_streams(self) -> int:
        return self._broadcast.limit

    @property
    def connected(self) -> bool:
        return self._transport.connected

    def alive(self, service: str) -> bool:
        """Whether engine or ingest is known to work now, which needs the broker too."""
        return self.connected and self.now.service_alive(service, self._clock.now())

    def heartbeat(self) -> dict[str, Any]:
        return {
            "at": to_ms(self._clock.now()),
            "broker": self.connected,
            "engine": self.alive("engine"),
            "ingest": self.alive("ingest"),
        }

    def counters(self) -> dict[str, float]:
        return {
            "streams_open": self._broadcast.open_streams,
            "streams_dropped": self._broadcast.dropped,
        }

    @property
    def position(self) -> str:
        """Where the stream is: read it before the picture, and a page joins without a gap."""
        return self._broadcast.position

    def stream(self, last_id: str) -> Stream:
        """Raises StreamsFull."""
        return self._broadcast.join(last_id, self.heartbeat())

    def end_streams(self) -> None:
        """End every open stream, because the web server is about to stop."""
        self._broadcast.end_streams()

    def learn_alert(self, alert: Mapping[str, Any]) -> None:
        """Take an alert from the engine's own answer, ahead of its message."""
        event = self.now.set_alert(alert)
        self._inbox.put(lambda: event)

    # --- the worker ----------------------------------------------------------------------

    def _run(self) -> None:
        beat_at = flush_at = self._clock.monotonic()
        while not self._stop.is_set():
            gathered = flush_at - self._clock.monotonic()
            self._drain(min(FLUSH_S, max(0.0, gathered)) if self._pending else 0.5)
            now = self._clock.monotonic()
            urgent = any(name != "reading" for name, _ in self._pending)
            if self._pending and (now >= flush_at or urgent):
                events, self._pending = self._pending, []
                self._broadcast.send(events)
                flush_at = now + FLUSH_S
            if now >= beat_at:
                self._broadcast.beat(self.heartbeat())
                beat_at = now + HEARTBEAT_S

    def _drain(self, wait: float) -> None:
        try:
            job = self._inbox.get(timeout=wait)
            for _ in range(1000):
                self._do(job)
                job = self._inbox.get_nowait()
            self._do(job)
        except queue.Empty:
            return

    def _do(self, job: Callable[[], Event | None]) -> None:
        try:
            event = job()
        except WireError as error:
            log.warning("a message is passed over: %s", error)
        except Exception:
            log.exception("a message could not be shown")
        else:
            if event is not None:
                self._pending.append(event)

    def _take_batch(self, message: Message) -> None:
        now = self._clock.now()
        self._site.look()
        for reading in wire.decode_batch(message.topic, message.payload, self._site.kinds).readings:
            quality = self._grader.grade(reading, now)
            graded = reading if quality is reading.quality else replace(reading, quality=quality)
            if self._corrections is not None:
                graded = self._corrections.fittings.corrected(graded)
            event = self.now.keep(graded, now)
            if event is not None:
                self._pending.append(event)

    def _take_status(self, message: Message) -> Event | None:
        return self.now.set_status(wire.node_of(message.topic), message.payload)

    def _take_alert(self, message: Message) -> Event | None:
        id = wire.last_part(message.topic)
        self._unconfirmed.discard(id)
        if not message.payload:
            return self.now.end_alert(id)
        alert = wire.decode_object(message.payload)
        if alert.get("id") != id:
            raise WireError(f"the alert on {message.topic} names another id")
        return self.now.set_alert(alert)

    def _take_service(self, message: Message) -> None:
        name = wire.last_part(message.topic.removesuffix("/status"))
        if message.payload:
            self.now.set_service(name, message.payload)

    def _connected(self) -> None:
        self._unconfirmed = {str(alert["id"]) for alert in self.now.alerts()}
        self._resync_at = self._clock.monotonic() + RESYNC_S

    # --- the databases -------------------------------------------------------------------

    def _ask(self) -> None:
        while not self._stop.wait(0.5):
            now = self._clock.monotonic()
            if self._corrections is not None:
                self._corrections.look()
            if self._resync_at is not None and now >= self._resync_at:
                self._resync_at = None
                self._drop_ended()
            if self._store is not None and now >= self._prime_at:
                self._try_prime()

    def _try_prime(self) -> None:
        store = self._store
        if store is None:
            return
        self._prime_at = self._clock.monotonic() + PRIME_RETRY_S
        try:
            readings = store.latest(self._site.points).values()
            alerts = self._open_alerts()
        except CampusError as error:
            log.warning("the stored state cannot be read yet: %s", error)
            return
        now = self._clock.now()
        events = [self.now.keep(reading, now) for reading in readings]
        events += [self.now.set_alert(alert.as_json()) for alert in alerts]
        for event in events:
            self._inbox.put(lambda event=event: event)  # type: ignore[misc]
        self._store = None

    def _open_alerts(self) -> list[Alert]:
        if self._book is None:
            return []
        return list(self._book.alerts([state for state in AlertState if state.open]))

    def _drop_ended(self) -> None:
        """Alerts that ended while we were away: the book decides, not the broker's silence."""
        gone, self._unconfirmed = self._unconfirmed, set()
        if not gone or self._book is None:
            return
        try:
            still_open = {alert.id for alert in self._open_alerts()}
        except CampusError as error:
            log.warning("the book cannot be read, ended alerts stay shown: %s", error)
            return
        for id in gone - still_open:
            event = self.now.end_alert(id)
            self._inbox.put(lambda event=event: event)  # type: ignore[misc]
