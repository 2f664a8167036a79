"""A pathway as a drawing: nodes in layers, ways as arrows; with a run, how many are where, frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dash_app.charts.colours import Palette, layout

_LEAST, _MOST = 12.0, 46.0  # diameters of marks, pixels
_FRAME_MS = 120
_LABELLED = 40  # nodes up to which each has its name beside it


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """One node: id, place, short text, and what is told when one points at it."""

    id: str
    x: float
    y: float
    label: str
    text: str
    is_loud: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One frame: its time as text, and by spot how many are there and how many of these wait."""

    name: str
    present: Sequence[int]
    waiting: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Translated words of the player."""

    play: str
    pause: str
    time: str


def figure(
    spots: Sequence[Spot],
    ways: Sequence[tuple[str, str]],
    palette: Palette,
    *,
    moments: Sequence[Moment] = (),
    words: Words | None = None,
) -> dict[str, Any]:
    """Draw a pathway.

    Parameters
    ----------
    spots : Sequence[Spot]
        Nodes.
    ways : Sequence[tuple[str, str]]
        From id to id.
    palette : Palette
        Colours of the theme.
    moments : Sequence[Moment], optional
        Frames of a run; the marks grow with those present, and turn loud where somebody waits.
    words : Words, optional
        For the player; needed with frames.
    """
    where = {spot.id: spot for spot in spots}
    arrows = [_arrow(where[start], where[end], palette) for start, end in ways if start != end]
    highest = max((max(moment.present, default=0) for moment in moments), default=0)
    drawn: dict[str, Any] = {
        "data": [_marks(spots, palette, moments[0] if moments else None, highest)],
        "layout": layout(
            palette,
            annotations=arrows,
            xaxis={"visible": False, "range": [-0.6, max((spot.x for spot in spots), default=0) + 0.6]},
            yaxis={"visible": False, "range": [-0.62, 0.62]},
            margin={"l": 10, "r": 10, "t": 10, "b": 70 if moments else 10},
            hovermode="closest",
        ),
    }
    if moments and words is not None:
        drawn["frames"] = [
            {"name": moment.name, "data": [_marks(spots, palette, moment, highest)]} for moment in moments
        ]
        drawn["layout"] |= _player(moments, words, palette)
    return drawn


def _size(count: int, highest: int) -> float:
    """Give a diameter such that areas compare as numbers do."""
    return _LEAST + (_MOST - _LEAST) * (count / highest) ** 0.5 if highest else _LEAST


def _marks(spots: Sequence[Spot], palette: Palette, moment: Moment | None, highest: int) -> dict[str, Any]:
    present = list(moment.present) if moment is not None else [0] * len(spots)
    waiting = list(moment.waiting) if moment is not None else [0] * len(spots)
    # of a whole hospital the names would cover one another: there they stand in the hover text and in the table
    labels = [spot.label if len(spots) <= _LABELLED else "" for spot in spots]
    texts = [
        (f"{label}<br>{count}" if moment is not None and count else label)
        for label, count in zip(labels, present, strict=True)
    ]
    return {
        "type": "scatter",
        "mode": "markers+text",
        "x": [spot.x for spot in spots],
        "y": [spot.y for spot in spots],
        "text": texts,
        "textposition": "bottom center",
        "textfont": {"size": 11, "color": palette.text},
        "customdata": [spot.id for spot in spots],
        "hovertext": [spot.text for spot in spots],
        "hoverinfo": "text",
        "marker": {
            "size": [_size(count, highest) for count in present],
            "color": [palette.medium if count else palette.normal for count in waiting],
            "symbol": ["diamond" if spot.is_loud else "circle" for spot in spots],
            "line": {"color": palette.text, "width": 1},
        },
    }


def _arrow(start: Spot, end: Spot, palette: Palette) -> dict[str, Any]:
    return {
        "x": end.x,
        "y": end.y,
        "ax": start.x,
        "ay": start.y,
        "xref": "x",
        "yref": "y",
        "axref": "x",
        "ayref": "y",
        "text": "",
        "showarrow": True,
        "arrowhead": 2,
        "arrowsize": 1,
        "arrowwidth": 1,
        "arrowcolor": palette.line,
        "standoff": 9,
        "startstandoff": 9,
    }


def _player(moments: Sequence[Moment], words: Words, palette: Palette) -> dict[str, Any]:
    still = {"mode": "immediate", "frame": {"duration": 0, "redraw": False}, "transition": {"duration": 0}}
    going = {"frame": {"duration": _FRAME_MS, "redraw": False}, "transition": {"duration": 0}, "fromcurrent": True}
    buttons = [
        {"label": words.play, "method": "animate", "args": [None, going]},
        {"label": words.pause, "method": "animate", "args": [[None], still]},
    ]
    steps = [{"label": moment.name, "method": "animate", "args": [[moment.name], still]} for moment in moments]
    font = {"color": palette.text, "size": 12}
    return {
        "updatemenus": [
            {
                "type": "buttons",
                "direction": "left",
                "x": 0,
                "y": -0.02,
                "xanchor": "left",
                "yanchor": "top",
                "pad": {"t": 8},
                "buttons": buttons,
                "bgcolor": palette.surface,
                "bordercolor": palette.normal,
                "font": font,
            }
        ],
        "sliders": [
            {
                "active": 0,
                "x": 0.2,
                "len": 0.8,
                "y": -0.02,
                "pad": {"t": 8},
                "currentvalue": {"prefix": f"{words.time} ", "font": font},
                "steps": steps,
                "font": {"color": palette.secondary, "size": 10},
                "bgcolor": palette.line,
                "ticklen": 0,
                "minorticklen": 0,
            }
        ],
    }
