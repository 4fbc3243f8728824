"""Waiting for something to become true, with a deadline and no fixed pause in the tests."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_never = threading.Event()


def eventually(look: Callable[[], T], *, within: float = 10.0, what: str = "") -> T:
    """The first truthy answer of `look`; an AssertionError once `within` seconds have passed."""
    end = time.monotonic() + within
    while True:
        answer = look()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"not within {within:g} s: {what or look!r} (last: {answer!r})")
        _never.wait(0.02)
