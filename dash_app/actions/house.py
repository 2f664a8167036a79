"""Say what is the matter with a way or a bed."""

from __future__ import annotations

from dash_app.actions.port import Commands
from twin.access import Permission
from twin.events.patients import BedReadiness, BedService
from twin.state import house_acts, place_acts
from twin.state.house_acts import Said
from twin.state.place_acts import PlaceTold


def _said(port: Commands, permission: Permission, verb: str) -> Said:
    actor, now = port.actor(), port.clock.now()
    actor.require(permission)
    return Said(actor=actor.id, at=now, key=f"{verb}:{now}")


def close(port: Commands, path: str, reason: str) -> None:
    """Close a door, lift, stairs or corridor."""
    said = _said(port, Permission.PLACES_WRITE, "close")
    port.record([house_acts.close_path(port.state(), path, reason=reason, said=said)])


def reopen(port: Commands, path: str) -> None:
    """Open a closed way again."""
    said = _said(port, Permission.PLACES_WRITE, "reopen")
    port.record([house_acts.reopen_path(port.state(), path, said=said)])


def set_service(port: Commands, bed: str, service: BedService, reason: str) -> None:
    """Put a bed into service, out of it, or into isolation."""
    said = _said(port, Permission.BEDS_WRITE, "service")
    port.record([house_acts.set_bed_service(port.state(), bed, service, reason=reason, said=said)])


def set_readiness(port: Commands, bed: str, readiness: BedReadiness) -> None:
    """Say whether a bed is clean."""
    said = _said(port, Permission.BEDS_WRITE, "readiness")
    port.record([house_acts.set_bed_readiness(port.state(), bed, readiness, said=said)])


def define_place(port: Commands, told: PlaceTold) -> None:
    """Make a place, or change one; errors as :func:`twin.state.place_acts.define_place`."""
    said = _said(port, Permission.PLACES_WRITE, "place")
    port.record([place_acts.define_place(port.state(), told, said=said)])


def remove_place(port: Commands, place: str) -> None:
    """Take a place out of the house; errors as :func:`twin.state.place_acts.remove_place`."""
    said = _said(port, Permission.PLACES_WRITE, "place-removed")
    port.record([place_acts.remove_place(port.state(), place, said=said)])
