"""What of the goods on hand may be handed out, and what is held apart and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from sqlmodel import Session

from inventory.model.places import StockPlace
from inventory.model.stock import LotHolding
from inventory.rules.eligibility import Need, reasons_against
from inventory.tables.balances import StockFilter, list_stock
from inventory.tables.catalogue import every_item, list_places
from inventory.tables.driver import Driver
from twin.ids import PlaceId

_PAGE = 5000


@dataclass(slots=True)
class Parts:
    """The goods of one item at one place, base units.

    Parameters
    ----------
    usable : int
        What may be handed out now, promised goods included.
    apart : Counter[str]
        What may not, by the first reason against it.
    """

    usable: int = 0
    apart: Counter[str] = field(default_factory=Counter)


def parts(session: Session, *, now: int, place: str = "", item: str = "") -> dict[tuple[str, str], Parts]:
    """Give what may be handed out and what is held apart, by place and item.

    The rule is that of handing out itself, so that no shelf is called full which a picker would find empty.

    Parameters
    ----------
    session : Session
        Any.
    now : int
        UTC microseconds.
    place, item : str, optional
        Only these.
    """
    items, places = {each.id: each for each in every_item(session)}, _places(session)
    found: dict[tuple[str, str], Parts] = {}
    wanted = StockFilter(place=place, item=item, limit=_PAGE)
    while page := list_stock(Driver(session), wanted):
        for source in page:
            holding = source.holding
            kind = items.get(holding.item)
            if kind is None:
                continue  # its entry was merged into another one meanwhile
            need = Need(item=kind, now=now, place=places.get(holding.place) or StockPlace(id=holding.place))
            _count(found.setdefault((holding.place, holding.item), Parts()), source, need)
        last = page[-1].holding
        wanted = StockFilter(place=place, item=item, after=(last.place, last.item, last.lot, last.owner), limit=_PAGE)
    return found


def _count(parts_of: Parts, source: LotHolding, need: Need) -> None:
    reasons = reasons_against(source.lot if source.lot.id else None, need)
    if reasons:
        parts_of.apart[reasons[0].value] += source.holding.on_hand
    else:
        parts_of.usable += source.holding.on_hand


def _places(session: Session) -> dict[PlaceId, StockPlace]:
    found: dict[PlaceId, StockPlace] = {}
    after = ""
    while page := list_places(session, after=after, limit=1000):
        found.update({each.id: each for each in page})
        after = page[-1].id
    return found
