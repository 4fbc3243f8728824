"""Transport over MQTT 5: the only module that knows paho."""
# Over 300 lines, because no other module may know paho.

import contextlib
import logging
import socket
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar, cast

from paho.mqtt.client import Client, MQTTMessage, MQTTMessageInfo, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from collectors.credentials import authority, broker_authority, broker_login, foreign_login
from collectors.routing import Router
from collectors.transport import Handler, LastWill, Message
from devices.catalog import Bridge, Site, split_address
from devices.errors import TransportError
from devices.service import Health

log = logging.getLogger(__name__)

WINDOW = 500
"""Messages that may be on their way to the broker; beyond, `publish` refuses."""
MAX_PAYLOAD = 15 * 1024 * 1024
"""Bytes; brokers cut the connection at 16 MiB, and paho would send it again for ever."""
SESSION_S = 3600
"""How long the broker keeps what came while we were away."""
KEEPALIVE_S = 15
LONGEST_PAUSE_S = 8

_Function = TypeVar("_Function", bound=Callable[..., None])


def _guarded(callback: _Function) -> Callable[..., None]:
    """A callback whose errors are logged: paho's network thread would end without a word."""

    def call(*args: Any) -> None:
        try:
            callback(*args)
        except Exception:
            log.exception("a callback of the MQTT connection failed")

    return call


def _properties(packet: int) -> Properties:
    return Properties(packet)  # type: ignore[no-untyped-call]


class _Client(Client):
    """A paho client whose network thread survives its own errors (a malformed packet, say)."""

    closing: threading.Event

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._writing = threading.Lock()

    def loop_write(self) -> MQTTErrorCode:
        with self._writing:
            return super().loop_write()

    def hasten(self) -> None:
        """Write what is queued from the caller's thread, which spares the wait until the network
        thread wakes; what goes wrong here is left in the queue for that thread to find."""
        if self._writing.acquire(blocking=False):
            try:
                if self.is_connected():
                    self._packet_write()
            finally:
                self._writing.release()

    def loop_forever(
        self, timeout: float = 1.0, retry_first_connection: bool = False
    ) -> MQTTErrorCode:
        while True:
            try:
                return super().loop_forever(timeout, retry_first_connection)
            except Exception:
                log.exception("the MQTT network thread failed; it connects anew")
            if self.closing.wait(1.0):
                return MQTTErrorCode.MQTT_ERR_CONN_LOST
            with contextlib.suppress(OSError):
                self.reconnect()

    def release(self) -> None:
        """Close what paho leaves to the garbage collector: the pair of sockets that wakes it."""
        self._reset_sockets()


class MqttTransport:
    """A Transport over MQTT 5, with TLS for `mqtts://`.

    The session outlives a short absence (`clean` gives that up). Subscriptions are made anew at
    each connection, so a retained message and, after a loss, any message may come twice.
    """

    name = "connection"

    def __init__(
        self,
        address: str,
        client_id: str,
        *,
        username: str = "",
        password: str = "",
        ca_file: str = "",
        will: LastWill | None = None,
        clean: bool = False,
    ) -> None:
        self._address = address
        self._secure = address.startswith("mqtts://")
        self._username = username
        self._clean = clean
        self._lock = threading.Lock()
        self._router = Router()
        self._connect_callbacks: list[Callable[[], None]] = []
        self._awaited: int | None = None
        self._connected = threading.Event()
        self._ended = threading.Event()
        self._trouble = f"no connection to the broker at {address} yet"
        self._underway: deque[MQTTMessageInfo] = deque()
        self._started = False
        self._client = self._make_client(client_id, password, ca_file, will)

    def _make_client(
        self, client_id: str, password: str, ca_file: str, will: LastWill | None
    ) -> _Client:
        client = _Client(CallbackAPIVersion.VERSION2, client_id, protocol=MQTTv5)
        client.closing = threading.Event()
        client.max_inflight_messages_set(WINDOW)
        client.max_queued_messages_set(WINDOW)
        client.reconnect_delay_set(1, LONGEST_PAUSE_S)
        if self._username:
            client.username_pw_set(self._username, password or None)
        if self._secure:
            client.tls_set(ca_certs=ca_file or None)
        if will is not None:
            client.will_set(will.topic, will.payload, 1, will.retain)
        client.on_connect = _guarded(self._on_connect)
        client.on_connect_fail = _guarded(self._on_connect_fail)
        client.on_disconnect = _guarded(self._on_disconnect)
        client.on_subscribe = _guarded(self._on_subscribe)
        client.on_message = _guarded(self._on_message)
        client.on_socket_open = _guarded(self._on_socket_open)
        return client

    def start(self) -> None:
        if self._started:
            return
        self._started = True
        host, port = split_address(self._address, 8883 if self._secure else 1883)
        session = _properties(PacketTypes.CONNECT)
        session.SessionExpiryInterval = 0 if self._clean else SESSION_S
        self._client.connect_async(
            host, port, KEEPALIVE_S, clean_start=self._clean, properties=session
        )
        self._client.loop_start()

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        retain: bool = False,
        qos: int = 1,
        response_topic: str = "",
        correlation: bytes = b"",
    ) -> None:
        if not self._connected.is_set():
            raise TransportError(self._trouble)
        if len(payload) > MAX_PAYLOAD:
            raise TransportError(f"{len(payload):,} bytes for {topic} are over {MAX_PAYLOAD:,}")
        properties = None
        if response_topic or correlation:
            properties = _properties(PacketTypes.PUBLISH)
            if response_topic:
                properties.ResponseTopic = response_topic
            if correlation:
                properties.CorrelationData = correlation
        with self._lock:
            while self._underway and self._underway[0].is_published():
                self._underway.popleft()
            if len(self._underway) >= WINDOW:
                raise TransportError(f"{WINDOW} messages wait for the broker at {self._address}")
            info = self._client.publish(topic, payload, qos, retain, properties)
            if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
                raise TransportError(f"not sent to {self._address}: {info.rc.name}")
            self._underway.append(info)
        if not self._secure:  # a TLS connection must not be read and written by two threads
            self._client.hasten()

    def subscribe(self, filter: str, handler: Handler, qos: int = 1) -> None:
        with self._lock:
            self._router.add(filter, handler, qos)
            if self._client.is_connected():
                self._client.subscribe(filter, options=SubscribeOptions(qos))

    def on_connect(self, callback: Callable[[], None]) -> None:
        self._connect_callbacks.append(callback)

    def wait_connected(self, timeout: float) -> None:
        if not self._connected.wait(timeout):
            raise TransportError(self._trouble)

    def flush(self, timeout: float) -> None:
        with self._lock:
            last = self._underway[-1] if self._underway else None
        if last is None:
            return
        with contextlib.suppress(RuntimeError, ValueError):
            last.wait_for_publish(timeout)
        if last.rc != MQTTErrorCode.MQTT_ERR_SUCCESS or not last.is_published():
            raise TransportError(
                f"the broker at {self._address} has not taken all within {timeout:g} s"
            )

    @property
    def connected(self) -> bool:
        return self._connected.is_set()

    def health(self) -> Health:
        return Health(True) if self._connected.is_set() else Health(False, self._trouble)

    def close(self) -> None:
        if not self._started:
            return
        self._started = False
        if self._connected.is_set():
            with contextlib.suppress(TransportError):
                self.flush(2.0)
        self._client.closing.set()
        self._ended.clear()
        open_socket = self._client.socket()
        self._client.disconnect()
        # A frozen peer would hold our farewell back until the keepalive runs out.
        if open_socket is not None and not self._ended.wait(2.0):
            with contextlib.suppress(OSError):
                cast(socket.socket, open_socket).shutdown(socket.SHUT_RDWR)
        self._client.loop_stop()
        self._client.release()
        self._connected.clear()
        self._trouble = "closed"

    # --- on paho's network thread ------------------------------------------------------------

    def _on_socket_open(self, _client: Client, _data: Any, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _on_connect(
        self, client: Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any
    ) -> None:
        if reason.is_failure:
            self._trouble = self._refusal(str(reason))
            log.warning("%s", self._trouble)
            return
        with self._lock:
            self._underway.clear()
            wanted = [(f, SubscribeOptions(qos)) for f, qos in self._router.filters().items()]
            self._awaited = client.subscribe(wanted)[1] if wanted else None
        if not wanted:
            self._ready()

    def _refusal(self, reason: str) -> str:
        who = f"user {self._username!r}" if self._username else "a client without a user"
        return (
            f"the broker at {self._address} refuses {who} ({reason}): set CAMPUS_MQTT_USER and "
            "CAMPUS_MQTT_PASSWORD_FILE, or make a new password with: campus enroll NODE"
        )

    def _ready(self) -> None:
        self._trouble = ""
        self._connected.set()
        log.info("connected to the broker at %s", self._address)
        for callback in list(self._connect_callbacks):
            _guarded(callback)()

    def _on_subscribe(
        self, _client: Client, _data: Any, mid: int, reasons: list[ReasonCode], _properties: Any
    ) -> None:
        for reason in reasons:
            if reason.is_failure:
                log.error("the broker at %s refused a subscription: %s", self._address, reason)
        with self._lock:
            first = mid == self._awaited
            if first:
                self._awaited = None
        if first:
            self._ready()

    def _on_connect_fail(self, _client: Client, _data: Any) -> None:
        self._lost(f"the broker at {self._address} cannot be reached: is it running there?")

    def _on_disconnect(
        self, _client: Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any
    ) -> None:
        self._ended.set()
        if self._client.closing.is_set():
            return
        if self._connected.is_set() or not self._trouble:
            self._lost(f"the connection to the broker at {self._address} is lost ({reason})")

    def _lost(self, trouble: str) -> None:
        if self._connected.is_set() or trouble != self._trouble:
            log.warning("%s", trouble)
        self._trouble = trouble
        self._connected.clear()

    def _on_message(self, _client: Client, _data: Any, received: MQTTMessage) -> None:
        properties = received.properties
        message = Message(
            received.topic,
            bytes(received.payload),
            received.retain,
            getattr(properties, "ResponseTopic", ""),
            getattr(properties, "CorrelationData", b""),
        )
        self._router.dispatch(message)


def connect_to(
    site: Site, client_id: str, will: LastWill | None = None, *, clean: bool = False
) -> MqttTransport:
    """The connection of a service of `site`, not started yet; see collectors.credentials.

    `clean` is for passing clients with an id of chance: the broker need not remember them.
    Raises ConfigError where a password or certificate file cannot be read.
    """
    user, password = broker_login()
    return MqttTransport(
        site.services.mqtt,
        client_id,
        username=user,
        password=password,
        ca_file=broker_authority(site),
        will=will,
        clean=clean,
    )


def connect_to_foreign(site: Site, bridge: Bridge) -> MqttTransport:
    """The connection to the broker of foreign devices, not started yet; ours where none is named.

    Raises ConfigError where a password or certificate file cannot be read.
    """
    client_id = f"campus-bridge-{bridge.node}"
    if not bridge.mqtt:
        return connect_to(site, client_id, clean=True)
    user, password = foreign_login()
    ca_file = authority(site, bridge.mqtt_ca_file, "bridge.mqtt_ca_file")
    return MqttTransport(
        bridge.mqtt, client_id, username=user, password=password, ca_file=ca_file, clean=True
    )
