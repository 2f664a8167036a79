import pytest

from dash_app.actions import alarms, plans, runs
from dash_app.queries.port import JobState
from tests.dash_app.small_hospital import HOUR, NOW, small_port
from twin.access import Role
from twin.errors import FieldError, Forbidden, NotFound, Refused
from twin.events.work import PlanPublished

PLAN = {
    "plan": {
        "kind": "admissions",
        "start_at": NOW,
        "end_at": NOW + HOUR,
        "content_hash": "h",
        "stays": [],
        "shifts": [],
    },
    "report": {"rules": [{"rule": "capacity", "is_hard": True, "violations": 0}]},
}


def test_an_acknowledged_alarm_names_who_acts():
    port = small_port(Role.LOGISTICS)

    alarms.acknowledge(port, "alarm-1")

    held = port.state().alarms["alarm-1"]
    assert held.is_acknowledged
    assert held.acknowledged_by == "user-1"


@pytest.mark.parametrize("act", [alarms.acknowledge, alarms.unshelve])
def test_an_alarm_that_is_over_cannot_be_acted_on(act):
    with pytest.raises(NotFound):
        act(small_port(Role.LOGISTICS), "nothing")


def test_a_shelved_alarm_comes_back_and_can_be_taken_back():
    port = small_port(Role.LOGISTICS)

    alarms.shelve(port, "alarm-2", hours=2, reason="known, being mended")
    assert port.state().alarms["alarm-2"].shelved_until == NOW + 2 * HOUR

    port.clock.advance(1)
    alarms.unshelve(port, "alarm-2")
    assert port.state().alarms["alarm-2"].shelved_until == 0


@pytest.mark.parametrize(
    ("hours", "reason", "field"),
    [
        (0, "a reason", "hours"),
        (-1, "a reason", "hours"),
        (9, "a reason", "hours"),  # longer than a shift
        (1, "", "reason"),
        (1, " x ", "reason"),
    ],
)
def test_no_alarm_is_put_aside_without_a_reason_or_for_ever(hours, reason, field):
    port = small_port(Role.LOGISTICS)

    with pytest.raises(FieldError) as caught:
        alarms.shelve(port, "alarm-1", hours=hours, reason=reason)

    assert caught.value.problem.field == field
    assert not port.writer.stored


@pytest.mark.parametrize(
    "act",
    [
        lambda port: alarms.acknowledge(port, "alarm-1"),
        lambda port: alarms.shelve(port, "alarm-1", hours=1, reason="reason"),
        lambda port: runs.start_what_if(port, {"replications": 20, "horizon_s": 7200}),
        lambda port: runs.start_plan(port, {"seconds": 10}),
        lambda port: runs.cancel(port, "job-1"),
        lambda port: plans.publish(port, PLAN),
    ],
)
def test_who_may_not_act_changes_nothing(act):
    port = small_port(Role.AUDITOR)

    with pytest.raises(Forbidden):
        act(port)

    assert not port.writer.stored
    assert not port.jobs.submitted


def test_a_what_if_is_queued_with_its_arguments():
    port = small_port(Role.PLANNER)

    job = runs.start_what_if(port, {"replications": 20, "horizon_s": 7200.0, "seed": 1})

    assert port.jobs.view(job).state is JobState.QUEUED
    runs.cancel(port, job)
    assert port.jobs.cancelled == [job]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"replications": 1, "horizon_s": 7200}, "replications"),
        ({"replications": 10**9, "horizon_s": 7200}, "replications"),
        ({"horizon_s": 7200}, "replications"),
        ({"replications": 20, "horizon_s": 0}, "horizon_s"),
    ],
)
def test_a_run_out_of_bounds_is_refused_by_field(arguments, field):
    with pytest.raises(FieldError) as caught:
        runs.start_what_if(small_port(Role.PLANNER), arguments)

    assert caught.value.problem.field == field


def test_a_checked_plan_is_put_in_force():
    port = small_port(Role.PLANNER)

    plans.publish(port, PLAN)

    (event,) = port.writer.stored
    assert isinstance(event, PlanPublished)
    assert any(plan.content_hash == "h" for plan in port.state().plans.values())


@pytest.mark.parametrize(
    ("result", "error"),
    [
        (None, Refused),
        ({"plan": PLAN["plan"]}, Refused),  # nobody checked it
        ({**PLAN, "report": {"rules": [{"rule": "x", "is_hard": True, "violations": 2}]}}, Refused),
        ({**PLAN, "plan": {"kind": 3}}, FieldError),
    ],
)
def test_an_unchecked_or_broken_plan_is_not_published(result, error):
    port = small_port(Role.PLANNER)

    with pytest.raises(error):
        plans.publish(port, result)

    assert not port.writer.stored
