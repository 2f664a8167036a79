"""Reprocessing machines and their programmes as data that people set up."""

from __future__ import annotations

import msgspec
from sqlmodel import Session, col, select

from assets.model.machine import DEFAULT_QUANTITIES, Machine
from assets.model.programme import Programme
from assets.rules.programme_limits import problems_of_programme
from assets.service import limits
from assets.service.act import Act
from assets.tables import reprocessing
from assets.tables.register import find_asset
from assets.tables.rows import CycleRow, LoadRow, MachineRow, ProgrammeRow
from twin.access import Permission
from twin.errors import Conflict, FieldError, FieldProblem, NotFound, Refused

LEADING = ("phase", "state", "control_c")


def save(session: Session, *, act: Act, machine: Machine) -> Machine:
    """Keep a machine, new or changed.

    Parameters
    ----------
    session : Session
        The transaction.
    act : Act
        Who sets it up; needs ``devices:write``.
    machine : Machine
        As wanted; it must be in the register, and its programmes must be there.

    Raises
    ------
    NotFound
        If it is not in the register, or a programme does not exist.
    Conflict
        If another machine takes its samples from the same device.
    FieldError
        If a channel is unknown or the temperatures that begin and end a cycle are the wrong way round.
    """
    act.actor.require(Permission.DEVICES_WRITE)
    if find_asset(session, machine.id) is None:
        raise NotFound("asset", machine.id)
    for programme in machine.programmes.values():
        if reprocessing.find_programme(session, programme) is None:
            raise NotFound("programme", programme)
    problems = problems_of_machine(session, machine)
    taken = next((problem for problem in problems if problem.field == "device"), None)
    if taken is not None:
        raise Conflict(taken.message, code="machine.device")
    if problems:
        raise FieldError(problems[0])
    reprocessing.save_machine(session, machine)
    return machine


def problems_of_machine(session: Session, machine: Machine) -> list[FieldProblem]:
    """Give all that keeps a machine from being set up as wanted, so that a form or sheet can show it at once.

    Parameters
    ----------
    session : Session
        Any session.
    machine : Machine
        As wanted.
    """
    usual = ", ".join(DEFAULT_QUANTITIES)
    found = [
        ("quantities", f"{name!r} is no channel.", f"Use {usual}.")
        for name in machine.quantities
        if name not in DEFAULT_QUANTITIES
    ]
    found += [
        ("programmes", f"There is no programme {name!r}.", "Enter it first, or correct its key.")
        for name in dict.fromkeys(machine.programmes.values())
        if reprocessing.find_programme(session, name) is None
    ]
    if find_asset(session, machine.id) is None:
        found.append(("id", f"There is no device {machine.id!r}.", "Enter it in the register first."))
    if machine.leading not in LEADING:
        found.append(("leading", f"{machine.leading!r} leads nothing.", f"Use one of {', '.join(LEADING)}."))
    if machine.end_below_c > machine.start_above_c:
        message = f"Expected at most {machine.start_above_c}, got {machine.end_below_c}."
        found.append(("end_below_c", message, "Let a cycle end below the temperature at which it begins."))
    holder = session.exec(select(MachineRow.id).where(col(MachineRow.device) == machine.telemetry_device)).first()
    if holder is not None and holder != machine.id:
        message = f"{machine.telemetry_device} gives its samples to {holder} already."
        found.append(("device", message, "Name the device that sends this machine's samples."))
    return [FieldProblem(field=field, place="machine", message=text, cure=cure) for field, text, cure in found]


def remove(session: Session, *, act: Act, machine_id: str) -> None:
    """Take back the set-up of a machine that has not run yet; the device stays in the register.

    Raises
    ------
    NotFound
        If it is not set up.
    Refused
        If it has cycles or loads: what it did could not be explained any more.
    """
    act.actor.require(Permission.DEVICES_WRITE)
    row = session.get(MachineRow, machine_id)
    if row is None:
        raise NotFound("machine", machine_id)
    # Loads too: one that was filled and not yet run is waited for.
    for kind in (CycleRow, LoadRow):
        if session.exec(select(kind.id).where(col(kind.machine) == machine_id).limit(1)).first() is not None:
            raise Refused(f"{machine_id} has cycles or loads: it stays.", code="machine.has_cycles")
    session.delete(row)
    session.flush()


def all_machines(session: Session) -> list[Machine]:
    """Give all machines by id."""
    return reprocessing.list_machines(session)


def save_programme_limits(session: Session, *, act: Act, programme: Programme) -> Programme:
    """Keep a programme's limits, new or changed; earlier verdicts keep theirs.

    Raises
    ------
    FieldError
        If no cycle could be judged by them; what is wrong first is named.
    """
    act.actor.require(Permission.DEVICES_WRITE)
    problems = problems_of_programme(programme)
    if problems:
        raise FieldError(problems[0])
    is_changed = reprocessing.find_programme(session, programme.id) != programme
    reprocessing.save_programme(session, programme)
    if is_changed:
        limits.tell(session, act, "programme", programme.id, msgspec.json.encode(programme).decode())
    return programme


def remove_programme(session: Session, *, act: Act, programme_id: str) -> None:
    """Take back a programme that no machine names and by which no cycle was judged.

    Raises
    ------
    NotFound
        If there is none.
    Refused
        If a machine names it or a cycle ran by it.
    """
    act.actor.require(Permission.DEVICES_WRITE)
    row = session.get(ProgrammeRow, programme_id)
    if row is None:
        raise NotFound("programme", programme_id)
    ran = session.exec(select(CycleRow.id).where(col(CycleRow.programme) == programme_id).limit(1)).first()
    named = [one.id for one in all_machines(session) if programme_id in one.programmes.values()]
    if ran is not None or named:
        reasons = [*(["programme.has_cycles"] if ran is not None else []), *named]
        raise Refused(f"{programme_id} is in use: it stays.", reasons=reasons, code="programme.in_use")
    session.delete(row)
    session.flush()
    limits.tell(session, act, "programme", programme_id, "")


def all_programmes(session: Session) -> list[Programme]:
    """Give all programmes by id."""
    rows = session.exec(select(ProgrammeRow).order_by(col(ProgrammeRow.id)).limit(1000))
    return [msgspec.json.decode(row.body, type=Programme) for row in rows]
