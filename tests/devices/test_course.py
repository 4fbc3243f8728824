"""Simulated courses: physics that make sense, scenes that are true, faults that are labelled."""

import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from devices.kinds import KINDS
from devices.model import to_ms
from devices.simulation.course import Course, Row, study
from devices.simulation.failing import drawn_faults
from devices.simulation.schools import made_up_school
from devices.simulation.script import FaultName, SceneName, Script, Span

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2021, 3, 1, tzinfo=SHANGHAI)
HOUR = 3_600_000


def numbers(rows: list[Row]) -> list[float]:
    return [row.value for row in rows if isinstance(row.value, float)]


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def between(rows: list[Row], first_h: float, last_h: float) -> list[Row]:
    """The rows of some hours after Monday's midnight."""
    start = to_ms(MONDAY)
    return [row for row in rows if start + first_h * HOUR <= row.at < start + last_h * HOUR]


def monday(kind: str, scene: str = "", fault: str = "", **more: float) -> list[Row]:
    return list(study(kind, scene=scene, fault=fault, start=MONDAY, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_stays_within_what_is_plausible_and_says_only_its_words(kind: str) -> None:
    known = KINDS[kind]
    rows = monday(kind)
    if known.period:
        assert len(rows) >= 86400 / known.period
    for row in rows:
        assert row.fault == ""
        if isinstance(row.value, float):
            assert known.low is None or known.low <= row.value
            assert known.high is None or row.value <= known.high
            assert row.value not in known.error_values
        else:
            assert not known.values or row.value in known.values


@pytest.mark.parametrize("kind", ["temperature-cold", "co2", "gate", "access", "power"])
def test_the_same_seed_gives_the_same_values_and_another_seed_others(kind: str) -> None:
    assert monday(kind, seed=7) == monday(kind, seed=7)
    assert monday(kind, seed=7) != monday(kind, seed=8)


def test_a_point_does_not_depend_on_which_others_are_asked_for() -> None:
    site = made_up_school(2, 15, SHANGHAI)
    day = timedelta(hours=6)
    wanted = "sim-01/fridge-1/temperature"
    alone = list(Course(site, MONDAY, day, 3, only=frozenset({wanted})).rows())
    together = [row for row in Course(site, MONDAY, day, 3).rows() if row.point == wanted]
    assert alone == together


def test_values_come_in_the_order_of_time() -> None:
    rows = list(Course(made_up_school(5, 12, SHANGHAI), MONDAY, timedelta(hours=9), 1).rows())
    assert [row.at for row in rows] == sorted(row.at for row in rows)


def test_a_fridge_cycles_by_its_compressor() -> None:
    values = numbers(between(monday("temperature-cold"), 0, 5))
    turns = sum(
        (b - a) * (c - b) < 0
        for a, b, c in zip(values[::5], values[5::5], values[10::5], strict=False)
    )
    assert turns >= 6
    assert 1.5 < min(values) < max(values) < 6.5


def test_a_freezer_defrosts_by_itself() -> None:
    values = numbers(monday("temperature-frozen"))
    assert max(values) > -15 and mean(values) < -18


def test_a_full_classroom_fills_with_carbon_dioxide_and_empties_at_night() -> None:
    rows = monday("co2")
    assert max(numbers(between(rows, 8.3, 12))) > 1000
    assert max(numbers(between(rows, 2, 6))) < 500


def test_an_aired_classroom_in_winter_gets_cold_and_fresh() -> None:
    winter = datetime(2021, 1, 11, tzinfo=SHANGHAI)

    def lesson(kind: str, scene: str) -> list[float]:
        rows = study(kind, scene=scene, start=winter, hours=12, begins_h=10.4, lasts_h=0.5)
        first, last = to_ms(winter) + round(10.6 * HOUR), to_ms(winter) + round(10.9 * HOUR)
        return numbers([row for row in rows if first <= row.at < last])

    assert mean(lesson("temperature-room", "airing")) < mean(lesson("temperature-room", "")) - 2
    assert mean(lesson("co2", "airing")) < mean(lesson("co2", "")) - 150


def test_a_room_without_heating_gets_cold() -> None:
    failed = monday("temperature-room", "heating-failure", begins_h=6, lasts_h=10)
    assert mean(numbers(between(failed, 12, 16))) < mean(
        numbers(between(monday("temperature-room"), 12, 16))
    )


@pytest.mark.parametrize(
    ("kind", "scene", "hours", "least"),
    [
        ("temperature-cold", "door-open", 1.0, 9.0),
        ("temperature-cold", "cold-failure", 4.0, 12.0),
        ("temperature-cold", "power-cut", 3.0, 8.0),
        ("temperature-rack", "power-cut", 2.0, 32.0),
        ("temperature-cold", "defrost", 0.6, 5.9),
        ("gas", "gas-leak", 0.5, 5000.0),
    ],
)
def test_what_a_scene_warms_or_raises(kind: str, scene: str, hours: float, least: float) -> None:
    rows = monday(kind, scene, begins_h=3, lasts_h=hours)
    assert max(numbers(between(rows, 3, 3 + hours))) >= least
    assert max(numbers(between(rows, 0, 3))) < least
    assert all(row.fault == "" for row in rows)


def test_a_meal_rush_warms_a_fridge_and_cools_the_hot_holding() -> None:
    def warmest(scene: str) -> float:
        """The mean of five fridges."""
        days = (
            monday("temperature-cold", scene, begins_h=11, lasts_h=1.5, seed=n) for n in range(5)
        )
        return mean([max(numbers(between(rows, 11.2, 12.5))) for rows in days])

    assert warmest("meal-rush") > warmest("") + 0.7
    calm, hurried = (
        min(numbers(between(monday("temperature-hot", s, begins_h=11, lasts_h=1.5), 11.5, 12.5)))
        for s in ("", "meal-rush")
    )
    assert hurried < calm


def test_a_power_cut_puts_the_ups_on_battery_and_empties_it() -> None:
    words = [row.value for row in monday("ups", "power-cut", begins_h=2, lasts_h=1)]
    assert Counter(words)["battery"] == 60
    charge = numbers(monday("battery-charge", "power-cut", begins_h=2, lasts_h=1))
    assert charge[0] == 100 and 25 < min(charge) < 45 and charge[-1] == 100


def test_a_disinfection_cycle_holds_120_degrees_for_a_quarter_of_an_hour_unless_cut() -> None:
    hot = [row for row in monday("temperature-disinfection") if float(row.value) > 120]
    assert hot[-1].at - hot[0].at >= 15 * 60_000
    cut = monday("temperature-disinfection", "cycle-cut", begins_h=9.2, lasts_h=2)
    assert sum(float(row.value) > 120 for row in cut) * 10 < 15 * 60


def test_a_door_contact_tells_of_every_opening_that_warms_its_fridge() -> None:
    site = made_up_school(1, 2, SHANGHAI)
    rows = list(Course(site, MONDAY, timedelta(hours=12), 1).rows())
    doors = [row for row in rows if row.point.endswith("door")]
    opened = [now for was, now in itertools.pairwise(doors) if was.value != now.value]
    assert len(opened) >= 40
    held = Script(scenes=(Span("door-open", "sim-01/fridge-1/*", to_ms(MONDAY), to_ms(MONDAY)),))
    assert list(Course(site, MONDAY, timedelta(hours=12), 1, held).rows()) == rows


def test_pupils_stream_through_the_gate_in_the_morning_and_nobody_at_night() -> None:
    cards = monday("access")
    assert len(between(cards, 7.5, 8.2)) > 300
    assert not between(cards, 0, 6)
    assert {row.value for row in cards} >= {"granted"}
    assert all(str(row.detail["card"]).startswith("h:") for row in cards)
    gate = {row.value for row in between(monday("gate"), 7.6, 8.1)}
    assert gate == {"open"}


# --- sensor faults -----------------------------------------------------------------------------


def test_what_has_no_fault_is_the_same_with_and_without_one() -> None:
    clean = {row.at: row.value for row in monday("temperature-cold")}
    for row in monday("temperature-cold", fault="bias", begins_h=5, lasts_h=3):
        assert (row.fault == "") == (row.value == clean[row.at])


@pytest.mark.parametrize("fault", ["stuck", "drift", "noise", "bias", "cut-wire", "spike"])
def test_a_faulty_time_is_labelled_and_off(fault: str) -> None:
    rows = monday("temperature-cold", fault=fault, begins_h=6, lasts_h=6)
    clean = {row.at: row.value for row in monday("temperature-cold")}
    wrong = [row for row in rows if row.fault]
    assert {row.fault for row in wrong} == {fault}
    assert between(wrong, 6, 12) == wrong
    assert len(wrong) > (300 if fault != "spike" else 40)
    assert max(abs(float(row.value) - float(clean[row.at])) for row in wrong) > 0.5


def test_a_stuck_sensor_repeats_its_last_value() -> None:
    wrong = [row.value for row in monday("temperature-cold", fault="stuck") if row.fault]
    assert len(set(wrong)) == 1


def test_a_drift_grows_by_its_size_each_hour() -> None:
    clean = {row.at: float(row.value) for row in monday("temperature-room")}
    rows = [r for r in monday("temperature-room", fault="drift", size=2.0, lasts_h=4) if r.fault]
    assert float(rows[-1].value) - clean[rows[-1].at] == pytest.approx(8.0, abs=0.1)


def test_a_dropout_leaves_a_hole() -> None:
    rows = monday("temperature-cold", fault="dropout", begins_h=6, lasts_h=2)
    assert not between(rows, 6, 8)
    half = monday("temperature-cold", fault="dropout", begins_h=6, lasts_h=2, size=0.5)
    assert 30 < len(between(half, 6, 8)) < 90


def test_a_node_without_power_is_silent_and_comes_back_with_the_power_on_value() -> None:
    rows = monday("temperature-cold", fault="power-cut", begins_h=6, lasts_h=2)
    assert not between(rows, 6, 8)
    first = between(rows, 8, 9)[0]
    assert (first.value, first.fault) == (85.0, "power-cut")
    assert {row.fault for row in between(rows, 8, 24)[1:]} == {""}


def test_a_clock_that_jumps_stamps_wrongly() -> None:
    rows = monday("temperature-cold", fault="clock-jump", begins_h=6, lasts_h=1, size=7200)
    wrong = [row for row in rows if row.fault]
    assert len(wrong) == 60
    assert between(wrong, 8, 9) == wrong


def test_a_bouncing_contact_chatters_within_milliseconds() -> None:
    rows = monday("contact", fault="bouncing", begins_h=8, lasts_h=4)
    wrong = [row for row in rows if row.fault]
    assert len(wrong) > 100
    gaps = [b.at - a.at for a, b in itertools.pairwise(wrong)]
    assert sum(1 <= gap <= 20 for gap in gaps) > len(gaps) * 0.85


@pytest.mark.parametrize(
    ("kind", "word"), [("gate", "open"), ("water-leak", "wet"), ("panic", "pressed")]
)
def test_a_cut_loop_says_the_alarming_word(kind: str, word: str) -> None:
    cut = [row.value for row in monday(kind, fault="cut-wire", begins_h=2, lasts_h=1) if row.fault]
    assert set(cut) == {word}


def test_faults_by_lot_fit_their_kinds_and_are_drawn_by_the_seed() -> None:
    points = [("a/temperature", KINDS["temperature-room"]), ("a/door", KINDS["contact"])]
    begins, ends = to_ms(MONDAY), to_ms(MONDAY) + 60 * 24 * HOUR
    spans = drawn_faults(points, begins, ends, 0.5, 4)
    assert spans == drawn_faults(points, begins, ends, 0.5, 4)
    assert 30 < len(spans) < 90
    assert not any(s.name == "drift" for s in spans if s.at == "a/door")
    assert {span.name for span in spans} <= set(FaultName)


def test_the_module_and_the_document_name_every_scene_and_fault() -> None:
    with open("docs/simulator.md", encoding="utf-8") as file:
        written = file.read()
    for name in (*SceneName, *FaultName):
        assert f"| `{name}` |" in written


def test_a_wrong_name_is_refused() -> None:
    with pytest.raises(ValueError, match="earthquake"):
        study("gate", scene="earthquake", start=datetime(2021, 3, 1, tzinfo=UTC))
