from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.numerics import draws

ALL = 0xFFFFFFFFFFFFFFFF
PI = (0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0)


@pytest.mark.parametrize(
    ("low", "high", "key", "expected"),
    [
        # Known answers of philox2x64 with seven rounds that its authors publish with their library (Random123).
        (0, 0, 0, (0xB41DA69FBFEFC666, 0x511E9CE1A5534056)),
        (ALL, ALL, ALL, (0xA4696CC04462015D, 0x724782DAE17169E9)),
        (*PI, (0x98ED1534392BF372, 0x67528B1568882FD5)),
    ],
)
def test_generator_gives_the_published_known_answers(low: int, high: int, key: int, expected: tuple[int, int]) -> None:
    found = draws.philox(np.uint64(low), np.uint64(high), np.uint64(key))

    assert tuple(int(word) for word in found) == expected


fields = st.tuples(
    st.integers(0, draws.MAX_STREAMS - 1),
    st.integers(0, draws.MAX_BRANCHES - 1),
    st.integers(0, draws.MAX_PATIENTS - 1),
    st.integers(0, 2**32 - 1),
    st.integers(0, draws.MAX_VISITS - 1),
    st.integers(0, draws.MAX_DRAWS - 1),
)


@given(fields, fields)
def test_different_draws_have_different_counters(one: tuple[int, ...], other: tuple[int, ...]) -> None:
    def counter(f: tuple[int, ...]) -> tuple[int, int]:
        return int(draws.who_of(*f[:3])), int(draws.where_of(*f[3:]))

    assert (counter(one) == counter(other)) == (one == other)


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), fields)
def test_uniform_numbers_lie_strictly_between_0_and_1(seed: int, replication: int, f: tuple[int, ...]) -> None:
    key = np.uint64(draws.key_of(seed, replication))

    u = draws.draw(key, np.uint64(draws.who_of(*f[:3])), np.uint64(draws.where_of(*f[3:])))

    assert 0.0 < u < 1.0


def test_plain_python_multiplies_like_compiled_code() -> None:
    a, b = np.uint64(PI[0]), np.uint64(PI[2])

    assert draws._multiply_high_in_python(a, b) == np.uint64(PI[0] * PI[2] >> 64)
    assert draws._multiply_low_in_python(a, b) == np.uint64(PI[0] * PI[2] & ALL)
    assert draws._wrapping_add_in_python(a, b) == np.uint64(PI[0] + PI[2] & ALL)


@pytest.mark.parametrize("varied", range(6))
def test_neighbouring_counters_give_numbers_without_pattern(varied: int) -> None:
    key = np.uint64(draws.key_of(7, 3))
    numbers = np.empty(4000)
    for n in range(len(numbers)):
        f = [1, 1, 1, 1, 1, 1]
        f[varied] = n % 256 if varied == 5 else n
        if varied == 5:
            f[2] = n // 256
        who, where = np.uint64(draws.who_of(*f[:3])), np.uint64(draws.where_of(*f[3:]))
        numbers[n] = draws.draw(key, who, where)

    counts, _ = np.histogram(numbers, bins=20, range=(0, 1))
    chi_square = float(((counts - 200) ** 2 / 200).sum())
    correlation = float(np.corrcoef(numbers[:-1], numbers[1:])[0, 1])

    assert chi_square < 50  # 19 degrees of freedom: exceeded by chance once in 7,000
    assert abs(correlation) < 0.06
