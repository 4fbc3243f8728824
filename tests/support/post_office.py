"""A real HTTP server on the loopback that takes what is posted and answers as the test says."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.support.waiting import eventually


@dataclass(frozen=True)
class Letter:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class PostOffice:
    """`answers` are the statuses of the next requests, then `answer` for all others; a status of
    0 keeps the asker waiting until `release` or the end."""

    port: int = 0
    answer: int = 204
    answers: list[int] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def has(self, count: int) -> None:
        eventually(lambda: len(self.letters) >= count, what=f"{count} letters")


@contextmanager
def post_office() -> Iterator[PostOffice]:
    office = PostOffice()

    class Desk(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            office.letters.append(Letter(self.path, dict(self.headers), body))
            status = office.answers.pop(0) if office.answers else office.answer
            if not status:
                office.released.wait(60)
                status = office.answer
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", f"{office.address}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
    office.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, name="post-office")
    thread.start()
    try:
        yield office
    finally:
        office.released.set()
        server.shutdown()
        server.server_close()
        thread.join(10)
