"""Acts on entries of other systems' item masters: take into the catalogue, or leave out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from dash_app.actions.port import Commands
from twin.access import Permission
from twin.errors import Unavailable

SERVICE = "partner_supplies"


@runtime_checkable
class DecidesProposals(Protocol):
    """Decides on entries; ``server.supplying.SupplyDesk`` meets it."""

    def accept(self, source: str, code: str, *, actor: str) -> str:
        """Take an entry into the catalogue; gives the item's id."""

    def decline(self, source: str, code: str, *, actor: str) -> None:
        """Leave an entry out."""


class SupplyCommands(Commands, Protocol):
    """The hospital with the services of its parts."""

    @property
    def services(self) -> Mapping[str, object]:
        """Service objects by name."""


def _desk(port: SupplyCommands) -> tuple[DecidesProposals, str]:
    actor = port.actor()
    actor.require(Permission.STOCK_PLAN)
    held = port.services.get(SERVICE)
    if not isinstance(held, DecidesProposals):
        raise Unavailable("No desk of other systems' supplies is running here.")
    return held, actor.id


def accept(port: SupplyCommands, source: str, code: str) -> str:
    """Take an entry into the catalogue; gives the item's id, empty for an entry that only takes away."""
    desk, actor = _desk(port)
    return desk.accept(source, code, actor=actor)


def decline(port: SupplyCommands, source: str, code: str) -> None:
    """Leave an entry out of the catalogue."""
    desk, actor = _desk(port)
    desk.decline(source, code, actor=actor)
