"""Thaw goods, hold and release lots, recall them."""

from __future__ import annotations

from dash_app.actions.port import Commands
from inventory.model.lots import LotStatus
from inventory.model.movements import Command
from inventory.service import safety, using
from twin.access import Permission


def _command(port: Commands, permission: Permission, verb: str) -> Command:
    actor, now = port.actor(), port.clock.now()
    actor.require(permission)
    return Command(id=f"{verb}-{actor.id}-{now}", actor=actor.id, occurred_at=now, recorded_at=now)


def thaw(port: Commands, use: using.Use, to_place: str) -> None:
    """Record that frozen goods were taken out to thaw."""
    command, ledger = _command(port, Permission.STOCK_MOVE, "thaw"), port.ledger
    port.writer.run(lambda session: using.thaw(session, ledger=ledger, command=command, use=use, to_place=to_place))


def change_status(port: Commands, lot: str, status: LotStatus, reason: str) -> None:
    """Hold or release a lot, with the reason."""
    port.actor().require(Permission.STOCK_ADJUST)
    port.writer.run(lambda session: safety.change_status(session, lot=lot, status=status, reason=reason))


def recall(port: Commands, notice: safety.Notice) -> safety.RecallResult:
    """Recall lots: none of them is handed out from now on."""
    command, ledger = _command(port, Permission.STOCK_ADJUST, "recall"), port.ledger
    return port.writer.run(lambda session: safety.recall(session, ledger=ledger, command=command, notice=notice))
