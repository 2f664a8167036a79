"""A roster's problem from four sheets: shifts, contracts, staff and cover."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from scheduling.loaders.headings import day_of, word_of
from scheduling.loaders.records import Problems
from scheduling.loaders.sheets import Line, lines_of
from scheduling.model.rosters import (
    NO_LIMIT,
    Contract,
    Employee,
    Fairness,
    History,
    Limit,
    Need,
    Pair,
    Request,
    RosterProblem,
    Shift,
)
from twin.errors import DecodeError
from twin.sentences import sentence

SHIFT_COLUMNS = ("shift", "start", "hours", "not_before")
CONTRACT_COLUMNS = (
    "contract",
    "hours_min",
    "hours_max",
    "shifts_max",
    "run_min",
    "run_max",
    "off_min",
    "weekends_max",
)
STAFF_COLUMNS = ("staff", "contract", "skills", "leave", "off", "on", "mentor")
COVER_COLUMNS = ("day", "shift", "skill", "minimum", "preferred")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
USUAL_SHIFTS = "shift,start,hours\nE,07:00,8\nL,14:30,8\nN,22:00,9.5\n"
"""What a ward has that gives no shifts of its own."""
MOST_DAYS = 92
FIRST_YEAR, LAST_YEAR = 1970, 2200
"""Nobody plans outside these, and calendars run out of years near their ends."""
MOST_HOURS = 1000
UNDER_PRICE, OVER_PRICE, WISH_PRICE, FAIR_PRICE = 100, 10, 10, 5
"""Prices of one too few, one too many, a wish not granted, and of the square of an uneven share."""
DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheets:
    """What a hospital gives; CSV texts.

    Parameters
    ----------
    contracts, staff, cover : str
        With :data:`CONTRACT_COLUMNS`, :data:`STAFF_COLUMNS`, :data:`COVER_COLUMNS`.
    shifts : str
        With :data:`SHIFT_COLUMNS`; the usual three when empty.
    """

    contracts: str
    staff: str
    cover: str
    shifts: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What is rostered.

    Parameters
    ----------
    first : date
        First day.
    days : int
        1 to :data:`MOST_DAYS`.
    place : str
        Ward or area.
    """

    first: date
    days: int
    place: str = ""


def problem_of_sheets(sheets: Sheets, period: Period, histories: Mapping[str, History] | None = None) -> RosterProblem:
    """Give the problem that sheets hold.

    Parameters
    ----------
    sheets : Sheets
        The texts.
    period : Period
        What is rostered.
    histories : Mapping[str, History], optional
        What people did before the first day, by id of the member of staff.

    Raises
    ------
    ImportRefused
        With every cell that is wrong, by sheet and row.
    """
    reader = _Reader(period)
    problem = reader.problem(sheets, histories or {})
    reader.problems.raise_any()
    return problem


def shifts_of_sheet(text: str) -> tuple[Shift, ...]:
    """Give the shifts of a sheet; the usual three when it is empty.

    Raises
    ------
    ImportRefused
        With every cell that is wrong.
    """
    reader = _Reader(Period(first=date(1970, 1, 1), days=1))
    found = reader.shifts(text.strip() or USUAL_SHIFTS)
    reader.problems.raise_any()
    # The period does not matter for shifts; any valid one will do.
    return found


class _Reader:
    def __init__(self, period: Period) -> None:
        self.period = period
        self.problems = Problems("roster sheets")
        if not 1 <= period.days <= MOST_DAYS:
            told = sentence("Expected 1 to {most} days, got {found}.", most=MOST_DAYS, found=period.days)
            self.problems.add("days", sentence("period"), told, sentence("Choose a shorter period."))
        if not FIRST_YEAR <= period.first.year <= LAST_YEAR:
            years = {"first": FIRST_YEAR, "last": LAST_YEAR, "found": period.first}
            told = sentence("Expected a day from {first} to {last}, got {found}.", **years)
            self.problems.add("starts", sentence("period"), told, sentence("Correct the first day."))
        self.problems.raise_any()

    def problem(self, sheets: Sheets, histories: Mapping[str, History]) -> RosterProblem:
        """Read everything; what is wrong is noted."""
        shifts = self.shifts(sheets.shifts.strip() or USUAL_SHIFTS)
        names = [shift.id for shift in shifts]
        contracts = self._contracts(sheets.contracts, names)
        people = self._lines(sheets.staff, "staff", STAFF_COLUMNS, STAFF_COLUMNS[:2], key="staff")
        staff = {line.values.get("staff", "") for line in people}
        kinds = {contract.id for contract in contracts}
        employees = [self._employee(line, kinds) for line in people]
        skills = {skill for one in employees for skill in one.skills}
        # Without skills anywhere nobody is told apart; with some, who has none could never be placed and it would go
        # unseen.
        if skills:
            for line, one in zip(people, employees, strict=True):
                if not one.skills:
                    told = sentence("Others have skills: who has none can work no shift.")
                    line.wrong("skills", told, sentence("Give a skill."))
        needs = self._cover(sheets.cover, names, skills)
        return RosterProblem(
            days=self.period.days,
            shifts=shifts,
            contracts=contracts,
            employees=tuple(replace(one, history=histories.get(one.id, History())) for one in employees),
            needs=needs,
            requests=tuple(wish for line in people for wish in self._wishes(line, names)),
            fairness=self._fairness(shifts),
            pairs=tuple(pair for line in people for pair in self._pairs(line, staff)),
            first_weekday=self.period.first.weekday(),
            skills=tuple(sorted(skills)),
            # with histories, runs that began before the first day are known and count
            weeks=1 if histories else 0,
            place=self.period.place,
        )

    def _lines(
        self, text: str, sheet: str, columns: tuple[str, ...], required: tuple[str, ...], *, key: str = ""
    ) -> list[Line]:
        return lines_of(text, sheet, self.problems, columns=columns, required=required, key=key)

    def shifts(self, text: str) -> tuple[Shift, ...]:
        """Read the sheet of shifts."""
        lines = self._lines(text, "shifts", SHIFT_COLUMNS, SHIFT_COLUMNS[:3], key="shift")
        names = {line.values.get("shift", "") for line in lines}
        found = []
        for line in lines:
            minutes = line.minutes("hours", 24, empty=0)
            if not minutes:
                told = sentence("A shift lasts longer than nothing.")
                line.wrong("hours", told, sentence("Fill in its hours, such as 8 or 7.5."))
            found.append(
                Shift(
                    id=line.values.get("shift", ""),
                    minutes=minutes,
                    start_minute=line.clock("start"),
                    forbidden_next=frozenset(
                        line.known("not_before", name, names, sentence("shift")) for name in line.parts("not_before")
                    ),
                )
            )
        return tuple(found)

    def _contracts(self, text: str, shifts: list[str]) -> tuple[Contract, ...]:
        found = []
        for line in self._lines(text, "contracts", CONTRACT_COLUMNS, CONTRACT_COLUMNS[:1], key="contract"):
            least = line.minutes("hours_min", MOST_HOURS, empty=0)
            minutes = least, line.minutes("hours_max", MOST_HOURS, empty=NO_LIMIT)
            run = line.whole("run_min", 1, 100, empty=0), line.whole("run_max", 1, 100, empty=NO_LIMIT)
            for column, (low, high) in (("hours_min", minutes), ("run_min", run)):
                if low > high:
                    line.wrong(column, sentence("It is above the largest one."), sentence("Exchange the two."))
            found.append(
                Contract(
                    id=line.values.get("contract", ""),
                    shift_counts=self._counts(line, shifts),
                    minutes=Limit(low=minutes[0], high=minutes[1]),
                    work_run=Limit(low=run[0], high=run[1]),
                    off_run=Limit(low=line.whole("off_min", 1, 100, empty=0)),
                    weekends=Limit(high=line.whole("weekends_max", 0, 100, empty=NO_LIMIT)),
                )
            )
        return tuple(found)

    def _counts(self, line: Line, shifts: list[str]) -> dict[str, int]:
        found = {}
        for part in line.parts("shifts_max"):
            shift, _, most = (one.strip() for one in part.partition("="))
            line.known("shifts_max", shift, shifts, sentence("shift"))
            if not (most.isascii() and most.isdigit()) or len(most) > 3:
                told = sentence("Expected such as N=4, got {value}.", value=repr(part[:40]))
                line.wrong("shifts_max", told, sentence("Write shift=number."))
                continue
            found[shift] = int(most)
        return found

    def _employee(self, line: Line, contracts: set[str]) -> Employee:
        leave = frozenset(day for part in line.parts("leave") for day in self._span(line, part))
        return Employee(
            id=line.values.get("staff", ""),
            contract=line.known("contract", line.values.get("contract", ""), contracts, sentence("contract")),
            skills=frozenset(line.parts("skills")),
            days_off=leave,
        )

    def _span(self, line: Line, part: str) -> list[int]:
        """Give the days of ``2026-12-24`` or ``2026-12-24..2026-12-31``; leave may begin before or end after."""
        first, dots, last = (one.strip() for one in part.partition(".."))
        try:
            begin, end = day_of(first), day_of(last if dots else first)
        except ValueError:
            told = sentence("Expected 2026-12-24 or 2026-12-24..2026-12-31, got {value}.", value=repr(part[:40]))
            line.wrong("leave", told, sentence("Correct the dates."))
            return []
        if end < begin:
            line.wrong("leave", sentence("The last day is before the first one."), sentence("Exchange the two."))
        low, high = (begin - self.period.first).days, (end - self.period.first).days
        # Leave often begins before the period or ends after it; only its days within count.
        return list(range(max(0, low), min(self.period.days, high + 1)))

    def _wishes(self, line: Line, shifts: list[str]) -> list[Request]:
        found = []
        for column, is_on in (("off", False), ("on", True)):
            for part in line.parts(column):
                day, equals, shift = (one.strip() for one in part.partition("="))
                if equals:
                    line.known(column, shift, shifts, sentence("shift"))
                found.append(
                    Request(
                        employee=line.values.get("staff", ""),
                        day=line.day(column, day, self.period.first, self.period.days),
                        shift=shift,
                        is_on=is_on,
                        weight=WISH_PRICE,
                    )
                )
        return found

    def _pairs(self, line: Line, staff: set[str]) -> list[Pair]:
        mentor, trainee = line.values.get("mentor", ""), line.values.get("staff", "")
        if not mentor:
            return []
        line.known("mentor", mentor, staff, sentence("member of staff"))
        if mentor == trainee:
            line.wrong("mentor", sentence("Nobody is their own mentor."), sentence("Name a colleague."))
        return [Pair(trainee=trainee, mentor=mentor)]

    def _cover(self, text: str, shifts: list[str], skills: set[str]) -> tuple[Need, ...]:
        found: dict[tuple[int, str, str], tuple[int, Need]] = {}
        for line in self._lines(text, "cover", COVER_COLUMNS, COVER_COLUMNS[:2]):
            shift, skill = line.values.get("shift", ""), line.values.get("skill", "")
            line.known("shift", shift, shifts, sentence("shift"))
            if skill:
                line.known("skill", skill, skills, sentence("skill"))
            minimum = line.whole("minimum", 0, 1000, empty=0)
            preferred = line.whole("preferred", 0, 1000, empty=minimum)
            if preferred < minimum:
                line.wrong("preferred", sentence("It is below the minimum."), sentence("Exchange the two."))
            days, rank = self._days(line)
            for day in days:
                need = Need(
                    day=day,
                    shift=shift,
                    skill=skill,
                    minimum=minimum,
                    preferred=preferred,
                    under=UNDER_PRICE,
                    over=OVER_PRICE,
                )
                before = found.get((day, shift, skill))
                # Two rows that name a day equally exactly contradict each other; a more exact one replaces the other.
                if before is not None and before[0] == rank:
                    line.wrong("day", sentence("This day, shift and skill stands twice."), sentence("Keep one row."))
                elif before is None or before[0] < rank:
                    found[day, shift, skill] = rank, need
        return tuple(need for _, need in found.values())

    def _days(self, line: Line) -> tuple[list[int], int]:
        """Give the days of a row of cover and how exactly it names them: a date outranks a weekday, that ``daily``."""
        value = word_of(line.values.get("day", ""))
        if value == "daily":
            return list(range(self.period.days)), 0
        if value in WEEKDAYS:
            wanted = WEEKDAYS.index(value)
            every = [self.period.first + timedelta(days=day) for day in range(self.period.days)]
            return [day for day, when in enumerate(every) if when.weekday() == wanted], 1
        if value[:1].isdigit():
            return [line.day("day", value, self.period.first, self.period.days)], 2
        told = sentence("Expected daily, a weekday such as mon, or a date, got {value}.", value=repr(value[:40]))
        line.wrong("day", told, sentence("Correct the day."))
        return [], 0

    @staticmethod
    def _fairness(shifts: tuple[Shift, ...]) -> tuple[Fairness, ...]:
        # A night is what lasts beyond midnight, whatever it is called.
        nights = frozenset(one.id for one in shifts if one.start_minute + one.minutes > DAY_MINUTES)
        shared = (Fairness(shifts=nights, weight=FAIR_PRICE),) if nights else ()
        return (*shared, Fairness(weight=FAIR_PRICE))  # and work on weekends


def decode_sheet(body: bytes, name: str) -> str:
    """Give the text of a sheet as spreadsheets save it: UTF-8, or GB 18030.

    Raises
    ------
    DecodeError
        If it is neither.
    """
    # GB 18030 reads any octets in which UTF-8 fails and that a Chinese spreadsheet wrote; it comes second, since it
    # also reads much that is not meant.
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    said = sentence("{sheet}: expected text in UTF-8 or GB 18030: save the sheet as CSV.", sheet=name)
    raise DecodeError(said, code="plan.text")


def read_sheet(path: Path) -> str:
    """Read a sheet from a file.

    Raises
    ------
    DecodeError
        If it cannot be read, is too large, or no text.
    """
    try:
        if path.stat().st_size > 8 * 1024 * 1024:
            raise DecodeError(f"{path.name}: larger than 8 MiB.", code="plan.file")
        return decode_sheet(path.read_bytes(), path.name)
    except OSError as error:
        raise DecodeError(f"{path.name}: cannot be read: {error.strerror}.", code="plan.file") from error
