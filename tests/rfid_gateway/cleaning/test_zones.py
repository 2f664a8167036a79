"""Zones against a simulated truth: the ring of eight rooms, shortened; the whole length is a benchmark."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.gateway_zones import Ring, run_ring
from rfid_gateway.cleaning.layout import Layout, ReadPoint, ReadPointKind, ReadRates
from rfid_gateway.cleaning.zones import FilterSettings, ZoneDecider, ZoneFilter, ZoneModel


def line_of(count: int) -> Layout:
    points = tuple(ReadPoint(id=f"p{i}", reader=f"r{i}", antenna=1, place=f"z{i}") for i in range(count))
    return Layout(points, frozenset((f"z{i}", f"z{i + 1}") for i in range(count - 1)))


def test_ring_of_rooms_is_told_apart_with_the_published_read_rates() -> None:
    found = run_ring(Ring(own=0.7, cross=0.08), seeds=2, seconds=3000)

    assert found.online_share >= 0.975
    assert found.online_moves_ratio <= 1.6
    assert found.lagged_share >= 0.99
    assert found.lagged_moves_ratio <= 1.1
    assert found.calibration_error <= 0.02


def test_ring_of_rooms_is_told_apart_with_poor_readers() -> None:
    found = run_ring(Ring(own=0.5, cross=0.15), seeds=2, seconds=3000)

    assert found.online_share >= 0.95
    assert found.calibration_error <= 0.02


def test_filter_beats_the_window_and_the_moving_average() -> None:
    found = run_ring(Ring(own=0.7, cross=0.08), seeds=1, seconds=3000)

    assert found.online_share > found.best_window_share
    assert found.online_share > found.edgex_share


@given(st.lists(st.integers(0, 15), min_size=1, max_size=30), st.integers(2, 4))
def test_beliefs_are_probabilities_whatever_is_seen(masks: list[int], zones: int) -> None:
    tags = ZoneFilter(ZoneModel(line_of(zones), FilterSettings()), lag_epochs=2)
    tags.add("a")

    for mask in masks:
        seen = np.array([[bool(mask >> i & 1) for i in range(zones)]])
        belief = tags.advance(seen)
        lagged = tags.lagged()
        assert np.all(belief >= 0)
        assert belief.sum() == pytest.approx(1.0)
        assert lagged is None or lagged.sum() == pytest.approx(1.0)


def test_one_stray_reading_moves_nobody() -> None:
    model = ZoneModel(line_of(3), FilterSettings())
    tags, decider = ZoneFilter(model), ZoneDecider(model.away)
    tags.add("a")
    for _ in range(20):
        decider.decide(tags.advance(np.array([[True, False, False]])))

    changes = decider.decide(tags.advance(np.array([[True, False, True]])))

    assert changes == []


def test_what_a_dead_reader_does_not_see_means_nothing() -> None:
    model = ZoneModel(line_of(2), FilterSettings(learning_memory=0))
    tags = ZoneFilter(model)
    tags.add("a")
    for _ in range(10):
        before = tags.advance(np.array([[True, False]])).copy()
    model.set_alive(np.array([False, True]))

    for _ in range(10):
        after = tags.advance(np.array([[False, False]]))

    # It fades by dwell alone; ten misses of a living reader would have moved the belief away altogether.
    assert after[0, 0] > 0.8 * before[0, 0]


def test_read_rates_are_learnt_from_a_wrong_guess() -> None:
    chance = np.random.default_rng(2)
    model = ZoneModel(line_of(2), FilterSettings(rates=ReadRates(own=0.9, neighbour=0.01), learning_memory=5000))
    tags = ZoneFilter(model)
    for i in range(40):
        tags.add(f"t{i}")
    home = np.arange(40) % 2
    rates = np.where(home[:, None] == np.arange(2)[None, :], 0.5, 0.2)

    for _ in range(500):
        tags.advance(chance.random((40, 2)) < rates)

    assert model.rates[:2] == pytest.approx(np.array([[0.5, 0.2], [0.2, 0.5]]), abs=0.05)


def test_layout_takes_each_antenna_once() -> None:
    point = ReadPoint(id="a", reader="r", antenna=1, place="z")

    with pytest.raises(ValueError, match="same antenna"):
        Layout((point, ReadPoint(id="b", reader="r", antenna=1, place="y")))


def test_reader_without_antennas_of_its_own_stands_for_all_of_them() -> None:
    layout = Layout((ReadPoint(id="a", reader="r", antenna=0, place="z", kind=ReadPointKind.ZONE),))

    assert (layout.find("r", 3), layout.find("other", 1)) == (0, -1)


def test_read_point_that_is_dead_for_long_keeps_what_was_learnt_of_it() -> None:
    model = ZoneModel(line_of(2), FilterSettings(learning_memory=100.0))
    tags = ZoneFilter(model)
    for number in range(100):
        tags.add(f"t{number}")
    model.set_alive(np.array([True, False]))
    before = model.rates[:, 1].copy()
    seen = np.tile([True, False], (100, 1))

    for _ in range(2500):
        belief = tags.advance(seen)

    assert np.isfinite(belief).all()
    assert model.rates[:2, 1] == pytest.approx(before[:2])


sightings = st.tuples(st.integers(0, 7), st.integers(0, 2), st.integers(0, 3))  # epoch, tag, read point


@given(st.sets(sightings, max_size=40), st.sets(sightings, max_size=10), st.sampled_from([None, 3, 6]))
def test_epoch_that_is_weighed_anew_is_as_if_its_readings_had_come_in_time(
    seen: set[tuple[int, int, int]], late: set[tuple[int, int, int]], overruled_at: int | None
) -> None:
    whole, mended = (ZoneFilter(ZoneModel(line_of(4), FilterSettings()), lag_epochs=7) for _ in range(2))
    for tags, found in ((whole, seen | late), (mended, seen - late)):
        for tag in "abc":
            tags.add(tag)
        for epoch in range(8):
            if epoch == overruled_at:
                tags.settle(1, 2, 0.9)  # by a doorway: what was before it says nothing of now
            matrix = np.zeros((3, 4), dtype=bool)
            for _, row, point in (one for one in found if one[0] == epoch):
                matrix[row, point] = True
            tags.advance(matrix, learn=False)

    for epoch, row, point in sorted(late, reverse=True):
        assert mended.remembers(row, 7 - epoch)
        assert mended.amend(row, point, 7 - epoch)
        assert not mended.amend(row, point, 7 - epoch)  # told twice, counted once

    assert np.allclose(mended.belief, whole.belief)
    smooth, expected = mended.lagged(), whole.lagged()
    assert smooth is not None
    assert expected is not None
    assert np.allclose(smooth, expected)


def test_epoch_that_is_forgotten_or_before_the_tag_was_known_is_not_weighed_anew() -> None:
    tags = ZoneFilter(ZoneModel(line_of(2), FilterSettings()), lag_epochs=2)
    tags.add("a")
    tags.advance(np.zeros((1, 2), dtype=bool))
    tags.add("b")
    for _ in range(2):
        tags.advance(np.zeros((2, 2), dtype=bool))

    assert [tags.remembers(0, ago) for ago in (-1, 0, 2, 3)] == [False, True, True, False]
    assert [tags.remembers(1, ago) for ago in (0, 1, 2)] == [True, True, False]
    assert not ZoneFilter(ZoneModel(line_of(2), FilterSettings())).remembers(0, 0)
