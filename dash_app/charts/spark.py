"""A line as small as a word: how a figure went over the last day, without axes."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence

WIDTH, HEIGHT = 160, 28
_INSET = 2  # half the line's thickness, so that the highest and the lowest value are drawn whole


def spark(points: Sequence[tuple[int, float]], span: tuple[int, int], colour: str) -> str:
    """Draw values over time as a picture in the address of an image.

    Parameters
    ----------
    points : Sequence[tuple[int, float]]
        Instant (UTC microseconds, rising) and value; at least two.
    span : tuple[int, int]
        First and last instant of the picture's width, UTC microseconds: a line that begins late starts to the right.
    colour : str
        Of the line, ``#rrggbb``.

    Returns
    -------
    str
        ``data:image/svg+xml;base64,...``. A value holds until the next one, so the line goes in steps.

    Raises
    ------
    ValueError
        If there are fewer than two points, or the span is empty.
    """
    if len(points) < 2 or span[1] <= span[0]:
        raise ValueError("a line needs two points and a span")
    values = [value for _at, value in points]
    low, high = min(values), max(values)

    def across(at: int) -> float:
        return _INSET + (WIDTH - 2 * _INSET) * (at - span[0]) / (span[1] - span[0])

    def down(value: float) -> float:
        share = (value - low) / (high - low) if high > low else 0.5
        return HEIGHT - _INSET - (HEIGHT - 2 * _INSET) * share

    path = f"M{across(points[0][0]):.1f} {down(values[0]):.1f}"
    path += "".join(f"H{across(at):.1f}V{down(value):.1f}" for at, value in points[1:])
    picture = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">'
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/></svg>'
    )
    return f"data:image/svg+xml;base64,{b64encode(picture.encode()).decode()}"
