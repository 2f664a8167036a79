"""The floor plan with everything on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash_app.charts.colours import Palette, layout

FACES = 4
"""Traces of the map: normal, P1, P2, P3, and after them the rooms; ``static/live.js`` counts on this order."""

ROOM_HEAD = "room:"
"""What the id of a gathered room begins with, so that a click tells it from a thing's."""

_LETTERS_ACROSS = 140  # so many letters of 10 px stand side by side on a usual screen
_SYMBOLS = ("circle", "triangle-up", "diamond", "square")
_SIZES = (7, 15, 13, 11)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A place drawn as a rectangle; metres.

    Parameters
    ----------
    name : str
        What is written in it.
    x_m, y_m : float
        Centre.
    width_m, depth_m : float
        Extent.
    """

    name: str
    x_m: float
    y_m: float
    width_m: float
    depth_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A thing drawn as a mark.

    Parameters
    ----------
    id : str
        Of the thing; comes back with a click.
    x_m, y_m : float
        Where, metres.
    face : int
        0 normal, 1 to 3 for P1 to P3.
    text : str
        Shown when pointed at: name, place, age.
    """

    id: str
    x_m: float
    y_m: float
    face: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """A room drawn as a number; metres.

    Parameters
    ----------
    id : str
        Of the room; comes back with a click, behind :data:`ROOM_HEAD`.
    x_m, y_m : float
        Its centre.
    count : int
        How many things.
    text : str
        Shown when pointed at.
    """

    id: str
    x_m: float
    y_m: float
    count: int
    text: str


def _rooms(rooms: Iterable[Room], palette: Palette) -> list[dict[str, Any]]:
    return [
        {
            "type": "rect",
            "x0": room.x_m - room.width_m / 2,
            "x1": room.x_m + room.width_m / 2,
            "y0": room.y_m - room.depth_m / 2,
            "y1": room.y_m + room.depth_m / 2,
            "line": {"color": palette.line, "width": 1},
            "fillcolor": palette.room,
            "layer": "below",
        }
        for room in rooms
    ]


def _labels(rooms: Sequence[Room], palette: Palette) -> list[dict[str, Any]]:
    return [
        {
            "x": room.x_m - room.width_m / 2,
            "y": room.y_m + room.depth_m / 2,
            "text": room.name,
            "showarrow": False,
            "xanchor": "left",
            "yanchor": "top",
            "font": {"size": 10, "color": palette.secondary},
        }
        for room in rooms
    ]


def _trace(face: int, marks: Sequence[Mark], colour: str, palette: Palette) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [mark.x_m for mark in marks],
        "y": [mark.y_m for mark in marks],
        "text": [mark.text for mark in marks],
        "customdata": [mark.id for mark in marks],
        "hoverinfo": "text",
        "marker": {
            "symbol": _SYMBOLS[face],
            "size": _SIZES[face],
            "color": colour,
            "line": {"width": 1, "color": palette.surface},
        },
    }


def _crowds(crowds: Sequence[Crowd], palette: Palette) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers+text",
        "x": [crowd.x_m for crowd in crowds],
        "y": [crowd.y_m for crowd in crowds],
        "text": [str(crowd.count) for crowd in crowds],
        "hovertext": [crowd.text for crowd in crowds],
        "customdata": [ROOM_HEAD + crowd.id for crowd in crowds],
        "hoverinfo": "text",
        "textfont": {"size": 11, "color": palette.text},
        "marker": {
            "symbol": "circle",
            "size": 28,
            "color": palette.surface,
            "line": {"width": 2, "color": palette.normal},
        },
    }


def _text_width(text: str) -> int:
    """Give the width of a text in Latin letters; a Chinese character takes two."""
    return sum(1 if letter.isascii() else 2 for letter in text)


def _letter_m(rooms: Sequence[Room]) -> float:
    """Give the width of a letter on the plan, metres, when the whole floor is shown."""
    west = min(room.x_m - room.width_m / 2 for room in rooms)
    east = max(room.x_m + room.width_m / 2 for room in rooms)
    return (east - west) / _LETTERS_ACROSS


def figure(
    rooms: Sequence[Room],
    marks: Sequence[Mark],
    palette: Palette,
    *,
    crowds: Sequence[Crowd] = (),
    largest_labelled: int = 60,
) -> dict[str, Any]:
    """Draw a floor.

    Parameters
    ----------
    rooms : Sequence[Room]
        Places with an extent, the containing ones first.
    marks : Sequence[Mark]
        Things on this floor.
    palette : Palette
        Colours of the theme.
    crowds : Sequence[Crowd], optional
        Rooms whose things are drawn as a number.
    largest_labelled : int, optional
        So many rooms, the largest of those whose name fits into them, get it written.

    Returns
    -------
    dict[str, Any]
        Plotly figure with one trace per face, in the order of :data:`FACES`, and one of the crowded rooms.
    """
    colours = (palette.normal, palette.high, palette.medium, palette.low)
    letter_m = _letter_m(rooms) if rooms else 0.0
    fitting = [room for room in rooms if _text_width(room.name) * letter_m <= room.width_m]
    named = sorted(fitting, key=lambda room: room.width_m * room.depth_m, reverse=True)[:largest_labelled]
    hidden = {"visible": False, "showgrid": False, "zeroline": False}
    return {
        "data": [
            *(
                _trace(face, [mark for mark in marks if mark.face == face], colours[face], palette)
                for face in range(FACES)
            ),
            _crowds(crowds, palette),
        ],
        "layout": layout(
            palette,
            shapes=_rooms(rooms, palette),
            annotations=_labels(named, palette),
            xaxis=hidden,
            yaxis={**hidden, "scaleanchor": "x"},
            margin={"l": 4, "r": 4, "t": 4, "b": 4},
            hovermode="closest",
            # The same word in every figure keeps the reader's zoom when marks move.
            uirevision="map",
            dragmode="pan",
        ),
    }


def trail(
    rooms: Sequence[Room], steps: Sequence[Mark], palette: Palette, *, largest_labelled: int = 60
) -> dict[str, Any]:
    """Draw the way of one thing over a floor: a line from stop to stop, each with its number.

    Parameters
    ----------
    rooms : Sequence[Room]
        Places with an extent, the containing ones first.
    steps : Sequence[Mark]
        Stops on this floor in order; their ``id`` is the number, and the last one is where it is now if face is not 0.
    palette : Palette
        Colours of the theme.
    largest_labelled : int, optional
        As for :func:`figure`.
    """
    drawn = figure(rooms, [], palette, largest_labelled=largest_labelled)
    line = {
        "type": "scatter",
        "mode": "lines+markers+text",
        "x": [step.x_m for step in steps],
        "y": [step.y_m for step in steps],
        "text": [step.id for step in steps],
        "hovertext": [step.text for step in steps],
        "hoverinfo": "text",
        "textposition": "top center",
        "textfont": {"size": 11, "color": palette.text},
        "line": {"color": palette.normal, "width": 2, "shape": "spline", "smoothing": 0.4},
        "marker": {
            "size": [14 if step.face else 8 for step in steps],
            "symbol": ["diamond" if step.face else "circle" for step in steps],
            "color": palette.normal,
            "line": {"width": 1, "color": palette.surface},
        },
    }
    drawn["data"] = [line]
    return drawn


def counted_faces(marks: Iterable[Mark]) -> Mapping[int, int]:
    """Count the marks of each face, for the sentence beside the map."""
    result = dict.fromkeys(range(FACES), 0)
    for mark in marks:
        result[mark.face] += 1
    return result
