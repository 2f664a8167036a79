"""Floods of alarms: told apart from a busy hour at a published limit, and no alarm is lost in a group."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import START_US
from twin.clock import MINUTE_US
from twin.events.watch import AlarmPriority
from twin.state.floods import FLOOD_COUNT, FLOOD_WINDOW_US, groups_of, is_flood
from twin.state.model import Alarm

ALARMS = st.lists(
    st.builds(
        Alarm,
        id=st.uuids().map(str),
        is_active=st.just(True),
        alarm_class=st.sampled_from(["device.left", "cold_chain.warm"]),
        subject_id=st.sampled_from(["A1", "A2", "F1"]),
        place=st.sampled_from(["ward-1", "ward-2"]),
        priority=st.sampled_from(list(AlarmPriority)),
        raised_at=st.integers(START_US - 30 * MINUTE_US, START_US),
    ),
    max_size=30,
    unique_by=lambda alarm: alarm.id,
)


@pytest.mark.parametrize(("count", "is_one"), [(FLOOD_COUNT, False), (FLOOD_COUNT + 1, True)])
def test_a_flood_begins_with_more_than_ten_in_ten_minutes(count: int, is_one: bool) -> None:
    assert is_flood([START_US - number for number in range(count)], START_US) is is_one


def test_alarms_of_the_future_or_ten_minutes_old_make_no_flood() -> None:
    old, future = [START_US - FLOOD_WINDOW_US] * 50, [START_US + 1] * 50

    assert not is_flood([*old, *future], START_US)


@given(ALARMS)
def test_every_alarm_stands_in_one_group_which_is_as_urgent_as_its_most_urgent(alarms: list[Alarm]) -> None:
    by_id = {alarm.id: alarm for alarm in alarms}

    groups = groups_of(alarms, root_of=lambda alarm: alarm.place, now=START_US)

    assert sorted(one for group in groups for one in group.alarms) == sorted(by_id)
    for group in groups:
        assert group.priority == min(by_id[one].priority.value for one in group.alarms)
        raised = [by_id[one].raised_at for one in group.alarms]
        assert raised == sorted(raised, reverse=True)  # the newest first
    assert [group.priority for group in groups] == sorted(group.priority for group in groups)


@given(ALARMS)
def test_only_a_flood_puts_alarms_of_different_subjects_together(alarms: list[Alarm]) -> None:
    by_id = {alarm.id: alarm for alarm in alarms}
    flood = is_flood((alarm.raised_at for alarm in alarms), START_US)

    for group in groups_of(alarms, root_of=lambda alarm: alarm.place, now=START_US):
        members = [by_id[one] for one in group.alarms]
        if flood:
            assert {alarm.place for alarm in members} == {group.root}
        else:
            assert len({(alarm.alarm_class, alarm.subject_id) for alarm in members}) == 1
