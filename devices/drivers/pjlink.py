"""PJLink: projectors over the network: power, lamp and filter hours, faults, input."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from devices.catalog import Point
from devices.driver import DRIVERS, Emit
from devices.drivers.networked import (
    HOST_TEXT,
    PATIENCE_TEXT,
    Host,
    Networked,
    Patience,
    Port,
    Secret,
    address_of,
    why,
)
from devices.drivers.projector import PORT, Projector, ProjectorError, State, WrongPassword
from devices.drivers.sharing import Pool
from devices.model import Sample

Part = Literal["", "fan", "lamp", "temperature", "cover", "filter", "other"]
_WORST = ("ok", "warning", "error")
_PROJECTORS: Pool[Projector] = Pool()


@dataclass(frozen=True, slots=True)
class PjLinkOptions:
    host: Host = field(metadata={"text": HOST_TEXT})
    port: Port = field(default=PORT, metadata={"text": "its port"})
    password: Secret = field(
        default="",
        metadata={"text": "where its password is: env:NAME or file:PATH; empty: it has none"},
    )
    timeout_s: Patience = field(default=5.0, metadata={"text": PATIENCE_TEXT})
    part: Part = field(
        default="",
        metadata={"text": "of `self-check`, one of fan, lamp, temperature, cover, filter, other; "
                  "empty: the worst of them"},
    )  # fmt: skip
    lamp: int = field(default=1, metadata={"text": "of `lamp-hours`, which lamp, from 1"})


@DRIVERS.register("pjlink")
class PjLink(Networked):
    """Its power state is `no-answer` once it no longer answers: at school its mains is cut.

    Other points of a projector that has answered before are silent meanwhile; one that never
    answered is a fault. Points of one projector share each talk with it.
    """

    Options = PjLinkOptions
    kinds = ("power-state", "lamp-hours", "filter-hours", "self-check", "input-source")

    def __init__(self, point: Point, options: Any) -> None:
        super().__init__(point, options)
        self._projector: Projector | None = None
        self._key: tuple[Any, ...] = ()
        self._answered = False
        self._seen = 0
        self._doubt = ""

    def start(self, emit: Emit) -> None:
        options: PjLinkOptions = self.options
        password = self.secret(options.password)
        self._key = (options.host, options.port, password, options.timeout_s)
        self._projector = _PROJECTORS.take(self._key, lambda: Projector(*self._key))
        for sample in self.sample():
            emit(sample)

    def sample(self) -> Iterable[Sample]:
        if self._projector is None:
            self.trouble("is not open", "it is opened again by itself")
        self._seen = self._projector.talk(self._seen)
        try:
            state = self._projector.state()
        except ProjectorError as error:
            self._strange(error)
        except OSError as error:
            return self._gone(error)
        self._answered, self._doubt = True, ""
        return self._samples(state)

    def health(self) -> str:
        return self._doubt

    def close(self) -> None:
        projector, self._projector = self._projector, None
        if projector is not None:
            _PROJECTORS.give_back(self._key)

    @property
    def _where(self) -> str:
        return f"the projector at {address_of(self.options.host, self.options.port)}"

    def _strange(self, error: ProjectorError) -> None:
        if isinstance(error, WrongPassword):
            self.trouble(
                f"{self._where} lets nobody in: {error}",
                "set option password to env:NAME or file:PATH of the password in its network menu",
            )
        self.trouble(
            f"{self._where} answers wrongly: {error}",
            "check that it is a PJLink projector and that no other program talks to it",
        )

    def _gone(self, error: OSError) -> Iterable[Sample]:
        if not self._answered:
            self.trouble(
                f"{self._where} cannot be reached ({why(error)})",
                "check its address, its network cable, and that PJLink and network standby are on",
            )
        return [Sample("no-answer")] if self.point.kind == "power-state" else []

    def _samples(self, state: State) -> Iterable[Sample]:
        match self.point.kind:
            case "power-state":
                return [Sample(state.power)] if state.power else []
            case "lamp-hours":
                return self._lamp_hours(state)
            case "filter-hours":
                if state.filter_hours is None and state.power == "on":
                    self.trouble(
                        f"{self._where} does not count its filter's hours",
                        "PJLink class 2 does; remove the point",
                    )
                return [] if state.filter_hours is None else [Sample(float(state.filter_hours))]
            case "self-check":
                return self._self_check(state)
            case _:
                return [Sample(state.source)] if state.source else []

    def _lamp_hours(self, state: State) -> Iterable[Sample]:
        number = self.options.lamp
        if 1 <= number <= len(state.lamp_hours):
            return [Sample(float(state.lamp_hours[number - 1]))]
        if state.power == "on":
            has = f"has {len(state.lamp_hours)} lamp(s)" if state.lamp_hours else "counts no lamps"
            self.trouble(f"{self._where} {has}, not a number {number}",
                         "mend option lamp, or remove the point of a laser projector")  # fmt: skip
        return []

    def _self_check(self, state: State) -> Iterable[Sample]:
        if not state.errors:
            return []
        part = self.options.part
        found = state.errors[part] if part else max(state.errors.values(), key=_WORST.index)
        return [Sample(found, detail=dict(state.errors))]
