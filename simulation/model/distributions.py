"""Distributions of durations and sizes, as a planner writes them: ``"lognormal:mean=30min,sd=20min"``."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from simulation.model.problems import PathwayError

MICROSECONDS = {
    "us": 1.0,
    "ms": 1e3,
    "s": 1e6,
    "min": 6e7,
    "h": 3.6e9,
    "d": 8.64e10,
    "day": 8.64e10,
    "days": 8.64e10,
    "week": 6.048e11,
    "weeks": 6.048e11,
}
_QUANTITY = re.compile(r"^\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([a-z]*)\s*$")


class Law(StrEnum):
    """Name of a family of distributions."""

    CONSTANT = "const"
    EXPONENTIAL = "exp"
    LOGNORMAL = "lognormal"
    TRIANGULAR = "triangular"
    UNIFORM = "uniform"
    GAMMA = "gamma"
    WEIBULL = "weibull"
    NORMAL = "normal"
    VALUES = "values"
    HYPEREXPONENTIAL = "hyperexp"


@dataclass(frozen=True, slots=True)
class Distribution:
    """One distribution of a duration in microseconds, or of a plain number when read with ``unit_us=1``.

    Parameters
    ----------
    law : Law
        Family.
    parameters : tuple[float, ...]
        Parameters of the family: const (value), exp (mean), lognormal (mean and sd of the logarithm), triangular (low,
        mode, high), uniform (low, high), gamma (shape, scale), weibull (shape, scale), normal (mean, sd, lowest value),
        hyperexp (share of the first, mean of the first, mean of the second), values (none).
    values : tuple[float, ...]
        The equally likely values of an empirical distribution.
    """

    law: Law
    parameters: tuple[float, ...] = ()
    values: tuple[float, ...] = ()

    @property
    def mean(self) -> float:
        """Expected value in the unit of the parameters (for normal: without the lowest value)."""
        return _MEAN[self.law](self)


def constant(value: float) -> Distribution:
    """Give the distribution that is always the same value, in microseconds."""
    return Distribution(Law.CONSTANT, (float(value),))


def exponential(mean: float) -> Distribution:
    """Give the exponential distribution of a mean, in microseconds."""
    return Distribution(Law.EXPONENTIAL, (float(mean),))


def lognormal(mean: float, sd: float) -> Distribution:
    """Give the lognormal distribution that itself has this mean and standard deviation.

    Notes
    -----
    σ² = ln(1 + sd²/mean²), μ = ln(mean) − σ²/2. Taking mean and sd for μ and σ is the usual mistake.
    """
    variance = math.log1p((sd / mean) ** 2)
    return Distribution(Law.LOGNORMAL, (math.log(mean) - variance / 2, math.sqrt(variance)))


def gamma_of_moments(mean: float, sd: float) -> Distribution:
    """Give the gamma distribution with this mean and standard deviation."""
    return Distribution(Law.GAMMA, ((mean / sd) ** 2, sd * sd / mean))


_MEAN: dict[Law, Callable[[Distribution], float]] = {
    Law.CONSTANT: lambda d: d.parameters[0],
    Law.EXPONENTIAL: lambda d: d.parameters[0],
    Law.LOGNORMAL: lambda d: math.exp(d.parameters[0] + d.parameters[1] ** 2 / 2),
    Law.TRIANGULAR: lambda d: sum(d.parameters) / 3,
    Law.UNIFORM: lambda d: sum(d.parameters) / 2,
    Law.GAMMA: lambda d: d.parameters[0] * d.parameters[1],
    Law.WEIBULL: lambda d: d.parameters[1] * math.gamma(1 + 1 / d.parameters[0]),
    Law.NORMAL: lambda d: d.parameters[0],
    Law.VALUES: lambda d: sum(d.values) / len(d.values),
    Law.HYPEREXPONENTIAL: lambda d: d.parameters[0] * d.parameters[1] + (1 - d.parameters[0]) * d.parameters[2],
}


_MOST_US = float(1 << 62)  # instants are whole microseconds in 64 bits


def read_quantity(value: object, *, unit_us: float, place: str) -> float:
    """Read a duration such as ``"45 min"`` or a bare number in the pathway's unit.

    Parameters
    ----------
    value : object
        Text or number.
    unit_us : float
        Microseconds in one unit of a bare number.
    place : str
        Where it stands, for the error.

    Returns
    -------
    float
        Microseconds (or the plain number when ``unit_us`` is 1 and no unit is written).

    Raises
    ------
    PathwayError
        If it is no number, or its unit is unknown.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise PathwayError(place, f"Expected a duration, got {value!r}.", 'Write a number or text such as "45 min".')
    if not isinstance(value, str):
        number, unit = (float(value) if abs(value) < _MOST_US else math.inf), ""
    else:
        match = _QUANTITY.match(value)
        if match is None or (match[2] and match[2] not in MICROSECONDS):
            known = ", ".join(MICROSECONDS)
            raise PathwayError(place, f"Expected a duration, got {value!r}.", f"Use a number and one of {known}.")
        number, unit = float(match[1]), match[2]
    found = number * (MICROSECONDS[unit] if unit else unit_us)
    # Written so that NaN is refused as well.
    if not abs(found) < _MOST_US:
        raise PathwayError(place, f"Expected a duration below a hundred thousand years, got {value!r}.", "Mend it.")
    return found


def read_distribution(value: object, *, unit_us: float, place: str) -> Distribution:
    """Read a distribution from a number, a duration, or text such as ``"exp:mean=12min"``.

    Parameters
    ----------
    value : object
        Number or text. ``exp:R`` without a name is a rate per unit; every other number is in the unit.
    unit_us : float
        Microseconds in one unit; 1 reads plain numbers.
    place : str
        Where it stands, for the error.

    Raises
    ------
    PathwayError
        If the law is unknown or a parameter is missing, superfluous or out of range.

    Examples
    --------
    >>> read_distribution("exp:0.5", unit_us=1, place="example").mean
    2.0
    >>> round(read_distribution("lognormal:mean=30min,sd=20min", unit_us=1, place="example").mean / 6e7, 6)
    30.0
    """
    if not isinstance(value, str) or ":" not in value:
        return _checked(constant(read_quantity(value, unit_us=unit_us, place=place)), place)
    name, _, rest = value.partition(":")
    # Names by which other tools know the laws.
    name = {"det": "const", "constant": "const", "exponential": "exp", "erlang": "erlang"}.get(
        name.strip(), name.strip()
    )
    words = [word.strip() for word in rest.split(",") if word.strip()]
    pairs = (word.split("=", 1) for word in words if "=" in word)
    named = {key.strip(): word.strip() for key, word in pairs}
    plain = [word for word in words if "=" not in word]
    if named and plain:
        raise PathwayError(place, f"{value!r} mixes named and unnamed parameters.", "Name all of them or none.")
    builder = _BUILDERS.get(name)
    if builder is None:
        raise PathwayError(place, f"Unknown distribution {name!r}.", f"Use one of {', '.join(sorted(_BUILDERS))}.")
    found = _Words(value, plain, named, unit_us, place)
    try:
        made = builder(found)
    except (ZeroDivisionError, ValueError, OverflowError) as error:
        raise PathwayError(
            place, f"{value!r} has no such distribution.", "Check that the parameters are positive."
        ) from error
    found.check_all_used()
    return _checked(made, place)


@dataclass(slots=True)
class _Words:
    text: str
    plain: list[str]
    named: dict[str, str]
    unit_us: float
    place: str
    used: int = 0

    def has(self, name: str) -> bool:
        return name in self.named

    def time(self, name: str, default: float | None = None) -> float:
        return self._take(name, self.unit_us, default)

    def number(self, name: str, default: float | None = None) -> float:
        return self._take(name, 1.0, default)

    def _take(self, name: str, unit_us: float, default: float | None) -> float:
        unnamed = self.plain[self.used] if self.used < len(self.plain) else None
        word = self.named.get(name) if self.named else unnamed
        if word is None:
            if default is None:
                raise PathwayError(self.place, f"{self.text!r} lacks its parameter {name}.", f"Add {name}=….")
            return default
        self.used += 1
        return read_quantity(word, unit_us=unit_us, place=self.place)

    def check_all_used(self) -> None:
        if self.used != len(self.plain) + len(self.named):
            raise PathwayError(self.place, f"{self.text!r} has a parameter too many.", "Remove it.")


def _exponential(words: _Words) -> Distribution:
    return exponential(words.time("mean")) if words.has("mean") else exponential(words.unit_us / words.number("rate"))


def _gamma(words: _Words) -> Distribution:
    if words.has("mean"):
        return gamma_of_moments(words.time("mean"), words.time("sd"))
    return Distribution(Law.GAMMA, (words.number("shape"), words.time("scale")))


def _erlang(words: _Words) -> Distribution:
    phases = words.number("phases")
    return Distribution(Law.GAMMA, (phases, words.time("mean") / phases))


def _normal(words: _Words) -> Distribution:
    return Distribution(Law.NORMAL, (words.time("mean"), words.time("sd"), words.time("min", 0.0)))


def _hyperexponential(words: _Words) -> Distribution:
    share = words.number("share")
    return Distribution(Law.HYPEREXPONENTIAL, (share, words.time("mean1"), words.time("mean2")))


def _triangular(words: _Words) -> Distribution:
    return Distribution(Law.TRIANGULAR, (words.time("low"), words.time("mode"), words.time("high")))


def _values(words: _Words) -> Distribution:
    words.used = len(words.plain)
    numbers = tuple(read_quantity(word, unit_us=words.unit_us, place=words.place) for word in words.plain)
    return Distribution(Law.VALUES, (), numbers)


_BUILDERS: dict[str, Callable[[_Words], Distribution]] = {
    "const": lambda w: constant(w.time("value")),
    "exp": _exponential,
    "lognormal": lambda w: lognormal(w.time("mean"), w.time("sd")),
    "triangular": _triangular,
    "uniform": lambda w: Distribution(Law.UNIFORM, (w.time("low"), w.time("high"))),
    "gamma": _gamma,
    "erlang": _erlang,
    "weibull": lambda w: Distribution(Law.WEIBULL, (w.number("shape"), w.time("scale"))),
    "normal": _normal,
    "hyperexp": _hyperexponential,
    "values": _values,
}


def _checked(made: Distribution, place: str) -> Distribution:
    p = made.parameters
    sound = all(math.isfinite(number) for number in (*p, *made.values))
    match made.law:
        case Law.CONSTANT:
            sound = sound and p[0] >= 0
        case Law.EXPONENTIAL:
            sound = sound and p[0] > 0
        case Law.LOGNORMAL | Law.NORMAL:
            sound = sound and p[1] > 0
        case Law.TRIANGULAR:
            sound = sound and 0 <= p[0] < p[2] and p[0] <= p[1] <= p[2]
        case Law.UNIFORM:
            sound = sound and 0 <= p[0] < p[1]
        case Law.GAMMA | Law.WEIBULL:
            sound = sound and p[0] > 0 and p[1] > 0
        case Law.HYPEREXPONENTIAL:
            sound = sound and 0 < p[0] < 1 and p[1] > 0 and p[2] > 0
        case Law.VALUES:
            sound = sound and bool(made.values) and min(made.values) >= 0
    if not sound:
        raise PathwayError(
            place,
            f"{made.law}{made.parameters or made.values} is out of range.",
            "Durations are finite and not negative.",
        )
    return made
