"""Electrical safety results against configured limits; the limit depends on the method."""

from __future__ import annotations

from dataclasses import dataclass

from assets.model.electrical import Measurement, Quantity

LimitKey = tuple[Quantity, str, str]
"""Quantity, method, and class or kind of part: the three that decide on a limit."""

IEC_62353_LIMITS: dict[LimitKey, float] = {
    (Quantity.EQUIPMENT_LEAKAGE, "alternative", "I"): 1000.0,
    (Quantity.EQUIPMENT_LEAKAGE, "alternative", "II"): 500.0,
    (Quantity.EQUIPMENT_LEAKAGE, "direct", "I"): 500.0,
    (Quantity.EQUIPMENT_LEAKAGE, "direct", "II"): 100.0,
    (Quantity.EQUIPMENT_LEAKAGE, "differential", "I"): 500.0,
    (Quantity.EQUIPMENT_LEAKAGE, "differential", "II"): 100.0,
    (Quantity.APPLIED_PART_LEAKAGE, "", "BF"): 5000.0,
    (Quantity.APPLIED_PART_LEAKAGE, "", "CF"): 50.0,
    (Quantity.PROTECTIVE_EARTH, "", "cord_alone"): 100.0,
    (Quantity.PROTECTIVE_EARTH, "", "without_cord"): 200.0,
    (Quantity.PROTECTIVE_EARTH, "", "with_cord"): 300.0,
    (Quantity.PROTECTIVE_EARTH, "", "multiple_socket"): 500.0,
}
"""µA and mΩ as commonly quoted from IEC 62353:2014; each hospital checks them with its own edition."""

WARNING_SHARE = 0.9
WARNING_GROWTH = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectricalResult:
    """A measured value against its limit.

    Parameters
    ----------
    is_passed : bool
        Whether the corrected value is at most the limit.
    corrected, limit : float
        µA or mΩ.
    warnings : tuple[str, ...]
        ``near_limit`` above 90 % of it, ``rising`` by half or more against the value before or the reference.
    """

    is_passed: bool
    corrected: float
    limit: float
    warnings: tuple[str, ...] = ()


def corrected_value(measurement: Measurement) -> float:
    """Give a leakage as it would be at the nominal mains voltage, µA; a protective earth as it was measured, mΩ.

    Parameters
    ----------
    measurement : Measurement
        With the voltages, where they were told.

    References
    ----------
    IEC 62353, leakage currents (correction to the nominal mains voltage).
    """
    told = measurement.mains_v > 0 and measurement.nominal_v > 0
    if measurement.quantity is Quantity.PROTECTIVE_EARTH or not told:
        return measurement.value
    # Leakage grows with the mains voltage: results of two days compare only at the nominal one.
    return measurement.value * measurement.nominal_v / measurement.mains_v


def judge_measurement(
    measurement: Measurement, *, limits: dict[LimitKey, float] = IEC_62353_LIMITS
) -> ElectricalResult:
    """Hold a measured value against its limit.

    Parameters
    ----------
    measurement : Measurement
        The value with all that decides on its limit.
    limits : dict[LimitKey, float]
        As the hospital configured them.

    Raises
    ------
    ValueError
        If there is no limit for this quantity, method and subject: a value without its method proves nothing.
    """
    key = (measurement.quantity, measurement.method.value, measurement.subject)
    limit = limits.get(key)
    if limit is None or not measurement.value >= 0.0:
        known = sorted({f"{q}/{m or '-'}/{s}" for q, m, s in limits})
        raise ValueError(f"Expected a value >= 0 of one of {', '.join(known)}, got {measurement.value} of {key}.")
    corrected = corrected_value(measurement)
    warnings = ["near_limit"] if limit * WARNING_SHARE < corrected <= limit else []
    before = [value for value in (measurement.previous, measurement.reference) if value is not None and value > 0.0]
    if any(corrected >= WARNING_GROWTH * value for value in before):
        warnings.append("rising")
    return ElectricalResult(is_passed=corrected <= limit, corrected=corrected, limit=limit, warnings=tuple(warnings))
