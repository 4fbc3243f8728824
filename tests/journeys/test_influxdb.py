"""The same school with a real InfluxDB: readings are there when asked, and the chart is from it."""

import json
import shutil
import time
from collections.abc import Iterator

import pytest

from tests.conftest import EXAMPLE
from tests.support.demo import Running
from tests.support.influxd import Influxd
from tests.support.mqtt_tools import publish
from tests.support.waiting import eventually

FRIDGE = "canteen/fridge-1/temperature"


@pytest.fixture(scope="module")
def influxd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influxd]:
    server = Influxd(tmp_path_factory.mktemp("influxd"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def running(influxd: Influxd, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("school-influx")
    shutil.copy(EXAMPLE / "safety_plan.toml", folder)
    text = (EXAMPLE / "campus.toml").read_text("utf-8")
    address = f'store.url = "{influxd.url}"\nstore.mode = "1.x"'
    site = folder / "campus.toml"
    site.write_text(text.replace('store.url = "sqlite:telemetry.db"', address), "utf-8")
    running = Running(folder / "data", "--demo", "--config", str(site))
    yield running
    running.stop()


def test_a_reading_is_in_influxdb_under_the_tags_of_the_contract(
    running: Running, influxd: Influxd
) -> None:
    at = int(time.time() * 1000)
    batch = {"v": 1, "boot": "by-hand", "seq": 1, "clock": "synced",
             "readings": [[FRIDGE, at, 3.125]]}  # fmt: skip
    publish(running.mqtt_port, "campus/v1/node/canteen-pi/up", json.dumps(batch).encode())
    question = f'SELECT * FROM "temperature" WHERE "point"=\'{FRIDGE}\' AND "value"=3.125'
    (row,) = eventually(lambda: influxd.query("campus", question), within=5)
    assert row["time"] == at
    assert row["quality"] == "good"
    tags = {key: row[key] for key in ("building", "campus", "room", "node")}
    assert tags == {
        "building": "canteen", "campus": "cuiqiao", "room": "kitchen", "node": "canteen-pi",
    }  # fmt: skip
    assert not (running.data / "telemetry.db").exists()


def test_the_charts_figures_are_those_of_influxdb(running: Running, influxd: Influxd) -> None:
    token = running.token()
    eventually(lambda: running.get(f"/api/v1/points/{FRIDGE}", token)["at"])
    chart = running.get(f"/api/v1/series?point={FRIDGE}&buckets=50", token)
    question = f'SELECT max("value"),count("value") FROM "temperature" WHERE "point"=\'{FRIDGE}\''
    (row,) = influxd.query("campus", question)
    assert sum(chart["count"]) > 0
    assert max(chart["max"]) <= row["max"]
