"""Calibrations with what was found and what was left, and electrical safety tests."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from assets.model.electrical import Measurement


class MeasurementKind(StrEnum):
    """What sort of result it is."""

    CALIBRATION = "calibration"
    SAFETY_TEST = "safety_test"


class DecisionRule(StrEnum):
    """How uncertainty enters the decision, after ILAC-G8:09/2019: not at all, or as a guard band of the whole of it."""

    SIMPLE = "simple"
    GUARDED = "guarded"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationPoint:
    """One point of a calibration.

    Parameters
    ----------
    quantity, unit : str
        What was compared, such as ``flow`` in ``ml/h``.
    nominal : float
        Value of the reference.
    as_found : float
        Reading before anything was adjusted.
    as_left : float or None
        Reading after adjustment; None if nothing was adjusted.
    tolerance : float
        Greatest allowed deviation, above 0.
    uncertainty : float
        Expanded uncertainty (k = 2) of the comparison, not below 0.
    """

    quantity: str
    unit: str
    nominal: float
    as_found: float
    tolerance: float
    as_left: float | None = None
    uncertainty: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a point that proves nothing."""
        # 0.0 stands in for a reading after adjustment that was never taken.
        values = (self.nominal, self.as_found, self.tolerance, self.uncertainty, self.as_left or 0.0)
        if not all(map(math.isfinite, values)) or self.tolerance <= 0.0 or self.uncertainty < 0.0:
            message = f"Expected finite values, tolerance above 0 and uncertainty not below 0, got {self}."
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """A calibration of one device or instrument.

    Parameters
    ----------
    id, asset : str
        Key, and what was calibrated.
    at : int
        When, UTC microseconds.
    points : tuple[CalibrationPoint, ...]
        At least one.
    instrument : str
        Asset id of the reference instrument; empty if a laboratory outside did it.
    certificate, laboratory : str
        Number of the certificate, and who issued it.
    valid_until : int
        When the next one is due, UTC microseconds; 0 if not set.
    rule : DecisionRule
        How uncertainty enters the decision.
    """

    id: str
    asset: str
    at: int
    points: tuple[CalibrationPoint, ...]
    instrument: str = ""
    certificate: str = ""
    laboratory: str = ""
    valid_until: int = 0
    rule: DecisionRule = DecisionRule.SIMPLE

    def __post_init__(self) -> None:
        """Refuse a calibration without a point."""
        if not self.points:
            raise ValueError("Expected at least one point: a calibration without a comparison is none.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyTest:
    """An electrical safety test after IEC 62353 of one device.

    Parameters
    ----------
    id, asset : str
        Key, and what was tested.
    at : int
        When, UTC microseconds.
    measurements : tuple[Measurement, ...]
        At least one, each with its method.
    instrument : str
        Asset id of the tester.
    visual_passed, functional_passed : bool
        Inspection and function test, which the standard asks for beside the measured values.
    """

    id: str
    asset: str
    at: int
    measurements: tuple[Measurement, ...]
    instrument: str = ""
    visual_passed: bool = True
    functional_passed: bool = True

    def __post_init__(self) -> None:
        """Refuse a test that measured nothing."""
        if not self.measurements:
            raise ValueError("Expected at least one measured value.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A kept result.

    Parameters
    ----------
    id, asset, kind, instrument : str
        Keys.
    at : int
        When it was measured, UTC microseconds.
    is_passed : bool
        As it was decided then: of a calibration, whether all points were in tolerance as found.
    is_left_good : bool
        Of a calibration, whether all points were in tolerance as left; otherwise as ``is_passed``.
    is_flagged : bool
        Whether the instrument was later found, or is known, to have been out of tolerance at that time.
    details : tuple[str, ...]
        Codes of what failed or is to be noticed.
    """

    id: str
    asset: str
    kind: MeasurementKind
    instrument: str
    at: int
    is_passed: bool
    is_left_good: bool
    is_flagged: bool
    details: tuple[str, ...] = ()
