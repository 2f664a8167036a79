"""The desk knows one gateway from two that report under one name."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rfid_gateway.uplink.orders import Report
from server.gateways.desk import SILENT_US, GatewayDesk
from tests.fakes import START_US
from twin.clock import SECOND_US, ManualClock

EVERY_US = 2 * SECOND_US


class Desk:
    """A desk, and gateways that report to it every two seconds."""

    def __init__(self) -> None:
        self.clock = ManualClock(START_US)
        self.desk = GatewayDesk(self.clock)

    def report(self, started_at: int) -> bool:
        """Report as a gateway that was started at an instant; give whether two are seen."""
        self.clock.advance(EVERY_US / SECOND_US)
        self.desk.take(Report(gateway="east", started_at=started_at))
        return self.desk.last("east").is_doubled


def test_two_gateways_of_one_name_are_seen_as_soon_as_both_have_spoken_again() -> None:
    desk = Desk()

    told = [desk.report(started_at) for started_at in (7, 7, 9, 7, 9, 7)]

    assert told == [False, False, False, True, True, True]


def test_it_is_over_when_one_of_them_is_switched_off() -> None:
    desk = Desk()
    for started_at in (7, 9, 7):
        desk.report(started_at)

    told = [desk.report(9) for _ in range(1 + SILENT_US // EVERY_US)]

    assert told[0]
    assert not told[-1]


@given(reports=st.lists(st.integers(1, 4), min_size=1, max_size=5))
def test_a_gateway_that_is_started_again_and_again_is_one(reports: list[int]) -> None:
    desk = Desk()

    told = [desk.report(start) for start, count in enumerate(reports, 100) for _ in range(count)]

    assert not any(told)
