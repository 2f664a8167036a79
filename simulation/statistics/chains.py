"""Exact values from Markov chains, where no closed formula exists: limits, patience, blocking, rates that change."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import linalg, sparse, special
from scipy.sparse.linalg import spsolve

from simulation.model.plan import Floats
from simulation.statistics.formulae import QueueValues

_TAIL = 1e-13  # share of the time that a cut-off queue may spend at its end
_MOST_STATES = 60_000
_CUT_OFF = 1e-9
_MOST_WAITING = 4096
_MOST_PRESENT = 400  # so that a matrix exponential takes well under a second


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkovQueue:
    """A service point whose services, and patience, are exponential.

    Parameters
    ----------
    service_rate : float
        Of each server.
    servers : int
        At least 1.
    places : int
        Most in the system, 0 for no limit.
    leaving_rate : float
        Rate at which each one who waits gives up; 0 for never.
    """

    service_rate: float
    servers: int
    places: int = 0
    leaving_rate: float = 0.0

    def departure_rate(self, present: int) -> float:
        """Give the rate at which the number present falls."""
        waiting = max(present - self.servers, 0)
        return min(present, self.servers) * self.service_rate + waiting * self.leaving_rate


def birth_death(arrival_rate: float, queue: MarkovQueue) -> Floats:
    """Give the long-run distribution of the number present, shape (n,); cut off where its tail is negligible.

    Parameters
    ----------
    arrival_rate : float
        Of a Poisson stream.
    queue : MarkovQueue
        The service point.

    Raises
    ------
    ValueError
        If the queue grows without bound.

    References
    ----------
    L. Kleinrock, Queueing Systems I, 1975, section 3.1.
    """
    stable = queue.places or queue.leaving_rate or arrival_rate < queue.servers * queue.service_rate
    if not stable:
        raise ValueError("the queue is unstable")
    weights = [1.0]
    n = 0
    while not queue.places or n < queue.places:
        n += 1
        weights.append(weights[-1] * arrival_rate / queue.departure_rate(n))
        # Weights of a long queue outgrow a double; only their ratios count.
        if weights[-1] > 1e250:
            weights = [weight / weights[-1] for weight in weights]
        ratio = arrival_rate / queue.departure_rate(n + 1)
        if n > queue.servers and ratio < 1 and weights[-1] * ratio / (1 - ratio) < _TAIL * sum(weights):
            break
    return np.array(weights) / sum(weights)


def markov_values(arrival_rate: float, queue: MarkovQueue) -> QueueValues:
    """Give the long-run values of M/M/c, M/M/c/K and M/M/c/K with impatient patients.

    Parameters
    ----------
    arrival_rate : float
        Of a Poisson stream.
    queue : MarkovQueue
        The service point.

    Notes
    -----
    Who finds j waiting and all servers busy is offered the wait V = Σ_{i≤j} Exp(cμ + iθ), and is served if the patience
    Exp(θ) is longer: E[V; served] = −L′(θ) with L(s) = Π (cμ + iθ)/(cμ + iθ + s).

    References
    ----------
    O. Garnett, A. Mandelbaum, M. Reiman, "Designing a call center with impatient customers", 2002.
    """
    try:
        chances = birth_death(arrival_rate, queue)
    except ValueError:
        return QueueValues(wait=math.inf, waiting=math.inf, waits_share=1.0, wait_p95=math.inf, lost_share=0.0)
    c, theta = queue.servers, queue.leaving_rate
    whole = c * queue.service_rate
    numbers = np.arange(len(chances))
    full = float(chances[queue.places]) if queue.places and len(chances) == queue.places + 1 else 0.0
    entering = chances[: queue.places] if queue.places else chances
    waiters = entering[c:]
    steps = whole + np.arange(len(waiters) + 1) * theta
    served_if_waiting = whole / steps[1:] if len(waiters) else np.zeros(0)
    slower = np.cumsum(1.0 / steps[1:])
    served = float(entering[:c].sum() + (waiters * served_if_waiting).sum())
    wait = float((waiters * served_if_waiting * slower).sum()) / served
    return QueueValues(
        wait=wait,
        waiting=float((np.maximum(numbers - c, 0) * chances).sum()),
        waits_share=float(waiters.sum()) / (1 - full),
        wait_p95=_p95(waiters, float(entering.sum()), whole) if not theta else math.nan,
        lost_share=1 - served,
    )


def _p95(waiters: Floats, entering: float, whole: float) -> float:
    """Invert P(W > t) = Σ_j p_{c+j} P(Erlang(j + 1, cμ) > t) by halving."""
    stages = np.arange(1, len(waiters) + 1)

    def beyond(t: float) -> float:
        return float((waiters * special.gammaincc(stages, whole * t)).sum()) / entering

    if beyond(0.0) <= 0.05:
        return 0.0
    low, high = 0.0, 1.0 / whole
    while beyond(high) > 0.05:
        low, high = high, 2 * high
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if beyond(middle) > 0.05 else (low, middle)
    return (low + high) / 2


def preemptive_mmc(arrival_rates: Sequence[float], service_rate: float, servers: int) -> list[float]:
    """Give the mean time in the system by class of M/M/c with pre-emption, the first class first.

    Parameters
    ----------
    arrival_rates : Sequence[float]
        By class.
    service_rate : float
        The same for all classes.
    servers : int
        At least 1.

    Notes
    -----
    Classes 1..k do not notice those behind them, so together they are an M/M/c queue of the rate Λ_k:
    T_k = (Λ_k T(Λ_k) − Λ_{k−1} T(Λ_{k−1}))/λ_k. Services being exponential, resuming and drawing anew are the same.

    References
    ----------
    J. Buzen, A. Bondi, "The response times of priority classes under preemptive resume in M/M/m queues", Operations
    Research 31 (1983).

    Examples
    --------
    >>> [round(t, 6) for t in preemptive_mmc([0.1, 0.25, 0.35], 1.0, 1)]
    [1.111111, 1.709402, 5.128205]
    """
    found, total, before = [], 0.0, 0.0
    queue = MarkovQueue(service_rate=service_rate, servers=servers)
    for rate in arrival_rates:
        total += rate
        values = markov_values(total, queue)
        present = total * (values.wait + 1 / service_rate)
        found.append((present - before) / rate if math.isfinite(present) else math.inf)
        before = present
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """One station of a line with exponential services.

    Parameters
    ----------
    service_rate : float
        Of each server.
    servers : int
        At least 1.
    places : int
        Most present, those blocked after service included; 0 for no limit (the first station only).
    """

    service_rate: float
    servers: int
    places: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StationValues:
    """Long-run values of one station of a line.

    Parameters
    ----------
    present : float
        Mean number at the station, waiting, in service and blocked.
    waiting : float
        Mean number waiting for a server.
    blocked : float
        Mean number whose service is over but who cannot leave.
    busy : float
        Mean number in service, the blocked ones not counted.
    """

    present: float
    waiting: float
    blocked: float
    busy: float


def line_with_blocking(
    arrival_rate: float, stations: Sequence[Station], *, loses_at_door: bool
) -> list[StationValues] | None:
    """Give the long-run values of stations in a row, each keeping its patient until the next one has a place.

    Parameters
    ----------
    arrival_rate : float
        Of the Poisson stream into the first station.
    stations : Sequence[Station]
        In the order of the way.
    loses_at_door : bool
        Whether arrivals at a full first station are lost; without places at the first station it means nothing.

    Returns
    -------
    list[StationValues] | None
        By station; None if the chain has too many states to be solved.

    Notes
    -----
    The stationary distribution of the Markov chain of (present, blocked) at each station, solved as a sparse linear
    system. An unlimited first queue is cut off at a length that is doubled until nothing changes.
    """
    first = stations[0].places if loses_at_door and stations[0].places else 0
    if first:
        return _line_values(arrival_rate, stations, first)
    limit, found = 64, None
    while limit <= _MOST_WAITING:
        longer = _line_values(arrival_rate, stations, limit)
        if longer is None:
            return None
        if found is not None and abs(longer[0].present - found[0].present) <= 1e-9 * longer[0].present:
            return longer
        limit, found = 2 * limit, longer
    return None


_State = tuple[int, ...]


def _line_values(arrival_rate: float, stations: Sequence[Station], first_places: int) -> list[StationValues] | None:
    solved = _stationary(arrival_rate, stations, first_places)
    if solved is None:
        return None
    states, chances = solved
    table = np.array(states)
    found = []
    for number, station in enumerate(stations):
        present, blocked = table[:, 2 * number], table[:, 2 * number + 1]
        in_service = np.minimum(present - blocked, station.servers - blocked)
        found.append(
            StationValues(
                present=float(chances @ present),
                waiting=float(chances @ (present - blocked - in_service)),
                blocked=float(chances @ blocked),
                busy=float(chances @ in_service),
            )
        )
    return found


def _stationary(
    arrival_rate: float, stations: Sequence[Station], first_places: int
) -> tuple[list[_State], Floats] | None:
    places = [first_places, *(station.places for station in stations[1:])]
    start: _State = (0,) * (2 * len(stations))
    number_of = {start: 0}
    queue = [start]
    rows: list[int] = []
    columns: list[int] = []
    rates: list[float] = []
    # The list grows while it is walked: every state reached is walked in its turn.
    for state in queue:
        for rate, after in _moves(state, arrival_rate, stations, places):
            if after not in number_of:
                if len(number_of) >= _MOST_STATES:
                    return None
                number_of[after] = len(number_of)
                queue.append(after)
            rows.append(number_of[after])
            columns.append(number_of[state])
            rates.append(rate)
    n = len(queue)
    cells = (np.array(rows), np.array(columns))
    flow = sparse.coo_matrix((np.array(rates), cells), shape=(n, n)).tocsc()
    generator = (flow - sparse.diags(np.asarray(flow.sum(axis=0)).ravel())).tolil()
    generator[n - 1, :] = 1.0  # the last balance equation follows from the others; the chances sum to 1
    right = np.zeros(n)
    right[n - 1] = 1.0
    return queue, spsolve(generator.tocsc(), right)


def _moves(
    state: _State, arrival_rate: float, stations: Sequence[Station], places: list[int]
) -> list[tuple[float, _State]]:
    found = []
    if state[0] < places[0]:
        found.append((arrival_rate, (state[0] + 1, *state[1:])))
    for number, station in enumerate(stations):
        present, blocked = state[2 * number], state[2 * number + 1]
        in_service = min(present - blocked, station.servers - blocked)
        if in_service <= 0:
            continue
        after = list(state)
        following = number + 1
        if following < len(stations) and places[following] and after[2 * following] >= places[following]:
            after[2 * number + 1] += 1
        else:
            if following < len(stations):
                after[2 * following] += 1
            _leave(after, number)
        found.append((in_service * station.service_rate, tuple(after)))
    return found


def _leave(state: list[int], number: int) -> None:
    """Let one leave a station, and those blocked before it move up."""
    state[2 * number] -= 1
    while number > 0 and state[2 * number - 1] > 0:
        state[2 * number] += 1  # one who was blocked comes in
        number -= 1
        state[2 * number + 1] -= 1
        state[2 * number] -= 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleValues:
    """Values of a service point whose arrival rate repeats.

    Parameters
    ----------
    whole : QueueValues
        Means over the cycle, ``waits_share`` and ``lost_share`` over the patients of a cycle.
    present : tuple[float, ...]
        Mean number present at the end of each piece.
    mean_present : float
        Mean number present over the cycle.
    """

    whole: QueueValues
    present: tuple[float, ...]
    mean_present: float


def periodic_birth_death(rates: Sequence[float], piece: float, queue: MarkovQueue) -> CycleValues | None:
    """Give the values of a service point whose arrival rate repeats; None if its queue grows too long to be counted.

    Parameters
    ----------
    rates : Sequence[float]
        Arrival rate in each piece.
    piece : float
        Length of a piece.
    queue : MarkovQueue
        The service point.

    Notes
    -----
    Within a piece the chances obey p′ = Qp, so p at its end is e^{Qτ}p at its beginning; the cycle repeats the same p.
    The mean over a piece comes from the exponential of the generator bordered by a unit matrix (Van Loan 1978).
    """
    size = _size_for(max(rates), queue, sum(rates) / len(rates))
    numbers = np.arange(size)
    departures = np.array([queue.departure_rate(n) for n in range(size)])
    steps = {rate: _step(rate, piece, departures) for rate in set(rates)}
    cycle = np.eye(size)
    for rate in rates:
        cycle = steps[rate][0] @ cycle
    values, vectors = linalg.eig(cycle)
    # The eigenvector of the eigenvalue 1.
    start = np.real(vectors[:, np.argmin(np.abs(values - 1))])
    p = start / start.sum()
    spent, met, present = np.zeros(size), np.zeros(size), []
    for rate in rates:
        forward, mean = steps[rate]
        spent += mean @ p
        met += rate * (mean @ p)  # how many arrivals find so many present
        p = forward @ p
        if p[-1] > _CUT_OFF and not queue.places:
            return None
        present.append(float(numbers @ p))
    whole = _cycle_means(spent, met, piece * len(rates), queue)
    return CycleValues(whole=whole, present=tuple(present), mean_present=float(numbers @ spent) / (piece * len(rates)))


def _cycle_means(spent: Floats, met: Floats, length: float, queue: MarkovQueue) -> QueueValues:
    numbers, arrivals = np.arange(len(spent)), float(met.sum())
    queued = float(np.maximum(numbers - queue.servers, 0) @ spent)
    full = float(met[-1]) if queue.places else 0.0
    entered = arrivals - full
    return QueueValues(
        wait=math.nan if queue.leaving_rate else queued / entered,
        waiting=queued / length,
        waits_share=(float(met[queue.servers :].sum()) - full) / entered,
        lost_share=(full + queue.leaving_rate * queued) / arrivals,
    )


def _size_for(highest: float, queue: MarkovQueue, mean: float) -> int:
    if queue.places:
        return queue.places + 1
    if queue.leaving_rate:
        return min(len(birth_death(highest, queue)) + 50, _MOST_PRESENT)
    # A peak above what the servers can do piles up a queue; three times its load, and the tail of the mean, are ample.
    spare = 1 - min(mean / (queue.servers * queue.service_rate), 0.95)
    return min(int(3 * highest / queue.service_rate + queue.servers + 40 / spare) + 60, _MOST_PRESENT)


def _step(rate: float, piece: float, departures: Floats) -> tuple[Floats, Floats]:
    size = len(departures)
    generator = np.zeros((size, size))
    for n in range(size):
        if n + 1 < size:
            generator[n + 1, n] += rate
            generator[n, n] -= rate
        if n:
            generator[n - 1, n] += departures[n]
            generator[n, n] -= departures[n]
    bordered = np.zeros((2 * size, 2 * size))
    bordered[:size, :size] = generator
    bordered[size:, :size] = np.eye(size)
    exponential = linalg.expm(bordered * piece)
    return exponential[:size, :size], exponential[size:, :size]
