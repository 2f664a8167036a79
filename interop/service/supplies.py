"""What other systems say of supplies: stock figures beside our own, entries of item masters that wait for a person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select, update
from sqlmodel import Session

from interop.hl7v2.supplying import ItemProposal, StockFigure
from interop.service.plain import change
from interop.tables import PROPOSALS, STOCK_FIGURES
from twin.errors import Conflict, NotFound

# A figure that is older than the one held says nothing any more; messages come in any order.
_FIGURE = (
    "INSERT INTO interop_stock_figure (source, place, item, lot, quantity, expires_at, told_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source, place, item, lot) DO UPDATE SET "
    "quantity = excluded.quantity, expires_at = excluded.expires_at, told_at = excluded.told_at "
    "WHERE excluded.told_at >= interop_stock_figure.told_at"
)
# Told anew, an entry waits for a decision again: what was decided was about other words.
_PROPOSAL = (
    "INSERT INTO interop_item_proposal (source, code, name, category, maker, catalogue_number, action, told_at, state, "
    "decided_at, decided_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'open', 0, '') ON CONFLICT (source, code) DO UPDATE SET "
    "name = excluded.name, category = excluded.category, maker = excluded.maker, "
    "catalogue_number = excluded.catalogue_number, action = excluded.action, told_at = excluded.told_at, "
    "state = 'open', decided_at = 0, decided_by = '' WHERE interop_item_proposal.name <> excluded.name "
    "OR interop_item_proposal.category <> excluded.category OR interop_item_proposal.maker <> excluded.maker "
    "OR interop_item_proposal.catalogue_number <> excluded.catalogue_number "
    "OR interop_item_proposal.action <> excluded.action"
)


class Decision(StrEnum):
    """Where an entry of an item master stands."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What one system says that a place holds; ``told_at`` and ``expires_at`` in UTC microseconds."""

    source: str
    place: str
    item: str
    lot: str
    quantity: int
    expires_at: int
    told_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """An entry of another system's item master, and what a person decided; instants in UTC microseconds."""

    source: str
    code: str
    name: str
    category: str
    maker: str
    catalogue_number: str
    action: str
    told_at: int
    state: str
    decided_at: int
    decided_by: str


def note_figures(session: Session, source: str, told: Iterable[StockFigure], *, at: int) -> None:
    """Keep what a system says that places hold; the latest statement of a place, item and lot counts.

    Parameters
    ----------
    session : Session
        A writing transaction.
    source : str
        Who counts.
    told : Iterable[StockFigure]
        What it says.
    at : int
        When it was so, UTC microseconds.
    """
    for one in told:
        values = (source, one.place, one.item, one.lot, one.quantity, one.expires_at, at)
        change(session, _FIGURE, values)


def note_proposals(session: Session, source: str, told: Iterable[ItemProposal], *, at: int) -> None:
    """Keep entries of an item master until a person decides; parameters as :func:`note_figures`."""
    for one in told:
        entry = (source, one.code, one.name, one.category, one.maker, one.catalogue_number, one.action, at)
        change(session, _PROPOSAL, entry)


def figures(session: Session, *, source: str = "", limit: int = 1000) -> list[Figure]:
    """Give the figures of other systems, by place and item."""
    table = STOCK_FIGURES.c
    asked = select(STOCK_FIGURES).order_by(table.place, table.item, table.source, table.lot).limit(limit)
    if source:
        asked = asked.where(table.source == source)
    return [Figure(**row._mapping) for row in session.execute(asked)]


def proposals(session: Session, *, state: str = Decision.OPEN, limit: int = 500) -> list[Proposal]:
    """Give entries of item masters in a state (all if empty), the latest first."""
    table = PROPOSALS.c
    asked = select(PROPOSALS).order_by(table.told_at.desc(), table.source, table.code).limit(limit)
    if state:
        asked = asked.where(table.state == state)
    return [Proposal(**row._mapping) for row in session.execute(asked)]


def decide(session: Session, *, source: str, code: str, decision: Decision, actor: str, now: int) -> Proposal:
    """Keep what a person decided on an entry; gives the entry.

    Parameters
    ----------
    session : Session
        A writing transaction.
    source, code : str
        Which entry.
    decision : Decision
        Accepted or declined.
    actor : str
        Who decides.
    now : int
        UTC microseconds.

    Raises
    ------
    NotFound
        If there is no such entry.
    Conflict
        If it was decided before.
    """
    table = PROPOSALS.c
    where = (table.source == source) & (table.code == code)
    row = session.execute(select(PROPOSALS).where(where)).first()
    if row is None:
        raise NotFound("entry of an item master", f"{source}/{code}")
    held = Proposal(**row._mapping)
    if held.state != Decision.OPEN:
        raise Conflict(f"{code} of {source} was {held.state} before.", code="interop.decided")
    session.execute(update(PROPOSALS).where(where).values(state=decision.value, decided_at=now, decided_by=actor))
    return held
