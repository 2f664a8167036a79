"""Cases small enough to work out by hand, run on both engines; times in minutes."""

from __future__ import annotations

from typing import Any

import pytest

from simulation.compiled.engine import CompiledEngine
from simulation.model.plan import Mark, RunPlan
from simulation.model.problems import EndlessLoop, Overflow, PathwayError, PathwayRefused
from simulation.reference.running import run_reference
from simulation.statistics.outcome import RunOutcome
from tests.simulation.pathways import MINUTE, Document, plan_of, rows

Engine = Any


def compiled(plan: RunPlan) -> RunOutcome:
    return CompiledEngine(plan).run(0, log=True)


def reference(plan: RunPlan) -> RunOutcome:
    return run_reference(plan, 0)


engines = pytest.mark.parametrize("engine", [compiled, reference])


def jobs(*rows_: dict[str, Any], pools: Document, serve: Document | None = None) -> Document:
    """One stream and one serve node per job, so that each has its own duration and priority."""
    arrivals, nodes = {}, {"out": {"do": "exit"}}
    for number, row in enumerate(rows_):
        name = f"job{number}"
        arrivals[name] = {"at": [row["arr"]], "to": name}
        nodes[name] = {"do": "serve", "next": "out", "duration": row.get("dur", 1), "pools": row.get("pools", "unit")}
        nodes[name] |= {key: row[key] for key in ("priority", "quantity", "patience", "reneged") if key in row}
        nodes[name] |= serve or {}
    return {"unit": "min", "pools": pools, "arrivals": arrivals, "nodes": nodes}


def times(outcome: RunOutcome, plan: RunPlan, mark: Mark, suffix: str = "") -> dict[str, list[float]]:
    names = list(plan.pathway.operations)
    found: dict[str, list[float]] = {}
    for time, _, _, _, node, kind, _ in rows(outcome):
        if kind == mark and names[node].endswith(suffix):
            found.setdefault(names[node].removesuffix(suffix), []).append(time / MINUTE)
    return found


def starts(engine: Engine, document: Document) -> list[float]:
    plan = plan_of(document, hours=4)
    found = times(engine(plan), plan, Mark.GRANT)
    return [found[f"job{n}"][0] for n in range(len(document["arrivals"]))]


@engines
def test_staff_finish_their_patients_after_the_shift_and_work_overtime(engine: Engine) -> None:
    pool = {"capacity": 2, "changes": [{"after": 10, "add": -2}, {"after": 30, "add": 1}]}
    document = jobs(
        {"arr": 0, "dur": 12},
        {"arr": 1, "dur": 5},
        {"arr": 2, "dur": 3},
        {"arr": 9, "dur": 4},
        {"arr": 11, "dur": 2},
        pools={"unit": pool},
    )

    plan = plan_of(document, hours=4)
    outcome = engine(plan)

    found = times(outcome, plan, Mark.GRANT)
    assert [found[f"job{n}"][0] for n in range(5)] == [0, 1, 6, 9, 30]
    assert outcome.areas[0, 3] == pytest.approx(5 * MINUTE)


@engines
@pytest.mark.parametrize(("eviction", "end"), [("resume", 13), ("restart", 17)])
def test_more_urgent_patient_takes_the_unit_and_the_other_goes_on_later(
    engine: Engine, eviction: str, end: int
) -> None:
    pool = {"capacity": 1, "discipline": "preemptive", "eviction": eviction}
    document = jobs({"arr": 0, "dur": 10, "priority": 2}, {"arr": 4, "dur": 3, "priority": 1}, pools={"unit": pool})
    plan = plan_of(document, hours=4)

    outcome = engine(plan)

    assert times(outcome, plan, Mark.EVICT, ":service") == {"job0": [4]}
    assert times(outcome, plan, Mark.END, ":service") == {"job1": [7], "job0": [end]}


@engines
def test_lower_levels_go_first_and_within_a_level_who_came_first(engine: Engine) -> None:
    document = jobs(
        {"arr": 0, "dur": 10},
        {"arr": 1, "priority": 3},
        {"arr": 2, "priority": 1},
        {"arr": 3, "priority": 1},
        {"arr": 4, "priority": 2},
        pools={"unit": {"capacity": 1}},
    )

    assert starts(engine, document) == [0, 13, 10, 11, 12]


@engines
@pytest.mark.parametrize("busy_from", [0, 5])
def test_patient_is_served_when_a_unit_comes_free_as_patience_ends(engine: Engine, busy_from: int) -> None:
    document = jobs(
        {"arr": busy_from, "dur": 10 - busy_from},
        {"arr": 2 if busy_from == 0 else 6, "patience": 8 if busy_from == 0 else 4, "reneged": "out"},
        pools={"unit": {"capacity": 1}},
    )

    assert starts(engine, document)[1] == 10


@engines
@pytest.mark.parametrize(("may_overtake", "expected"), [(False, [0, 10, 10]), (True, [0, 10, 2])])
def test_small_request_passes_a_large_one_only_where_that_is_allowed(
    engine: Engine, may_overtake: bool, expected: list[float]
) -> None:
    pool = {"capacity": 10, "may_overtake": may_overtake}
    document = jobs(
        {"arr": 0, "quantity": 7, "dur": 10},
        {"arr": 1, "quantity": 7, "dur": 10},
        {"arr": 2, "quantity": 1, "dur": 10},
        pools={"unit": pool},
    )

    assert starts(engine, document) == expected


TWO = {"nurse": {"capacity": 1}, "doctor": {"capacity": 1}}


@engines
def test_request_for_two_pools_holds_neither_while_it_waits(engine: Engine) -> None:
    document = jobs(
        {"arr": 0, "dur": 5, "pools": "doctor"},
        {"arr": 0, "dur": 4, "pools": ["nurse", "doctor"]},
        {"arr": 2, "dur": 4, "pools": "nurse"},
        pools=TWO,
    )

    assert starts(engine, document) == [0, 6, 2]


@engines
def test_long_waiting_request_for_two_pools_keeps_free_units_for_itself(engine: Engine) -> None:
    pools = {"nurse": {"capacity": 1, "reserve_after": 1}, "doctor": {"capacity": 1}}
    document = jobs(
        {"arr": 0, "dur": 5, "pools": "doctor"},
        {"arr": 0, "dur": 4, "pools": ["nurse", "doctor"]},
        {"arr": 2, "dur": 4, "pools": "nurse"},
        pools=pools,
    )

    assert starts(engine, document) == [0, 5, 9]


@engines
def test_bay_is_kept_until_the_bed_is_granted(engine: Engine) -> None:
    document = {
        "unit": "min",
        "pools": {"bay": {"capacity": 1}, "bed": {"capacity": 1}},
        "arrivals": {"in": {"at": [0, 1, 2], "to": "bay"}},
        "nodes": {
            "bay": {"do": "seize", "pools": "bay", "next": "care"},
            "care": {"do": "delay", "duration": 5, "next": "bed"},
            "bed": {"do": "seize", "pools": "bed", "next": "leave"},
            "leave": {"do": "release", "pools": "bay", "next": "stay"},
            "stay": {"do": "delay", "duration": 20, "next": "go"},
            "go": {"do": "release", "pools": "bed", "next": "out"},
            "out": {"do": "exit"},
        },
    }
    plan = plan_of(document, hours=4)

    outcome = engine(plan)

    assert times(outcome, plan, Mark.GRANT) == {"bay": [0, 5, 25], "bed": [5, 25, 45]}


@engines
@pytest.mark.parametrize(("rule", "second"), [("finish", 10), ("hand_over", 15)])
def test_new_shift_starts_free_or_takes_patients_over(engine: Engine, rule: str, second: float) -> None:
    shifts = [{"from": "00:00", "to": "00:10", "units": 1}, {"from": "00:10", "to": "02:00", "units": 1}]
    pool = {"shifts": shifts, "at_shift_end": rule}

    assert starts(engine, jobs({"arr": 0, "dur": 15}, {"arr": 1}, pools={"unit": pool})) == [0, second]


@engines
def test_waiting_is_worth_levels_where_priority_ages(engine: Engine) -> None:
    pool = {"capacity": 1, "level_worth": 5}
    document = jobs(
        {"arr": 0, "dur": 10},
        {"arr": 1, "priority": 1},
        {"arr": 7, "priority": 0},
        {"arr": 5, "priority": 0},
        pools={"unit": pool},
    )

    assert starts(engine, document) == [0, 11, 12, 10]


@engines
def test_bed_is_cleaned_by_a_cleaner_before_the_next_patient(engine: Engine) -> None:
    pools = {"unit": {"capacity": 2, "turnover": {"duration": 4, "cleaner": "cleaner"}}, "cleaner": {"capacity": 1}}
    document = jobs({"arr": 0, "dur": 5}, {"arr": 0, "dur": 5}, {"arr": 1}, {"arr": 2}, pools=pools)
    plan = plan_of(document, hours=4)

    outcome = engine(plan)

    assert [times(outcome, plan, Mark.GRANT)[f"job{n}"][0] for n in range(4)] == [0, 0, 9, 13]
    # One cleaner: at work 5 to 9, 9 to 13, 13 to 17, 17 to 21; the units wait for it from 5, 5, 10 and 14 on.
    assert outcome.areas[0, 4] / MINUTE == pytest.approx(4 + 8 + 7 + 7)


@engines
def test_fork_goes_on_when_its_longest_branch_has_ended(engine: Engine) -> None:
    document = {
        "unit": "min",
        "pools": {"unit": {"capacity": 1}},
        "arrivals": {"in": {"at": [0], "to": "fork"}},
        "nodes": {
            "fork": {"do": "fork", "branches": ["blood", "scan", "review"], "join": "join"},
            "blood": {"do": "delay", "duration": 7, "next": "join"},
            "scan": {"do": "serve", "pools": "unit", "duration": 3, "next": "join"},
            "review": {"do": "serve", "pools": "unit", "duration": 3, "next": "join"},
            "join": {"do": "join", "next": "out"},
            "out": {"do": "exit"},
        },
    }
    plan = plan_of(document, hours=1)

    outcome = engine(plan)

    assert times(outcome, plan, Mark.JOIN) == {"join": [3, 6, 7]}
    assert times(outcome, plan, Mark.EXIT) == {"out": [7]}


@engines
def test_batch_goes_when_full_or_when_the_first_has_waited_enough(engine: Engine) -> None:
    document = {
        "unit": "min",
        "pools": {},
        "arrivals": {"in": {"at": [0, 3, 20, 50], "to": "batch"}},
        "nodes": {"batch": {"do": "batch", "size": 2, "max_wait": 12, "next": "out"}, "out": {"do": "exit"}},
    }
    plan = plan_of(document, hours=2)

    outcome = engine(plan)

    assert times(outcome, plan, Mark.EXIT) == {"out": [3, 3, 32, 62]}


@engines
def test_work_in_open_hours_stops_overnight_and_rounds_wait_for_their_time(engine: Engine) -> None:
    document = {
        "unit": "min",
        "pools": {},
        "calendars": {
            "lab": {"open": [{"days": "mon-fri", "from": "08:00", "to": "10:00"}]},
            "rounds": {"open": [{"from": "09:00", "to": "09:05"}]},
        },
        "arrivals": {"in": {"at": [0], "to": "test"}},
        "nodes": {
            "test": {"do": "delay", "duration": "150 min", "calendar": "lab", "next": "round"},
            "round": {"do": "until", "calendar": "rounds", "next": "out"},
            "out": {"do": "exit"},
        },
    }
    plan = plan_of(document, hours=60)

    outcome = engine(plan)

    # Monday 08:00 to 10:00, then half an hour on Tuesday; the round is at 09:00.
    assert times(outcome, plan, Mark.END) == {"test": [(24 + 8.5) * 60], "round": [(24 + 9) * 60]}


@engines
def test_stock_is_reordered_at_its_point_and_patients_wait_for_it(engine: Engine) -> None:
    stock = {"capacity": 2, "restocking": {"at": 0, "quantity": 2, "lead_time": 30}}
    document = {
        "unit": "min",
        "pools": {"kit": stock},
        "arrivals": {"in": {"at": [0, 1, 2, 3], "to": "kit"}},
        "nodes": {"kit": {"do": "consume", "pools": "kit", "next": "out"}, "out": {"do": "exit"}},
    }
    plan = plan_of(document, hours=2)

    outcome = engine(plan)

    assert times(outcome, plan, Mark.GRANT) == {"kit": [0, 1, 31, 31]}


@engines
def test_device_that_fails_is_away_until_it_is_repaired(engine: Engine) -> None:
    pool = {"capacity": 1, "failures": {"up": 10, "down": 5}}
    document = jobs({"arr": 8, "dur": 4}, {"arr": 11, "dur": 1}, {"arr": 26}, pools={"unit": pool})

    # Fails at 10, the patient in service is finished at 12; repaired at 15, fails at 25, repaired at 30.
    assert starts(engine, document) == [8, 15, 30]


@engines
def test_loop_without_duration_is_reported_with_its_node(engine: Engine) -> None:
    ways = [{"to": "again", "share": 1.0}, {"to": "out", "share": 0.0}]
    document = {
        "pools": {},
        "arrivals": {"in": {"at": [0], "to": "again"}},
        "nodes": {
            "again": {"do": "set", "attribute": "x", "value": 1, "next": "back"},
            "back": {"do": "route", "branches": ways},
            "out": {"do": "exit"},
        },
    }

    with pytest.raises(EndlessLoop, match="give a loop through it some duration"):
        engine(plan_of(document, step_budget=1000))


@engines
def test_overlong_duration_is_reported(engine: Engine) -> None:
    # below what a pathway may name, and beyond what an instant in microseconds holds
    document = jobs({"arr": 0, "dur": 4e10}, pools={"unit": {"capacity": 1}})

    with pytest.raises(Overflow, match="36,000 years"):
        engine(plan_of(document))


def test_duration_beyond_measure_is_refused_where_it_stands() -> None:
    document = jobs({"arr": 0, "dur": 1e16}, pools={"unit": {"capacity": 1}})

    with pytest.raises(PathwayError, match=r"nodes\.job0\.duration"):
        plan_of(document)


def test_kernel_grows_when_many_patients_are_inside_at_once() -> None:
    document = {
        "pools": {},
        "arrivals": {"burst": {"burst": {"count": 20_000}, "to": "stay"}},
        "nodes": {"stay": {"do": "delay", "duration": "exp:mean=60", "next": "out"}, "out": {"do": "exit"}},
    }

    outcome = compiled(plan_of(document, hours=48))

    assert outcome.patients == 20_000
    assert outcome.inside == 0


def test_more_patients_than_there_is_memory_for_are_an_overflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulation.compiled.engine._MOST_BYTES", 1 << 20)
    document = jobs({"arr": 0}, pools={"unit": {"capacity": 1}})
    document["arrivals"]["job0"] = {"gap": 30, "to": "job0", "group": "const:1e5"}

    with pytest.raises(Overflow, match="patients at once: check that patients can leave"):
        compiled(plan_of(document, hours=4))


def test_log_beyond_its_memory_is_an_overflow_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulation.compiled.engine._MOST_BYTES", 1 << 19)
    document = jobs({"arr": 0}, pools={"unit": {"capacity": 1}})
    document["arrivals"]["job0"] = {"gap": 2, "to": "job0"}

    with pytest.raises(Overflow, match="An event log of more than"):
        compiled(plan_of(document, hours=200))


@engines
def test_eight_resources_are_waited_for_together_and_got_when_the_last_is_free(engine: Engine) -> None:
    names = [f"p{number}" for number in range(8)]
    takers = [{"arr": 0, "dur": 3 + number, "pools": name} for number, name in enumerate(names)]
    whole, behind = {"arr": 1, "dur": 5, "pools": names}, {"arr": 2, "pools": "p0"}
    document = jobs(*takers, whole, behind, pools={name: {"capacity": 1} for name in names})

    assert starts(engine, document) == [0] * 8 + [10, 3]  # whom only other pools keep waiting is passed over


@engines
def test_first_of_eight_alternatives_that_comes_free_is_taken(engine: Engine) -> None:
    names = [f"p{number}" for number in range(8)]
    takers = [{"arr": 0, "dur": 20 - number, "pools": name} for number, name in enumerate(names)]
    document = jobs(*takers, {"arr": 1, "dur": 5, "pools": names}, pools={name: {"capacity": 1} for name in names})
    document["nodes"]["job8"]["any_of"] = True

    assert starts(engine, document) == [0] * 8 + [13]


@engines
def test_nine_resources_at_once_are_refused_with_the_limit(engine: Engine) -> None:
    names = [f"p{number}" for number in range(9)]

    with pytest.raises(PathwayRefused, match="1 to 8 different pools"):
        starts(engine, jobs({"arr": 0, "pools": names}, pools={name: {"capacity": 1} for name in names}))
