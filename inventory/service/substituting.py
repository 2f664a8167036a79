"""What may stand in for what: somebody proposes a pair, somebody with clinical authority approves it."""

from __future__ import annotations

from sqlmodel import Session

from inventory.model.items import Substitute
from inventory.model.movements import Command
from inventory.tables.catalogue import load_item, save_substitute
from inventory.tables.rows import SubstituteRow
from inventory.tables.substitutes import find_substitute
from twin.errors import FieldError, FieldProblem, NotFound, Refused

MOST_UNITS = 10_000
"""Largest part of a ratio: beyond it somebody has mistaken a price or a volume for a number of pieces."""


def propose_substitute(session: Session, *, substitute: Substitute) -> Substitute:
    """Say that an item could stand in for another; nobody is offered it before it is approved.

    Another ratio takes the approval away: who approved two for one has not approved three for one.

    Parameters
    ----------
    session : Session
        The transaction.
    substitute : Substitute
        The pair with its ratio; who approved it is not taken from here.

    Returns
    -------
    Substitute
        As it stands now.

    Raises
    ------
    NotFound
        If the catalogue lacks one of them.
    FieldError
        If both are the same item, or the ratio cannot be.
    """
    item, stand_in = load_item(session, substitute.item), load_item(session, substitute.stand_in)
    if item.id == stand_in.id:
        raise _wrong("stand_in", f"{item.name} cannot stand in for itself.", "Name another item.")
    for name in ("numerator", "denominator"):
        value = getattr(substitute, name)
        if not 1 <= value <= MOST_UNITS:
            raise _wrong(name, f"Expected 1 to {MOST_UNITS}, got {value}.", "Give whole base units.")
    known = find_substitute(session, item=item.id, stand_in=stand_in.id)
    is_same = known is not None and (known.numerator, known.denominator) == (
        substitute.numerator,
        substitute.denominator,
    )
    stored = Substitute(
        item=item.id,
        stand_in=stand_in.id,
        numerator=substitute.numerator,
        denominator=substitute.denominator,
        approved_by=known.approved_by if known is not None and is_same else "",
    )
    save_substitute(session, stored)
    return stored


def _wrong(field: str, message: str, cure: str) -> FieldError:
    return FieldError(FieldProblem(field=field, place="substitute", message=message, cure=cure))


def approve_substitute(session: Session, *, command: Command, item: str, stand_in: str) -> Substitute:
    """Answer clinically for a pair: from now on it is offered where the item lacks.

    Raises
    ------
    NotFound
        If nobody has proposed the pair.
    """
    found = _load(session, item, stand_in)
    approved = Substitute(
        item=found.item,
        stand_in=found.stand_in,
        numerator=found.numerator,
        denominator=found.denominator,
        approved_by=command.actor,
    )
    save_substitute(session, approved)
    return approved


def withdraw_substitute(session: Session, *, item: str, stand_in: str) -> None:
    """Take a pair back; what was given already stays in the books."""
    _load(session, item, stand_in)
    session.delete(session.get(SubstituteRow, (item, stand_in)))
    session.flush()


def _load(session: Session, item: str, stand_in: str) -> Substitute:
    found = find_substitute(session, item=item, stand_in=stand_in)
    if found is None:
        raise NotFound("substitute", f"{item}/{stand_in}")
    return found


def approved_stand_in(session: Session, *, item: str, stand_in: str) -> Substitute:
    """Give the approved pair.

    Raises
    ------
    Refused
        If there is none: the goods are the wrong ones then.
    """
    found = find_substitute(session, item=item, stand_in=stand_in)
    if found is None or not found.approved_by:
        wanted, got = load_item(session, item), load_item(session, stand_in)
        raise Refused(
            f"This is {got.name}; the task asks for {wanted.name}, and nobody has approved the one for the other: "
            "put it back.",
            reasons=("stock.wrong_item",),
            code="stock.wrong_item",
        )
    return found
