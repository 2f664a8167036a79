"""The hospital as one immutable value, for simulation, scheduling, bug reports and tests."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from twin.errors import DecodeError
from twin.events.patients import BedReadiness, BedService, EncounterClass
from twin.events.places import PathClosed, PathDefined, PlaceDefined
from twin.events.things import BearerKind, DeviceReadiness
from twin.events.watch import AlarmPriority, GatewayHealthChanged, ReadPointDefined
from twin.events.work import PlanPublished, StaffDefined, TaskKind
from twin.places.building import Building
from twin.state.beds import BedStatusCode, Occupancy, bed_view, is_bed, ward_of
from twin.state.model import EncounterStatus, TaskStatus, TicketStatus
from twin.state.reducers.things import is_in_register
from twin.state.tables import Tables


class FrozenBed(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A bed; fields as in :class:`twin.state.beds.BedView`, and its ward."""

    id: str
    ward: str = ""
    occupancy: Occupancy = Occupancy.FREE
    readiness: BedReadiness = BedReadiness.CLEAN
    service: BedService = BedService.OPEN
    code: BedStatusCode = BedStatusCode.UNOCCUPIED
    encounters: tuple[str, ...] = ()
    since_at: int = 0


class FrozenEncounter(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """An open encounter; fields as in :class:`twin.state.model.Encounter`, and the ward of its assigned place."""

    id: str
    status: EncounterStatus
    encounter_class: EncounterClass | None = None
    service: str = ""
    acuity: int = 0
    arrival_mode: str = ""
    place: str = ""
    ward: str = ""
    present: str = ""
    reserved: str = ""
    expected_at: int = 0
    discharge_expected_at: int = 0
    return_expected_at: int = 0
    started_at: int = 0
    placed_at: int = 0
    finished_at: int = 0
    stage: str = ""
    stage_point: str = ""
    stage_at: int = 0


class FrozenTicket(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """An open queue ticket; fields as in :class:`twin.state.model.Ticket`."""

    id: str
    status: TicketStatus
    service_point: str
    encounter: str = ""
    priority: int = 0
    joined_at: int = 0
    called_at: int = 0
    started_at: int = 0


class FrozenAsset(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """An asset in the register.

    Parameters
    ----------
    id, category, model, home, pool
        As registered.
    place : str
        Observed zone, else home.
    seen_at : int
        When its tag was last seen there, UTC microseconds; 0 if never.
    readiness : DeviceReadiness or None
        Cleanliness; None if nobody has said anything.
    status : str
        Operating status; empty if unknown.
    is_usable : bool
        Whether it may be used on a patient.
    reasons : tuple[str, ...]
        Codes of every reason against it.
    custodian : str
        Who answers for it; empty if nobody.
    cycle : str
        For a machine: id of its latest cycle.
    is_mobile : bool
        Whether it is carried about.
    """

    id: str
    category: str
    model: str = ""
    home: str = ""
    pool: str = ""
    place: str = ""
    seen_at: int = 0
    readiness: DeviceReadiness | None = None
    status: str = ""
    is_usable: bool = True
    reasons: tuple[str, ...] = ()
    custodian: str = ""
    cycle: str = ""
    is_mobile: bool = True


class FrozenTask(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """An open task; fields as in :class:`twin.state.model.Task`."""

    id: str
    kind: TaskKind
    status: TaskStatus
    dedupe_key: str = ""
    subject_id: str = ""
    from_place: str = ""
    to_place: str = ""
    quantity: int = 0
    due_at: int = 0
    priority: int = 3
    reason: str = ""
    assignee: str = ""
    created_at: int = 0
    started_at: int = 0


class FrozenAlarm(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """An active alarm; fields as in :class:`twin.state.model.Alarm`."""

    id: str
    alarm_class: str
    subject_id: str
    place: str = ""
    priority: AlarmPriority = AlarmPriority.LOW
    raised_at: int = 0
    is_acknowledged: bool = False
    shelved_until: int = 0


class FrozenStock(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """What a place holds of an item, and the inputs of its cover.

    Parameters
    ----------
    place, item : str
        Ids.
    quantity : int
        Base units, all lots.
    lots : tuple[tuple[str, int], ...]
        Lot and base units, sorted by lot.
    par_level, reorder_point : int
        Base units; 0 without a par level.
    stockout_at : int
        Predicted stock-out, UTC microseconds; 0 if none.
    stockout_probability : float
        Of a stock-out before the next round, 0 to 1.
    """

    place: str
    item: str
    quantity: int
    lots: tuple[tuple[str, int], ...] = ()
    par_level: int = 0
    reorder_point: int = 0
    stockout_at: int = 0
    stockout_probability: float = 0.0


class HospitalState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The hospital at one instant; mappings are by id and not to be changed.

    Parameters
    ----------
    at : int
        Instant, UTC microseconds.
    sequence : int
        Last event of the ledger that is in it.
    places, paths, staff, read_points, gateways
        Definitions in force.
    closures : Mapping[str, PathClosed]
        Closed paths.
    plans : Mapping[str, PlanPublished]
        Published plan in force, by kind.
    beds, encounters, tickets, assets, tasks, alarms
        As their classes tell; encounters, tickets, tasks and alarms only while open.
    stock : tuple[FrozenStock, ...]
        By place and item.
    """

    at: int
    sequence: int
    places: Mapping[str, PlaceDefined]
    paths: Mapping[str, PathDefined]
    closures: Mapping[str, PathClosed]
    staff: Mapping[str, StaffDefined]
    read_points: Mapping[str, ReadPointDefined]
    gateways: Mapping[str, GatewayHealthChanged]
    plans: Mapping[str, PlanPublished]
    beds: Mapping[str, FrozenBed]
    encounters: Mapping[str, FrozenEncounter]
    tickets: Mapping[str, FrozenTicket]
    assets: Mapping[str, FrozenAsset]
    tasks: Mapping[str, FrozenTask]
    alarms: Mapping[str, FrozenAlarm]
    stock: tuple[FrozenStock, ...]

    def building(self) -> Building:
        """Give the building with its present closures, to ask for ways."""
        return Building.from_definitions(self.places.values(), self.paths.values(), self.closures.values())

    def to_bytes(self) -> bytes:
        """Give the value as bytes (MessagePack) for :meth:`from_bytes`."""
        return _encoder.encode(self)

    @classmethod
    def from_bytes(cls, body: bytes) -> HospitalState:
        """Give the value that :meth:`to_bytes` wrote.

        Raises
        ------
        DecodeError
            If the bytes are no such value of this release.
        """
        try:
            return _decoder.decode(body)
        except msgspec.MsgspecError as error:
            raise DecodeError(f"Hospital state: {error}.", code="state.content") from error


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(HospitalState)


def freeze(tables: Tables, at: int) -> HospitalState:
    """Give the tables as an immutable value."""
    return HospitalState(
        at=at,
        sequence=tables.sequence,
        places=dict(tables.places),
        paths=dict(tables.paths),
        closures={key: fact for key, fact in tables.closures.items() if isinstance(fact, PathClosed)},
        staff=dict(tables.staff),
        read_points=dict(tables.read_points),
        gateways=dict(tables.gateways),
        plans=dict(tables.plans),
        beds=_beds(tables),
        encounters=_encounters(tables),
        tickets=_tickets(tables),
        assets=_assets(tables),
        tasks=_tasks(tables),
        alarms=_alarms(tables),
        stock=_stock(tables),
    )


def _beds(tables: Tables) -> dict[str, FrozenBed]:
    beds = {}
    for key in tables.beds:
        if is_bed(tables, key):
            view = bed_view(tables, key)
            beds[key] = FrozenBed(
                id=key,
                ward=ward_of(tables, key),
                occupancy=view.occupancy,
                readiness=view.readiness,
                service=view.service,
                code=view.code,
                encounters=view.encounters,
                since_at=view.since_at,
            )
    return beds


def _copier(source: type[msgspec.Struct], skipped: frozenset[str] = frozenset()) -> tuple[str, ...]:
    return tuple(name for name in source.__struct_fields__ if name not in skipped)


_ENCOUNTER_FIELDS = _copier(FrozenEncounter, frozenset({"ward"}))
_TICKET_FIELDS = _copier(FrozenTicket)
_TASK_FIELDS = _copier(FrozenTask)
_ALARM_FIELDS = _copier(FrozenAlarm)


def _encounters(tables: Tables) -> dict[str, FrozenEncounter]:
    return {
        key: FrozenEncounter(
            ward=ward_of(tables, found.place) if found.place else "",
            **{name: getattr(found, name) for name in _ENCOUNTER_FIELDS},
        )
        for key, found in tables.encounters.items()
        if found.is_open
    }


def _tickets(tables: Tables) -> dict[str, FrozenTicket]:
    shown = (TicketStatus.WAITING, TicketStatus.CALLED, TicketStatus.SERVING)
    return {
        key: FrozenTicket(**{name: getattr(found, name) for name in _TICKET_FIELDS})
        for key, found in tables.tickets.items()
        if found.status in shown
    }


def _tasks(tables: Tables) -> dict[str, FrozenTask]:
    return {
        key: FrozenTask(**{name: getattr(tables.tasks[key], name) for name in _TASK_FIELDS})
        for key in sorted(tables.index.open_tasks)
    }


def _alarms(tables: Tables) -> dict[str, FrozenAlarm]:
    return {
        key: FrozenAlarm(**{name: getattr(tables.alarms[key], name) for name in _ALARM_FIELDS})
        for key in sorted(tables.index.active_alarms)
    }


def _assets(tables: Tables) -> dict[str, FrozenAsset]:
    seen_at = _seen_at_by_asset(tables)
    slots = tables.index.asset_slot
    found = {}
    for key, asset in tables.assets.items():
        entry = asset.entry
        if entry is None or not is_in_register(asset):
            continue
        found[key] = FrozenAsset(
            id=key,
            category=entry.category,
            model=entry.model,
            home=entry.home,
            pool=entry.pool,
            place=slots[key][1],
            seen_at=seen_at.get(key, 0),
            readiness=asset.readiness_value,
            status=asset.status.status if asset.status is not None else "",
            is_usable=asset.is_usable,
            reasons=asset.availability.reasons if asset.availability is not None else (),
            custodian=asset.custody.custodian if asset.custody is not None else "",
            cycle=asset.cycle.cycle if asset.cycle is not None else "",
            is_mobile=entry.is_mobile,
        )
    return found


def _seen_at_by_asset(tables: Tables) -> dict[str, int]:
    seen: dict[str, int] = {}
    for tag in tables.tags.values():
        bound, sighting = tag.bound, tag.sighting
        if bound is None or sighting is None or bound.bearer_kind is not BearerKind.ASSET:
            continue
        if sighting.occurred_at >= bound.occurred_at:
            seen[bound.bearer] = max(sighting.occurred_at, seen.get(bound.bearer, 0))
    return seen


def _stock(tables: Tables) -> tuple[FrozenStock, ...]:
    return tuple(
        FrozenStock(
            place=line.place,
            item=line.item,
            quantity=line.quantity,
            lots=tuple(sorted(line.lots.items())),
            par_level=line.par.par_level if line.par is not None else 0,
            reorder_point=line.par.reorder_point if line.par is not None else 0,
            stockout_at=line.predicted.expected_at if line.predicted is not None else 0,
            stockout_probability=line.predicted.probability if line.predicted is not None else 0.0,
        )
        for _, line in sorted(tables.stock.items(), key=lambda item: item[0])
    )
