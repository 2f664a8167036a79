"""How likely a patient is to leave in the next hour, given how long the stay has lasted and what the clock shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulation.forecast.stays import HOUR_US, LocalTime, Stays, step_midpoints
from simulation.model.plan import Floats, Integers

STEP_US = HOUR_US // 2
# Ends of the classes of elapsed time, hours: fine where patients of an emergency department leave, whole days later, so
# that the pattern within the day is left to the clock.
ELAPSED_H = (0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 12, 24, 48, 72, 96, 144, 192, 240, 336, 504, 720)
LONG_FROM_H = 12.0  # who has stayed so long leaves at the hours of ward rounds, others whenever they are done
CONTEXTS = 48  # 24 hours of a weekday, 24 of a weekend day
_HOUR_WEIGHT = 0.5  # discharges' worth of belief that an hour is like the others
_PATTERN_WEIGHT = 8.0  # discharges' worth of belief that an hour of the weekend is like that of a weekday
_LENGTH_WEIGHT = 4.0  # discharges' worth of belief that a class of elapsed time is like its neighbours
_KIND_WEIGHT = 20.0  # discharges' worth of belief that a kind of patients is like all of them
_ROUNDS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """Rates of leaving.

    Parameters
    ----------
    by_elapsed : Floats
        Discharges an hour by kind and class of elapsed time, shape (kinds, classes).
    by_clock : Floats
        Factor by kind, short or long stay, and hour of a weekday or weekend day, shape (kinds, 2, 48).
    clock : LocalTime
        The hospital's.
    """

    by_elapsed: Floats
    by_clock: Floats
    clock: LocalTime

    def survival(self, kinds: Integers, elapsed_h: Floats, at: int, steps: int) -> Floats:
        """Give the probability of being there still at the end of each step of half an hour.

        Parameters
        ----------
        kinds, elapsed_h : Integers, Floats
            Kind of each patient and hours since arrival, shape (n,).
        at : int
            Now, UTC microseconds.
        steps : int
            How many.

        Returns
        -------
        Floats
            Shape (n, steps).
        """
        contexts = contexts_of(self.clock.week_hours(step_midpoints(at, steps, STEP_US)))
        step_h = STEP_US / HOUR_US
        elapsed = elapsed_h[:, None] + step_h * (np.arange(steps) + 0.5)
        rates = self.by_elapsed[kinds[:, None], _class_of(elapsed)]
        factors = self.by_clock[kinds[:, None], (elapsed >= LONG_FROM_H).astype(np.int64), contexts]
        return np.asarray(np.exp(-np.cumsum(rates * factors * step_h, axis=1)))


def contexts_of(week_hours: Integers) -> Integers:
    """Give the hour of a weekday (0..23) or weekend day (24..47) of hours of the week."""
    return np.asarray(week_hours % 24 + 24 * (week_hours >= 120), dtype=np.int64)


def _class_of(elapsed_h: Floats) -> Integers:
    return np.asarray(np.searchsorted(ELAPSED_H, elapsed_h, side="right"), dtype=np.int64)


def fit_hazard(stays: Stays, at: int, *, clock: LocalTime, weeks: float = 26.0) -> Hazard:
    """Fit the rates of leaving to stays as they were known at an instant.

    Parameters
    ----------
    stays : Stays
        As :meth:`simulation.forecast.stays.Stays.known_at` gives them: those present are censored, not left out, which
        would make stays look short.
    at : int
        The instant.
    clock : LocalTime
        The hospital's.
    weeks : float
        How far back to look.

    Notes
    -----
    The rate is b(elapsed) · g(hour), constant within half an hour. With D discharges in T hours of stay in a cell,
    b = (ΣD + a)/(ΣT·g + a/b₀) and g = (ΣD + k)/(ΣT·b + k) in turn until they stand: the maximum of a Poisson likelihood
    with gamma priors, which keeps hours and classes with few discharges near those around them.

    References
    ----------
    M. Aitkin, D. Clayton, "The fitting of exponential, Weibull and extreme value distributions to complex censored
    survival data using GLIM", Applied Statistics 29 (1980).
    """
    discharges, exposure = _cells(stays, at, clock, weeks)
    pooled_length, pooled_clock = _fit(discharges.sum(axis=0), exposure.sum(axis=0))
    kinds = len(stays.kind_names)
    lengths = np.empty((kinds, len(ELAPSED_H) + 1))
    patterns = np.empty((kinds, 2, CONTEXTS))
    for kind in range(kinds):
        lengths[kind], patterns[kind] = _fit_kind(discharges[kind], exposure[kind], pooled_length, pooled_clock)
    return Hazard(by_elapsed=lengths, by_clock=patterns, clock=clock)


def _cells(stays: Stays, at: int, clock: LocalTime, weeks: float) -> tuple[Floats, Floats]:
    """Count discharges and hours of stay by kind, class of elapsed time and hour, both (kinds, classes, 48)."""
    begin = at - round(weeks * 168 * HOUR_US)
    recent = stays.ended_us > begin
    arrived, ended = stays.arrived_us[recent], stays.ended_us[recent]
    first = np.maximum((begin - arrived) // STEP_US, 0)  # what lies before the window is not looked at
    steps = np.maximum(-(-(ended - arrived) // STEP_US), 1) - first
    owner = np.repeat(np.arange(len(arrived)), steps)
    number = np.arange(len(owner)) - np.repeat(np.cumsum(steps) - steps, steps) + first[owner]
    from_us = arrived[owner] + number * STEP_US
    hours = np.minimum(ended[owner] - from_us, STEP_US) / HOUR_US
    is_last = number == (first + steps - 1)[owner]
    left = is_last & ~stays.is_open[recent][owner]
    elapsed = (number + 0.5) * STEP_US / HOUR_US
    # A discharge belongs to the hour in which it happened, exposure to the middle of its step.
    moments = np.where(left, ended[owner] - 1, from_us + STEP_US // 2)
    contexts = contexts_of(clock.week_hours(np.maximum(moments, 0)))
    shape = (len(stays.kind_names), len(ELAPSED_H) + 1, CONTEXTS)
    cell = np.ravel_multi_index((stays.kinds[recent][owner], _class_of(elapsed), contexts), shape)
    size = int(np.prod(shape))
    discharges = np.bincount(cell, weights=left, minlength=size).reshape(shape)
    exposure = np.bincount(cell, weights=hours, minlength=size).reshape(shape)
    return discharges.astype(np.float64), exposure.astype(np.float64)


def _parts(cells: Floats) -> tuple[Floats, Floats]:
    border = int(np.searchsorted(ELAPSED_H, LONG_FROM_H, side="right"))
    return cells[:border], cells[border:]


def _fit(discharges: Floats, exposure: Floats) -> tuple[Floats, Floats]:
    overall = (discharges.sum() + 0.5) / (exposure.sum() + 1.0)
    length, pattern = np.full(len(discharges), overall), np.ones((2, CONTEXTS))
    side = _sides(len(discharges))
    for _ in range(_ROUNDS):
        smooth = np.convolve(np.pad(length, 1, mode="edge"), (0.25, 0.5, 0.25), mode="valid")
        worked = (exposure * pattern[side]).sum(axis=1)
        length = (discharges.sum(axis=1) + _LENGTH_WEIGHT) / (worked + _LENGTH_WEIGHT / smooth)
        for part, (d, t, b) in enumerate(zip(_parts(discharges), _parts(exposure), _parts(length), strict=True)):
            pattern[part] = _pattern(d.sum(axis=0), (t * b[:, None]).sum(axis=0))
    return length, pattern


def _pattern(discharges: Floats, expected: Floats) -> Floats:
    """Give the factor of each hour of a weekday and of a weekend day: near (hour) × (kind of day) where few leave."""
    d, e = discharges.reshape(2, 24), expected.reshape(2, 24)
    hourly = (d.sum(axis=0) + _HOUR_WEIGHT) / (e.sum(axis=0) + _HOUR_WEIGHT)
    daily = (d.sum(axis=1) + _PATTERN_WEIGHT) / ((e * hourly).sum(axis=1) + _PATTERN_WEIGHT)
    usual = daily[:, None] * hourly
    return np.asarray(((d + _PATTERN_WEIGHT) / (e + _PATTERN_WEIGHT / usual)).ravel())


def _fit_kind(
    discharges: Floats, exposure: Floats, pooled_length: Floats, pooled_clock: Floats
) -> tuple[Floats, Floats]:
    side = _sides(len(discharges))
    length, pattern = pooled_length.copy(), pooled_clock.copy()
    for _ in range(_ROUNDS):
        worked = (exposure * pattern[side]).sum(axis=1)
        length = (discharges.sum(axis=1) + _KIND_WEIGHT) / (worked + _KIND_WEIGHT / pooled_length)
        for part, (d, t, b) in enumerate(zip(_parts(discharges), _parts(exposure), _parts(length), strict=True)):
            expected = (t * b[:, None]).sum(axis=0)
            prior = _KIND_WEIGHT
            pattern[part] = (d.sum(axis=0) + prior) / (expected + prior / pooled_clock[part])
    return length, pattern


def _sides(classes: int) -> Integers:
    """Give for each class of elapsed time whether it is of the short (0) or of the long stays (1)."""
    border = int(np.searchsorted(ELAPSED_H, LONG_FROM_H, side="right"))
    return np.asarray((np.arange(classes) >= border).astype(np.int64))
