"""Temperature and pressure of saturated steam after IAPWS-IF97, and what they say about air in a chamber."""

from __future__ import annotations

import math

ZERO_CELSIUS_K = 273.15
ATMOSPHERE_KPA = 101.325  # standard atmosphere, ISO 2533

# Coefficients of the saturation equation, IAPWS-IF97 (2007 revision) table 34.
N1, N2, N3, N4, N5 = (
    0.11670521452767e4,
    -0.72421316703206e6,
    -0.17073846940092e2,
    0.12020824702470e5,
    -0.32325550322333e7,
)
N6, N7, N8, N9, N10 = 0.14915108613530e2, -0.48232657361591e4, 0.40511340542057e6, -0.23855557567849, 0.65017534844798e3

LOWEST_KPA, HIGHEST_KPA = 0.611212677, 22064.0  # range of the equation: triple point to critical point


def saturation_pressure_kpa(temperature_c: float) -> float:
    """Give the absolute pressure of saturated steam.

    Parameters
    ----------
    temperature_c : float
        0 to 373.946 °C.

    Returns
    -------
    float
        Absolute pressure, kPa.

    Raises
    ------
    ValueError
        If the temperature is outside the range of the equation.

    Notes
    -----
    With theta = T + n9/(T - n10): p = (2C / (-B + sqrt(B² - 4AC)))⁴ MPa, where A, B and C are quadratics in theta.

    References
    ----------
    IAPWS R7-97(2012), equation 30; check values of table 35.

    Examples
    --------
    >>> round(saturation_pressure_kpa(300 - 273.15) / 1000, 11)
    0.00353658941
    """
    kelvin = temperature_c + ZERO_CELSIUS_K
    if not 273.15 <= kelvin <= 647.096:
        raise ValueError(f"Expected temperature_c in [0, 373.946], got {temperature_c}.")
    theta = kelvin + N9 / (kelvin - N10)
    a = (theta + N1) * theta + N2
    b = (N3 * theta + N4) * theta + N5
    c = (N6 * theta + N7) * theta + N8
    root = 2.0 * c / (-b + math.sqrt(b * b - 4.0 * a * c))
    return root * root * root * root * 1000.0


def saturation_temperature_c(pressure_kpa: float) -> float:
    """Give the temperature of saturated steam at an absolute pressure.

    Parameters
    ----------
    pressure_kpa : float
        Absolute pressure, kPa, 0.6112 to 22,064.

    Returns
    -------
    float
        Temperature, °C; NaN outside the range of the equation.

    References
    ----------
    IAPWS R7-97(2012), equation 31; check values of table 36.

    Examples
    --------
    >>> round(saturation_temperature_c(1000.0) + 273.15, 6)
    453.035632
    """
    # NaN and no error: the compiled pass calls this for every sample, and one outside the table must not end it.
    if not LOWEST_KPA <= pressure_kpa <= HIGHEST_KPA:
        return math.nan
    beta = math.sqrt(math.sqrt(pressure_kpa / 1000.0))
    e = (beta + N3) * beta + N6
    f = (N1 * beta + N4) * beta + N7
    g = (N2 * beta + N5) * beta + N8
    d = 2.0 * g / (-f - math.sqrt(f * f - 4.0 * e * g))
    total = N10 + d
    return (total - math.sqrt(total * total - 4.0 * (N9 + N10 * d))) / 2.0 - ZERO_CELSIUS_K


def air_share(temperature_c: float, pressure_kpa: float) -> float:
    """Give the share of the pressure that is not steam's.

    Parameters
    ----------
    temperature_c : float
        Measured in the chamber, °C.
    pressure_kpa : float
        Measured absolute pressure, kPa, above 0.

    Returns
    -------
    float
        1 - p_sat(T)/p: 0 for pure saturated steam, below 0 for superheat or a gauge reading.

    Notes
    -----
    Dalton's law: the partial pressures of steam and of the non-condensable gas add up to the total.
    """
    return 1.0 - saturation_pressure_kpa(temperature_c) / pressure_kpa
