"""What simulated machines measure, as pure functions of time: sterilizer, washer, fridge, isolation room."""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from twin.clock import SECOND_US

_AMBIENT_C, _ATMOSPHERE_KPA = 22.0, 101.3


class Defect(StrEnum):
    """What goes wrong in a cycle."""

    NONE = "none"
    SHORT_HOLD = "short_hold"
    LOW_TEMPERATURE = "low_temperature"
    AIR_IN_CHAMBER = "air_in_chamber"
    SENSOR_DRIFT = "sensor_drift"
    ABORTED = "aborted"


class Plant(Protocol):
    """Anything that a simulated machine can measure."""

    def values_at(self, at: int) -> dict[str, float | str | None]:
        """Give the value of every signal by key at an instant, UTC microseconds."""


def ripple(at: int, amplitude: float, *, period_s: float = 7.3, phase: float = 0.0) -> float:
    """Give a small regular disturbance, so that curves look measured yet repeat exactly.

    Parameters
    ----------
    at : int
        UTC microseconds.
    amplitude : float
        Largest deviation.
    period_s : float
        Period, seconds.
    phase : float
        Radians.
    """
    t = at / SECOND_US
    slow = math.sin(2 * math.pi * t / period_s + phase)
    fast = math.sin(2 * math.pi * t / (period_s / 3.7) + 2 * phase)
    return amplitude * (0.6 * slow + 0.4 * fast)


def steam_temperature_c(pressure_kpa: float) -> float:
    """Give the temperature of saturated steam at an absolute pressure, 0.7 to 22 000 kPa.

    References
    ----------
    IAPWS-IF97, region 4, backward equation (31); used by the simulated chamber only, not by any verdict.

    Examples
    --------
    >>> round(steam_temperature_c(1000.0), 3)
    179.886
    """
    n = (
        0.11670521452767e4,
        -0.72421316703206e6,
        -0.17073846940092e2,
        0.12020824702470e5,
        -0.32325550322333e7,
        0.14915108613530e2,
        -0.48232657361591e4,
        0.40511340542057e6,
        -0.23855557567849,
        0.65017534844798e3,
    )
    beta = (pressure_kpa / 1000.0) ** 0.25
    e = beta * beta + n[2] * beta + n[5]
    f = n[0] * beta * beta + n[3] * beta + n[6]
    g = n[1] * beta * beta + n[4] * beta + n[7]
    d = 2 * g / (-f - math.sqrt(f * f - 4 * e * g))
    return float((n[9] + d - math.sqrt((n[9] + d) ** 2 - 4 * (n[8] + n[9] * d))) / 2 - 273.15)


# By bisection: the simulated chamber needs the inverse of equation (31) only once per cycle.
def _steam_pressure_kpa(temperature_c: float) -> float:
    low, high = 0.7, 2000.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if steam_temperature_c(middle) < temperature_c else (low, middle)
    return low


@dataclass(frozen=True, slots=True, kw_only=True)
class SteamProgramme:
    """A steam programme.

    Parameters
    ----------
    number : int
        As the machine numbers it.
    hold_c : float
        Temperature set in the hold, °C.
    hold_s : float
        How long the machine holds, seconds; a little more than asked for.
    pulses : int
        Vacuum pulses before heating.
    dry_s : float
        Drying, seconds.
    """

    number: int = 1
    hold_c: float = 135.2
    hold_s: float = 200.0
    pulses: int = 3
    dry_s: float = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    start: int
    programme: SteamProgramme
    defect: Defect
    number: int
    load: int
    knots: tuple[tuple[float, int, float], ...]  # (seconds from start, phase, pressure kPa)


_PULSE_S, _HEAT_S, _EXHAUST_S, _AIR_S = 90.0, 150.0, 120.0, 60.0
_VACUUM_KPA, _STEAM_KPA = 5.0, 180.0


class SteamSterilizer:
    """A steam sterilizer, map ``generic-steam-sterilizer``: vacuum pulses, heating, hold, exhaust, drying.

    Parameters
    ----------
    first_cycle : int, optional
        Number of its next cycle.
    seed : int, optional
        Tells machines apart: phase of the disturbances.
    """

    def __init__(self, *, first_cycle: int = 1, seed: int = 0) -> None:
        self._runs: list[_Run] = []
        self._starts: list[int] = []
        self._next_number = first_cycle
        self._phase = seed * 1.7

    def start_cycle(
        self, at: int, programme: SteamProgramme | None = None, *, defect: Defect = Defect.NONE, load: int = 0
    ) -> int:
        """Start a cycle and give the instant at which the door can be opened.

        Parameters
        ----------
        at : int
            UTC microseconds; not before the end of the cycle before.
        programme : SteamProgramme, optional
            134 °C for three minutes by default.
        defect : Defect
            What goes wrong.
        load : int
            Load id, 0 to 65535.
        """
        if self._runs and at < self._end(self._runs[-1]):
            raise ValueError("The cycle before has not ended yet.")
        chosen = programme or SteamProgramme()
        knots = _steam_knots(chosen, defect)
        run = _Run(start=at, programme=chosen, defect=defect, number=self._next_number, load=load, knots=knots)
        self._next_number += 1
        self._runs.append(run)
        self._starts.append(at)
        return self._end(run)

    @staticmethod
    def _end(run: _Run) -> int:
        return run.start + round(run.knots[-1][0] * SECOND_US)

    def values_at(self, at: int) -> dict[str, float | str | None]:
        """Give the value of every signal by key at an instant, UTC microseconds."""
        values = self._idle(at)
        index = bisect.bisect_right(self._starts, at) - 1
        if index < 0:
            return values
        run = self._runs[index]
        values |= {
            "cycle_number": float(run.number),
            "programme": float(run.programme.number),
            "load_id": float(run.load),
        }
        seconds = (at - run.start) / SECOND_US
        if seconds >= run.knots[-1][0]:
            is_failed = run.defect is Defect.ABORTED
            ended = {
                "machine_state": 5.0 if is_failed else 4.0,
                "phase": 8.0 if is_failed else 7.0,
                "alarm": float(is_failed),
            }
            return values | (ended if seconds < run.knots[-1][0] + 120 else {"alarm": float(is_failed)})
        return values | self._running(run, seconds, at)

    def _idle(self, at: int) -> dict[str, float | str | None]:
        return {
            "profile_version": 1.0,
            "machine_state": 1.0,
            "programme": 0.0,
            "cycle_number": float(self._next_number - 1),
            "phase": 0.0,
            "phase_elapsed_s": 0.0,
            "control_c": 60.0 + ripple(at, 0.2, phase=self._phase),
            "record_c": 60.1 + ripple(at, 0.2, phase=self._phase + 1),
            "pressure_kpa": _ATMOSPHERE_KPA,
            "jacket_c": 110.0,
            "door": 0.0,
            "door_locked": 0.0,
            "alarm": 0.0,
            "operator": 1.0,
            "load_id": 0.0,
            "heartbeat": float(at // SECOND_US % 65_536),
            "machine_clock_s": float(at // SECOND_US),
        }

    def _running(self, run: _Run, seconds: float, at: int) -> dict[str, float | str | None]:
        index = bisect.bisect_right([knot[0] for knot in run.knots], seconds)
        left, right = run.knots[index - 1], run.knots[min(index, len(run.knots) - 1)]
        share = (seconds - left[0]) / max(right[0] - left[0], 1e-9)
        phase = right[1]
        pressure = left[2] + (right[2] - left[2]) * share
        steam_c = steam_temperature_c(max(pressure, 0.7))
        # Under vacuum the sensor follows the chamber wall, not the steam that is not there.
        temperature = max(steam_c, 60.0) if phase in (2, 3) or pressure > _ATMOSPHERE_KPA else 80.0
        if run.defect is Defect.AIR_IN_CHAMBER and phase == 3:
            pressure *= 1.08  # partial pressure of air: the chamber reads more than its temperature tells
        drift = 1.6 if run.defect is Defect.SENSOR_DRIFT else 0.1
        started = next((knot[0] for knot in reversed(run.knots[:index]) if knot[1] != phase), 0.0)
        # Set by the phase's own knots; "elapsed" counts from the first of them.
        return {
            "machine_state": 2.0,
            "phase": float(phase),
            "phase_elapsed_s": seconds - started,
            "control_c": temperature + ripple(at, 0.15, phase=self._phase),
            "record_c": temperature + drift + ripple(at, 0.15, phase=self._phase + 1),
            "pressure_kpa": pressure + ripple(at, 0.3, phase=self._phase + 2),
            "jacket_c": 134.0,
            "door": 1.0,
            "door_locked": 1.0,
        }


def _steam_knots(programme: SteamProgramme, defect: Defect) -> tuple[tuple[float, int, float], ...]:
    hold_c = programme.hold_c - (2.5 if defect is Defect.LOW_TEMPERATURE else 0.0)
    hold_s = programme.hold_s - (60.0 if defect is Defect.SHORT_HOLD else 0.0)
    hold_kpa = _steam_pressure_kpa(hold_c)
    knots: list[tuple[float, int, float]] = [(0.0, 1, _ATMOSPHERE_KPA)]

    def to(duration_s: float, phase: int, pressure: float) -> None:
        knots.append((knots[-1][0] + duration_s, phase, pressure))

    for _ in range(programme.pulses):
        to(_PULSE_S / 2, 1, _VACUUM_KPA)
        to(_PULSE_S / 2, 1, _STEAM_KPA)
    if defect is Defect.ABORTED:
        to(_HEAT_S / 2, 2, 220.0)
        to(_EXHAUST_S, 8, _ATMOSPHERE_KPA)
        return tuple(knots)
    to(_HEAT_S, 2, hold_kpa)
    to(hold_s, 3, hold_kpa)
    to(_EXHAUST_S, 4, _VACUUM_KPA)
    to(programme.dry_s, 5, _VACUUM_KPA)
    to(_AIR_S, 6, _ATMOSPHERE_KPA)
    return tuple(knots)


@dataclass(slots=True)
class WasherDisinfector:
    """A washer-disinfector, map ``generic-washer-disinfector``.

    Parameters
    ----------
    disinfection_c, disinfection_s : float, float
        Set temperature, °C, and time, seconds; 90 °C for 5 min reaches A0 3000.
    seed : int
        Tells machines apart.
    """

    disinfection_c: float = 90.5
    disinfection_s: float = 330.0
    seed: int = 0
    _starts: list[int] = field(default_factory=list)
    _STEPS = ((120.0, 1, 30.0), (420.0, 2, 60.0), (180.0, 3, 55.0), (240.0, 4, 0.0), (0.0, 4, 0.0), (480.0, 5, 80.0))

    def start_cycle(self, at: int) -> int:
        """Start a cycle and give the instant at which it ends, UTC microseconds."""
        self._starts.append(at)
        return at + round(self._length_s() * SECOND_US)

    def _steps(self) -> list[tuple[float, int, float]]:
        heat, hold = (240.0, 4, self.disinfection_c), (self.disinfection_s, 4, self.disinfection_c)
        return [*self._STEPS[:3], heat, hold, self._STEPS[5]]

    def _length_s(self) -> float:
        return sum(step[0] for step in self._steps())

    def values_at(self, at: int) -> dict[str, float | str | None]:
        """Give the value of every signal by key at an instant, UTC microseconds."""
        index = bisect.bisect_right(self._starts, at) - 1
        seconds = (at - self._starts[index]) / SECOND_US if index >= 0 else math.inf
        phase, temperature, before = 0, 35.0, 25.0
        for duration, step, target in self._steps():
            if seconds < duration:
                phase, temperature = step, before + (target - before) * seconds / duration
                break
            seconds, before = seconds - duration, target
        is_running = phase > 0
        return {
            "profile_version": 1.0,
            "machine_state": 2.0 if is_running else 1.0,
            "programme": 1.0,
            "cycle_number": float(index + 1),
            "phase": float(phase),
            "control_c": temperature + ripple(at, 0.1, phase=self.seed),
            "record_c": temperature + 0.1 + ripple(at, 0.1),
            "wash_pressure_kpa": 135.0 if phase in (1, 2, 3) else 101.3,
            "conductivity_us_per_cm": 12.0 if phase >= 4 else 400.0,
            "rotor_per_min": 24.5 if phase in (1, 2, 3) else 0.0,
            "detergent_ml": 120.0 if phase >= 2 else 0.0,
            "door": float(is_running),
            "alarm": 0.0,
            "heartbeat": float(at // SECOND_US % 65_536),
        }


@dataclass(slots=True)
class MedicineFridge:
    """A medicine fridge, map ``generic-medicine-fridge``: compressor cycling, doors opened, failures.

    Parameters
    ----------
    setpoint_c : float
        Middle of its band, °C.
    seed : int
        Tells fridges apart.
    """

    setpoint_c: float = 5.0
    seed: int = 0
    _openings: list[tuple[int, int]] = field(default_factory=list)
    _failed_at: int | None = None

    def open_door(self, at: int, duration_s: float) -> None:
        """Open the door for some seconds from an instant on."""
        self._openings.append((at, at + round(duration_s * SECOND_US)))

    def fail(self, at: int) -> None:
        """Let the compressor fail at an instant."""
        self._failed_at = at

    def values_at(self, at: int) -> dict[str, float | str | None]:
        """Give the value of every signal by key at an instant, UTC microseconds."""
        is_open = any(start <= at < end for start, end in self._openings)
        warmth = 0.0
        for start, end in self._openings:
            if at >= start:
                open_s = (min(at, end) - start) / SECOND_US
                since_s = max(0.0, (at - end) / SECOND_US)
                warmth += 6.0 * (1 - math.exp(-open_s / 90.0)) * math.exp(-since_s / 300.0)
        if self._failed_at is not None and at > self._failed_at:
            warmth += (_AMBIENT_C - self.setpoint_c) * (1 - math.exp(-(at - self._failed_at) / SECOND_US / 7200.0))
        swing = ripple(at, 0.8, period_s=1500.0, phase=self.seed)
        air = self.setpoint_c + swing + warmth
        return {
            "air_c": air,
            "product_c": self.setpoint_c + 0.3 * swing + 0.6 * warmth,
            "setpoint_c": self.setpoint_c,
            "door_open": float(is_open),
            "compressor_on": float(swing + warmth > 0 and self._failed_at is None),
            "high_alarm": float(air > 8.0),
            "low_alarm": float(air < 2.0),
        }


@dataclass(slots=True)
class IsolationRoom:
    """A pressure monitor of an isolation room, map ``generic-isolation-room``.

    Parameters
    ----------
    pressure_pa : float
        Set differential pressure, Pa; negative keeps germs in.
    seed : int
        Tells rooms apart.
    """

    pressure_pa: float = -8.0
    seed: int = 0
    _openings: list[tuple[int, int]] = field(default_factory=list)

    def open_door(self, at: int, duration_s: float) -> None:
        """Open the door for some seconds from an instant on."""
        self._openings.append((at, at + round(duration_s * SECOND_US)))

    def values_at(self, at: int) -> dict[str, float | str | None]:
        """Give the value of every signal by key at an instant, UTC microseconds."""
        is_open = any(start <= at < end for start, end in self._openings)
        pressure = (0.3 if is_open else self.pressure_pa) + ripple(at, 0.4, phase=self.seed)
        return {
            "room_pressure_pa": pressure,
            "anteroom_pressure_pa": pressure / 2,
            "air_changes_per_hour": 12.0,
            "room_c": 22.0 + ripple(at, 0.2, period_s=600.0),
            "humidity_share": 0.45,
            "door_open": float(is_open),
        }
