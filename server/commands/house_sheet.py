"""The part of ``hospital-twin simulate`` that starts without a log: a hospital from its size and a sheet of guesses."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from server.commands import simulate
from server.commands.choosing import Seed, Start
from server.commands.scenario_texts import instant_of
from server.commands.stopping import nothing_known, stoppable
from server.console import AsJson, out, say, show, show_rows, write_file
from simulation.experiments.hospital import Capacities, ParameterSheet, hospital_document
from simulation.experiments.request import ExperimentRequest, Interval
from simulation.experiments.sensitivity import Sensitivity, SheetStudy, sheet_of
from simulation.experiments.sizes import size_of, wards_of
from simulation.model.reading import load_document

Bays = Annotated[int, typer.Option(min=1, help=say("Bays in emergency."))]
Icu = Annotated[int, typer.Option(min=1, help=say("Beds in intensive care."))]
Theatres = Annotated[int, typer.Option(min=1, help=say("Theatres."))]
Recovery = Annotated[int, typer.Option(min=1, help=say("Places in the recovery room."))]
Cleaners = Annotated[int, typer.Option(min=1, help=say("Cleaners on duty."))]
Wards = Annotated[list[str] | None, typer.Option(help=say("A ward and its beds: A=30; once for each."))]
Zone = Annotated[str, typer.Option(help=say("Time zone, such as Asia/Shanghai."))]
Sheet = Annotated[
    Path | None, typer.Option(help=say("TOML or JSON file of stays, shares and arrivals; usual ones else."))
]
_MONDAY = "2026-11-30T00:00:00Z"


@simulate.command.command(
    "hospital", help=say("Write the pathway of a hospital from the number of its beds, rooms and people.")
)
def write_hospital(
    to: Annotated[Path, typer.Argument(help=say("JSON file for the pathway."))],
    ed: Bays = 20,
    icu: Icu = 12,
    theatres: Theatres = 6,
    recovery: Recovery = 8,
    cleaners: Cleaners = 6,
    ward: Wards = None,
    sheet: Sheet = None,
    zone: Zone = "UTC",
) -> None:
    """Write the pathway of a hospital."""
    rooms = {"ed": ed, "icu": icu, "theatres": theatres, "recovery": recovery, "cleaners": cleaners}
    document = hospital_document(_size(rooms, ward), _sheet(sheet, zone), {})
    write_file(to, msgspec.json.format(msgspec.json.encode(document)) + b"\n")
    out(say("Written: {file}.", file=to))


@simulate.command.command(
    "sensitivity", help=say("Tell which guesses about a hospital matter: each a little lower and a little higher.")
)
def tell_sensitivity(
    measure: Annotated[
        str, typer.Option(help=say("What is looked at: wait.wait-for-bay.mean_s, pool.icu.occupied."))
    ] = "wait.wait-for-bay.mean_s",
    share: Annotated[float, typer.Option(help=say("By how much lower and higher; 0.2 is a fifth."))] = 0.2,
    ed: Bays = 20,
    icu: Icu = 12,
    theatres: Theatres = 6,
    recovery: Recovery = 8,
    cleaners: Cleaners = 6,
    ward: Wards = None,
    sheet: Sheet = None,
    zone: Zone = "UTC",
    hours: Annotated[float, typer.Option(help=say("Length of a run."))] = 336.0,
    warm_up_hours: Annotated[float, typer.Option(min=0, help=say("Hours at the beginning that do not count."))] = 168.0,
    replications: Annotated[int, typer.Option(min=2, help=say("Independent runs."))] = 20,
    start: Start = _MONDAY,
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """Tell which guesses matter."""
    rooms = {"ed": ed, "icu": icu, "theatres": theatres, "recovery": recovery, "cleaners": cleaners}
    request = ExperimentRequest(
        pathway={},
        start_at=instant_of(start),
        horizon_s=hours * 3600,
        warm_up_s=warm_up_hours * 3600,
        replications=replications,
        seed=seed,
    )
    size, told = _size(rooms, ward), _sheet(sheet, zone)
    with stoppable() as asked, nothing_known(asked):
        study = SheetStudy(size, told, request, measure, share=share, should_stop=asked)
        found = study.vary_all()
    if as_json:
        show({"measure": measure, "share": share, "entries": [_plain(one) for one in found]})
    else:
        _show_entries(found)
    counts = {"done": len(found), "most": len(study.entries)}
    asked.end_with(say("Called off: {done} of {most} entries are in what is told.", **counts))


def _show_entries(found: list[Sensitivity]) -> None:
    rows = [
        {
            "entry": one.entry,
            "lower": _shown(one.low),
            "higher": _shown(one.high),
            "felt": "yes" if one.is_felt else "",
        }
        for one in found
    ]
    show_rows(rows, columns=("entry", "lower", "higher", "felt"), as_json=False)


def _size(rooms: dict[str, int], ward: list[str] | None) -> Capacities:
    return size_of(rooms, wards_of(" ".join(ward or ())))


def _sheet(file: Path | None, zone: str) -> ParameterSheet:
    usual = ParameterSheet(zone=zone)
    return usual if file is None else sheet_of(load_document(file), usual)


def _plain(one: Sensitivity) -> dict[str, object]:
    return {
        "entry": one.entry,
        "lower": msgspec.to_builtins(one.low),
        "higher": msgspec.to_builtins(one.high),
        "is_felt": one.is_felt,
    }


def _shown(value: Interval) -> str:
    return f"{value.mean:+.5g} ± {value.half_width:.3g}"
