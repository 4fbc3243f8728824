"""Networked: what drivers that ask equipment over the network have in common."""

import socket
from pathlib import Path
from typing import Annotated, Any, NoReturn

from devices.catalog import Point
from devices.checking import Limits
from devices.driver import Driver
from devices.errors import DeviceError
from devices.kinds import KINDS
from devices.secret import SecretMissing, reveal

Host = Annotated[str, Limits(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?$", max_length=253)]
"""A name or an address, IPv4 or IPv6."""
Port = Annotated[int, Limits(ge=1, le=65535)]
Patience = Annotated[float, Limits(gt=0, le=20)]
"""Seconds; a node reports a driver as stuck that has not come back for 30."""
Secret = Annotated[str, Limits(pattern=r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)?$")]

HOST_TEXT = "name or address of the equipment"
PATIENCE_TEXT = "seconds that it may take to answer"


REACHED: dict[tuple[str, int], tuple[str, int]] = {}
"""Where an address really leads: a simulated school answers for its equipment on this machine."""


def reach(host: str, port: int) -> tuple[str, int]:
    """The address to connect to for that of the site file."""
    return REACHED.get((host, port), (host, port))


class Networked(Driver):
    """Its point's kind says what is asked for; `kinds` lists what can be."""

    def __init__(self, point: Point, options: Any) -> None:
        super().__init__(point, options)
        self.value_type = KINDS[point.kind].value_type

    def secret(self, where: str) -> str:
        """What `env:NAME` or `file:PATH` holds, "" for neither. Raises DeviceError."""
        if not where:
            return ""
        try:
            return reveal(where, self.surroundings.folder or Path())
        except SecretMissing as error:
            raise DeviceError(f"{self.point.id}: {error}") from None

    def trouble(self, text: str, remedy: str) -> NoReturn:
        """Raises DeviceError that names the point, what is wrong and the remedy."""
        raise DeviceError(f"{self.point.id}: {text}: {remedy}")


def address_of(host: str, port: int) -> str:
    """For people: HOST:PORT, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def why(error: OSError) -> str:
    """The reason that a connection failed, in words for a person."""
    if isinstance(error, socket.gaierror):
        return "that name is not known"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "it refuses the connection"
    return error.strerror or str(error) or type(error).__name__
