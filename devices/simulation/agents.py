"""SNMP agents that are not there: a UPS, a printer or a switch answers on a port of this machine.

Version 2c with Get, GetNext and GetBulk (RFC 3416), as much of BER as they need.
"""

import contextlib
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from devices.drivers import mibs

Oid = tuple[int, ...]

INTEGER, OCTETS, NULL, OBJECT, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
COUNTER32, GAUGE32, TICKS, COUNTER64 = 0x41, 0x42, 0x43, 0x46
NO_OBJECT, END_OF_VIEW = 0x80, 0x82
GET, GET_NEXT, RESPONSE, GET_BULK = 0xA0, 0xA1, 0xA2, 0xA5
MOST_ROWS = 60


@dataclass(frozen=True, slots=True)
class Typed:
    """A value that is not an INTEGER or an OCTET STRING, which a plain int or bytes stands for."""

    tag: int
    number: int


Value = int | bytes | Typed


@dataclass
class PretendAgent:
    """Answers for the `objects` it has, which may be changed at any moment."""

    port: int
    objects: dict[Oid, Value]
    community: str = "public"
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Listens when this returns. Raises OSError where the port is taken."""
        self._stop.clear()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.bind(("127.0.0.1", self.port))
        except OSError:
            self._socket.close()
            raise
        self.port = self._socket.getsockname()[1]
        self._socket.settimeout(0.1)
        self._thread = threading.Thread(target=self._serve, name=f"snmp-{self.port}")
        self._thread.start()

    def close(self) -> None:
        """No longer answers; harmless when called again."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
            self._socket.close()

    def _serve(self) -> None:
        while not self._stop.is_set():
            try:
                asked, sender = self._socket.recvfrom(65535)
            except TimeoutError:
                continue
            # What is no question for us is not answered, as agents do.
            with contextlib.suppress(ValueError, IndexError, OSError):
                answer = self._answer(asked)
                if answer:
                    self._socket.sendto(answer, sender)

    def _answer(self, asked: bytes) -> bytes:
        version, community, question = _items(_content(asked, SEQUENCE))
        if version != (INTEGER, b"\x01") or community != (OCTETS, self.community.encode()):
            return b""
        tag, body = question
        request, first, second, bindings = _items(body)
        names = [_read_oid(_items(pair)[0][1]) for _, pair in _items(bindings[1])]
        found = self._found(tag, names, _whole(first[1]), _whole(second[1]))
        listed = b"".join(_tlv(SEQUENCE, _oid(name) + value) for name, value in found)
        zero = _tlv(INTEGER, b"\x00")
        reply = _tlv(INTEGER, request[1]) + zero + zero + _tlv(SEQUENCE, listed)
        head = _tlv(INTEGER, b"\x01") + _tlv(OCTETS, self.community.encode())
        return _tlv(SEQUENCE, head + _tlv(RESPONSE, reply))

    def _found(self, tag: int, names: list[Oid], plain: int, more: int) -> list[tuple[Oid, bytes]]:
        objects = dict(self.objects)
        if tag == GET:
            return [(name, _value(objects.get(name))) for name in names]
        if tag == GET_NEXT:
            return [_after(objects, name) for name in names]
        if tag != GET_BULK:
            raise ValueError(f"no answer to {tag:#x}")
        found = [_after(objects, name) for name in names[:plain]]
        for name in names[plain:]:
            for _ in range(min(more, MOST_ROWS)):
                name, value = _after(objects, name)
                found.append((name, value))
                if value == _tlv(END_OF_VIEW, b""):
                    break
        return found


def _after(objects: Mapping[Oid, Value], name: Oid) -> tuple[Oid, bytes]:
    later = [other for other in objects if other > name]
    if not later:
        return name, _tlv(END_OF_VIEW, b"")
    return min(later), _value(objects[min(later)])


def _value(value: Value | None) -> bytes:
    if value is None:
        return _tlv(NO_OBJECT, b"")
    if isinstance(value, bytes):
        return _tlv(OCTETS, value)
    if isinstance(value, Typed):
        return _tlv(value.tag, _number(value.number))
    return _tlv(INTEGER, _number(value))


# --- BER -----------------------------------------------------------------------------------------


def _tlv(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 128:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((tag, 0x80 | len(length))) + length + content


def _take(data: bytes) -> tuple[int, bytes, bytes]:
    """Tag, content and rest of the first item. Raises ValueError or IndexError."""
    tag, size, start = data[0], data[1], 2
    if size & 0x80:
        start += size & 0x7F
        size = int.from_bytes(data[2:start])
    if len(data) < start + size:
        raise ValueError("cut short")
    return tag, data[start : start + size], data[start + size :]


def _content(data: bytes, tag: int) -> bytes:
    found, content, _ = _take(data)
    if found != tag:
        raise ValueError(f"{found:#x} is not {tag:#x}")
    return content


def _items(data: bytes) -> list[tuple[int, bytes]]:
    items = []
    while data:
        tag, content, data = _take(data)
        items.append((tag, content))
    return items


def _whole(content: bytes) -> int:
    return int.from_bytes(content, signed=True)


def _number(value: int) -> bytes:
    return value.to_bytes(value.bit_length() // 8 + 1, signed=True)


def _oid(name: Oid) -> bytes:
    packed = bytearray((name[0] * 40 + name[1],))
    for number in name[2:]:
        groups = [number & 0x7F]
        while number := number >> 7:
            groups.append(number & 0x7F | 0x80)
        packed += bytes(reversed(groups))
    return _tlv(OBJECT, bytes(packed))


def _read_oid(content: bytes) -> Oid:
    name, number = [content[0] // 40, content[0] % 40], 0
    for byte in content[1:]:
        number = number << 7 | byte & 0x7F
        if not byte & 0x80:
            name.append(number)
            number = 0
    return tuple(name)


# --- what they say -------------------------------------------------------------------------------


def ups(charge: int = 100, minutes: int = 42, load: int = 31) -> dict[Oid, Value]:
    """A power supply on mains (RFC 1628)."""
    return {
        mibs.UPTIME: Typed(TICKS, 8_640_000),
        mibs.UPS_BATTERY: mibs.BATTERY_NORMAL,
        mibs.UPS_ON_BATTERY_S: 0,
        mibs.UPS_MINUTES: minutes,
        mibs.UPS_CHARGE: charge,
        mibs.UPS_SOURCE: 3,
        (*mibs.UPS_INPUT_V, 1): 227,
        (*mibs.UPS_LOAD, 1): load,
        mibs.UPS_ALARMS: Typed(GAUGE32, 0),
    }


def printer(black: int = 62, pages: int = 20_481) -> dict[Oid, Value]:
    """An office printer with one cartridge and a drum that does not tell (RFC 3805)."""
    return {
        mibs.UPTIME: Typed(TICKS, 360_000),
        mibs.PRINTER_ERRORS: b"\x00\x00",
        (*mibs.SUPPLY_DESCRIPTION, 1, 1): b"Black Toner Cartridge",
        (*mibs.SUPPLY_DESCRIPTION, 1, 2): b"Drum Unit",
        (*mibs.SUPPLY_UNIT, 1, 1): 7,
        (*mibs.SUPPLY_UNIT, 1, 2): 7,
        (*mibs.SUPPLY_CAPACITY, 1, 1): 3000,
        (*mibs.SUPPLY_CAPACITY, 1, 2): -2,
        (*mibs.SUPPLY_LEVEL, 1, 1): 30 * black,
        (*mibs.SUPPLY_LEVEL, 1, 2): -3,
        mibs.PAGES: Typed(COUNTER32, pages),
    }


def switch(names: tuple[str, ...] = ("uplink", "port-2", "port-3")) -> dict[Oid, Value]:
    """A switch whose interfaces are all up (RFC 2863)."""
    objects: dict[Oid, Value] = {mibs.UPTIME: Typed(TICKS, 720_000)}
    for number, name in enumerate(names, start=1):
        objects |= {
            (*mibs.IF_NAME, number): name.encode(),
            (*mibs.IF_DESCRIPTION, number): f"interface {number}".encode(),
            (*mibs.IF_OPERATION, number): 1,
            (*mibs.IF_ADMINISTRATION, number): 1,
        }
        objects |= {(*column, number): Typed(COUNTER32, 0) for column in mibs.IF_ERRORS}
        objects |= {(*column, number): Typed(COUNTER32, 0) for column in mibs.IF_OCTETS}
    return objects
