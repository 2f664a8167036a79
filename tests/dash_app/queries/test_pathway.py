"""A pathway on the page: laid out without two nodes in one place, changed entry by entry, faults with their places."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dash_app.queries import pathway
from simulation.model.problems import PathwayError, PathwayRefused
from tests.simulation.experiments.test_choosing import QUEUE


def test_nodes_stand_apart_and_ways_lead_onwards():
    plan = pathway.plan_for(QUEUE, start_at=0, hours=1)
    found = pathway.shown(plan.pathway, QUEUE)
    places = [(node.x, node.y) for node in found.nodes]
    column = {node.id: node.x for node in found.nodes}

    assert len(set(places)) == len(places) == 4
    assert all(column[way.start] < column[way.end] for way in found.ways)
    assert {node.does for node in found.nodes} == {"seize", "delay", "release", "exit"}


def test_a_loop_is_laid_out_too():
    document = json.loads(json.dumps(QUEUE))
    document["nodes"]["done"]["next"] = "again"
    branches = [{"to": "desk", "share": 0.2}, {"to": "out", "share": 0.8}]
    document["nodes"]["again"] = {"do": "route", "branches": branches}
    plan = pathway.plan_for(document, start_at=0, hours=1)
    found = pathway.shown(plan.pathway, document)

    assert {node.x for node in found.nodes if node.id in {"desk", "work", "done", "again"}} == {0.0}


def test_an_entry_is_changed_put_in_and_taken_out():
    more = pathway.with_entry(QUEUE, "pools.clerk", '{"capacity": 9}')
    added = pathway.with_entry(more, "pools.guide", '{"capacity": 1}')
    gone = pathway.with_entry(added, "pools.porter", "  ")

    assert gone["pools"] == {"clerk": {"capacity": 9}, "guide": {"capacity": 1}}
    assert QUEUE["pools"]["clerk"] == {"capacity": 3}
    assert json.loads(pathway.entry_text(gone, "pools.guide")) == {"capacity": 1}
    assert pathway.entry_text(gone, "pools.porter") == ""
    assert "nodes.desk" in pathway.entries_of(gone)


@pytest.mark.parametrize(
    ("address", "text"),
    [("", "{}"), ("pools", "{}"), ("walls.east", "{}"), ("pools.x", "{"), ("pools.x", ""), ("nodes.", "1")],
)
def test_an_entry_that_cannot_be_is_refused(address, text):
    with pytest.raises(PathwayError):
        pathway.with_entry(QUEUE, address, text)


def test_a_fault_names_its_place():
    broken = pathway.with_entry(QUEUE, "nodes.desk", '{"do": "seize", "pools": "nobody", "next": "work"}')
    with pytest.raises((PathwayError, PathwayRefused)) as refused:
        pathway.plan_for(broken, start_at=0, hours=1)

    assert "nobody" in str(refused.value)


def test_files_are_read_as_what_their_ending_says():
    assert pathway.read_document("a.toml", b'name = "x"') == {"name": "x"}
    assert pathway.read_document("a.JSON", b'\xef\xbb\xbf{"name": "x"}') == {"name": "x"}
    for name, content in (("a.json", b"[1]"), ("a.json", b"{"), ("a.toml", b"name ="), ("a.json", b"\xff\xfe")):
        with pytest.raises(PathwayError):
            pathway.read_document(name, content)


@given(st.binary(max_size=60), st.sampled_from(["a.json", "a.toml", "", "a"]))
def test_any_file_is_a_document_or_a_clear_error(content, name):
    try:
        found = pathway.read_document(name, content)
    except PathwayError:
        return
    assert isinstance(found, dict)


def test_what_building_adds_is_not_drawn():
    document = json.loads(json.dumps(QUEUE))
    document["pools"]["clerk"] = {"capacity": 3, "turnover": {"duration": "5 min"}}
    plan = pathway.plan_for(document, start_at=0, hours=1)
    found = pathway.shown(plan.pathway, document)

    assert len(plan.pathway.operations) > 4
    assert {node.id for node in found.nodes} == set(QUEUE["nodes"])
