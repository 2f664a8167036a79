"""The part of ``hospital-twin plan`` that plays plans through futures."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import msgspec

from scheduling.loaders.ihtc import load_plan, load_problem
from scheduling.model.futures import Estimate, PlanRisk, RiskDifference, Totals, Uncertainty
from scheduling.rules.chance import Futures
from scheduling.rules.futures import difference, play, risk_of
from server.console import Exit, leave, out, say, show, show_rows

SHOWN = 10  # theatres and patients of a table; --json has all
TOTALS = tuple(one.name for one in fields(Totals))


def tell_risk(
    file: Path, solution: Path, against: Path | None, *, uncertainty: Uncertainty, futures: Futures, as_json: bool
) -> None:
    """Play a plan, and with another solution both through the same futures, and tell the risk."""
    problem = load_problem(file)
    plan = load_plan(solution, problem)
    risk = risk_of(problem, plan, uncertainty, futures)
    other: PlanRisk | None = None
    apart: tuple[RiskDifference, ...] = ()
    if against is not None:
        rival = load_plan(against, problem)
        other = risk_of(problem, rival, uncertainty, futures)
        apart = difference(play(problem, plan, uncertainty, futures), play(problem, rival, uncertainty, futures))
    if as_json:
        show({"risk": _plain(risk), "other": _plain(other), "differences": _plain(apart)})
    else:
        _show(risk, apart)
    leave(Exit.DONE)


def _plain(value: object) -> object:
    return msgspec.to_builtins(value)


def _text(one: Estimate) -> str:
    return f"{one.mean:.3g} ± {one.half_width:.2g}"


def _show(risk: PlanRisk, apart: tuple[RiskDifference, ...]) -> None:
    differences = {one.measure: one for one in apart}
    rows = []
    for name in TOTALS:
        row = {"measure": name, "value": _text(getattr(risk.totals, name))}
        if name in differences:
            sign = say("differs") if differences[name].is_distinguishable else say("not distinguishable")
            row |= {"other_minus_this": _text(differences[name].difference), "verdict": sign}
        rows.append(row)
    columns = ["measure", "value", *(["other_minus_this", "verdict"] if apart else [])]
    show_rows(rows, columns=columns, as_json=False)
    theatres = [
        {"theatre": one.theatre, "day": one.day, "overtime_min": _text(one.overtime_minutes)}
        for one in risk.theatres[:SHOWN]
    ]
    show_rows(theatres, columns=["theatre", "day", "overtime_min"], as_json=False)
    patients = [
        {"patient": one.patient, "day": one.day, "no_bed": _text(one.no_bed_share), "no_time": _text(one.no_time_share)}
        for one in risk.patients[:SHOWN]
    ]
    show_rows(patients, columns=["patient", "day", "no_bed", "no_time"], as_json=False)
    out(say("{count} futures, seed {seed}; means with their 95 % intervals.", count=risk.futures, seed=risk.seed))
