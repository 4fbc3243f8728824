"""Ping: whether equipment answers on the network, by ICMP echo or by a TCP connection."""

import errno
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any

from devices.catalog import Point
from devices.checking import Limits
from devices.driver import DRIVERS, Emit
from devices.drivers.networked import (
    HOST_TEXT,
    PATIENCE_TEXT,
    Host,
    Networked,
    Patience,
    address_of,
    reach,
)
from devices.errors import DeviceError
from devices.model import Sample


@dataclass(frozen=True, slots=True)
class PingOptions:
    host: Host = field(metadata={"text": HOST_TEXT})
    tcp_port: Annotated[int, Limits(ge=0, le=65535)] = field(
        default=0,
        metadata={"text": "ask by a TCP connection to this port, which needs no rights; a refusal "
                  "is an answer too; 0: by ICMP echo"},
    )  # fmt: skip
    timeout_s: Patience = field(default=2.0, metadata={"text": PATIENCE_TEXT})
    lost: Annotated[int, Limits(ge=1, le=20)] = field(
        default=3, metadata={"text": "so many unanswered in a row are down"}
    )


@DRIVERS.register("ping")
class Ping(Networked):
    """`up` with the first answer, `down` after several lost in a row; or the round trip in ms.

    A machine that refuses a TCP connection is up all the same. While only a few are lost the last
    word stands; at start it is down at once, because nothing is known.
    """

    Options = PingOptions
    kinds = ("link", "round-trip")

    def __init__(self, point: Point, options: Any) -> None:
        super().__init__(point, options)
        self._lost = 0
        self._word = "down"
        self._open = False

    def start(self, emit: Emit) -> None:
        self._lost, self._word = 0, "down"
        self._open = True
        if self.point.kind == "link":
            for sample in self.sample():
                emit(sample)
        else:
            self._ask()

    def sample(self) -> Iterable[Sample]:
        if not self._open:
            raise DeviceError(f"{self.point.id} is not open")
        took = self._ask()
        if self.point.kind == "round-trip":
            return [] if took is None else [Sample(round(took, 3))]
        self._lost = 0 if took is not None else self._lost + 1
        if took is not None:
            self._word = "up"
        elif self._lost >= self.options.lost:
            self._word = "down"
        return [Sample(self._word, detail={} if took is None else {"ms": round(took, 3)})]

    def close(self) -> None:
        self._open = False

    def _ask(self) -> float | None:
        """Milliseconds to the answer, None without one. Raises DeviceError where none can come."""
        options: PingOptions = self.options
        host, port = reach(options.host, options.tcp_port)
        try:
            found = socket.getaddrinfo(host, port or None)
        except (socket.gaierror, UnicodeError):
            self.trouble(f"the name {options.host} is not known",
                         "mend option host, or give its address")  # fmt: skip
        address = str(found[0][4][0])
        if options.tcp_port:
            return self._connect(address, port)
        return self._echo(address)

    def _connect(self, address: str, port: int) -> float | None:
        began = time.monotonic()
        target = (address, port)
        try:
            socket.create_connection(target, self.options.timeout_s).close()
        except ConnectionRefusedError:
            pass  # somebody had to refuse it
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EPERM):
                self.trouble(f"a firewall here forbids to reach {address_of(*target)}",
                             "let the node's user through, or ask another port")  # fmt: skip
            return None
        return (time.monotonic() - began) * 1000

    def _echo(self, address: str) -> float | None:
        try:
            from icmplib import ICMPLibError, SocketPermissionError, ping
        except ImportError as error:
            raise DeviceError(
                f"{self.point.id}: asking by ICMP needs icmplib ({error}): "
                "pip install 'campus-monitor[network]', or set option tcp_port"
            ) from error
        try:
            answer = ping(address, count=1, timeout=self.options.timeout_s, privileged=False)
        except SocketPermissionError as error:
            raise DeviceError(
                f"{self.point.id}: this user may not send ICMP echoes to {address}: allow it with "
                "`sysctl -w net.ipv4.ping_group_range='0 2147483647'` (and a file in "
                "/etc/sysctl.d), or set option tcp_port to a port that the equipment serves"
            ) from error
        except (ICMPLibError, OSError):
            return None  # no route, no neighbour: it is down for us
        return float(answer.avg_rtt) if answer.is_alive else None
