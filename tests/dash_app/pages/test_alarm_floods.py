"""In a flood alarms stand by their roots; otherwise one by one."""

from __future__ import annotations

import pytest
from dash import html

from dash_app.pages import alarms
from tests.dash_app.small_hospital import NOW, small_port, small_state
from twin.clock import SECOND_US
from twin.events.watch import AlarmPriority, AlarmRaised, GatewayHealthChanged, GatewayStatus


def port_with(count: int):
    """Give the small hospital with so many more readers silent behind one gateway."""
    state = small_state()
    for number in range(count):
        at, reader = NOW - number * SECOND_US, f"reader-{number + 10}"
        head = {"occurred_at": at, "source": "t", "id": f"x{number}"}
        state.apply(
            GatewayHealthChanged(
                thing=reader, source_key=f"h{number}", status=GatewayStatus.OFFLINE, parent="gw-1", **head
            ),
            state.sequence + 1,
        )
        state.apply(
            AlarmRaised(
                thing=f"flood-{number}",
                source_key=f"f{number}",
                alarm_class="gateway_offline",
                subject_id=reader,
                priority=AlarmPriority.MEDIUM,
                **head,
            ),
            state.sequence + 1,
        )
    return small_port(state=state)


def groups(shown):
    return [part for part in shown if isinstance(part, html.Details)]


def articles(part):
    return [one for one in [part, *part._traverse()] if isinstance(one, html.Article)]


def test_a_flood_is_gathered_by_its_root_and_loses_nothing():
    port = port_with(12)

    shown = alarms.content(port, {})

    (group,) = groups(shown)
    assert len(articles(group)) == 13  # with the reader that was silent before
    assert sum(len(articles(part)) for part in shown) == 14


@pytest.mark.parametrize("count", [0, 8])
def test_what_can_be_read_is_shown_one_by_one(count):
    shown = alarms.content(port_with(count), {})

    assert groups(shown) == []
    assert sum(len(articles(part)) for part in shown) == count + 2
