"""Settings are checked strictly, and every mistake is told with its place and remedy."""

import math
from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest

from devices.checking import Limits, check


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


@dataclass(frozen=True, slots=True)
class Lamp:
    colour: Colour
    watts: Annotated[float, Limits(gt=0, le=100)] = 5.0


@dataclass(frozen=True, slots=True)
class Room:
    id: Annotated[str, Limits(pattern=r"^[a-z0-9-]+$", max_length=8)]
    lamps: Annotated[tuple[Lamp, ...], Limits(min_length=1)]
    floor: int = 1
    open: bool = True
    side: Literal["north", "south"] = "north"
    corner: tuple[float, float] = (0.0, 0.0)
    built: date | None = None
    bell: time = time(8)
    named: dict[Annotated[str, Limits(pattern="^[a-z]+$")], float] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)


GOOD: dict[str, Any] = {"id": "r-1", "lamps": [{"colour": "red"}]}


def told(**changed: Any) -> list[str]:
    value, mistakes = check(Room, GOOD | changed)
    assert (value is None) == bool(mistakes)
    return [f"{'.'.join(map(str, m.loc))}: {m.what} — {m.remedy}" for m in mistakes]


def test_what_is_right_becomes_the_struct() -> None:
    room, mistakes = check(
        Room,
        GOOD
        | {
            "lamps": [{"colour": "green", "watts": 7}], "side": "south", "corner": [1, 2.5],
            "built": "2020-08-01", "bell": time(7, 30), "named": {"a": 1}, "more": {"x": [1]},
        },
    )  # fmt: skip
    assert mistakes == []
    assert room == Room(
        "r-1", (Lamp(Colour.GREEN, 7.0),), side="south", corner=(1.0, 2.5), bell=time(7, 30),
        built=date(2020, 8, 1), named={"a": 1.0}, more={"x": [1]},
    )  # fmt: skip
    assert type(room.lamps[0].watts) is float
    assert check(Room, GOOD | {"built": None})[0] == check(Room, GOOD)[0]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"floor": True}, "floor: is not a whole number — it is True now"),
        ({"floor": 1.0}, "floor: is not a whole number — it is 1.0 now"),
        ({"open": 1}, "open: is not true or false — it is 1 now"),
        ({"id": 5}, "id: is not a text — it is 5 now"),
        ({"id": "r-1\n"}, "id: 'r-1\\n' does not have the form ^[a-z0-9-]+$ — use that form"),
        ({"id": "r-1234567"}, "id: must be of a length of at most 8 — it is 'r-1234567' now"),
        ({"lamps": []}, "lamps: must be of a length of at least 1 — it is () now"),
        ({"lamps": {}}, "lamps: is not a list — it is {} now"),
        ({"lamps": [{"colour": "rde"}]}, "lamps.0.colour: 'rde' is not known — did you mean red?"),
        ({"lamps": [{}]}, "lamps.0.colour: is missing — add colour = …"),
        ({"lamps": ["red"]}, "lamps.0: is not a table — it is 'red' now"),
        ({"side": "west"}, "side: 'west' is not known — use 'north', 'south'"),
        ({"corner": [1]}, "corner: is not a list of 2 — it is [1] now"),
        ({"flor": 2}, "flor: is not a setting — did you mean floor?"),
        ({"named": {"A": 1}}, "named.A.[key]: 'A' does not have the form ^[a-z]+$ — use that form"),
        ({"named": {"a": "1"}}, "named.a: is not a number — it is '1' now"),
        ({"bell": "7:30"}, "bell: is not a time such as 07:30 — it is '7:30' now"),
        ({"bell": "24:30"}, "bell: is not a time such as 07:30 — it is '24:30' now"),
        (
            {"id": date(2020, 1, 2)},
            "id: is not a text — it is the date or time 2020-01-02 now: put it in quotes where a "
            "text is meant",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_remedy(
    changed: dict[str, Any], said: str
) -> None:
    assert told(**changed) == [said]


@pytest.mark.parametrize("value", [0, -1, 100.5, math.nan, math.inf, True, "5"])
def test_a_number_outside_its_bounds_or_no_number_is_refused(value: Any) -> None:
    assert len(told(lamps=[{"colour": "red", "watts": value}])) == 1


def test_all_mistakes_are_told_at_once() -> None:
    assert len(told(id="A", lamps=[{}, {"colour": 1}], floor="x", extra=1)) == 5


def test_a_limit_between_two_whole_numbers_holds_for_whole_numbers() -> None:
    @dataclass(frozen=True)
    class Half:
        n: Annotated[int, Limits(ge=0.5)]

    assert check(Half, {"n": 1})[0] == Half(1)
    assert check(Half, {"n": 0})[1]


def test_a_type_that_no_setting_can_have_is_an_error_of_the_programmer() -> None:
    @dataclass(frozen=True)
    class Odd:
        when: complex

    with pytest.raises(TypeError, match="no setting can be"):
        check(Odd, {"when": 1})


def test_what_a_struct_itself_refuses_is_a_mistake_of_its_table() -> None:
    @dataclass(frozen=True)
    class Even:
        n: int

        def __post_init__(self) -> None:
            if self.n % 2:
                raise ValueError("must be even")

    @dataclass(frozen=True)
    class Outer:
        even: Even

    (mistake,) = check(Outer, {"even": {"n": 3}})[1]
    assert (mistake.loc, mistake.what) == (("even",), "must be even")
