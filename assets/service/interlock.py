"""Loads that wait to be started, with what speaks against it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlmodel import Session, col, select

from assets.model.loads import Load, LoadState
from assets.model.machine import Machine
from assets.model.regions import GONE, ComplianceFlag
from assets.rules.interlock import StartCase, StartCheck, check_start
from assets.service.cycles import preconditions_of, standing_of
from assets.service.instruments import latest_assembly
from assets.service.loads import get_load, list_loads
from assets.service.tracing import chain_of, has_faulty_instrument
from assets.tables.register import find_asset, regions_of_row
from assets.tables.reprocessing import find_programme, machine_of_row
from assets.tables.rows import CycleRow, LoadItemRow, LoadRow, MachineRow
from twin.errors import NotFound

MOST_WAITING = 100  # loads; a department has a dozen machines
_ELSEWHERE = (LoadState.LOADING.value, LoadState.IN_CYCLE.value, LoadState.PENDING.value)


def start_check(session: Session, *, load_id: str, now: int, programme: str = "") -> StartCheck:
    """Give what speaks against starting a load now.

    Parameters
    ----------
    session : Session
        Any session.
    load_id : str
        Which load.
    now : int
        UTC microseconds: tests of the machine count until they run out.
    programme : str
        Which programme is to run; any of the machine's if empty.

    Raises
    ------
    NotFound
        If there is no such load.
    """
    load = get_load(session, load_id=load_id)
    row = session.get(MachineRow, load.machine)
    if row is None:
        raise NotFound("machine", load.machine)
    machine = machine_of_row(row)
    named = (programme,) if programme else tuple(dict.fromkeys(machine.programmes.values()))
    found = [(name, find_programme(session, name)) for name in named]
    case = StartCase(
        load=load,
        programmes=tuple(one for _, one in found if one is not None),
        unknown_programmes=tuple(name for name, one in found if one is None),
        is_of_machine=not programme or programme in machine.programmes.values(),
        known=preconditions_of(session, machine, now, standing_of(session, machine.id)),
        is_running=_is_running(session, machine),
        against_items=_against_items(session, load, now),
    )
    return check_start(case)


def waiting(session: Session, *, now: int) -> list[StartCheck]:
    """Give every load that waits for its cycle, with what speaks against starting it; the first opened first."""
    loads = list_loads(session, state=LoadState.LOADING, limit=MOST_WAITING)
    known = set(session.exec(select(MachineRow.id)))
    ordered = sorted((load for load in loads if load.machine in known), key=lambda load: (load.opened_at, load.id))
    return [start_check(session, load_id=load.id, now=now) for load in ordered]


def _is_running(session: Session, machine: Machine) -> bool:
    query = select(CycleRow.id).where(col(CycleRow.machine) == machine.id, col(CycleRow.end_at) == 0)
    return session.exec(query.limit(1)).first() is not None


def _against_items(session: Session, load: Load, now: int) -> dict[str, list[str]]:
    sets = sorted({item.set_instance for item in load.items if item.set_instance})
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name in _in_other_loads(session, load.id, sets):
        # Nothing lies in two machines: one of the two scans is of another set.
        found[name].append("set.in_another_load")
    for name in sets:
        found[name] += _against_set(session, name, now)
    for item in load.items:
        if item.asset:
            found[item.asset] += _against_device(session, item.asset)
    return {name: codes for name, codes in found.items() if codes}


def _in_other_loads(session: Session, load_id: str, sets: Sequence[str]) -> set[str]:
    query = select(LoadItemRow.set_instance).where(
        col(LoadItemRow.set_instance).in_(sets),
        col(LoadItemRow.load) == col(LoadRow.id),
        col(LoadRow.id) != load_id,
        col(LoadRow.state).in_(_ELSEWHERE),
    )
    return set(session.exec(query)) if sets else set()


def _against_set(session: Session, name: str, now: int) -> list[str]:
    codes = []
    if chain_of(session, set_instance=name, at=now).state is LoadState.RECALLED:
        codes.append("set.recalled")
    if has_faulty_instrument(session, set_instance=name, at=now):
        codes.append("set.instrument_faulty")
    assembly = latest_assembly(session, set_instance=name)
    if assembly is not None and assembly.missing:
        codes.append("set.instrument_missing")
    if assembly is not None and assembly.worn_out:
        codes.append("set.instrument_worn_out")
    return codes


def _against_device(session: Session, asset_id: str) -> list[str]:
    row = find_asset(session, asset_id)
    if row is None:
        return ["device.unknown"]
    regions = regions_of_row(row)
    codes = ["device.gone"] if regions.operational in GONE else []
    if ComplianceFlag.NOTICE_OPEN in regions.compliance:
        codes.append("device.notice_open")
    return codes
