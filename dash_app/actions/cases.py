"""Ask for case carts, close them, give them up."""

from __future__ import annotations

from dash_app.actions.port import Commands
from inventory.model.kits import CaseCart, Kit
from inventory.model.movements import Command
from inventory.service import kits
from twin.access import Permission


def _command(port: Commands, permission: Permission, verb: str) -> Command:
    actor, now = port.actor(), port.clock.now()
    actor.require(permission)
    return Command(id=f"{verb}-{actor.id}-{now}", actor=actor.id, occurred_at=now, recorded_at=now)


def ask(port: Commands, wanted: kits.Wanted) -> CaseCart:
    """Ask for the goods of a kit."""
    command, ledger = _command(port, Permission.TASKS_ASSIGN, "case"), port.ledger
    return port.writer.run(lambda session: kits.ask_for_cart(session, ledger=ledger, command=command, wanted=wanted))


def ask_proposed(port: Commands, cart: str) -> CaseCart:
    """Ask now for a cart that the surgery plan has proposed."""
    command, ledger = _command(port, Permission.TASKS_ASSIGN, "case"), port.ledger
    return port.writer.run(lambda session: kits.ask_for_proposed(session, ledger=ledger, command=command, cart=cart))


def close(port: Commands, cart: str, closing: kits.Closing) -> None:
    """Record what a case has used, and bring back what it has not."""
    command, ledger = _command(port, Permission.STOCK_MOVE, "close"), port.ledger
    port.writer.run(
        lambda session: kits.close_cart(session, ledger=ledger, command=command, cart=cart, closing=closing)
    )


def cancel(port: Commands, cart: str) -> None:
    """Give a case cart up."""
    command, ledger = _command(port, Permission.TASKS_ASSIGN, "off"), port.ledger
    port.writer.run(lambda session: kits.cancel_cart(session, ledger=ledger, command=command, cart=cart))


def keep_kit(port: Commands, kit: Kit) -> Kit:
    """Say what a procedure needs, or change it; parameters and errors as ``inventory.service.kits.define_kit``."""
    port.actor().require(Permission.STOCK_PLAN)
    return port.writer.run(lambda session: kits.define_kit(session, kit))
