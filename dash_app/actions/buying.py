"""Propose orders, approve, send, give up."""

from __future__ import annotations

from dash_app.actions.port import Commands
from inventory.model.movements import Command
from inventory.service import buying
from inventory.service.buying import Proposed
from twin.access import Permission


def _command(port: Commands, verb: str, key: str) -> Command:
    actor, now = port.actor(), port.clock.now()
    return Command(id=f"{verb}-{actor.id}-{key}{now}", actor=actor.id, occurred_at=now, recorded_at=now)


def propose(port: Commands) -> Proposed:
    """Propose orders for what the stores lack beyond what is on order."""
    port.actor().require(Permission.STOCK_BUY)
    command = _command(port, "buy", "")
    return port.writer.run(lambda session: buying.propose_orders(session, command=command))


def approve(port: Commands, order: str) -> None:
    """Answer for the money of an order that somebody else proposed.

    Raises
    ------
    Refused
        If the same person proposed it, or it is not waiting for it.
    """
    port.actor().require(Permission.STOCK_BUY)
    command = _command(port, "approve", order)
    port.writer.run(lambda session: buying.approve(session, command=command, order=order))


def note_sent(port: Commands, order: str) -> None:
    """Note that an approved order went out."""
    port.actor().require(Permission.STOCK_BUY)
    command = _command(port, "send", order)
    port.writer.run(lambda session: buying.note_sent(session, command=command, order=order))


def cancel(port: Commands, order: str) -> None:
    """Give an order up; what has come of it stays."""
    port.actor().require(Permission.STOCK_BUY)
    port.writer.run(lambda session: buying.cancel(session, order=order))
