"""Find me one: the nearest usable, clean, free devices of a kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlmodel import Session

from assets.model.regions import CustodyState, ReprocessingState
from assets.tables.register import find_asset
from twin.places.routes import Routes
from twin.state.tables import Tables
from twin.state.views import BelievedLocation, believed_location, is_free_to_use, nearest_assets


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundDevice:
    """A device that may be fetched.

    Parameters
    ----------
    asset, name : str
        Which.
    seconds : float
        Walking time.
    location : BelievedLocation
        Where it probably is, with confidence and age.
    """

    asset: str
    name: str
    seconds: float
    location: BelievedLocation


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is looked for.

    Parameters
    ----------
    category : str
        Kind of device.
    start : str
        Id of the place from where one walks.
    now : int
        UTC microseconds.
    limit : int
        How many at most.
    """

    category: str
    start: str
    now: int
    limit: int = 5


def find_nearest(session: Session, *, state: Tables, routes: Routes, search: Search) -> list[FoundDevice]:
    """Give the nearest usable, clean, free devices, nearest first; the register has the last word.

    Parameters
    ----------
    session : Session
        Any session.
    state : Tables
        The present hospital.
    routes : Routes
        Ways of a person.
    search : Search
        What, from where.
    """
    suits = _suits(session, state)
    near = nearest_assets(state, routes, search.start, category=search.category, suits=suits, k=search.limit)
    return [
        FoundDevice(
            asset=one.asset,
            name=entry.name if (entry := state.assets[one.asset].entry) is not None else one.asset,
            seconds=one.seconds,
            location=believed_location(state, one.asset, search.now),
        )
        for one in near
    ]


def _suits(session: Session, state: Tables) -> Callable[[str], bool]:
    def suits(asset_id: str) -> bool:
        if not is_free_to_use(state, asset_id):
            return False
        row = find_asset(session, asset_id)
        # What the register does not know yet (an event of another system) is judged by the live state alone.
        return row is None or (
            row.is_usable
            and row.custody == CustodyState.FREE
            and row.reprocessing in (ReprocessingState.CLEAN, ReprocessingState.NOT_APPLICABLE)
        )

    return suits
