from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfid_gateway.modbus.planning import line_load, plan
from rfid_gateway.modbus.profile import (
    Exponent,
    Limits,
    PollClass,
    Profile,
    Range,
    RawType,
    Signal,
    Table,
    load_profile,
)
from twin.errors import ConfigurationError

kinds = st.sampled_from([RawType.UINT16, RawType.FLOAT32, RawType.FLOAT64])
tables = st.sampled_from([Table.HOLDING_REGISTERS, Table.INPUT_REGISTERS])


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    places = draw(st.lists(st.tuples(tables, st.integers(0, 300), kinds), min_size=1, max_size=20))
    signals = tuple(
        Signal(key=f"s{i}", table=table, address=address, type=kind) for i, (table, address, kind) in enumerate(places)
    )
    limits = Limits(most_registers=draw(st.integers(4, 125)), most_gap=draw(st.integers(0, 20)))
    return Profile(name="p", limits=limits, signals=signals)


@given(profiles())
def test_every_signal_is_read_once_and_whole(profile: Profile) -> None:
    requests = plan(profile)

    slots = [(slot, request) for request in requests for slot in request.slots]
    assert sorted(slot.signal.key for slot, _ in slots) == sorted(profile.by_key)
    for slot, request in slots:
        assert request.table is slot.signal.table
        assert request.address + slot.offset == slot.signal.address
        assert 0 <= slot.offset <= request.count - slot.signal.width


@given(profiles())
def test_no_request_breaks_a_limit(profile: Profile) -> None:
    for request in plan(profile):
        used = {request.address + slot.offset + i for slot in request.slots for i in range(slot.signal.width)}
        ordered = sorted(used)
        gaps = [after - before - 1 for before, after in zip(ordered, ordered[1:], strict=False)]
        assert request.count <= profile.limits.most_registers
        assert max(gaps, default=0) <= profile.limits.most_gap


@given(profiles())
def test_no_two_neighbouring_requests_could_have_been_one(profile: Profile) -> None:
    requests = plan(profile)

    for before, after in zip(requests, requests[1:], strict=False):
        together = max(before.address + before.count, after.address + after.count) - before.address
        gap = after.address - before.address - before.count
        could_join = before.table is after.table and gap <= profile.limits.most_gap
        # The first signal of the later request alone may not have fitted any more.
        first = min(after.slots, key=lambda slot: (slot.offset, slot.offset + slot.signal.width))
        reach = max(before.address + before.count, after.address + first.offset + first.signal.width) - before.address
        assert not (could_join and reach <= profile.limits.most_registers), together


def test_forbidden_range_is_never_read_across() -> None:
    signals = (Signal(key="a", address=10), Signal(key="b", address=14))
    forbidden = (Range(table=Table.HOLDING_REGISTERS, first=12, last=12),)
    open_profile = Profile(name="p", limits=Limits(most_gap=10), signals=signals)
    closed = Profile(name="p", limits=Limits(most_gap=10, forbidden=forbidden), signals=signals)

    assert [(one.address, one.count) for one in plan(open_profile)] == [(10, 5)]
    assert [(one.address, one.count) for one in plan(closed)] == [(10, 1), (14, 1)]


def test_signal_in_a_forbidden_range_is_refused() -> None:
    forbidden = (Range(table=Table.HOLDING_REGISTERS, first=10, last=12),)
    profile = Profile(name="p", limits=Limits(forbidden=forbidden), signals=(Signal(key="a", address=11),))

    with pytest.raises(ConfigurationError):
        plan(profile)


def test_value_and_its_exponent_come_in_one_answer() -> None:
    signal = Signal(key="a", address=10, exponent=Exponent(address=14))

    (request,) = plan(Profile(name="p", signals=(signal,)))

    assert (request.address, request.count) == (10, 5)
    assert request.slots[0].exponent_offset == 4


def test_addresses_documented_from_one_are_shifted_on_the_line() -> None:
    profile = Profile(name="p", address_base=1, signals=(Signal(key="a", address=49),))

    assert plan(profile)[0].address == 48


def test_feasible_period_grows_with_the_machines_on_the_line() -> None:
    profile = load_profile("generic-steam-sterilizer")

    one, ten = line_load(profile, baud=9600), line_load(profile, baud=9600, machines=10)

    assert ten.load_share == pytest.approx(10 * one.load_share)
    assert ten.feasible_fast_s > one.feasible_fast_s * 9
    assert [load.poll for load in one.classes] == list(PollClass)


def test_twenty_registers_at_9600_baud_take_about_sixty_milliseconds_on_the_wire() -> None:
    signals = tuple(Signal(key=f"s{i}", address=i, poll=PollClass.FAST) for i in range(20))

    (fast,) = line_load(Profile(name="p", signals=signals), baud=9600).classes

    assert fast.octets == 53
    assert 0.06 <= fast.round_s <= 0.09
