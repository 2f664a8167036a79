"""From a machine's samples to judged cycles: detection, verdict, and the events that tell of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec
import numpy as np
from sqlmodel import Session, col, select

from assets.model.cycle import (
    CHANNEL_NAMES,
    CycleTrace,
    FloatArray,
    IntArray,
    Judgement,
    Preconditions,
    Standing,
)
from assets.model.loads import LoadState, MachineTestKind
from assets.model.machine import DetectedEnd, DetectedStart, DetectionState, Machine
from assets.model.programme import Evidence, MachineKind, Programme
from assets.model.regions import ComplianceFlag, OperationalState
from assets.rules.detection import DetectionSample, detect
from assets.rules.verdict import judge
from assets.service.retracing import retrace
from assets.tables.register import find_asset, regions_of_row
from assets.tables.reprocessing import (
    detection_of_row,
    find_programme,
    latest_test,
    machine_of_row,
    write_detection,
    write_judgement,
)
from assets.tables.rows import CycleRow, LoadRow, MachineRow
from twin.clock import SECOND_US
from twin.events.envelope import Event
from twin.events.supply import CycleEnded, CycleStarted

SOURCE = "twin:assets.cycles"

SampleReader = Callable[[Session, str, str, int, int], tuple[IntArray, FloatArray]]
"""Gives instants and good values of (device, quantity) in [start, end), ascending."""

UNKNOWN_PROGRAMME = Programme(
    id="unknown",
    band_low_c=0.0,
    band_high_c=1000.0,
    required_hold_s=1e9,
    required=frozenset(Evidence),
    name="",
)
"""Stands in for a programme that nobody has configured: whatever ran, the verdict is undetermined."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MachineSamples:
    """Fresh samples of one machine, by channel; every channel has instants and values of one length."""

    machine: MachineRow
    channels: Mapping[str, tuple[IntArray, FloatArray]]


def follow(session: Session, *, samples: MachineSamples, read: SampleReader) -> list[Event]:
    """Go on with a machine's cycles by its fresh samples.

    Parameters
    ----------
    session : Session
        The transaction; samples that are judged are read within it.
    samples : MachineSamples
        The machine and what came.
    read : SampleReader
        Reads stored samples of whole cycles.

    Returns
    -------
    list[Event]
        Starts and ends with their verdict, and alarms of sets that were used before their cycle was known. Their keys
        depend on machine and start only, so that a repeated run stores nothing twice.
    """
    machine = machine_of_row(samples.machine)
    before = detection_of_row(samples.machine)
    state, boundaries = detect(before, _detection_samples(machine, samples.channels, before))
    write_detection(session, samples.machine, state)
    events: list[Event] = []
    for boundary in boundaries:
        if isinstance(boundary, DetectedStart):
            events.append(_start(session, machine, boundary))
        else:
            events += _end(session, machine, boundary, read)
    session.flush()
    return events


def cycle_id(machine: str, start_us: int) -> str:
    """Give the id of a cycle: the machine's own number is not unique once its controller was reset."""
    return f"{machine}:{start_us}"


def _detection_samples(
    machine: Machine, channels: Mapping[str, tuple[IntArray, FloatArray]], state: DetectionState
) -> list[DetectionSample]:
    if machine.leading not in channels:
        return []
    times, values = channels[machine.leading]
    fresh = times > state.watermark_us
    times, values = times[fresh], values[fresh]
    if machine.leading == "control_c":
        # Between the two temperatures the chunk before decides, else a chunk that begins there would end the cycle.
        running = _hot(values, machine, is_hot=state.open is not None and not state.open.idle_us)
    else:
        running = ~np.isin(values, machine.idle_codes)
    numbers = _beside(times, channels.get("cycle_number"), -1.0)
    programmes = _beside(times, channels.get("programme"), 0.0)
    return [
        DetectionSample(at_us=int(t), is_running=bool(r), number=int(n), programme=int(p))
        for t, r, n, p in zip(times, running, numbers, programmes, strict=True)
    ]


def _hot(values: FloatArray, machine: Machine, *, is_hot: bool) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Tell when a machine that gives temperatures only is at work; between the limits nothing changes."""
    out = np.zeros(len(values), dtype=np.bool_)
    for i, value in enumerate(values):
        is_hot = value > machine.start_above_c or (is_hot and value > machine.end_below_c)
        out[i] = is_hot
    return out


def _beside(times: IntArray, channel: tuple[IntArray, FloatArray] | None, missing: float) -> FloatArray:
    """Give a slow channel's latest value at each instant."""
    if channel is None or len(channel[0]) == 0:
        return np.full(len(times), missing)
    index = np.searchsorted(channel[0], times, side="right") - 1
    return np.where(index >= 0, channel[1][np.maximum(index, 0)], missing)


def _programme_of(session: Session, machine: Machine, code: int) -> Programme:
    return find_programme(session, machine.programmes.get(code, "")) or UNKNOWN_PROGRAMME


def _start(session: Session, machine: Machine, found: DetectedStart) -> Event:
    identifier = cycle_id(machine.id, found.start_us)
    programme = _programme_of(session, machine, found.programme)
    # Samples that are dealt with again after a restart find their cycle.
    if session.get(CycleRow, identifier) is None:
        session.add(
            CycleRow(
                id=identifier,
                machine=machine.id,
                number=found.number,
                programme=programme.id,
                start_at=found.start_us,
                standing=told_standing(standing_of(session, machine.id)),
            )
        )
        _join_load(session, machine, identifier, found.start_us)
        session.flush()
    return CycleStarted(
        thing=machine.id,
        occurred_at=found.start_us,
        source=SOURCE,
        source_key=f"{identifier}:started",
        cycle=identifier,
        programme=programme.id,
    )


def _join_load(session: Session, machine: Machine, identifier: str, at: int) -> None:
    """Let the load that stands in the machine go through this cycle; make an empty one if nobody scanned any."""
    waiting = session.exec(
        select(LoadRow)
        .where(col(LoadRow.machine) == machine.id, col(LoadRow.state) == LoadState.LOADING.value)
        .order_by(col(LoadRow.opened_at), col(LoadRow.id))
        .limit(1)
    ).first()
    row = waiting or LoadRow(id=f"load:{identifier}", machine=machine.id, place=machine.place, state="", opened_at=at)
    row.cycle, row.state = identifier, LoadState.IN_CYCLE.value
    session.add(row)


def _end(session: Session, machine: Machine, found: DetectedEnd, read: SampleReader) -> list[Event]:
    identifier = cycle_id(machine.id, found.start_us)
    row = session.get(CycleRow, identifier) or CycleRow(
        id=identifier, machine=machine.id, number=found.number, start_at=found.start_us
    )
    programme = _programme_of(session, machine, found.programme)
    row.end_at, row.programme, row.number = found.end_us, programme.id, found.number
    session.add(row)
    judgement = judge_row(session, row, machine=machine, read=read)
    for load in session.exec(select(LoadRow).where(col(LoadRow.cycle) == identifier)):
        if load.state == LoadState.IN_CYCLE:
            load.state = LoadState.PENDING.value
            session.add(load)
    session.flush()
    return [ended_event(row, judgement), *retrace(session, cycle=row, source=SOURCE)]


def ended_event(row: CycleRow, judgement: Judgement) -> CycleEnded:
    """Give the event that tells of a cycle's end and verdict."""
    return CycleEnded(
        thing=row.machine,
        occurred_at=row.end_at,
        source=SOURCE,
        source_key=f"{row.id}:ended",
        cycle=row.id,
        verdict=judgement.verdict,
        programme=row.programme,
        reasons=judgement.codes,
        hold_s=judgement.hold_s,
        f0_minutes=judgement.f0_minutes,
        input_hash=judgement.input_hash,
    )


def judge_row(session: Session, row: CycleRow, *, machine: Machine, read: SampleReader) -> Judgement:
    """Judge a cycle by its stored samples and keep the verdict; the same samples give the same one again."""
    programme = find_programme(session, row.programme) or UNKNOWN_PROGRAMME
    trace = read_trace(session, machine, start_us=row.start_at, end_us=row.end_at, read=read)
    # A cycle that is judged again is judged by the flags of its own time, not by those of today.
    row.standing = row.standing or told_standing(standing_of(session, machine.id))
    standing = msgspec.json.decode(row.standing, type=Standing)
    judgement = judge(trace, programme, preconditions_of(session, machine, row.start_at, standing))
    write_judgement(row, judgement)
    session.add(row)
    return judgement


def read_trace(session: Session, machine: Machine, *, start_us: int, end_us: int, read: SampleReader) -> CycleTrace:
    """Read all channels of a time from telemetry and put them side by side.

    Parameters
    ----------
    session : Session
        Any session.
    machine : Machine
        Whose samples.
    start_us, end_us : int
        UTC microseconds, end exclusive.
    read : SampleReader
        Reads one channel.
    """
    found: dict[str, tuple[IntArray, FloatArray]] = {}
    for channel in CHANNEL_NAMES:
        for quantity in machine.names_of(channel):
            times, values = read(session, machine.telemetry_device, quantity, start_us, end_us)
            if len(times):
                found[channel] = (times, values)
                break
    if not found:
        return CycleTrace(times_us=np.array([], dtype=np.int64))
    leading = found.get("control_c") or found.get("record_c") or max(found.values(), key=lambda pair: len(pair[0]))
    times = leading[0]
    return CycleTrace(times_us=times, **{name: _aligned(times, *pair) for name, pair in found.items()})


def _aligned(times: IntArray, own: IntArray, values: FloatArray) -> FloatArray:
    """Give a channel at the leading channel's instants: the nearest own sample within half a second, else NaN."""
    right = np.clip(np.searchsorted(own, times), 0, len(own) - 1)
    left = np.maximum(right - 1, 0)
    nearest = np.where(np.abs(own[left] - times) <= np.abs(own[right] - times), left, right)
    aligned: FloatArray = np.where(np.abs(own[nearest] - times) <= SECOND_US // 2, values[nearest], np.nan)
    return aligned


def standing_of(session: Session, machine_id: str) -> Standing:
    """Give what the register says of a machine now; nothing if it is in no register."""
    row = find_asset(session, machine_id)
    if row is None:
        return Standing()
    flags = regions_of_row(row).compliance
    in_service = row.operational == OperationalState.IN_SERVICE
    return Standing(
        maintenance=ComplianceFlag.MAINTENANCE_OVERDUE not in flags and in_service,
        no_open_notice=ComplianceFlag.NOTICE_OPEN not in flags,
    )


def told_standing(standing: Standing) -> str:
    """Give a standing as a cycle's row keeps it."""
    return msgspec.json.encode(standing).decode()


def preconditions_of(session: Session, machine: Machine, at: int, standing: Standing) -> Preconditions:
    """Give what was known of a machine when a cycle started.

    Parameters
    ----------
    session : Session
        Any session.
    machine : Machine
        Which one.
    at : int
        Start of the cycle, UTC microseconds.
    standing : Standing
        What the register said of it then.

    Notes
    -----
    Tests count by their own instant, not by when they were entered: a failed leak test of that morning that comes late
    must still overturn the verdict.
    """

    def state(kind: MachineTestKind) -> bool | None:
        test = latest_test(session, machine.id, kind, at)
        # A passed test that has run out says nothing any more; a failed one counts until a later one passes.
        if test is None or (test.is_passed and at >= test.valid_until):
            return None
        return test.is_passed

    return Preconditions(
        air_removal_test=state(MachineTestKind.AIR_REMOVAL) if machine.kind is MachineKind.STEAM else None,
        leak_test=state(MachineTestKind.LEAK),
        calibration=state(MachineTestKind.CALIBRATION),
        maintenance=standing.maintenance,
        no_open_notice=standing.no_open_notice,
    )
