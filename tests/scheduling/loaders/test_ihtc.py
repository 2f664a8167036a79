"""Files of the competition, in and out, and every bad input named."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.loaders.ihtc import load_problem, plan_of, plan_to_bytes, problem_from_bytes, problem_to_bytes
from scheduling.loaders.records import object_of
from scheduling.model.admissions import AdmissionProblem, Room, Weights
from tests.datafiles import data_file
from tests.scheduling.wards import good_plan, nurse, patient, problem, problems
from twin.errors import DecodeError, ImportRefused, InputError

FILE: dict[str, Any] = json.loads(problem_to_bytes(problem()))


@pytest.mark.parametrize("name", ["i01", "i16", "small03", "test10"])
def test_published_problems_are_read(name: str) -> None:
    file = data_file(f"ihtc2024/{name}.json")
    told = json.loads(file.read_text())

    made = load_problem(file)

    assert len(made.patients) == len(told["patients"])
    assert sum(len(found.shifts) for found in made.nurses) == sum(len(n["working_shifts"]) for n in told["nurses"])


def test_a_problem_written_and_read_again_is_the_same() -> None:
    made = problem()

    assert problem_to_bytes(problem_from_bytes(problem_to_bytes(made))) == problem_to_bytes(made)


def test_keys_of_ours_are_read_and_written_where_they_say_something() -> None:
    made = problem(
        patients=(patient(intensive_days=1, incompatible_theatres=frozenset({"t1"})),),
        rooms=(Room(id="r1", capacity=2, blocked_by_day=(1, 0, 0, 0)), Room(id="r2", capacity=1)),
        nurses=(replace(nurse(), shifts=tuple(replace(shift, max_rooms=2) for shift in nurse().shifts)),),
        weights=Weights(),
        intensive_beds=(1, 0, 2, 2),
    )

    assert problem_from_bytes(problem_to_bytes(made)) == made
    assert not {"intensive_beds", "blocked_beds", "max_rooms"} & set(json.dumps(FILE).split('"'))


def test_a_plan_written_and_read_again_is_the_same() -> None:
    made = problem()
    plan = good_plan(made)

    assert plan_of(object_of(plan_to_bytes(made, plan), "plan"), made) == plan


def _at(*path: str | int, value: object) -> Callable[[dict[str, Any]], None]:
    def change(body: dict[str, Any]) -> None:
        found: Any = body
        for step in path[:-1]:
            found = found[step]
        found[path[-1]] = value

    return change


def _without(*path: str | int) -> Callable[[dict[str, Any]], None]:
    def change(body: dict[str, Any]) -> None:
        found: Any = body
        for step in path[:-1]:
            found = found[step]
        del found[path[-1]]

    return change


def _twice(name: str) -> Callable[[dict[str, Any]], None]:
    return lambda body: body[name].append(copy.deepcopy(body[name][0]))


BAD: list[tuple[Callable[[dict[str, Any]], None], str, str]] = [
    (_at("days", value=0), "days", ""),
    (_at("days", value=True), "days", ""),
    (_at("days", value=10**30), "days", ""),
    (_without("days"), "days", ""),
    (_at("age_groups", value=[]), "age_groups", ""),
    (_at("shift_types", value=["early", "early"]), "shift_types", ""),
    (_at("patients", value=[]), "patients", ""),
    (_at("patients", value={}), "patients", ""),
    (_at("patients", 0, value=7), "patients", "patients/0"),
    (_at("patients", 0, "length_of_stay", value=-1), "length_of_stay", "patients/0 (p1)"),
    (_at("patients", 0, "length_of_stay", value=2.5), "length_of_stay", "patients/0 (p1)"),
    (_at("patients", 0, "workload_produced", value=[1]), "workload_produced", "patients/0 (p1)"),
    (_at("patients", 0, "workload_produced", 2, value=-3), "workload_produced/2", "patients/0 (p1)"),
    (_at("patients", 1, "skill_level_required", 0, value=9), "skill_level_required/0", "patients/1 (p2)"),
    (_at("patients", 0, "surgeon_id", value="s9"), "surgeon_id", "patients/0 (p1)"),
    (_at("patients", 0, "incompatible_room_ids", value=["r9"]), "incompatible_room_ids", "patients/0 (p1)"),
    (_at("patients", 0, "mandatory", value="yes"), "mandatory", "patients/0 (p1)"),
    (_without("patients", 0, "surgery_due_day"), "surgery_due_day", "patients/0 (p1)"),
    (_at("patients", 0, "surgery_release_day", value=99), "surgery_release_day", "patients/0 (p1)"),
    (_at("patients", 0, "age_group", value="ancient"), "age_group", "patients/0 (p1)"),
    (_at("patients", 0, "gender", value=None), "gender", "patients/0 (p1)"),
    (_twice("patients"), "id", "patients/2 (p1)"),
    (_twice("surgeons"), "id", "surgeons/1 (s1)"),
    (_twice("rooms"), "id", "rooms/2 (r1)"),
    (_twice("nurses"), "id", "nurses/1 (n1)"),
    (_at("patients", 0, "id", value="o1"), "id", "occupants"),
    (_at("occupants", 0, "room_id", value="r9"), "room_id", "occupants/0 (o1)"),
    (_at("nurses", 0, "working_shifts", 0, "shift", value="tea"), "shift", "nurses/0 (n1)/working_shifts/0"),
    (_at("nurses", 0, "working_shifts", 0, "day", value=4), "day", "nurses/0 (n1)/working_shifts/0"),
    (_at("nurses", 0, "working_shifts", 1, "shift", value="early"), "working_shifts", "nurses/0 (n1)/working_shifts/1"),
    (_at("operating_theaters", 0, "availability", value=[1]), "availability", "operating_theaters/0 (t1)"),
    (_at("rooms", 0, "capacity", value="two"), "capacity", "rooms/0 (r1)"),
    (_without("weights", "patient_delay"), "patient_delay", "weights"),
    (_at("weights", value=3), "weights", ""),
    (_at("intensive_beds", value=[1]), "intensive_beds", ""),
    (_at("patients", 0, "intensive_days", value=3), "intensive_days", "patients/0 (p1)"),  # longer than the stay
    (_at("patients", 0, "incompatible_theater_ids", value=["t9"]), "incompatible_theater_ids", "patients/0 (p1)"),
    (_at("rooms", 0, "blocked_beds", value=[-1, 0, 0, 0]), "blocked_beds/0", "rooms/0 (r1)"),
    (_at("nurses", 0, "working_shifts", 0, "max_rooms", value="2"), "max_rooms", "nurses/0 (n1)/working_shifts/0"),
]


@pytest.mark.parametrize(("change", "name", "place"), BAD)
def test_bad_input_is_named_by_field_and_record(
    change: Callable[[dict[str, Any]], None], name: str, place: str
) -> None:
    body = copy.deepcopy(FILE)
    change(body)

    with pytest.raises(ImportRefused) as refused:
        problem_from_bytes(json.dumps(body).encode(), "week.json")

    assert (name, place) in {(found.field, found.place) for found in refused.value.problems}
    assert "week.json" in refused.value.message


def test_all_problems_of_a_file_are_told_at_once() -> None:
    body = copy.deepcopy(FILE)
    body["patients"][0]["length_of_stay"] = 0
    body["rooms"][1]["capacity"] = -4

    with pytest.raises(ImportRefused) as refused:
        problem_from_bytes(json.dumps(body).encode())

    assert {"length_of_stay", "capacity"} <= {found.field for found in refused.value.problems}


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b"\xff\xfe\x00", b"[" * 100_000, b"null"],
    ids=["empty", "list", "cut", "bytes", "deep", "null"],
)
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(DecodeError):
        problem_from_bytes(body)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DecodeError, match="nowhere"):
        load_problem(tmp_path / "nowhere.json")


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (_at("patients", 0, "admission_day", value="soon"), "admission_day"),
        (_at("patients", 0, "admission_day", value=44), "admission_day"),
        (_at("patients", 0, "room", value="r9"), "room"),
        (_without("patients", 0, "operating_theater"), "operating_theater"),
        (_at("patients", 0, "id", value="p9"), "id"),
        (_at("nurses", 0, "id", value="n9"), "id"),
        (_at("nurses", 0, "assignments", 0, "rooms", value=["r9"]), "rooms"),
        (_at("nurses", 0, "assignments", 0, "shift", value="tea"), "shift"),
    ],
)
def test_a_bad_solution_is_named_by_field(change: Callable[[dict[str, Any]], None], name: str) -> None:
    made = problem()
    body = json.loads(plan_to_bytes(made, good_plan(made)))
    change(body)

    with pytest.raises(ImportRefused) as refused:
        plan_of(object_of(json.dumps(body).encode(), "plan.json"), made)

    assert name in {found.field for found in refused.value.problems}


@settings(max_examples=30, deadline=None)
@given(made=problems)
def test_any_problem_survives_its_file(made: AdmissionProblem) -> None:
    assert all(isinstance(room, Room) for room in made.rooms)
    operated = [found for found in made.patients if found.surgeon]
    if not operated:
        return
    # The plan in force has no place in a file, and its price goes with it; optional patients may come to the end.
    made = replace(made, patients=tuple(operated), published=(), weights=replace(made.weights, change=0))

    again = problem_from_bytes(problem_to_bytes(made))

    def until_the_end(found: AdmissionProblem) -> AdmissionProblem:
        ends = (one if one.is_mandatory else replace(one, due_day=made.days - 1) for one in found.patients)
        return replace(found, patients=tuple(ends))

    assert again == until_the_end(made)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=100, deadline=None)
@given(data=st.data(), value=json_values)
def test_no_value_anywhere_does_anything_but_a_clear_error(data: st.DataObject, value: object) -> None:
    body = copy.deepcopy(FILE)
    found: Any = body
    for _ in range(data.draw(st.integers(1, 4))):
        steps = list(found) if isinstance(found, dict) else list(range(len(found)))
        step = data.draw(st.sampled_from(steps))
        if not isinstance(found[step], dict | list) or not found[step]:
            break
        parent, found = found, found[step]
        last = step
    else:
        parent[last] = value
    if isinstance(found, dict | list) and not isinstance(found, str) and found:
        first = next(iter(found)) if isinstance(found, dict) else 0
        found[first] = value

    with contextlib.suppress(InputError):
        problem_from_bytes(json.dumps(body).encode())
