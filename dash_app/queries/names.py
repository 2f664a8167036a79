"""What things are called, in the reader's language where the hospital gave a name in it."""

from __future__ import annotations

from twin.state.live import LiveState


def place_name(state: LiveState, place_id: str, *, chinese: bool = False) -> str:
    """Give a place's name; its id if it is not known.

    Parameters
    ----------
    state : LiveState
        The hospital.
    place_id : str
        Id of the place; empty gives an empty name.
    chinese : bool, optional
        Whether the Chinese name is wanted, if there is one.
    """
    place = state.places.get(place_id)
    if place is None:
        return place_id
    return place.name_zh if chinese and place.name_zh else place.name


def asset_name(state: LiveState, asset_id: str) -> str:
    """Give an asset's name; its id if it is not registered."""
    asset = state.assets.get(asset_id)
    return asset.entry.name if asset is not None and asset.entry is not None else asset_id


def staff_label(state: LiveState, staff_id: str) -> str:
    """Give a member of staff's pseudonym; the id if none is known."""
    member = state.staff.get(staff_id)
    return (member.label if member is not None else "") or staff_id


def subject_name(state: LiveState, subject_id: str, *, chinese: bool = False) -> str:
    """Give the name of an asset, place or member of staff, whichever has the id."""
    if subject_id in state.assets:
        return asset_name(state, subject_id)
    if subject_id in state.places:
        return place_name(state, subject_id, chinese=chinese)
    return staff_label(state, subject_id)
