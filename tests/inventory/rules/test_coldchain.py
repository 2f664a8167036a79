from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.model.items import StorageClass
from inventory.rules.coldchain import BANDS, HoldReason, judge_storage, mean_kinetic_temperature
from tests.datafiles import load_json
from twin.clock import MINUTE_US

COOL = BANDS[StorageClass.COOL]


def judged(*temperatures: float, step_us: int = 10 * MINUTE_US, band: Any = COOL) -> tuple[HoldReason, ...]:
    return judge_storage([step_us * i for i in range(len(temperatures))], temperatures, band).reasons


@pytest.mark.parametrize("case", load_json("inventory/mkt.json")["cases"], ids=lambda case: str(case["mkt_c"]))
def test_published_mean_kinetic_temperature_is_met(case: dict[str, Any]) -> None:
    assert mean_kinetic_temperature(case["temps_c"]) == pytest.approx(case["mkt_c"], abs=1e-6)


@given(st.lists(st.floats(-195, 60), min_size=1, max_size=40))
def test_mean_kinetic_temperature_lies_between_mean_and_maximum(temperatures: list[float]) -> None:
    found = mean_kinetic_temperature(temperatures)

    assert sum(temperatures) / len(temperatures) - 1e-6 <= found <= max(temperatures) + 1e-6


@pytest.mark.parametrize(
    ("temperatures", "reasons"),
    [
        ((5.0, 5.0, 5.0), ()),
        ((5.0, -0.5, 5.0), (HoldReason.FROZEN, HoldReason.TOO_COLD)),  # frozen, though the mean is fine
        ((5.0, 9.0, 5.0), (HoldReason.TOO_WARM,)),  # no mean excuses a 2 to 8 °C product
        ((), (HoldReason.NO_SAMPLES,)),
    ],
)
def test_fridge_record_is_judged(temperatures: tuple[float, ...], reasons: tuple[HoldReason, ...]) -> None:
    assert judged(*temperatures) == reasons


def test_gap_in_the_samples_holds_whatever_the_mean() -> None:
    assert judged(5.0, 5.0, step_us=31 * MINUTE_US) == (HoldReason.GAP,)


def test_short_warm_hour_of_a_room_temperature_product_is_excused_by_its_mean() -> None:
    ambient = BANDS[StorageClass.AMBIENT]

    assert judged(*[22.0] * 50, 28.0, 28.0, band=ambient) == ()
    assert judged(*[27.0] * 50, band=ambient) == (HoldReason.MEAN_KINETIC,)
