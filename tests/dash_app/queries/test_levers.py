"""What a planner may change is what the hospital has, by the paths that the simulation understands."""

from dash_app.queries.levers import LeverKind, lever_of_ward, levers, ward_names
from simulation.experiments.changes import changed
from simulation.experiments.live import live_start
from simulation.experiments.request import Change
from tests.dash_app.small_hospital import NOW, small_state


def test_every_lever_moves_the_pathway_of_the_hospital_as_it_is():
    state = small_state()
    pathway = live_start(state.freeze(NOW)).pathway
    found = levers(state, NOW)

    assert found
    for lever in found:
        action = "scale" if lever.kind is LeverKind.RATE else "add"
        assert changed(pathway, (Change(path=lever.path, action=action, value=2),)) != pathway


def test_a_ward_is_offered_by_its_name_with_the_beds_it_has_now():
    state = small_state()
    (ward,) = [lever for lever in levers(state, NOW) if lever.name == "Ward 1"]

    assert ward.path == "pools.ward-W1.capacity"
    assert ward.now == float(sum(bed.startswith("W1-") for bed in state.beds))


def test_the_beds_of_a_ward_that_a_forecast_names_are_one_of_the_levers():
    state = small_state()
    offered = {lever.path for lever in levers(state, NOW)}
    wards = {bed.ward for bed in state.freeze(NOW).beds.values()}

    assert lever_of_ward(state, NOW, "W1") == "pools.ward-W1.capacity"
    assert {lever_of_ward(state, NOW, ward) for ward in wards} <= offered
    assert lever_of_ward(state, NOW, "nowhere") == ""


def test_wards_have_chinese_names_too():
    assert ward_names(small_state(), chinese=True)["ward-W1"] == "一病区"
