"""What may come otherwise than an admission plan says, and what a plan risks by it."""

from __future__ import annotations

from dataclasses import dataclass, fields

from twin.errors import InputError

MOST_FUTURES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertainty:
    """How far days differ from what is planned.

    Parameters
    ----------
    operation_cv : float
        Standard deviation of an operation's length over its planned length, 0 to 3; lengths are log-normal and as
        long as planned on average.
    no_show_share : float
        Chance that a patient does not come, 0 to 1.
    late_share : float
        Chance that a discharge is a day late, and again of each further day, 0 to 0.9.
    early_share : float
        Chance that somebody leaves a day early, 0 to 1; a stay lasts at least a day.
    emergency_operations_per_day, emergency_beds_per_day : float
        Emergencies who need a theatre, and who need a bed of these rooms, 0 to 200.
    emergency_minutes : float
        Mean length of an emergency's operation, 1 to 1440.
    emergency_stay_days : float
        Mean stay of an emergency in days, 1 to 60; geometric.
    turnover_minutes : int
        Between two operations in a theatre, 0 to 240.
    overtime_limit_minutes : int
        An operation is called off if by its planned length it would end later than this after closing, 0 to 1440.
    """

    operation_cv: float = 0.35
    no_show_share: float = 0.02
    late_share: float = 0.12
    early_share: float = 0.05
    emergency_operations_per_day: float = 0.5
    emergency_beds_per_day: float = 1.0
    emergency_minutes: float = 90.0
    emergency_stay_days: float = 4.0
    turnover_minutes: int = 0
    overtime_limit_minutes: int = 60

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises
        ------
        InputError
            Naming the field, its range and what was given.
        """
        for name, low, high in _RANGES:
            value = getattr(self, name)
            if not low <= value <= high:
                raise InputError(f"{name}: expected {low:g} to {high:g}, got {value:g}.", code="plan.uncertainty")


_RANGES = (
    ("operation_cv", 0.0, 3.0),
    ("no_show_share", 0.0, 1.0),
    ("late_share", 0.0, 0.9),
    ("early_share", 0.0, 1.0),
    ("emergency_operations_per_day", 0.0, 200.0),
    ("emergency_beds_per_day", 0.0, 200.0),
    ("emergency_minutes", 1.0, 1440.0),
    ("emergency_stay_days", 1.0, 60.0),
    ("turnover_minutes", 0, 240),
    ("overtime_limit_minutes", 0, 1440),
)
# a field without a range would let any number through: seen when the module is loaded, not by the planner
assert {name for name, *_ in _RANGES} == {found.name for found in fields(Uncertainty)}  # noqa: S101


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A mean over futures.

    Parameters
    ----------
    mean : float
        Of the futures.
    half_width : float
        Of its 95 % confidence interval.
    n : int
        Futures.
    """

    mean: float
    half_width: float
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TheatreRisk:
    """A theatre's day.

    Parameters
    ----------
    theatre : str
        Id.
    day : int
        From 0.
    planned_minutes, available_minutes : int
        Of operations, turnovers not counted, and of opening.
    overtime_share : Estimate
        Chance of any overtime.
    overtime_minutes : Estimate
        Mean overtime.
    overtime_p95_minutes : float
        Overtime that is exceeded in one future of twenty.
    """

    theatre: str
    day: int
    planned_minutes: int
    available_minutes: int
    overtime_share: Estimate
    overtime_minutes: Estimate
    overtime_p95_minutes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRisk:
    """A day of all rooms together.

    Parameters
    ----------
    day : int
        From 0.
    beds : int
        That can be used.
    occupied : Estimate
        Beds in use.
    occupied_p95 : float
        Beds in use that are exceeded in one future of twenty.
    moved : Estimate
        Patients of the plan who get another suitable room than planned.
    without_bed : Estimate
        Planned patients sent home, and emergencies sent elsewhere, since no bed was free.
    """

    day: int
    beds: int
    occupied: Estimate
    occupied_p95: float
    moved: Estimate
    without_bed: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientRisk:
    """A planned patient.

    Parameters
    ----------
    patient, room, theatre : str
        Ids.
    day : int
        Of admission.
    no_bed_share, no_time_share : Estimate
        Chance to be called off for want of a bed, and of operating time.
    """

    patient: str
    day: int
    room: str
    theatre: str
    no_bed_share: Estimate
    no_time_share: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Sums over the horizon of each future.

    Parameters
    ----------
    called_off : Estimate
        Planned patients sent home, for want of a bed or of operating time.
    overtime_minutes : Estimate
        Of all theatres.
    emergencies_elsewhere : Estimate
        Emergencies for whom no bed was free.
    moved : Estimate
        Planned patients in another room than planned.
    as_planned_share : Estimate
        Futures in which nobody is called off.
    """

    called_off: Estimate
    overtime_minutes: Estimate
    emergencies_elsewhere: Estimate
    moved: Estimate
    as_planned_share: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRisk:
    """What a plan risks.

    Parameters
    ----------
    futures, seed : int
        How many were drawn, and from what.
    uncertainty : Uncertainty
        What was assumed.
    totals : Totals
        Of the whole plan.
    theatres, days, patients : tuple
        By theatre and day, by day, by patient; those with the greatest risk first, days in their order.
    """

    futures: int
    seed: int
    uncertainty: Uncertainty
    totals: Totals
    theatres: tuple[TheatreRisk, ...]
    days: tuple[DayRisk, ...]
    patients: tuple[PatientRisk, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskDifference:
    """One measure of two plans in the same futures.

    Parameters
    ----------
    measure : str
        Field of :class:`Totals`.
    difference : Estimate
        Second plan minus first, future by future.
    is_distinguishable : bool
        Whether the interval leaves 0 out.
    """

    measure: str
    difference: Estimate
    is_distinguishable: bool
