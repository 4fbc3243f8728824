"""A server that answers as InfluxDB 2.x is documented to, over a real 1.x that keeps the data.

It knows one organisation, bucket and token; a test can have it answer anything else for a while.
"""

import gzip
import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.support.influxd import Influxd

Misbehaviour = Callable[[str, bytes], tuple[int, str] | None]
"""From path and (unpacked) body to a status and body that are answered instead."""


class Influx2:
    """One such server; `database` is the 1.x database behind its bucket."""

    def __init__(self, behind: Influxd, database: str) -> None:
        self.behind = behind
        self.database = database
        self.org, self.bucket, self.token = "school", "campus", "s3cret-token"
        self.max_body = 2_000_000
        self.misbehave: Misbehaviour | None = None
        self.requests: list[str] = []
        self.was_packed = False
        question = {"q": f'CREATE DATABASE "{database}"'}
        self._forward("POST", "/query", question, b"")
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = False
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        influx = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 5

            def log_message(self, format: str, *args: object) -> None:
                pass

            def do_GET(self) -> None:
                self._answer(b"")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if self.headers.get("Content-Encoding") == "gzip":
                    influx.was_packed = True
                    body = gzip.decompress(body)
                self._answer(body)

            def _answer(self, body: bytes) -> None:
                address = urlsplit(self.path)
                query = {k: v[0] for k, v in parse_qs(address.query).items()}
                influx.requests.append(address.path)
                said = influx.misbehave(address.path, body) if influx.misbehave else None
                status, text = said or influx.answer(
                    address.path, query, body, self.headers.get("Authorization", "")
                )
                payload = text.encode()
                self.send_response(status)
                if status != 204:
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                if status != 204:
                    self.wfile.write(payload)

        return Handler

    def answer(self, path: str, query: dict[str, str], body: bytes, who: str) -> tuple[int, str]:
        if who != f"Token {self.token}":
            return 401, _error("unauthorized", "unauthorized access")
        if path == "/query":
            if query.get("db") != self.bucket:
                error = {"statement_id": 0, "error": f"database not found: {query.get('db')}"}
                return 200, json.dumps({"results": [error]})
            return self._forward("GET", "/query", {**query, "db": self.database}, b"")
        if path == "/api/v2/delete":
            return self._delete(json.loads(body))
        if path != "/api/v2/write":
            return 404, _error("not found", "path not found")
        if query.get("org") != self.org:
            return 404, _error("not found", f'organization name "{query.get("org")}" not found')
        if query.get("bucket") != self.bucket:
            return 404, _error("not found", f'bucket "{query.get("bucket")}" not found')
        if len(body) > self.max_body:
            return 413, _error("request too large", "cannot read data: points batch is too large")
        if not body:
            return 400, _error("invalid", "writing requires points")
        wanted = {"db": self.database, "precision": query.get("precision", "ns")}
        status, text = self._forward("POST", "/write", wanted, body)
        if status == 400 and "partial write" in text:
            return 422, _error("unprocessable entity", json.loads(text)["error"])
        return status, _error("invalid", json.loads(text)["error"]) if status == 400 else text

    def _delete(self, asked: dict[str, str]) -> tuple[int, str]:
        """Both times and a predicate of `tag="value"` joined by AND."""
        parts = dict(part.split("=", 1) for part in asked["predicate"].split(" AND "))
        table = parts.pop("_measurement")
        tags = "".join(f""" AND "{name}" = '{value[1:-1]}'""" for name, value in parts.items())
        where = f"time >= '{asked['start']}' AND time < '{asked['stop']}'{tags}"
        question = {"db": self.database, "q": f"DELETE FROM {table} WHERE {where}"}
        _, text = self._forward("POST", "/query", question, b"")
        return (400, _error("invalid", text)) if "error" in text else (204, "")

    def _forward(
        self, method: str, path: str, query: dict[str, str], body: bytes
    ) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.behind.port, timeout=10)
        try:
            connection.request(method, f"{path}?{urlencode(query)}", body)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


def _error(code: str, message: str) -> str:
    return json.dumps({"code": code, "message": message})


@contextmanager
def running_influx2(behind: Influxd, database: str) -> Iterator[Influx2]:
    influx = Influx2(behind, database)
    thread = threading.Thread(target=influx.server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield influx
    finally:
        influx.server.shutdown()
        thread.join(10)
        influx.server.server_close()
