"""Clocks of an endoscope's reprocessing: from the bedside to the cabinet, and until it must be reprocessed again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from twin.clock import SECOND_US


class ScopeStep(StrEnum):
    """A step of reprocessing, in the order in which they must come."""

    USED = "used"
    LEAK_TEST = "leak_test"
    MANUAL_CLEAN = "manual_clean"
    MACHINE = "machine"
    DRIED = "dried"
    STORED = "stored"


class ClockState(StrEnum):
    """How a clock stands."""

    RUNNING = "running"
    MET = "met"
    LATE = "late"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeLimits:
    """Times as the hospital's risk assessment sets them.

    Parameters
    ----------
    bedside_to_clean_s : int
        From the end of use to manual cleaning; later is the delayed path, seconds.
    clean_to_machine_s : int
        From manual cleaning to the endoscope washer, seconds.
    drying_s : int
        Least forced-air drying before storage, seconds.
    hang_s : int
        From drying until it must be reprocessed unused, seconds.
    source : str
        Where they were taken from.

    Notes
    -----
    Defaults as commonly quoted: 60 minutes to manual cleaning, at least 10 minutes of forced air (ANSI/AAMI
    ST91:2021), seven days of storage.
    """

    bedside_to_clean_s: int = 3600
    clean_to_machine_s: int = 3600
    drying_s: int = 600
    hang_s: int = 7 * 24 * 3600
    source: str = "ANSI/AAMI ST91:2021 as commonly quoted; hang time by local risk assessment"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDone:
    """A step that was done.

    Parameters
    ----------
    step : ScopeStep
        Which.
    at : int
        When it ended, UTC microseconds.
    is_passed : bool
        Of a leak test or washer cycle.
    duration_s : int
        Of drying, seconds.
    """

    step: ScopeStep
    at: int
    is_passed: bool = True
    duration_s: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeClock:
    """One clock.

    Parameters
    ----------
    name : str
        ``bedside_to_clean``, ``clean_to_machine`` or ``hang_time``.
    started_at, due_at : int
        UTC microseconds.
    ended_at : int
        When the step that stops it was done; 0 while it runs.
    state : ClockState
        How it stands.
    """

    name: str
    started_at: int
    due_at: int
    ended_at: int
    state: ClockState


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeStatus:
    """Where an endoscope stands.

    Parameters
    ----------
    clocks : tuple[ScopeClock, ...]
        Of the present round of reprocessing.
    reasons : tuple[str, ...]
        Why it may not be used now; empty if it may.
    next_step : ScopeStep or None
        What must come next; None when it is ready.
    """

    clocks: tuple[ScopeClock, ...]
    reasons: tuple[str, ...]
    next_step: ScopeStep | None


BEDSIDE = "bedside_to_clean"

_ORDER = (ScopeStep.LEAK_TEST, ScopeStep.MANUAL_CLEAN, ScopeStep.MACHINE, ScopeStep.DRIED, ScopeStep.STORED)
_NEEDED = _ORDER[:-1]


def scope_status(steps: Sequence[StepDone], *, now: int, limits: ScopeLimits) -> ScopeStatus:
    """Give where an endoscope stands.

    Parameters
    ----------
    steps : Sequence[StepDone]
        All that is known of it, in any order.
    now : int
        UTC microseconds.
    limits : ScopeLimits
        Times in force.

    Notes
    -----
    A round begins with a use. A step counts only if all steps before it were done in this round and before it: an
    endoscope that was dried but never went through the washer is not dried.
    """
    past = sorted((one for one in steps if one.at <= now), key=lambda one: one.at)
    used_at = max((one.at for one in past if one.step is ScopeStep.USED), default=0)
    ends = _round(past, used_at)
    first_clean = _first_clean(past, used_at)
    clocks = _clocks(used_at, first_clean, ends, now, limits)
    late = [clock.name for clock in clocks if clock.state is ClockState.LATE]
    # A round that began too late is made good by a whole further one: without this way out the endoscope could never
    # be used again, and only a use would begin its clocks anew.
    if ends.get(ScopeStep.MANUAL_CLEAN) not in (None, first_clean):
        late = [name for name in late if name != BEDSIDE]
    reasons = (*_missing_or_failed(ends, limits), *(f"endoscope.{name}" for name in late))
    missing = next((step for step in _ORDER if step not in ends), None)
    return ScopeStatus(clocks=clocks, reasons=reasons, next_step=missing)


def _round(past: Sequence[StepDone], used_at: int) -> dict[ScopeStep, StepDone]:
    """Give the steps of the present round that count, up to the first that lacks."""
    ends: dict[ScopeStep, StepDone] = {}
    after = used_at
    for step in _ORDER:
        # The latest of each step, and only after the step before: one that is repeated makes all later ones due again.
        done = [one for one in past if one.step is step and one.at >= after]
        if not done:
            break
        ends[step] = done[-1]
        after = done[-1].at
    return ends


def _missing_or_failed(ends: Mapping[ScopeStep, StepDone], limits: ScopeLimits) -> list[str]:
    reasons = [f"endoscope.no_{step}" for step in _NEEDED if step not in ends]
    reasons += [
        f"endoscope.failed_{step}"
        for step in (ScopeStep.LEAK_TEST, ScopeStep.MACHINE)
        if step in ends and not ends[step].is_passed
    ]
    dried = ends.get(ScopeStep.DRIED)
    if dried is not None and dried.duration_s < limits.drying_s:
        reasons.append("endoscope.drying_short")
    return reasons


def _first_clean(past: Sequence[StepDone], used_at: int) -> StepDone | None:
    """Give the cleaning that stopped the clock of the bedside; one of a later round, days on, says nothing about it."""
    tested_at = next((one.at for one in past if one.step is ScopeStep.LEAK_TEST and one.at >= used_at), None)
    if tested_at is None:
        return None
    return next((one for one in past if one.step is ScopeStep.MANUAL_CLEAN and one.at >= tested_at), None)


def _clocks(
    used_at: int, first_clean: StepDone | None, ends: dict[ScopeStep, StepDone], now: int, limits: ScopeLimits
) -> tuple[ScopeClock, ...]:
    found = []
    if used_at:
        found.append(_clock(BEDSIDE, used_at, limits.bedside_to_clean_s, first_clean, now))
    cleaned, dried = ends.get(ScopeStep.MANUAL_CLEAN), ends.get(ScopeStep.DRIED)
    if cleaned is not None:
        found.append(
            _clock("clean_to_machine", cleaned.at, limits.clean_to_machine_s, ends.get(ScopeStep.MACHINE), now)
        )
    if dried is not None:
        found.append(_clock("hang_time", dried.at, limits.hang_s, None, now))
    return tuple(found)


def _clock(name: str, started_at: int, limit_s: int, ended: StepDone | None, now: int) -> ScopeClock:
    due_at = started_at + limit_s * SECOND_US
    reached = ended.at if ended is not None else now
    state = ClockState.LATE if reached > due_at else ClockState.MET if ended is not None else ClockState.RUNNING
    return ScopeClock(
        name=name, started_at=started_at, due_at=due_at, ended_at=ended.at if ended is not None else 0, state=state
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LightDose:
    """Ultraviolet light delivered at one position of a room.

    Parameters
    ----------
    position : str
        Where the robot stood, or the sensor hung.
    irradiance_mw_cm2 : float
        Mean, mW/cm², not below 0.
    duration_s : float
        Seconds, not below 0.
    target_mj_cm2 : float
        Dose that the hospital claims, mJ/cm², above 0.
    """

    position: str
    irradiance_mw_cm2: float
    duration_s: float
    target_mj_cm2: float

    def __post_init__(self) -> None:
        """Refuse what is no dose."""
        if not (self.irradiance_mw_cm2 >= 0.0 and self.duration_s >= 0.0 and self.target_mj_cm2 > 0.0):
            raise ValueError("Expected irradiance and duration not below 0 and a target dose above 0.")

    @property
    def dose_mj_cm2(self) -> float:
        """Delivered dose E·t, mJ/cm²; it is reported beside its target and never as a log reduction or as sterile."""
        return self.irradiance_mw_cm2 * self.duration_s

    @property
    def is_reached(self) -> bool:
        """Whether the target was delivered at this position."""
        return self.dose_mj_cm2 >= self.target_mj_cm2
