import msgspec
import pytest

from dash_app.actions import alarms, plans, runs
from dash_app.queries import plans as queries
from dash_app.queries.port import JobState
from scheduling.model.admissions import Room
from scheduling.model.plans import PlanStatus
from tests.dash_app.small_hospital import HOUR, NOW, small_port
from tests.scheduling.wards import good_plan, problem
from twin.access import Role
from twin.errors import Conflict, DecodeError, FieldError, Forbidden, NotFound, Refused, StaleVersion
from twin.events.work import PlanPublished


def job_result(**changes):
    """What a plan job gives: a problem, its plan, and when it starts."""
    made = problem(**changes)
    return {
        "plan": {"start_at": NOW},
        "problem": msgspec.to_builtins(made),
        "admissions": msgspec.to_builtins(good_plan(made)),
    }


def kept_plans(port):
    with port.read() as session:
        return queries.kept(session)


def test_an_acknowledged_alarm_names_who_acts():
    port = small_port(Role.LOGISTICS)

    alarms.acknowledge(port, "alarm-1")

    held = port.state().alarms["alarm-1"]
    assert held.is_acknowledged
    assert held.acknowledged_by == "user-1"


@pytest.mark.parametrize("act", [alarms.acknowledge, alarms.unshelve, alarms.settle_suspicion])
def test_an_alarm_that_is_over_cannot_be_acted_on(act):
    with pytest.raises(NotFound):
        act(small_port(Role.LOGISTICS), "nothing")


def test_only_a_suspected_copy_ends_by_somebodys_word():
    with pytest.raises(Conflict):
        alarms.settle_suspicion(small_port(Role.LOGISTICS), "alarm-1")


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
        lambda port: plans.keep(port, "job-1", job_result()),
        lambda port: plans.publish(port, "job-1", version=1, reasons={}),
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


def test_a_plan_is_kept_once_however_often_it_is_asked():
    port = small_port(Role.PLANNER)

    kept = [plans.keep(port, "job-1", job_result(), title="Week 40") for _ in range(2)]

    assert kept == ["job-1", "job-1"]
    (plan,) = kept_plans(port)
    assert (plan.title, plan.status, plan.created_by) == ("Week 40", PlanStatus.DRAFT, "user-1")
    assert not port.writer.stored


def test_a_published_plan_replaces_the_one_in_force_and_both_stay_readable():
    port = small_port(Role.PLANNER)
    for job in ("job-1", "job-2"):
        plans.keep(port, job, job_result())
        plans.publish(port, job, version=1, reasons={})

    first, second = port.writer.stored
    assert isinstance(second, PlanPublished)
    assert port.state().plans["admissions"].thing == "job-2"
    assert first.content_hash == second.content_hash
    assert [(plan.id, plan.status) for plan in kept_plans(port)] == [
        ("job-2", PlanStatus.PUBLISHED),
        ("job-1", PlanStatus.REPLACED),
    ]


def test_a_broken_rule_is_published_only_with_its_reason_which_is_kept():
    port = small_port(Role.PLANNER)
    crowded = problem(rooms=(Room(id="r1", capacity=1), Room(id="r2", capacity=1)))
    result = job_result() | {"problem": msgspec.to_builtins(crowded)}
    plans.keep(port, "job-1", result)

    with pytest.raises(Refused) as refused:
        plans.publish(port, "job-1", version=1, reasons={"room_capacity": "  ", "no_such_rule": "why not"})
    plans.publish(port, "job-1", version=1, reasons={"room_capacity": "a bed is borrowed"})

    assert refused.value.code == "plan.violations"
    (plan,) = kept_plans(port)
    assert [(str(one.rule), one.reason) for one in plan.overrides] == [("room_capacity", "a bed is borrowed")]


@pytest.mark.parametrize(("version", "error"), [(2, StaleVersion), (0, StaleVersion)])
def test_a_plan_that_somebody_changed_meanwhile_is_not_published(version, error):
    port = small_port(Role.PLANNER)
    plans.keep(port, "job-1", job_result())

    with pytest.raises(error):
        plans.publish(port, "job-1", version=version, reasons={})

    assert not port.writer.stored


@pytest.mark.parametrize(
    ("result", "error"),
    [
        (None, Refused),  # the job is not done
        ({}, FieldError),
        ({"plan": {"start_at": NOW}}, FieldError),
        ({**job_result(), "plan": {"start_at": "soon"}}, FieldError),
        ({**job_result(), "problem": {"days": "many"}}, DecodeError),
    ],
)
def test_what_is_no_plan_is_not_kept(result, error):
    port = small_port(Role.PLANNER)

    with pytest.raises(error):
        plans.keep(port, "job-1", result)

    assert kept_plans(port) == []
