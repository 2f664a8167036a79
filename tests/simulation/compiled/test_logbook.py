"""The kernel's own machinery, piece by piece: words of the log, the bins of a histogram."""

from __future__ import annotations

import gc

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from simulation.compiled import layout as at
from simulation.compiled.logbook import LogShelf
from simulation.compiled.memory import bin_of, note
from simulation.numerics.draws import who_of
from simulation.statistics.bins import bin_of as bin_in_python

STREAM_NUMBERS = (7, 60_000)

rows = st.tuples(
    st.integers(0, 1 << 61),  # time
    st.integers(-1, 1),  # stream, -1 for those in place
    st.integers(0, (1 << 32) - 1),
    st.integers(0, (1 << 16) - 1),
    st.integers(0, (1 << 24) - 1),  # node
    st.integers(0, 13),
    st.integers(-1, (1 << 30) - 1),
)


@settings(deadline=None)
@given(st.lists(rows, max_size=30).map(lambda some: sorted(some, key=lambda row: row[0])))
def test_log_reads_back_what_the_kernel_wrote(written: list[tuple[int, ...]]) -> None:
    shelf = LogShelf(STREAM_NUMBERS)
    words, state = shelf.take(3 * len(written) + 3), np.zeros(at.GLOBAL_WIDTH, dtype=np.int64)
    state[at.LOG_AT] = -1
    for time, stream, number, branch, node, mark, value in written:
        state[at.NOW] = time
        who = np.uint64(who_of(STREAM_NUMBERS[stream] if stream >= 0 else 5, branch, number))
        note(words, state, int(who.view(np.int64)), node, mark, value)

    log = shelf.log_of(words, int(state[at.LOG_SIZE]), int(state[at.LOG_ROWS]))

    assert state[at.ERROR] == at.NO_ERROR
    assert len(log) == len(written)
    assert log.rows() == written


def test_full_log_is_reported_and_written_no_further() -> None:
    words, state = np.zeros(4, dtype=np.int64), np.zeros(at.GLOBAL_WIDTH, dtype=np.int64)
    state[at.LOG_AT] = -1

    note(words, state, 1, 2, 3, 0)
    note(words, state, 1, 2, 3, 0)  # would fit, but three words must be left before every row

    assert state[at.ERROR] == at.LOG_FULL
    assert state[at.LOG_ROWS] == 1


def test_buffer_comes_back_when_its_log_was_read_or_thrown_away() -> None:
    shelf = LogShelf(STREAM_NUMBERS)
    first, second = shelf.take(16), shelf.take(16)
    assert first is not second
    read, dropped = shelf.log_of(first, 0, 0), shelf.log_of(second, 0, 0)

    read.rows()
    assert shelf.take(16) is first
    del dropped
    gc.collect()
    assert shelf.take(16) is second
    assert read.rows() == []  # what was read stays readable


@settings(deadline=None)
@given(st.integers(-5, 1 << 62) | st.integers(0, 61).map(lambda power: 1 << power))
def test_bins_of_kernel_and_of_python_agree(duration: int) -> None:
    assert bin_of(duration) == bin_in_python(duration)
