"""A room's or a fridge's measured values with the limits that they must keep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash_app.charts.colours import Palette
from dash_app.charts.series import Axes, Band, Limit, banded


def figure(
    band: Band, limit: Limit, axes: Axes, palette: Palette, *, broken: Sequence[float | str] = ()
) -> dict[str, Any]:
    """Draw least, mean and largest value over time between two limits.

    Parameters
    ----------
    band : Band
        Values per minute.
    limit : Limit
        Both limits are drawn as lines; between them nothing is to be done.
    axes : Axes
        Titles with units.
    palette : Palette
        Colours of the theme.
    broken : Sequence[float | str], optional
        Abscissae at which a value was outside; marked, since a short peak is a pixel wide.
    """
    drawn = banded([band], axes, palette)
    values = [*band.low, *band.high, limit.low, limit.high]
    # A fridge at 2 to 8 °C on an axis from zero would be a flat line, one below zero would be cut off.
    margin = max((max(values) - min(values)) * 0.08, 1e-9)
    drawn["layout"]["yaxis"] = {
        "title": {"text": axes.y},
        "range": [min(values) - margin, max(values) + margin],
    }
    drawn["layout"]["shapes"] = [
        {
            "type": "line",
            "xref": "paper",
            "x0": 0,
            "x1": 1,
            "y0": at,
            "y1": at,
            "line": {"color": palette.text, "width": 1, "dash": "dash"},
        }
        for at in (limit.low, limit.high)
    ]
    outside = set(broken)
    marked = [
        (x, low if low < limit.low else high)
        for x, low, high in zip(band.x, band.low, band.high, strict=True)
        if x in outside
    ]
    if marked:
        drawn["data"].append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": [x for x, _y in marked],
                "y": [y for _x, y in marked],
                "name": limit.label,
                "marker": {"color": palette.high, "symbol": "triangle-up", "size": 8},
            }
        )
    return drawn
