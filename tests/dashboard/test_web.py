"""The web server itself: real sockets, real streams, a clean end."""

import http.client
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard.web import WebService
from devices.catalog import Site
from devices.errors import CampusError
from devices.service import Clock
from tests.support.dashboards import FRIDGE, Dashboard
from tests.support.waiting import eventually


@pytest.fixture
def served(tmp_path: Path, site: Site) -> Iterator[tuple[Dashboard, WebService]]:
    """Two streams at most, at the real time."""
    dashboard = Dashboard(tmp_path, site, Clock(), streams=2)
    service = WebService(dashboard.app, "127.0.0.1:0", Clock())
    service.start()
    yield dashboard, service
    dashboard.hub.close()
    service.close()
    dashboard.close()


def open_stream(
    port: int, header: dict[str, str]
) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
    connection.request("GET", "/live", headers=header)
    return connection, connection.getresponse()


def hang_up(connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> None:
    response.close()
    connection.close()


def read_until(response: http.client.HTTPResponse, wanted: bytes) -> bytes:
    said = b""
    while wanted not in said:
        line = response.readline()
        assert line, f"the stream ended: {said!r}"
        said += line
    return said


def test_a_reading_is_on_the_wire_to_a_browser_at_once_and_a_break_is_resumed(
    served: tuple[Dashboard, WebService],
) -> None:
    dashboard, service = served
    header = dashboard.token("viewer")
    connection, response = open_stream(service.port, header)
    assert response.headers["Content-Type"].startswith("text/event-stream")
    assert response.headers["X-Accel-Buffering"] == "no"
    read_until(response, b"event: heartbeat")
    dashboard.says(FRIDGE, 4.2)
    said = read_until(response, b'"value":4.2')
    last = said.split(b"id: ")[-1].split(b"\n")[0].decode()
    hang_up(connection, response)

    dashboard.says(FRIDGE, 4.3)
    connection, response = open_stream(service.port, {**header, "Last-Event-ID": last})
    resumed = read_until(response, b'"value":4.3')
    assert b'"resumed":true' in resumed and b'"value":4.2' not in resumed
    hang_up(connection, response)


def test_a_stream_too_many_is_turned_away_and_pages_go_on(
    served: tuple[Dashboard, WebService],
) -> None:
    dashboard, service = served
    header = dashboard.token("viewer")
    held = [open_stream(service.port, header) for _ in range(2)]
    for _, response in held:
        read_until(response, b"heartbeat")
    connection, refused = open_stream(service.port, header)
    assert refused.status == 503
    assert refused.headers["Retry-After"] == "10"
    hang_up(connection, refused)
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=15)
    connection.request("GET", "/healthz")
    page = connection.getresponse()
    assert page.status in (200, 503)
    hang_up(connection, page)
    for open_one, response in held:
        hang_up(open_one, response)
    eventually(lambda: dashboard.hub.counters()["streams_open"] == 0, what="their places are free")


def test_closing_ends_open_streams_and_leaves_no_thread(tmp_path: Path, site: Site) -> None:
    before = set(threading.enumerate())
    dashboard = Dashboard(tmp_path, site, Clock(), streams=2)
    service = WebService(dashboard.app, "127.0.0.1:0", Clock())
    service.start()
    assert service.health().ok
    connection, response = open_stream(service.port, dashboard.token("viewer"))
    read_until(response, b"heartbeat")
    dashboard.hub.close()
    service.close()
    service.close()
    dashboard.close()
    hang_up(connection, response)
    assert not service.health().ok
    eventually(lambda: set(threading.enumerate()) <= before)


def test_closing_goes_well_where_another_thread_wakes_the_loop_first(
    tmp_path: Path, site: Site
) -> None:
    dashboard = Dashboard(tmp_path, site, Clock())
    service = WebService(dashboard.app, "127.0.0.1:0", Clock())
    service.start()
    trigger = service._server.trigger
    wake = trigger._physical_pull

    def wake_late() -> None:
        """As where an answer's thread pulls between the asking and the byte of `close`."""
        wake()
        eventually(lambda: not trigger.thunks, what="what was asked is done")
        wake()

    trigger._physical_pull = wake_late
    service.close()
    assert not service.health().ok
    dashboard.close()


def test_a_port_in_use_is_named_with_the_option_to_change_it(tmp_path: Path, site: Site) -> None:
    dashboard = Dashboard(tmp_path, site, Clock())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        service = WebService(dashboard.app, address, Clock())
        with pytest.raises(CampusError, match=f"{address}.*--http HOST:PORT"):
            service.start()
        service.close()
    dashboard.close()
