"""The choice of a setting by what each ended with."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scheduling.solvers.rosters.bandit import Bandit


@given(n=st.integers(1, 9), seed=st.integers(0, 1000))
def test_every_setting_is_used_once_before_any_is_used_twice(n: int, seed: int) -> None:
    bandit, chance = Bandit(n), np.random.default_rng(seed)

    picked = []
    for _ in range(n):
        picked.append(bandit.pick(chance))
        bandit.tell(picked[-1], float(chance.normal()))

    assert sorted(picked) == list(range(n))


def test_what_helped_once_is_left_when_it_helps_no_more() -> None:
    bandit, chance = Bandit(2), np.random.default_rng(5)
    picked = []

    for step in range(400):
        at = bandit.pick(chance)
        picked.append(at)
        bandit.tell(at, float((at == 0) == (step >= 200)) + float(chance.normal(scale=0.3)))

    # 0 is the cheap one at first, then 1
    assert picked[100:200].count(0) > 70
    assert picked[300:].count(1) > 70


def test_the_same_chance_picks_the_same() -> None:
    def run() -> list[int]:
        bandit, chance = Bandit(3), np.random.default_rng(7)
        picked = []
        for _ in range(50):
            picked.append(bandit.pick(chance))
            bandit.tell(picked[-1], float(picked[-1]))
        return picked

    assert run() == run()
