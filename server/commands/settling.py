"""The part of ``hospital-twin simulate`` about the long run: how long the warm-up is, what a usual week looks like."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from server.commands import simulate
from server.commands.choosing import Hours, Seed, Start
from server.commands.scenario_texts import instant_of
from server.commands.stopping import nothing_known, stoppable
from server.console import AsJson, out, say, show, show_rows
from simulation.experiments.request import Band, ExperimentRequest
from simulation.experiments.running import run
from simulation.experiments.warming import WarmUp, find_warm_up, plain_warm_up
from simulation.experiments.week import WEEK_HOURS
from simulation.model.problems import PathwayError
from simulation.model.reading import load_document
from twin.clock import HOUR_US

_MONDAY = "2026-11-30T00:00:00Z"
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@simulate.command.command("warm-up", help=say("Find how long the beginning of a run must not count (MSER-5)."))
def tell_warm_up(
    pathway: Annotated[Path, typer.Argument(help=say("TOML or JSON file."))],
    hours: Hours = 1344.0,
    cycle_hours: Annotated[
        float, typer.Option(help=say("Length of the cycle that repeats: 24, 168; 0 for none."))
    ] = 0.0,
    every_minutes: Annotated[float, typer.Option(help=say("Minutes between two looks at the queues."))] = 60.0,
    replications: Annotated[int, typer.Option(min=1, help=say("Independent runs."))] = 20,
    start: Start = _MONDAY,
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """Find the warm-up."""
    request = ExperimentRequest(
        pathway=load_document(pathway),
        start_at=instant_of(start),
        horizon_s=hours * 3600,
        audit_every_s=_positive("every-minutes", every_minutes) * 60,
        replications=replications,
        seed=seed,
    )
    cycle_s = _positive("cycle-hours", cycle_hours, least=0.0) * 3600
    with stoppable() as asked, nothing_known(asked):
        found = find_warm_up(request, cycle_s=cycle_s, should_stop=asked)
    if as_json:
        show(plain_warm_up(found))
    else:
        _show_warm_up(found)
    asked.end_if_asked(found.replications, replications)


def _show_warm_up(found: WarmUp) -> None:
    rows = [
        {"quantity": name, "warm_up_hours": seconds / 3600 if math.isfinite(seconds) else "-"}
        for name, seconds in found.by_quantity.items()
    ]
    show_rows(rows, columns=("quantity", "warm_up_hours"), as_json=False)
    if found.is_settled:
        out(say("Leave the first {hours} h out.", hours=f"{found.warm_up_s / 3600:g}"))
    else:
        out(say("Some do not settle in the first half of the run: let it be longer, or look for what grows for ever."))


@simulate.command.command("bands", help=say("Tell how full and how long the queues are by hour of the week."))
def tell_bands(
    pathway: Annotated[Path, typer.Argument(help=say("TOML or JSON file."))],
    quantity: Annotated[
        list[str] | None, typer.Option(help=say("Only these: pool.bed.occupied; once for each. All by default."))
    ] = None,
    hours: Hours = 1344.0,
    warm_up_hours: Annotated[float, typer.Option(min=0, help=say("Hours at the beginning that do not count."))] = 168.0,
    replications: Annotated[int, typer.Option(min=1, help=say("Independent runs."))] = 20,
    start: Start = _MONDAY,
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """Tell the usual week."""
    request = ExperimentRequest(
        pathway=load_document(pathway),
        start_at=instant_of(start),
        horizon_s=hours * 3600,
        warm_up_s=warm_up_hours * 3600,
        replications=replications,
        seed=seed,
    )
    with stoppable() as asked:
        found = run(request, should_stop=asked).scenarios[0]
    if not found.replications:
        asked.end_if_asked(0, replications)
    bands = _asked(found.week, tuple(quantity or ()))
    if as_json:
        show({"bands": [msgspec.to_builtins(_by_hour(band)) for band in bands]})
    else:
        _show_bands(bands)
    asked.end_if_asked(found.replications, replications)


def _show_bands(bands: list[Band]) -> None:
    rows = [
        {
            "quantity": band.name,
            "hour": f"{_DAYS[hour // 24]} {hour % 24:02d}:00",
            **{name: f"{getattr(band, name)[hour]:g}" for name in ("lowest", "low", "median", "high", "highest")},
        }
        for band in bands
        for hour in range(WEEK_HOURS)
    ]
    columns = ("quantity", "hour", "lowest", "low", "median", "high", "highest")
    show_rows(rows, columns=columns, as_json=False)


def _by_hour(band: Band) -> dict[str, object]:
    plain = msgspec.to_builtins(band)
    del plain["at"]
    return {"quantity": plain.pop("name"), "hour_of_week": [at // HOUR_US for at in band.at], **plain}


def _asked(bands: tuple[Band, ...], wanted: tuple[str, ...]) -> list[Band]:
    if not bands:
        raise PathwayError(
            "hours", "The runs see no whole week after the warm-up.", "Run a week longer than the warm-up."
        )
    known = {band.name: band for band in bands}
    for name in wanted:
        if name not in known:
            raise PathwayError("quantity", f"There is no {name!r}.", f"Use one of {', '.join(sorted(known))}.")
    return [known[name] for name in wanted] if wanted else list(bands)


def _positive(name: str, value: float, *, least: float = 1e-6) -> float:
    if not least <= value < math.inf:
        raise PathwayError(name, f"Expected at least {least:g}, got {value}.", "Mend it.")
    return value
