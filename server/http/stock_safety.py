"""Recalls, the status of lots and what changes their life over HTTP."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from sqlmodel import Session

from inventory.model.lots import Lot, LotStatus, end_of_day
from inventory.model.movements import Command
from inventory.rules.coldchain import Storage
from inventory.service import receiving, safety, using
from inventory.tables.catalogue import load_lots
from inventory.tables.driver import Driver
from server.doors.context import CallDep
from server.doors.pages import PathText
from server.doors.router import Router
from server.http.commanding import command_id, instant_told
from server.http.inventory import check_place, day_told
from server.http.inventory_bodies import Key, LotView, MovementView, Quantity, Short, instant, lot_view, movement_view
from twin.access import Permission
from twin.clock import from_text
from twin.errors import FieldError, FieldProblem, NotFound

router = Router("/v1", tag="stock")


class RecallTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A recall notice; no lot numbers means all lots of the item.

    One that names only numbers never held here is refused until ``is_confirmed`` says that they were compared.
    """

    id: Key
    item: Key
    lot_numbers: Annotated[list[Key], msgspec.Meta(max_length=1000)] = []
    recall_class: Key = "II"
    notice: Annotated[str, msgspec.Meta(max_length=2000, pattern=r"^[^\x00]*$")] = ""
    is_confirmed: bool = False


class ThawTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What was taken out of the freezer to thaw."""

    item: Key
    quantity: Quantity
    place: Key
    lot: Key
    to_place: Short = ""
    owner: Short = ""
    occurred_at: Short = ""


class PlaceHitView(msgspec.Struct, frozen=True, kw_only=True):
    """What lies at a place of a traced lot."""

    place: str
    lot: str
    owner: str
    on_hand: int


class PatientHitView(msgspec.Struct, frozen=True, kw_only=True):
    """A use of a traced lot on an encounter."""

    encounter: str
    lot: str
    quantity: int
    movement: str
    occurred_at: str


class TraceView(msgspec.Struct, frozen=True, kw_only=True):
    """Where everything of some lots is, and who received it."""

    lots: list[LotView]
    places: list[PlaceHitView]
    patients: list[PatientHitView]
    unknown_numbers: list[str]


class StatusTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The new status of a lot, with the reason."""

    status: LotStatus
    reason: Key


class ExpiryTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An expiry keyed by hand, and the second person who read it from the pack."""

    expires_on: Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    confirmed_by: Key


class SampleTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One temperature."""

    at: Key
    temperature_c: Annotated[float, msgspec.Meta(ge=-273, le=200)]


class TemperaturesTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A record of temperatures of a stock place."""

    place: Key
    samples: Annotated[list[SampleTold], msgspec.Meta(max_length=20_000)]


class StorageView(msgspec.Struct, frozen=True, kw_only=True):
    """What the record says of a storage class."""

    storage_class: str
    reasons: list[str]
    mean_kinetic_c: float | None
    lowest_c: float | None
    highest_c: float | None
    outside_s: float


class ColdChainView(msgspec.Struct, frozen=True, kw_only=True):
    """What a record of temperatures led to."""

    storage: list[StorageView]
    held: list[str]


def _trace_view(found: safety.Trace, unknown: tuple[str, ...] = ()) -> TraceView:
    return TraceView(
        lots=[lot_view(lot) for lot in found.lots],
        places=[
            PlaceHitView(place=hit.place, lot=hit.lot, owner=hit.owner, on_hand=hit.on_hand) for hit in found.places
        ],
        patients=[
            PatientHitView(
                encounter=hit.encounter,
                lot=hit.lot,
                quantity=hit.quantity,
                movement=hit.movement,
                occurred_at=instant(hit.occurred_at),
            )
            for hit in found.patients
        ],
        unknown_numbers=list(unknown),
    )


@router.post("/recalls", permission=Permission.STOCK_ADJUST, takes=RecallTold, gives=TraceView, status=201)
async def recall_lots(call: CallDep) -> TraceView:
    """Recall lots: none of them is handed out from now on; every place and encounter is named."""
    told = call.read(RecallTold)
    command = Command(id=command_id(call), actor=call.actor.id, occurred_at=call.now, recorded_at=call.now)
    notice = safety.Notice(
        id=told.id,
        item=told.item,
        lot_numbers=tuple(told.lot_numbers),
        recall_class=told.recall_class,
        notice=told.notice,
        is_confirmed=told.is_confirmed,
    )
    ledger = call.hospital.ledger
    result = await call.hospital.write(
        lambda session: safety.recall(session, ledger=ledger, command=command, notice=notice)
    )
    return _trace_view(result.trace, result.unknown_numbers)


@router.get("/lots/{lot_id}/trace", permission=Permission.STOCK_READ, gives=TraceView)
def trace_lot(call: CallDep, lot_id: PathText) -> TraceView:
    """Give where everything of a lot is, and which encounters received it."""
    with call.hospital.read() as session:
        lot = load_lots(Driver(session), [lot_id]).get(lot_id)
        if lot is None:
            raise NotFound("lot", lot_id)
        return _trace_view(safety.trace(session, lots=[lot]))


@router.post("/lots/{lot_id}:status", permission=Permission.STOCK_ADJUST, takes=StatusTold, gives=LotView)
async def change_lot_status(call: CallDep, lot_id: PathText) -> LotView:
    """Hold, quarantine, release or write off a lot."""
    told = call.read(StatusTold)
    return lot_view(
        await call.hospital.write(
            lambda session: safety.change_status(session, lot=lot_id, status=told.status, reason=told.reason)
        )
    )


@router.post("/lots/{lot_id}:expiry", permission=Permission.STOCK_MOVE, takes=ExpiryTold, gives=LotView)
async def confirm_lot_expiry(call: CallDep, lot_id: PathText) -> LotView:
    """Key the expiry of a lot that came without one; a second person confirms it."""
    told = call.read(ExpiryTold)
    expires_at = end_of_day(day_told(told.expires_on, "body"), ZoneInfo(call.hospital.settings.time_zone))

    def use_case(session: Session) -> Lot:
        receiving.confirm_expiry(
            session, lot=lot_id, expires_at=expires_at, actor=call.actor.id, confirmed_by=told.confirmed_by
        )
        return load_lots(Driver(session), [lot_id])[lot_id]

    return lot_view(await call.hospital.write(use_case))


@router.post("/stock/temperatures", permission=Permission.STOCK_MOVE, takes=TemperaturesTold, gives=ColdChainView)
async def assess_temperatures(call: CallDep) -> ColdChainView:
    """Judge a record of temperatures; lots whose good storage it does not prove are held."""
    told = call.read(TemperaturesTold)
    times = tuple(_at(sample.at, index) for index, sample in enumerate(told.samples))
    if list(times) != sorted(times):
        problem = FieldProblem(field="samples", place="body", message="Instants must rise.", cure="Sort them.")
        raise FieldError(problem)
    record = safety.TemperatureRecord(
        place=told.place, times_us=times, temperatures_c=tuple(sample.temperature_c for sample in told.samples)
    )
    command = Command(id=command_id(call), actor=call.actor.id, occurred_at=call.now, recorded_at=call.now)
    ledger = call.hospital.ledger
    result = await call.hospital.write(
        lambda session: safety.assess_temperatures(session, ledger=ledger, command=command, record=record)
    )
    views = [_storage_view(name, storage) for name, storage in result.storage_by_class.items()]
    return ColdChainView(storage=views, held=list(result.held))


def _at(text: str, index: int) -> int:
    try:
        return from_text(text)
    except (ValueError, OverflowError) as error:
        problem = FieldProblem(
            field="at", place=f"samples/{index}", message=f"{text!r} is no instant.", cure="Use 2026-11-22T10:00:00Z."
        )
        raise FieldError(problem) from error


def _storage_view(name: str, storage: Storage) -> StorageView:
    return StorageView(
        storage_class=name,
        reasons=[reason.value for reason in storage.reasons],
        mean_kinetic_c=storage.mean_kinetic_c,
        lowest_c=storage.lowest_c,
        highest_c=storage.highest_c,
        outside_s=storage.outside_s,
    )


@router.post("/stock/thawings", permission=Permission.STOCK_MOVE, takes=ThawTold, gives=MovementView, status=201)
async def thaw_stock(call: CallDep) -> MovementView:
    """Record that frozen goods were thawed: their life after thawing counts from then."""
    told = call.read(ThawTold)
    check_place(call, told.place, told.to_place)
    command = Command(
        id=command_id(call),
        actor=call.actor.id,
        occurred_at=instant_told(told.occurred_at, call.now, "body"),
        recorded_at=call.now,
    )
    use = using.Use(item=told.item, quantity=told.quantity, place=told.place, lot=told.lot, owner=told.owner)
    ledger = call.hospital.ledger
    return movement_view(
        await call.hospital.write(
            lambda session: using.thaw(session, ledger=ledger, command=command, use=use, to_place=told.to_place)
        )
    )
