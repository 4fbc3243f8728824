"""Our own Broker on a free loopback port, real mosquitto or the embedded one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from collectors.broker import Broker
from tests.support.ports import free_port


@contextmanager
def running_broker(folder: Path, *, embedded: bool = False, port: int = 0) -> Iterator[int]:
    """The port of a broker that runs while the block does."""
    port = port or free_port()
    broker = Broker(f"127.0.0.1:{port}", folder, embedded=embedded)
    broker.start()
    try:
        yield port
    finally:
        broker.close()
