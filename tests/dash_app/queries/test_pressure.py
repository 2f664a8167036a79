import pytest
from hypothesis import given
from hypothesis import strategies as st

from dash_app.queries.overview import DEFAULT_PARAMETERS, Parameter, pressure, pressure_values, tiles
from twin.state.live import LiveState

VALUES = st.dictionaries(st.sampled_from([p.key for p in DEFAULT_PARAMETERS]), st.floats(0, 100), max_size=6)


@given(VALUES)
def test_the_level_is_always_one_to_four(values):
    assert pressure(values).level in (1, 2, 3, 4)


@given(VALUES, st.sampled_from([p.key for p in DEFAULT_PARAMETERS]), st.floats(0, 100))
def test_a_figure_that_rises_never_lowers_the_level(values, key, more):
    before = {**values, key: values.get(key, 0.0)}
    after = {**before, key: before[key] + more}

    assert pressure(after).level >= pressure(before).level


def test_nothing_known_is_no_pressure():
    assert pressure({}).level == 1
    assert pressure_values(tiles(LiveState(), 0)) == {}


@pytest.mark.parametrize(("value", "score"), [(0.0, 1), (0.85, 2), (0.92, 3), (0.97, 4), (1.2, 4)])
def test_a_parameter_scores_by_its_thresholds(value, score):
    assert Parameter(key="x", weight=1, thresholds=(0.85, 0.92, 0.97)).score(value) == score


def test_what_drives_the_level_stands_first():
    found = pressure({"beds_occupied_share": 0.99, "emergency_waiting": 1})

    assert found.scored[0].key == "beds_occupied_share"
