"""How pressed a house is, now and in the forecast, and which action relieves it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from simulation.forecast.census import CensusForecast


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyCounts:
    """What NEDOCS looks at.

    Parameters
    ----------
    patients : int
        In the emergency department, those waiting included.
    bays : int
        Its beds, at least 1.
    hospital_beds : int
        Of the hospital, at least 1.
    admitted : int
        In the emergency department who wait for a bed on a ward.
    ventilated : int
        In the emergency department on a ventilator.
    longest_admit_wait_h : float
        Of those admitted, hours.
    last_door_to_bed_h : float
        Of the patient who was put to bed last, hours from arrival.
    """

    patients: int
    bays: int
    hospital_beds: int
    admitted: int = 0
    ventilated: int = 0
    longest_admit_wait_h: float = 0.0
    last_door_to_bed_h: float = 0.0


class Crowding(StrEnum):
    """Bands of NEDOCS."""

    NOT_BUSY = "not_busy"
    BUSY = "busy"
    EXTREMELY_BUSY = "extremely_busy"
    OVERCROWDED = "overcrowded"
    SEVERELY_OVERCROWDED = "severely_overcrowded"
    DANGEROUSLY_OVERCROWDED = "dangerously_overcrowded"


def nedocs(counts: EmergencyCounts) -> float:
    """Give the National Emergency Department Overcrowding Score.

    Parameters
    ----------
    counts : EmergencyCounts
        The department now.

    Notes
    -----
    −20 + 85.8·(patients/bays) + 600·(admitted/hospital beds) + 13.4·ventilated + 0.93·longest admit wait +
    5.64·last door to bed.

    References
    ----------
    S. Weiss et al., "Estimating the degree of emergency department overcrowding in academic medical centers: results of
    the National ED Overcrowding Study (NEDOCS)", Academic Emergency Medicine 11 (2004).

    Examples
    --------
    >>> round(nedocs(EmergencyCounts(patients=30, bays=30, hospital_beds=300, admitted=6)), 1)
    77.8
    """
    return (
        -20.0
        + 85.8 * counts.patients / max(counts.bays, 1)
        + 600.0 * counts.admitted / max(counts.hospital_beds, 1)
        + 13.4 * counts.ventilated
        + 0.93 * counts.longest_admit_wait_h
        + 5.64 * counts.last_door_to_bed_h
    )


def crowding_of(score: float) -> Crowding:
    """Give the band of a NEDOCS score: up to 20, 60, 100, 140, 180, and above."""
    limits = (20.0, 60.0, 100.0, 140.0, 180.0)
    return list(Crowding)[sum(score > limit for limit in limits)]


class Action(StrEnum):
    """What a card asks for."""

    DISCHARGE_ROUND = "discharge_round"  # a ward: round now, pharmacy and transport first for those who go home
    STEP_DOWN = "step_down"  # intensive care: who can go to a ward
    BOARDERS_FIRST = "boarders_first"  # emergency: ward beds for those admitted before anybody else
    OPEN_BEDS = "open_beds"  # more patients than open beds for most of the time: open what is closed
    POSTPONE = "postpone"  # planned admissions that can wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One thing to do, and why.

    Parameters
    ----------
    unit : str
        Id of the unit.
    action : Action
        What.
    from_at : int
        Instant of the first forecast that asks for it, UTC microseconds.
    full_share : float
        Probability that every open bed is taken then, or more.
    expected, beds : float, int
        Expected patients then, and open beds.
    is_urgent : bool
        Whether it is more likely than not within eight hours.
    """

    unit: str
    action: Action
    from_at: int
    full_share: float
    expected: float
    beds: int
    is_urgent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitOutlook:
    """A unit and what is forecast for it.

    Parameters
    ----------
    unit : str
        Its id.
    kind : str
        ``emergency``, ``icu`` or ``ward``.
    beds : int
        Open beds.
    forecasts : Sequence[CensusForecast]
        By horizon, ascending.
    """

    unit: str
    kind: str
    beds: int
    forecasts: Sequence[CensusForecast]


URGENT_WITHIN_US = 8 * 3_600_000_000
_LIKELY = 0.5
_POSSIBLE = 0.3


def cards(outlooks: Sequence[UnitOutlook]) -> list[Card]:
    """Give what to do, the most pressing first.

    Parameters
    ----------
    outlooks : Sequence[UnitOutlook]
        Every unit.

    Notes
    -----
    A unit gets a card when the chance that all its beds are taken reaches 30 % at some horizon. Which action depends on
    the unit, and on whether one or more beds are lacking on average.
    """
    found = []
    for outlook in outlooks:
        card = _card(outlook)
        if card is not None:
            found.append(card)
    return sorted(found, key=lambda card: (not card.is_urgent, -card.full_share, card.unit))


def _card(outlook: UnitOutlook) -> Card | None:
    if outlook.beds <= 0:
        return None
    for made in outlook.forecasts:
        full = made.above(outlook.beds - 1)
        if full < _POSSIBLE:
            continue
        urgent = full >= _LIKELY and made.target_at - made.made_at <= URGENT_WITHIN_US
        return Card(
            unit=outlook.unit,
            action=_action(outlook.kind, made.mean - outlook.beds, is_near=urgent),
            from_at=made.target_at,
            full_share=full,
            expected=made.mean,
            beds=outlook.beds,
            is_urgent=urgent,
        )
    return None


def _action(kind: str, lacking: float, *, is_near: bool) -> Action:
    if kind == "emergency":
        return Action.BOARDERS_FIRST
    if kind == "icu":
        return Action.STEP_DOWN if is_near or lacking < 1 else Action.POSTPONE
    if lacking >= 2:
        return Action.OPEN_BEDS if is_near else Action.POSTPONE
    return Action.DISCHARGE_ROUND
