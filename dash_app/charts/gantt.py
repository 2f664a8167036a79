"""Who is where when: bars of rooms, beds or people over time; bars that meet stand in lanes of their row."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dash_app.charts.colours import Palette, layout

_LANE_PX = 24
_HEAD_PX = 64
_MS_PER_US = 1000
_BAR_SHARE = 0.84
_NAME_END = 4
_NAME_WIDTH = 14
"""Of a row's name, in widths of a Latin letter: more would leave a phone no room for the bars."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One stay or one shift.

    Parameters
    ----------
    row : str
        Where or who; bars of one row stand under each other where they overlap in time.
    label : str
        Written in the bar when there is room, and when pointed at.
    start, end : str
        Local times as ``YYYY-MM-DD HH:MM:SS``.
    duration_us : int
        Length, microseconds, above 0.
    is_emphasised : bool
        Whether it breaks a rule or was changed.
    key : str
        What the page is told when the bar is pressed.
    """

    row: str
    label: str
    start: str
    end: str
    duration_us: int
    is_emphasised: bool = False
    key: str = ""


def lanes(bars: Sequence[Bar]) -> list[int]:
    """Give the lane of each bar within its row, from 0: the first in which nothing else stands at that time.

    Parameters
    ----------
    bars : Sequence[Bar]
        In any order; two bars overlap if one starts before the other ends.
    """
    found = [0] * len(bars)
    ends_by_row: dict[str, list[str]] = {}
    # Texts of times compare as the times do.
    for index in sorted(range(len(bars)), key=lambda one: (bars[one].start, bars[one].end)):
        bar = bars[index]
        ends = ends_by_row.setdefault(bar.row, [])
        lane = next((at for at, end in enumerate(ends) if end <= bar.start), len(ends))
        ends[lane:] = [bar.end, *ends[lane + 1 :]]
        found[index] = lane
    return found


def figure(bars: Sequence[Bar], palette: Palette, *, now: str = "") -> dict[str, Any]:
    """Draw bars, a row for each place or person in order of first use from the top.

    Parameters
    ----------
    bars : Sequence[Bar]
        What to draw.
    palette : Palette
        Colours of the theme.
    now : str, optional
        Local time of the present, drawn as a line.
    """
    lane_of = lanes(bars)
    tops, bottom = _tops(bars, lane_of)
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "base": [bar.start for bar in bars],
            # On an axis of time a bar's length counts in milliseconds.
            "x": [bar.duration_us / _MS_PER_US for bar in bars],
            "y": [tops[bar.row][0] + lane + 0.5 for bar, lane in zip(bars, lane_of, strict=True)],
            "width": _BAR_SHARE,
            "text": [bar.label for bar in bars],
            "customdata": [bar.key for bar in bars],
            "textposition": "inside",
            "insidetextanchor": "start",
            "textangle": 0,
            "textfont": {"color": palette.surface},
            "hovertext": [f"{bar.row}<br>{bar.label}<br>{bar.start} – {bar.end}" for bar in bars],
            "hoverinfo": "text",
            "marker": {
                "color": [palette.medium if bar.is_emphasised else palette.normal for bar in bars],
                "line": {"color": palette.surface, "width": 1},
                # Over the colour, not instead of it: what is written in the bar must stay readable.
                "pattern": {
                    "shape": ["/" if bar.is_emphasised else "" for bar in bars],
                    "fillmode": "overlay",
                    "solidity": 0.12,
                    "fgcolor": palette.surface,
                },
            },
        }
    ]
    return {
        "data": data,
        "layout": layout(
            palette,
            xaxis={"type": "date", "side": "top"},
            yaxis={
                "range": [max(1, bottom), 0],
                "tickvals": [(first + last) / 2 for first, last in tops.values()],
                "ticktext": [_short(row) for row in tops],
                "showgrid": False,
                "zeroline": False,
            },
            shapes=_lines(tops, palette, now),
            height=_HEAD_PX + _LANE_PX * max(1, bottom),
            margin={"l": 100, "t": 40, "r": 8, "b": 16},
            # A finger that moves over a tall chart scrolls the page; pressing a bar still chooses it.
            dragmode=False,
            # Letters that nobody could read are left out: pointing at the bar tells them.
            uniformtext={"minsize": 10, "mode": "hide"},
        ),
    }


def _tops(bars: Sequence[Bar], lane_of: Sequence[int]) -> tuple[dict[str, tuple[int, int]], int]:
    """Give where each row begins and ends, in lanes from the top, and where the last one ends."""
    heights: dict[str, int] = {}
    for bar, lane in zip(bars, lane_of, strict=True):
        heights[bar.row] = max(heights.get(bar.row, 0), lane + 1)
    tops, at = {}, 0
    for row, height in heights.items():
        tops[row] = (at, at + height)
        at += height
    return tops, at


def _lines(tops: dict[str, tuple[int, int]], palette: Palette, now: str) -> list[dict[str, Any]]:
    """Give a thin line under each row, so that the lanes of two rows are told apart, and the present."""
    rows = [
        {
            "type": "line",
            "xref": "paper",
            "x0": 0,
            "x1": 1,
            "y0": last,
            "y1": last,
            "layer": "below",
            "line": {"color": palette.line, "width": 1},
        }
        for _first, last in tops.values()
    ]
    if not now:
        return rows
    present = {"type": "line", "yref": "paper", "x0": now, "x1": now, "y0": 0, "y1": 1, "line": {"color": palette.text}}
    return [*rows, present]


def _short(name: str) -> str:
    """Give a name cut to what fits beside the bars; its end stays, since that tells rooms of one kind apart."""
    widths = [2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in name]
    if sum(widths) <= _NAME_WIDTH:
        return name
    head, tail, left = 0, len(name), _NAME_WIDTH - 1
    while tail > len(name) - _NAME_END and left >= widths[tail - 1]:
        tail -= 1
        left -= widths[tail]
    while left >= widths[head]:
        left -= widths[head]
        head += 1
    return f"{name[:head]}…{name[tail:]}"
