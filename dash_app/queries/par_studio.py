"""Proposed par levels with what led to them, the curve behind one, and what was accepted lately."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from inventory.model.planning import Decision, PlanSettings, Proposal, ProposalState
from inventory.service.planning import Curve, curve, list_changes
from inventory.tables.driver import Driver
from inventory.tables.planning import ProposalFilter, list_proposals
from twin.errors import NotFound

MOST = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRow:
    """An accepted change of a par level that still stands; ``at`` in UTC microseconds."""

    id: str
    place: str
    item: str
    par_before: int
    par_after: int
    actor: str
    at: int


def proposals(session: Session, *, place: str = "", shown: str = "") -> list[Proposal]:
    """Give proposals in the order of place and item.

    Parameters
    ----------
    session : Session
        Any.
    place : str, optional
        Only this place.
    shown : str, optional
        ``open`` (default), ``kept`` for levels that the plan leaves as they are, or ``all``.
    """
    wanted = ProposalFilter(
        place=place,
        state=ProposalState.OPEN if shown in {"", "open"} else None,
        decision=Decision.PROPOSED if shown in {"", "open"} else None,
        limit=MOST,
    )
    found = list_proposals(Driver(session), wanted)
    return [each for each in found if shown != "kept" or each.decision is not Decision.PROPOSED]


def changes(session: Session) -> list[ChangeRow]:
    """Give the accepted changes that can still be taken back, newest first."""
    return [
        ChangeRow(
            id=row.id,
            place=row.place,
            item=row.item,
            par_before=row.par_before,
            par_after=row.par_after,
            actor=row.actor,
            at=row.at,
        )
        for row in list_changes(session)
        if not row.undone_by
    ]


def curve_of(session: Session, *, place: str, item: str) -> Curve | None:
    """Give the curve of cost over service of a place and item; None if it was not planned yet."""
    try:
        return curve(session, place=place, item=item, settings=PlanSettings())
    except NotFound:
        return None
