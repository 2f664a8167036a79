from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.forecast.census import CensusForecast
from simulation.forecast.pressure import Action, Crowding, EmergencyCounts, UnitOutlook, cards, crowding_of, nedocs

HOUR = 3_600_000_000


def certain(count: int, hours: int) -> CensusForecast:
    return CensusForecast(
        made_at=0, target_at=hours * HOUR, present=count, chances=np.eye(count + 1)[count], leaving=0.0, coming=0.0
    )


@pytest.mark.parametrize(
    ("score", "band"),
    [
        (-5, Crowding.NOT_BUSY),
        (20, Crowding.NOT_BUSY),
        (20.1, Crowding.BUSY),
        (100, Crowding.EXTREMELY_BUSY),
        (140, Crowding.OVERCROWDED),
        (180, Crowding.SEVERELY_OVERCROWDED),
        (181, Crowding.DANGEROUSLY_OVERCROWDED),
    ],
)
def test_bands_of_the_score(score: float, band: Crowding) -> None:
    assert crowding_of(score) is band


def test_score_weighs_the_bays_of_the_department_and_the_beds_of_the_house_apart() -> None:
    counts = EmergencyCounts(
        patients=45,
        bays=30,
        hospital_beds=400,
        admitted=8,
        ventilated=2,
        longest_admit_wait_h=9,
        last_door_to_bed_h=2.5,
    )

    assert nedocs(counts) == pytest.approx(-20 + 128.7 + 12 + 26.8 + 8.37 + 14.1)


@given(st.integers(0, 60), st.integers(1, 40))
def test_card_is_asked_for_only_where_beds_run_out(count: int, beds: int) -> None:
    found = cards([UnitOutlook(unit="W1", kind="ward", beds=beds, forecasts=[certain(count, 8)])])

    assert bool(found) == (count >= beds)


def test_most_pressing_card_comes_first_and_fits_the_unit() -> None:
    outlooks = [
        UnitOutlook(unit="W1", kind="ward", beds=20, forecasts=[certain(10, 8), certain(25, 48)]),
        UnitOutlook(unit="ICU", kind="icu", beds=8, forecasts=[certain(8, 4)]),
        UnitOutlook(unit="ED", kind="emergency", beds=30, forecasts=[certain(31, 8)]),
        UnitOutlook(unit="W2", kind="ward", beds=20, forecasts=[certain(20, 4)]),
    ]

    found = cards(outlooks)

    assert [(card.unit, card.action) for card in found] == [
        ("ED", Action.BOARDERS_FIRST),
        ("ICU", Action.STEP_DOWN),
        ("W2", Action.DISCHARGE_ROUND),
        ("W1", Action.POSTPONE),
    ]
    assert [card.is_urgent for card in found] == [True, True, True, False]
