"""The demo hospital's item master, par levels, opening stock and thirty days of consumption."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC

import numpy as np
from sqlmodel import Session

from inventory.model.items import Criticality, Item, ItemKind, Package, Tracking
from inventory.model.lots import Lot, end_of_day
from inventory.model.movements import Command, Line, MovementKind
from inventory.model.places import CONSUMED, SUPPLIER, StockPlace, StockPlaceKind
from inventory.model.stock import ParLevel
from inventory.service.desk import Desk, Plan
from inventory.service.kits import define_kit
from inventory.service.receiving import lot_id_of
from inventory.service.restocking import set_pars
from inventory.tables.catalogue import ensure_lot, save_items, save_packages, save_place
from inventory.tables.driver import Driver
from server.demo.inhabitants import StockItem
from server.demo.theatre_kits import kits_of
from twin.clock import DAY_US, HOUR_US, to_datetime
from twin.ids import Gtin, ItemId, LotId, PlaceId
from twin.ports import EventSink

ACTOR = "system"
CENTRAL = ("STORE-A", "STORE-B")
BEDS_SERVED = {"main": 24, "theatre": 6, "small": 10}
COVER_DAYS = 4
ITEMS_BY_KIND = {"main": 42, "theatre": 24, "small": 14}


@dataclass(frozen=True, slots=True)
class Holding:
    """One item at one place: what it uses a day and how far it is filled, base units."""

    place: str
    item: str
    use_per_day: float
    par_level: int


@dataclass(slots=True)
class Supplies:
    """What is on the shelves of the demo hospital.

    Parameters
    ----------
    items : Sequence[StockItem]
        The item master.
    places : Sequence[str]
        Ids of the stock places.
    random : np.random.Generator
        Source of chance.
    start_at : int
        First instant, UTC microseconds.
    """

    items: Sequence[StockItem]
    places: Sequence[str]
    random: np.random.Generator
    start_at: int
    holdings: list[Holding] = field(default_factory=list)
    _on_hand: dict[tuple[str, str], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Choose what each place holds."""
        for place in self.places:
            if place not in CENTRAL:
                self.holdings += self._choose(place)

    def open(self, session: Session, ledger: EventSink) -> None:
        """Write the item master, the places, the par levels and the opening stock.

        Parameters
        ----------
        session : Session
            The transaction.
        ledger : EventSink
            Where events go; history, so nobody is asked to act.
        """
        driver = Driver(session)
        for place in self.places:
            save_place(session, _stock_place(place))
        save_items(session, [_item(row) for row in self.items])
        save_packages(session, [_package(row) for row in self.items])
        for kit in kits_of(self.items):
            define_kit(session, kit)
        for row in self.items:
            ensure_lot(driver, self._lot(row.item))
        stores = self._central()
        pars = [_par(holding, stores.get(holding.item, "")) for holding in self.holdings]
        set_pars(session, ledger=ledger, command=self._command("demo-pars", self.start_at), pars=pars)
        opening = [
            self._line(holding.item, holding.par_level, SUPPLIER, PlaceId(holding.place)) for holding in self.holdings
        ]
        central = [
            self._line(row.item, self._central_stock(row), SUPPLIER, PlaceId(CENTRAL[index % 2]))
            for index, row in enumerate(self.items)
        ]
        self._post(session, ledger, "demo-opening", self.start_at, MovementKind.RECEIVE, opening + central)
        self._on_hand = {(holding.place, holding.item): holding.par_level for holding in self.holdings}

    def live_day(self, session: Session, ledger: EventSink, day: int, *, is_restocked: bool) -> None:
        """Write one day: what was used, and in the evening what was brought.

        Parameters
        ----------
        session : Session
            The transaction.
        ledger : EventSink
            Where events go.
        day : int
            Days since the start.
        is_restocked : bool
            Whether shelves below their reorder point are filled up; the last day leaves work to do.
        """
        noon = self.start_at + day * DAY_US + 13 * HOUR_US
        used = list(self._used())
        if used:
            self._post(session, ledger, f"demo-used-{day}", noon, MovementKind.CONSUME, used)
        brought = list(self._brought()) if is_restocked else []
        if brought:
            self._post(session, ledger, f"demo-brought-{day}", noon + 5 * HOUR_US, MovementKind.TRANSFER, brought)

    def _choose(self, place: str) -> Iterator[Holding]:
        kind = "theatre" if place.startswith("OR-0") else "small" if place.endswith("-NS") else "main"
        wanted = [row for row in self.items if row.is_drug] if place == "PHARMACY" else self._usual(place, kind)
        for row in wanted:
            use = row.use_per_bed_day * BEDS_SERVED[kind]
            par = max(2, int(np.ceil(use * COVER_DAYS * 1.3)))
            yield Holding(place, row.item, use, par)

    def _usual(self, place: str, kind: str) -> list[StockItem]:
        if place == "CSSD-STORE":
            return [row for row in self.items if row.is_reusable]
        rows = [row for row in self.items if not row.is_implant and not row.is_reusable]
        weights = np.array([row.use_per_bed_day for row in rows])
        chosen = self.random.choice(len(rows), ITEMS_BY_KIND[kind], replace=False, p=weights / weights.sum())
        return [rows[int(index)] for index in sorted(chosen)]

    def _central_stock(self, row: StockItem) -> int:
        held = [holding for holding in self.holdings if holding.item == row.item]
        needed = sum(60 * holding.use_per_day + 2 * holding.par_level for holding in held)
        return row.pack * (int(needed) // row.pack + 2)

    def _used(self) -> Iterator[Line]:
        for holding in self.holdings:
            key = (holding.place, holding.item)
            quantity = min(int(self.random.poisson(holding.use_per_day)), self._on_hand[key])
            if quantity:
                self._on_hand[key] -= quantity
                yield self._line(holding.item, quantity, PlaceId(holding.place), CONSUMED)

    def _brought(self) -> Iterator[Line]:
        central = self._central()
        for holding in self.holdings:
            key = (holding.place, holding.item)
            if self._on_hand[key] <= _par(holding).reorder_point:
                quantity = holding.par_level - self._on_hand[key]
                self._on_hand[key] = holding.par_level
                yield self._line(holding.item, quantity, PlaceId(central[holding.item]), PlaceId(holding.place))

    def _central(self) -> dict[str, str]:
        """Give the store that keeps each item."""
        return {row.item: CENTRAL[index % 2] for index, row in enumerate(self.items)}

    def _lot(self, item: str) -> Lot:
        number = f"L{abs(hash_of(item)) % 10**6:06d}"
        # the end of a day, as receiving a label makes it: else no label printed for the lot would name it
        day = to_datetime(self.start_at + (120 + abs(hash_of(item)) % 600) * DAY_US).date()
        expires_at = end_of_day(day, UTC)
        return Lot(id=lot_id_of(item, number, expires_at), item=ItemId(item), number=number, expires_at=expires_at)

    def _line(self, item: str, quantity: int, start: PlaceId, end: PlaceId) -> Line:
        lot: LotId = self._lot(item).id
        return Line(item=ItemId(item), quantity=quantity, from_place=start, to_place=end, lot=lot)

    def _command(self, identifier: str, at: int) -> Command:
        return Command(id=identifier, actor=ACTOR, occurred_at=at, recorded_at=at)

    def _post(
        self, session: Session, ledger: EventSink, identifier: str, at: int, kind: MovementKind, lines: Sequence[Line]
    ) -> None:
        desk = Desk(session, ledger, self._command(identifier, at), [identifier])
        desk.record(Plan(kind=kind, lines=tuple(lines)))


def hash_of(text: str) -> int:
    """Give a number that depends on a text only, the same in every process."""
    return sum((index + 1) * 7919 * ord(character) for index, character in enumerate(text))


def _par(holding: Holding, source: str = "") -> ParLevel:
    return ParLevel(
        place=PlaceId(holding.place),
        item=ItemId(holding.item),
        par_level=holding.par_level,
        reorder_point=max(holding.par_level * 4 // 10, 0),
        source=PlaceId(source),
    )


def _item(row: StockItem) -> Item:
    kind = (
        ItemKind.DRUG
        if row.is_drug
        else ItemKind.IMPLANT
        if row.is_implant
        else ItemKind.STERILE_SET
        if row.is_reusable
        else ItemKind.CONSUMABLE
    )
    return Item(
        id=ItemId(row.item),
        code=row.item,
        name=row.name,
        kind=kind,
        tracking=Tracking.LOT,
        criticality=Criticality(row.criticality),
        unit_cost_minor=100,
    )


def _package(row: StockItem) -> Package:
    return Package(gtin=Gtin(row.gtin), item=ItemId(row.item), level="case", quantity=row.pack)


def _stock_place(place: str) -> StockPlace:
    kind = (
        StockPlaceKind.CENTRAL
        if place in {*CENTRAL, "CSSD-STORE"}
        else StockPlaceKind.PHARMACY
        if place == "PHARMACY"
        else StockPlaceKind.WARD
    )
    source = PlaceId("") if kind is StockPlaceKind.CENTRAL else PlaceId(CENTRAL[0])
    return StockPlace(id=PlaceId(place), kind=kind, source=source)
