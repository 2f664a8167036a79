"""Observations of one figure from a CSV file, charted for the command line."""

from __future__ import annotations

import math
from dataclasses import asdict

from assets.model.drift import DriftWatch, Observation
from assets.rules.drift import chart_drift
from assets.rules.text_table import column_indices, read_table
from twin.errors import FieldProblem, ImportRefused

_STEP_US = 1_000_000  # observations without an instant stand a second apart: only their order counts


def read_observations(text: str, *, source: str) -> list[Observation]:
    """Read observations in order.

    Parameters
    ----------
    text : str
        CSV with a header that names ``value``; other columns are passed over. Split by comma, semicolon, tab or
        bar; where no comma parts the cells, it is the decimal mark.
    source : str
        Name of the file, for messages.

    Raises
    ------
    ImportRefused
        If the column is missing or a value is no finite number; every problem is named with its row.
    """
    table = read_table(text, source=source)
    (column,) = column_indices(table, ("value",), source=source)
    found: list[Observation] = []
    problems: list[FieldProblem] = []
    for row in table.rows:
        cell = row.cells[column] if column < len(row.cells) else ""
        try:
            # Where no comma parts the cells, it is the decimal mark.
            value = float(cell if table.delimiter == "," else cell.replace(",", "."))
        except ValueError:
            value = math.nan
        if math.isfinite(value):
            found.append(Observation(at=(len(found) + 1) * _STEP_US, value=value))
        else:
            message = f"Expected a finite number, got {cell[:40]!r}."
            problems.append(FieldProblem(field="value", place=row.place, message=message, cure="Correct it."))
    if problems:
        raise ImportRefused(source, problems)
    return found


def chart_file(observations: list[Observation], watch: DriftWatch) -> dict[str, object]:
    """Give both charts as plain values; observations are counted from 1.

    Parameters
    ----------
    observations : list[Observation]
        In order.
    watch : DriftWatch
        Baseline, limits and direction.
    """
    chart = chart_drift(observations, watch)
    return {
        "observations": len(observations),
        "baseline": asdict(chart.baseline) if chart.baseline is not None else None,
        "charted_from": chart.charted_from + 1 if chart.baseline is not None else None,
        "ewma": list(chart.ewma),
        "ewma_limits": [chart.ewma_low, chart.ewma_high] if chart.baseline is not None else None,
        "cusum_up": list(chart.cusum_up),
        "cusum_down": list(chart.cusum_down),
        "alarm_at": chart.alarm_index + 1 if chart.alarm_index >= 0 else None,
        "alarm_by": [kind.value for kind in chart.alarm_by],
    }
