"""Sheets of reprocessing machines and their programmes: a row is one machine, or one programme with its limits."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

from sqlmodel import Session

from assets.model.machine import Machine
from assets.model.programme import Drying, Evidence, MachineKind, Programme, Pulses
from assets.rules.programme_limits import problems_of_programme
from assets.rules.setup_text import (
    codes_text,
    codes_told,
    programmes_text,
    programmes_told,
    quantities_text,
    quantities_told,
)
from assets.service import machines
from assets.service.act import Act
from assets.tables.register import find_by_identifier
from server.imports.columns import (
    Column,
    Unreadable,
    Value,
    as_codes,
    as_identifier,
    as_number,
    as_one_of,
    as_text,
    as_whole,
)
from server.wiring import Hospital
from twin.access import SYSTEM
from twin.errors import FieldProblem


class SheetRow(Protocol):
    """One checked row of a sheet."""

    @property
    def place(self) -> str:
        """Which row of the file, for messages."""

    @property
    def values(self) -> dict[str, Value]:
        """Values by column."""


def _evidence(cell: str) -> tuple[str, ...]:
    known = {kind.value for kind in Evidence}
    told = as_codes(cell)
    unknown = [code for code in told if code not in known]
    if unknown:
        raise Unreadable(f"{unknown[0]} is no evidence; expected some of {'; '.join(sorted(known))}")
    return told


def _told_by(read: Callable[[str], object]) -> Callable[[str], str]:
    """Let a cell be looked at by its reader and kept as it stands: what it means is told once the row is complete."""

    def check(cell: str) -> str:
        try:
            read(cell)
        except ValueError as error:
            raise Unreadable(f"{error}".rstrip(".")) from error
        return cell

    return check


_CELSIUS = as_number(-100, 1000)
_SECONDS = as_number(0.001, 604_800)
_KPA = as_number(0.001, 10_000)
_SHARE = as_number(0.0001, 1)
_PLAIN = Programme(id="", band_low_c=0.0, band_high_c=1.0, required_hold_s=1.0)

PROGRAMME_COLUMNS: tuple[Column, ...] = (
    Column(name="id", read=as_identifier, example="P134-18", is_required=True),
    Column(name="name", read=as_text, example="134 °C prion"),
    Column(name="kind", read=as_one_of(MachineKind), example="steam", default=MachineKind.STEAM),
    Column(name="band_low_c", read=_CELSIUS, example="134", is_required=True),
    Column(name="band_high_c", read=_CELSIUS, example="137", is_required=True),
    Column(name="required_hold_s", read=_SECONDS, example="1080", is_required=True),
    Column(name="sample_interval_s", read=_SECONDS, example="1", default=_PLAIN.sample_interval_s),
    Column(name="required", read=_evidence, example="control_temperature; record_temperature; pressure", default=()),
    Column(
        name="max_theoretical_difference_k",
        read=as_number(0.001, 100),
        example="2",
        default=_PLAIN.max_theoretical_difference_k,
    ),
    Column(
        name="max_record_difference_k", read=as_number(0.001, 100), example="1", default=_PLAIN.max_record_difference_k
    ),
    Column(name="min_f0_minutes", read=as_number(0, 100_000), example="0", default=0.0),
    Column(name="min_a0_s", read=as_number(0, 10_000_000), example="0", default=0.0),
    Column(name="f0_reference_c", read=_CELSIUS, example="121.1", default=_PLAIN.f0_reference_c),
    Column(name="max_air_share", read=_SHARE, example="0.06", default=_PLAIN.max_air_share),
    Column(name="air_suspected_share", read=_SHARE, example="0.02", default=_PLAIN.air_suspected_share),
    Column(name="phases", read=_told_by(codes_told), example="1; 2; 3; 4"),
    Column(name="pulse_count", read=as_whole(1, 100), example="3", default=0),
    Column(name="pulse_low_kpa", read=_KPA, example="10", default=0.0),
    Column(name="pulse_high_kpa", read=_KPA, example="95", default=0.0),
    Column(name="drying_kpa", read=_KPA, example="10", default=0.0),
    Column(name="drying_s", read=_SECONDS, example="300", default=0.0),
    Column(name="source", read=as_text, example="Performance qualification 2026-03", is_required=True),
    Column(name="edition", read=as_text, example="EN 285:2015+A1:2021"),
)
MACHINE_COLUMNS: tuple[Column, ...] = (
    Column(name="id", read=as_text, example="STER-1", is_required=True),
    Column(name="kind", read=as_one_of(MachineKind), example="steam", default=MachineKind.STEAM),
    Column(name="place", read=as_text, example="CSSD-CLEAN"),
    Column(name="device", read=as_text, example="sterilizer-1"),
    Column(name="programmes", read=_told_by(programmes_told), example="1=P134-18; 2=P121"),
    Column(name="leading", read=as_text, example="phase", default="phase"),
    Column(name="idle_codes", read=_told_by(codes_told), example="0; 7", default="0; 7"),
    Column(name="start_above_c", read=_CELSIUS, example="90", default=90.0),
    Column(name="end_below_c", read=_CELSIUS, example="85", default=85.0),
    Column(name="quantities", read=_told_by(quantities_told), example="control_c=chamber_temperature_c"),
)
"""Columns of the two sheets; what a machine names must be there, so that programmes are imported first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a row says.

    Parameters
    ----------
    place : str
        Which row.
    value : Programme or Machine or None
        What it becomes; None if it cannot be.
    problem : FieldProblem or None
        Why not.
    """

    place: str
    value: Programme | Machine | None = None
    problem: FieldProblem | None = None


def programmes_of(records: Sequence[SheetRow]) -> list[Told]:
    """Give the programmes of checked rows."""
    return [_programme(record.place, record.values) for record in records]


def _programme(place: str, values: dict[str, Value]) -> Told:
    groups = {
        "pulse_count": ("pulse_count", "pulse_low_kpa", "pulse_high_kpa"),
        "drying_kpa": ("drying_kpa", "drying_s"),
    }
    for first, names in groups.items():
        if any(values[name] for name in names) and not all(values[name] for name in names):
            message = f"Of {', '.join(names)} some are empty."
            return Told(place=place, problem=_problem(first, place, message, "Fill all of them, or none."))
    count, low, high = (values[name] for name in groups["pulse_count"])
    depth, length = (values[name] for name in groups["drying_kpa"])
    composed = {
        "id": str(values["id"]),
        "kind": MachineKind(str(values["kind"])),
        "required": frozenset(map(Evidence, as_codes(";".join(map(str, _several(values["required"])))))),
        "phases": codes_told(str(values["phases"])),
        "pulses": Pulses(count=int(_number(count)), low_kpa=_number(low), high_kpa=_number(high)) if count else None,
        "drying": Drying(pressure_kpa=_number(depth), duration_s=_number(length)) if depth else None,
    }
    if not composed["required"]:
        del composed["required"]  # an empty cell leaves what is required by default: temperature and pressure
    apart = {*composed, *groups["pulse_count"], *groups["drying_kpa"], "required"}
    plain = {name: value for name, value in values.items() if name not in apart}
    try:
        return Told(place=place, value=Programme(**plain, **composed))  # type: ignore[arg-type]  # columns are its fields
    except ValueError as error:
        return Told(place=place, problem=_problem("band_low_c", place, f"{error}", "Correct the limits."))


def _several(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


def _number(value: Value) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def machines_of(session: Session, records: Sequence[SheetRow]) -> list[Told]:
    """Give the machines of checked rows; a machine may be named by any mark that it bears."""
    return [_machine(session, record.place, record.values) for record in records]


def _machine(session: Session, place: str, values: dict[str, Value]) -> Told:
    row = find_by_identifier(session, str(values["id"]))
    if row is None:
        message = f"There is no device {values['id']!r}."
        return Told(place=place, problem=_problem("id", place, message, "Import the devices first, or correct it."))
    return Told(
        place=place,
        value=Machine(
            id=row.id,
            kind=MachineKind(str(values["kind"])),
            place=str(values["place"]),
            device=str(values["device"]),
            programmes=programmes_told(str(values["programmes"])),
            quantities=quantities_told(str(values["quantities"])),
            leading=str(values["leading"]),
            idle_codes=codes_told(str(values["idle_codes"])),
            start_above_c=_number(values["start_above_c"]),
            end_below_c=_number(values["end_below_c"]),
        ),
    )


def setup_problems(session: Session, told: Sequence[Told]) -> list[FieldProblem]:
    """Give all that keeps rows from being stored, in their order."""
    problems: list[FieldProblem] = []
    row_by_device: dict[str, str] = {}
    for one in told:
        if one.problem is not None:
            problems.append(one.problem)
        elif isinstance(one.value, Programme):
            problems += [_in_row(each, one.place) for each in problems_of_programme(one.value)]
        elif one.value is not None:
            problems += [_in_row(each, one.place) for each in machines.problems_of_machine(session, one.value)]
            earlier = row_by_device.setdefault(one.value.telemetry_device, one.place)
            if earlier != one.place:
                message = f"{one.value.telemetry_device} gives its samples to the machine of {earlier} already."
                problems.append(_problem("device", one.place, message, "Name the device of this machine."))
    return problems


def count_changed(session: Session, told: Sequence[Told]) -> int:
    """Count the rows that say something new."""
    held = {("programme", one.id): one for one in machines.all_programmes(session)}
    kept = {("machine", each.id): each for each in machines.all_machines(session)}
    known: dict[tuple[str, str], Programme | Machine] = {**held, **kept}
    return sum(one.value is not None and known.get(_key(one.value)) != one.value for one in told)


def _key(value: Programme | Machine) -> tuple[str, str]:
    return ("programme" if isinstance(value, Programme) else "machine", value.id)


def store_setup(session: Session, hospital: Hospital, told: Sequence[Told]) -> None:
    """Keep all rows; they have no problem."""
    # Who may import was asked at the door; the audit names them.
    now = hospital.clock.now()
    act = Act(actor=SYSTEM, now=now, key=f"import:set-up:{now}", ledger=hospital.ledger)
    for one in told:
        if isinstance(one.value, Programme):
            machines.save_programme_limits(session, act=act, programme=one.value)
        elif one.value is not None:
            machines.save(session, act=act, machine=one.value)


def _in_row(problem: FieldProblem, place: str) -> FieldProblem:
    return FieldProblem(field=problem.field, place=place, message=problem.message, cure=problem.cure)


def _problem(field: str, place: str, message: str, cure: str) -> FieldProblem:
    return FieldProblem(field=field, place=place, message=message, cure=cure)


def setup_sheet(session: Session, *, is_machines: bool) -> str:
    """Give all machines, or all programmes, as the sheet that would set them up so, CSV.

    Parameters
    ----------
    session : Session
        Any session.
    is_machines : bool
        Machines, or else programmes.
    """
    columns = [column.name for column in (MACHINE_COLUMNS if is_machines else PROGRAMME_COLUMNS)]
    rows = (
        [_machine_cells(one) for one in machines.all_machines(session)]
        if is_machines
        else [_programme_cells(one) for one in machines.all_programmes(session)]
    )
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([[row[name] for name in columns] for row in rows])
    return out.getvalue()


def _machine_cells(one: Machine) -> dict[str, object]:
    return {
        **asdict(one),
        "kind": one.kind.value,
        "programmes": programmes_text(one.programmes),
        "idle_codes": codes_text(one.idle_codes),
        "quantities": quantities_text(one.quantities),
    }


def _programme_cells(one: Programme) -> dict[str, object]:
    return {
        **asdict(one),
        "kind": one.kind.value,
        "required": "; ".join(sorted(each.value for each in one.required)),
        "phases": codes_text(one.phases),
        "pulse_count": one.pulses.count if one.pulses is not None else "",
        "pulse_low_kpa": one.pulses.low_kpa if one.pulses is not None else "",
        "pulse_high_kpa": one.pulses.high_kpa if one.pulses is not None else "",
        "drying_kpa": one.drying.pressure_kpa if one.drying is not None else "",
        "drying_s": one.drying.duration_s if one.drying is not None else "",
    }
