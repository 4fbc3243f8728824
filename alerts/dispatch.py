"""Dispatch: slow channels send from threads of their own, so the watch never waits for them."""

import queue
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from alerts.channel import Channel, ChannelError
from alerts.model import Notice

AT_ONCE = 4
"""Messages on their way at the same time."""


class Dispatch:
    """`wake` is called, from any thread, when an outcome waits."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._pool: ThreadPoolExecutor | None = None
        self._done: queue.SimpleQueue[tuple[Sequence[Notice], ChannelError | None]] = (
            queue.SimpleQueue()
        )

    def send(self, channel: Channel, notices: Sequence[Notice]) -> None:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="tell")
        future = self._pool.submit(channel.send, notices)
        future.add_done_callback(lambda done: self._over(notices, done))

    def _over(self, notices: Sequence[Notice], future: "Future[None]") -> None:
        if future.cancelled():
            return  # we are being closed; it stands in the book as sending
        error = future.exception()
        if error is not None and not isinstance(error, ChannelError):
            error = ChannelError(f"the channel stumbled: {error!r}", retry=True)
        self._done.put((notices, error))
        self._wake()

    @property
    def has_outcomes(self) -> bool:
        return not self._done.empty()

    def outcomes(self) -> list[tuple[Sequence[Notice], ChannelError | None]]:
        """What has been sent, or not, since the last time."""
        found = []
        while True:
            try:
                found.append(self._done.get_nowait())
            except queue.Empty:
                return found

    def close(self) -> None:
        """Waits for what is on its way; channels have their own limits of time."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
