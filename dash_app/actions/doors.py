"""Acts on doors: say who may enter a zone, and open it to all again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from dash_app.actions.port import Commands
from twin.access import Permission
from twin.errors import Unavailable

SERVICE = "entrances"


@runtime_checkable
class RuleDesk(Protocol):
    """Keeps the rules of zones; ``server.alarms.entrances.Entrances`` meets it."""

    def set_rule(self, place: str, roles: Sequence[str], departments: Sequence[str], *, actor: str) -> object:
        """Say who may enter a zone."""

    def end(self, rule_id: str, *, actor: str) -> None:
        """Open a zone to all again."""


class DoorCommands(Commands, Protocol):
    """The hospital with the services of its parts."""

    @property
    def services(self) -> Mapping[str, object]:
        """Service objects by name."""


def _desk(port: DoorCommands) -> tuple[RuleDesk, str]:
    actor = port.actor()
    actor.require(Permission.ALARMS_CONFIGURE)
    held = port.services.get(SERVICE)
    if not isinstance(held, RuleDesk):
        raise Unavailable("No doors are watched over in this process: use `hospital-twin serve`.")
    return held, actor.id


def set_rule(port: DoorCommands, place: str, roles: Sequence[str], departments: Sequence[str]) -> None:
    """Say who may enter a zone; it replaces the rule that the zone had."""
    desk, actor = _desk(port)
    desk.set_rule(place, roles, departments, actor=actor)


def end_rule(port: DoorCommands, rule: str) -> None:
    """Take a rule out of force: everybody may enter the zone again."""
    desk, actor = _desk(port)
    desk.end(rule, actor=actor)
