"""Propose orders, approve, send, receive, close, give up."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

from dash_app.actions.port import Commands
from inventory.model.movements import Command
from inventory.service import buying, consignment, deliveries
from inventory.service.buying import Proposed
from inventory.service.consignment import Billed
from inventory.service.deliveries import Arrival, Delivered
from twin.access import Permission


def _command(port: Commands, verb: str, key: str) -> Command:
    actor, now = port.actor(), port.clock.now()
    return Command(id=f"{verb}-{actor.id}-{key}{now}", actor=actor.id, occurred_at=now, recorded_at=now)


def propose(port: Commands) -> Proposed:
    """Propose orders for what the stores lack beyond what is on order."""
    port.actor().require(Permission.STOCK_BUY)
    command, ledger, zone = _command(port, "buy", ""), port.ledger, ZoneInfo(port.settings.time_zone)
    return port.writer.run(lambda session: buying.propose_orders(session, ledger=ledger, command=command, zone=zone))


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


def receive(port: Commands, arrival: Arrival, witness: str) -> Delivered:
    """Take goods in against an order.

    Parameters
    ----------
    port : Commands
        The hospital.
    arrival : Arrival
        What came, and whether more will.
    witness : str
        Who saw it besides, for controlled drugs; empty for nobody.
    """
    port.actor().require(Permission.STOCK_MOVE)
    command, ledger = replace(_command(port, "receive", arrival.order), witness=witness), port.ledger
    return port.writer.run(
        lambda session: deliveries.receive_order(session, ledger=ledger, command=command, arrival=arrival)
    )


def close_rest(port: Commands, order: str, reason: str) -> None:
    """Close an order although something of it is missing."""
    port.actor().require(Permission.STOCK_BUY)
    command, ledger = _command(port, "close", order), port.ledger
    port.writer.run(
        lambda session: deliveries.close_rest(session, ledger=ledger, command=command, order=order, reason=reason)
    )


def bill(port: Commands) -> Billed:
    """Propose a bill-only order for each vendor whose goods were used."""
    port.actor().require(Permission.STOCK_BUY)
    command, zone = _command(port, "bill", ""), ZoneInfo(port.settings.time_zone)
    return port.writer.run(lambda session: consignment.bill_uses(session, command=command, zone=zone))
