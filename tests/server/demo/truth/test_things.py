import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from server.demo.truth.things import AssetMotion
from twin.clock import DAY_US, HOUR_US

START = 20_000 * DAY_US


def motion(seed=1):
    return AssetMotion(
        home_by_asset={f"P{i}": "BAY" for i in range(50)},
        rooms_by_home={"BAY": ("R1", "R2", "R3")},
        corridor_by_room={"BAY": "C1", "R1": "C1", "R2": "C2", "R3": "C2"},
        exits=("EXIT",),
        random=np.random.default_rng(seed),
        start_at=START,
    )


@given(st.integers(0, 1000))
def test_every_step_begins_where_the_last_one_ended(seed):
    zone = dict.fromkeys((f"P{i}" for i in range(50)), "BAY")
    for step in motion(seed).advance(START + 2 * DAY_US):
        assert step.previous == zone[step.asset]
        zone[step.asset] = step.zone


def test_steps_come_in_order_and_end_at_home_again():
    steps = motion().advance(START + 30 * DAY_US)

    assert [step.at for step in steps] == sorted(step.at for step in steps)
    assert sum(step.zone == "BAY" for step in steps) > 500


def test_a_device_can_be_sent_through_the_exit():
    moved = motion()
    moved.advance(START + HOUR_US)

    moved.send("P7", ["C1", "EXIT"], START + HOUR_US)
    steps = [step for step in moved.advance(START + 2 * HOUR_US) if step.asset == "P7"]

    assert [step.zone for step in steps[:2]] == ["C1", "EXIT"]
