"""The small line of a tile: in its place, to scale, and honest about when it begins."""

from __future__ import annotations

import re
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dash_app.charts.spark import HEIGHT, WIDTH, spark

SPAN = (0, 1000)


def path_of(address: str) -> str:
    kind, _, body = address.partition(",")
    assert kind == "data:image/svg+xml;base64"
    (path,) = re.findall(r' d="([^"]+)"', b64decode(body).decode())
    return path


def test_a_value_holds_until_the_next_one():
    path = path_of(spark([(0, 1.0), (500, 3.0), (1000, 2.0)], SPAN, "#6b7280"))

    assert path == "M2.0 26.0H80.0V2.0H158.0V14.0"


def test_a_line_that_begins_late_starts_to_the_right():
    path = path_of(spark([(750, 1.0), (1000, 1.0)], SPAN, "#6b7280"))

    assert path.startswith("M119.0 ")


def test_what_never_changes_is_drawn_in_the_middle():
    assert path_of(spark([(0, 7.0), (1000, 7.0)], SPAN, "#6b7280")) == f"M2.0 {HEIGHT / 2}H158.0V{HEIGHT / 2}"


@given(
    values=st.lists(st.integers(-(10**9), 10**9), min_size=2, max_size=50),
    step=st.integers(1, 20),
)
def test_no_point_leaves_the_picture(values, step):
    points = [(index * step, float(value)) for index, value in enumerate(values)]

    path = path_of(spark(points, (0, points[-1][0]), "#6b7280"))

    assert all(0 <= float(x) <= WIDTH for x in re.findall(r"[MH]([-\d.]+)", path))
    assert all(0 <= float(y) <= HEIGHT for y in re.findall(r"(?:V|M[-\d.]+ )([-\d.]+)", path))


@pytest.mark.parametrize(
    ("points", "span"),
    [
        ([(0, 1.0)], SPAN),  # one point is no line
        ([(0, 1.0), (1, 1.0)], (5, 5)),  # no width
    ],
)
def test_what_cannot_be_drawn_is_refused(points, span):
    with pytest.raises(ValueError, match="two points"):
        spark(points, span, "#6b7280")
