"""What an electrical safety test measures, and how."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Quantity(StrEnum):
    """What was measured."""

    EQUIPMENT_LEAKAGE = "equipment_leakage"
    APPLIED_PART_LEAKAGE = "applied_part_leakage"
    PROTECTIVE_EARTH = "protective_earth"


class Method(StrEnum):
    """How leakage was measured."""

    ALTERNATIVE = "alternative"
    DIRECT = "direct"
    DIFFERENTIAL = "differential"
    NONE = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One measured value.

    Parameters
    ----------
    quantity : Quantity
        What was measured.
    subject : str
        Class of protection, kind of applied part, or what the protective earth includes.
    value : float
        µA, or mΩ for protective earth, not below 0.
    method : Method
        How leakage was measured.
    mains_v, nominal_v : float
        Mains voltage during the measurement and nominal; leakage is brought to the nominal one.
    reference : float or None
        First value of this device by this method, at the nominal mains voltage.
    previous : float or None
        Value before this one, at the nominal mains voltage.
    """

    quantity: Quantity
    subject: str
    value: float
    method: Method = Method.NONE
    mains_v: float = 0.0
    nominal_v: float = 0.0
    reference: float | None = None
    previous: float | None = None
