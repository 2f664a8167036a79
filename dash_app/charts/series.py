"""Lines with bands: a forecast with its interval, a machine's cycle with its limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dash_app.charts.colours import Palette, layout


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A line with its interval.

    Parameters
    ----------
    name : str
        What it is, translated.
    x : Sequence[float | str]
        Abscissa: local times as text, or numbers.
    low, middle, high : Sequence[float]
        As long as ``x``.
    """

    name: str
    x: Sequence[float | str]
    low: Sequence[float]
    middle: Sequence[float]
    high: Sequence[float]

    def __post_init__(self) -> None:
        """Refuse series of unequal length."""
        if not len(self.x) == len(self.low) == len(self.middle) == len(self.high):
            raise ValueError(f"band {self.name!r}: x, low, middle and high must be equally long")


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """Titles of the axes, with their units, translated."""

    x: str
    y: str


_DASHES = ("solid", "dash", "dot", "dashdot")


def banded(bands: Sequence[Band], axes: Axes, palette: Palette) -> dict[str, Any]:
    """Draw lines with their intervals; lines differ by dash, not by colour.

    Parameters
    ----------
    bands : Sequence[Band]
        At most four are told apart.
    axes : Axes
        Titles.
    palette : Palette
        Colours of the theme.
    """
    data: list[dict[str, Any]] = []
    for index, band in enumerate(bands):
        colour = palette.text if index else palette.normal
        # The upper edge first: the lower one fills up to the trace before it.
        data.append(_edge(band.x, band.high))
        data.append({**_edge(band.x, band.low), "fill": "tonexty", "fillcolor": _faint(colour)})
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": list(band.x),
                "y": list(band.middle),
                "name": band.name,
                "line": {"color": colour, "width": 2, "dash": _DASHES[index % len(_DASHES)]},
            }
        )
    return {
        "data": data,
        "layout": layout(
            palette,
            xaxis={"title": {"text": axes.x}},
            yaxis={"title": {"text": axes.y}, "rangemode": "tozero"},
            showlegend=len(bands) > 1,
            legend={"orientation": "h", "y": 1.12},
            hovermode="x unified",
        ),
    }


def _edge(x: Sequence[float | str], y: Sequence[float]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": list(x),
        "y": list(y),
        "line": {"width": 0},
        "showlegend": False,
        "hoverinfo": "skip",
    }


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.22)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Limits within which a quantity must lie for a time.

    Parameters
    ----------
    low, high : float
        Bounds, in the unit of the axis.
    label : str
        Translated.
    """

    low: float
    high: float
    label: str


def cycle(
    lines: Sequence[tuple[str, Sequence[float | str], Sequence[float | None]]],
    axes: Axes,
    palette: Palette,
    *,
    limit: Limit | None = None,
) -> dict[str, Any]:
    """Draw the curve of a machine's cycle with the band that it must hold.

    Parameters
    ----------
    lines : Sequence[tuple[str, Sequence, Sequence]]
        Name, abscissa and ordinate of each sensor; the second and later on a second axis when the first is temperature.
    axes : Axes
        Titles.
    palette : Palette
        Colours of the theme.
    limit : Limit, optional
        Band drawn behind the curve.
    """
    data = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": list(x),
            "y": list(y),
            "name": name,
            "line": {"color": palette.text if not index else palette.normal, "dash": _DASHES[index % len(_DASHES)]},
        }
        for index, (name, x, y) in enumerate(lines)
    ]
    shapes, notes = [], []
    if limit is not None:
        shapes.append(
            {
                "type": "rect",
                "xref": "paper",
                "x0": 0,
                "x1": 1,
                "y0": limit.low,
                "y1": limit.high,
                "fillcolor": _faint(palette.normal),
                "line": {"color": palette.normal, "width": 1, "dash": "dot"},
                "layer": "below",
            }
        )
        notes.append(
            {
                "xref": "paper",
                "x": 0,
                "y": limit.high,
                "text": limit.label,
                "showarrow": False,
                "yanchor": "bottom",
                "xanchor": "left",
                "font": {"size": 11, "color": palette.secondary},
            }
        )
    return {
        "data": data,
        "layout": layout(
            palette,
            xaxis={"title": {"text": axes.x}},
            yaxis={"title": {"text": axes.y}},
            shapes=shapes,
            annotations=notes,
            showlegend=len(lines) > 1,
            legend={"orientation": "h", "y": 1.12},
            hovermode="x unified",
        ),
    }
