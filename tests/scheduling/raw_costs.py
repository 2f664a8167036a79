"""Costs and broken rules of a plan of the timetabling competition, straight from the two JSON files.

Written from the competition's paper, with loops over days and shifts and no arrays: it shares nothing with the loader,
the checker or the search, so that a mistake in one of them shows. Where the paper leaves it open how much counts (days
outside the window, coming early), it follows the competition's own validator.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

Json = dict[str, Any]


def _stays(problem: Json, solution: Json) -> list[tuple[Json, int, int, str]]:
    """Give each person, first day, day after the last one within the horizon, and room."""
    days = problem["days"]
    people = {one["id"]: one for one in problem["patients"]}
    found = [(one, 0, min(days, one["length_of_stay"]), one["room_id"]) for one in problem["occupants"]]
    for stay in solution["patients"]:
        if stay["admission_day"] != "none":
            one, first = people[stay["id"]], stay["admission_day"]
            found.append((one, first, min(days, first + one["length_of_stay"]), stay["room"]))
    return found


def soft_costs(problem: Json, solution: Json) -> Counter[str]:
    """Give the cost of each soft rule by the competition's key of its weight."""
    units: Counter[str] = Counter()
    shifts, ages = problem["shift_types"], problem["age_groups"]
    present = defaultdict(list)  # by room and day
    for person, first, after, room in _stays(problem, solution):
        for day in range(first, after):
            present[room, day].append((person, day - first))
    for people in present.values():
        groups = [ages.index(person["age_group"]) for person, _day in people]
        units["room_mixed_age"] += max(groups) - min(groups)
    on_duty = {(n["id"], w["day"], w["shift"]) for n in problem["nurses"] for w in n["working_shifts"]}
    nurse_of = {}
    for nurse in solution["nurses"]:
        for duty in nurse["assignments"]:
            # Who is off looks after nobody, whatever the plan says.
            if (nurse["id"], duty["day"], duty["shift"]) in on_duty:
                nurse_of |= {(room, duty["day"], duty["shift"]): nurse["id"] for room in duty["rooms"]}
    skill = {nurse["id"]: nurse["skill_level"] for nurse in problem["nurses"]}
    limit = {
        (nurse["id"], one["day"], one["shift"]): one["max_load"]
        for nurse in problem["nurses"]
        for one in nurse["working_shifts"]
    }
    load: Counter[tuple[str, int, str]] = Counter()
    met = defaultdict(set)
    for (room, day), people in present.items():
        for index, shift in enumerate(shifts):
            nurse = nurse_of.get((room, day, shift))
            if nurse is None:
                continue
            for person, since in people:
                at = since * len(shifts) + index
                units["room_nurse_skill"] += max(0, person["skill_level_required"][at] - skill[nurse])
                load[nurse, day, shift] += person["workload_produced"][at]
                met[person["id"]].add(nurse)
    units["continuity_of_care"] = sum(map(len, met.values()))
    units["nurse_eccessive_workload"] = sum(max(0, work - limit.get(key, work)) for key, work in load.items())
    admitted = {one["id"]: one for one in solution["patients"] if one["admission_day"] != "none"}
    by_id = {one["id"]: one for one in problem["patients"]}
    # A stay without an operation opens no theatre: ours, the competition has none.
    operated = {name: stay for name, stay in admitted.items() if by_id[name]["surgery_duration"]}
    units["open_operating_theater"] = len({(s["operating_theater"], s["admission_day"]) for s in operated.values()})
    where = defaultdict(set)
    for name, stay in operated.items():
        where[by_id[name]["surgeon_id"], stay["admission_day"]].add(stay["operating_theater"])
    for name, stay in admitted.items():
        # Who comes too early breaks a must, and does not make up for the waiting of others.
        units["patient_delay"] += max(0, stay["admission_day"] - by_id[name]["surgery_release_day"])
    units["surgeon_transfer"] = sum(len(theatres) - 1 for theatres in where.values())
    units["unscheduled_optional"] = sum(
        not one["mandatory"] and one["id"] not in admitted for one in problem["patients"]
    )
    return Counter({key: units[key] * weight for key, weight in problem["weights"].items()})


def hard_units(problem: Json, solution: Json) -> Counter[str]:
    """Give by how much each hard rule is broken, by the name that the checker gives it."""
    units: Counter[str] = Counter()
    present = defaultdict(list)
    for person, first, after, room in _stays(problem, solution):
        for day in range(first, after):
            present[room, day].append(person)
    capacity = {room["id"]: room["capacity"] for room in problem["rooms"]}
    by_id = {one["id"]: one for one in problem["patients"]}
    for (room, _day), people in present.items():
        genders = Counter(person["gender"] for person in people)
        units["gender_mix"] += len(people) - max(genders.values())
        units["room_capacity"] += max(0, len(people) - capacity[room])
    theatre: Counter[tuple[str, int]] = Counter()
    surgeon: Counter[tuple[str, int]] = Counter()
    come = set()
    for stay in solution["patients"]:
        day = stay["admission_day"]
        if day == "none":
            continue
        one = by_id[stay["id"]]
        come.add(one["id"])
        units["incompatible_room"] += stay["room"] in one["incompatible_room_ids"]
        last = one["surgery_due_day"] if one["mandatory"] else problem["days"] - 1
        # Once for each patient, unlike minutes and beds: so does the competition's own validator.
        units["admission_day"] += not one["surgery_release_day"] <= day <= last
        if one["surgery_duration"]:
            theatre[stay["operating_theater"], day] += one["surgery_duration"]
            surgeon[one["surgeon_id"], day] += one["surgery_duration"]
    opens = {one["id"]: one["availability"] for one in problem["operating_theaters"]}
    works = {one["id"]: one["max_surgery_time"] for one in problem["surgeons"]}
    units["theatre_overtime"] = sum(max(0, used - opens[name][day]) for (name, day), used in theatre.items())
    units["surgeon_overtime"] = sum(max(0, used - works[name][day]) for (name, day), used in surgeon.items())
    units["mandatory_unscheduled"] = sum(one["mandatory"] and one["id"] not in come for one in problem["patients"])
    on_duty = {(n["id"], w["day"], w["shift"]) for n in problem["nurses"] for w in n["working_shifts"]}
    covered = set()
    for nurse in solution["nurses"]:
        for duty in nurse["assignments"]:
            if (nurse["id"], duty["day"], duty["shift"]) not in on_duty:
                units["nurse_presence"] += len(duty["rooms"])
            else:
                covered |= {(room, duty["day"], duty["shift"]) for room in duty["rooms"]}
    units["uncovered_room"] = sum(
        (room, day, shift) not in covered for room, day in present for shift in problem["shift_types"]
    )
    return +units
