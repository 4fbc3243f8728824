"""InfluxDB's troubles, each by its status: kept, halved, quarantined, or told with a remedy."""

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from collectors.store.influx import InfluxStore
from devices.errors import StoreError, StoreMisconfigured, StoreUnavailable
from devices.model import NodeId, Origin, PointId, Reading
from tests.support.ports import free_port
from tests.support.sites import small_site

FRIDGE = PointId("canteen/fridge-1/temperature")
START = datetime(2026, 11, 24, tzinfo=UTC)
TOKEN = "s3cr3t-t0ken"


class Server(ThreadingHTTPServer):
    """Answers writes as InfluxDB 2.x documents it; a test sets what it refuses."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status = 204
        self.poison = b""
        self.most = 10_000_000
        self.lines: set[bytes] = set()
        self.queries: list[dict[str, list[str]]] = []
        self.tokens: list[str | None] = []


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.queries.append(parse_qs(urlsplit(self.path).query))
        self.server.tokens.append(self.headers["Authorization"])
        status = self.server.status
        if status == 204 and len(body) > self.server.most:
            status = 413
        if status == 204 and self.server.poison and self.server.poison in body:
            status = 422
        if status == 204:
            self.server.lines |= set(body.split(b"\n"))
        self.send_response(status)
        message = b"" if status == 204 else b'{"code":"x","message":"field type conflict"}'
        self.send_header("Content-Length", str(len(message)))
        self.end_headers()
        self.wfile.write(message)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def store(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InfluxStore]:
    monkeypatch.setenv("INFLUXDB_V2_TOKEN", TOKEN)
    url = f"http://127.0.0.1:{server.server_address[1]}"
    site = small_site(tmp_path, store=url, extra='store.org = "school"\n')
    with closing(InfluxStore(site)) as store:
        yield store


def readings(count: int) -> list[Reading]:
    return [
        Reading(FRIDGE, START + timedelta(seconds=n), float(n), Origin(NodeId("n"), "b", n))
        for n in range(count)
    ]


def test_a_line_says_measurement_tags_value_and_millisecond(
    server: Server, store: InfluxStore
) -> None:
    store.write(readings(1))
    assert server.lines == {
        b"temperature,building=canteen,campus=test,node=canteen-pi,"
        b'point=canteen/fridge-1/temperature,room=kitchen value=0.0,quality="good" 1795478400000'
    }
    assert server.queries == [{"org": ["school"], "bucket": ["campus"], "precision": ["ms"]}]
    assert server.tokens == [f"Token {TOKEN}"]


def test_one_poisoned_line_is_found_and_all_others_are_stored(
    server: Server, store: InfluxStore
) -> None:
    server.poison = b"value=37.0,"
    written = store.write(readings(100))
    (refused,) = written.refused
    assert refused.reading.value == 37.0
    assert "field type conflict" in refused.reason
    assert len(server.lines) == 99


def test_a_body_that_is_too_large_is_split(server: Server, store: InfluxStore) -> None:
    server.most = 2000
    assert list(store.write(readings(100)).refused) == []
    assert len(server.lines) == 100


@pytest.mark.parametrize("status", [429, 500, 503])
def test_trouble_of_the_server_is_to_be_tried_again(
    server: Server, store: InfluxStore, status: int
) -> None:
    server.status = status
    with pytest.raises(StoreUnavailable):
        store.write(readings(3))
    assert not store.health().ok
    server.status = 204
    store.write(readings(3))
    assert store.health().ok
    assert len(server.lines) == 3


@pytest.mark.parametrize(
    ("status", "remedy"),
    [(401, "INFLUXDB_V2_TOKEN"), (403, "INFLUXDB_V2_TOKEN"), (404, "influx bucket create")],
)
def test_a_wrong_configuration_is_told_with_its_remedy_and_never_the_token(
    server: Server, store: InfluxStore, status: int, remedy: str
) -> None:
    server.status = status
    with pytest.raises(StoreMisconfigured) as caught:
        store.write(readings(3))
    assert remedy in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_an_absent_server_is_weather_not_a_failed_start(tmp_path: Path) -> None:
    site = small_site(tmp_path, store=f"http://127.0.0.1:{free_port()}")
    with closing(InfluxStore(site)) as store:
        with pytest.raises(StoreUnavailable, match="is it running"):
            store.write(readings(1))
        with pytest.raises(StoreError):
            store.latest([FRIDGE])


def test_a_token_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    site = small_site(
        tmp_path, store="http://127.0.0.1:1", extra='store.token_file = "/nowhere/token"\n'
    )
    with pytest.raises(StoreMisconfigured, match="/nowhere/token"):
        InfluxStore(site)
