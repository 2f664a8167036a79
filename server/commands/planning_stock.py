"""``hospital-twin inventory limit`` and ``transship``: par levels within limits, and help between wards."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from inventory.model.planning import PlanSettings
from inventory.rules.planning.limits import Limits
from inventory.service.limiting import Limited, limit_pars, propose_limited
from server.console import AsJson, Exit, out, say, show, show_rows
from server.helping import HelpDesk
from server.session import opened_alone
from twin.access import SYSTEM
from twin.errors import FieldError, FieldProblem


def pairs_told(told: list[str], field: str) -> dict[str, float]:
    """Give ``NAME=NUMBER`` options as a dictionary.

    Parameters
    ----------
    told : list[str]
        As typed.
    field : str
        Name of the option, for errors.

    Raises
    ------
    FieldError
        If one is no such pair.
    """
    found: dict[str, float] = {}
    for each in told:
        name, sign, text = each.rpartition("=")
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not sign or not name or not 0 <= value < 1e12:
            problem = FieldProblem(
                field=field, place="command line", message=f"{each!r} is no NAME=NUMBER.", cure="Write ICU=1.5."
            )
            raise FieldError(problem)
        found[name] = value
    return found


def acuity_told(told: list[str]) -> dict[str, dict[str, float]]:
    """Give ``WARD:LEVEL=PATIENTS`` options by ward and level; raises as :func:`pairs_told`."""
    found: dict[str, dict[str, float]] = {}
    for name, patients in pairs_told(told, "acuity").items():
        ward, colon, level = name.rpartition(":")
        if not colon or not ward:
            problem = FieldProblem(
                field="acuity", place="command line", message=f"{name!r} names no ward.", cure="Write ICU:1=6."
            )
            raise FieldError(problem)
        found.setdefault(ward, {})[level] = patients
    return found


def limit(
    budget: Annotated[int, typer.Option(help=say("Money in the shelves, minor units; -1 for no limit."))] = -1,
    room: Annotated[list[str] | None, typer.Option(help=say("PLACE=MILLILITRES, as often as needed."))] = None,
    place: Annotated[list[str] | None, typer.Option(help=say("Only this place, as often as needed."))] = None,
    is_proposing: Annotated[bool, typer.Option("--propose", help=say("Put the levels into the par studio."))] = False,
    as_json: AsJson = False,
) -> None:
    """Choose par levels within a budget and limited rooms; exit code 1 if the limits cannot be kept.

    Example: hospital-twin inventory limit --budget 2500000 --room ICU-STORE=400000 --json
    """
    rooms = pairs_told(room or [], "room")
    wanted = Limits(budget_minor=None if budget < 0 else budget, room_ml_by_place=rooms)
    settings, proposed = PlanSettings(), 0
    with opened_alone() as hospital:
        with hospital.read() as session:
            found = limit_pars(session, settings=settings, wanted=wanted, places=place or ())
        if is_proposing and found.is_possible:
            proposed = hospital.write_now(lambda session: propose_limited(session, settings=settings, found=found))
    _show(found, proposed, as_json=as_json)
    if not found.is_possible:
        raise typer.Exit(Exit.NOT_IN_ORDER)


def _show(found: Limited, proposed: int, *, as_json: bool) -> None:
    rows = [
        {
            "place": each.line.current.place,
            "item": each.line.current.item,
            "reorder_point": each.chosen.reorder_point,
            "par_level": each.chosen.par_level,
            "current_par_level": each.line.current.par_level,
            "fill_rate": round(each.chosen.fill_rate, 6),
        }
        for each in found.lines
    ]
    if as_json:
        told = {key: value for key, value in asdict(found).items() if key != "lines"}
        show({**told, "lines": rows, "proposed": proposed})
        return
    if not found.is_possible:
        out(say("Not even the smallest levels fit: they need {value}.", value=found.least_value_minor))
        return
    show_rows(rows, columns=tuple(rows[0]), as_json=False)
    text = "{value} in the shelves when full; {missing} units missing a day, by weight; {proposed} proposed."
    out(say(text, value=found.value_minor, missing=f"{found.missing_per_day:.3f}", proposed=proposed))


def transship(
    item: Annotated[str, typer.Option(help=say("Only this item."))] = "",
    days: Annotated[float, typer.Option(help=say("Days until the stores have some again."), min=0.1, max=30)] = 3.0,
    is_asking: Annotated[bool, typer.Option("--ask", help=say("Ask for a task for each."))] = False,
    as_json: AsJson = False,
) -> None:
    """Print which wards can help out which with what no store has.

    Example: hospital-twin inventory transship --item gloves --json
    """
    with opened_alone() as hospital:
        desk = HelpDesk(hospital)
        found = desk.ask(actor=SYSTEM, item=item, days=days) if is_asking else desk.look(item=item, days=days)
    columns = ("item", "from_place", "to_place", "quantity", "seconds", "priority")
    show_rows([asdict(each) for each in found], columns=columns, as_json=as_json)
