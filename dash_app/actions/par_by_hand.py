"""Set one par level by hand, or take it away."""

from __future__ import annotations

from dash_app.actions.port import Commands
from inventory.model.movements import Command
from inventory.model.stock import ParLevel
from inventory.service import restocking
from twin.access import Permission


def _command(port: Commands) -> Command:
    actor, now = port.actor(), port.clock.now()
    actor.require(Permission.STOCK_PLAN)
    return Command(id=f"par-{actor.id}-{now}", actor=actor.id, occurred_at=now, recorded_at=now)


def set_level(port: Commands, par: ParLevel) -> None:
    """Set how much of an item a place should hold; what lacks is asked for at once."""
    command, ledger = _command(port), port.ledger
    port.writer.run(lambda session: restocking.set_par(session, ledger=ledger, command=command, par=par))


def remove(port: Commands, *, place: str, item: str) -> None:
    """Take a par level away.

    Raises
    ------
    NotFound
        If there is none.
    """
    command, ledger = _command(port), port.ledger
    port.writer.run(
        lambda session: restocking.unset_par(session, ledger=ledger, command=command, place=place, item=item)
    )
