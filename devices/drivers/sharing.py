"""Sharing: one opened thing (a chip, a counter) for the several points that read it."""

import threading
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar


class Closable(Protocol):
    def close(self) -> None: ...


T = TypeVar("T", bound=Closable)


class Pool(Generic[T]):
    """Opens a thing for its first user and closes it with its last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._things: dict[Hashable, tuple[T, int]] = {}

    def take(self, key: Hashable, make: Callable[[], T]) -> T:
        """The thing called `key`; `make` opens it where nobody has. Raises what `make` does."""
        with self._lock:
            thing, users = self._things.get(key) or (make(), 0)
            self._things[key] = (thing, users + 1)
            return thing

    def give_back(self, key: Hashable) -> None:
        """One user less, who took it before."""
        with self._lock:
            thing, users = self._things[key]
            if users > 1:
                self._things[key] = (thing, users - 1)
                return
            del self._things[key]
            thing.close()
