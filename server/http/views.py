"""What the API shows of the live state; instants are ISO 8601 with Z."""

from __future__ import annotations

from enum import Enum

import msgspec

from twin.clock import to_text
from twin.events.things import AssetRegistered
from twin.state import views
from twin.state.live import LiveState
from twin.state.model import Alarm, Asset, Encounter, StockLine, Task


def instant(at: int) -> str:
    """Give an instant as text, ``""`` for none."""
    return to_text(at) if at else ""


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """Where something probably is: never a naked dot.

    ``age_s`` counts from the last sighting; ``basis`` says on what it rests.
    """

    place: str
    place_name: str
    confidence: float
    age_s: float
    basis: str
    since: str


class AssetView(msgspec.Struct, frozen=True, kw_only=True):
    """An asset as lists show it."""

    id: str
    name: str
    category: str
    model: str
    home: str
    pool: str
    gtin: str
    serial: str
    is_mobile: bool
    is_usable: bool
    reasons: tuple[str, ...]
    readiness: str
    status: str
    custodian: str
    position: Position


def place_name(state: LiveState, place: str) -> str:
    """Give the name of a place, its id if it has none."""
    defined = state.places.get(place)
    return defined.name if defined is not None else place


def asset_view(state: LiveState, asset: Asset, now: int) -> AssetView:
    """Show an asset.

    Parameters
    ----------
    state : LiveState
        The present hospital, held steady.
    asset : Asset
        One in the register.
    now : int
        Instant from which ages count, UTC microseconds.
    """
    found = views.believed_location(state, asset.id, now)
    place = found.place
    position = Position(
        place=place,
        place_name=place_name(state, place),
        confidence=round(found.confidence, 4),
        age_s=round(found.age_s, 1),
        basis=found.basis.value,
        since=instant(found.since_at),
    )
    entry = asset.entry or _NO_ENTRY
    readiness, status = asset.readiness_value, asset.status
    availability, custody = asset.availability, asset.custody
    return AssetView(
        id=asset.id,
        name=entry.name or asset.id,
        category=entry.category,
        model=entry.model,
        home=entry.home,
        pool=entry.pool,
        gtin=entry.gtin,
        serial=entry.serial,
        is_mobile=entry.is_mobile,
        is_usable=availability is None or availability.is_usable,
        reasons=availability.reasons if availability else (),
        readiness=readiness.value if readiness else "",
        status=status.status if status else "",
        custodian=custody.custodian if custody else "",
        position=position,
    )


_NO_ENTRY = AssetRegistered(thing="", occurred_at=0, source="", source_key="", category="", name="")


class BedShown(msgspec.Struct, frozen=True, kw_only=True):
    """A bed: occupancy, readiness, service, and the code of HL7 table 0116 that follows from them."""

    id: str
    name: str
    ward: str
    occupancy: str
    readiness: str
    service: str
    code: str
    encounters: tuple[str, ...]


class EncounterShown(msgspec.Struct, frozen=True, kw_only=True):
    """An encounter, by its pseudonym only."""

    id: str
    status: str
    encounter_class: str
    service: str
    acuity: int
    place: str
    present: str
    reserved: str
    stage: str
    started: str
    expected: str
    discharge_expected: str
    finished: str


class TaskShown(msgspec.Struct, frozen=True, kw_only=True):
    """A task."""

    id: str
    kind: str
    status: str
    subject: str
    from_place: str
    to_place: str
    quantity: int
    priority: int
    reason: str
    assignee: str
    blocked_reason: str
    created: str
    due: str
    started: str
    ended: str


class AlarmShown(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm."""

    id: str
    alarm_class: str
    subject: str
    place: str
    priority: str
    is_active: bool
    is_acknowledged: bool
    acknowledged_by: str
    shelved_until: str
    raised: str
    cleared: str
    parameters: dict[str, str]


class StockShown(msgspec.Struct, frozen=True, kw_only=True):
    """What a place holds of an item, in base units."""

    place: str
    item: str
    quantity: int
    lots: dict[str, int]
    par_level: int
    reorder_point: int
    is_low: bool
    stockout_expected: str


def _code(value: Enum | None) -> str:
    return str(value.value) if value is not None else ""


def bed_shown(state: LiveState, place: str) -> BedShown:
    """Show a bed; the place must be one."""
    view = views.bed_view(state, place)
    return BedShown(
        id=place,
        name=place_name(state, place),
        ward=views.ward_of(state, place),
        occupancy=view.occupancy.value,
        readiness=view.readiness.value,
        service=view.service.value,
        code=view.code.value,
        encounters=tuple(view.encounters),
    )


def encounter_shown(one: Encounter) -> EncounterShown:
    """Show an encounter."""
    return EncounterShown(
        id=one.id,
        status=one.status.value,
        encounter_class=_code(one.encounter_class),
        service=one.service,
        acuity=one.acuity,
        place=one.place,
        present=one.present,
        reserved=one.reserved,
        stage=one.stage,
        started=instant(one.started_at),
        expected=instant(one.expected_at),
        discharge_expected=instant(one.discharge_expected_at),
        finished=instant(one.finished_at),
    )


def task_shown(one: Task) -> TaskShown:
    """Show a task."""
    return TaskShown(
        id=one.id,
        kind=_code(one.kind),
        status=one.status.value,
        subject=one.subject_id,
        from_place=one.from_place,
        to_place=one.to_place,
        quantity=one.quantity,
        priority=one.priority,
        reason=one.reason,
        assignee=one.assignee,
        blocked_reason=one.blocked_reason,
        created=instant(one.created_at),
        due=instant(one.due_at),
        started=instant(one.started_at),
        ended=instant(one.ended_at),
    )


def alarm_shown(one: Alarm) -> AlarmShown:
    """Show an alarm."""
    return AlarmShown(
        id=one.id,
        alarm_class=one.alarm_class,
        subject=one.subject_id,
        place=one.place,
        priority=one.priority.value,
        is_active=one.is_active,
        is_acknowledged=one.is_acknowledged,
        acknowledged_by=one.acknowledged_by,
        shelved_until=instant(one.shelved_until),
        raised=instant(one.raised_at),
        cleared=instant(one.cleared_at),
        parameters=dict(one.parameters),
    )


def stock_shown(line: StockLine) -> StockShown:
    """Show what a place holds of an item."""
    return StockShown(
        place=line.place,
        item=line.item,
        quantity=line.quantity,
        lots=dict(line.lots),
        par_level=line.par.par_level if line.par else 0,
        reorder_point=line.par.reorder_point if line.par else 0,
        is_low=line.is_low,
        stockout_expected=instant(line.predicted.expected_at) if line.predicted else "",
    )
