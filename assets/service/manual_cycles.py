"""Cycles entered by hand, and cycles judged again when samples or knowledge came late."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from sqlmodel import Session, col, select

from assets.model.loads import LoadState
from assets.rules.manual import Printout, judge_printout
from assets.service.act import Act
from assets.service.cycles import (
    SampleReader,
    cycle_id,
    ended_event,
    judge_row,
    preconditions_of,
    standing_of,
    told_standing,
)
from assets.service.retracing import retrace
from assets.tables.records import DocumentRow
from assets.tables.reprocessing import find_programme, judgement_of_row, load_cycle, machine_of_row, write_judgement
from assets.tables.rows import CycleRow, LoadRow, MachineRow
from twin.access import Permission
from twin.errors import Conflict, FieldError, FieldProblem, NotFound, Refused
from twin.events.supply import Verdict
from twin.events.watch import AlarmPriority, AlarmRaised

_PICTURES = ("image/", "application/pdf")  # media types that can show a printout


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualCycle:
    """A cycle of a machine without an interface.

    Parameters
    ----------
    machine, programme : str
        Ids.
    start_at, end_at : int
        UTC microseconds.
    number : int
        The machine's own number; -1 if it gives none.
    printout : Printout
        What stands on it.
    load : str
        Load that went through it; empty if it was not scanned.
    """

    machine: str
    programme: str
    start_at: int
    end_at: int
    printout: Printout
    number: int = -1
    load: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejudged:
    """What judging again led to.

    Parameters
    ----------
    before, now : Verdict
        The verdicts.
    is_same_input : bool
        Whether nothing that is judged has changed.
    recalled : tuple[str, ...]
        Loads that had been released on a verdict that no longer stands.
    """

    before: Verdict
    now: Verdict
    is_same_input: bool
    recalled: tuple[str, ...]


def enter_cycle(session: Session, *, act: Act, cycle: ManualCycle) -> CycleRow:
    """Keep a cycle that a person read from a printout, judge it, and let its load wait for a signature.

    Parameters
    ----------
    session : Session
        The transaction.
    act : Act
        Who enters it; another person releases the load only if a deviation has to be named.
    cycle : ManualCycle
        As entered.

    Raises
    ------
    FieldError
        If it ends before it starts or in the future, its hold is longer than itself, or the photo is no picture.
    Conflict
        If a cycle of this machine and start is there already.
    """
    act.actor.require(Permission.LOADS_RELEASE)
    row = session.get(MachineRow, cycle.machine)
    if row is None:
        raise NotFound("machine", cycle.machine)
    programme = find_programme(session, cycle.programme)
    if programme is None:
        raise NotFound("programme", cycle.programme)
    _check(act, cycle)
    printout = cycle.printout
    _check_photo(session, printout.photo)
    identifier = cycle_id(cycle.machine, cycle.start_at)
    if session.get(CycleRow, identifier) is not None:
        raise Conflict(f"{identifier} is there already.", code="cycle.duplicate")
    machine = machine_of_row(row)
    standing = standing_of(session, cycle.machine)
    preconditions = preconditions_of(session, machine, cycle.start_at, standing)
    judgement = judge_printout(printout, programme, preconditions)
    entered = CycleRow(
        id=identifier,
        machine=cycle.machine,
        number=cycle.number,
        programme=programme.id,
        start_at=cycle.start_at,
        end_at=cycle.end_at,
        is_manual=True,
        printout=msgspec.json.encode(printout).decode(),
        standing=told_standing(standing),
    )
    write_judgement(entered, judgement)
    session.add(entered)
    _let_load_wait(session, act, cycle, identifier, machine.place)
    session.flush()
    told = msgspec.structs.replace(ended_event(entered, judgement), source=act.source, actor=act.actor.id)
    act.ledger.append(session, [told, *retrace(session, cycle=entered, source=act.source, actor=act.actor.id)])
    return entered


def _check(act: Act, cycle: ManualCycle) -> None:
    span_s = (cycle.end_at - cycle.start_at) / 1e6
    message = ""
    if not cycle.start_at < cycle.end_at <= act.now:
        message = "Expected a start before the end, and an end in the past."
    # A hold longer than its cycle is a slip of the keys.
    elif not 0.0 <= cycle.printout.hold_s <= span_s:
        message = f"Expected a hold of 0 to {span_s:.0f} s, got {cycle.printout.hold_s:.0f}."
    elif cycle.printout.lowest_c > cycle.printout.highest_c:
        message = "The lowest temperature is above the highest."
    if message:
        raise FieldError(FieldProblem(field="printout", place="cycle", message=message, cure="Read it again."))


def _check_photo(session: Session, photo: str) -> None:
    if not photo:
        return
    # One that was withdrawn is found nowhere any more, and a note in words shows no printout.
    row = session.get(DocumentRow, photo)
    if row is None or row.withdrawn_at:
        raise NotFound("document", photo)
    if not row.media_type.startswith(_PICTURES):
        message = f"{row.name} is {row.media_type}."
        cure = "Photograph the printout, or scan it as PDF."
        raise FieldError(FieldProblem(field="photo", place="cycle", message=message, cure=cure))


def _let_load_wait(session: Session, act: Act, cycle: ManualCycle, identifier: str, place: str) -> None:
    if cycle.load:
        load = session.get(LoadRow, cycle.load)
        if load is None:
            raise NotFound("load", cycle.load)
        if load.machine != cycle.machine or load.state != LoadState.LOADING:
            raise Refused(f"{cycle.load} is {load.state} in {load.machine}.", code="load.not_loading")
    else:
        load = LoadRow(id=f"load:{identifier}", machine=cycle.machine, place=place, state="", opened_at=act.now)
    load.cycle, load.state = identifier, LoadState.PENDING.value
    session.add(load)


def rejudge(session: Session, *, act: Act, cycle: str, read: SampleReader) -> Rejudged:
    """Judge a cycle again by all samples that are stored now; a release on a verdict that falls is recalled.

    Parameters
    ----------
    session : Session
        The transaction.
    act : Act
        Who asks for it.
    cycle : str
        Id of a cycle that has ended and was not entered by hand.
    read : SampleReader
        Reads stored samples.

    Raises
    ------
    Refused
        If it still runs, or has no samples to judge again.
    """
    act.actor.require(Permission.LOADS_RELEASE)
    row = load_cycle(session, cycle)
    held = session.get(MachineRow, row.machine)
    if held is None or not row.end_at or row.is_manual:
        raise Refused(f"{cycle} still runs or was entered by hand: there is nothing to judge.", code="cycle.no_samples")
    earlier = judgement_of_row(row)
    before, seen = Verdict(row.verdict or Verdict.UNDETERMINED), row.input_hash
    judgement = judge_row(session, row, machine=machine_of_row(held), read=read)
    if judgement.input_hash == seen and earlier == judgement:
        return Rejudged(before=before, now=judgement.verdict, is_same_input=True, recalled=())
    recalled = []
    # Also from undetermined to failed: the deviation that let such a load pass was named for milder evidence.
    if _WEIGHT[judgement.verdict] > _WEIGHT[before]:
        recalled = _recall(session, act, row)
    session.flush()
    told = msgspec.structs.replace(
        ended_event(row, judgement), source_key=f"{row.id}:ended:{judgement.input_hash[:16]}", actor=act.actor.id
    )
    act.ledger.append(session, [told])
    return Rejudged(before=before, now=judgement.verdict, is_same_input=False, recalled=tuple(recalled))


_WEIGHT = {Verdict.PASS: 0, Verdict.UNDETERMINED: 1, Verdict.FAIL: 2}


def _recall(session: Session, act: Act, row: CycleRow) -> list[str]:
    recalled = []
    for load in session.exec(select(LoadRow).where(col(LoadRow.cycle) == row.id)):
        if load.state == LoadState.RELEASED:
            load.state, load.reason = LoadState.RECALLED.value, "verdict.overturned"
            session.add(load)
            recalled.append(load.id)
    if recalled:
        key = f"verdict-overturned:{row.id}:{row.input_hash[:16]}"
        event = AlarmRaised(
            thing=f"alarm:{key}",
            occurred_at=act.now,
            source=act.source,
            source_key=key,
            actor=act.actor.id,
            alarm_class="reprocessing.indicator_failed",
            subject_id=row.id,
            priority=AlarmPriority.HIGH,
        )
        act.ledger.append(session, [event])
    return recalled
