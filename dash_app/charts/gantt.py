"""Who is where when: bars of rooms, beds or people over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dash_app.charts.colours import Palette, layout

_ROW_PX = 24
_HEAD_PX = 90
_MS_PER_US = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One stay or one shift.

    Parameters
    ----------
    row : str
        Where or who; bars of one row stand in one line.
    label : str
        Written in the bar when there is room, and when pointed at.
    start, end : str
        Local times as ``YYYY-MM-DD HH:MM:SS``.
    duration_us : int
        Length, microseconds, above 0.
    is_emphasised : bool
        Whether it breaks a rule or was changed.
    """

    row: str
    label: str
    start: str
    end: str
    duration_us: int
    is_emphasised: bool = False


def figure(bars: Sequence[Bar], palette: Palette, *, now: str = "") -> dict[str, Any]:
    """Draw bars, one line for each row in order of first use from the top.

    Parameters
    ----------
    bars : Sequence[Bar]
        What to draw.
    palette : Palette
        Colours of the theme.
    now : str, optional
        Local time of the present, drawn as a line.
    """
    rows = list(dict.fromkeys(bar.row for bar in bars))
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "base": [bar.start for bar in bars],
            # On an axis of time a bar's length counts in milliseconds.
            "x": [bar.duration_us / _MS_PER_US for bar in bars],
            "y": [bar.row for bar in bars],
            "text": [bar.label for bar in bars],
            "textposition": "inside",
            "insidetextanchor": "start",
            "textfont": {"color": palette.surface},
            "hovertext": [f"{bar.row}<br>{bar.label}<br>{bar.start} – {bar.end}" for bar in bars],
            "hoverinfo": "text",
            "marker": {
                "color": [palette.medium if bar.is_emphasised else palette.normal for bar in bars],
                "line": {"color": palette.surface, "width": 1},
                "pattern": {"shape": ["/" if bar.is_emphasised else "" for bar in bars]},
            },
        }
    ]
    line = {"type": "line", "yref": "paper", "x0": now, "x1": now, "y0": 0, "y1": 1, "line": {"color": palette.text}}
    return {
        "data": data,
        "layout": layout(
            palette,
            xaxis={"type": "date", "side": "top"},
            # The first category stands at the bottom.
            yaxis={"type": "category", "categoryorder": "array", "categoryarray": rows[::-1]},
            shapes=[line] if now else [],
            height=_HEAD_PX + _ROW_PX * max(1, len(rows)),
            bargap=0.2,
            margin={"l": 120, "t": 40},
        ),
    }
