"""Find me one: the nearest usable, clean, free devices of a kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import case, func
from sqlmodel import Session, col, select

from assets.model.regions import GONE, CustodyState, ReprocessingState
from assets.tables.register import find_asset
from assets.tables.rows import AssetRow
from twin.places.routes import Routes
from twin.state.tables import Tables
from twin.state.views import BelievedLocation, believed_location, is_free_to_use, nearest_assets

_CLEAN = (ReprocessingState.CLEAN, ReprocessingState.NOT_APPLICABLE)


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


def free_by_category(session: Session) -> dict[str, int]:
    """Give how many devices of each kind are usable, clean and free, by kind; kinds of which none is free as well."""
    is_free = (
        col(AssetRow.is_usable)
        & (col(AssetRow.custody) == CustodyState.FREE.value)
        & col(AssetRow.reprocessing).in_([state.value for state in _CLEAN])
    )
    query = (
        select(AssetRow.category, func.sum(case((is_free, 1), else_=0)))
        .where(col(AssetRow.operational).not_in([state.value for state in GONE]))
        .group_by(col(AssetRow.category))
        .order_by(col(AssetRow.category))
    )
    return {category: int(count or 0) for category, count in session.exec(query)}


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
    if not routes.knows(search.start):
        return []
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
        return row is None or (row.is_usable and row.custody == CustodyState.FREE and row.reprocessing in _CLEAN)

    return suits
