"""Controlled drugs: when a second person must have seen it."""

from __future__ import annotations

from inventory.model.items import Item
from inventory.model.movements import Command, MovementKind
from twin.errors import Refused

WITNESSED_KINDS = frozenset(
    {
        MovementKind.WASTE,
        MovementKind.DESTROY,
        MovementKind.ADJUST,
        MovementKind.COUNT,
        MovementKind.RETURN,
        MovementKind.REVERSE,
        MovementKind.ISSUE,
    }
)
"""Movements of a controlled drug that are refused without a witness."""


def check_witness(item: Item, kind: MovementKind, command: Command) -> tuple[str, ...]:
    """Check the second person of a movement.

    Parameters
    ----------
    item : Item
        What moves.
    kind : MovementKind
        Why.
    command : Command
        Names actor and witness.

    Returns
    -------
    tuple[str, ...]
        Flags: ``witness_missing`` where a use has happened without one, since what happened is always recorded.

    Raises
    ------
    Refused
        If actor and witness are one person, or a witnessed movement has none.
    """
    if command.witness and command.witness == command.actor:
        raise Refused(
            "The witness must be another person than the one who acts: ask a colleague to confirm.",
            reasons=("stock.witness_is_actor",),
            code="stock.witness_is_actor",
        )
    if not item.controlled_schedule or command.witness:
        return ()
    if kind in WITNESSED_KINDS:
        raise Refused(
            f"{kind.value} of {item.name} ({item.controlled_schedule}) needs a witness: a second person confirms.",
            reasons=("stock.witness_missing",),
            code="stock.witness_missing",
        )
    return ("witness_missing",) if kind in (MovementKind.CONSUME, MovementKind.IMPLANT) else ()
