"""Weekly rosters of the Second International Nurse Rostering Competition, in its JSON or its text files.

A scenario names shifts, contracts and nurses; a history tells what they did before; each week has a file of its own
with needs and wishes. Prices are those of the competition (Ceschia et al. 2019, table 1).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scheduling.loaders.curtois import read_text
from scheduling.loaders.inrc2_text import DAYS, record_of_text
from scheduling.loaders.records import Record, object_of, read_object
from scheduling.model.rosters import (
    Assignment,
    Contract,
    Employee,
    History,
    Limit,
    Need,
    Request,
    Roster,
    RosterProblem,
    Shift,
)
from twin.errors import DecodeError

# Ceschia et al. (2019), table 1
COVER, SHIFT_RUN, WORK_RUN, OFF_RUN, WISH, WEEKEND, TOTAL, WEEKENDS = 30, 15, 30, 30, 10, 30, 20, 30
NO_SHIFT = "None"
ANY_SHIFT = "Any"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weeks:
    """A planning period: what stays the same, where it starts, and its weeks.

    Parameters
    ----------
    scenario : str
        Name.
    base : RosterProblem
        Shifts, contracts and nurses with their first history; without needs and wishes.
    needs, requests : tuple
        Of each week, one entry a week.
    """

    scenario: str
    base: RosterProblem
    needs: tuple[tuple[Need, ...], ...]
    requests: tuple[tuple[Request, ...], ...]

    def week(self, index: int, histories: Sequence[History]) -> RosterProblem:
        """Give one week's problem.

        Parameters
        ----------
        index : int
            Week from 0.
        histories : Sequence[History]
            What each nurse did before, in the nurses' order.
        """
        staff = tuple(
            replace(nurse, history=history) for nurse, history in zip(self.base.employees, histories, strict=True)
        )
        return replace(
            self.base,
            employees=staff,
            needs=self.needs[index],
            requests=self.requests[index],
            weeks_done=index,
            weeks=len(self.needs),
            is_last=index == len(self.needs) - 1,
            # what was seen before tells what may come: the week after is not known
            likely=tuple(replace(need, day=7 * week + need.day) for week in range(index) for need in self.needs[week]),
        )


def load_weeks(scenario: Path, history: Path | None = None, weeks: Sequence[Path] = ()) -> Weeks:
    """Read a planning period.

    Parameters
    ----------
    scenario : Path
        The scenario's file, or the folder that holds it.
    history, weeks : Path, Sequence[Path], optional
        By default the first history and the first weeks, as many as the scenario has, that stand beside it.

    Raises
    ------
    ImportRefused
        With every field that is wrong and its record.
    DecodeError
        If a file cannot be read, or is missing beside the scenario.
    """
    if scenario.is_dir():
        found = sorted(scenario.glob("Sc-*.json")) or sorted(scenario.glob("Sc-*.txt"))
        if len(found) != 1:
            told = f"{scenario.name}: expected one scenario Sc-*.json or Sc-*.txt, found {len(found)}."
            raise DecodeError(told, code="plan.file")
        scenario = found[0]
    root = _read(scenario)
    name = root.text("id")
    n_weeks = root.integer("numberOfWeeks", 1, 53)
    reader = _Scenario(root)
    base = reader.problem()
    root.problems.raise_any()
    beside = scenario.parent
    # beside a text scenario stand text files: a folder may hold both kinds of the same
    kind = scenario.suffix
    history = history or _first(beside, f"H0-{name}-*{kind}")
    # By the last number of the name: WD-n005w4-10 comes after -2.
    files = list(weeks) or sorted(beside.glob(f"WD-{name}-*{kind}"), key=last_number)[:n_weeks]
    if len(files) != n_weeks:
        raise DecodeError(
            f"{scenario.name}: expected {n_weeks} weeks, found {len(files)}: name each with --week.", code="plan.weeks"
        )
    histories = _histories(_read(history), base)
    base = replace(
        base, employees=tuple(replace(nurse, history=histories[nurse.id]) for nurse in base.employees), weeks=n_weeks
    )
    read = [_week(_read(file), base, name) for file in files]
    return Weeks(
        scenario=name, base=base, needs=tuple(needs for needs, _ in read), requests=tuple(wishes for _, wishes in read)
    )


def _read(path: Path) -> Record:
    """Give what a file holds, JSON or text."""
    if path.suffix.lower() == ".json":
        return read_object(path)
    text = read_text(path)
    return object_of(text.encode(), path.name) if text.lstrip().startswith("{") else record_of_text(text, path.name)


def last_number(path: Path) -> int:
    """Give the last number of a file's name, which orders weeks; 0 if it has none."""
    digits = re.findall(r"\d+", path.stem)
    return int(digits[-1]) if digits else 0


def _first(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern), key=last_number)
    if not found:
        raise DecodeError(f"{folder.name}: there is no {pattern}: name it with --history.", code="plan.file")
    return found[0]


class _Scenario:
    def __init__(self, root: Record) -> None:
        self.root = root
        self.skills = root.texts("skills")
        self.shift_records = root.records("shiftTypes", key="id")
        self.shift_ids = [record.text("id") for record in self.shift_records]

    def problem(self) -> RosterProblem:
        """Give what stays the same in every week."""
        contracts = tuple(self._contract(record) for record in self.root.records("contracts", key="id"))
        ids = {contract.id for contract in contracts}
        nurses = tuple(
            Employee(
                id=record.text("id"),
                contract=record.one_of("contract", ids, "contract"),
                skills=record.many_of("skills", self.skills, "skill"),
            )
            for record in self.root.records("nurses", key="id")
        )
        return RosterProblem(
            days=7, shifts=self._shifts(), contracts=contracts, employees=nurses, skills=self.skills, weeks=1
        )

    def _shifts(self) -> tuple[Shift, ...]:
        forbidden: dict[str, frozenset[str]] = {}
        for record in self.root.records("forbiddenShiftTypeSuccessions", may_be_empty=True):
            before = record.one_of("precedingShiftType", self.shift_ids, "shift type")
            forbidden[before] = record.many_of("succeedingShiftTypes", self.shift_ids, "shift type")
        return tuple(
            Shift(
                id=record.text("id"),
                forbidden_next=forbidden.get(record.text("id"), frozenset()),
                run=self._limit(record, "umNumberOfConsecutiveAssignments", SHIFT_RUN),
            )
            for record in self.shift_records
        )

    @staticmethod
    def _limit(record: Record, name: str, weight: int) -> Limit:
        low, high = record.integer(f"minim{name}", 0, 1000), record.integer(f"maxim{name}", 0, 1000)
        if low > high:
            record.problems.add(f"minim{name}", record.place, "It is above the maximum.", "Exchange the two.")
        return Limit(low=low, high=high, weight=weight)

    def _contract(self, record: Record) -> Contract:
        return Contract(
            id=record.text("id"),
            assignments=self._limit(record, "umNumberOfAssignments", TOTAL),
            work_run=self._limit(record, "umNumberOfConsecutiveWorkingDays", WORK_RUN),
            off_run=self._limit(record, "umNumberOfConsecutiveDaysOff", OFF_RUN),
            weekends=Limit(high=record.integer("maximumNumberOfWorkingWeekends", 0, 1000), weight=WEEKENDS),
            complete_weekend=WEEKEND if record.integer("completeWeekends", 0, 1) else 0,
        )


def _histories(root: Record, base: RosterProblem) -> dict[str, History]:
    ids = [nurse.id for nurse in base.employees]
    shifts = [NO_SHIFT, *(shift.id for shift in base.shifts)]
    found: dict[str, History] = {}
    for record in root.records("nurseHistory", key="nurse"):
        shift = record.one_of("lastAssignedShiftType", shifts, "shift type")
        found[record.one_of("nurse", ids, "nurse")] = History(
            last_shift="" if shift == NO_SHIFT else shift,
            shift_run=record.integer("numberOfConsecutiveAssignments"),
            work_run=record.integer("numberOfConsecutiveWorkingDays"),
            off_run=record.integer("numberOfConsecutiveDaysOff"),
            assignments=record.integer("numberOfAssignments"),
            weekends=record.integer("numberOfWorkingWeekends"),
        )
    for nurse in ids:
        if nurse not in found:
            root.problems.add("nurseHistory", nurse, "There is no history of this nurse.", "Add it.")
    root.problems.raise_any()
    return found


def _week(root: Record, base: RosterProblem, scenario: str) -> tuple[tuple[Need, ...], tuple[Request, ...]]:
    if root.text("scenario") != scenario:
        root.problems.add("scenario", "", f"It is not of scenario {scenario!r}.", "Name a week of the scenario.")
    shifts = [shift.id for shift in base.shifts]
    needs = []
    for record in root.records("requirements"):
        shift = record.one_of("shiftType", shifts, "shift type")
        skill = record.one_of("skill", base.skills, "skill")
        for day, name in enumerate(DAYS):
            wanted = record.record(f"requirementOn{name}")
            minimum = wanted.integer("minimum", 0, 1000)
            optimal = wanted.integer("optimal", 0, 1000)
            needs.append(
                # An optimal number below the minimum would mean nothing.
                Need(day=day, shift=shift, skill=skill, minimum=minimum, preferred=max(minimum, optimal), under=COVER)
            )
    wishes = []
    nurses = [nurse.id for nurse in base.employees]
    for record in root.records("shiftOffRequests", may_be_empty=True):
        shift = record.one_of("shiftType", [ANY_SHIFT, *shifts], "shift type")
        day_name = record.one_of("day", DAYS, "day")
        wishes.append(
            Request(
                employee=record.one_of("nurse", nurses, "nurse"),
                day=DAYS.index(day_name) if day_name else 0,
                shift="" if shift == ANY_SHIFT else shift,
                weight=WISH,
            )
        )
    root.problems.raise_any()
    return tuple(needs), tuple(wishes)


def week_to_bytes(scenario: str, week: int, roster: Roster) -> bytes:
    """Give one week's roster as a solution file of the competition."""
    rows = [
        {"nurse": found.employee, "day": DAYS[found.day][:3], "shiftType": found.shift, "skill": found.skill}
        for found in roster.assignments
    ]
    return json.dumps({"scenario": scenario, "week": week, "assignments": rows}, indent=1).encode() + b"\n"


def load_week_roster(path: Path, base: RosterProblem) -> Roster:
    """Read one week's roster from a solution file of the competition.

    Raises
    ------
    ImportRefused
        With every field that is wrong.
    """
    root = _read(path)
    short = [day[:3] for day in DAYS]
    found = []
    for record in root.records("assignments", may_be_empty=True):
        day = record.one_of("day", short, "day")
        shift = record.one_of("shiftType", [shift.id for shift in base.shifts], "shift type")
        found.append(
            Assignment(
                employee=record.one_of("nurse", [nurse.id for nurse in base.employees], "nurse"),
                day=short.index(day) if day else 0,
                shift=shift,
                skill=record.one_of("skill", base.skills, "skill"),
            )
        )
    root.problems.raise_any()
    return Roster(assignments=tuple(found))
