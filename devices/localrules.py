"""Local rules of the site file: what a node does by itself, whether or not a server is there."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from devices.catalog_ids import Id, PointPath
from devices.checking import Limits

PANIC_KINDS = ("panic", "water-leak")
DOOR_KINDS = ("gate", "contact")
GRANT_KINDS = ("access", "exit-button")
OUTPUT_KINDS = ("beacon", "siren")


@dataclass(frozen=True, slots=True)
class LocalRule:
    """`panic`: `point` alarms. `forced`: `point` opens and none of `grants` was heard within
    `within_s` seconds before. Then `outputs` go on, until a button of `acknowledge` is pressed,
    the engine takes over, or `for_s` seconds have passed.
    """

    id: Id
    when: Literal["panic", "forced"]
    point: PointPath
    outputs: Annotated[tuple[PointPath, ...], Limits(min_length=1)]
    grants: tuple[PointPath, ...] = ()
    acknowledge: tuple[PointPath, ...] = ()
    within_s: Annotated[float, Limits(gt=0, le=60)] = 5.0
    """The safety plan's figure for a forced door (our own default, no regulation)."""
    for_s: Annotated[float, Limits(ge=5, le=3600)] = 300.0


_Place = tuple[str, str]
"""Kind and node of a point."""


def mistakes(
    rules: Iterable[LocalRule], points: Mapping[str, _Place]
) -> Iterator[tuple[str, str, str]]:
    """(where, what, remedy) of each; `points` are all of the site, by id."""
    for rule in rules:
        here = f'local "{rule.id}"'
        alarming = PANIC_KINDS if rule.when == "panic" else DOOR_KINDS
        node = points[rule.point][1] if rule.point in points else None
        for setting, named, kinds in (
            ("point", (rule.point,), alarming),
            ("outputs", rule.outputs, OUTPUT_KINDS),
            ("grants", rule.grants, GRANT_KINDS),
            ("acknowledge", rule.acknowledge, ("acknowledge-button",)),
        ):
            for point in named:
                yield from _wrong(f"{here}.{setting}", point, kinds, node, points)
        if rule.when == "forced" and not rule.grants:
            yield (f"{here}.grants", "are missing, so that every opening would be forced",
                   "name the badge reader and the exit button")  # fmt: skip


def _wrong(
    where: str, point: str, kinds: tuple[str, ...], node: str | None, points: Mapping[str, _Place]
) -> Iterator[tuple[str, str, str]]:
    if point not in points:
        yield (where, f"no point has the id {point!r}", "add that point or mend the id")
        return
    kind, on = points[point]
    if kind not in kinds:
        yield (where, f"{point!r} is of kind {kind}", "name a point of kind " + " or ".join(kinds))
    if node is not None and on != node:
        yield (where, f"{point!r} is on node {on}, and the rule runs on {node}",
               "a node knows its own points alone: wire it to the same node")  # fmt: skip
