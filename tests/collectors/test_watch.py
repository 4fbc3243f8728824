"""Live readings carry the fault of their sensor; a warm fridge stays a warm fridge."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from collectors.store import Store, open_store
from collectors.watch import Watch
from devices.catalog import Site
from devices.model import (
    Fact,
    NodeId,
    Origin,
    PointId,
    Quality,
    ValueType,
    from_ms,
    reading_of,
    to_ms,
)
from devices.simulation.course import study
from tests.support.sites import small_site

FRIDGE = PointId("canteen/fridge-1/temperature")
START = to_ms(datetime(2021, 3, 1, tzinfo=UTC))
HOUR = 3_600_000


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return small_site(tmp_path)


def fridge(scene: str = "", fault: str = "", seed: int = 1, hours: float = 84) -> list[Fact]:
    """The simulated fridge's readings; from the 72nd hour on something happens for three hours."""
    rows = study("temperature-cold", scene=scene, fault=fault, seed=seed, hours=hours,
                 begins_h=72, lasts_h=3)  # fmt: skip
    return [
        (FRIDGE, row.at, row.value, Quality.GOOD, "canteen-pi", {})
        for row in rows
        if isinstance(row.value, float)
    ]


def graded(watch: Watch, facts: Sequence[Fact]) -> Iterator[tuple[float, Quality]]:
    for fact in facts:
        (told,) = watch.grade_all([fact], fact[1])
        yield (fact[1] - START) / HOUR, told[3]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("scene", ["", "door-open", "defrost", "cold-failure", "power-cut",
                                   "meal-rush"])  # fmt: skip
def test_what_truly_happens_to_a_fridge_is_no_sensor_fault(
    site: Site, scene: str, seed: int
) -> None:
    qualities = {quality for _, quality in graded(Watch(site), fridge(scene, seed=seed))}
    assert qualities == {Quality.GOOD}


@pytest.mark.parametrize("scene", ["", "door-open", "meal-rush"])
def test_a_trembling_sensor_is_flagged_in_every_scene(site: Site, scene: str) -> None:
    found = {q: at for at, q in graded(Watch(site), fridge(scene, "noise"))}
    assert Quality.NOISE in found
    assert {q for at, q in graded(Watch(site), fridge(scene, "noise")) if at < 72} == {Quality.GOOD}


def test_a_stuck_fridge_is_frozen_and_good_again_afterwards(site: Site) -> None:
    found = list(graded(Watch(site), fridge("", "stuck")))
    assert Quality.FROZEN in {q for at, q in found if 74 < at < 75.1}
    assert {q for at, q in found if at > 78} == {Quality.GOOD}


def test_a_jump_between_two_readings_is_no_heat(site: Site) -> None:
    found = list(graded(Watch(site), fridge("", "bias")))
    assert Quality.JUMP in {q for at, q in found if 72 <= at < 73}
    assert {q for at, q in found if at < 72} == {Quality.GOOD}


def test_after_a_restart_the_habits_are_learned_again_from_the_store(
    site: Site, tmp_path: Path
) -> None:
    facts = fridge("", "noise")
    store: Store = open_store(site, tmp_path)
    try:
        before = [fact for fact in facts if fact[1] < START + 72 * HOUR]
        origin = Origin(NodeId("canteen-pi"), "boot", 1)
        store.write([reading_of(fact, origin) for fact in before])
        watch = Watch(site)
        watch.recall(store, from_ms(START + 72 * HOUR))
    finally:
        store.close()
    found = list(graded(watch, [fact for fact in facts if fact[1] >= START + 72 * HOUR]))
    assert Quality.NOISE in {q for at, q in found if at < 75}


def test_late_and_repeated_readings_teach_nothing(site: Site) -> None:
    random = Random(1)
    facts = fridge(hours=30)
    watch, again = Watch(site), Watch(site)
    plain = [q for _, q in graded(watch, facts)]
    for fact in facts:
        again.grade_all([fact], fact[1])
        again.grade_all([fact], fact[1])
        late = (fact[0], fact[1] - random.randrange(HOUR, 5 * HOUR), 9.0, *fact[3:])
        assert again.grade_all([late], fact[1])[0][3] is Quality.GOOD
    assert set(plain) == {Quality.GOOD}


def test_a_reading_is_graded_whatever_its_kind(site: Site) -> None:
    watch = Watch(site)
    for point in site.points:
        kind = site.kinds[PointId(point)]
        value = 20.0 if kind.value_type is ValueType.NUMBER else "open"
        fact = (PointId(point), START, value, Quality.GOOD, "canteen-pi", {})
        assert watch.grade_all([fact], START)[0][0] == point
