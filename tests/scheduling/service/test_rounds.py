"""Rounds: merged by way, fitting by role, nothing taken out of busy hands, never worse than what was there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sqlmodel import Session

from scheduling.model.tasks import Task, TaskStatus
from scheduling.rules.tasks import Person, roles_of
from scheduling.service.rounds import Given, RoundSettings, apply_rounds, plan_rounds
from scheduling.service.tasks import Step
from scheduling.tables.tasks import list_tasks, save_task
from tests.inventory.stockroom import FakeLedger
from twin.clock import MINUTE_US
from twin.db.database import Database
from twin.events.work import TaskAssigned, TaskKind

NOW = 1_767_600_000_000_000
PLACES = ("store", "ward-a", "ward-b", "far")
X_M = {"store": 0, "ward-a": 60, "ward-b": 80, "far": 600}


def ways(places: Sequence[str]) -> NDArray[np.int64]:
    """Walk along one corridor, a metre a second."""
    at = np.array([X_M[place] for place in places], dtype=np.int64)
    return np.abs(at[:, None] - at[None, :])


def restock(key: str, to_place: str = "ward-a", **values: object) -> Task:
    fields: dict[str, object] = {"kind": TaskKind.RESTOCK, "status": TaskStatus.CREATED, "from_place": "store"}
    return Task(id=key, to_place=to_place, **{**fields, **values})  # type: ignore[arg-type]  # test shorthand


def porter(key: str = "p1", place: str = "store", role: str = "porter") -> Person:
    return Person(id=key, role=role, place=place)


def hands(plan_given: Sequence[Given]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in sorted(plan_given, key=lambda each: each.position):
        found.setdefault(each.assignee, []).append(each.task)
    return found


def test_lines_of_one_way_are_walked_together() -> None:
    tasks = [restock(f"t{number}", "far" if number % 2 else "ward-a") for number in range(6)]

    plan = plan_rounds(tasks, [porter("p1"), porter("p2")], ways, RoundSettings(), now=NOW)

    given_to = hands(plan.given)
    assert sorted(map(len, given_to.values())) in ([3, 3], [6])
    for ids in given_to.values():
        places = [X_M[task.to_place] for key in ids for task in tasks if task.id == key]
        changes = sum(a != b for a, b in zip(places, places[1:], strict=False))
        assert changes <= 1  # nobody walks to and fro between two wards
    assert plan.after.waiting == 0
    assert plan.before.waiting == 6


def test_nobody_gets_a_task_of_another_profession() -> None:
    cleaning = Task(id="c", kind=TaskKind.CLEAN, status=TaskStatus.CREATED, to_place="ward-b")

    plan = plan_rounds([cleaning, restock("r")], [porter()], ways, RoundSettings(), now=NOW)

    assert hands(plan.given) == {"p1": ["r"], "": ["c"]}
    assert [each.task for each in plan.changed] == ["r"]
    assert plan.after.waiting == 1


def test_wards_of_one_store_share_a_cart_where_that_saves_walking() -> None:
    tasks = [restock("a", "ward-a"), restock("b", "ward-b"), restock("c", "ward-a"), restock("d", "ward-b")]

    plan = plan_rounds(tasks, [porter()], ways, RoundSettings(), now=NOW)

    assert plan.after.walking_s == 80  # once out to the farther ward, past the nearer one
    order = hands(plan.given)["p1"]
    assert {order[0], order[1]} in ({"a", "c"}, {"b", "d"})  # what is for one ward is put down together


def test_a_cart_takes_no_more_than_it_holds() -> None:
    tasks = [restock(f"t{number}", "ward-a" if number % 2 else "ward-b") for number in range(6)]

    plan = plan_rounds(tasks, [porter("p1"), porter("p2")], ways, RoundSettings(most_per_person=3), now=NOW)

    assert sorted(map(len, hands(plan.given).values())) == [3, 3]
    assert plan.after.waiting == 0


def test_a_cart_that_fits_nobody_is_given_out_line_by_line() -> None:
    begun = [
        restock(f"b{number}", status=TaskStatus.STARTED, assignee=f"p{number % 2 + 1}", position=1)
        for number in range(4)
    ]
    waiting = [restock(f"w{number}", "far") for number in range(4)]

    plan = plan_rounds(
        [*begun, *waiting], [porter("p1"), porter("p2")], ways, RoundSettings(most_per_person=4), now=NOW
    )

    assert plan.after.waiting == 0  # each has two already and room for two of the four


def test_lateness_is_measured_in_tasks_and_in_time() -> None:
    due = NOW + MINUTE_US
    plan = plan_rounds([restock("t", "far", due_at=due)], [porter()], ways, RoundSettings(), now=NOW)

    assert (plan.before.late, plan.before.late_s) == (0, 0)
    assert (plan.after.late, plan.after.late_s) == (1, 600 + 120 - 60)


def test_goods_are_pulled_by_who_fills_shelves_and_devices_fetched_by_who_mends_them_too() -> None:
    pull = Task(id="pull", kind=TaskKind.RETRIEVE, status=TaskStatus.CREATED, from_place="ward-a", reason="recall")
    device = Task(id="device", kind=TaskKind.RETRIEVE, status=TaskStatus.CREATED, from_place="ward-a")

    engineer = plan_rounds([pull, device], [porter("e", role="biomed")], ways, RoundSettings(), now=NOW)
    carrier = plan_rounds([pull, device], [porter("p", role="logistics")], ways, RoundSettings(), now=NOW)

    assert hands(engineer.given) == {"e": ["device"], "": ["pull"]}
    assert sorted(hands(carrier.given)["p"]) == ["device", "pull"]


def test_begun_task_stays_first_with_whoever_has_it() -> None:
    begun = restock("begun", "far", status=TaskStatus.PICKED, assignee="p2", position=1)
    others = [restock(f"t{number}", "ward-a", priority=1) for number in range(3)]

    plan = plan_rounds([begun, *others], [porter("p1"), porter("p2")], ways, RoundSettings(is_anew=True), now=NOW)

    assert hands(plan.given)["p2"][0] == "begun"


def test_dispatch_leaves_what_is_assigned_and_planning_anew_may_move_it() -> None:
    far_away = restock("t", "ward-a", status=TaskStatus.ASSIGNED, assignee="p2", position=1)
    people = [porter("p1", "store"), porter("p2", "far")]

    kept = plan_rounds([far_away], people, ways, RoundSettings(), now=NOW)
    moved = plan_rounds([far_away], people, ways, RoundSettings(is_anew=True), now=NOW)

    assert hands(kept.given) == {"p2": ["t"]}
    assert kept.changed == ()
    assert hands(moved.given) == {"p1": ["t"]}
    assert moved.after.walking_s < moved.before.walking_s


def test_urgent_task_is_done_first_and_late_is_better_than_never() -> None:
    soon = NOW + 3 * MINUTE_US
    urgent = restock("urgent", "ward-b", priority=1, due_at=soon)
    hopeless = restock("hopeless", "far", priority=3, due_at=soon)

    plan = plan_rounds([hopeless, urgent], [porter()], ways, RoundSettings(), now=NOW)

    assert hands(plan.given) == {"p1": ["urgent", "hopeless"]}
    assert plan.after.late <= 2
    expected = {each.task: each.expected_at for each in plan.given}
    assert NOW < expected["urgent"] < expected["hopeless"]


def test_person_has_no_more_than_the_most() -> None:
    tasks = [restock(f"t{number}", PLACES[1 + number % 3]) for number in range(9)]

    plan = plan_rounds(tasks, [porter()], ways, RoundSettings(most_per_person=3), now=NOW)

    assert len(hands(plan.given).get("p1", [])) <= 3
    assert plan.after.waiting >= 6


def test_somebody_whom_no_reader_saw_is_given_work_too() -> None:
    plan = plan_rounds([restock("t")], [porter(place="")], ways, RoundSettings(), now=NOW)

    assert hands(plan.given) == {"p1": ["t"]}


def test_blocked_task_and_task_of_a_user_without_a_link_are_left_alone() -> None:
    blocked = restock("b", status=TaskStatus.BLOCKED)
    taken = restock("u", status=TaskStatus.STARTED, assignee="user-7")

    plan = plan_rounds([blocked, taken], [porter()], ways, RoundSettings(is_anew=True), now=NOW)

    assert [(each.task, each.assignee) for each in plan.given] == [("u", "user-7")]
    assert plan.changed == ()


tasks_of_any_kind = st.lists(
    st.builds(
        Task,
        id=st.uuids().map(str),
        kind=st.sampled_from([TaskKind.RESTOCK, TaskKind.CLEAN, TaskKind.TRANSPORT, TaskKind.RETRIEVE]),
        status=st.sampled_from(
            [TaskStatus.CREATED, TaskStatus.ASSIGNED, TaskStatus.STARTED, TaskStatus.PICKED, TaskStatus.BLOCKED]
        ),
        from_place=st.sampled_from(["", *PLACES]),
        to_place=st.sampled_from(["", *PLACES]),
        due_at=st.sampled_from([0, NOW - MINUTE_US, NOW + 5 * MINUTE_US, NOW + 500 * MINUTE_US]),
        priority=st.integers(1, 5),
        assignee=st.sampled_from(["", "p1", "p2", "user-9"]),
        position=st.integers(0, 3),
    ),
    max_size=10,
    unique_by=lambda task: task.id,
)
people_of_any_kind = st.lists(
    st.builds(
        Person,
        id=st.sampled_from(["p1", "p2", "p3"]),
        role=st.sampled_from(["porter", "cleaner", "logistics"]),
        place=st.sampled_from(["", *PLACES]),
    ),
    max_size=3,
    unique_by=lambda person: person.id,
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(tasks_of_any_kind, people_of_any_kind, st.booleans())
def test_any_plan_keeps_every_task_once_and_takes_nothing_out_of_busy_hands(
    tasks: list[Task], people: list[Person], is_anew: bool
) -> None:
    tasks = [
        replace(task, status=TaskStatus.CREATED) if not task.assignee and task.status is TaskStatus.ASSIGNED else task
        for task in tasks
    ]
    plan = plan_rounds(tasks, people, ways, RoundSettings(is_anew=is_anew, iterations=20), now=NOW)

    by_id = {task.id: task for task in tasks}
    role = {person.id: person.role for person in people}
    planned = [each.task for each in plan.given]
    assert sorted(planned) == sorted(task.id for task in tasks if task.status is not TaskStatus.BLOCKED)
    for each in plan.given:
        task = by_id[each.task]
        begun = task.status in (TaskStatus.STARTED, TaskStatus.PICKED)
        if task.assignee in role and (begun or not is_anew) and role[task.assignee] in roles_of(task):
            assert each.assignee == task.assignee
        if each.assignee in role and each.assignee != task.assignee:
            assert role[each.assignee] in roles_of(task)
    positions = [(each.assignee, each.position) for each in plan.given if each.position]
    assert len(set(positions)) == len(positions)
    assert plan.after.waiting <= plan.before.waiting or is_anew


def test_applying_passes_over_what_somebody_changed_meanwhile(database: Database) -> None:
    with Session(database.write_engine) as opened:
        for key in ("t1", "t2", "t3"):
            save_task(opened, restock(key))
        plan = plan_rounds(list_tasks(opened), [porter()], ways, RoundSettings(), now=NOW)
        save_task(opened, replace(restock("t2"), version=2))
        ledger = FakeLedger()

        changes = [*plan.changed, Given(task="gone", assignee="p1", position=9, expected_at=0, version=1)]
        applied = apply_rounds(opened, ledger=ledger, step=Step(command_id="c1", actor="user-1", at=NOW), given=changes)

        assert sorted(applied.passed_over) == ["gone", "t2"]
        assert {task.id: task.assignee for task in applied.tasks} == {"t1": "p1", "t3": "p1"}
        assert len(ledger.of(TaskAssigned)) == 2
