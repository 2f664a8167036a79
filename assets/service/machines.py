"""Reprocessing machines and their programmes as data that people set up."""

from __future__ import annotations

import msgspec
from sqlmodel import Session, col, select

from assets.model.machine import DEFAULT_QUANTITIES, Machine
from assets.model.programme import Programme
from assets.service.act import Act
from assets.tables import reprocessing
from assets.tables.register import find_asset
from assets.tables.rows import MachineRow, ProgrammeRow
from twin.access import Permission
from twin.errors import Conflict, FieldError, FieldProblem, NotFound

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
    _check(machine)
    for programme in machine.programmes.values():
        if reprocessing.find_programme(session, programme) is None:
            raise NotFound("programme", programme)
    holder = session.exec(select(MachineRow.id).where(col(MachineRow.device) == machine.telemetry_device)).first()
    if holder is not None and holder != machine.id:
        raise Conflict(f"{machine.telemetry_device} gives its samples to {holder} already.", code="machine.device")
    reprocessing.save_machine(session, machine)
    return machine


def _check(machine: Machine) -> None:
    field, message, cure = "", "", ""
    unknown = [name for name in machine.quantities if name not in DEFAULT_QUANTITIES]
    if machine.leading not in LEADING:
        field, message, cure = "leading", f"{machine.leading!r} leads nothing.", f"Use one of {', '.join(LEADING)}."
    elif unknown:
        field, message = "quantities", f"{unknown[0]!r} is no channel."
        cure = f"Use {', '.join(DEFAULT_QUANTITIES)}."
    elif machine.end_below_c > machine.start_above_c:
        field, message = "end_below_c", f"Expected at most {machine.start_above_c}, got {machine.end_below_c}."
        cure = "Let a cycle end below the temperature at which it begins."
    if message:
        raise FieldError(FieldProblem(field=field, place="machine", message=message, cure=cure))


def all_machines(session: Session) -> list[Machine]:
    """Give all machines by id."""
    return reprocessing.list_machines(session)


def save_programme_limits(session: Session, *, act: Act, programme: Programme) -> Programme:
    """Keep a programme's limits, new or changed; earlier verdicts keep theirs.

    Raises
    ------
    FieldError
        If air would be suspected only above the share that fails.
    """
    act.actor.require(Permission.DEVICES_WRITE)
    if programme.air_suspected_share > programme.max_air_share:
        message = f"Expected at most {programme.max_air_share}, got {programme.air_suspected_share}."
        problem = FieldProblem(field="air_suspected_share", place="programme", message=message, cure="Lower it.")
        raise FieldError(problem)
    reprocessing.save_programme(session, programme)
    return programme


def all_programmes(session: Session) -> list[Programme]:
    """Give all programmes by id."""
    rows = session.exec(select(ProgrammeRow).order_by(col(ProgrammeRow.id)).limit(1000))
    return [msgspec.json.decode(row.body, type=Programme) for row in rows]
