"""What a procedure needs: a kit of items to be opened and items to be held ready, and the cart that brings it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

EVERYWHERE = "*"
"""Stands for all theatres: no place has such an id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KitLine:
    """One item of a kit.

    Parameters
    ----------
    item : str
        What.
    opened, held : int
        Base units that are opened at once, and those held ready unopened; together at least 1.
    """

    item: str
    opened: int = 0
    held: int = 0

    @property
    def quantity(self) -> int:
        """Base units that are brought."""
        return self.opened + self.held


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """A preference card: what a procedure, or a surgeon for it, needs.

    Parameters
    ----------
    id, name : str
        Its id and what screens call it.
    procedure : str
        Code of the procedure; empty for none.
    surgeon : str
        Whose own card it is; empty for everybody's.
    emergency_at : str
        Theatre whose emergencies get this kit while their procedure is not known; :data:`EVERYWHERE` for all theatres,
        empty if it is no emergency pack.
    lines : tuple[KitLine, ...]
        At least one, each item once.
    """

    id: str
    name: str
    procedure: str = ""
    surgeon: str = ""
    emergency_at: str = ""
    lines: tuple[KitLine, ...] = ()


class CartState(StrEnum):
    """How far a case cart is; one that was proposed by a plan has no tasks until it is asked for."""

    PROPOSED = "proposed"
    ASKED = "asked"
    CLOSED = "closed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCart:
    """The goods of a kit that are brought to a place for one case.

    Parameters
    ----------
    id, kit, place : str
        Its id, which kit, and where it is brought.
    encounter : str
        Pseudonym of the patient's encounter; empty if not told.
    due_at : int
        When all has to be there, UTC microseconds.
    state : CartState
        How far it is.
    asked_by : str
        Who asked for it; empty while it is only proposed.
    asked_at, closed_at : int
        UTC microseconds; 0 while it is not asked for, and while it is open.
    plan : str
        Id of the published plan that proposed it, or ``emergency``; empty if a person asked for it.
    operation_at : int
        When the operation begins, UTC microseconds; 0 if nobody said.
    reason : str
        Code of why it was given up.
    closed_by : str
        Who closed it or gave it up.
    """

    id: str
    kit: str
    place: str
    encounter: str
    due_at: int
    state: CartState
    asked_by: str = ""
    asked_at: int = 0
    closed_at: int = 0
    plan: str = ""
    operation_at: int = 0
    reason: str = ""
    closed_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCase:
    """An operation of a published plan.

    Parameters
    ----------
    encounter, procedure, surgeon, theatre : str
        Whose, which, by whom and where; procedure and surgeon may be unknown.
    starts_at : int
        UTC microseconds.
    number : int
        Its place in the plan; part of its cart's id, where an encounter's own might hold a slash.
    """

    encounter: str
    procedure: str
    surgeon: str
    theatre: str
    starts_at: int
    number: int = 0
