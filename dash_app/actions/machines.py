"""Set up reprocessing machines and their programmes, and the limits and clocks by which devices are judged."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec
from sqlmodel import Session

from assets.model.electrical import Method, Quantity
from assets.model.incidents import ReportingClock, Severity
from assets.model.machine import Machine
from assets.model.programme import Drying, MachineKind, Programme, Pulses
from assets.rules.endoscopes import ScopeLimits
from assets.rules.setup_text import codes_told, programmes_told, quantities_told
from assets.service import limits, machines
from assets.service.act import Act
from dash_app.actions.device_records import device_named
from dash_app.actions.port import Commands
from twin.access import Permission
from twin.errors import FieldError, FieldProblem

NUMBERS = (
    "band_low_c",
    "band_high_c",
    "required_hold_s",
    "sample_interval_s",
    "max_theoretical_difference_k",
    "max_record_difference_k",
    "min_f0_minutes",
    "min_a0_s",
    "f0_reference_c",
    "max_air_share",
    "air_suspected_share",
)
"""Fields of a programme that are one number each, by their names in :class:`assets.model.programme.Programme`."""

ANY_METHOD = "any"  # a form's choice needs a value; the limits' own word for it is empty
Entered = Mapping[str, Any]


def _act(port: Commands, verb: str) -> Act:
    actor, now = port.actor(), port.clock.now()
    actor.require(Permission.DEVICES_WRITE)
    return Act(actor=actor, now=now, key=f"{actor.id}:{verb}:{now}", ledger=port.ledger)


def _wrong(field: str, message: str, cure: str) -> FieldError:
    return FieldError(FieldProblem(field=field, place="form", message=message, cure=cure))


def _number(entered: Entered, field: str) -> float:
    try:
        value = float(entered.get(field))  # type: ignore[arg-type]  # what is no number is told below
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise _wrong(field, f"Expected a number, got {entered.get(field)!r}.", "Enter one.")
    return value


def _text(entered: Entered, field: str) -> str:
    return str(entered.get(field) or "").strip()


def _several(entered: Entered, fields: Sequence[str]) -> list[float] | None:
    """Give the numbers of fields that belong together; None if all of them are empty."""
    if all(entered.get(field) in (None, "") for field in fields):
        return None
    return [_number(entered, field) for field in fields]


def programme_entered(entered: Entered) -> Programme:
    """Give a programme as entered.

    Parameters
    ----------
    entered : Mapping[str, Any]
        By field: ``id``, ``name``, ``kind``, ``required``, ``phases``, ``source``, ``edition``, those of
        :data:`NUMBERS`, ``pulse_count``, ``pulse_low_kpa``, ``pulse_high_kpa``, ``drying_kpa``, ``drying_s``.

    Raises
    ------
    FieldError
        If a number is missing or the band is empty; the field is named.
    """
    pulses = _several(entered, ("pulse_count", "pulse_low_kpa", "pulse_high_kpa"))
    drying = _several(entered, ("drying_kpa", "drying_s"))
    numbers = {name: _number(entered, name) for name in NUMBERS}
    plain = {
        "id": _text(entered, "id"),
        "name": _text(entered, "name"),
        "kind": _text(entered, "kind") or MachineKind.STEAM,
        "required": list(entered.get("required") or ()),
        "pulses": Pulses(count=int(pulses[0]), low_kpa=pulses[1], high_kpa=pulses[2]) if pulses else None,
        "drying": Drying(pressure_kpa=drying[0], duration_s=drying[1]) if drying else None,
        "source": _text(entered, "source"),
        "edition": _text(entered, "edition"),
    }
    try:
        told = plain | numbers | {"phases": codes_told(_text(entered, "phases"))}
        return msgspec.convert(told, type=Programme)
    except ValueError as error:
        raise _wrong("programme", f"{error}", "Correct the limits.") from error


def save_programme(port: Commands, entered: Entered) -> Programme:
    """Keep a programme, new or changed; verdicts that were given keep theirs."""
    act, wanted = _act(port, "programme"), programme_entered(entered)
    return port.writer.run(lambda session: machines.save_programme_limits(session, act=act, programme=wanted))


def remove_programme(port: Commands, programme: str) -> None:
    """Take back a programme that was never used."""
    act = _act(port, "programme-removed")
    port.writer.run(lambda session: machines.remove_programme(session, act=act, programme_id=programme))


def save_machine(port: Commands, entered: Entered) -> Machine:
    """Keep a machine, new or changed; a cycle that runs is not lost by it.

    Parameters
    ----------
    port : Commands
        The hospital.
    entered : Mapping[str, Any]
        By field: ``id`` (any mark of the device), ``kind``, ``place``, ``device``, ``programmes``, ``leading``,
        ``idle_codes``, ``start_above_c``, ``end_below_c``, ``quantities``.
    """
    act = _act(port, "machine")
    try:
        wanted = Machine(
            id="",
            kind=MachineKind(_text(entered, "kind") or MachineKind.STEAM),
            place=_text(entered, "place"),
            device=_text(entered, "device"),
            programmes=programmes_told(_text(entered, "programmes")),
            quantities=quantities_told(_text(entered, "quantities")),
            leading=_text(entered, "leading"),
            idle_codes=codes_told(_text(entered, "idle_codes")),
            start_above_c=_number(entered, "start_above_c"),
            end_below_c=_number(entered, "end_below_c"),
        )
    except ValueError as error:
        raise _wrong("machine", f"{error}", "Correct it.") from error

    def use_case(session: Session) -> Machine:
        identifier = device_named(session, _text(entered, "id"))
        return machines.save(session, act=act, machine=replace(wanted, id=identifier))

    return port.writer.run(use_case)


def remove_machine(port: Commands, machine: str) -> None:
    """Take back the set-up of a machine that has not run yet."""
    act = _act(port, "machine-removed")
    port.writer.run(lambda session: machines.remove(session, act=act, machine_id=machine))


def keep_electrical(port: Commands, entered: Entered) -> None:
    """Set one limit of electrical safety tests beside the others.

    Parameters
    ----------
    port : Commands
        The hospital.
    entered : Mapping[str, Any]
        ``quantity``, ``method``, ``subject``, ``limit`` and ``source``.
    """
    act = _act(port, "electrical-limit")
    source = _text(entered, "source")
    if not source:
        raise _wrong("source", "Expected where the limit stands.", "Name standard and edition, or your own rule.")
    quantity = Quantity(_text(entered, "quantity"))
    is_any = quantity is Quantity.PROTECTIVE_EARTH or _text(entered, "method") == ANY_METHOD
    wanted = limits.ElectricalLimit(
        quantity=quantity,
        # Protective earth is a resistance: it has no method, and a limit under one would never be found.
        method=Method.NONE if is_any else Method(_text(entered, "method")),
        subject=_text(entered, "subject"),
        limit=_number(entered, "limit"),
        source=source,
    )
    if not wanted.subject:
        raise _wrong("subject", "Expected a class, an applied part or what the earth includes.", "Choose one.")

    def use_case(session: Session) -> None:
        others = [one for one in limits.electrical_limits(session) if limit_key(one) != limit_key(wanted)]
        limits.save_electrical_limits(session, act=act, limits=[*others, wanted])

    port.writer.run(use_case)


def remove_electrical(port: Commands, key: str) -> None:
    """Take one limit away; such a value is refused from then on."""
    act = _act(port, "electrical-limit-removed")

    def use_case(session: Session) -> None:
        left = [one for one in limits.electrical_limits(session) if limit_key(one) != key]
        limits.save_electrical_limits(session, act=act, limits=left)

    port.writer.run(use_case)


def limit_key(one: limits.ElectricalLimit) -> str:
    """Give what a limit is about, as one text."""
    return "/".join((one.quantity.value, one.method.value, one.subject))


def keep_clock(port: Commands, entered: Entered) -> None:
    """Set until when incidents of a severity must be reported; 0 days take the clock away."""
    act = _act(port, "reporting-clock")
    severity, days = Severity(_text(entered, "severity")), _number(entered, "days")
    source = _text(entered, "source")
    if days and not source:
        raise _wrong("source", "Expected the rule that says so.", "Name article and act.")
    if days != int(days) or not 0 <= days <= 365:
        raise _wrong("days", f"Expected a whole number from 0 to 365, got {days:g}.", "Enter 0 to take it away.")
    clock = ReportingClock(days=int(days), source=source, is_working_days=bool(entered.get("working")))

    def use_case(session: Session) -> None:
        held = {one: other for one, other in limits.reporting_clocks(session).items() if one is not severity}
        limits.save_reporting_clocks(session, act=act, clocks={**held, severity: clock} if days else held)

    port.writer.run(use_case)


def keep_scopes(port: Commands, entered: Entered) -> None:
    """Set the clocks of endoscopes, minutes but for the days of storage."""
    act = _act(port, "scope-limits")
    units = {"bedside_to_clean_s": 60, "clean_to_machine_s": 60, "drying_s": 60, "hang_s": 86_400}
    seconds = {name: round(_number(entered, name) * unit) for name, unit in units.items()}
    for name, value in seconds.items():
        if not 0 < value <= 31_536_000:
            raise _wrong(name, f"Expected more than 0 and at most a year, got {value} s.", "Correct it.")
    source = _text(entered, "source")
    if not source:
        raise _wrong("source", "Expected where they were taken from.", "Name the risk assessment or standard.")
    wanted = ScopeLimits(source=source, **seconds)
    port.writer.run(lambda session: limits.save_scope_limits(session, act=act, limits=wanted))


def go_back(port: Commands, of: str) -> None:
    """Take the hospital's own limits of one kind back: the commonly quoted ones are in force again."""
    act = _act(port, "limits-back")
    port.writer.run(lambda session: limits.reset(session, act=act, of=limits.LimitsOf(of)))
