"""Durations made longer or shorter, of the same law and the same relative spread."""

from __future__ import annotations

import math

from simulation.model.distributions import Law, read_distribution
from simulation.model.problems import PathwayError

HOUR_US = 3.6e9


def scaled(duration: object, factor: float, *, unit_us: float, place: str) -> str:
    """Give a duration with all its values so many times as long.

    Parameters
    ----------
    duration : object
        As a pathway document writes it.
    factor : float
        Above 0.
    unit_us : float
        Microseconds in the document's unit.
    place : str
        Where it stands, for the error.

    Raises
    ------
    PathwayError
        If it cannot be read, or is of a law that has no such form.

    Examples
    --------
    >>> scaled("lognormal:mean=4h,sd=2h", 0.5, unit_us=HOUR_US, place="stay")
    'lognormal:mean=2h,sd=1h'
    """
    found = read_distribution(duration, unit_us=unit_us, place=place)
    hours = found.mean / HOUR_US * factor
    if found.law is Law.CONSTANT:
        return f"const:{hours:.6g}h"
    if found.law is Law.EXPONENTIAL:
        return f"exp:mean={hours:.6g}h"
    if found.law is Law.LOGNORMAL:
        spread = math.sqrt(math.expm1(found.parameters[1] ** 2))  # standard deviation over mean
        return f"lognormal:mean={hours:.6g}h,sd={hours * spread:.6g}h"
    if found.law in {Law.GAMMA, Law.WEIBULL}:
        shape, scale = found.parameters
        return f"{found.law.value}:{shape:.6g},{scale / unit_us * factor:.6g}"
    if found.law is Law.VALUES:
        return "values:" + ",".join(f"{value / unit_us * factor:.6g}" for value in found.values)
    cure = "Write a constant, exponential, lognormal, gamma or Weibull law, or values."
    raise PathwayError(place, f"A law {found.law.value} cannot be made longer or shorter.", cure)
