"""SnmpAgent: asks SNMP agents, versions 2c and 3; the one module that knows pysnmp."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from devices.drivers.networked import reach
from devices.errors import DeviceError

Oid = tuple[int, ...]
Answer = int | bytes | None
"""A number, octets (texts too), or None where the agent has no such object."""

MOST_ROWS = 2000
"""Rows of one column; a stack of switches has some hundred interfaces."""
_ROWS_AT_ONCE = 20

AUTHENTICATIONS = {
    "": "NONE", "md5": "HMAC96_MD5", "sha": "HMAC96_SHA", "sha224": "HMAC128_SHA224",
    "sha256": "HMAC192_SHA256", "sha384": "HMAC256_SHA384", "sha512": "HMAC384_SHA512",
}  # fmt: skip
ENCRYPTIONS = {"": "NONE", "des": "CBC56_DES", "aes": "CFB128_AES", "aes256": "CFB256_AES"}


class NoAnswer(DeviceError):
    """The agent did not answer in time."""


class Refused(DeviceError):
    """The agent answers that it does not know the user, or that a password is wrong."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """For version 2c the community alone; for version 3 `user` is set."""

    community: str = ""
    user: str = ""
    authentication: str = ""
    password: str = ""
    encryption: str = ""
    secret: str = ""


class SnmpAgent:
    """One agent; one question at a time, from any thread. Takes ~20 MB once, 1 MB for each."""

    def __init__(self, host: str, port: int, credentials: Credentials, patience: float) -> None:
        """Raises DeviceError where pysnmp, or what it needs to encrypt, is missing."""
        import asyncio  # with the library, not with every node

        try:
            from pysnmp.hlapi.v3arch import asyncio as snmp
        except ImportError as error:
            raise DeviceError(
                f"SNMP needs pysnmp ({error}): pip install 'campus-monitor[network]'"
            ) from error
        if credentials.encryption:
            _need_cryptography()
        self._snmp: Any = snmp
        self._target = (host, port)
        self._timeout = patience / 2  # each question is asked twice
        self._who = self._identity(credentials)
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        # A thread of its own: whoever asks may be within another event loop.
        self._lane = ThreadPoolExecutor(1, thread_name_prefix="snmp")
        self._engine = snmp.SnmpEngine()
        self._closed = False

    def get(self, oids: Sequence[Oid]) -> dict[Oid, Answer]:
        """What the agent says of each. Raises NoAnswer, Refused or DeviceError."""
        found = self._run(self._ask(self._snmp.get_cmd, oids))
        return dict(zip(oids, (answer for _, answer in found), strict=False))

    def column(self, oid: Oid) -> dict[Oid, Answer]:
        """The rows below `oid` by the rest of their ids. Raises as `get` does."""
        rows: dict[Oid, Answer] = self._run(self._walk(oid))
        return rows

    def close(self) -> None:
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._lane.submit(self._end).result()
            self._lane.shutdown()

    def _end(self) -> None:
        self._engine.close_dispatcher()
        self._loop.run_until_complete(_settle())
        self._loop.close()

    def _run(self, question: Any) -> Any:
        with self._lock:
            return self._lane.submit(self._loop.run_until_complete, question).result()

    async def _walk(self, oid: Oid) -> dict[Oid, Answer]:
        rows: dict[Oid, Answer] = {}
        last = oid
        while len(rows) < MOST_ROWS:
            answers = await self._ask(self._snmp.bulk_cmd, [last], 0, _ROWS_AT_ONCE)
            for id, answer in answers:
                # An agent that gives the same row again would have us ask for ever.
                if id[: len(oid)] != oid or id <= last or answer is None:
                    return rows
                rows[id[len(oid) :]] = answer
                last = id
            if not answers:
                break
        return rows

    async def _ask(self, command: Any, oids: Sequence[Oid], *more: int) -> list[tuple[Oid, Answer]]:
        snmp = self._snmp
        address = reach(*self._target)
        target = snmp.UdpTransportTarget
        if ":" in address[0]:
            target = snmp.Udp6TransportTarget
        try:
            reached = await target.create(address, timeout=self._timeout, retries=1)
            trouble, status, index, found = await command(
                self._engine, self._who, reached, snmp.ContextData(), *more,
                *(snmp.ObjectType(snmp.ObjectIdentity(oid)) for oid in oids), lookupMib=False,
            )  # fmt: skip
        except Exception as error:  # the library raises several kinds, without a common one
            raise DeviceError(f"cannot be asked ({error})") from error
        if trouble:
            raise _explained(trouble)
        if int(status):
            raise DeviceError(f"refuses the question ({status.prettyPrint()}, object {index})")
        return [(tuple(id), self._plain(value)) for id, value in found]

    def _plain(self, value: Any) -> Answer:
        name = type(value).__name__
        if name in ("NoSuchObject", "NoSuchInstance", "EndOfMibView", "Null"):
            return None
        if hasattr(value, "asOctets"):
            return bytes(value.asOctets())
        try:
            return int(value)
        except (TypeError, ValueError):
            return str(value.prettyPrint()).encode()

    def _identity(self, credentials: Credentials) -> Any:
        snmp = self._snmp
        if not credentials.user:
            return snmp.CommunityData(credentials.community, mpModel=1)
        authentication = AUTHENTICATIONS[credentials.authentication]
        encryption = ENCRYPTIONS[credentials.encryption]
        return snmp.UsmUserData(
            credentials.user,
            credentials.password or None,
            credentials.secret or None,
            authProtocol=getattr(snmp, f"USM_AUTH_{authentication}"),
            privProtocol=getattr(snmp, f"USM_PRIV_{encryption}"),
        )


async def _settle() -> None:
    """Let what the library has cancelled or shut come to its end, which it does not wait for."""
    import asyncio

    left = {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}
    if left:
        await asyncio.wait(left, timeout=1.0)
    await asyncio.sleep(0)
    await asyncio.get_running_loop().shutdown_default_executor()  # it resolved the address


def _need_cryptography() -> None:
    try:
        import cryptography  # noqa: F401
    except ImportError as error:
        raise DeviceError(
            f"encrypted SNMP needs cryptography ({error}): pip install 'campus-monitor[network]', "
            "or leave option privacy out"
        ) from error


_WRONG_USER = (
    "UnknownUserName", "UnknownSecurityName", "WrongDigest", "UnsupportedSecurityLevel",
    "AuthenticationFailure", "AuthenticationError", "DecryptionError", "UnknownEngineID",
)  # fmt: skip


def _explained(trouble: Any) -> DeviceError:
    name, text = type(trouble).__name__, str(trouble)
    if name in ("RequestTimedOut", "EmptyResponse"):
        return NoAnswer("does not answer")
    if name in _WRONG_USER:
        return Refused(f"lets nobody in ({text})")
    return DeviceError(f"answers strangely ({text})")
