"""Simulated machines: pure functions of time that the hospital's own rules judge as they should."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.model.cycle import CycleTrace, Preconditions
from assets.model.programme import Programme, Pulses
from assets.rules.verdict import judge
from rfid_gateway.modbus.decoding import decode, encode
from rfid_gateway.modbus.profile import load_profile
from rfid_gateway.modbus.samples import Quality
from rfid_gateway.simulators.plants import (
    Defect,
    IsolationRoom,
    MedicineFridge,
    Plant,
    SteamSterilizer,
    WasherDisinfector,
    steam_temperature_c,
)
from tests.fakes import START_US
from twin.clock import MINUTE_US, SECOND_US

STERILIZER = load_profile("generic-steam-sterilizer")
PROGRAMME = Programme(
    id="134",
    band_low_c=134.0,
    band_high_c=137.0,
    required_hold_s=180.0,
    phases=(1, 2, 3, 4, 5, 6),
    pulses=Pulses(count=3, low_kpa=10.0, high_kpa=150.0),
)
IN_ORDER = Preconditions(air_removal_test=True, leak_test=True, calibration=True, maintenance=True, no_open_notice=True)
CHANNELS = ("control_c", "record_c", "pressure_kpa", "phase", "door", "alarm", "cycle_number", "heartbeat")


def trace_of(defect: Defect) -> CycleTrace:
    """Sample a cycle every second, through the registers of its profile as a gateway would read them."""
    sterilizer = SteamSterilizer()
    times = np.arange(START_US, sterilizer.start_cycle(START_US, defect=defect), SECOND_US)
    shown = [sterilizer.values_at(int(at)) for at in times]

    def channel(key: str) -> np.ndarray:
        signal = STERILIZER.by_key[key]
        return np.array([decode(signal, encode(signal, values[key])).number for values in shown])

    return CycleTrace(times_us=times, **{key: channel(key) for key in CHANNELS})


@pytest.mark.parametrize(
    ("defect", "verdict", "reason"),
    [
        (Defect.NONE, "pass", ""),
        (Defect.SHORT_HOLD, "fail", "hold_short"),
        (Defect.LOW_TEMPERATURE, "fail", "hold_short"),
        (Defect.AIR_IN_CHAMBER, "fail", "air_excess"),
        (Defect.SENSOR_DRIFT, "fail", "record_difference"),
        (Defect.ABORTED, "fail", "phase_order"),
    ],
)
def test_simulated_cycle_is_judged_by_what_is_wrong_with_it(defect: Defect, verdict: str, reason: str) -> None:
    found = judge(trace_of(defect), PROGRAMME, IN_ORDER)

    assert found.verdict.value == verdict
    assert reason in (found.codes or ("",))


@pytest.mark.parametrize(
    ("profile", "plant"),
    [
        ("generic-steam-sterilizer", SteamSterilizer()),
        ("generic-washer-disinfector", WasherDisinfector()),
        ("generic-medicine-fridge", MedicineFridge()),
        ("generic-isolation-room", IsolationRoom()),
    ],
)
def test_plant_measures_every_signal_of_its_profile_within_its_range(profile: str, plant: Plant) -> None:
    signals = load_profile(profile).signals
    if isinstance(plant, SteamSterilizer | WasherDisinfector):
        plant.start_cycle(START_US)

    for minute in range(0, 40, 3):
        values = plant.values_at(START_US + minute * MINUTE_US)
        assert {signal.key for signal in signals} <= set(values) | {"operator", "load_id"}
        for signal in signals:
            if signal.table.is_bits:
                continue
            decoded = decode(signal, encode(signal, values.get(signal.key, 0.0)))
            assert decoded.quality is Quality.GOOD, signal.key


@given(st.integers(0, 4 * 3600), st.integers(0, 9))
def test_same_instant_shows_the_same_values(second: int, seed: int) -> None:
    at = START_US + second * SECOND_US

    assert SteamSterilizer(seed=seed).values_at(at) == SteamSterilizer(seed=seed).values_at(at)
    assert MedicineFridge(seed=seed).values_at(at) == MedicineFridge(seed=seed).values_at(at)


def test_steam_temperature_meets_the_published_check_values() -> None:
    # IAPWS-IF97, table 36 (saturation temperature): 0.1, 1 and 10 MPa
    found = [steam_temperature_c(kpa) + 273.15 for kpa in (100.0, 1000.0, 10_000.0)]

    assert found == pytest.approx([372.755919, 453.035632, 584.149488], abs=1e-5)


def test_washer_disinfects_long_enough() -> None:
    washer = WasherDisinfector()
    end = washer.start_cycle(START_US)

    seconds = [washer.values_at(at)["control_c"] for at in range(START_US, end, SECOND_US)]

    a0 = sum(10 ** ((float(one) - 80) / 10) for one in seconds if isinstance(one, float) and one >= 65)
    assert a0 > 3000


def test_fridge_warms_with_its_door_open_and_cools_again() -> None:
    fridge = MedicineFridge()
    fridge.open_door(START_US, 180)

    def air_after(minutes: int) -> float:
        return float(fridge.values_at(START_US + minutes * MINUTE_US)["air_c"] or 0)

    assert air_after(3) > 8.0
    assert air_after(60) < 6.5
    fridge.fail(START_US + 60 * MINUTE_US)
    assert air_after(240) > 12.0


def test_isolation_room_loses_its_pressure_while_the_door_is_open() -> None:
    room = IsolationRoom()
    room.open_door(START_US, 30)

    def pressure_at(second: int) -> float:
        return float(room.values_at(START_US + second * SECOND_US)["room_pressure_pa"] or 0)

    assert pressure_at(10) > -2.5
    assert pressure_at(60) < -5.0


def test_second_cycle_cannot_start_before_the_first_has_ended() -> None:
    sterilizer = SteamSterilizer(first_cycle=10)
    end = sterilizer.start_cycle(START_US)

    with pytest.raises(ValueError, match="not ended"):
        sterilizer.start_cycle(START_US + MINUTE_US)
    sterilizer.start_cycle(end + MINUTE_US)

    assert sterilizer.values_at(end + 2 * MINUTE_US)["cycle_number"] == 11.0
