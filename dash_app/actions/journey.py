"""Acts on patients on their way: announce an ambulance, bind a wristband, check an identity, set a watch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from dash_app.actions.port import Commands
from twin.access import Actor, Permission
from twin.clock import MINUTE_US
from twin.errors import Unavailable
from twin.state.model import Encounter

JOURNEY, WATCHES = "journey", "watches"


class Band(Protocol):
    """Whose wrist a band was on; instants in UTC microseconds."""

    @property
    def encounter(self) -> str:
        """Pseudonym of the encounter."""

    @property
    def since_at(self) -> int:
        """When it was bound."""

    @property
    def until_at(self) -> int:
        """When that ended; 0 while it holds."""


@runtime_checkable
class JourneyDesk(Protocol):
    """The desk of patients on their way; ``server.journey.JourneyDesk`` meets it."""

    def bind(self, tag: str, encounter: str, *, actor: Actor) -> int:
        """Bind a wristband."""

    def unbind(self, tag: str, *, actor: Actor) -> None:
        """Take a wristband off."""

    def bindings(self, tag: str) -> list[Band]:
        """Give whose wrist a band was on."""

    def check(self, tag: str, encounter: str, *, stage: str, service_point: str, actor: Actor) -> str:
        """Check an identity; empty for a match."""

    def ambulances(self) -> list[Encounter]:
        """Give who is on the way."""

    def announce(self, expected_at: int, acuity: int, *, actor: Actor, bay: str = "", service: str = "") -> Encounter:
        """Announce an ambulance."""

    def arrived(self, encounter: str, *, actor: Actor) -> None:
        """Say that an ambulance has arrived."""

    def cancel(self, encounter: str, *, actor: Actor) -> None:
        """Say that an ambulance does not come."""


@runtime_checkable
class WatchDesk(Protocol):
    """Holds geofences and climate limits; ``server.alarms.watches.Watches`` meets it."""

    def put(self, kind: str, facts: Mapping[str, object], *, actor: str) -> str:
        """Put a watch in force."""

    def end(self, watch_id: str, *, actor: str) -> None:
        """Take a watch out of force."""


class JourneyCommands(Commands, Protocol):
    """The hospital with the services of its parts."""

    @property
    def services(self) -> Mapping[str, object]:
        """Service objects by name."""


def desk_of(port: JourneyCommands) -> JourneyDesk:
    """Give the desk of patients on their way.

    Raises
    ------
    Unavailable
        If none is running here.
    """
    held = port.services.get(JOURNEY)
    if not isinstance(held, JourneyDesk):
        raise Unavailable("No desk of wristbands and ambulances is running here.")
    return held


def _writing(port: JourneyCommands) -> tuple[JourneyDesk, Actor]:
    actor = port.actor()
    actor.require(Permission.ENCOUNTERS_WRITE)
    return desk_of(port), actor


def announce(port: JourneyCommands, *, minutes: float, acuity: int, bay: str, service: str) -> Encounter:
    """Announce an ambulance.

    Parameters
    ----------
    port : JourneyCommands
        The hospital.
    minutes : float
        Until it is here.
    acuity : int
        Triage level, 1 (most urgent) to 5.
    bay : str
        Id of the place to keep; empty lets the desk choose.
    service : str
        Code of the clinical service; may be empty.
    """
    desk, actor = _writing(port)
    expected_at = port.clock.now() + int(minutes * MINUTE_US)
    return desk.announce(expected_at, acuity, actor=actor, bay=bay, service=service)


def arrived(port: JourneyCommands, encounter: str) -> None:
    """Say that an ambulance has arrived."""
    desk, actor = _writing(port)
    desk.arrived(encounter, actor=actor)


def cancel(port: JourneyCommands, encounter: str) -> None:
    """Say that an ambulance does not come."""
    desk, actor = _writing(port)
    desk.cancel(encounter, actor=actor)


def bind(port: JourneyCommands, tag: str, encounter: str) -> None:
    """Bind a wristband to an encounter."""
    desk, actor = _writing(port)
    desk.bind(tag, encounter, actor=actor)


def unbind(port: JourneyCommands, tag: str) -> None:
    """Take a wristband off."""
    desk, actor = _writing(port)
    desk.unbind(tag, actor=actor)


def check(port: JourneyCommands, tag: str, encounter: str) -> str:
    """Check that a wristband is that of an encounter; empty for a match, else why not."""
    desk, actor = _writing(port)
    return desk.check(tag, encounter, stage="", service_point="", actor=actor)


def _watches(port: JourneyCommands, permission: Permission) -> tuple[WatchDesk, str]:
    actor = port.actor()
    actor.require(permission)
    held = port.services.get(WATCHES)
    if not isinstance(held, WatchDesk):
        raise Unavailable("Nothing is watched over in this process: use `hospital-twin serve`.")
    return held, actor.id


def set_fence(port: JourneyCommands, facts: Mapping[str, object]) -> str:
    """Set a geofence; gives its id."""
    desk, actor = _watches(port, Permission.ALARMS_ACT)
    return desk.put("geofence", facts, actor=actor)


def lift_fence(port: JourneyCommands, fence: str) -> None:
    """Lift a geofence."""
    desk, actor = _watches(port, Permission.ALARMS_ACT)
    desk.end(fence, actor=actor)


def set_limit(port: JourneyCommands, facts: Mapping[str, object]) -> str:
    """Set a climate limit; gives its id."""
    desk, actor = _watches(port, Permission.ALARMS_CONFIGURE)
    return desk.put("environment", facts, actor=actor)


def end_limit(port: JourneyCommands, limit: str) -> None:
    """Take a climate limit out of force."""
    desk, actor = _watches(port, Permission.ALARMS_CONFIGURE)
    desk.end(limit, actor=actor)
