"""The few errors of this project; each also is the built-in error it resembles."""

from collections.abc import Sequence
from dataclasses import dataclass


class CampusError(Exception):
    """Any error this project raises on purpose; its text names the thing and the remedy."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a configuration file: where it is, what is wrong, what to do."""

    file: str
    where: str
    what: str
    remedy: str = ""
    line: int = 0
    """Of the file, from 1; 0 where it has none."""

    def __str__(self) -> str:
        file = f"{self.file}:{self.line}" if self.line else self.file
        place = f"{file}: {self.where}" if self.where else file
        return f"{place}: {self.what}" + (f" — {self.remedy}" if self.remedy else "")


class ConfigError(CampusError, ValueError):
    """A configuration that cannot be used; carries every problem found, not only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class WireError(CampusError, ValueError):
    """A message that does not follow the contract; the text is the reason that people see."""


class DeviceError(CampusError, OSError):
    """Hardware that is absent or broken; names the pin, overlay or address and the remedy."""


class TransportError(CampusError, ConnectionError):
    """The broker cannot be reached or refused us; what was to be sent stays with the caller."""


class StoreError(CampusError):
    """The store could not take or give data."""


class StoreUnavailable(StoreError, ConnectionError):
    """The store does not answer or is overloaded: keep the readings and try again."""


class StoreMisconfigured(StoreError, ValueError):
    """Address, token, organisation or bucket is wrong: keep the readings and tell a person."""
