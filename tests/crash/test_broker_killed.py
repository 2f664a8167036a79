"""Gateway, broker and core are killed again and again, in any order: nothing is lost, nothing is stored twice.

``HOSPITAL_TWIN_KILLS`` sets how often, ``HOSPITAL_TWIN_OUTAGE_S`` how long the broker is away in the second test; the
whole counts of the contract (200 kills, 600 s) are rows of the benchmark ``gateway_kills``.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import skip_or_fail
from tests.crash.broker_kills import Plant, Tally
from tests.mosquitto import PROGRAM, Broker

KILLS = int(os.environ.get("HOSPITAL_TWIN_KILLS") or 3)
OUTAGE_S = float(os.environ.get("HOSPITAL_TWIN_OUTAGE_S") or 2.0)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    if PROGRAM is None:
        skip_or_fail("mosquitto is not installed")
    folder = tmp_path / "broker"
    folder.mkdir()
    broker = Broker(folder)
    broker.start()
    yield broker
    broker.end()


def check_nothing_is_lost_or_doubled(tally: Tally) -> None:
    assert (tally.left, tally.lost, tally.doubled, tally.gaps) == (0, 0, 0, 0)
    assert 0 < tally.told <= tally.stored


@pytest.mark.timeout(max(60, 12 * KILLS))
def test_kills_of_gateway_broker_and_core_lose_and_double_nothing(broker: Broker, tmp_path: Path) -> None:
    plant = Plant(tmp_path, broker)

    with plant.at_work():
        plant.kill_at_random(KILLS, random.Random(20_260_105))
        tally = plant.settle(within_s=50)

    assert set(tally.kills) == {"gateway", "broker", "core"}
    check_nothing_is_lost_or_doubled(tally)


@pytest.mark.timeout(max(60, 3 * OUTAGE_S))
def test_broker_that_is_away_for_long_costs_nothing(broker: Broker, tmp_path: Path) -> None:
    plant = Plant(tmp_path, broker, pause_s=0.05)

    with plant.at_work():
        plant.lose_broker(OUTAGE_S)
        tally = plant.settle(within_s=40)

    check_nothing_is_lost_or_doubled(tally)
