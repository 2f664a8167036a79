"""Those who are in place begin in a kept pathway where it has their node, and are told of where it has not."""

from __future__ import annotations

import copy
from typing import Any, cast

import pytest

from simulation.experiments.live import live_start
from simulation.experiments.placing import Placed, placed_in
from simulation.experiments.request import Change, ExperimentRequest, Scenario
from simulation.experiments.running import plan_of
from simulation.model.building import build_pathway
from simulation.model.calendars import Span
from simulation.model.problems import PathwayError
from tests.simulation.experiments.test_live import hospital
from tests.simulation.pathways import HOUR, MONDAY, both, rows
from tests.simulation.pathways import plan_of as plan_of_document

Document = dict[str, Any]
LIVE = live_start(hospital())


def kept() -> Document:
    return copy.deepcopy(cast(Document, LIVE.pathway))


def placed(document: Document) -> Placed:
    return placed_in(build_pathway(document, span=Span(start_at=MONDAY, horizon_us=HOUR)), LIVE.initial)


def test_everybody_has_a_place_in_the_live_pathway_itself() -> None:
    found = placed(kept())

    assert found.initial == LIVE.initial
    assert found.left_out == {}


def test_classes_are_found_by_name_whatever_their_order() -> None:
    document = kept()
    document["classes"] = dict(reversed(document["classes"].items()))

    by_name = {one.name: one for one in placed(document).initial.patients}

    assert by_name["E-ED-00"].patient_class == 1  # minor stands in the middle
    assert by_name["E-ED-01"].patient_class == 2  # major is the last one now


def test_who_has_no_node_in_a_changed_pathway_is_counted() -> None:
    document = kept()
    document["nodes"]["long-stay"] = document["nodes"].pop("icu-stay")
    document["nodes"]["ed-left-for-icu"]["next"] = "long-stay"

    found = placed(document)

    assert found.left_out == {"icu-stay": 2}
    assert len(found.initial.patients) == len(LIVE.initial.patients) - 2


def test_who_would_hold_other_units_than_the_pathway_gives_back_is_left_out() -> None:
    document = kept()
    document["pools"]["nurse"] = {"capacity": 5}
    document["nodes"]["wait-for-bay"]["next"] = "meet"
    document["nodes"]["meet"] = {"do": "seize", "pools": "nurse", "next": "ed-care"}
    document["nodes"]["ed-care"]["next"] = "part"
    document["nodes"]["part"] = {"do": "release", "pools": "nurse", "next": "ed-decision"}

    found = placed(document)

    assert found.left_out == {"ed-care": 3}


def test_kept_pathway_with_who_is_in_place_runs_alike_on_both_engines() -> None:
    document = kept()
    document["nodes"]["ed-care"]["duration"] = "lognormal:mean=3h,sd=1h"
    initial = placed(document).initial

    fast, slow = both(plan_of_document(document, hours=24, initial=initial))

    assert rows(fast) == rows(slow)
    assert fast.inside > 0


def test_pathway_without_any_node_of_the_live_one_says_so() -> None:
    own = {
        "arrivals": {"in": {"to": "out", "gap": 5}},
        "nodes": {"out": {"do": "exit"}},
    }

    with pytest.raises(PathwayError, match=r"None of the \d+ patients and beds"):
        placed(own)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (  # the node is gone
            [
                ("nodes.other", "set", {"do": "delay", "duration": 5, "next": "icu-to-ward"}),
                ("nodes.ed-left-for-icu.next", "set", "other"),
                ("nodes.icu-stay", "remove", None),
            ],
            "there is no such node",
        ),
        (  # a bed is given back before the stay, so who is there holds one too many
            [
                ("nodes.early", "set", {"do": "release", "pools": "icu", "next": "icu-stay"}),
                ("nodes.ed-left-for-icu.next", "set", "early"),
                ("nodes.icu-left-for-3A", "set", {"do": "set", "attribute": "k", "value": 1, "next": "stay-3A"}),
            ],
            "one holds nothing there, and it holds 1 icu",
        ),
        (  # one passes there, but does not stay
            [("nodes.icu-stay", "set", {"do": "set", "attribute": "k", "value": 1, "next": "icu-to-ward"})],
            "neither stays nor waits",
        ),
    ],
)
def test_scenario_that_takes_away_where_patients_are_is_refused(
    changes: list[tuple[str, str, object]], told: str
) -> None:
    scenario = Scenario(name="changed", changes=tuple(Change(path=p, action=a, value=v) for p, a, v in changes))
    request = ExperimentRequest(pathway=LIVE.pathway, initial=LIVE.initial, start_at=MONDAY)

    with pytest.raises(PathwayError, match=told) as caught:
        plan_of(request, scenario)
    assert caught.value.problem.place == "nodes.icu-stay"
