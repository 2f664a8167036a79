from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfid_gateway.cleaning.layout import Layout, ReadPoint
from rfid_gateway.cleaning.moving import Moves
from rfid_gateway.cleaning.zones import FilterSettings, ZoneModel


def layout_of(count: int, pairs: set[tuple[int, int]]) -> Layout:
    points = tuple(ReadPoint(id=f"p{i}", reader=f"r{i}", antenna=1, place=f"z{i:03d}") for i in range(count))
    return Layout(
        points, frozenset((f"z{a % count:03d}", f"z{b % count:03d}") for a, b in pairs if a % count != b % count)
    )


@given(
    st.sampled_from([1, 2, 5, 47, 48, 80]),
    st.sets(st.tuples(st.integers(0, 200), st.integers(0, 200)), max_size=120),
    st.integers(0, 2**31),
)
def test_moves_are_those_of_the_full_matrix(count: int, pairs: set[tuple[int, int]], seed: int) -> None:
    model = ZoneModel(layout_of(count, pairs), FilterSettings())
    values = np.random.default_rng(seed).random((7, model.states))
    full = model.moves.transition

    assert full.sum(axis=1) == pytest.approx(1.0)
    assert np.allclose(model.moves.forward(values), values @ full, rtol=1e-12, atol=1e-14)
    assert np.allclose(model.moves.backward(values), values @ full.T, rtol=1e-12, atol=1e-14)


def test_a_long_corridor_is_weighed_without_the_full_product() -> None:
    moves = ZoneModel(layout_of(160, {(i, i + 1) for i in range(159)}), FilterSettings()).moves

    assert moves._is_few
    assert len(moves._sources) == 3  # both neighbours, and staying


def test_zones_that_all_lie_beside_each_other_are_weighed_by_the_full_product() -> None:
    chance = np.random.default_rng(1)
    full = chance.random((60, 60))
    moves = Moves(full / full.sum(axis=1, keepdims=True))

    assert not moves._is_few


@given(st.integers(0, 2**31))
def test_likelihoods_and_learnt_rates_are_those_of_the_full_products(seed: int) -> None:
    chance = np.random.default_rng(seed)
    model = ZoneModel(layout_of(12, {(i, i + 1) for i in range(11)}), FilterSettings())
    seen = chance.random((30, 12)) < chance.random()
    model.set_alive(chance.random(12) < 0.8)
    belief = chance.random((30, 13))
    belief /= belief.sum(axis=1, keepdims=True)

    logarithm = seen.astype(float) @ model.gain + model._miss
    expected = np.exp(logarithm - logarithm.max(axis=1, keepdims=True))
    reads = model._reads + belief.T @ (seen & model._is_alive).astype(float)
    found = model.likelihood(seen)
    model._count_reads(belief, seen)

    assert np.allclose(found, expected)
    assert np.allclose(model._reads, reads)
