from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.model.tasks import OPEN_STATUSES, Task, TaskAction, TaskStatus
from scheduling.rules.tasks import TRANSITIONS, next_status, walking_order
from twin.errors import Refused
from twin.events.work import TaskKind

tasks = st.builds(
    Task,
    id=st.uuids().map(str),
    kind=st.sampled_from(TaskKind),
    status=st.just(TaskStatus.CREATED),
    from_place=st.sampled_from(["a", "b", "c", ""]),
    to_place=st.sampled_from(["d", "e", "f"]),
    due_at=st.integers(0, 100),
    priority=st.integers(1, 5),
    position=st.integers(0, 3),
)


def seconds(start: str, end: str) -> float:
    return abs(ord(start) - ord(end)) * 60.0


def test_closed_tasks_stay_closed() -> None:
    for row in TRANSITIONS.values():
        assert set(row) <= OPEN_STATUSES


@pytest.mark.parametrize(
    ("status", "action"),
    [
        (TaskStatus.COMPLETED, TaskAction.START),  # done is done
        (TaskStatus.CANCELLED, TaskAction.COMPLETE),  # given up is given up
        (TaskStatus.PICKED, TaskAction.CANCEL),  # goods are on the cart: deliver or bring back first
        (TaskStatus.CREATED, TaskAction.RESUME),  # not blocked
    ],
)
def test_impossible_step_is_refused_and_names_what_is_possible(status: TaskStatus, action: TaskAction) -> None:
    with pytest.raises(Refused, match="possible now") as refusal:
        next_status(status, action)

    assert refusal.value.code == "task.transition"


@given(st.lists(st.sampled_from(TaskAction), max_size=20))
def test_any_history_leads_to_known_statuses_and_never_out_of_a_closed_one(actions: list[TaskAction]) -> None:
    status = TaskStatus.CREATED
    for action in actions:
        before = status
        try:
            status = next_status(status, action)
        except Refused:
            assert action not in TRANSITIONS or before not in TRANSITIONS[action]
        if before not in OPEN_STATUSES:
            assert status is before


@given(st.lists(tasks, max_size=10, unique_by=lambda task: task.id))
def test_walking_order_keeps_all_tasks_and_the_planned_round_first(mine: list[Task]) -> None:
    ordered = walking_order(mine, "a", seconds, now=0)

    assert sorted(task.id for task in ordered) == sorted(task.id for task in mine)
    routed = [task.position for task in ordered if task.position]
    assert routed == sorted(routed)
    priorities = [task.priority for task in ordered if not task.position]
    assert priorities == sorted(priorities)
