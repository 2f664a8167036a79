"""Acts on connections to other systems: say which place a sender means, name who is told where tags are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from dash_app.actions.port import Commands
from twin.access import Permission
from twin.errors import Unavailable

PLACE_NAMES, RECEIVERS = "place_names", "receivers"


class Matched(Protocol):
    """What a match came to."""

    @property
    def messages(self) -> int:
        """Messages told again."""

    @property
    def corrected(self) -> int:
        """Facts put right."""


@runtime_checkable
class NameDesk(Protocol):
    """Matches names of places; ``server.placing.PlaceNameDesk`` meets it."""

    def match(self, source: str, name: str, place: str, *, actor: str) -> Matched:
        """Say which place a sender means."""

    def unmatch(self, source: str, name: str, *, actor: str) -> None:
        """Take a match back."""


@runtime_checkable
class ReceiverDesk(Protocol):
    """Keeps receivers of locations; ``server.receiving.ReceiverDesk`` meets it."""

    def add(self, kind: str, endpoint: str, *, only_enrolled: bool, actor: str) -> str:
        """Name a receiver; gives its id."""

    def remove(self, receiver: str, *, actor: str) -> None:
        """Take a receiver away."""


class InterfaceCommands(Commands, Protocol):
    """The hospital with the services of its parts."""

    @property
    def services(self) -> Mapping[str, object]:
        """Service objects by name."""


def _names(port: InterfaceCommands) -> tuple[NameDesk, str]:
    actor = port.actor()
    actor.require(Permission.INTERFACES_OPERATE)
    held = port.services.get(PLACE_NAMES)
    if not isinstance(held, NameDesk):
        raise Unavailable("No desk of place names is running here.")
    return held, actor.id


def match_place(port: InterfaceCommands, source: str, name: str, place: str) -> Matched:
    """Say which place a sender means; its messages of before are told again."""
    desk, actor = _names(port)
    return desk.match(source, name, place, actor=actor)


def unmatch_place(port: InterfaceCommands, source: str, name: str) -> None:
    """Take a match back."""
    desk, actor = _names(port)
    desk.unmatch(source, name, actor=actor)


def _receivers(port: InterfaceCommands) -> tuple[ReceiverDesk, str]:
    actor = port.actor()
    actor.require(Permission.INTERFACES_OPERATE)
    held = port.services.get(RECEIVERS)
    if not isinstance(held, ReceiverDesk):
        raise Unavailable("Nobody can be told where tags are by this process: use `hospital-twin serve`.")
    return held, actor.id


def add_receiver(port: InterfaceCommands, kind: str, endpoint: str, *, only_enrolled: bool) -> str:
    """Name a system that is told where tags are; gives its id."""
    desk, actor = _receivers(port)
    return desk.add(kind, endpoint, only_enrolled=only_enrolled, actor=actor)


def remove_receiver(port: InterfaceCommands, receiver: str) -> None:
    """Tell a system nothing more."""
    desk, actor = _receivers(port)
    desk.remove(receiver, actor=actor)
