"""A machine's cycle: its samples, what was known before it, and what the evidence says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twin.events.supply import Verdict

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CycleTrace:
    """Samples of one cycle in the order in which they were taken; every channel has shape (n,).

    Parameters
    ----------
    times_us : IntArray
        Instants, UTC microseconds.
    control_c, record_c : FloatArray or None
        Temperatures of the controlling and the independent recording sensor, °C; NaN where a sample is bad.
    pressure_kpa : FloatArray or None
        Absolute chamber pressure, kPa.
    phase, door, alarm, cycle_number, heartbeat : FloatArray or None
        As the machine gives them; ``door`` is 1 when closed, ``alarm`` holds bits; NaN where a sample is bad.
    """

    times_us: IntArray
    control_c: FloatArray | None = None
    record_c: FloatArray | None = None
    pressure_kpa: FloatArray | None = None
    phase: FloatArray | None = None
    door: FloatArray | None = None
    alarm: FloatArray | None = None
    cycle_number: FloatArray | None = None
    heartbeat: FloatArray | None = None

    def channels(self) -> dict[str, FloatArray]:
        """Give the channels that are there, by name."""
        names = CHANNEL_NAMES
        return {name: channel for name in names if (channel := getattr(self, name)) is not None}

    def __post_init__(self) -> None:
        """Refuse channels that do not fit the instants."""
        count = len(self.times_us)
        for name, channel in self.channels().items():
            if channel.shape != (count,):
                raise ValueError(f"Expected {name} of shape ({count},) like times_us, got {channel.shape}.")


# The input hash takes the channels in this order: another order would change the hash of every verdict.
CHANNEL_NAMES = (
    "control_c",
    "record_c",
    "pressure_kpa",
    "phase",
    "door",
    "alarm",
    "cycle_number",
    "heartbeat",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preconditions:
    """What was known of the machine when the cycle started; ``None`` means that nobody has said.

    Parameters
    ----------
    air_removal_test, leak_test : bool or None
        Whether today's Bowie-Dick and leak tests passed.
    calibration, maintenance : bool or None
        Whether calibrations are in date and no maintenance is overdue.
    no_open_notice : bool or None
        Whether no safety notice is open on the machine.
    """

    air_removal_test: bool | None = None
    leak_test: bool | None = None
    calibration: bool | None = None
    maintenance: bool | None = None
    no_open_notice: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the register said of a machine when a cycle began; ``None`` if it was in no register.

    Parameters
    ----------
    maintenance : bool or None
        Whether it was in service with no maintenance overdue.
    no_open_notice : bool or None
        Whether no safety notice kept it from use.
    """

    maintenance: bool | None = None
    no_open_notice: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One criterion that was not met, or for which the evidence is not there.

    Parameters
    ----------
    code : str
        Stable code such as ``hold_short``.
    verdict : Verdict
        What it makes of the cycle: fail or undetermined; pass for what is only to be noticed.
    measured, limit : float or None
        Figures in the criterion's own unit.
    """

    code: str
    verdict: Verdict
    measured: float | None = None
    limit: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the evidence of one cycle says; never a release, and never "sterile".

    Parameters
    ----------
    verdict : Verdict
        Fail outranks undetermined outranks pass.
    reasons, warnings : tuple[Reason, ...]
        What stands against a pass; what is to be noticed besides.
    evaluated, not_evaluated : tuple[str, ...]
        Criteria that were, and were not, looked at.
    hold_s, hold_start_us : float, int
        Longest continuous time in the band and when it began.
    f0_minutes, a0_s : float
        Lethality of the whole record at the programme's reference; A0 of the whole record.
    max_temperature_c : float or None
        Highest reading, °C.
    max_theoretical_difference_k : float or None
        Largest difference from saturated steam during the hold, K; None where not evaluated.
    air_share : float or None
        Median share of non-condensable gas during the hold; None where not evaluated.
    samples : int
        Samples used.
    input_hash : str
        SHA-256 of all that was judged.
    algorithm : str
        Version of the rules that judged.
    """

    verdict: Verdict
    reasons: tuple[Reason, ...]
    warnings: tuple[Reason, ...]
    evaluated: tuple[str, ...]
    not_evaluated: tuple[str, ...]
    hold_s: float
    hold_start_us: int
    f0_minutes: float
    a0_s: float
    max_temperature_c: float | None
    max_theoretical_difference_k: float | None
    air_share: float | None
    samples: int
    input_hash: str
    algorithm: str

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of all reasons, in the order of weight."""
        return tuple(reason.code for reason in self.reasons)
