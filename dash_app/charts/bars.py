"""Bars side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash_app.charts.colours import Palette, layout
from dash_app.charts.series import Axes


def grouped(
    x: Sequence[str], bars: Sequence[tuple[str, Sequence[float]]], axes: Axes, palette: Palette
) -> dict[str, Any]:
    """Draw groups of bars; they differ by fill, so that colour is not the only code.

    Parameters
    ----------
    x : Sequence[str]
        One text per group.
    bars : Sequence[tuple[str, Sequence[float]]]
        Translated name and heights of each series, as many as ``x``; at most two are told apart.
    axes : Axes
        Titles with units.
    palette : Palette
        Colours of the theme.
    """
    data = [
        {
            "type": "bar",
            "name": name,
            "x": list(x),
            "y": list(heights),
            "marker": {
                "color": palette.surface if index else palette.normal,
                "line": {"color": palette.text, "width": 1.5},
            },
        }
        for index, (name, heights) in enumerate(bars)
    ]
    return {
        "data": data,
        "layout": layout(
            palette,
            barmode="group",
            # Days as texts would otherwise be taken for instants, with gaps between them.
            xaxis={"title": {"text": axes.x}, "type": "category"},
            yaxis={"title": {"text": axes.y}, "rangemode": "tozero"},
            showlegend=len(bars) > 1,
            legend={"orientation": "h", "y": 1.15},
        ),
    }
