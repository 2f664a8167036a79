"""Sheets of the stock's places and of par levels: what is wrong with them, what is new, and how it is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlmodel import Session

from inventory.model.items import StorageClass
from inventory.model.movements import Command
from inventory.model.places import StockPlace, StockPlaceKind
from inventory.model.stock import ParLevel, ParMethod
from inventory.service.places import define_place
from inventory.service.restocking import list_pars, set_pars
from inventory.tables.catalogue import every_item, load_place
from server.imports.columns import Column, Value, as_identifier, as_one_of, as_whole
from server.wiring import Hospital
from twin.errors import FieldProblem
from twin.events.envelope import Event
from twin.ids import ItemId, PlaceId
from twin.ports import Stored

_MOST, _PAGE = 10**9, 1000

PLACE_COLUMNS = (
    Column(name="id", read=as_identifier, example="2A-SUP", is_required=True),
    Column(name="kind", read=as_one_of(StockPlaceKind), example="ward", is_required=True),
    Column(name="storage", read=as_one_of(StorageClass), example="ambient", default=StorageClass.AMBIENT),
    Column(name="source", read=as_identifier, example="STORE-A"),
)
PAR_COLUMNS = (
    Column(name="place", read=as_identifier, example="2A-SUP", is_required=True),
    Column(name="item", read=as_identifier, example="GLV-03", is_required=True),
    Column(name="par_level", read=as_whole(1, _MOST), example="40", is_required=True),
    Column(name="reorder_point", read=as_whole(0, _MOST), example="15", is_required=True),
    Column(name="pack_multiple", read=as_whole(1, _MOST), example="10", default=1),
    Column(name="source", read=as_identifier, example="STORE-A"),
    Column(name="method", read=as_one_of(ParMethod), example="fixed", default=ParMethod.FIXED),
)


class Checked(Protocol):
    """A checked row of a sheet."""

    @property
    def place(self) -> str:
        """Which row, for messages."""

    @property
    def values(self) -> Mapping[str, Value]:
        """Values by column."""


@dataclass(frozen=True, slots=True)
class _WithoutActing:
    """An event sink for many levels at once: the next round looks at every shelf, and asks for what lacks by urgency.

    Asked for one by one, ten thousand shelves of a new hospital would be ten thousand tasks in the order of a sheet.
    """

    hospital: Hospital

    def append(self, session: Session, events: Sequence[Event]) -> list[Stored]:
        """Store events of which nobody but the live state hears."""
        return self.hospital.ledger.append(session, events, is_past=True)


def stock_places_of(records: Sequence[Checked]) -> list[StockPlace]:
    """Give the places of checked rows."""
    return [
        StockPlace(
            id=PlaceId(str(record.values["id"])),
            kind=StockPlaceKind(str(record.values["kind"])),
            storage_class=StorageClass(str(record.values["storage"])),
            source=PlaceId(str(record.values["source"])),
        )
        for record in records
    ]


def pars_of(records: Sequence[Checked]) -> list[ParLevel]:
    """Give the par levels of checked rows that :func:`par_problems` found nothing in."""
    return [
        ParLevel(
            place=PlaceId(str(record.values["place"])),
            item=ItemId(str(record.values["item"])),
            par_level=int(str(record.values["par_level"])),
            reorder_point=int(str(record.values["reorder_point"])),
            pack_multiple=int(str(record.values["pack_multiple"])),
            source=PlaceId(str(record.values["source"])),
            method=ParMethod(str(record.values["method"])),
        )
        for record in records
    ]


def place_problems(records: Sequence[Checked]) -> list[FieldProblem]:
    """Give a problem for each place that is to be restocked from itself."""
    return [
        _problem(record, "source", "A place cannot be restocked from itself.", "Name a store, or leave it empty.")
        for record in records
        if record.values["source"] == record.values["id"]
    ]


def par_problems(session: Session, records: Sequence[Checked]) -> list[FieldProblem]:
    """Give a problem for each item that the catalogue lacks, and each reorder point that is above its level."""
    known = {str(item.id) for item in every_item(session)}
    found = []
    for record in records:
        values = record.values
        if values["item"] not in known:
            message = f"The item master has no {values['item']!r}."
            found.append(_problem(record, "item", message, "Import the items first, or correct the id."))
        if int(str(values["reorder_point"])) >= int(str(values["par_level"])):
            message = f"Expected less than the par level {values['par_level']}, got {values['reorder_point']}."
            found.append(_problem(record, "reorder_point", message, "Ask for more before the shelf is full, not then."))
    return found


def _problem(record: Checked, field: str, message: str, cure: str) -> FieldProblem:
    return FieldProblem(field=field, place=record.place, message=message, cure=cure)


def changed_places(session: Session, places: Sequence[StockPlace]) -> list[StockPlace]:
    """Give those that are stored otherwise, or not at all."""
    return [place for place in places if load_place(session, place.id) != place]


def changed_pars(session: Session, pars: Sequence[ParLevel]) -> list[ParLevel]:
    """Give those that are stored otherwise, or not at all."""
    stored: set[ParLevel] = set()
    for place in sorted({par.place for par in pars}):  # a page of a place, not a query for each of 60,000 rows
        last = ""
        while page := list_pars(session, place=place, after=(place, last), limit=_PAGE):
            stored.update(page)
            last = page[-1].item
    return [par for par in pars if par not in stored]


def store_places(session: Session, places: Sequence[StockPlace]) -> None:
    """Write places."""
    for place in places:
        define_place(session, place)


def store_par_levels(session: Session, hospital: Hospital, pars: Sequence[ParLevel], *, actor: str) -> None:
    """Write par levels and tell them to the live state."""
    now = hospital.clock.now()
    command = Command(id=hospital.new_id(), actor=actor, occurred_at=now, recorded_at=now, reason="import")
    if pars:
        set_pars(session, ledger=_WithoutActing(hospital), command=command, pars=pars)
