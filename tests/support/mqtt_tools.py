"""mosquitto_pub and mosquitto_sub: MQTT clients that are not ours."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager


def publish(port: int, topic: str, payload: bytes) -> None:
    """MQTT 5, QoS 1; returns when the broker has it."""
    subprocess.run(
        ["mosquitto_pub", "-V", "5", "-h", "127.0.0.1", "-p", str(port), "-q", "1", "-t", topic,
         "-s" if payload else "-n"],
        input=payload, check=True, timeout=30, capture_output=True,
    )  # fmt: skip


@contextmanager
def listening(port: int, topic: str) -> Iterator[list[str]]:
    """Everything that comes on `topic`, as `topic payload` lines, while the block runs."""
    lines: list[str] = []
    ready = threading.Event()
    process = subprocess.Popen(
        ["stdbuf", "-oL", "mosquitto_sub", "-V", "5", "-h", "127.0.0.1", "-p", str(port), "-q",
         "1", "-v", "-d", "-t", topic],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1,
    )  # fmt: skip

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            if "Subscribed" in line:
                ready.set()
            elif line.startswith("campus/"):
                lines.append(line.strip())

    reader = threading.Thread(target=read)
    reader.start()
    try:
        assert ready.wait(10), "mosquitto_sub did not subscribe"
        yield lines
    finally:
        process.terminate()
        process.wait(10)
        reader.join(10)
        assert process.stdout is not None
        process.stdout.close()
