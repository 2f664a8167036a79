"""Make two entries of the item master one."""

from __future__ import annotations

from dash_app.actions.port import Commands
from inventory.model.movements import Command
from inventory.service import merging, unmerging
from twin.access import Permission


def merge(port: Commands, keep: str, drop: str) -> merging.Outlook:
    """Make two entries one.

    Raises
    ------
    Refused
        If quantities would not mean the same, or work on the entry that goes is under way.
    """
    actor, now = port.actor(), port.clock.now()
    actor.require(Permission.STOCK_PLAN)
    command = Command(id=f"merge-{actor.id}-{now}", actor=actor.id, occurred_at=now, recorded_at=now)
    ledger = port.ledger
    return port.writer.run(
        lambda session: merging.merge_items(session, ledger=ledger, command=command, keep=keep, drop=drop)
    )


def undo(port: Commands, merge: str) -> unmerging.Undoing:
    """Make two entries of one again.

    Raises
    ------
    Refused
        If goods that come back are promised, on a cart or being counted, or it was taken back before.
    """
    actor, now = port.actor(), port.clock.now()
    actor.require(Permission.STOCK_PLAN)
    command = Command(id=f"unmerge-{actor.id}-{now}", actor=actor.id, occurred_at=now, recorded_at=now)
    ledger = port.ledger
    return port.writer.run(lambda session: unmerging.undo_merge(session, ledger=ledger, command=command, merge=merge))
