"""Units per quantity: one table, SI inside, the field's units at the doors.

A number carries its unit in its name or through a :class:`Quantity`. Telemetry and register profiles name quantities
from this table only, so that a temperature in °F or a pressure in bar is converted once, at the door.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Quantity(StrEnum):
    """What is measured; the value names the quantity and the inside unit."""

    TEMPERATURE_C = "temperature_c"
    PRESSURE_KPA = "pressure_kpa"
    DIFFERENTIAL_PRESSURE_PA = "differential_pressure_pa"
    RELATIVE_HUMIDITY_SHARE = "relative_humidity_share"
    CARBON_DIOXIDE_PPM = "carbon_dioxide_ppm"
    AIR_CHANGES_PER_HOUR = "air_changes_per_hour"
    CONDUCTIVITY_US_PER_CM = "conductivity_us_per_cm"
    FLOW_L_PER_MIN = "flow_l_per_min"
    POWER_W = "power_w"
    ENERGY_WH = "energy_wh"
    VOLTAGE_V = "voltage_v"
    CURRENT_A = "current_a"
    FREQUENCY_HZ = "frequency_hz"
    LEVEL_SHARE = "level_share"
    MASS_G = "mass_g"
    DURATION_S = "duration_s"
    COUNT = "count"
    STATE = "state"
    CONCENTRATION_MG_PER_L = "concentration_mg_per_l"
    DOSE_J_PER_M2 = "dose_j_per_m2"
    ILLUMINANCE_LX = "illuminance_lx"
    RSSI_DBM = "rssi_dbm"


@dataclass(frozen=True, slots=True)
class Conversion:
    """Linear conversion to the inside unit: ``inside = outside * factor + offset``."""

    quantity: Quantity
    factor: float
    offset: float = 0.0


_Q = Quantity
CONVERSIONS_BY_UNIT: dict[str, Conversion] = {
    "°C": Conversion(_Q.TEMPERATURE_C, 1.0),
    "K": Conversion(_Q.TEMPERATURE_C, 1.0, -273.15),
    "°F": Conversion(_Q.TEMPERATURE_C, 5 / 9, -160 / 9),
    "kPa": Conversion(_Q.PRESSURE_KPA, 1.0),
    "Pa": Conversion(_Q.PRESSURE_KPA, 1e-3),
    "hPa": Conversion(_Q.PRESSURE_KPA, 0.1),
    "mbar": Conversion(_Q.PRESSURE_KPA, 0.1),
    "bar": Conversion(_Q.PRESSURE_KPA, 100.0),
    "MPa": Conversion(_Q.PRESSURE_KPA, 1000.0),
    "psi": Conversion(_Q.PRESSURE_KPA, 6.894757293168361),
    "Pa diff": Conversion(_Q.DIFFERENTIAL_PRESSURE_PA, 1.0),
    "%RH": Conversion(_Q.RELATIVE_HUMIDITY_SHARE, 0.01),
    "ppm CO2": Conversion(_Q.CARBON_DIOXIDE_PPM, 1.0),
    "1/h": Conversion(_Q.AIR_CHANGES_PER_HOUR, 1.0),
    "µS/cm": Conversion(_Q.CONDUCTIVITY_US_PER_CM, 1.0),
    "mS/cm": Conversion(_Q.CONDUCTIVITY_US_PER_CM, 1000.0),
    "L/min": Conversion(_Q.FLOW_L_PER_MIN, 1.0),
    "m³/h": Conversion(_Q.FLOW_L_PER_MIN, 1000 / 60),
    "W": Conversion(_Q.POWER_W, 1.0),
    "kW": Conversion(_Q.POWER_W, 1000.0),
    "Wh": Conversion(_Q.ENERGY_WH, 1.0),
    "kWh": Conversion(_Q.ENERGY_WH, 1000.0),
    "V": Conversion(_Q.VOLTAGE_V, 1.0),
    "mV": Conversion(_Q.VOLTAGE_V, 1e-3),
    "A": Conversion(_Q.CURRENT_A, 1.0),
    "mA": Conversion(_Q.CURRENT_A, 1e-3),
    "Hz": Conversion(_Q.FREQUENCY_HZ, 1.0),
    "%": Conversion(_Q.LEVEL_SHARE, 0.01),
    "g": Conversion(_Q.MASS_G, 1.0),
    "kg": Conversion(_Q.MASS_G, 1000.0),
    "s": Conversion(_Q.DURATION_S, 1.0),
    "min": Conversion(_Q.DURATION_S, 60.0),
    "h": Conversion(_Q.DURATION_S, 3600.0),
    "count": Conversion(_Q.COUNT, 1.0),
    "state": Conversion(_Q.STATE, 1.0),
    "mg/L": Conversion(_Q.CONCENTRATION_MG_PER_L, 1.0),
    "J/m²": Conversion(_Q.DOSE_J_PER_M2, 1.0),
    "mJ/cm²": Conversion(_Q.DOSE_J_PER_M2, 10.0),
    "lx": Conversion(_Q.ILLUMINANCE_LX, 1.0),
    "dBm": Conversion(_Q.RSSI_DBM, 1.0),
}
"""Every unit that a register profile or an import may name."""


def to_inside(value: float, unit: str) -> float:
    """Give a value in the inside unit of its quantity.

    Parameters
    ----------
    value : float
        As it came, in ``unit``.
    unit : str
        A key of :data:`CONVERSIONS_BY_UNIT`.

    Raises
    ------
    KeyError
        If the unit is not in the table.

    Examples
    --------
    >>> round(to_inside(250.0, "°F"), 6)
    121.111111
    >>> to_inside(3.0, "bar")
    300.0
    """
    conversion = CONVERSIONS_BY_UNIT[unit]
    return value * conversion.factor + conversion.offset
