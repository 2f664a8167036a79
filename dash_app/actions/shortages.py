"""Give up what is owed; propose, approve and withdraw substitutes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from dash_app.actions.port import Commands
from inventory.model.items import Substitute
from inventory.model.movements import Command
from inventory.service import owing, substituting
from inventory.service.helping import Help
from twin.access import Actor, Permission

HELPING = "helping"


class HelpsOut(Protocol):
    """Finds which wards can help out which, as ``server`` provides it."""

    def look(self, *, item: str = "", days: float = 3.0) -> list[Help]:
        """Give who could help out whom; nothing changes."""

    def ask(self, *, actor: Actor, item: str = "", days: float = 3.0) -> list[Help]:
        """Ask for a task for each."""


def desk_of(services: Mapping[str, object]) -> HelpsOut | None:
    """Give the desk, None where none runs."""
    found: HelpsOut | None = services.get(HELPING)  # type: ignore[assignment]  # put there by server
    return found


def ask_for_help(port: Commands, desk: HelpsOut) -> list[Help]:
    """Ask for a task for each way in which a ward can help out another."""
    actor = port.actor()
    actor.require(Permission.TASKS_ASSIGN)
    return desk.ask(actor=actor)


def _command(port: Commands, permission: Permission, verb: str) -> Command:
    actor, now = port.actor(), port.clock.now()
    actor.require(permission)
    return Command(id=f"{verb}-{actor.id}-{now}", actor=actor.id, occurred_at=now, recorded_at=now)


def cancel_owed(port: Commands, back_order: str) -> None:
    """Say that what is owed is not needed any more."""
    command = _command(port, Permission.TASKS_ASSIGN, "owed")
    port.writer.run(lambda session: owing.cancel_back_order(session, command=command, identifier=back_order))


def propose(port: Commands, pair: Substitute) -> None:
    """Say that an item could stand in for another."""
    port.actor().require(Permission.STOCK_PLAN)
    port.writer.run(lambda session: substituting.propose_substitute(session, substitute=pair))


def approve(port: Commands, item: str, stand_in: str) -> None:
    """Answer clinically for a pair."""
    command = _command(port, Permission.SUBSTITUTES_APPROVE, "approve")
    port.writer.run(
        lambda session: substituting.approve_substitute(session, command=command, item=item, stand_in=stand_in)
    )


def withdraw(port: Commands, item: str, stand_in: str) -> None:
    """Take a pair back."""
    port.actor().require(Permission.STOCK_PLAN)
    port.writer.run(lambda session: substituting.withdraw_substitute(session, item=item, stand_in=stand_in))
