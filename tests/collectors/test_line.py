"""Line protocol, held against InfluxData's own corpus and the traps of our own names."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from collectors.store.line import TAGS, Encoder, detail_field, detail_key, encode_point
from devices.catalog import Site
from devices.model import NodeId, Origin, PointId, Quality, Reading, Value

CORPUS = Path(__file__).parents[3] / "shared" / "data" / "line_protocol" / "encode.json"
AT = datetime(2026, 11, 24, tzinfo=UTC)


def corpus() -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
    for case in json.loads(CORPUS.read_text("utf-8")).values():
        yield case["input"]["point"], case["output"]


def as_floats(line: str) -> str:
    """The corpus' line as we write it: every number is a float, in Python's form."""
    number = r"=(-?[0-9.]+(?:e[-+]?[0-9]+)?)i?(?=[, ])"
    return re.sub(number, lambda found: f"={float(found[1])!r}", line)


def fields(point: dict[str, Any]) -> Iterator[tuple[str, Value]]:
    for given in point["fields"]:
        ((type, value),) = given["value"].items()
        yield given["key"], float(value) if type in ("float", "int") else value


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus lies beside the project")
def test_every_point_of_the_corpus_is_written_as_its_authors_do() -> None:
    different = []
    for point, expected in corpus():
        tags = [(tag["key"], tag["value"]) for tag in point["tags"]]
        try:
            line = encode_point(point["name"], tags, fields(point), point["time"])
        except ValueError:
            assert "error" in expected, point
            continue
        if line != as_floats(expected.get("result", "")):
            different.append((line, expected))
    # A line break in a text stays one: InfluxDB gives the corpus' `\\n` back as two characters.
    ((line, expected),) = different
    assert line.replace("\n", "\\n") == as_floats(expected["result"])


def reading(point: str, value: Value, **detail: Value) -> Reading:
    origin = Origin(NodeId("elsewhere"), "b", 7)
    return Reading(PointId(point), AT, value, origin, Quality.GOOD, detail)


def test_a_reading_is_one_line_of_the_contract(site: Site) -> None:
    line = Encoder(site).line(reading("gate-east/access", "denied", card="h:1", tries=3, held=True))
    assert line == (
        "access,building=grounds,campus=test,node=gate-east-pi,point=gate-east/access,"
        'room=gate-east text="denied",quality="good",card="h:1",tries=3.0,held=true 1795478400000'
    )


def test_the_same_reading_by_another_node_is_the_same_row(site: Site) -> None:
    encoder = Encoder(site)
    one = reading("class-1/power", 80)
    other = Reading(one.point, one.at, 80.0, Origin(NodeId("spare-pi"), "x", 1))
    assert encoder.line(one) == encoder.line(other)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_no_line(site: Site, value: float) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        Encoder(site).line(reading("class-1/power", value))


def test_a_point_outside_the_site_is_no_line(site: Site) -> None:
    with pytest.raises(ValueError, match="unknown point 'no/such'"):
        Encoder(site).line(reading("no/such", 1.0))


def test_a_detail_that_is_called_as_a_tag_is_kept_apart_and_comes_back() -> None:
    names = [*TAGS, "node_", "node__", "card", "nodes", "_node"]
    kept = [detail_field(name) for name in names]
    assert not set(kept) & set(TAGS)
    assert len(set(kept)) == len(names)
    assert [detail_key(name) for name in kept] == names
