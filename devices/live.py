"""Live: a dictionary that one thread changes while others look at it."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Live(dict[K, V]):
    """Looked up at a dictionary's own speed. Going through it goes through how it was just then.

    What was taken out is still found by `[...]`, for whoever holds its key, but by nothing else.
    """

    def __init__(self, items: Mapping[K, V]) -> None:
        super().__init__(items)
        self._gone: dict[K, V] = {}

    def become(self, items: Mapping[K, V]) -> None:
        """Hold exactly `items`."""
        super().update(items)
        for key in list(dict.keys(self)):
            if key not in items:
                self._gone[key] = super().pop(key)

    def __missing__(self, key: K) -> V:
        return self._gone[key]

    def __iter__(self) -> Iterator[K]:
        return iter(list(dict.keys(self)))

    def keys(self) -> Any:
        return list(dict.keys(self))

    def values(self) -> Any:
        return list(dict.values(self))

    def items(self) -> Any:
        return list(dict.items(self))
