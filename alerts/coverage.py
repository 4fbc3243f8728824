"""Coverage: for each of the ten areas what is watched live, inspected by people, or not at all."""

from dataclasses import dataclass

from alerts.plan import Plan
from alerts.plan_file import Inspection
from alerts.plan_words import Area
from alerts.rule import Rule

AREA_NAMES = {
    Area.FIRE: ("消防", "fire"),
    Area.FOOD: ("食品", "food"),
    Area.FACILITY: ("设施", "facilities"),
    Area.PROPERTY: ("财产", "property"),
    Area.PERSON: ("人身", "persons"),
    Area.MONEY: ("资金", "funds"),
    Area.TRAFFIC: ("交通", "traffic"),
    Area.LAB: ("实验室", "laboratory"),
    Area.NETWORK: ("网络", "network"),
    Area.DORMITORY: ("宿舍", "dormitory"),
}


@dataclass(frozen=True, slots=True)
class Cover:
    """One area of the plan on this site; `idle` rules find nothing here that they could watch."""

    area: Area
    live: tuple[Rule, ...]
    points: int
    idle: tuple[Rule, ...]
    inspections: tuple[Inspection, ...]

    @property
    def how(self) -> str:
        """live, inspection or nothing."""
        return "live" if self.live else "inspection" if self.inspections else "nothing"


def coverage(plan: Plan) -> list[Cover]:
    """Every area, in the plan's order of the ten."""
    found = []
    for area in Area:
        rules = [rule for rule in plan.rules if rule.file.area is area]
        live = tuple(rule for rule in rules if plan.keys(rule))
        idle = tuple(rule for rule in rules if not plan.keys(rule))
        watched = {key for rule in live for key in plan.keys(rule)}
        rounds = tuple(each for each in plan.file.inspection if each.area is area)
        found.append(Cover(area, live, len(watched), idle, rounds))
    return found
