"""SNMP: switches, printers and power supplies: links, errors, supplies, pages, battery, load."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from devices.catalog import Point
from devices.driver import DRIVERS, Emit
from devices.drivers import mibs
from devices.drivers.networked import (
    HOST_TEXT,
    PATIENCE_TEXT,
    Host,
    Networked,
    Patience,
    Port,
    Secret,
    address_of,
)
from devices.drivers.sharing import Pool
from devices.drivers.snmpagent import Credentials, NoAnswer, Oid, Refused, SnmpAgent
from devices.errors import DeviceError
from devices.model import Sample

_AGENTS: Pool[SnmpAgent] = Pool()


@dataclass(frozen=True, slots=True)
class SnmpOptions:
    host: Host = field(metadata={"text": HOST_TEXT})
    port: Port = field(default=161, metadata={"text": "its port (UDP)"})
    community: Secret = field(
        default="",
        metadata={"text": "version 2c: where the community is, env:NAME or file:PATH; empty: "
                  "public"},
    )  # fmt: skip
    user: str = field(default="", metadata={"text": "version 3: its user; empty: version 2c"})
    authentication: Literal["", "md5", "sha", "sha224", "sha256", "sha384", "sha512"] = field(
        default="",
        metadata={"text": "version 3: md5, sha, sha224, sha256, sha384 or sha512; empty: none"},
    )
    password: Secret = field(
        default="", metadata={"text": "version 3: where its password is, env:NAME or file:PATH"}
    )
    privacy: Literal["", "des", "aes", "aes256"] = field(
        default="", metadata={"text": "version 3: des, aes or aes256; empty: not encrypted"}
    )
    privacy_password: Secret = field(
        default="", metadata={"text": "version 3: where the password for that is"}
    )
    interface: str = field(
        default="",
        metadata={"text": "of a switch, the name, description or number of the interface"},
    )
    supply: str = field(
        default="",
        metadata={"text": "of a printer, part of the supply's name, such as black; empty: the "
                  "emptiest"},
    )  # fmt: skip
    timeout_s: Patience = field(default=4.0, metadata={"text": PATIENCE_TEXT})


@DRIVERS.register("snmp")
class Snmp(Networked):
    """Asks what its point's kind is about; points of one device share an agent."""

    Options = SnmpOptions
    kinds = (
        "link", "interface-errors", "traffic", "uptime", "supply-level", "page-count",
        "self-check", "ups", "battery-charge", "ups-load", "ups-runtime", "voltage",
    )  # fmt: skip

    def __init__(self, point: Point, options: Any) -> None:
        super().__init__(point, options)
        self._agent: SnmpAgent | None = None
        self._key: tuple[Any, ...] = ()
        self._row: Oid = ()
        self._count: mibs.Count | None = None

    def start(self, emit: Emit) -> None:
        options: SnmpOptions = self.options
        credentials = Credentials(
            self.secret(options.community) or "public",
            options.user,
            options.authentication,
            self.secret(options.password),
            options.privacy,
            self.secret(options.privacy_password),
        )
        self._key = (options.host, options.port, credentials, options.timeout_s)
        self._count, self._row = None, ()
        try:
            self._agent = _AGENTS.take(self._key, lambda: SnmpAgent(*self._key))
        except DeviceError as error:
            raise DeviceError(f"{self.point.id}: {error}") from error
        for sample in self.sample():
            emit(sample)

    def sample(self) -> Iterable[Sample]:
        if self._agent is None:
            raise DeviceError(f"{self.point.id} is not open")
        asked: dict[str, Callable[[SnmpAgent], list[Sample]]] = {
            "link": self._link,
            "interface-errors": self._errors,
            "traffic": self._traffic,
            "uptime": lambda agent: [Sample(round(self._uptime(agent) / 3600, 2))],
            "supply-level": self._supply,
            "page-count": lambda agent: [self._whole(agent, mibs.PAGES, "a count of pages")],
            "self-check": self._self_check,
            "ups": self._ups,
            "battery-charge": lambda agent: [self._whole(agent, mibs.UPS_CHARGE, "a charge")],
            "ups-load": lambda agent: [self._most(agent, mibs.UPS_LOAD, "a load")],
            "ups-runtime": lambda agent: [self._whole(agent, mibs.UPS_MINUTES, "minutes left")],
            "voltage": lambda agent: [self._most(agent, mibs.UPS_INPUT_V, "an input voltage")],
        }
        try:
            return asked[self.point.kind](self._agent)
        except NoAnswer:
            self._row = ()
            secret = "user and passwords" if self.options.user else "community"
            self.trouble(
                f"{self._where} does not answer",
                f"check its address and cable, that SNMP is on and this node allowed, and the "
                f"{secret}: a wrong one is not answered",
            )
        except Refused as error:
            self.trouble(f"{self._where} {error}", "check user, authentication, privacy, passwords")
        except DeviceError as error:
            if str(error).startswith(self.point.id):
                raise
            self.trouble(f"{self._where} {error}", "check its address, port and SNMP settings")

    def close(self) -> None:
        agent, self._agent = self._agent, None
        if agent is not None:
            _AGENTS.give_back(self._key)

    @property
    def _where(self) -> str:
        return f"the SNMP agent at {address_of(self.options.host, self.options.port)}"

    def _missing(self, what: str) -> DeviceError:
        return DeviceError(
            f"{self.point.id}: {self._where} does not tell {what}: it is not a device for kind "
            f"{self.point.kind}; remove the point, or mend option host"
        )

    # --- numbers -----------------------------------------------------------------------------

    def _whole(self, agent: SnmpAgent, oid: Oid, what: str) -> Sample:
        found = agent.get([oid])[oid]
        if not isinstance(found, int) or found < 0:
            raise self._missing(what)
        return Sample(float(found))

    def _most(self, agent: SnmpAgent, column: Oid, what: str) -> Sample:
        """The largest of a power supply's lines."""
        found = [value for value in agent.column(column).values() if isinstance(value, int)]
        if not found:
            raise self._missing(what)
        return Sample(float(max(found)))

    def _uptime(self, agent: SnmpAgent) -> float:
        """Seconds since it started; the engine's own count does not wrap after 497 days."""
        found = agent.get([mibs.UPTIME, mibs.ENGINE_TIME])
        ticks, engine = found[mibs.UPTIME], found[mibs.ENGINE_TIME]
        if not isinstance(ticks, int):
            raise self._missing("its uptime")
        return max(ticks / 100, float(engine) if isinstance(engine, int) else 0.0)

    # --- switches ----------------------------------------------------------------------------

    def _interface(self, agent: SnmpAgent) -> Oid:
        """The row of the interface; found by name again after each silence."""
        wanted = self.options.interface.strip()
        if not wanted:
            self.trouble("no interface is named", "set option interface, such as GigabitEthernet1")
        if self._row:
            return self._row
        seen: list[str] = []
        for column in (mibs.IF_NAME, mibs.IF_DESCRIPTION, mibs.IF_ALIAS):
            for row, name in agent.column(column).items():
                text = mibs.text(name)
                seen.append(text)
                if text == wanted:
                    self._row = row
                    return row
        if wanted.isdecimal():
            return (int(wanted),)
        known = ", ".join(sorted({name for name in seen if name})[:12])
        self.trouble(f"{self._where} has no interface {wanted!r}", f"it has {known or 'none'}")

    def _link(self, agent: SnmpAgent) -> list[Sample]:
        row = self._interface(agent)
        operation, administration = (*mibs.IF_OPERATION, *row), (*mibs.IF_ADMINISTRATION, *row)
        found = agent.get([operation, administration])
        if not isinstance(found[operation], int):
            self._row = ()
            raise self._missing(f"the state of interface {self.options.interface}")
        switched_off = found[administration] == 2
        detail: dict[str, str | float | bool] = {"switched_off": True} if switched_off else {}
        return [Sample("up" if found[operation] == 1 else "down", detail=detail)]

    def _counters(self, agent: SnmpAgent, columns: Iterable[Oid], bits: int) -> mibs.Count | None:
        row = self._interface(agent)
        oids = [(*column, *row) for column in columns]
        found = agent.get([mibs.UPTIME, *oids])
        ticks = found[mibs.UPTIME]
        values = [value for value in (found[oid] for oid in oids) if isinstance(value, int)]
        if len(values) < len(oids) or not isinstance(ticks, int):
            return None
        return mibs.Count(ticks / 100, tuple(values), bits)

    def _since(self, now: mibs.Count | None, what: str) -> tuple[int, float] | None:
        if now is None:
            self._row = ()
            raise self._missing(what)
        before, self._count = self._count, now
        return mibs.counted(before, now) if before is not None else None

    def _errors(self, agent: SnmpAgent) -> list[Sample]:
        """Frames a minute that were received or sent in error; silent at first."""
        now = self._counters(agent, mibs.IF_ERRORS, 32)
        more = self._since(now, f"errors of interface {self.options.interface}")
        return [] if more is None else [Sample(round(60 * more[0] / more[1], 3))]

    def _traffic(self, agent: SnmpAgent) -> list[Sample]:
        """Mbit/s in and out together; silent at first."""
        now = self._counters(agent, mibs.IF_OCTETS_64, 64)
        now = now or self._counters(agent, mibs.IF_OCTETS, 32)
        more = self._since(now, f"traffic of interface {self.options.interface}")
        return [] if more is None else [Sample(round(8e-6 * more[0] / more[1], 6))]

    # --- printers and power supplies ---------------------------------------------------------

    def _supply(self, agent: SnmpAgent) -> list[Sample]:
        def numbers(column: Oid) -> dict[Oid, int]:
            return {r: v for r, v in agent.column(column).items() if isinstance(v, int)}

        levels = numbers(mibs.SUPPLY_LEVEL)
        if not levels:
            raise self._missing("what it has left")
        names = {
            row: text
            for row, text in agent.column(mibs.SUPPLY_DESCRIPTION).items()
            if isinstance(text, bytes)
        }
        found = mibs.supplies(
            names, numbers(mibs.SUPPLY_UNIT), numbers(mibs.SUPPLY_CAPACITY), levels
        )
        wanted = self.options.supply.casefold()
        fitting = [supply for supply in found if wanted in supply.name.casefold()]
        if not fitting:
            known = ", ".join(map(mibs.text, names.values()))
            what = f"no supply like {wanted!r}" if wanted else "no supply that tells its level"
            self.trouble(f"{self._where} has {what}", f"it has {known or 'none'}")
        least = min(fitting, key=lambda supply: supply.percent)
        return [Sample(round(least.percent, 1), detail={"supply": least.name})]

    def _self_check(self, agent: SnmpAgent) -> list[Sample]:
        """Of a printer, else of a power supply, else the worst part that a host knows."""
        found = agent.get([mibs.PRINTER_ERRORS, mibs.UPS_BATTERY, mibs.UPS_ALARMS])
        printer, battery = found[mibs.PRINTER_ERRORS], found[mibs.UPS_BATTERY]
        if isinstance(printer, bytes):
            problems = mibs.printer_problems(printer)
            return [Sample(mibs.printer_word(problems), detail={"problems": " ".join(problems)})]
        alarms = found[mibs.UPS_ALARMS]
        if isinstance(battery, int):
            count = alarms if isinstance(alarms, int) else 0
            return [Sample(mibs.ups_word(battery, count), detail={"alarms": float(count)})]
        states = [v for v in agent.column(mibs.DEVICE_STATUS).values() if isinstance(v, int)]
        if not states:
            raise self._missing("how it is")
        return [Sample(mibs.device_word(states))]

    def _ups(self, agent: SnmpAgent) -> list[Sample]:
        found = agent.get([mibs.UPS_SOURCE, mibs.UPS_ON_BATTERY_S])
        source, seconds = found[mibs.UPS_SOURCE], found[mibs.UPS_ON_BATTERY_S]
        if not isinstance(source, int):
            raise self._missing("where its power comes from")
        if source == mibs.NO_OUTPUT:
            self.trouble(f"{self._where} gives no power", "look at its display, switch it on")
        unclear = source == mibs.UNKNOWN_SOURCE and isinstance(seconds, int) and seconds > 0
        return [Sample("battery" if source == mibs.ON_BATTERY or unclear else "mains")]
