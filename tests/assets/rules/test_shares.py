"""Shares with exact intervals, and turnovers of beds: counts that add up and bounds that hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from assets.rules.shares import share_of
from assets.rules.turnovers import Readiness, turnovers_of

MINUTE_US = 60_000_000


@given(st.integers(0, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.5, 0.99))
def test_bounds_contain_the_point_and_mirror_for_the_misses(counts: tuple[int, int], confidence: float) -> None:
    hits, n = counts

    share, misses = share_of(hits, n, confidence=confidence), share_of(n - hits, n, confidence=confidence)

    assert 0.0 <= share.low <= (share.point if share.point is not None else share.low) <= share.high <= 1.0
    assert (share.low, share.high) == pytest.approx((1.0 - misses.high, 1.0 - misses.low), abs=1e-9)


@pytest.mark.parametrize("true_share", [0.02, 0.3, 0.5, 0.97])
def test_intervals_cover_at_least_as_often_as_they_say(true_share: float) -> None:
    n, confidence = 25, 0.9
    shares = [share_of(hits, n, confidence=confidence) for hits in range(n + 1)]

    covered = sum(
        float(binom.pmf(hits, n, true_share)) for hits, one in enumerate(shares) if one.low <= true_share <= one.high
    )

    assert covered >= confidence


@pytest.mark.parametrize(("hits", "n", "confidence"), [(-1, 3, 0.9), (4, 3, 0.9), (1, 3, 0.0), (1, 3, 1.0)])
def test_what_are_no_counts_is_refused(hits: int, n: int, confidence: float) -> None:
    with pytest.raises(ValueError, match="Expected 0 <= hits <= n"):
        share_of(hits, n, confidence=confidence)


def course(*steps: tuple[str, int]) -> list[Readiness]:
    return [Readiness(value=value, at=minute * MINUTE_US) for value, minute in steps]


@pytest.mark.parametrize(
    ("steps", "wanted"),
    [
        # It begins as not clean: since when, nobody knows.
        ((("dirty", 1), ("clean", 9)), []),
        # Nobody said when cleaning began.
        ((("clean", 1), ("dirty", 5), ("clean", 35)), [(30.0, None)]),
        # Found dirty again: what was begun did not make it ready.
        (
            (("clean", 1), ("dirty", 5), ("cleaning", 10), ("dirty", 20), ("cleaning", 30), ("clean", 45)),
            [(40.0, 15.0)],
        ),
        # Cleaning told twice is one.
        ((("clean", 1), ("dirty", 5), ("cleaning", 10), ("cleaning", 12), ("clean", 20)), [(15.0, 10.0)]),
        # Clean told twice is no turnover, and one that goes on is none yet.
        ((("clean", 1), ("clean", 3), ("dirty", 5)), []),
    ],
)
def test_turnovers_count_from_not_clean_to_clean(
    steps: tuple[tuple[str, int], ...], wanted: list[tuple[float, float | None]]
) -> None:
    found = turnovers_of("B1", course(*steps))

    minutes = [(one.total_s / 60, one.cleaned_s / 60 if one.cleaned_s is not None else None) for one in found]
    assert minutes == wanted


@given(st.lists(st.sampled_from(["clean", "dirty", "cleaning", "isolated"]), max_size=20))
def test_turnovers_follow_each_other_and_end_clean(values: list[str]) -> None:
    steps = course(*((value, minute) for minute, value in enumerate(values, start=1)))

    found = turnovers_of("B1", steps)

    edges = [at for one in found for at in (one.dirty_at, one.ready_at)]
    assert edges == sorted(set(edges))
    assert all(one.cleaned_s is None or 0.0 <= one.cleaned_s <= one.total_s for one in found)
