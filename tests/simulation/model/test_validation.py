from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from simulation.experiments.changes import changed
from simulation.experiments.request import Change
from simulation.model.operations import Seize
from simulation.model.problems import PathwayError, PathwayRefused
from simulation.model.reading import load_document
from tests.simulation.pathways import Document, plan_of

CLINIC: Document = {
    "name": "clinic",
    "unit": "min",
    "classes": {"minor": {"priority": 1}, "major": {"priority": 0}},
    "pools": {"bay": {"capacity": 3}, "nurse": {"capacity": 2}},
    "calendars": {"office": {"open": [{"days": "mon-fri", "from": "08:00", "to": "16:00"}]}},
    "arrivals": {"walk-in": {"to": "bay", "per_hour": 4, "classes": {"minor": 0.6, "major": 0.4}}},
    "nodes": {
        "bay": {"do": "seize", "pools": "bay", "next": "care"},
        "care": {"do": "serve", "pools": "nurse", "duration": "exp:mean=10", "next": "ways"},
        "ways": {"do": "route", "branches": [{"to": "care", "share": 0.1}, {"to": "leave", "share": 0.9}]},
        "leave": {"do": "release", "pools": "bay", "next": "home"},
        "home": {"do": "exit"},
    },
}


def with_change(path: str, value: Any) -> Document:
    return changed(copy.deepcopy(CLINIC), (Change(path=path, value=value),))


def test_sound_pathway_is_accepted_with_its_graph() -> None:
    pathway = plan_of(CLINIC).pathway

    graph = pathway.graph
    assert graph.nodes["bay"]["operation"] == pathway.operations["bay"]
    assert graph.edges["ways", "care"]["roles"] == ("branch",)
    assert pathway.levels == 2


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("nodes.ways.branches.1.share", 0.91, "sum to 1.01, not 1"),  # the fault of a published parameter file
        ("nodes.ways.branches.1.to", "nowhere", "There is no node 'nowhere'"),
        ("nodes.bay.pools", "bays", "There is no pool 'bays'"),
        ("nodes.leave.pools", "nurse", "Releases nurse, which is not held here"),
        ("nodes.leave", {"do": "delay", "duration": 1, "next": "home"}, "leaves holding 1 bay"),
        ("nodes.care.next", "bay", "No patient can come here"),
        ("arrivals.walk-in.classes.minor", 0.5, "Shares sum to 0.9, not 1"),
        ("pools.bay.capacity", 0, "which has at most 0"),
        ("nodes.bay.quantity", 4, "Asks for 4 of 'bay'"),
        ("pools.nurse.changes", [{"after": "1h", "add": -5}], "fewer than 0 units"),
        ("calendars.office.open", [], "It never opens"),
        ("pools.nurse.turnover", {"duration": 5, "cleaner": "robot"}, "There is no pool 'robot'"),
        ("nodes.home", {"do": "batch", "size": 2, "next": "home"}, "No exit can be reached"),
        ("nodes.bay.priority", 99, "are not kept apart"),
        ("nodes.care.calendar", "nights", "There is no calendar 'nights'"),
    ],
)
def test_pathway_that_does_not_hold_together_is_refused(path: str, value: Any, message: str) -> None:
    with pytest.raises(PathwayRefused, match=message) as caught:
        plan_of(with_change(path, value))

    assert all(problem.place and problem.cure for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("nodes.care.duration", "exp", "Expected a duration"),
        ("nodes.care.duration", "exp:mean=-3", "out of range"),
        ("nodes.care.duration", "poisson:3", "Unknown distribution"),
        ("nodes.care.duration", "lognormal:mean=3,sd=1,extra=2", "a parameter too many"),
        ("nodes.care.duration", True, "Expected a duration"),
        ("nodes.care.do", "heal", "Unknown operation 'heal'"),
        ("nodes.care.durations", 3, "Unknown key"),
        ("pools.bay.capacity", "three", "Expected a whole number"),
        ("pools.bay.capacity", -1, "at least 0"),
        ("pools.bay.discipline", "loudest", "Unknown discipline"),
        ("arrivals.walk-in.gap", 3, "Expected one timing"),
        ("arrivals.walk-in.per_hour", [3, -1], "rates of at least 0"),
        ("arrivals.walk-in.classes", "huge", "Unknown class 'huge'"),
        ("calendars.office.open", [{"days": "mo", "from": "08:00"}], "Unknown days"),
        ("calendars.office.open", [{"from": "8 am"}], "Expected a time of day"),
        ("calendars.office.open", [{"from": "0\u00b2:00", "to": "16:00"}], "Expected a time of day"),
        ("arrivals.walk-in", {"to": "bay", "burst": {"count": 1 << 39}}, "at most 1000000 patients"),
        ("arrivals.walk-in.per_hour", [1.0, float("nan")], "Expected rates"),
        ("pools.nurse.changes", [{"after": "1h", "add": 10**30}], "Expected a whole number"),
        ("arrivals.walk-in.group", "const:1e9", "at most 1000000 patients together"),
        ("zone", "America", "Unknown zone"),  # a folder of zones
        ("nodes.care.duration", 1e300, "below a hundred thousand years"),
        ("nodes.care.duration", 10**400, "below a hundred thousand years"),
        ("pools.nurse.cost_per_hour", float("nan"), "Expected a number"),
        ("zone", "Mars/Base", "Unknown zone"),
        ("unit", "fortnight", "Unknown unit"),
        ("nodes.ways", {"do": "route", "by": "mood", "branches": []}, "Unknown way to choose"),
        ("nodes.ways.by", "condition", "Unknown key"),
        ("title2", "x", "Unknown key"),
        ("nodes.a:b", {"do": "exit"}, "no colon"),
        ("nodes.care", 3, "Expected a table"),
    ],
)
def test_entry_that_cannot_be_read_is_named_with_a_cure(path: str, value: Any, message: str) -> None:
    with pytest.raises(PathwayError, match=message) as caught:
        plan_of(with_change(path, value))

    assert caught.value.problem.place
    assert caught.value.problem.cure


@pytest.mark.parametrize(
    "condition", ["queue(bay) =", "a or b", "max(3) > 2", "class == 'huge'", "age > 'old'", "1 < 2 < 3"]
)
def test_condition_that_cannot_be_read_is_refused(condition: str) -> None:
    ways = {"do": "route", "by": "condition", "branches": [{"to": "care", "if": condition}, {"to": "leave"}]}

    with pytest.raises(PathwayError):
        plan_of(with_change("nodes.ways", ways))


JOINS = {
    "split": {"do": "fork", "branches": ["look", "test"], "join": "met"},
    "look": {"do": "delay", "duration": 1, "next": "met"},
    "test": {"do": "delay", "duration": 2, "next": "met"},
    "met": {"do": "join", "next": "home"},
    "home": {"do": "exit"},
}


def forked(first: str) -> Document:
    ways = [{"to": "split", "share": 0.5}, {"to": first, "share": 0.5}]
    start = {"in": {"do": "route", "branches": ways}}
    return {"arrivals": {"door": {"to": "in", "gap": "exp:mean=5"}}, "nodes": JOINS | start}


@pytest.mark.parametrize(
    ("first", "message"),
    [
        ("met", "comes to the join without a fork"),  # it would end a branch of nobody
        ("look", "Some come here holding .*branch to met"),
    ],
)
def test_join_is_for_the_branches_of_its_fork_alone(first: str, message: str) -> None:
    plan_of(forked("split"))
    with pytest.raises(PathwayRefused, match=message):
        plan_of(forked(first))


def test_several_faults_are_told_at_once() -> None:
    document = with_change("nodes.ways.branches.1.share", 0.5)
    document["arrivals"]["walk-in"]["classes"]["minor"] = 0.1

    with pytest.raises(PathwayRefused) as caught:
        plan_of(document)

    assert len(caught.value.problems) == 3


def test_duration_by_class_and_units_are_read() -> None:
    durations = {"minor": "5 min", "other": "lognormal:mean=1h,sd=30min"}
    pathway = plan_of(with_change("nodes.care.duration", durations)).pathway

    found = pathway.operations["care:service"].durations  # type: ignore[union-attr]
    assert [round(one.mean / 6e7, 6) for one in found] == [5.0, 60.0]


def test_transport_takes_its_time_from_the_building() -> None:
    from simulation.model.building import build_pathway
    from simulation.model.calendars import Span

    move = {"do": "transport", "pools": "nurse", "from": "ED", "to": "3A", "next": "ways"}

    with pytest.raises(PathwayError, match="no building"):
        plan_of(with_change("nodes.care", move))
    pathway = build_pathway(
        with_change("nodes.care", move), span=Span(start_at=0, horizon_us=10**9), travel=lambda start, end, mover: 95.0
    )

    assert pathway.operations["care:way"].durations[0].mean == 95e6  # type: ignore[union-attr]
    assert isinstance(pathway.operations["care"], Seize)


def test_file_that_is_no_toml_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text("name = \n", encoding="utf-8")

    with pytest.raises(PathwayError, match="line 1"):
        load_document(path)
    with pytest.raises(PathwayError, match="Cannot read the file"):
        load_document(tmp_path / "missing.toml")
