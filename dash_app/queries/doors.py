"""Doors of an access control system: who may enter which zone, and who was refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from dash_app.queries.port import HospitalPort
from twin.errors import Unavailable
from twin.events.watch import AccessOutcome
from twin.state.live import LiveState

SERVICE = "entrances"


class RuleView(Protocol):
    """Who may enter a zone; ``server.alarms.entrances.AccessRule`` meets it."""

    id: str
    place: str
    roles: tuple[str, ...]
    departments: tuple[str, ...]


class SeenView(Protocol):
    """One access as it was judged; ``server.alarms.entrances.Seen`` meets it."""

    @property
    def at(self) -> int:
        """When, UTC microseconds."""

    @property
    def staff(self) -> str:
        """Who."""

    @property
    def door(self) -> str:
        """Id of the place behind the door."""

    @property
    def outcome(self) -> AccessOutcome:
        """What the door did."""

    @property
    def finding(self) -> str:
        """What is wrong with it; empty if nothing is."""


@runtime_checkable
class Doors(Protocol):
    """Holds the rules; ``server.alarms.entrances.Entrances`` meets it."""

    def rules(self) -> Sequence[RuleView]:
        """Give the rules in force, by place."""

    def refused(self) -> Sequence[SeenView]:
        """Give the last refusals and breaches, the latest first."""


def doors_of(port: HospitalPort) -> Doors:
    """Give the doors that are watched over.

    Raises
    ------
    Unavailable
        If none is in this process.
    """
    held = port.services.get(SERVICE)
    if not isinstance(held, Doors):
        raise Unavailable("No doors are watched over in this process: use `hospital-twin serve`.")
    return held


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Zones by roles.

    Parameters
    ----------
    roles : tuple[str, ...]
        Profession codes: of the staff, and of the rules.
    rules : tuple[RuleView, ...]
        One zone each; every other zone is open to all.
    """

    roles: tuple[str, ...]
    rules: tuple[RuleView, ...]


def matrix(port: HospitalPort) -> Matrix:
    """Give which roles may enter which zones."""
    rules = tuple(doors_of(port).rules())
    named = {role for rule in rules for role in rule.roles}
    return Matrix(roles=tuple(sorted(named | set(roles_of(port.state())))), rules=rules)


def roles_of(state: LiveState) -> list[str]:
    """Give the professions of the staff, by code."""
    return sorted({member.role for member in tuple(state.staff.values()) if member.role})


def departments_of(state: LiveState) -> list[str]:
    """Give the departments of the staff, by code."""
    return sorted({member.department for member in tuple(state.staff.values()) if member.department})


def label_of(state: LiveState, staff: str) -> str:
    """Give what boards call a member of staff; the number of the badge if nobody is known by it."""
    member = state.staff.get(staff)
    return (member.label if member is not None else "") or staff
