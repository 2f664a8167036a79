"""Odd but valid hospitals: every one is planned, and the costs told are those that the two files themselves give."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from scheduling.checker.admissions import check_admissions
from scheduling.loaders.generator import Wanted, generate
from scheduling.loaders.ihtc import WEIGHT_KEYS, plan_of, plan_to_bytes, problem_from_bytes, problem_to_bytes
from scheduling.loaders.records import object_of
from scheduling.solvers.admissions.search import Settings, solve
from tests.scheduling.raw_costs import hard_units, soft_costs

pytestmark = pytest.mark.timeout(300)  # the first one on a fresh machine compiles the search
Json = dict[str, Any]


def hospital(**wanted: Any) -> Json:
    """Give a hospital of the generator as the values of its file."""
    made = generate(Wanted(**({"patients": 24, "days": 14, "seed": 3} | wanted)))
    return json.loads(problem_to_bytes(made))  # type: ignore[no-any-return]  # an object


def _each(of: str, **values: Any) -> Callable[[Json], None]:
    def change(made: Json) -> None:
        for one in made[of]:
            one.update(values)

    return change


def _due_at_once(made: Json) -> None:
    for one in made["patients"]:
        one.update(mandatory=True, surgery_due_day=one["surgery_release_day"])


def _nobody_must(made: Json) -> None:
    for one in made["patients"]:
        one["mandatory"] = False
        one.pop("surgery_due_day", None)


def _one_room(made: Json) -> None:
    only = made["rooms"][0]["id"]
    made["rooms"] = made["rooms"][:1]
    _each("patients", incompatible_room_ids=[])(made)
    _each("occupants", room_id=only)(made)


def _all_rooms_but_one_unsuitable(made: Json) -> None:
    rooms = [one["id"] for one in made["rooms"]]
    for index, one in enumerate(made["patients"]):
        kept = rooms[index % len(rooms)]
        one["incompatible_room_ids"] = [room for room in rooms if room != kept]


def _stays(days: int) -> Callable[[Json], None]:
    def change(made: Json) -> None:
        n = days * len(made["shift_types"])
        _each("patients", length_of_stay=days, workload_produced=[2] * n, skill_level_required=[1] * n)(made)

    return change


def _leave_on_the_first_day(made: Json) -> None:
    n = len(made["shift_types"])
    _each("occupants", length_of_stay=1, workload_produced=[3] * n, skill_level_required=[0] * n)(made)


def _closed_every_other_day(made: Json) -> None:
    for one in made["operating_theaters"]:
        one["availability"] = [0 if day % 2 else minutes for day, minutes in enumerate(one["availability"])]


def _idle_surgeons(made: Json) -> None:
    only = made["surgeons"][0]["id"]
    _each("patients", surgeon_id=only)(made)


def _no_work(made: Json) -> None:
    for of in ("patients", "occupants"):
        for one in made[of]:
            one["workload_produced"] = [0] * len(one["workload_produced"])


def _other_words(made: Json) -> None:
    """Ages and shifts of other names in another order, people without an order."""
    ages = made["age_groups"]
    made["age_groups"] = ages[::-1]
    chance = random.Random(1)
    for of in ("patients", "rooms", "nurses", "surgeons", "operating_theaters"):
        chance.shuffle(made[of])


def _unknown_keys(made: Json) -> None:
    made["comment"] = {"by": ["somebody"]}
    _each("patients", name=None, colour="red")(made)


def _one_shift_a_day(made: Json) -> None:
    first = made["shift_types"][0]
    made["shift_types"] = [first]
    for of in ("patients", "occupants"):
        for one in made[of]:
            for key in ("workload_produced", "skill_level_required"):
                one[key] = one[key][: one["length_of_stay"]]
    for nurse in made["nurses"]:
        nurse["working_shifts"] = [one for one in nurse["working_shifts"] if one["shift"] == first]


ODD: dict[str, Callable[[Json], object]] = {
    "as drawn": lambda made: None,
    "due on the day of release": _due_at_once,
    "nobody must come": _nobody_must,
    "one room": _one_room,
    "all rooms but one unsuitable": _all_rooms_but_one_unsuitable,
    "stays beyond the horizon": _stays(60),
    "stays of a day": _stays(1),
    "occupants leave on the first day": _leave_on_the_first_day,
    "no occupants": lambda made: made.update(occupants=[]),
    "theatres closed every other day": _closed_every_other_day,
    "theatres never open": lambda made: _each("operating_theaters", availability=[0] * made["days"])(made),
    "surgeons who never operate": lambda made: _each("surgeons", max_surgery_time=[0] * made["days"])(made),
    "surgeons without patients": _idle_surgeons,
    "operations of no length": _each("patients", surgery_duration=0),
    "rooms without beds": _each("rooms", capacity=0),
    "no work": _no_work,
    "weights of nothing": lambda made: made.update(weights=dict.fromkeys(made["weights"], 0)),
    "huge weights": lambda made: made.update(weights=dict.fromkeys(made["weights"], 1_000_000)),
    "another order": _other_words,
    "unknown keys": _unknown_keys,
    "one shift a day": _one_shift_a_day,
    "one nurse": lambda made: made.update(nurses=made["nurses"][:1]),
    "nurses who never work": _each("nurses", working_shifts=[]),
    "one patient": lambda made: made.update(patients=made["patients"][:1]),
    "one theatre": lambda made: made.update(operating_theaters=made["operating_theaters"][:1]),
    "all of one gender": _each("patients", gender="X"),
}


def compare(made: Json, solution: Json) -> None:
    """Assert that the checker says of a plan what the two files say."""
    problem = problem_from_bytes(json.dumps(made).encode())
    report = check_admissions(problem, plan_of(object_of(json.dumps(solution).encode(), "plan"), problem))

    costs = {rule.value: cost for rule, cost in report.cost_by_rule().items()}
    raw = soft_costs(made, solution)
    assert costs.pop("change", 0) == 0  # a file knows no plan in force
    assert costs == {name: raw[key] for name, key in WEIGHT_KEYS.items()}
    assert {rule.value: units for rule, units in report.violations_by_rule().items()} == hard_units(made, solution)


@pytest.mark.parametrize("name", ODD)
def test_an_odd_hospital_is_planned_and_told_right(name: str) -> None:
    made = hospital()
    ODD[name](made)
    problem = problem_from_bytes(json.dumps(made).encode())

    found = solve(problem, Settings(steps=4000, threads=2, seed=1))

    compare(made, json.loads(plan_to_bytes(problem, found.plan)))


@pytest.mark.parametrize("days", [7, 13, 28])
def test_weeks_of_any_length_are_planned(days: int) -> None:
    made = hospital(days=days, patients=40)
    problem = problem_from_bytes(json.dumps(made).encode())

    found = solve(problem, Settings(steps=4000, threads=1, seed=days))

    compare(made, json.loads(plan_to_bytes(problem, found.plan)))


@pytest.mark.parametrize("seed", range(12))
def test_nonsense_plans_are_priced_as_the_files_say(seed: int) -> None:
    """Every rule is broken somewhere: rooms, days, theatres and nurses by chance."""
    chance = random.Random(seed)
    made = hospital(seed=seed)
    days, rooms = made["days"], [one["id"] for one in made["rooms"]]
    theatres = [one["id"] for one in made["operating_theaters"]]
    stays = [
        {
            "id": one["id"],
            "admission_day": chance.choice([*range(days), "none"]),
            "room": chance.choice(rooms),
            "operating_theater": chance.choice(theatres),
        }
        for one in made["patients"]
    ]
    duties: dict[str, dict[tuple[int, str], list[str]]] = {one["id"]: {} for one in made["nurses"]}
    names = sorted(duties)
    on_duty = [(one["id"], work["day"], work["shift"]) for one in made["nurses"] for work in one["working_shifts"]]
    for day in range(days):
        for shift in made["shift_types"]:
            for room in rooms:
                if chance.random() < 0.9:
                    # mostly somebody who works then
                    working = [one for one in on_duty if one[1:] == (day, shift)]
                    nurse = chance.choice(working)[0] if working and chance.random() < 0.8 else chance.choice(names)
                    duties[nurse].setdefault((day, shift), []).append(room)
    nurses = [
        {
            "id": name,
            "assignments": [{"day": day, "shift": shift, "rooms": held} for (day, shift), held in worked.items()],
        }
        for name, worked in duties.items()
    ]

    compare(made, {"patients": stays, "nurses": nurses})
