"""Bare paho, nothing else: what each end of a comparison runs in a process of its own.

`script` republishes each message of bench/there on bench/back. `source` reads, one a line, how many
messages to publish there at a steady rate, and prints, one a line, when each was: the monotonic
clock in ns, which all processes of a machine share. `load` publishes batches of telemetry.
"""

import json
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from devices import wire

THERE, BACK = "bench/there", "bench/back"
LOAD_BATCH = 50


def connected(port: int, ready: Callable[[], None] | None = None) -> Client:
    """A client that sends each packet at once, as our own connections do."""
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
    client.on_socket_open = lambda _client, _data, sock: sock.setsockopt(
        socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
    )
    if ready is not None:
        client.on_subscribe = lambda *_: ready()
    client.connect("127.0.0.1", port)
    return client


def script(port: int) -> None:
    client = connected(port, lambda: print("ready", flush=True))
    client.on_message = lambda c, _d, m: c.publish(BACK, m.payload, qos=1)
    client.subscribe(THERE, 1)
    client.loop_forever()


def source(port: int, rate: float) -> None:
    client = connected(port)
    client.loop_start()
    print("ready", flush=True)
    for line in sys.stdin:
        due = time.monotonic()
        for number in range(int(line)):
            rows = [["gate-east/gate", time.time_ns() // 1_000_000, "open"]]
            batch = {"v": 1, "boot": "bench", "seq": number, "clock": "synced", "readings": rows}
            at = time.monotonic_ns()
            client.publish(THERE, json.dumps(batch).encode(), qos=1)
            print(at, flush=True)
            due += 1 / rate
            time.sleep(max(0.0, due - time.monotonic()))
        print("over", flush=True)


def load(port: int, rate: float, points: int) -> None:
    client = connected(port)
    client.loop_start()
    topic, due, seq = wire.up_topic("teach-pi"), time.monotonic(), 1
    print("ready", flush=True)
    while True:
        now = time.time_ns() // 1_000_000
        first = seq * LOAD_BATCH % points
        rows = [[f"bench/{first + n}", now, 4.0 + n / 100] for n in range(LOAD_BATCH)]
        batch = {"v": 1, "boot": "load", "seq": seq, "clock": "synced", "readings": rows}
        client.publish(topic, json.dumps(batch).encode(), qos=1)
        seq += 1
        due += LOAD_BATCH / rate
        time.sleep(max(0.0, due - time.monotonic()))


def main() -> None:
    role, port, *more = sys.argv[1:]
    match role:
        case "script":
            script(int(port))
        case "source":
            source(int(port), float(more[0]))
        case "load":
            load(int(port), float(more[0]), int(more[1]))


if __name__ == "__main__":
    main()
