"""Nonsense plans cost and break what the competition's own validator says.

``official_validator.json`` holds six hospitals of our generator, plans by chance for them that break every rule which a
plan can break in that validator without being refused as a whole, and what it printed: version 0.0 of 23 May 2024, from
the organisers' repository at commit f9212b0 (16 December 2025), built with g++. Rooms without a nurse and nurses who
are off duty are not among them: it reads outside its tables for the one, and ends with an error for the other.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scheduling.checker.admissions import check_admissions
from scheduling.loaders.ihtc import plan_of, problem_from_bytes
from scheduling.loaders.records import object_of
from scheduling.model.report import HardRule, SoftRule
from tests.scheduling.raw_costs import hard_units, soft_costs

RECORDED: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "golden" / "official_validator.json").read_text("utf-8")
)
BROKEN = {
    "RoomGenderMix": HardRule.GENDER_MIX,
    "PatientRoomCompatibility": HardRule.INCOMPATIBLE_ROOM,
    "SurgeonOvertime": HardRule.SURGEON_OVERTIME,
    "OperatingTheaterOvertime": HardRule.THEATRE_OVERTIME,
    "MandatoryUnscheduledPatients": HardRule.MANDATORY_UNSCHEDULED,
    "AdmissionDay": HardRule.ADMISSION_DAY,
    "RoomCapacity": HardRule.ROOM_CAPACITY,
    "NursePresence": HardRule.NURSE_PRESENCE,
    "UncoveredRoom": HardRule.UNCOVERED_ROOM,
}
COSTS = {
    "RoomAgeMix": (SoftRule.MIXED_AGE, "room_mixed_age"),
    "RoomSkillLevel": (SoftRule.NURSE_SKILL, "room_nurse_skill"),
    "ContinuityOfCare": (SoftRule.CONTINUITY, "continuity_of_care"),
    "ExcessiveNurseWorkload": (SoftRule.EXCESS_WORKLOAD, "nurse_eccessive_workload"),
    "OpenOperatingTheater": (SoftRule.OPEN_THEATRE, "open_operating_theater"),
    "SurgeonTransfer": (SoftRule.SURGEON_TRANSFER, "surgeon_transfer"),
    "PatientDelay": (SoftRule.DELAY, "patient_delay"),
    "ElectiveUnscheduledPatients": (SoftRule.UNSCHEDULED, "unscheduled_optional"),
}


@pytest.mark.parametrize("recorded", RECORDED, ids=range(len(RECORDED)))
def test_checker_and_raw_costs_say_what_the_official_validator_says(recorded: dict[str, Any]) -> None:
    made, solution, told = recorded["instance"], recorded["solution"], recorded["told"]
    problem = problem_from_bytes(json.dumps(made).encode())

    report = check_admissions(problem, plan_of(object_of(json.dumps(solution).encode(), "plan"), problem))

    broken, costs = report.violations_by_rule(), report.cost_by_rule()
    assert {name: broken.get(rule, 0) for name, rule in BROKEN.items()} == {name: told[name] for name in BROKEN}
    assert {name: costs.get(rule, 0) for name, (rule, _) in COSTS.items()} == {name: told[name] for name in COSTS}
    units, raw = hard_units(made, solution), soft_costs(made, solution)
    assert {name: units[rule.value] for name, rule in BROKEN.items()} == {name: told[name] for name in BROKEN}
    assert {name: raw[key] for name, (_, key) in COSTS.items()} == {name: told[name] for name in COSTS}


def test_each_rule_is_broken_in_some_recorded_plan() -> None:
    never = {name for name in [*BROKEN, *COSTS] if not any(one["told"][name] for one in RECORDED)}

    assert never == {"NursePresence", "UncoveredRoom"}
