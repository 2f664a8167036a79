"""What a place is to the stock: store, pharmacy, refrigerator, quarantine; without it, it is a shelf of a ward."""

from __future__ import annotations

from sqlmodel import Session

from inventory.model.places import StockPlace, is_carrier, is_virtual
from inventory.tables.catalogue import save_place
from twin.errors import FieldError, FieldProblem


def define_place(session: Session, place: StockPlace) -> StockPlace:
    """Write what a place is for, what it keeps its goods at, and where it is restocked from.

    What lies there stays; what must not lie there is handed out no more from this instant on.

    Parameters
    ----------
    session : Session
        The transaction.
    place : StockPlace
        Whole: what is left out is as for a shelf of a ward.

    Raises
    ------
    FieldError
        For a counterpart outside the stock rooms, or a place that is to be restocked from itself.
    """
    for field, name in (("place", place.id), ("source", place.source)):
        if is_virtual(name) or is_carrier(name):
            raise _wrong(field, f"{name!r} is a counterpart of the books, no place of the building.", "Name a place.")
    if place.source == place.id:
        raise _wrong("source", "A place cannot be restocked from itself.", "Name a store, or leave it empty.")
    save_place(session, place)
    return place


def _wrong(field: str, message: str, cure: str) -> FieldError:
    return FieldError(FieldProblem(field=field, place="stock place", message=message, cure=cure))
