import json

import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dash_app.charts import floor_map, gantt, series
from dash_app.charts.colours import PALETTES, config, layout

LIGHT = PALETTES["light"]
ROOM = floor_map.Room(name="Ward", x_m=10, y_m=5, width_m=20, depth_m=10)
MARKS = st.lists(
    st.builds(
        floor_map.Mark,
        id=st.text(min_size=1, max_size=5),
        x_m=st.floats(0, 100),
        y_m=st.floats(0, 100),
        face=st.integers(0, 3),
        text=st.text(max_size=10),
    ),
    max_size=30,
)


def _luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """Contrast ratio of WCAG 2.2, section 1.4.3."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", PALETTES)
def test_texts_and_marks_can_be_told_from_their_ground(theme):
    palette = PALETTES[theme]

    for text in (palette.text, palette.secondary, palette.high, palette.medium, palette.low):
        assert contrast(text, palette.surface) >= 4.5
    assert contrast(palette.normal, palette.surface) >= 3
    assert contrast(palette.normal, palette.room) >= 3


@given(MARKS)
def test_every_mark_stands_once_on_the_map_with_its_face(marks):
    figure = floor_map.figure([ROOM], marks, LIGHT)

    assert [len(trace["x"]) for trace in figure["data"][: floor_map.FACES]] == [
        sum(mark.face == face for mark in marks) for face in range(floor_map.FACES)
    ]
    assert floor_map.counted_faces(marks)[0] == len(figure["data"][0]["x"])


def test_a_crowded_room_is_one_mark_with_its_number():
    crowd = floor_map.Crowd(id="BAY", x_m=3, y_m=4, count=31, text="Bay: 31")

    rooms = floor_map.figure([ROOM], [], LIGHT, crowds=[crowd])["data"][floor_map.FACES]

    assert (rooms["x"], rooms["y"], rooms["text"], rooms["customdata"]) == ([3], [4], ["31"], ["room:BAY"])


def test_each_face_has_a_shape_of_its_own():
    figure = floor_map.figure([ROOM], [], LIGHT)

    assert len({trace["marker"]["symbol"] for trace in figure["data"]}) == floor_map.FACES


def test_only_names_that_fit_their_room_are_written():
    narrow = floor_map.Room(name="A very long name for so small a cupboard", x_m=60, y_m=5, width_m=2, depth_m=2)
    written = floor_map.figure([ROOM, narrow], [], LIGHT)["layout"]["annotations"]

    assert [note["text"] for note in written] == ["Ward"]


def test_a_room_is_drawn_around_its_centre():
    (shape,) = floor_map.figure([ROOM], [], LIGHT)["layout"]["shapes"]

    assert (shape["x0"], shape["x1"], shape["y0"], shape["y1"]) == (0, 20, 0, 10)


@pytest.mark.parametrize(
    "figure",
    [
        floor_map.figure([ROOM], [floor_map.Mark(id="a", x_m=1, y_m=1, face=1, text="t")], LIGHT),
        gantt.figure([], LIGHT),
        gantt.figure(
            [gantt.Bar(row="OR 1", label="e", start="2026-01-01 08:00:00", end="2026-01-01 09:00:00", duration_us=1)],
            LIGHT,
            now="2026-01-01 08:30:00",
        ),
        series.banded(
            [series.Band(name="a", x=[1, 2], low=[0, 1], middle=[1, 2], high=[2, 3])], series.Axes(x="t", y="n"), LIGHT
        ),
        series.cycle(
            [("control", [0.0, 1.0], [20.0, None])],
            series.Axes(x="min", y="°C"),
            LIGHT,
            limit=series.Limit(low=134, high=137, label="band"),
        ),
    ],
    ids=["map", "empty gantt", "gantt", "bands", "cycle"],
)
def test_plotly_takes_every_figure(figure):
    assert go.Figure(figure).to_json()
    json.dumps(figure)


def test_rows_of_a_gantt_stand_in_order_of_first_use_from_the_top():
    bar = gantt.Bar(row="b", label="", start="2026-01-01 08:00:00", end="2026-01-01 09:00:00", duration_us=1)
    figure = gantt.figure([bar, gantt.Bar(**{**_fields(bar), "row": "a"})], LIGHT)

    assert figure["layout"]["yaxis"]["ticktext"] == ["b", "a"]
    assert figure["layout"]["yaxis"]["range"] == [2, 0]  # from the top down


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(0, 23), st.integers(1, 12)),
        max_size=30,
    )
)
def test_no_two_bars_of_a_gantt_lie_over_each_other_and_no_lane_is_without_need(told):
    bars = [
        gantt.Bar(
            row=row,
            label="",
            start=f"2026-01-01 {start:02}:00:00",
            end=f"2026-01-0{1 + (start + hours) // 24} {(start + hours) % 24:02}:00:00",
            duration_us=hours * 3_600_000_000,
        )
        for row, start, hours in told
    ]
    found = list(zip(bars, gantt.lanes(bars), strict=True))

    for index, (one, lane) in enumerate(found):
        for other, other_lane in found[index + 1 :]:
            if (one.row, lane) == (other.row, other_lane):
                assert one.end <= other.start or other.end <= one.start
    for row in "abc":
        own = [(bar, lane) for bar, lane in found if bar.row == row]
        # as many lanes as bars meet at the busiest instant, which is the start of one of them
        busiest = max((sum(b.start <= a.start < b.end for b, _ in own) for a, _ in own), default=0)
        assert max((lane + 1 for _, lane in own), default=0) == busiest


def test_a_long_name_leaves_room_for_the_bars():
    bar = gantt.Bar(
        row="一号楼三层东侧双人病房", label="", start="2026-01-01 08:00:00", end="2026-01-01 09:00:00", duration_us=1
    )

    (name,) = gantt.figure([bar], LIGHT)["layout"]["yaxis"]["ticktext"]

    assert (name[0], name[-4:]) == ("一", "双人病房")  # the end tells rooms of one kind apart
    assert len(name) <= 8


def _fields(bar):
    return {name: getattr(bar, name) for name in bar.__slots__}


def test_series_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match="equally long"):
        series.Band(name="a", x=[1], low=[], middle=[1], high=[1])


def test_a_given_axis_keeps_the_shared_settings():
    drawn = layout(LIGHT, xaxis={"title": {"text": "t"}})

    assert drawn["xaxis"]["gridcolor"] == LIGHT.line
    assert drawn["xaxis"]["title"] == {"text": "t"}


def test_charts_show_no_tool_bar_and_link_nowhere():
    assert config("zh-CN")["displayModeBar"] is False
    assert config("zh-CN")["displaylogo"] is False
