"""Plans that come as JSON: read and checked, or refused with the place of the fault."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from scheduling.model.admissions import AdmissionPlan, AdmissionProblem, Pin, Stay, Surgeon, Theatre, Weights
from scheduling.model.plans import PlanKind
from scheduling.service.contents import content_of, told_of
from scheduling.service.planning import PlanRequest, problem_of
from scheduling.service.soundness import check_admission_problem
from tests.scheduling.wards import good_plan, occupant, patient, problem, random_problem
from twin.errors import DecodeError, HospitalTwinError


@pytest.mark.parametrize("made", [problem(), random_problem(1), random_problem(2, days=9)])
def test_sound_problem_is_taken(made: AdmissionProblem) -> None:
    check_admission_problem(made)


@pytest.mark.parametrize(
    ("made", "place"),
    [
        (problem(days=0), "days"),
        (problem(shift_types=()), "shift_types"),
        (problem(patients=(patient(surgeon="s9"),)), "patients (p1): there is no surgeon 's9'"),
        (problem(patients=(patient(), patient())), "patients (p1): the id stands twice"),
        (problem(patients=(patient(workload=(1,)),)), "patients (p1): workload"),
        (problem(patients=(patient(skill_required=(0,) * 9),)), "patients (p1): skill_required"),
        (problem(patients=(patient(age_group=3),)), "patients (p1): no age group 3"),
        (problem(patients=(patient(release_day=-1),)), "patients (p1)"),
        (problem(patients=(patient(due_day=10**9),)), "patients (p1): due_day"),
        (problem(occupants=(occupant(room="r9"),)), "occupants (o1): there is no room 'r9'"),
        (problem(theatres=(Theatre(id="t1", minutes_by_day=(120,)),)), "theatres (t1): minutes_by_day"),
        (problem(surgeons=(Surgeon(id="s1", minutes_by_day=(2**40,) * 4),)), "surgeons (s1): minutes_by_day"),
        (problem(pins=(Pin(patient="p1", day=7),)), "pins (p1)"),
        (problem(weights=Weights(delay=-5)), "weights"),
    ],
)
def test_unsound_problem_is_refused_with_its_place(made: AdmissionProblem, place: str) -> None:
    body = msgspec.json.encode(made)

    with pytest.raises(DecodeError, match="problem: ") as kept:
        content_of(PlanKind.ADMISSIONS, body, msgspec.json.encode(AdmissionPlan(stays=(), duties=())))
    with pytest.raises(DecodeError) as asked:
        problem_of(PlanRequest(problem=msgspec.Raw(body)))

    assert place in kept.value.message
    assert place in asked.value.message


def test_plan_that_names_an_unknown_patient_is_told_without_that_stay() -> None:
    made = problem()
    plan = good_plan(made)
    more = replace(plan, stays=(*plan.stays, Stay(patient="p9", day=0, room="r1", theatre="")))

    told = told_of(PlanKind.ADMISSIONS, 0, msgspec.json.encode(made), msgspec.json.encode(more))

    assert [one.encounter for one in told.stays] == ["p1", "p2"]


@pytest.mark.parametrize("state", ["not base 64", "AAAA"])
def test_state_that_is_none_is_refused(state: str) -> None:
    with pytest.raises(HospitalTwinError):
        problem_of(PlanRequest(state=state))
