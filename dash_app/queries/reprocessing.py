"""Machines that reprocess, their cycles and verdicts, and the loads that wait for a signature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
from sqlmodel import Session, col, select

from assets.model.cycle import CycleTrace, FloatArray, IntArray, Judgement
from assets.model.loads import Load, LoadState
from assets.model.programme import Programme
from assets.rules.interlock import StartCheck
from assets.rules.manual import Printout
from assets.rules.release import ReleaseCase, reasons_against
from assets.service import interlock, loads
from assets.service.cycles import read_trace
from assets.service.machines import all_programmes
from assets.service.turnaround import WardTurnaround, turnaround
from assets.tables.reprocessing import find_programme, judgement_of_row, list_machines, load_cycle, printout_of_row
from assets.tables.rows import CycleRow
from twin.clock import SECOND_US
from twin.events.supply import CycleStarted
from twin.state.live import LiveState

MARGIN_US = 120 * SECOND_US
"""Shown before and after a cycle, so that its edges can be judged."""
MOST_POINTS = 2000
MOST_PENDING = 500


def starts(session: Session, now: int) -> list[StartCheck]:
    """Give every load that waits for its cycle, with what speaks against starting it now (UTC microseconds)."""
    return interlock.waiting(session, now=now)


class Samples(Protocol):
    """Samples of one quantity, as telemetry gives them."""

    @property
    def times_us(self) -> IntArray:
        """Instants, UTC microseconds."""

    @property
    def values(self) -> FloatArray:
        """Values in the inside unit."""

    @property
    def quality(self) -> IntArray:
        """0 is good."""


class SampleStore(Protocol):
    """Gives stored samples; ``twin.telemetry`` meets it."""

    def read(self, session: Session, device: str, quantity: str, start: int, end: int) -> Samples:
        """Give the samples of a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineNow:
    """What a machine is doing; ``cycle_started_at`` is 0 when no cycle runs, UTC microseconds."""

    id: str
    name: str
    kind: str
    cycle: str
    cycle_started_at: int
    told_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleLine:
    """One cycle with what the evidence says; instants in UTC microseconds, end 0 while it runs.

    ``f0_minutes`` is 0 where it does not apply; ``judgement`` is None until the cycle has ended.
    """

    id: str
    machine: str
    number: int
    programme: str
    start_at: int
    end_at: int
    judgement: Judgement | None
    load: str
    load_state: str
    against: tuple[str, ...]
    items: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """The record of a cycle, thinned for a screen.

    Parameters
    ----------
    minutes : tuple[float, ...]
        Since the start of the cycle.
    control_c, record_c, pressure_kpa : tuple[float | None, ...]
        Empty if the machine has no such sensor; None where a sample is missing.
    band_low_c, band_high_c, required_hold_s : float
        Of the programme; 0 if it is not known.
    """

    minutes: tuple[float, ...]
    control_c: tuple[float | None, ...]
    record_c: tuple[float | None, ...]
    pressure_kpa: tuple[float | None, ...]
    band_low_c: float
    band_high_c: float
    required_hold_s: float


def machines(session: Session, state: LiveState) -> list[MachineNow]:
    """Give every machine and whether a cycle runs in it, by name."""
    found = []
    for machine in list_machines(session):
        asset = state.assets.get(machine.id)
        cycle = asset.cycle if asset is not None else None
        runs = isinstance(cycle, CycleStarted)
        found.append(
            MachineNow(
                id=machine.id,
                name=asset.entry.name if asset is not None and asset.entry is not None else machine.id,
                kind=machine.kind.value,
                cycle=cycle.cycle if cycle is not None and runs else "",
                cycle_started_at=cycle.occurred_at if cycle is not None and runs else 0,
                told_at=cycle.occurred_at if cycle is not None else 0,
            )
        )
    return sorted(found, key=lambda machine: (machine.name, machine.id))


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintoutChoices:
    """What a cycle that is entered by hand may name: machines by id, programmes, and loads in a machine."""

    machines: tuple[str, ...]
    programmes: tuple[Programme, ...]
    loading: tuple[Load, ...]


def printout_choices(session: Session) -> PrintoutChoices:
    """Give what a cycle that is entered by hand may name."""
    return PrintoutChoices(
        machines=tuple(machine.id for machine in list_machines(session)),
        programmes=tuple(all_programmes(session)),
        loading=tuple(loads.list_loads(session, state=LoadState.LOADING, limit=MOST_PENDING)),
    )


def cycles(session: Session, *, machine: str = "", limit: int = 50) -> list[CycleLine]:
    """Give the latest cycles with their loads, the latest first.

    Parameters
    ----------
    session : Session
        Any session.
    machine : str, optional
        Only of this machine; empty for all.
    limit : int, optional
        At most so many.
    """
    query = select(CycleRow).order_by(col(CycleRow.start_at).desc(), col(CycleRow.id)).limit(limit)
    if machine:
        query = query.where(col(CycleRow.machine) == machine)
    rows = session.exec(query).all()
    by_cycle = loads.loads_of_cycles(session, cycles=[row.id for row in rows])
    return [_line(session, row, by_cycle.get(row.id)) for row in rows]


def pending(session: Session) -> list[CycleLine]:
    """Give the cycles whose loads wait for a signature, the latest first, however many have ended since."""
    waiting = {load.cycle: load for load in loads.list_loads(session, state=LoadState.PENDING, limit=MOST_PENDING)}
    query = select(CycleRow).where(col(CycleRow.id).in_(waiting)).order_by(col(CycleRow.start_at).desc())
    return [_line(session, row, waiting[row.id]) for row in session.exec(query).all()]


def _line(session: Session, row: CycleRow, load: Load | None) -> CycleLine:
    against: tuple[str, ...] = ()
    if load is not None and load.state is LoadState.PENDING:
        against = tuple(reasons_against(loads.release_case(session, load_id=load.id)))
    return CycleLine(
        id=row.id,
        machine=row.machine,
        number=row.number,
        programme=row.programme,
        start_at=row.start_at,
        end_at=row.end_at,
        judgement=judgement_of_row(row),
        load=load.id if load is not None else "",
        load_state=load.state.value if load is not None else "",
        against=against,
        items=sum(item.quantity for item in load.items) if load is not None else 0,
    )


def _thinned(values: FloatArray | None, every: int) -> tuple[float | None, ...]:
    if values is None or not len(values) or bool(np.all(np.isnan(values))):
        return ()
    return tuple(None if np.isnan(value) else float(value) for value in values[::every])


def curve(session: Session, cycle_id: str, store: SampleStore) -> Curve:
    """Give the curve of a cycle with the band of its programme.

    Parameters
    ----------
    session : Session
        Any session.
    cycle_id : str
        Id of the cycle.
    store : SampleStore
        Where the samples are.
    """
    row = load_cycle(session, cycle_id)
    machine = next(machine for machine in list_machines(session) if machine.id == row.machine)
    programme = find_programme(session, row.programme)

    def read(session: Session, device: str, quantity: str, start: int, end: int) -> tuple[IntArray, FloatArray]:
        found = store.read(session, device, quantity, start, end)
        # As the judge reads them: a curve must not show what the verdict does not rest on.
        good = (found.quality == 0) & np.isfinite(found.values)
        return found.times_us[good], found.values[good]

    # A cycle that runs has no end yet.
    end_us = (row.end_at or row.start_at + 3 * 3600 * SECOND_US) + MARGIN_US
    trace: CycleTrace = read_trace(session, machine, start_us=row.start_at - MARGIN_US, end_us=end_us, read=read)
    every = max(1, len(trace.times_us) // MOST_POINTS)
    minutes = (trace.times_us[::every] - row.start_at) / (60 * SECOND_US)
    return Curve(
        minutes=tuple(float(minute) for minute in minutes),
        control_c=_thinned(trace.control_c, every),
        record_c=_thinned(trace.record_c, every),
        pressure_kpa=_thinned(trace.pressure_kpa, every),
        band_low_c=programme.band_low_c if programme is not None else 0.0,
        band_high_c=programme.band_high_c if programme is not None else 0.0,
        required_hold_s=programme.required_hold_s if programme is not None else 0.0,
    )


def store_of(services: object) -> SampleStore | None:
    """Give the store of samples among the offered services, None where the installation has none."""
    return cast("SampleStore | None", services) if hasattr(services, "read") else None


def load_evidence(session: Session, load: str) -> tuple[ReleaseCase, Judgement | None]:
    """Give all that a decision on a load rests on, and the verdict on its cycle; None while there is none."""
    case = loads.release_case(session, load_id=load)
    row = session.get(CycleRow, case.load.cycle) if case.load.cycle else None
    return case, judgement_of_row(row) if row is not None else None


def printout_of(session: Session, cycle: str) -> Printout | None:
    """Give what was entered of a cycle by hand; None for one that was judged by samples, or none at all."""
    row = session.get(CycleRow, cycle) if cycle else None
    return printout_of_row(row) if row is not None else None


def room_turnaround(session: Session, state: LiveState, *, now: int, days: int) -> list[WardTurnaround]:
    """Give how long beds took to be ready again by ward, the slowest first."""
    return turnaround(session, state=state, now=now, days=days)
