"""Moves of many tags between many zones at once, without a product of full matrices.

Nearly all entries of a row of the moves are alike: a tenth of all moves goes just anywhere. So a row is one number for
all zones, a few others for the zones beside it, and one for away. Weighed so, an epoch of 2,000 tags in 160 zones costs
a third of the product, and the share falls as a hospital grows.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rfid_gateway.cleaning.layout import Matrix

IntArray = npt.NDArray[np.intp]
_LEAST_STATES = 48  # below, one call of the product is as fast as a handful of others
_DENSE_SHARE = 4  # a zone beside every fourth one leaves nothing to win


class Moves:
    """Applies probabilities of moves to beliefs.

    Parameters
    ----------
    transition : Matrix
        From each state to each, shape (states, states); rows sum to 1, the last state is away.
    """

    def __init__(self, transition: Matrix) -> None:
        self.transition = transition
        self._away = len(transition) - 1
        inner = transition[:, : self._away].copy()
        # What a row has for just any zone; its own place is not just any.
        others = inner.copy()
        np.fill_diagonal(others, np.inf)
        self._anywhere: Matrix = others.min(axis=1, initial=np.inf)
        self._is_few = False
        if len(transition) < _LEAST_STATES:
            return
        beside = inner - self._anywhere[:, None]
        self._sources, self._from = _table(beside)
        self._targets, self._to = _table(beside.T)
        self._is_few = max(len(self._sources), len(self._targets)) * _DENSE_SHARE < len(transition)

    def forward(self, belief: Matrix) -> Matrix:
        """Give the beliefs one epoch later, shape (tags, states)."""
        if not self._is_few:
            return np.asarray(belief @ self.transition)
        found = np.empty_like(belief)
        inner = found[:, : self._away]
        inner[:] = (belief @ self._anywhere)[:, None]
        for source, weight in zip(self._sources, self._from, strict=True):
            inner += belief.take(source, axis=1) * weight
        found[:, self._away] = belief @ self.transition[:, self._away]
        return found

    def backward(self, values: Matrix) -> Matrix:
        """Give what values of an epoch mean for the one before it, shape (tags, states)."""
        if not self._is_few:
            return np.asarray(values @ self.transition.T)
        found = values[:, : self._away].sum(axis=1, keepdims=True) * self._anywhere
        for target, weight in zip(self._targets, self._to, strict=True):
            found += values.take(target, axis=1) * weight
        found += values[:, self._away, None] * self.transition[:, self._away]
        return np.asarray(found)


def _table(beside: Matrix) -> tuple[IntArray, Matrix]:
    """Give which rows are not 0 in each column, and their values: the n-th of each in row n, filled up with zeros."""
    columns, rows = np.nonzero(beside.T)
    nth = nth_of_group(columns)
    depth = int(nth.max(initial=-1)) + 1
    index = np.zeros((depth, beside.shape[1]), dtype=np.intp)
    value = np.zeros((depth, beside.shape[1]))
    index[nth, columns] = rows
    value[nth, columns] = beside[rows, columns]
    return index, value


def nth_of_group(groups: IntArray) -> IntArray:
    """Give the how-many-th of its group each entry is, from 0 on; groups are sorted numbers.

    Examples
    --------
    >>> nth_of_group(np.array([3, 3, 5, 9, 9, 9])).tolist()
    [0, 1, 0, 0, 1, 2]
    """
    found: IntArray = np.arange(len(groups)) - np.searchsorted(groups, groups)
    return found
