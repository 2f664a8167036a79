"""The kernel's own way of writing an event log, and how it is read.

One 64-bit word per row: value + 1 above bit 32, the node from bit 8, the mark below. Where instant or patient are
others than in the row before, two words stand in front: the instant's complement, which is negative as no row is, and
the patient as :func:`simulation.numerics.draws.who_of` packs it. That takes half the memory of plain rows, and memory
that is touched for the first time costs more than the writing.
"""

# ruff: noqa: N803  (capitals are the arrays of the kernel, as the package says)

from __future__ import annotations

import threading
import weakref

import numpy as np

from simulation.model.plan import EventLog, Integers, LogColumns
from simulation.numerics.compiling import compiled

TIME, STREAM, NUMBER, BRANCH, NODE, MARK, VALUE = range(7)
_KEPT = 4  # buffers; more threads than this at once simply make new ones


@compiled
def spell_out(WORDS: Integers, STREAM_OF: Integers, ROWS: Integers) -> None:
    """Write what the words say as rows.

    Parameters
    ----------
    WORDS : Integers
        Shape (n_words,).
    STREAM_OF : Integers
        Stream of each draw number, shape (65536,).
    ROWS : Integers
        Shape (7, n_rows), filled: time, stream, number, branch, node, mark, value.
    """
    at, stream, number, branch = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
    row, place = 0, 0
    while place < WORDS.shape[0]:
        word = WORDS[place]
        if word < 0:
            at, who = ~word, WORDS[place + 1]
            stream, number, branch = STREAM_OF[(who >> 48) & 0xFFFF], who & 0xFFFFFFFF, (who >> 32) & 0xFFFF
            place += 2
            continue
        ROWS[TIME, row], ROWS[STREAM, row], ROWS[NUMBER, row], ROWS[BRANCH, row] = at, stream, number, branch
        ROWS[NODE, row], ROWS[MARK, row] = (word >> 8) & 0xFFFFFF, word & 255
        ROWS[VALUE, row] = (word >> 32) - 1
        row += 1
        place += 1


class LogShelf:
    """Buffers for the words of logs, used again once nobody needs what stands in them.

    Parameters
    ----------
    stream_numbers : tuple[int, ...]
        Draw number of each stream, in their order.
    """

    def __init__(self, stream_numbers: tuple[int, ...]) -> None:
        self._stream_of = np.full(1 << 16, -1, dtype=np.int64)  # whoever was in place at the start has no stream
        self._stream_of[list(stream_numbers)] = np.arange(len(stream_numbers))
        self._free: list[Integers] = []
        self._lock = threading.Lock()

    def take(self, words: int) -> Integers:
        """Give a buffer of at least so many words; its content is anything."""
        with self._lock:
            while self._free:
                buffer = self._free.pop()
                if len(buffer) >= words:
                    return buffer  # one that is too small is let go
        return np.empty(words, dtype=np.int64)

    def give_back(self, buffer: Integers) -> None:
        """Let a buffer be used again."""
        with self._lock:
            if len(self._free) < _KEPT:
                self._free.append(buffer)

    def log_of(self, buffer: Integers, words: int, rows: int) -> EventLog:
        """Give the log in a buffer, which is given back when the log has been read or thrown away."""

        def read() -> LogColumns:
            columns = self._columns(buffer[:words], rows)
            returned()
            return columns

        log = EventLog(rows, read)
        returned = weakref.finalize(log, self.give_back, buffer)
        # At the end of the process nobody needs the buffer any more.
        returned.atexit = False
        return log

    def _columns(self, words: Integers, rows: int) -> LogColumns:
        table = np.empty((7, rows), dtype=np.int64)
        spell_out(words, self._stream_of, table)
        return LogColumns(
            times=table[TIME],
            streams=table[STREAM],
            numbers=table[NUMBER],
            branches=table[BRANCH],
            nodes=table[NODE],
            marks=table[MARK],
            values=table[VALUE],
        )
