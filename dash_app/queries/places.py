"""The places of the house as somebody keeps them."""

from __future__ import annotations

from twin.events.places import PlaceDefined
from twin.state.live import LiveState


def place(state: LiveState, identifier: str) -> PlaceDefined | None:
    """Give what is in force of a place; None if there is none of this id."""
    return state.places.get(identifier)


def places(state: LiveState, *, kind: str = "", floor: str = "") -> list[PlaceDefined]:
    """Give the places, by storey and name.

    Parameters
    ----------
    state : LiveState
        The hospital.
    kind, floor : str, optional
        Only of this kind, only on this storey; empty for all.
    """
    found = [
        one for one in tuple(state.places.values()) if kind in {"", one.kind.value} and floor in {"", str(one.floor)}
    ]
    return sorted(found, key=lambda one: (one.floor, one.name, one.thing))


def floors(state: LiveState) -> list[int]:
    """Give the storeys that have places, the lowest first."""
    return sorted({one.floor for one in tuple(state.places.values())})
