"""Saturated steam against the check values of its formulation."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.rules.steam import air_share, saturation_pressure_kpa, saturation_temperature_c


def test_verification_values_of_the_formulation(worked_case: Any) -> None:
    check = worked_case("12_")["verification"]

    for kelvin, megapascal in check["psat_MPa"].items():
        found = saturation_pressure_kpa(float(kelvin.removesuffix("K")) - 273.15) / 1000
        assert found == pytest.approx(megapascal, rel=1e-12)
    for pressure, kelvin in check["tsat_K"].items():
        found = saturation_temperature_c(float(pressure.removesuffix("MPa")) * 1000) + 273.15
        assert found == pytest.approx(kelvin, rel=1e-12)


def test_sterilizer_points_and_mixtures_with_air(worked_case: Any) -> None:
    case = worked_case("12_")

    for point in case["sterilizer_points"]:
        assert saturation_pressure_kpa(point["T_C"]) == pytest.approx(point["p_abs_kPa"], rel=1e-12)
    for mixture in case["air_mixture"]:
        share, total = mixture["air_fraction_of_total_pressure"], mixture["total_kPa"]
        steam = saturation_temperature_c(total * (1 - share))
        assert steam == pytest.approx(mixture["steam_T_C"], abs=1e-9)
        assert air_share(steam, total) == pytest.approx(share, abs=1e-9)


@given(st.floats(1.0, 373.0))
def test_pressure_and_temperature_are_each_other_s_inverse(temperature: float) -> None:
    assert saturation_temperature_c(saturation_pressure_kpa(temperature)) == pytest.approx(temperature, abs=1e-6)


@given(st.floats(1.0, 372.0), st.floats(1e-3, 1.0))
def test_hotter_steam_has_the_higher_pressure(temperature: float, step: float) -> None:
    assert saturation_pressure_kpa(temperature + step) > saturation_pressure_kpa(temperature)


@pytest.mark.parametrize("kpa", [0.0, -5.0, 0.6, 22065.0, math.nan])
def test_pressure_that_is_no_steam_has_no_temperature(kpa: float) -> None:
    assert math.isnan(saturation_temperature_c(kpa))


@pytest.mark.parametrize("temperature", [-0.1, 374.0, math.nan])
def test_temperature_outside_the_formulation_is_refused(temperature: float) -> None:
    with pytest.raises(ValueError, match=r"0, 373\.946"):
        saturation_pressure_kpa(temperature)
