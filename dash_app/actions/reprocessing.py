"""Sign for loads: release, reject, name a deviation; tell results of indicators and tests; enter cycles by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from assets.model.cycle import Judgement
from assets.model.loads import Indicator, IndicatorKind, MachineTest, MachineTestKind
from assets.rules.manual import Printout
from assets.service import documents, loads
from assets.service.act import Act
from assets.service.cycles import cycle_id
from assets.service.manual_cycles import ManualCycle, enter_cycle
from assets.tables.reprocessing import judgement_of_row
from dash_app.actions.device_records import instant_entered
from dash_app.actions.files import HandedFile
from dash_app.actions.port import Commands
from twin.access import Permission
from twin.clock import HOUR_US
from twin.errors import FieldError, FieldProblem


def _act(port: Commands, verb: str, load: str) -> Act:
    actor, now = port.actor(), port.clock.now()
    actor.require(Permission.LOADS_RELEASE)
    return Act(actor=actor, now=now, key=f"{actor.id}:{verb}:{load}:{now}", ledger=port.ledger)


def release(port: Commands, load: str, note: str) -> bool:
    """Sign that a load may be used.

    Parameters
    ----------
    port : Commands
        The hospital.
    load : str
        Id of the load.
    note : str
        Remark of the signer; may be empty.

    Returns
    -------
    bool
        False if another person must sign as well.
    """
    act = _act(port, "release", load)
    return port.writer.run(lambda session: loads.release_load(session, act=act, load_id=load, note=note)).is_released


def reject(port: Commands, load: str, reason: str) -> None:
    """Sign that a load must be reprocessed.

    Parameters
    ----------
    port : Commands
        The hospital.
    load : str
        Id of the load.
    reason : str
        Why.
    """
    act = _act(port, "reject", load)
    port.writer.run(lambda session: loads.reject_load(session, act=act, load_id=load, reason=reason))


def name_deviation(port: Commands, load: str, note: str) -> None:
    """Name why a load without a passed verdict may be used all the same; another person must then release it.

    Parameters
    ----------
    port : Commands
        The hospital.
    load : str
        Id of the load.
    note : str
        The reason, in words.
    """
    act = _act(port, "deviation", load)
    port.writer.run(lambda session: loads.name_deviation(session, act=act, load_id=load, note=note))


def tell_indicator(port: Commands, *, cycle: str, kind: IndicatorKind, name: str, is_passed: bool) -> list[str]:
    """Keep the result of an indicator; one that fails late recalls what was released.

    Parameters
    ----------
    port : Commands
        The hospital.
    cycle, name : str
        Of which cycle, and its number or place.
    kind : IndicatorKind
        How it proves.
    is_passed : bool
        What it shows.

    Returns
    -------
    list[str]
        Loads that are recalled by it.
    """
    act = _act(port, "indicator", f"{cycle}:{name}")
    indicator = Indicator(cycle=cycle, name=name.strip(), kind=kind, at=act.now, is_passed=is_passed)
    return port.writer.run(lambda session: loads.record_indicator(session, act=act, indicator=indicator))


def tell_test(
    port: Commands, *, machine: str, kind: MachineTestKind, is_passed: bool, value: float | None, valid_hours: int
) -> None:
    """Keep the result of a machine's regular test; a failed one raises an alarm and blocks releases.

    Parameters
    ----------
    port : Commands
        The hospital.
    machine : str
        Id of the machine.
    kind : MachineTestKind
        Which test.
    is_passed : bool
        What it shows.
    value : float or None
        The figure that it rests on, kPa/min for a leak test.
    valid_hours : int
        How long it counts, hours, above 0.
    """
    act = _act(port, "test", machine)
    test = MachineTest(
        machine=machine,
        kind=kind,
        at=act.now,
        valid_until=act.now + valid_hours * HOUR_US,
        is_passed=is_passed,
        value=value,
    )
    port.writer.run(lambda session: loads.record_test(session, act=act, test=test))


def enter_printout(port: Commands, entered: Mapping[str, Any], photo: HandedFile | None = None) -> Judgement:
    """Enter a cycle of a machine without an interface from its printout; give what the printout says of it.

    Parameters
    ----------
    port : Commands
        The hospital.
    entered : Mapping[str, Any]
        ``machine``, ``programme``, ``load`` (empty for a new one), ``begun`` and ``ended`` as local times, ``lowest``
        and ``highest`` (°C), ``hold`` (s), ``f0`` (min), ``a0`` (s), ``pressure`` (kPa), ``number`` and ``passed``.
    photo : HandedFile or None
        The printout itself; it is kept with the cycle, and if it cannot be, nothing is.

    Raises
    ------
    FieldError
        If a figure is missing or cannot be; the field is named.
    """
    machine = str(entered.get("machine") or "")
    act = _act(port, "printout", machine)
    zone = ZoneInfo(port.settings.time_zone)
    begun, ended = (instant_entered(entered.get(field), zone) for field in ("begun", "ended"))
    for field, found in (("begun", begun), ("ended", ended)):
        if not found:
            raise _missing(field)
    cycle = ManualCycle(
        machine=machine,
        programme=str(entered.get("programme") or ""),
        start_at=begun,
        end_at=ended,
        printout=Printout(
            lowest_c=_printed(entered, "lowest"),
            highest_c=_printed(entered, "highest"),
            hold_s=_printed(entered, "hold"),
            f0_minutes=_perhaps(entered, "f0"),
            a0_s=_perhaps(entered, "a0"),
            pressure_kpa=_perhaps(entered, "pressure"),
            machine_says_passed=bool(entered.get("passed")),
        ),
        number=-1 if _perhaps(entered, "number") is None else int(_printed(entered, "number")),
        load=str(entered.get("load") or ""),
    )

    def use_case(session: Session) -> Judgement:
        told = cycle if photo is None else _with_photo(session, act, cycle, photo)
        judgement = judgement_of_row(enter_cycle(session, act=act, cycle=told))
        assert judgement is not None  # noqa: S101  # entering judges
        return judgement

    return port.writer.run(use_case)


def _with_photo(session: Session, act: Act, cycle: ManualCycle, photo: HandedFile) -> ManualCycle:
    attachment = documents.Attachment(
        subject=cycle_id(cycle.machine, cycle.start_at),
        name=photo.name,
        media_type=photo.media_type,
        content=photo.content,
    )
    kept = documents.attach(session, act=act, attachment=attachment)
    return replace(cycle, printout=replace(cycle.printout, photo=kept.id))


def _perhaps(entered: Mapping[str, Any], field: str) -> float | None:
    value = entered.get(field)
    return None if value in (None, "") else _printed(entered, field)


def _printed(entered: Mapping[str, Any], field: str) -> float:
    value = entered.get(field)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _missing(field)
    return float(value)


def _missing(field: str) -> FieldError:
    message, cure = "Expected what is printed.", "Read it from the printout."
    return FieldError(FieldProblem(field=field, place="form", message=message, cure=cure))
