"""How values, times and pictures are put before people."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask_babel import Babel

from alerts.model import Severity
from alerts.plan import Limit
from collectors.store import Bucket
from dashboard.conditions import State, alert_state, worst
from dashboard.present import (
    age_text,
    day_text,
    listed,
    span_text,
    time_text,
    unit_text,
    value_text,
)
from dashboard.sparkline import HEIGHT, sparkline
from devices.kinds import KINDS

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def chinese() -> object:
    app = Flask("words")
    app.config["BABEL_DEFAULT_LOCALE"] = "zh_Hans_CN"
    Babel(app)
    with app.test_request_context():
        yield


def test_values_are_short_and_have_a_real_minus() -> None:
    cold, power, gate = KINDS["temperature-frozen"], KINDS["power"], KINDS["gate"]
    assert value_text(cold, -17.9375) == "−17.9"
    assert value_text(power, 142.6) == "143"
    assert value_text(gate, "open") == "打开"
    assert value_text(KINDS["access"], "<b>") == "<b>"
    assert value_text(cold, None) == "—"
    assert (unit_text(cold, "zh"), unit_text(cold, "en")) == ("℃", "°C")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "刚刚"), (59, "59 秒前"), (60, "1 分钟前"), (3599, "59 分钟前"), (7200, "2 小时前"),
     (3 * 86400, "3 天前"), (-3600, "时钟偏快")],
)  # fmt: skip
def test_ages_are_in_one_unit(seconds: float, words: str) -> None:
    assert age_text(seconds) == words


def test_times_are_local_and_name_the_day_only_when_it_is_another() -> None:
    assert time_text(NOW, NOW, ZONE) == "10:00"
    assert time_text(NOW - timedelta(days=1), NOW, ZONE) == "11月23日 10:00"
    assert time_text(NOW - timedelta(days=365), NOW, ZONE) == "2025-11-24 10:00"
    assert day_text(NOW, ZONE) == "11月24日 周二"
    assert span_text(28 * 60) == "28 分钟"
    assert listed(["甲", "乙", "丙", "丁"]) == "甲、乙、丙 等 4 处"


def test_the_worst_state_counts_and_a_returned_alert_has_no_colour() -> None:
    assert worst([State.NORMAL, State.NO_DATA, State.WARNING]) is State.WARNING
    assert worst([]) is State.NORMAL
    assert alert_state({"severity": "critical", "state": "returned", "active": False}) is None
    assert alert_state({"severity": "critical", "state": "shelved"}) is State.SHELVED
    assert alert_state({"severity": "odd", "active": True}) is State.WARNING


def buckets(*minutes: int) -> list[Bucket]:
    return [Bucket(NOW + timedelta(minutes=m), 3.0, 4.0, 5.0, 9) for m in minutes]


def test_a_gap_in_the_data_is_a_gap_in_the_line() -> None:
    end = NOW + timedelta(hours=1)
    whole = sparkline(buckets(*range(60)), NOW, end, 60, ())
    broken = sparkline(buckets(*range(20), *range(40, 60)), NOW, end, 60, ())
    assert whole is not None and whole.line.count("M") == 1
    assert broken is not None and broken.line.count("M") == 2
    assert sparkline([], NOW, end, 60, ()) is None


def test_the_limit_is_drawn_and_what_lies_beyond_it_is_marked() -> None:
    limit = Limit(8.0, "above", Severity.WARNING, "FOOD-01", "", "", "°C")
    spark = sparkline(buckets(*range(60)), NOW, NOW + timedelta(hours=1), 60, (limit,))
    assert spark is not None
    assert spark.limits[0] < HEIGHT / 2
    assert spark.bad[0][0] == 0.0
