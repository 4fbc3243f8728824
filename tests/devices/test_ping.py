"""Whether equipment answers: by TCP on loopback, by ICMP where this machine allows it."""

import socket
from pathlib import Path

import pytest

from devices.errors import DeviceError
from tests.support.networked import asking, values
from tests.support.ports import free_port


def test_an_open_port_and_a_refusal_are_both_answers() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        asking("ping", "link", host="127.0.0.1", tcp_port=server.getsockname()[1]) as (_d, told),
    ):
        assert told.values == ["up"]
    with asking("ping", "link", host="127.0.0.1", tcp_port=free_port()) as (_driver, told):
        assert told.values == ["up"]
        assert float(told.samples[0].detail["ms"]) < 1000


def test_the_round_trip_is_told_in_milliseconds() -> None:
    with asking("ping", "round-trip", host="127.0.0.1", tcp_port=free_port()) as (driver, _told):
        (took,) = values(driver)
        assert 0 < float(took) < 1000


def test_it_is_down_only_after_several_lost_in_a_row() -> None:
    """A server whose queue is full answers no more: its connections time out."""
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen(0)
    port, waiting = server.getsockname()[1], []
    try:
        with asking("ping", "link", host="127.0.0.1", tcp_port=port, timeout_s=0.2) as (
            driver,
            told,
        ):
            assert told.values == ["up"]
            for _ in range(3):
                caller = socket.socket()
                caller.setblocking(False)
                caller.connect_ex(("127.0.0.1", port))
                waiting.append(caller)
            heard = [values(driver)[0] for _ in range(6)]
            assert heard == sorted(heard, reverse=True)  # up, then down, never back
            assert heard[-1] == "down" and heard[:2] == ["up", "up"]
    finally:
        for caller in (server, *waiting):
            caller.close()


def test_a_name_that_is_not_known_is_a_fault() -> None:
    with (
        pytest.raises(DeviceError, match=r"no-such-host\.invalid is not known.*option host"),
        asking("ping", "link", host="no-such-host.invalid", tcp_port=80),
    ):
        pass


def test_icmp_works_or_says_what_allows_it() -> None:
    low, high = map(int, Path("/proc/sys/net/ipv4/ping_group_range").read_text().split())
    allowed = low <= high
    if allowed:
        with asking("ping", "link", host="127.0.0.1") as (_driver, told):
            assert told.values == ["up"]
    else:
        with (
            pytest.raises(DeviceError, match=r"ping_group_range.*tcp_port"),
            asking("ping", "link", host="127.0.0.1"),
        ):
            pass
