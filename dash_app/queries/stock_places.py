"""What places are to the stock."""

from __future__ import annotations

from sqlmodel import Session

from dash_app.queries.names import place_name
from inventory.model.places import StockPlace
from inventory.model.stock import ParLevel
from inventory.service.restocking import Bin, find_par, list_bins
from inventory.tables.catalogue import list_places
from twin.events.places import PlaceKind
from twin.state.live import LiveState

MOST = 2000
_NEVER = frozenset({PlaceKind.BED})


def defined(session: Session) -> list[StockPlace]:
    """Give the places of which somebody has said what they are for."""
    return list_places(session, limit=MOST)


def bins(session: Session) -> list[Bin]:
    """Give the bins of which somebody has said what they hold."""
    return list_bins(session, limit=MOST)


def all_places(state: LiveState, *, chinese: bool = False) -> list[tuple[str, str]]:
    """Give the places that may hold stock: id and name, by name."""
    names = [
        (key, place_name(state, key, chinese=chinese))
        for key, place in tuple(state.places.items())
        if place.kind not in _NEVER
    ]
    return sorted(names, key=lambda pair: (pair[1], pair[0]))


def par(session: Session, *, place: str, item: str) -> ParLevel | None:
    """Give the par level of an item at a place, None if there is none."""
    return find_par(session, place=place, item=item)
