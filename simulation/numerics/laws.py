"""Laws of duration, each sampled by inverting its survival function with one uniform number.

The same compiled source serves both engines, so a sample is the same number in both. ``fastmath`` stays off: it would
let the compiler change the last bit. A small uniform number gives a long duration.
"""

from __future__ import annotations

import math

import numpy as np

from simulation.numerics.compiling import compiled, woven

CONSTANT, EXPONENTIAL, LOGNORMAL, TRIANGULAR, UNIFORM, GAMMA, WEIBULL, NORMAL, VALUES, HYPEREXPONENTIAL = range(10)

LONGEST_US = 1 << 60  # 36,000 years; anything longer is an overflow that the engines report

# Coefficients of AS 241 (PPND16), from the constant to the seventh power.
Septic = tuple[float, float, float, float, float, float, float, float]
CENTRE_TOP: Septic = (
    3.387132872796366608,
    133.14166789178437745,
    1971.5909503065514427,
    13731.693765509461125,
    45921.953931549871457,
    67265.770927008700853,
    33430.575583588128105,
    2509.0809287301226727,
)
CENTRE_LOW: Septic = (
    1.0,
    42.313330701600911252,
    687.1870074920579083,
    5394.1960214247511077,
    21213.794301586595867,
    39307.89580009271061,
    28729.085735721942674,
    5226.495278852545925,
)
MIDDLE_TOP: Septic = (
    1.42343711074968357734,
    4.6303378461565452959,
    5.7694972214606914055,
    3.64784832476320460504,
    1.27045825245236838258,
    0.24178072517745061177,
    0.0227238449892691845833,
    7.7454501427834140764e-4,
)
MIDDLE_LOW: Septic = (
    1.0,
    2.05319162663775882187,
    1.6763848301838038494,
    0.68976733498510000455,
    0.14810397642748007459,
    0.0151986665636164571966,
    5.475938084995344946e-4,
    1.05075007164441684324e-9,
)
FAR_TOP: Septic = (
    6.6579046435011037772,
    5.4637849111641143699,
    1.7848265399172913358,
    0.29656057182850489123,
    0.026532189526576123093,
    0.0012426609473880784386,
    2.71155556874348757815e-5,
    2.01033439929228813265e-7,
)
FAR_LOW: Septic = (
    1.0,
    0.59983220655588793769,
    0.13692988092273580531,
    0.0148753612908506148525,
    7.868691311456132591e-4,
    1.8463183175100546818e-5,
    1.4215117583164458887e-7,
    2.04426310338993978564e-15,
)


@woven
def _septic(x: float, c: Septic) -> float:
    # By Estrin's scheme: pairs are independent of one another, so the processor works on them at once, where Horner's
    # chain would wait fourteen times for the operation before.
    x2 = x * x
    return ((c[0] + c[1] * x) + (c[2] + c[3] * x) * x2) + ((c[4] + c[5] * x) + (c[6] + c[7] * x) * x2) * (x2 * x2)


@compiled
def normal_quantile(p: float) -> float:
    """Give the standard normal quantile of p in (0, 1), to about 1e-16 relative.

    Notes
    -----
    Rational approximations in three ranges of p, their polynomials of degree seven by Estrin's scheme.

    References
    ----------
    M. J. Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Applied Statistics 37 (1988),
    routine PPND16.
    """
    q = p - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        return q * _septic(r, CENTRE_TOP) / _septic(r, CENTRE_LOW)
    r = math.sqrt(-math.log(p if q < 0.0 else 1.0 - p))
    if r <= 5.0:
        r -= 1.6
        tail = _septic(r, MIDDLE_TOP) / _septic(r, MIDDLE_LOW)
    else:
        r -= 5.0
        tail = _septic(r, FAR_TOP) / _septic(r, FAR_LOW)
    return -tail if q < 0.0 else tail


@compiled
def gamma_survival(shape: float, x: float) -> float:
    """Give the regularised upper incomplete gamma function Q(shape, x).

    Notes
    -----
    Series below shape + 1, continued fraction (modified Lentz) above.

    References
    ----------
    NIST Digital Library of Mathematical Functions, 8.7.1 and 8.9.2.
    """
    if x <= 0.0:
        return 1.0
    front = math.exp(shape * math.log(x) - x - math.lgamma(shape))
    if x < shape + 1.0:
        term = 1.0 / shape
        total = term
        k = shape
        while abs(term) > abs(total) * 1e-17:
            k += 1.0
            term *= x / k
            total += term
        return 1.0 - total * front
    tiny = 1e-300
    b = x + 1.0 - shape
    c = 1.0 / tiny
    d = 1.0 / b
    h = d
    for i in range(1, 10_000):
        a = -i * (i - shape)
        b += 2.0
        d = a * d + b
        d = 1.0 / (d if abs(d) > tiny else tiny)
        c = b + a / c
        c = c if abs(c) > tiny else tiny
        h *= d * c
        if abs(d * c - 1.0) < 1e-16:
            break
    return front * h


@compiled
def _gamma_inverse_survival(shape: float, s: float) -> float:
    z = -normal_quantile(s)
    ninth = 1.0 / (9.0 * shape)
    guess = shape * (1.0 - ninth + z * math.sqrt(ninth)) ** 3  # Wilson and Hilferty 1931
    if guess <= 0.0 or shape < 0.5:
        guess = math.exp((math.log1p(-s) + math.lgamma(shape + 1.0)) / shape)
    low, high, x = 0.0, math.inf, max(guess, 1e-300)
    # Newton kept within a bracket: halved where a step would leave it.
    for _ in range(200):
        error = gamma_survival(shape, x) - s
        if error > 0.0:
            low = x
        else:
            high = x
        density = math.exp((shape - 1.0) * math.log(x) - x - math.lgamma(shape))
        step = error / density if density > 0.0 else 0.0
        new = x + step
        if not (low < new < high) or step == 0.0:
            new = 2.0 * x if math.isinf(high) else 0.5 * (low + high)
        if abs(new - x) <= 4e-16 * x:
            break
        x = new
    return x


@compiled
def _hyperexponential_inverse_survival(share: float, first: float, second: float, s: float) -> float:
    # The survival function is convex and lies above its slower part, so Newton from 0 climbs without overshooting.
    x = 0.0
    for _ in range(500):
        one = share * math.exp(-x / first)
        two = (1.0 - share) * math.exp(-x / second)
        step = (one + two - s) / (one / first + two / second)
        x += step
        if abs(step) <= 1e-15 * x:
            break
    return x


@compiled
def inverse_survival(kind: int, a: float, b: float, c: float, values: np.ndarray, s: float) -> float:
    """Give the duration that is exceeded with probability s.

    Parameters
    ----------
    kind : int
        One of the constants of this module.
    a, b, c : float
        Parameters of the law, see :func:`survival`.
    values : np.ndarray
        Table of all empirical values of the model, shape (n,), each block in descending order.
    s : float
        In (0, 1).
    """
    if kind == EXPONENTIAL:
        return -a * math.log(s)
    if kind == LOGNORMAL:
        return math.exp(a - b * normal_quantile(s))
    if kind == TRIANGULAR:
        if s > (c - b) / (c - a):
            return a + math.sqrt((1.0 - s) * (c - a) * (b - a))
        return c - math.sqrt(s * (c - a) * (c - b))
    if kind == UNIFORM:
        return b - s * (b - a)
    if kind == GAMMA:
        return b * _gamma_inverse_survival(a, s)
    if kind == WEIBULL:
        return float(b * (-math.log(s)) ** (1.0 / a))
    if kind == NORMAL:
        return max(a - b * normal_quantile(s), c)
    if kind == VALUES:
        return float(values[int(a) + min(int(s * b), int(b) - 1)])
    if kind == HYPEREXPONENTIAL:
        return _hyperexponential_inverse_survival(a, b, c, s)
    return a


@compiled
def survival(kind: int, a: float, b: float, c: float, values: np.ndarray, x: float) -> float:
    """Give the probability that a duration exceeds x.

    Parameters
    ----------
    kind : int
        CONSTANT (a = duration), EXPONENTIAL (a = mean), LOGNORMAL (a, b = mean and standard deviation of the
        logarithm), TRIANGULAR (a, b, c = low, mode, high), UNIFORM (a, b), GAMMA (a = shape, b = scale), WEIBULL
        (a = shape, b = scale), NORMAL (a = mean, b = standard deviation, values below c become c), VALUES (a = start in
        the table, b = count), HYPEREXPONENTIAL (a = share of the first kind, b, c = the two means).
    a, b, c : float
        Parameters as named above, times in microseconds.
    values : np.ndarray
        Table of empirical values, shape (n,).
    x : float
        Microseconds, at least 0.
    """
    if kind == EXPONENTIAL:
        return math.exp(-x / a)
    if kind == LOGNORMAL:
        return 0.5 * math.erfc((math.log(x) - a) / (b * math.sqrt(2.0))) if x > 0.0 else 1.0
    if kind == TRIANGULAR:
        if x <= a:
            return 1.0
        if x >= c:
            return 0.0
        return 1.0 - (x - a) ** 2 / ((c - a) * (b - a)) if x < b else (c - x) ** 2 / ((c - a) * (c - b))
    if kind == UNIFORM:
        return min(max((b - x) / (b - a), 0.0), 1.0) if b > a else (1.0 if x < a else 0.0)
    if kind == GAMMA:
        return gamma_survival(a, x / b)
    if kind == WEIBULL:
        return math.exp(-((x / b) ** a)) if x > 0.0 else 1.0
    if kind == NORMAL:
        return 1.0 if x < c else 0.5 * math.erfc((x - a) / (b * math.sqrt(2.0)))
    if kind == VALUES:
        count = 0
        while count < int(b) and values[int(a) + count] > x:
            count += 1
        return count / b
    if kind == HYPEREXPONENTIAL:
        return a * math.exp(-x / b) + (1.0 - a) * math.exp(-x / c)
    return 1.0 if x < a else 0.0


@woven
def to_ticks(duration_us: float) -> int:
    """Give a duration as whole microseconds, rounded once, never negative; ``LONGEST_US`` stands for overflow."""
    if not duration_us < LONGEST_US:
        return LONGEST_US
    return math.floor(duration_us + 0.5) if duration_us > 0.0 else 0


@woven
def sample(laws: np.ndarray, law: int, values: np.ndarray, u: float) -> int:
    """Give the sample of one law of the model, whole microseconds.

    Parameters
    ----------
    laws : np.ndarray
        Shape (n_laws, 4): kind, a, b, c.
    law : int
        Row.
    values : np.ndarray
        Table of empirical values, shape (n,).
    u : float
        Uniform number in (0, 1).

    Notes
    -----
    The two commonest laws stand here as well as in :func:`inverse_survival`: its call costs as much as their logarithm.
    """
    kind = int(laws[law, 0])
    if kind == EXPONENTIAL:
        duration = -laws[law, 1] * math.log(u)
    elif kind == LOGNORMAL:
        duration = math.exp(laws[law, 1] - laws[law, 2] * normal_quantile(u))
    else:
        duration = inverse_survival(kind, laws[law, 1], laws[law, 2], laws[law, 3], values, u)
    return to_ticks(duration)


@compiled
def residual(laws: np.ndarray, law: int, values: np.ndarray, elapsed_us: int, u: float) -> int:
    """Give what is left of a duration of which a part has passed, whole microseconds.

    Parameters
    ----------
    laws, law, values, u
        As in :func:`sample`.
    elapsed_us : int
        What has passed already, at least 0. Beyond the longest possible duration the rest is 0.

    Notes
    -----
    With survival function S the rest beyond e is S⁻¹(S(e)·u) − e, which keeps its precision in the far tail where
    F⁻¹(F(e) + (1 − F(e))·u) has lost it.
    """
    kind = int(laws[law, 0])
    a, b, c = laws[law, 1], laws[law, 2], laws[law, 3]
    if kind == EXPONENTIAL:
        return sample(laws, law, values, u)
    alive = survival(kind, a, b, c, values, float(elapsed_us))
    if alive * u < 1e-300:
        return 0
    return to_ticks(inverse_survival(kind, a, b, c, values, alive * u) - elapsed_us)


@woven
def next_arrival(ends: np.ndarray, cumulative: np.ndarray, now: int, piece: int, u: float) -> tuple[int, int]:
    """Give the next arrival of a Poisson stream whose rate is constant between given instants.

    Parameters
    ----------
    ends : np.ndarray
        Ends of the pieces in microseconds from the start, shape (n,), ascending; the first piece starts at 0.
    cumulative : np.ndarray
        Expected arrivals from 0 to each end, shape (n,), non-decreasing.
    now : int
        Microseconds from the start.
    piece : int
        Any piece that does not begin after ``now``, such as the one of the arrival before.
    u : float
        Uniform number in (0, 1).

    Returns
    -------
    tuple[int, int]
        Instant in microseconds from the start, at least ``now`` (``LONGEST_US`` when no further arrival comes), and
        its piece.

    Notes
    -----
    Exact inversion of the expected number of arrivals Λ: the next instant t solves Λ(t) − Λ(now) = −ln u. Unlike
    thinning it needs one uniform number, and cannot look up the rate at a wrong instant.
    """
    n = ends.shape[0]
    while piece < n and ends[piece] <= now:
        piece += 1
    if piece >= n:
        return LONGEST_US, n
    begin = ends[piece - 1] if piece > 0 else 0
    before = cumulative[piece - 1] if piece > 0 else 0.0
    target = before + (cumulative[piece] - before) * ((now - begin) / (ends[piece] - begin)) - math.log(u)
    while piece < n and cumulative[piece] < target:
        piece += 1
    if piece >= n:
        return LONGEST_US, n
    begin = ends[piece - 1] if piece > 0 else 0
    before = cumulative[piece - 1] if piece > 0 else 0.0
    share = (target - before) / (cumulative[piece] - before)
    return max(begin + math.floor(share * (ends[piece] - begin) + 0.5), now), piece
