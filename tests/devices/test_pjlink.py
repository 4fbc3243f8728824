"""Projectors by PJLink, against one that answers on loopback, well or badly."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.errors import DeviceError
from devices.simulation.projectors import PretendProjector
from tests.support.networked import asking, values
from tests.support.ports import free_port


@pytest.fixture
def projector() -> Iterator[PretendProjector]:
    projector = PretendProjector(0)
    projector.start()
    yield projector
    projector.close()


def host(projector: PretendProjector) -> dict[str, object]:
    return {"host": "127.0.0.1", "port": projector.port, "timeout_s": 2.0}


@pytest.mark.parametrize("power", ["on", "off", "warming", "cooling"])
def test_its_power_state_is_told(projector: PretendProjector, power: str) -> None:
    projector.power = power
    with asking("pjlink", "power-state", **host(projector)) as (_driver, told):
        assert told.values == [power]


def test_hours_of_each_lamp(projector: PretendProjector) -> None:
    projector.lamp_hours = (2431, 87)
    with asking("pjlink", "lamp-hours", **host(projector)) as (driver, _):
        assert values(driver) == [2431.0]
    with asking("pjlink", "lamp-hours", lamp=2, **host(projector)) as (driver, _):
        assert values(driver) == [87.0]
    with (
        pytest.raises(DeviceError, match=r"has 2 lamp\(s\), not a number 3"),
        asking("pjlink", "lamp-hours", lamp=3, **host(projector)),
    ):
        pass


def test_a_laser_projector_counts_no_lamps(projector: PretendProjector) -> None:
    projector.lamp_hours = ()
    with (
        pytest.raises(DeviceError, match="counts no lamps"),
        asking("pjlink", "lamp-hours", **host(projector)),
    ):
        pass


def test_each_part_is_checked_and_the_worst_is_told(projector: PretendProjector) -> None:
    projector.errors |= {"lamp": "warning", "filter": "error"}
    with asking("pjlink", "self-check", **host(projector)) as (driver, _):
        (sample,) = driver.sample()
        assert sample.value == "error"
        assert sample.detail == {
            "fan": "ok", "lamp": "warning", "temperature": "ok", "cover": "ok", "filter": "error",
            "other": "ok",
        }  # fmt: skip
    with asking("pjlink", "self-check", part="lamp", **host(projector)) as (driver, _):
        assert values(driver) == ["warning"]


def test_class_2_counts_filter_hours_and_names_more_inputs(projector: PretendProjector) -> None:
    projector.level, projector.filter_hours, projector.source = 2, 310, "internal-a"
    with asking("pjlink", "filter-hours", **host(projector)) as (driver, _):
        assert values(driver) == [310.0]
    with asking("pjlink", "input-source", **host(projector)) as (driver, _):
        assert values(driver) == ["internal-a"]


def test_class_1_has_no_filter_hours(projector: PretendProjector) -> None:
    with (
        pytest.raises(DeviceError, match="does not count its filter's hours"),
        asking("pjlink", "filter-hours", **host(projector)),
    ):
        pass


def test_its_password_comes_from_the_environment_or_a_file(
    projector: PretendProjector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    projector.password = "s3cret"
    monkeypatch.setenv("PROJECTOR_PASSWORD", "s3cret")
    (tmp_path / "password").write_text("s3cret\n")
    for where in ("env:PROJECTOR_PASSWORD", f"file:{tmp_path / 'password'}"):
        with asking("pjlink", "lamp-hours", password=where, **host(projector)) as (driver, _):
            assert values(driver) == [1234.0]


@pytest.mark.parametrize(("password", "text"), [("", "asks for a password"), ("no", "refuses")])
def test_a_wrong_password_is_told_with_the_remedy_and_never_shown(
    projector: PretendProjector, monkeypatch: pytest.MonkeyPatch, password: str, text: str
) -> None:
    projector.password = "s3cret"
    monkeypatch.setenv("PROJECTOR_PASSWORD", "wr0ng")
    where = "env:PROJECTOR_PASSWORD" if password else ""
    with (
        pytest.raises(DeviceError, match=f"{text}.*set option password") as raised,
        asking("pjlink", "lamp-hours", password=where, **host(projector)),
    ):
        pass
    assert "wr0ng" not in str(raised.value) and "s3cret" not in str(raised.value)


def test_a_password_never_stands_in_the_site_file() -> None:
    from devices.config import parse
    from devices.drivers.pjlink import PjLinkOptions

    _, problems = parse(PjLinkOptions, {"host": "10.0.0.5", "password": "s3cret"}, "campus.toml")
    assert [problem.where for problem in problems] == ["password"]


@pytest.mark.parametrize(
    ("mood", "text"),
    [
        ("garbage", "greets with"), ("endless", "more than a line"), ("drop", "hangs up"),
        ("broken", "broken"),
    ],
)  # fmt: skip
def test_what_answers_wrongly_is_a_fault(projector: PretendProjector, mood: str, text: str) -> None:
    projector.mood = mood
    with (
        pytest.raises(DeviceError, match=f"127.0.0.1:{projector.port} answers wrongly.*{text}"),
        asking("pjlink", "power-state", **host(projector)),
    ):
        pass


@pytest.mark.parametrize("mood", ["slow", "silent"])
def test_one_that_never_finishes_is_left_in_time(projector: PretendProjector, mood: str) -> None:
    projector.mood = mood
    with (
        pytest.raises(DeviceError, match="no answer in time"),
        asking("pjlink", "power-state", **(host(projector) | {"timeout_s": 0.3})),
    ):
        pass


def test_while_it_is_busy_nothing_is_told_and_nothing_is_wrong(projector: PretendProjector) -> None:
    projector.mood = "busy"
    with asking("pjlink", "power-state", **host(projector)) as (driver, told):
        assert told.values == [] and values(driver) == []


def test_a_projector_cut_from_the_mains_is_no_answer_and_its_hours_are_silent(
    projector: PretendProjector,
) -> None:
    where = host(projector)
    with (
        asking("pjlink", "power-state", **where) as (power, _),
        asking("pjlink", "lamp-hours", **where) as (hours, _),
    ):
        projector.close()
        assert values(power) == ["no-answer"]
        assert values(hours) == []
        projector.start()
        assert values(power) == ["on"]
        assert values(hours) == [1234.0]


def test_one_that_never_answered_is_a_fault() -> None:
    port = free_port()
    with (
        pytest.raises(DeviceError, match=f"127.0.0.1:{port} cannot be reached.*check its address"),
        asking("pjlink", "power-state", host="127.0.0.1", port=port),
    ):
        pass


def test_points_of_one_projector_share_a_talk(projector: PretendProjector) -> None:
    where = host(projector)
    with (
        asking("pjlink", "power-state", **where) as (power, _),
        asking("pjlink", "lamp-hours", **where) as (hours, _),
        asking("pjlink", "self-check", **where) as (check, _),
    ):
        before = projector.talks
        threads = [threading.Thread(target=driver.sample) for driver in (power, hours, check)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert projector.talks == before + 1
