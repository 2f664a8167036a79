"""What a kept plan holds, by kind: checked anew, hashed, and told to others as stays and shifts."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass

import msgspec

from scheduling.checker.admissions import check_admissions
from scheduling.checker.rosters import check_roster
from scheduling.model.admissions import AdmissionPlan, AdmissionProblem
from scheduling.model.plans import PlanKind
from scheduling.model.rosters import Roster, RosterProblem, RosterReport, RosterRule
from scheduling.rules.shift_requests import RosterTime
from scheduling.service.planning import read_json, report_to_json, to_json
from scheduling.service.publishing import hash_of, stays_of
from scheduling.service.soundness import check_admission_problem
from twin.errors import DecodeError
from twin.events.work import PlannedShift, PlannedStay

MOST_FOLLOWING = 14
"""Days after a roster whose needs may be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A plan's content and what its checker says.

    Parameters
    ----------
    days, cost : int
        Horizon, and price of the soft rules.
    broken : dict[str, int]
        Units by rule that must hold and does not.
    n_violations : int
        How often.
    report : dict[str, object]
        The check as plain JSON values.
    problem, plan : bytes
        JSON in a fixed order.
    content_hash : str
        SHA-256 of both.
    place : str
        What a roster staffs; empty for the whole hospital.
    """

    days: int
    cost: int
    broken: dict[str, int]
    n_violations: int
    report: dict[str, object]
    problem: bytes
    plan: bytes
    content_hash: str
    place: str = ""


def content_of(kind: PlanKind, problem: bytes, plan: bytes) -> Content:
    """Read and check a plan of a kind.

    Parameters
    ----------
    kind : PlanKind
        Admissions or a roster.
    problem, plan : bytes
        JSON.

    Raises
    ------
    DecodeError
        If problem or plan cannot be read, or name what there is not.
    """
    if kind is PlanKind.ROSTER:
        week = read_json(problem, RosterProblem, "problem")
        check_names(week)
        roster = read_json(plan, Roster, "plan")
        found = check_roster(week, roster)
        digest = hashlib.sha256(_ordered(week))
        digest.update(_ordered(roster))
        return Content(
            days=week.days,
            cost=found.cost,
            broken=_broken_musts(found),
            n_violations=len(found.violations),
            report=roster_report(found),
            problem=_ordered(week),
            plan=_ordered(roster),
            content_hash=digest.hexdigest(),
            place=week.place,
        )
    waiting = read_json(problem, AdmissionProblem, "problem")
    check_admission_problem(waiting)
    stays = read_json(plan, AdmissionPlan, "plan")
    report = check_admissions(waiting, stays)
    return Content(
        days=waiting.days,
        cost=report.cost,
        broken={rule.value: amount for rule, amount in report.violations_by_rule().items()},
        n_violations=len(report.violations),
        report=report_to_json(report),
        problem=_ordered(waiting),
        plan=_ordered(stays),
        content_hash=hash_of(waiting, stays),
    )


# A fixed order of fields: the hash is of this text.
def _ordered(value: object) -> bytes:
    return msgspec.json.encode(value, order="deterministic")


def _broken_musts(report: RosterReport) -> dict[str, int]:
    found: dict[str, int] = {}
    for violation in report.violations:
        found[violation.rule.value] = found.get(violation.rule.value, 0) + violation.amount
    return found


def check_names(problem: RosterProblem) -> None:
    """Refuse a roster's problem that names what there is not, or one thing twice.

    Raises
    ------
    DecodeError
        Naming the field and the record.
    """
    for name, ids in (
        ("shifts", [one.id for one in problem.shifts]),
        ("contracts", [one.id for one in problem.contracts]),
        ("employees", [one.id for one in problem.employees]),
    ):
        doubled = sorted(one for one, count in Counter(ids).items() if count > 1)
        if not ids or doubled:
            told = f"{doubled[0]!r} stands twice" if doubled else "the list is empty"
            raise DecodeError(f"problem: {name}: {told}: give at least one, each with its own id.", code="plan.roster")
    if not 1 <= problem.days <= 366:
        raise DecodeError(f"problem: days: expected 1 to 366, got {problem.days}.", code="plan.roster")
    shifts, staff = {one.id for one in problem.shifts}, {one.id for one in problem.employees}
    contracts = {one.id for one in problem.contracts}
    named = [("employees", one.id, one.contract, contracts) for one in problem.employees]
    named += [("needs", f"day {one.day}", one.shift, shifts) for one in problem.needs]
    named += [("following", f"day {one.day}", one.shift, shifts) for one in problem.following]
    named += [("likely", f"day {one.day}", one.shift, shifts) for one in problem.likely]
    named += [("requests", f"day {one.day}", one.employee, staff) for one in problem.requests]
    named += [("requests", one.employee, one.shift, shifts | {""}) for one in problem.requests]
    named += [("pins", f"day {one.day}", one.employee, staff) for one in problem.pins]
    named += [("pins", one.employee, one.shift, shifts | {""}) for one in problem.pins]
    named += [("pairs", one.trainee, who, staff) for one in problem.pairs for who in (one.trainee, one.mentor)]
    for name, record, value, known in named:
        if value not in known:
            raise DecodeError(f"problem: {name} ({record}): there is no {value!r}.", code="plan.roster")
    for name, days in (
        ("needs", [one.day for one in problem.needs]),
        ("requests", [one.day for one in problem.requests]),
        ("pins", [one.day for one in problem.pins]),
    ):
        wrong = [day for day in days if not 0 <= day < problem.days]
        if wrong:
            raise DecodeError(f"problem: {name}: day {wrong[0]} is outside the roster.", code="plan.roster")
    for need in problem.following:
        if not 0 <= need.day - problem.days < MOST_FOLLOWING:
            told = f"expected a day from {problem.days} to {problem.days + MOST_FOLLOWING - 1}, got {need.day}"
            raise DecodeError(f"problem: following: {told}.", code="plan.roster")


def roster_report(report: RosterReport) -> dict[str, object]:
    """Give the check of a roster as plain JSON values: sums by rule, then every breach."""
    broken, costs = _broken_musts(report), report.cost_by_rule()
    lines: list[dict[str, object]] = []
    for rule in RosterRule:
        if rule.value in broken:
            lines.append({"rule": rule.value, "is_hard": True, "violations": broken[rule.value], "cost": 0})
        if rule in costs:
            n = sum(1 for found in report.findings if found.rule is rule and not found.is_hard)
            lines.append({"rule": rule.value, "is_hard": False, "violations": n, "cost": costs[rule]})
    return {
        "cost": report.cost,
        "is_valid": report.is_valid,
        "rules": lines,
        "costs": {rule.value: cost for rule, cost in costs.items()},
        "violations_by_rule": broken,
        "violations": to_json(report.violations),
        "dearest": to_json(sorted(report.findings, key=lambda found: -found.cost)[:50]),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A plan as others hear of it.

    Parameters
    ----------
    stays, shifts : tuple
        With instants.
    """

    stays: tuple[PlannedStay, ...] = ()
    shifts: tuple[PlannedShift, ...] = ()


def told_of(kind: PlanKind, start_at: int, problem: bytes, plan: bytes, zone: str = "UTC") -> Told:
    """Give a plan's stays or shifts with instants.

    Parameters
    ----------
    kind : PlanKind
        Admissions or a roster.
    start_at : int
        Midnight before the first day, UTC microseconds.
    problem, plan : bytes
        JSON.
    zone : str
        IANA name of the zone whose days the plan has.
    """
    if kind is PlanKind.ROSTER:
        week, roster = read_json(problem, RosterProblem, "problem"), read_json(plan, Roster, "plan")
        return Told(shifts=shifts_of(start_at, week, roster, zone))
    waiting, stays = read_json(problem, AdmissionProblem, "problem"), read_json(plan, AdmissionPlan, "plan")
    return Told(stays=stays_of(start_at, waiting, stays, zone))


def shifts_of(start_at: int, problem: RosterProblem, roster: Roster, zone: str = "UTC") -> tuple[PlannedShift, ...]:
    """Give shifts with instants; a shift without a known start begins at midnight, one without a length lasts a day."""
    time = RosterTime(start_at=start_at, zone=zone, shifts={shift.id: shift for shift in problem.shifts})
    found = []
    for one in sorted(roster.assignments, key=lambda each: (each.day, each.employee)):
        if one.shift not in time.shifts:
            continue  # a draft may name anything; the checker tells
        begins, ends = time.span(one)
        found.append(
            PlannedShift(staff=one.employee, place=problem.place, start_at=begins, end_at=ends, role=one.skill)
        )
    return tuple(found)
