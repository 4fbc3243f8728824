"""Open pages for benchmarks: many streams of server-sent events in one process, healthy and slow.

Prints one JSON line at its end: how many events came, how many of a healthy stream's numbers were
missing, and whether the slow ones, dropped meanwhile, could go on where they were.
"""

import json
import re
import selectors
import socket
import sys
import time

ID = re.compile(rb"^id: \w+-(\d+)$", re.MULTILINE)
SLOW_READS_B = 2048
"""What a slow screen takes in a second."""


class Screen:
    """One stream; `last` is the number of its newest event, `lost` counts numbers left out."""

    def __init__(self, port: int, token: str, after: str = "") -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        resume = f"Last-Event-ID: {after}\r\n" if after else ""
        self.socket.sendall(
            f"GET /live HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n"
            f"{resume}\r\n".encode()
        )
        self.rest = b""
        self.last: int | None = None
        self.run = ""
        self.events = self.lost = 0
        self.closed = False

    def take(self, most: int = 1 << 20) -> None:
        data = self.socket.recv(most)
        if not data:
            self.closed = True
            return
        self.rest += data
        whole, mark, self.rest = self.rest.rpartition(b"\n\n")
        if not mark:
            return
        if not self.run and (found := re.search(rb"^id: (\w+)-", whole, re.MULTILINE)):
            self.run = found[1].decode()
        for number in map(int, ID.findall(whole)):
            if self.last is not None:
                self.lost += number - self.last - 1
            self.last = number
            self.events += 1


def watch(port: int, token: str, healthy: int, slow: int, seconds: float) -> dict[str, float]:
    """The slow ones sip for half of the time, then come back with the last number they had."""
    screens = [Screen(port, token) for _ in range(healthy)]
    lazy = [Screen(port, token) for _ in range(slow)]
    selector = selectors.DefaultSelector()
    for screen in screens:
        enter(selector, screen)
    print("ready", flush=True)
    start = sip = time.monotonic()
    back: list[Screen] = []
    while (now := time.monotonic()) < start + seconds:
        for key, _ in selector.select(0.2):
            key.data.take()
            if key.data.closed:
                selector.unregister(key.fileobj)
        if now >= sip:
            sip += 1.0
            for screen in lazy:
                screen.take(SLOW_READS_B)
        if lazy and now > start + seconds / 2:
            for screen in lazy:
                screen.socket.close()
                back.append(Screen(port, token, f"{screen.run}-{screen.last or 0}"))
                enter(selector, back[-1])
            lazy = []
    newest = max(screen.last or 0 for screen in screens)
    return {
        "events": sum(screen.events for screen in screens),
        "lost": sum(screen.lost for screen in screens),
        "cut": sum(screen.closed for screen in screens),
        "behind": max(newest - (screen.last or 0) for screen in screens),
        "slow_resumed": sum(screen.events > 0 for screen in back),
    }


def enter(selector: selectors.BaseSelector, screen: Screen) -> None:
    screen.socket.setblocking(False)
    selector.register(screen.socket, selectors.EVENT_READ, screen)


if __name__ == "__main__":
    words = sys.argv[1:]
    print(json.dumps(watch(int(words[0]), words[1], int(words[2]), int(words[3]), float(words[4]))))
