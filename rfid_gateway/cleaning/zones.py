"""A hidden Markov filter over all read points at once: where each tag is, with a probability that can be believed."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from rfid_gateway.cleaning.layout import Layout, Matrix, ReadRates
from rfid_gateway.cleaning.moving import Moves, nth_of_group

BoolArray = npt.NDArray[np.bool_]
# Rates of 0 and 1 have no logarithm, and a rate of 1 would make one missed epoch a proof of absence.
_LEAST_RATE, _MOST_RATE = 1e-4, 0.985
_ROWS_AT_FIRST = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterSettings:
    """How the filter weighs evidence.

    Parameters
    ----------
    epoch_s : float
        Length of an epoch, seconds: about how often a reader inventories its field.
    dwell_s : float
        Mean stay in a zone, seconds.
    away_s, back_s : float
        Mean time until a tag leaves all coverage, and until it comes back, seconds.
    rates : ReadRates
        First guess of read rates.
    learning_memory : float
        Tag-epochs that the learnt rates rest on at most, and that the first guess counts for a hundredth of; 0 turns
        learning off.
    """

    epoch_s: float = 1.0
    dwell_s: float = 120.0
    away_s: float = 3600.0
    back_s: float = 600.0
    rates: ReadRates = field(default_factory=ReadRates)
    learning_memory: float = 50_000.0


class ZoneModel:
    """Read rates and moves of a layout, and what an epoch's readings say for each zone.

    The last state is *away*: outside of every antenna's view.

    Parameters
    ----------
    layout : Layout
        Read points and zones.
    settings : FilterSettings
        Weights.
    """

    def __init__(self, layout: Layout, settings: FilterSettings) -> None:
        self.layout = layout
        self.settings = settings
        zones = len(layout.zones)
        self.states = zones + 1
        self.away = zones
        # Outside of all views a reading is a stray; the row lets the away state lose to any zone that is heard.
        self.rates = np.vstack([layout.rates(settings.rates), np.full(len(layout.read_points), _LEAST_RATE)])
        self.moves = Moves(self._transition(layout.moves()))
        self._is_alive = np.ones(len(layout.read_points), dtype=bool)
        weight = settings.learning_memory / 100.0
        self._reads = self.rates * weight
        self._exposure = np.full_like(self.rates, weight)
        self._refresh()

    def _transition(self, moves: Matrix) -> Matrix:
        settings, zones = self.settings, self.away
        # Capped: an epoch longer than the stay would give a probability above 1.
        leave = min(settings.epoch_s / settings.dwell_s, 0.5)
        vanish = min(settings.epoch_s / settings.away_s, 0.5)
        back = min(settings.epoch_s / settings.back_s, 0.5)
        matrix = np.zeros((self.states, self.states))
        matrix[:zones, :zones] = leave * moves + (1.0 - leave) * np.eye(zones) if zones > 1 else np.eye(zones)
        matrix[:zones] *= 1.0 - vanish
        matrix[:zones, self.away] = vanish
        matrix[self.away, :zones] = back / max(zones, 1)
        matrix[self.away, self.away] = 1.0 - (back if zones else 0.0)
        return matrix

    def set_alive(self, is_alive: BoolArray) -> None:
        """Say which read points work, shape (read points,); what a dead one did not see means nothing."""
        if not np.array_equal(is_alive, self._is_alive):
            self._is_alive = is_alive.copy()
            self._refresh()

    def _refresh(self) -> None:
        rates = np.clip(self.rates, _LEAST_RATE, _MOST_RATE)
        # The log likelihood is the sum of all misses plus, for each read point that saw the tag, log(p / (1 - p)).
        self.gain = np.ascontiguousarray((np.log(rates) - np.log1p(-rates)).T)  # (read points, states)
        # a dead read point missed nothing
        self._miss = np.log1p(-rates) @ self._is_alive.astype(float)  # (states,)

    def likelihood(self, seen: BoolArray) -> Matrix:
        """Give the likelihood of each state for each tag, up to a factor per tag.

        Parameters
        ----------
        seen : BoolArray
            Which read point saw which tag in the epoch, shape (tags, read points).

        Returns
        -------
        Matrix
            Shape (tags, states), largest of each row 1.
        """
        logarithm = np.tile(self._miss, (len(seen), 1))
        rows, points = np.nonzero(seen)
        nth = nth_of_group(rows)
        # Of hundreds of read points one or two see a tag: first of each tag one, then of those with a second that, ...
        for number in range(int(nth.max(initial=-1)) + 1):
            is_now = nth == number
            logarithm[rows[is_now]] += self.gain[points[is_now]]
        # a common factor cancels later; without this exp underflows for many read points
        logarithm -= logarithm.max(axis=1, keepdims=True)
        return np.asarray(np.exp(logarithm))

    def learn(self, belief: Matrix, seen: BoolArray) -> None:
        """Learn read rates from an epoch: expected readings over expected presence (one step of online EM).

        Parameters
        ----------
        belief : Matrix
            Probability of each state of each tag, shape (tags, states).
        seen : BoolArray
            As in :meth:`likelihood`.
        """
        memory = self.settings.learning_memory
        if not memory:
            return
        self._count_reads(belief, seen)
        self._exposure += belief.sum(axis=0)[:, None] * self._is_alive
        # Exponential forgetting per state, once it has as much evidence as it may rest on: antennas are moved and rooms
        # refurnished.
        # A dead read point gathers nothing, so that it must forget nothing: it would end as 0 readings of 0.
        over = (self._exposure * self._is_alive).max(axis=1, keepdims=True) / memory
        shrink = np.where(self._is_alive, 1.0 / np.maximum(over, 1.0), 1.0)
        self._reads *= shrink
        self._exposure *= shrink
        learnt = self._reads / self._exposure
        learnt[self.away] = _LEAST_RATE  # away is where nobody reads: what was read there was a wrong belief
        self.rates = learnt
        self._refresh()

    def _count_reads(self, belief: Matrix, seen: BoolArray) -> None:
        """Add to each read point the beliefs of the tags that it saw; a dead one saw none."""
        points, rows = np.nonzero((seen & self._is_alive).T)
        if not len(points):
            return
        starts = np.flatnonzero(nth_of_group(points) == 0)
        self._reads[:, points[starts]] += np.add.reduceat(belief[rows], starts, axis=0).T


@dataclass(frozen=True, slots=True)
class _Epoch:
    likelihood: Matrix
    forward: Matrix
    seen: BoolArray
    gain: Matrix
    # Rows that better evidence overruled before this epoch: what came earlier says nothing about them any more.
    overruled: frozenset[int]


class ZoneFilter:
    """Beliefs of many tags, advanced epoch by epoch.

    Parameters
    ----------
    model : ZoneModel
        Shared rates and moves.
    lag_epochs : int, optional
        How many epochs later a second, better belief is given; 0 for none.
    """

    def __init__(self, model: ZoneModel, *, lag_epochs: int = 0) -> None:
        self.model = model
        self.tags: list[str] = []
        self.row_by_tag: dict[str, int] = {}
        self._belief = np.zeros((_ROWS_AT_FIRST, model.states))
        self._lag = lag_epochs
        self._history: deque[_Epoch] = deque(maxlen=lag_epochs + 1)
        self._epochs = 0
        self._overruled: set[int] = set()

    @property
    def belief(self) -> Matrix:
        """Probability of each state of each tag, shape (tags, states)."""
        return self._belief[: len(self.tags)]

    def add(self, tag: str) -> int:
        """Give the row of a tag; a new one may be anywhere."""
        row = self.row_by_tag.get(tag)
        if row is None:
            row = len(self.tags)
            if row == len(self._belief):
                self._belief = np.vstack([self._belief, np.zeros_like(self._belief)])  # doubled
            self._belief[row] = 1.0 / self.model.states
            self.tags.append(tag)
            self.row_by_tag[tag] = row
        return row

    def settle(self, row: int, state: int, confidence: float) -> None:
        """Overrule a tag's belief by better evidence, such as a doorway.

        Parameters
        ----------
        row, state : int
            Which tag, and where it is.
        confidence : float
            Probability of it, below 1.
        """
        # below 1, so that later readings can overrule it
        self._belief[row] = (1.0 - confidence) / max(self.model.states - 1, 1)
        self._belief[row, state] = confidence
        self._overruled.add(row)

    def advance(self, seen: BoolArray, *, learn: bool = True) -> Matrix:
        """Take in one epoch and give the beliefs at its end.

        Parameters
        ----------
        seen : BoolArray
            Which read point saw which tag, shape (tags, read points), rows as in ``tags``.
        learn : bool
            Whether read rates are learnt from it.
        """
        likelihood = self.model.likelihood(seen)
        forward = self.model.moves.forward(self.belief)
        forward *= likelihood
        forward /= forward.sum(axis=1, keepdims=True)
        self._belief[: len(self.tags)] = forward
        if self._lag:
            # The history keeps what the backward pass needs, not the readings: likelihoods are the larger work.
            overruled = frozenset(self._overruled)
            self._history.append(_Epoch(likelihood, forward, seen, self.model.gain, overruled))
        self._overruled.clear()
        self._epochs += 1
        if learn:
            self.model.learn(forward, seen)
        return forward

    def remembers(self, row: int, epochs_ago: int) -> bool:
        """Tell whether an epoch before the last one can still be weighed anew for a tag, which takes a lag."""
        return 0 <= epochs_ago < len(self._history) and row < len(self._history[-1 - epochs_ago].forward)

    def amend(self, row: int, index: int, epochs_ago: int) -> bool:
        """Let a late reading count in the epoch that it belongs to, as if it had come in time.

        Read rates that were learnt meanwhile stay as they are.

        Parameters
        ----------
        row, index : int
            Which tag, and which read point saw it.
        epochs_ago : int
            0 for the epoch that was taken in last; one that is remembered.

        Returns
        -------
        bool
            Whether the read point had not been known to see the tag in that epoch.
        """
        later = list(self._history)[len(self._history) - 1 - epochs_ago :]
        first = later[0]
        if first.seen[row, index]:
            return False
        first.seen[row, index] = True
        # The product of matrices has counted a miss; the gain turns it into a reading.
        first.likelihood[row] = _scaled(np.log(first.likelihood[row]) + first.gain[index])
        first.forward[row] = _scaled(np.log(first.forward[row]) + first.gain[index])
        first.forward[row] /= first.forward[row].sum()
        for before, epoch in itertools.pairwise(later):
            if row in epoch.overruled:
                return True
            forward = self.model.moves.forward(before.forward[row : row + 1])[0] * epoch.likelihood[row]
            epoch.forward[row] = forward / forward.sum()
        if row not in self._overruled:
            self._belief[row] = later[-1].forward[row]
        return True

    def lagged(self) -> Matrix | None:
        """Give the beliefs of the epoch ``lag_epochs`` ago, knowing all that came since; None at first.

        Tags that were not known then have no row.
        """
        if not self._lag or len(self._history) <= self._lag:
            return None
        oldest = self._history[0].forward
        count = len(oldest)
        back = np.ones((count, self.model.states))
        # Backward pass of forward-backward smoothing (Rabiner, Proc. IEEE 77 (1989), section III), rescaled each step
        # against underflow.
        for epoch in reversed(list(self._history)[1:]):
            back = self.model.moves.backward(back * epoch.likelihood[:count])
            back /= back.max(axis=1, keepdims=True)
        smooth = oldest * back
        return np.asarray(smooth / smooth.sum(axis=1, keepdims=True))


def _scaled(logarithm: Matrix) -> Matrix:
    """Give what a logarithm stands for, up to a factor, largest 1."""
    return np.asarray(np.exp(logarithm - logarithm.max()))


@dataclass(frozen=True, slots=True)
class ZoneChange:
    """A tag's zone as decided.

    Parameters
    ----------
    row : int
        Which tag.
    state : int
        Its zone now.
    previous : int
        Its zone before; -1 if unknown.
    confidence : float
        Probability of the zone now.
    """

    row: int
    state: int
    previous: int
    confidence: float


class ZoneDecider:
    """Turns beliefs into zones that do not flicker: a change needs more than a lead, it needs proof.

    Parameters
    ----------
    away : int
        State that is no zone; a tag there keeps its last zone.
    proof : float
        Probability that a new zone needs, above a half.
    """

    def __init__(self, away: int, proof: float = 0.7) -> None:
        self._away = away
        self._proof = proof
        self.zone = np.full(_ROWS_AT_FIRST, -1, dtype=np.int64)

    def force(self, row: int, state: int) -> None:
        """Set a tag's zone from other evidence."""
        self._grow(row + 1)
        self.zone[row] = state

    def forget(self, row: int) -> None:
        """Take a tag to be in no zone, after it was lost."""
        self._grow(row + 1)
        self.zone[row] = -1

    def decide(self, belief: Matrix) -> Sequence[ZoneChange]:
        """Give the zones that changed.

        Parameters
        ----------
        belief : Matrix
            Shape (tags, states).
        """
        count = len(belief)
        self._grow(count)
        best = belief.argmax(axis=1)
        confidence = belief[np.arange(count), best]
        # Away is no zone: a tag that is not heard keeps its zone until it is lost, so that the map does not flicker.
        is_new = (best != self.zone[:count]) & (confidence >= self._proof) & (best != self._away)
        changes = [
            ZoneChange(int(row), int(best[row]), int(self.zone[row]), float(confidence[row]))
            for row in np.flatnonzero(is_new)
        ]
        self.zone[:count][is_new] = best[is_new]
        return changes

    def _grow(self, count: int) -> None:
        while len(self.zone) < count:
            self.zone = np.concatenate([self.zone, np.full(len(self.zone), -1, dtype=np.int64)])
