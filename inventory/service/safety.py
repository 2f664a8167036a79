"""What keeps bad goods from patients: recalls with their trace, holds, and the cold chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlmodel import Session

from inventory.model.lots import Lot, LotStatus
from inventory.model.movements import Command
from inventory.model.places import PATIENT, VIRTUAL_PLACES
from inventory.rules.coldchain import BANDS, Storage, judge_storage
from inventory.rules.eligibility import kept_at
from inventory.rules.spellings import near_spellings
from inventory.service.desk import source_of
from inventory.tables.catalogue import find_lots, find_lots_of_item, load_item, load_lots, set_lot_status
from inventory.tables.driver import Driver, marks, number_of, text_of
from inventory.tables.merging import merged_items
from inventory.tables.serials import find_piece
from inventory.tables.unmerging import undone_merges_of
from twin.errors import FieldError, FieldProblem, NotFound, Refused
from twin.events.envelope import Event
from twin.events.watch import AlarmPriority, AlarmRaised
from twin.events.work import TaskKind, TaskRequested
from twin.ports import EventSink

_CHANGES: dict[LotStatus, frozenset[LotStatus]] = {
    LotStatus.RELEASED: frozenset({LotStatus.QUARANTINED, LotStatus.HELD, LotStatus.RECALLED}),
    LotStatus.QUARANTINED: frozenset({LotStatus.RELEASED, LotStatus.HELD, LotStatus.RECALLED, LotStatus.DESTROYED}),
    LotStatus.HELD: frozenset({LotStatus.RELEASED, LotStatus.RECALLED, LotStatus.DESTROYED}),
    LotStatus.RECALLED: frozenset({LotStatus.DESTROYED}),
    LotStatus.DESTROYED: frozenset(),
}
"""Statuses that a lot may go to; nothing that was recalled is ever released again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceHit:
    """A quantity of a traced lot that lies at a place."""

    place: str
    lot: str
    owner: str
    on_hand: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientHit:
    """A use of a traced lot on an encounter."""

    encounter: str
    lot: str
    quantity: int
    movement: str
    occurred_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Where everything of some lots is, and who received it.

    Parameters
    ----------
    lots : tuple[Lot, ...]
        The lots, with opened and thawed containers.
    places : tuple[PlaceHit, ...]
        What still lies somewhere.
    patients : tuple[PatientHit, ...]
        What was used on whom; a returned quantity counts with a minus.
    """

    lots: tuple[Lot, ...]
    places: tuple[PlaceHit, ...]
    patients: tuple[PatientHit, ...]


def trace(session: Session, *, lots: Sequence[Lot]) -> Trace:
    """Give the forward trace of some lots.

    Parameters
    ----------
    session : Session
        May be a reading session.
    lots : Sequence[Lot]
        What is traced; at least one.
    """
    driver = Driver(session)
    ids = sorted(lot.id for lot in lots)
    if not ids:
        return Trace(lots=(), places=(), patients=())
    held = driver.rows(
        f"SELECT place, lot, owner, on_hand FROM inventory_balance WHERE lot IN ({marks(len(ids))}) AND on_hand > 0"
        " ORDER BY place, lot, owner",
        ids,
    )
    # By item, place and lot: the order of the entries' index. A merge makes new lots, so a lot's item never changes.
    items = sorted({lot.item for lot in lots})
    used = driver.rows(
        "SELECT m.encounter, e.lot, e.quantity, m.id, m.occurred_at FROM inventory_entry e"
        f" JOIN inventory_movement m ON m.id = e.movement WHERE e.item IN ({marks(len(items))}) AND e.place = ?"
        f" AND e.lot IN ({marks(len(ids))}) ORDER BY m.occurred_at, m.id, e.seq",
        [*items, PATIENT, *ids],
    )
    return Trace(
        lots=tuple(lots),
        places=tuple(
            PlaceHit(place=text_of(row[0]), lot=text_of(row[1]), owner=text_of(row[2]), on_hand=number_of(row[3]))
            for row in held
        ),
        patients=tuple(
            PatientHit(
                encounter=text_of(row[0]),
                lot=text_of(row[1]),
                quantity=number_of(row[2]),
                movement=text_of(row[3]),
                occurred_at=number_of(row[4]),
            )
            for row in used
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A recall notice.

    Parameters
    ----------
    id : str
        The authority's or maker's number.
    item : str
        What is recalled.
    lot_numbers : tuple[str, ...]
        As printed, with every expiry; empty for all lots.
    recall_class : str
        ``I`` (may kill), ``II`` or ``III``.
    notice : str
        Where the notice can be read.
    is_confirmed : bool
        Whether somebody has looked again at numbers of which none was ever held here.
    """

    id: str
    item: str
    lot_numbers: tuple[str, ...] = ()
    recall_class: str = "II"
    notice: str = ""
    is_confirmed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallResult:
    """What a recall has found."""

    trace: Trace
    unknown_numbers: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownNumber:
    """A number of a notice that no lot of the item was ever called here.

    Parameters
    ----------
    number : str
        As told.
    near : tuple[str, ...]
        Numbers of lots that are spelled nearly like it, the likeliest first.
    lot_of_piece : str
        Number of the lot to which the piece of this serial number belongs; empty if there is no such piece.
    """

    number: str
    near: tuple[str, ...] = ()
    lot_of_piece: str = ""


def unknown_numbers(session: Session, notice: Notice) -> list[UnknownNumber]:
    """Give the numbers of a notice that were never held here, if it names no other.

    Parameters
    ----------
    session : Session
        May be a reading session.
    notice : Notice
        What is to be recalled.

    Returns
    -------
    list[UnknownNumber]
        Empty if one of them is known, or the notice is about all lots.
    """
    driver = Driver(session)
    lots, unknown = _recalled_lots(driver, notice)
    if lots or not unknown:
        return []
    printed = [lot.number for lot in find_lots_of_item(driver, notice.item)]
    return [
        UnknownNumber(
            number=number,
            near=near_spellings(number, printed),
            lot_of_piece=_lot_of_piece(driver, notice.item, number),
        )
        for number in unknown[:MOST_COMPARED]
    ]


MOST_COMPARED = 50
"""Unknown numbers of one notice for which near spellings are looked up."""


def _lot_of_piece(driver: Driver, item: str, serial: str) -> str:
    piece = find_piece(driver, item=item, serial=serial)
    found = load_lots(driver, [piece.lot]).get(piece.lot) if piece is not None and piece.lot else None
    return found.number if found is not None else ""


def _check_known(session: Session, notice: Notice) -> None:
    """Ask again before a notice is stored that stops nothing that was ever here: most often a slip of the pen."""
    unknown = [] if notice.is_confirmed else unknown_numbers(session, notice)
    if not unknown:
        return
    told = "; ".join(map(_with_near, unknown))
    raise Refused(
        f"No lot of {notice.item} with any of these numbers was ever held here: {told}. Compare them with the notice; "
        "recall them again with a confirmation to stop them should they ever arrive.",
        reasons=tuple(each.number for each in unknown),
        code="recall.unknown_numbers",
    )


def _with_near(unknown: UnknownNumber) -> str:
    if unknown.lot_of_piece:
        return f"{unknown.number} (a piece of lot {unknown.lot_of_piece})"
    return f"{unknown.number} (near: {', '.join(unknown.near)})" if unknown.near else unknown.number


_PRIORITY_BY_CLASS = {"I": (AlarmPriority.HIGH, 1), "II": (AlarmPriority.MEDIUM, 2), "III": (AlarmPriority.LOW, 3)}


def recall(session: Session, *, ledger: EventSink, command: Command, notice: Notice) -> RecallResult:
    """Recall lots: from the commit on none of them is handed out; places are emptied and exposures told.

    Parameters
    ----------
    session : Session
        The transaction; waits for picks of these lots that are under way.
    ledger : EventSink
        Where events go.
    command : Command
        Who recalls.
    notice : Notice
        What is recalled.

    Returns
    -------
    RecallResult
        Places and patients; lot numbers that were never received here. They are kept with the notice: what arrives
        under one of them later is recalled from its first instant.

    Raises
    ------
    Refused
        With code ``recall.unknown_numbers`` if it names only numbers that were never held here, and nobody has
        confirmed them.
    """
    if notice.recall_class not in _PRIORITY_BY_CLASS:
        raise FieldError(
            FieldProblem(
                field="recall_class",
                place="recall",
                message=f"{notice.recall_class!r} is none.",
                cure="Use I, II or III.",
            )
        )
    driver = Driver(session)
    load_item(session, notice.item)
    _check_known(session, notice)
    lots, unknown = _recalled_lots(driver, notice)
    lots = _with_twins(session, notice.item, lots)
    # Locked before the trace: a pick under way ends first, and is seen by it.
    for lot in load_lots(driver, [lot.id for lot in lots], lock="FOR UPDATE").values():
        if lot.status is not LotStatus.DESTROYED:
            set_lot_status(driver, lot.id, LotStatus.RECALLED, f"recall:{notice.id}")
    driver.run(
        "INSERT INTO inventory_recall (id, item, lots, recall_class, notice, actor, recorded_at) VALUES (?,?,?,?,?,?,?)"
        " ON CONFLICT (id) DO NOTHING",
        (
            notice.id,
            notice.item,
            "\n".join(notice.lot_numbers),
            notice.recall_class,
            notice.notice,
            command.actor,
            command.recorded_at,
        ),
    )
    found = trace(session, lots=lots)
    ledger.append(session, _recall_events(command, notice, found))
    return RecallResult(trace=found, unknown_numbers=tuple(unknown))


def _recalled_lots(driver: Driver, notice: Notice) -> tuple[list[Lot], list[str]]:
    # what was used before two entries were merged stands under the entry that went: its lots are recalled as well
    items = [notice.item, *(dropped for dropped, kept in merged_items(driver).items() if kept == notice.item)]
    if not notice.lot_numbers:
        return [lot for item in items for lot in find_lots_of_item(driver, item)], []
    lots: list[Lot] = []
    unknown = []
    for number in notice.lot_numbers:
        found = [lot for item in items for lot in find_lots(driver, item, number)]
        lots += found
        if not found:
            unknown.append(number)
    return lots, unknown


def _with_twins(session: Session, item: str, lots: list[Lot]) -> list[Lot]:
    """Add the lots under which the same goods were booked while two entries were merged, if that was taken back.

    Somebody may have got them in that time, and only the other entry's books know.
    """
    known = {lot.id for lot in lots}
    twins: set[str] = set()
    for record in undone_merges_of(session, item):
        for gone, stayed in record.lot_of.items():
            twins |= {gone, stayed} if {gone, stayed} & known else set()
    return lots + list(load_lots(Driver(session), sorted(twins - known - {""})).values())


def _recall_events(command: Command, notice: Notice, found: Trace) -> list[Event]:
    alarm_priority, task_priority = _PRIORITY_BY_CLASS[notice.recall_class]
    events: list[Event] = [
        TaskRequested(
            thing=f"recall:{notice.id}",
            occurred_at=command.occurred_at,
            source=source_of(command),
            source_key=f"recall:{notice.id}:{place}",
            actor=command.actor,
            kind=TaskKind.RETRIEVE,
            dedupe_key=f"recall:{notice.id}:{place}",
            subject_id=notice.item,
            from_place=place,
            quantity=sum(hit.on_hand for hit in found.places if hit.place == place),
            priority=task_priority,
            reason="recall",
        )
        for place in sorted({hit.place for hit in found.places} - VIRTUAL_PLACES)
    ]
    # A use without an encounter counts as used, but there is nobody to be told of it.
    encounters = sorted({hit.encounter for hit in found.patients if hit.encounter})
    if found.places or encounters:
        events.append(
            AlarmRaised(
                thing=f"recall:{notice.id}",
                occurred_at=command.occurred_at,
                source=source_of(command),
                source_key=f"recall:{notice.id}:alarm",
                actor=command.actor,
                alarm_class="stock.recall",
                subject_id=notice.item,
                priority=alarm_priority,
                parameters=(
                    ("class", notice.recall_class),
                    ("places", str(len({hit.place for hit in found.places}))),
                    ("encounters", str(len(encounters))),
                ),
            )
        )
    return events


def change_status(session: Session, *, lot: str, status: LotStatus, reason: str) -> Lot:
    """Hold, quarantine, release or write off a lot; waits for picks of it that are under way.

    Raises
    ------
    Refused
        If the lot cannot go to that status: what was recalled is never released.
    """
    driver = Driver(session)
    found = load_lots(driver, [lot], lock="FOR UPDATE").get(lot)
    if found is None:
        raise NotFound("lot", lot)
    if not reason:
        raise FieldError(FieldProblem(field="reason", place="lot", message="None was given.", cure="Say why."))
    if status is not found.status and status not in _CHANGES[found.status]:
        raise Refused(
            f"Lot {found.number} is {found.status.value} and cannot become {status.value}.",
            reasons=(f"stock.{found.status.value}",),
            code="stock.status",
        )
    set_lot_status(driver, lot, status, reason)
    return load_lots(driver, [lot])[lot]


@dataclass(frozen=True, slots=True, kw_only=True)
class TemperatureRecord:
    """Samples of a stock place's temperature.

    Parameters
    ----------
    place : str
        Where they were taken.
    times_us : tuple[int, ...]
        Rising, UTC microseconds.
    temperatures_c : tuple[float, ...]
        °C.
    """

    place: str
    times_us: tuple[int, ...]
    temperatures_c: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColdChainResult:
    """What a record led to: the judgement per storage class kept there, and the lots held."""

    storage_by_class: dict[str, Storage]
    held: tuple[str, ...]


def assess_temperatures(
    session: Session, *, ledger: EventSink, command: Command, record: TemperatureRecord
) -> ColdChainResult:
    """Hold every lot at a place whose temperature record does not prove good storage.

    Parameters
    ----------
    session : Session
        The transaction.
    ledger : EventSink
        Where the alarm goes.
    command : Command
        Who assessed it; usually the system.
    record : TemperatureRecord
        Samples since the last assessment.
    """
    driver = Driver(session)
    rows = driver.rows(
        "SELECT DISTINCT item, lot FROM inventory_balance WHERE place = ? AND on_hand > 0 AND lot <> ''",
        (record.place,),
    )
    judged: dict[str, Storage] = {}
    held: list[str] = []
    # In the order of lots, as all commands lock them: two at once would otherwise wait for one another.
    for row in sorted(rows, key=lambda each: text_of(each[1])):
        lot = load_lots(driver, [text_of(row[1])], lock="FOR UPDATE")[text_of(row[1])]
        storage_class = kept_at(load_item(session, text_of(row[0])), lot)
        if storage_class.value not in judged:
            band = BANDS[storage_class]
            judged[storage_class.value] = judge_storage(record.times_us, record.temperatures_c, band)
        reasons = judged[storage_class.value].reasons
        if reasons and lot.status is LotStatus.RELEASED:
            set_lot_status(driver, lot.id, LotStatus.HELD, reasons[0].value)
            held.append(lot.id)
    if held:
        ledger.append(session, [_excursion_alarm(command, record, judged)])
    return ColdChainResult(storage_by_class=judged, held=tuple(held))


def _excursion_alarm(command: Command, record: TemperatureRecord, judged: dict[str, Storage]) -> AlarmRaised:
    reasons = sorted({reason.value for storage in judged.values() for reason in storage.reasons})
    return AlarmRaised(
        thing=f"excursion:{record.place}",
        occurred_at=command.occurred_at,
        source=source_of(command),
        source_key=f"{command.id}:excursion",
        actor=command.actor,
        alarm_class="stock.temperature",
        subject_id=record.place,
        place=record.place,
        priority=AlarmPriority.HIGH,
        parameters=(("reasons", ",".join(reasons)),),
    )
