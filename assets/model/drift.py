"""What of a device is watched for slow change, what was observed of it, and what the charts said."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

FEWEST_BASELINE = 10  # below, mean and spread of the healthy device are known so badly that the limits mean nothing
QUALIFIED_BASELINE = 50  # usual advice for charts whose parameters are estimated; fewer cost false alarms


class Feature(StrEnum):
    """What is taken from each cycle, test or period; all but the last three are of a reprocessing machine's cycle."""

    HEAT_UP_S = "heat_up_s"
    RISE_K_PER_MIN = "rise_k_per_min"
    HOLD_S = "hold_s"
    CYCLE_S = "cycle_s"
    HIGHEST_C = "highest_c"
    RECORD_DIFFERENCE_K = "record_difference_k"
    DEEPEST_VACUUM_KPA = "deepest_vacuum_kpa"
    AIR_SHARE = "air_share"
    LEAK_KPA_PER_MIN = "leak_kpa_per_min"
    MEAN = "mean"
    HIGHEST = "highest"
    SPREAD = "spread"


PERIOD_FEATURES = frozenset({Feature.MEAN, Feature.HIGHEST, Feature.SPREAD})
"""Taken from any device's samples over one period after the other."""


class Direction(StrEnum):
    """Which way of change is worse; watching one way only halves the false alarms."""

    UP = "up"
    DOWN = "down"
    BOTH = "both"


class ChartKind(StrEnum):
    """Which chart gave the alarm."""

    EWMA = "ewma"
    CUSUM = "cusum"


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftWatch:
    """One figure of one device that is charted.

    Parameters
    ----------
    id, asset : str
        Keys.
    feature : Feature
        What is taken.
    quantity : str
        Telemetry quantity, for features of periods; empty otherwise.
    device : str
        Name of the device in telemetry; the asset's id if empty.
    programme : str
        Only cycles of this programme: another one heats for another time. Empty for all.
    period_s : int
        Length of a period, seconds, for features of periods.
    direction : Direction
        Which way is worse.
    baseline_n : int
        Observations of the healthy device from which mean and spread are learnt.
    weight, width : float
        λ and L of the EWMA chart.
    slack, limit : float
        k and h of the CUSUM chart, in standard deviations.
    least_sigma : float
        Smallest spread that is believed, in the feature's unit: what the sensor resolves. Above 0 where observations
        can be equal.
    since_at : int
        Observations before count no more, UTC microseconds: the device was changed then.
    is_on : bool
        Whether it is watched.

    Notes
    -----
    The usual limits (L = 3, h = 5) alarm once in some 400 to 500 healthy observations even with known parameters. A
    sterilizer runs ten cycles a day, and nobody reads an order a month that means nothing: L = 3.5 and h = 6 are wider.
    """

    id: str
    asset: str
    feature: Feature
    quantity: str = ""
    device: str = ""
    programme: str = ""
    period_s: int = 86_400
    direction: Direction = Direction.BOTH
    baseline_n: int = QUALIFIED_BASELINE
    weight: float = 0.2
    width: float = 3.5
    slack: float = 0.5
    limit: float = 6.0
    least_sigma: float = 0.0
    since_at: int = 0
    is_on: bool = True

    def __post_init__(self) -> None:
        """Refuse a watch that can never speak, or speaks about nothing."""
        if self.baseline_n < FEWEST_BASELINE:
            raise ValueError(f"Expected baseline_n of at least {FEWEST_BASELINE}, got {self.baseline_n}.")
        if not (0.0 < self.weight <= 1.0 and self.width > 0.0 and self.slack >= 0.0 and self.limit > 0.0):
            raise ValueError("Expected 0 < weight <= 1, width > 0, slack >= 0 and limit > 0.")
        if self.least_sigma < 0.0:
            raise ValueError(f"Expected least_sigma not below 0, got {self.least_sigma}.")
        if (self.feature in PERIOD_FEATURES) != bool(self.quantity):
            raise ValueError(f"Expected a quantity for features of periods and for no others, got {self.quantity!r}.")
        if self.period_s < 60:
            raise ValueError(f"Expected period_s of at least 60, got {self.period_s}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One figure.

    Parameters
    ----------
    at : int
        End of the cycle, test or period, UTC microseconds.
    value : float
        In the feature's unit, finite.
    subject : str
        Cycle or test that it was taken from; empty for a period.
    """

    at: int
    value: float
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The healthy device: mean, standard deviation and number of observations that they rest on."""

    mean: float
    sigma: float
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftChart:
    """Both charts over the observations after the baseline.

    Parameters
    ----------
    observations : tuple[Observation, ...]
        All since the baseline began, the oldest first; the first ``baseline.n`` were learnt from.
    baseline : Baseline or None
        None while too few have come.
    ewma : tuple[float, ...]
        One average per charted observation, in the feature's unit.
    ewma_low, ewma_high : float
        Its limits.
    cusum_up, cusum_down : tuple[float, ...]
        Sums in standard deviations.
    charted_from : int
        Index of the first charted observation.
    alarm_index : int
        First observation, of all, at which a chart alarmed; -1 if none did.
    alarm_by : tuple[ChartKind, ...]
        Which ones.
    """

    observations: tuple[Observation, ...]
    baseline: Baseline | None = None
    ewma: tuple[float, ...] = ()
    ewma_low: float = 0.0
    ewma_high: float = 0.0
    cusum_up: tuple[float, ...] = ()
    cusum_down: tuple[float, ...] = ()
    charted_from: int = 0
    alarm_index: int = -1
    alarm_by: tuple[ChartKind, ...] = ()


class AlertOutcome(StrEnum):
    """What became of an alert, told by its work order."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    FALSE_ALARM = "false_alarm"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftAlert:
    """One alarm of the charts, the order that it opened and the plot that was kept with it.

    Parameters
    ----------
    watch, asset : str
        Keys.
    feature : Feature
        Of what.
    at : int
        Observation at which it alarmed, UTC microseconds.
    charts : tuple[ChartKind, ...]
        Which ones alarmed.
    baseline : Baseline
        What it is compared with.
    value : float
        Mean of the last observations, as the EWMA weighs them.
    work_order, document : str
        The order, and the plot as it was then.
    outcome : AlertOutcome
        As the order's finding says.
    """

    watch: str
    asset: str
    feature: Feature
    at: int
    charts: tuple[ChartKind, ...]
    baseline: Baseline
    value: float
    work_order: str
    document: str
    outcome: AlertOutcome = AlertOutcome.OPEN
