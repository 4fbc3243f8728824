"""The broker of one-command starts: settings, ends, restarts and clear refusals."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from collectors.broker import Broker
from collectors.enroll import configuration_file, pid_file
from collectors.mqtt import MqttTransport
from devices.errors import CampusError
from tests.support.ports import free_port
from tests.support.waiting import eventually

BOTH = pytest.mark.parametrize("embedded", [False, True], ids=["mosquitto", "embedded"])


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def broker(tmp_path: Path, port: int, embedded: bool) -> Iterator[Broker]:
    broker = Broker(f"127.0.0.1:{port}", tmp_path, embedded=embedded)
    broker.start()
    yield broker
    broker.close()


def alive(pid: int) -> bool:
    """Whether the process runs; one that ended and waits to be collected does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def connects(port: int) -> bool:
    with closing(MqttTransport(f"mqtt://127.0.0.1:{port}", "probe")) as client:
        client.start()
        client.wait_connected(10)
        return client.connected


@BOTH
def test_it_serves_when_start_returns_and_is_gone_after_close(broker: Broker, port: int) -> None:
    pid = broker.pid
    assert pid and broker.health().ok
    assert connects(port)
    broker.close()
    assert not alive(pid)
    assert broker.pid is None


@BOTH
def test_a_broker_that_is_killed_is_started_again(broker: Broker, port: int) -> None:
    first = broker.pid
    assert first
    os.kill(first, signal.SIGKILL)
    eventually(lambda: broker.pid not in (first, None) and broker.health().ok)
    assert connects(port)


@BOTH
def test_the_broker_ends_when_its_parent_is_killed(
    tmp_path: Path, port: int, embedded: bool
) -> None:
    program = (
        "import sys; from pathlib import Path; from collectors.broker import Broker\n"
        "broker = Broker(sys.argv[1], Path(sys.argv[2]), embedded=sys.argv[3] == 'True')\n"
        "broker.start(); print(broker.pid, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, f"127.0.0.1:{port}", str(tmp_path), str(embedded)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert alive(pid)
        parent.kill()
        parent.wait(10)
        eventually(lambda: not alive(pid), what="the broker ends")
    again = Broker(f"127.0.0.1:{port}", tmp_path, embedded=embedded)
    again.start()
    again.close()


@BOTH
def test_a_port_in_use_is_named_with_a_remedy(broker: Broker, port: int, tmp_path: Path) -> None:
    second = Broker(f"127.0.0.1:{port}", tmp_path / "second")
    with pytest.raises(CampusError, match=f"port {port} of 127.0.0.1 is in use.*--mqtt"):
        second.start()
    second.close()


@pytest.mark.parametrize("embedded", [True])
def test_the_embedded_broker_serves_this_machine_only(
    tmp_path: Path, embedded: bool, port: int
) -> None:
    for host in ("0.0.0.0", "192.0.2.1", "::"):
        with pytest.raises(CampusError, match="install mosquitto"):
            Broker(f"{host}:{port}", tmp_path, embedded=embedded)


def test_an_address_of_another_machine_is_refused(tmp_path: Path, port: int) -> None:
    broker = Broker(f"192.0.2.1:{port}", tmp_path)
    with pytest.raises(CampusError, match=r"cannot listen on 192\.0\.2\.1"):
        broker.start()
    broker.close()


def test_an_address_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CampusError, match="is not HOST:PORT"):
        Broker("127.0.0.1:mqtt", tmp_path)


@pytest.mark.parametrize("embedded", [False])
def test_mosquitto_keeps_sessions_and_queues_without_its_usual_limits(
    broker: Broker, tmp_path: Path
) -> None:
    lines = configuration_file(tmp_path).read_text().splitlines()
    for setting in (
        "persistence true",
        "max_queued_messages 0",
        "max_packet_size 16777216",
        "set_tcp_nodelay true",
        "per_listener_settings true",
        "allow_anonymous true",
    ):
        assert setting in lines
    assert int(pid_file(tmp_path).read_text()) == broker.pid


def test_other_machines_need_a_password(tmp_path: Path, port: int) -> None:
    broker = Broker(f"0.0.0.0:{port}", tmp_path)
    broker.start()
    try:
        assert "allow_anonymous false" in configuration_file(tmp_path).read_text()
        with closing(MqttTransport(f"mqtt://127.0.0.1:{port}", "x")) as client:
            client.start()
            eventually(lambda: "refuses a client without a user" in client.health().text)
    finally:
        broker.close()


@BOTH
def test_close_leaves_no_thread_and_may_be_called_twice(
    tmp_path: Path, port: int, embedded: bool
) -> None:
    before = threading.active_count()
    broker = Broker(f"127.0.0.1:{port}", tmp_path, embedded=embedded)
    broker.close()
    broker.start()
    broker.close()
    broker.close()
    assert threading.active_count() == before
