"""Propose orders, approve, send, give up."""

from __future__ import annotations

from dash_app.actions.port import Commands
from inventory.model.movements import Command
from inventory.service import buying, consignment
from inventory.service.buying import Proposed
from inventory.service.consignment import Billed
from twin.access import Permission


def _command(port: Commands, verb: str, key: str) -> Command:
    actor, now = port.actor(), port.clock.now()
    return Command(id=f"{verb}-{actor.id}-{key}{now}", actor=actor.id, occurred_at=now, recorded_at=now)


def propose(port: Commands) -> Proposed:
    """Propose orders for what the stores lack beyond what is on order."""
    port.actor().require(Permission.STOCK_BUY)
    command, ledger = _command(port, "buy", ""), port.ledger
    return port.writer.run(lambda session: buying.propose_orders(session, ledger=ledger, command=command))


def approve(port: Commands, order: str) -> None:
    """Answer for the money of an order that somebody else proposed.

    Raises
    ------
    Refused
        If the same person proposed it, or it is not waiting for it.
    """
    port.actor().require(Permission.STOCK_BUY)
    command, ledger = _command(port, "approve", order), port.ledger
    port.writer.run(lambda session: buying.approve(session, ledger=ledger, command=command, order=order))


def note_sent(port: Commands, order: str) -> None:
    """Note that an approved order went out."""
    port.actor().require(Permission.STOCK_BUY)
    command, ledger = _command(port, "send", order), port.ledger
    port.writer.run(lambda session: buying.note_sent(session, ledger=ledger, command=command, order=order))


def cancel(port: Commands, order: str) -> None:
    """Give an order up; what has come of it stays."""
    port.actor().require(Permission.STOCK_BUY)
    command, ledger = _command(port, "cancel", order), port.ledger
    port.writer.run(lambda session: buying.cancel(session, ledger=ledger, command=command, order=order))


def bill(port: Commands) -> Billed:
    """Propose a bill-only order for each vendor whose goods were used."""
    port.actor().require(Permission.STOCK_BUY)
    command = _command(port, "bill", "")
    return port.writer.run(lambda session: consignment.bill_uses(session, command=command))
