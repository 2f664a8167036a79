"""``demo``: the demo hospital."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from server.app.running import log_to_standard_error
from server.console import AsJson, out, say, show
from server.demo.run import DemoOptions, DemoReport, run_demo
from twin.errors import ConfigurationError

command = typer.Typer()
_DURATION = re.compile(r"^(\d+(?:\.\d+)?)(s|m|h)?$")


def seconds_of(text: str) -> float:
    """Give a duration such as ``30s``, ``5m`` or ``1h`` in seconds.

    Parameters
    ----------
    text : str
        A number with an optional unit; seconds without one.

    Raises
    ------
    ConfigurationError
        If it is no duration.

    Examples
    --------
    >>> seconds_of("1.5m")
    90.0
    """
    found = _DURATION.match(text.strip())
    if not found:
        raise ConfigurationError(f"Expected a duration such as 30s or 5m, got {text!r}.")
    return float(found[1]) * {"s": 1, "m": 60, "h": 3600, None: 1}[found[2]]


@command.command("demo", help=say("Run the demo hospital: 300 beds, 2,000 tagged devices, thirty days of history."))
def demo(
    seed: Annotated[int, typer.Option(help=say("The same seed gives the same hospital."), min=0)] = 1,
    speed: Annotated[float, typer.Option(help=say("Simulated seconds per second."), min=0.1, max=120)] = 1.0,
    port: Annotated[int, typer.Option(help=say("Port of the pages; 0 for any free one."), min=0, max=65535)] = 8300,
    duration: Annotated[
        str, typer.Option("--for", help=say("How long, such as 30s or 5m; until Ctrl-C without it."))
    ] = "",
    is_headless: Annotated[
        bool, typer.Option("--headless", help=say("No pages; say at the end what happened."))
    ] = False,
    folder: Annotated[Path, typer.Option(help=say("Data folder; an earlier demo in it is removed."))] = Path(
        "demo-data"
    ),
    as_json: AsJson = False,
) -> None:
    """Run the demo hospital."""
    log_to_standard_error(level=30)
    options = DemoOptions(
        folder=folder,
        seed=seed,
        speed=speed,
        port=0 if is_headless else port,
        for_s=seconds_of(duration) if duration else 20.0 if is_headless else 0.0,
        is_headless=is_headless,
    )
    if not as_json:
        out(say("Building the demo hospital …"))
    report = run_demo(options, _tell_link)
    if not as_json:
        _tell(report)
    show(report)


def _tell_link(link: str) -> None:
    out(say("The demo hospital is ready. Sign in with this link (it works once):"))
    out(link)
    out(say("Stop it with Ctrl-C."))


def _tell(report: DemoReport) -> None:
    out(say("Ready after {seconds} s, lived {lived} s.", seconds=report.ready_s, lived=report.lived_s))
    out(
        say(
            "{events} events stored, {located} of {tagged} devices located, {alarms} alarms, {tasks} tasks.",
            events=report.events_stored,
            located=report.things_located,
            tagged=report.things_tagged,
            alarms=report.alarms,
            tasks=report.tasks_created,
        )
    )
