"""Levels for a wanted service: base stock by cycle service or fill rate, and the size of two bins.

Cycle service is the share of cycles without a stock-out; fill rate is the share of demand met from the shelf. They are
different numbers: a level for 95 % cycle service can fill far less, or far more, than 95 % of the demand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from math import ceil, sqrt

from scipy import optimize, special

from inventory.rules.policies.losses import NegativeBinomial, negative_binomial_loss, normal_loss, poisson_loss
from inventory.rules.policies.requirements import above, at_least, wrong


class Service(StrEnum):
    """What a target service means."""

    CYCLE = "cycle"
    FILL = "fill"


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """Demand and times of a place that is reviewed periodically.

    Parameters
    ----------
    demand_mean, demand_sd : float
        Of the demand of one period.
    review_period, lead_time : float
        In periods.
    lead_time_sd : float
        Deviation of the lead time, periods.
    """

    demand_mean: float
    demand_sd: float
    review_period: float = 1.0
    lead_time: float = 0.0
    lead_time_sd: float = 0.0

    def __post_init__(self) -> None:
        """Check demand and times."""
        above(0, demand_mean=self.demand_mean, review_period=self.review_period)
        at_least(0, demand_sd=self.demand_sd, lead_time=self.lead_time, lead_time_sd=self.lead_time_sd)

    def moments(self, periods: float) -> tuple[float, float]:
        """Give mean and deviation of the demand of some periods; the lead time's chance counts when it has any.

        Notes
        -----
        sigma^2 = tau sd_d^2 + d^2 sd_L^2.
        """
        mean = self.demand_mean * periods
        variance = periods * self.demand_sd**2 + self.demand_mean**2 * self.lead_time_sd**2
        return mean, sqrt(variance)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLevel:
    """A base-stock level with both of its services, which are different numbers.

    Parameters
    ----------
    base_stock_level : float
        Order up to it; whole for whole-numbered demand.
    cycle_service, fill_rate : float
        Expected, 0 to 1.
    safety_stock : float
        Above the mean demand of the protection interval.
    distribution : str
        ``normal``, ``poisson`` or ``negative_binomial``.
    """

    base_stock_level: float
    cycle_service: float
    fill_rate: float
    safety_stock: float
    distribution: str


def distribution_for(mean: float, sd: float, *, is_whole: bool) -> str:
    """Give the distribution that fits whole-numbered demand best by its variance-to-mean ratio."""
    if not is_whole:
        return "normal"
    # a variance below the mean is no reason for less stock: Poisson is then the careful choice
    ratio = sd * sd / mean
    return "negative_binomial" if ratio > 1.05 else "poisson"


def _loss(level: float, mean: float, sd: float, distribution: str) -> float:
    if mean <= 0:
        return 0.0
    if distribution == "poisson":
        return poisson_loss(level, mean).loss
    if distribution == "negative_binomial":
        return negative_binomial_loss(level, NegativeBinomial.given(mean=mean, sd=sd)).loss
    return normal_loss(level, mean, sd).loss


def fill_rate(review: Review, level: float, distribution: str) -> float:
    """Give the fill rate of a periodic order-up-to level.

    Notes
    -----
    beta = 1 - (E[(D_(R+L) - S)+] - E[(D_L - S)+]) / E[D_R].
    """
    whole_mean, whole_sd = review.moments(review.review_period + review.lead_time)
    lead_mean, lead_sd = review.moments(review.lead_time)
    short = _loss(level, whole_mean, whole_sd, distribution) - _loss(level, lead_mean, lead_sd, distribution)
    return 1 - short / (review.demand_mean * review.review_period)


def cycle_service(review: Review, level: float, distribution: str) -> float:
    """Give the probability that a level lasts until the next delivery."""
    mean, sd = review.moments(review.review_period + review.lead_time)
    if distribution == "poisson":
        return float(special.pdtr(level, mean)) if level >= 0 else 0.0
    if distribution == "negative_binomial":
        demand = NegativeBinomial.given(mean=mean, sd=sd)
        return float(special.betainc(demand.r, level + 1, demand.p)) if level >= 0 else 0.0
    return float(special.ndtr((level - mean) / sd)) if sd else float(level >= mean)


def base_stock(review: Review, target: float, service: Service, *, is_whole: bool = False) -> ServiceLevel:
    """Give the smallest base-stock level that reaches a target service.

    Parameters
    ----------
    review : Review
        Demand and times.
    target : float
        Wanted service, above 0 and below 1.
    service : Service
        What the target means.
    is_whole : bool
        Whether demand and level are whole numbers (Poisson or negative binomial by the variance).
    """
    if not 0 < target < 1:
        raise wrong("target", f"Expected a share above 0 and below 1, got {target}.", "95 % is 0.95.")
    mean, sd = review.moments(review.review_period + review.lead_time)
    distribution = distribution_for(mean, sd, is_whole=is_whole)

    def reached(level: float) -> float:
        function = fill_rate if service is Service.FILL else cycle_service
        return function(review, level, distribution)

    if distribution == "normal":
        level = _continuous_level(mean, sd, target, reached, service)
    else:
        level = float(_whole_level(mean, sd, target, reached))
    return ServiceLevel(
        base_stock_level=level,
        cycle_service=cycle_service(review, level, distribution),
        fill_rate=fill_rate(review, level, distribution),
        safety_stock=level - mean,
        distribution=distribution,
    )


def _continuous_level(
    mean: float, sd: float, target: float, reached: Callable[[float], float], service: Service
) -> float:
    if service is Service.CYCLE:
        return mean + float(special.ndtri(target)) * sd
    # far enough that the fill rate is 0 at one end and 1 to the last digit at the other, whatever the target
    low, high = -10 * sd - mean, mean + 40 * sd + 1
    return float(optimize.brentq(lambda level: reached(level) - target, low, high, xtol=1e-12))


def _whole_level(mean: float, sd: float, target: float, reached: Callable[[float], float]) -> int:
    low, high = -1, int(mean + 10 * sd + 10)
    # The first guess is ten deviations up; it is doubled only for demand far from normal.
    while reached(high) < target:
        high *= 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) >= target else (middle, high)
    return high


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoBins:
    """Sizes of the two bins of a kanban shelf.

    Parameters
    ----------
    bin_size : int
        Base units in each bin, a multiple of the pack.
    packs : int
        Packs in each bin.
    stockout_probability : float
        That the second bin runs empty before the first one is back.
    """

    bin_size: int
    packs: int
    stockout_probability: float


def two_bin(review: Review, service_target: float, pack_size: int = 1) -> TwoBins:
    """Give the bin size that lasts until the empty bin is back, with a wanted probability.

    Parameters
    ----------
    review : Review
        ``review_period`` is the time until an empty bin is collected, ``lead_time`` until it is back.
    service_target : float
        Probability that the second bin lasts, above 0 and below 1.
    pack_size : int
        Base units in a pack.
    """
    above(0, pack_size=pack_size)
    level = base_stock(review, service_target, Service.CYCLE, is_whole=True)
    packs = max(1, ceil(level.base_stock_level / pack_size))
    size = packs * pack_size
    return TwoBins(
        bin_size=size, packs=packs, stockout_probability=1 - cycle_service(review, float(size), level.distribution)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Perishable stock with its remaining life in periods; 1 means that it can be used in this period only."""

    quantity: float
    remaining_life: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PerishableOrder:
    """How much of a perishable to order.

    Parameters
    ----------
    order_quantity : int
        Base units, a multiple of the pack.
    estimated_outdating : float
        Units that will expire before the order is used, if demand is as expected.
    inventory_position : float
        Stock and orders.
    """

    order_quantity: int
    estimated_outdating: float
    inventory_position: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PerishableCase:
    """A perishable that is reviewed every ``review_period`` periods.

    Parameters
    ----------
    base_stock_level : float
        Order-up-to level as without expiry.
    demand_mean : float
        Expected demand of a period.
    lead_time, review_period : int
        In periods.
    batches : tuple[Batch, ...]
        What lies there.
    on_order : float
        What is still to come.
    pack_size : int
        Base units in a pack.
    """

    base_stock_level: float
    demand_mean: float
    lead_time: int = 0
    review_period: int = 1
    batches: tuple[Batch, ...] = ()
    on_order: float = 0.0
    pack_size: int = 1

    def __post_init__(self) -> None:
        """Check times and quantities."""
        above(0, review_period=self.review_period, pack_size=self.pack_size)
        at_least(0, demand_mean=self.demand_mean, lead_time=self.lead_time, on_order=self.on_order)
        for batch in self.batches:
            at_least(0, quantity=batch.quantity, remaining_life=batch.remaining_life)


def estimated_withdrawal_and_aging(case: PerishableCase) -> PerishableOrder:
    """Give the order that makes up for what will expire, first expired first out.

    Notes
    -----
    Q = max(0, S - (IP - sum of estimated outdating over the next L + R - 1 periods)): demand is taken as expected in
    each period and withdrawn from the oldest batch; what is left of a batch at the end of its life is outdated.

    References
    ----------
    Broekmeulen, R. and van Donselaar, K. (2009), A heuristic to manage perishable inventory with batch ordering,
    positive lead-times, and time-varying demand, Computers & Operations Research 36.
    """
    horizon = case.lead_time + case.review_period - 1
    outdated = withdrawn = 0.0
    for life, quantity in sorted(
        (batch.remaining_life, batch.quantity) for batch in case.batches if batch.quantity > 0
    ):
        # the oldest first: by the end of its life a batch and all older ones have met at most the demand until then
        used = min(quantity, max(0.0, case.demand_mean * life - withdrawn))
        withdrawn += used
        # what has no life left goes in the first period, as what may be used in that period only
        if max(life, 1) <= horizon:
            outdated += quantity - used
    position = sum(batch.quantity for batch in case.batches) + case.on_order
    missing = case.base_stock_level - (position - outdated)
    # 1e-9: a missing of exactly n packs must not become n + 1 by rounding.
    packs = max(0, ceil(missing / case.pack_size - 1e-9))
    return PerishableOrder(
        order_quantity=packs * case.pack_size, estimated_outdating=outdated, inventory_position=position
    )
