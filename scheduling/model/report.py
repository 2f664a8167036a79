"""What the check of a plan found: broken hard rules and the cost of soft ones, each with its who, where and when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum


class HardRule(StrEnum):
    """Rules that a plan must not break without a named override."""

    GENDER_MIX = "gender_mix"
    INCOMPATIBLE_ROOM = "incompatible_room"
    INCOMPATIBLE_THEATRE = "incompatible_theatre"
    SURGEON_OVERTIME = "surgeon_overtime"
    THEATRE_OVERTIME = "theatre_overtime"
    MANDATORY_UNSCHEDULED = "mandatory_unscheduled"
    ADMISSION_DAY = "admission_day"
    ROOM_CAPACITY = "room_capacity"
    INTENSIVE_CARE = "intensive_care"
    NURSE_PRESENCE = "nurse_presence"
    UNCOVERED_ROOM = "uncovered_room"
    TWO_NURSES = "two_nurses"
    NURSE_ROOMS = "nurse_rooms"
    TWO_STAYS = "two_stays"
    THEATRE_MISSING = "theatre_missing"
    PIN = "pin"
    UNKNOWN = "unknown"


class SoftRule(StrEnum):
    """Rules whose breach has a price."""

    MIXED_AGE = "mixed_age"
    NURSE_SKILL = "nurse_skill"
    CONTINUITY = "continuity"
    EXCESS_WORKLOAD = "excess_workload"
    OPEN_THEATRE = "open_theatre"
    SURGEON_TRANSFER = "surgeon_transfer"
    DELAY = "delay"
    UNSCHEDULED = "unscheduled"
    CHANGE = "change"


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Who, where and when something was found; empty and -1 mean that it does not apply.

    Parameters
    ----------
    patient, room, theatre, surgeon, nurse : str
        Ids.
    day, shift : int
        When.
    """

    patient: str = ""
    room: str = ""
    theatre: str = ""
    surgeon: str = ""
    nurse: str = ""
    day: int = -1
    shift: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One broken hard rule.

    Parameters
    ----------
    rule : HardRule
        Which.
    amount : int
        How far: people, minutes, or 1.
    where : Where
        Who, where and when.
    """

    rule: HardRule
    amount: int
    where: Where


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The price of one breach of a soft rule.

    Parameters
    ----------
    rule : SoftRule
        Which.
    quantity : int
        Units of the breach, above 0.
    cost : int
        Quantity times the rule's weight.
    where : Where
        Who, where and when.
    """

    rule: SoftRule
    quantity: int
    cost: int
    where: Where


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that the check of one plan found.

    Parameters
    ----------
    violations : tuple[Violation, ...]
        Broken hard rules.
    costs : tuple[Cost, ...]
        Breaches of soft rules.
    """

    violations: tuple[Violation, ...] = ()
    costs: tuple[Cost, ...] = ()
    cost: int = field(init=False)

    def __post_init__(self) -> None:
        """Add the costs up."""
        object.__setattr__(self, "cost", sum(found.cost for found in self.costs))

    @property
    def is_valid(self) -> bool:
        """Whether no hard rule is broken."""
        return not self.violations

    def cost_by_rule(self) -> dict[SoftRule, int]:
        """Give the cost of every soft rule, 0 included."""
        return {rule: sum(found.cost for found in self.costs if found.rule is rule) for rule in SoftRule}

    def violations_by_rule(self) -> dict[HardRule, int]:
        """Give the amount by broken hard rule."""
        found: dict[HardRule, int] = {}
        for violation in self.violations:
            found[violation.rule] = found.get(violation.rule, 0) + violation.amount
        return found

    def cost_by(self, key: Callable[[Where], str]) -> dict[str, int]:
        """Give the cost by anything about its place, the dearest first.

        Parameters
        ----------
        key : Callable[[Where], str]
            Gives the group of a place, such as ``lambda where: where.patient``; costs with an empty group are left out.
        """
        found: dict[str, int] = {}
        for cost in self.costs:
            group = key(cost.where)
            if group:
                found[group] = found.get(group, 0) + cost.cost
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))
