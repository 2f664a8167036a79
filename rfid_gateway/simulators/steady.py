"""A plant for any profile: it stands where the profile's own vectors say, and breathes a little."""

from __future__ import annotations

from rfid_gateway.modbus.profile import Profile, Signal
from rfid_gateway.simulators.plants import ripple

_BREATH_SHARE = 0.01  # enough to see a line move, too little for any limit


class SteadyPlant:
    """Gives every signal of a profile a plausible value, so that any shipped map can be tried without the machine.

    Parameters
    ----------
    profile : Profile
        What it measures.
    seed : int
        Tells machines apart: shifts their breath.
    """

    def __init__(self, profile: Profile, seed: int = 0) -> None:
        self._seed = seed
        told: dict[str, float | str] = {}
        for vector in profile.vectors:
            if vector.value is not None and vector.signal not in told:
                told[vector.signal] = vector.value
        self._values = {signal.key: told.get(signal.key, _middle(signal)) for signal in profile.signals}
        self._signals = profile.by_key

    def values_at(self, at: int) -> dict[str, float | str | None]:
        """Give the value of every signal by key at an instant, UTC microseconds."""
        return {key: self._breathing(self._signals[key], value, at) for key, value in self._values.items()}

    def _breathing(self, signal: Signal, value: float | str, at: int) -> float | str:
        is_measured = signal.plausible is not None and not signal.labels and signal.bits is None
        if isinstance(value, str) or not is_measured or signal.plausible is None:
            return value
        low, high = signal.plausible
        breath = ripple(at, _BREATH_SHARE * abs(value), phase=float(self._seed))
        return min(max(value + breath, low), high)


def _middle(signal: Signal) -> float | str:
    if signal.words is not None:
        return "SIMULATED"[: 2 * signal.words]
    if signal.labels:
        return float(min(signal.labels))
    if signal.plausible is None:
        return 0.0
    low, high = signal.plausible
    # Where zero is plausible it is the state of rest; the middle of a range of megawatts would be none.
    return 0.0 if low <= 0.0 <= high else (low + high) / 2
