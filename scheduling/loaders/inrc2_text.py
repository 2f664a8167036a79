"""The plain text files of the Second International Nurse Rostering Competition, as the objects of its JSON files.

Both formats say the same; so text becomes the objects that JSON would hold, and one reader checks either. Sections
begin with a name in capitals, some with ``= count``; brackets and commas only set numbers apart.

References
----------
Ceschia, S., Dang, N. T. T., De Causmaecker, P., Haspeslagh, S., Schaerf, A. (2015). Second International Nurse
Rostering Competition (INRC-II): problem description and rules, appendix A. arXiv:1501.04177.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from scheduling.loaders.records import Problems, Record

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HEADER = re.compile(r"([A-Z_]+)(?:\s*=\s*(\S+))?")
_NUMBER = re.compile(r"-?\d{1,9}")

Value = str | int
Row = list[Value]


def _counted(words: Row, at: int) -> list[Value] | None:
    """Give the names that follow their number at a place of a row; None if there are not so many."""
    return words[at + 1 :] if len(words) > at and words[at] == len(words) - at - 1 else None


def _shift_type(words: Row) -> dict[str, object] | None:
    if len(words) != 3:
        return None
    return {
        "id": words[0],
        "minimumNumberOfConsecutiveAssignments": words[1],
        "maximumNumberOfConsecutiveAssignments": words[2],
    }


def _succession(words: Row) -> dict[str, object] | None:
    names = _counted(words, 1)
    return None if names is None else {"precedingShiftType": words[0], "succeedingShiftTypes": names}


def _contract(words: Row) -> dict[str, object] | None:
    if len(words) != 9:
        return None
    names = ("NumberOfAssignments", "NumberOfConsecutiveWorkingDays", "NumberOfConsecutiveDaysOff")
    bounds = {
        f"{bound}um{name}": words[1 + 2 * at + is_high]
        for at, name in enumerate(names)
        for is_high, bound in enumerate(("minim", "maxim"))
    }
    return {"id": words[0], **bounds, "maximumNumberOfWorkingWeekends": words[7], "completeWeekends": words[8]}


def _nurse(words: Row) -> dict[str, object] | None:
    skills = _counted(words, 2)
    return None if skills is None else {"id": words[0], "contract": words[1], "skills": skills}


def _history(words: Row) -> dict[str, object] | None:
    names = (
        "nurse",
        "numberOfAssignments",
        "numberOfWorkingWeekends",
        "lastAssignedShiftType",
        "numberOfConsecutiveAssignments",
        "numberOfConsecutiveWorkingDays",
        "numberOfConsecutiveDaysOff",
    )
    return dict(zip(names, words, strict=True)) if len(words) == len(names) else None


def _requirement(words: Row) -> dict[str, object] | None:
    if len(words) != 2 + 2 * len(DAYS):
        return None
    days = {
        f"requirementOn{day}": {"minimum": words[2 + 2 * at], "optimal": words[3 + 2 * at]}
        for at, day in enumerate(DAYS)
    }
    return {"shiftType": words[0], "skill": words[1], **days}


def _wish(words: Row) -> dict[str, object] | None:
    if len(words) != 3:
        return None
    day = next((day for day in DAYS if day[:3] == words[2]), words[2])
    return {"nurse": words[0], "shiftType": words[1], "day": day}


def _assignment(words: Row) -> dict[str, object] | None:
    names = ("nurse", "day", "shiftType", "skill")
    return dict(zip(names, words, strict=True)) if len(words) == len(names) else None


_LISTS: dict[str, tuple[str, Callable[[Row], dict[str, object] | None], str]] = {
    "SHIFT_TYPES": ("shiftTypes", _shift_type, "a name and (least,most) in a row"),
    "FORBIDDEN_SHIFT_TYPES_SUCCESSIONS": (
        "forbiddenShiftTypeSuccessions",
        _succession,
        "a shift, how many must not follow, and which",
    ),
    "CONTRACTS": ("contracts", _contract, "a name, three pairs of bounds, weekends and 0 or 1"),
    "NURSES": ("nurses", _nurse, "a name, a contract, how many skills, and which"),
    "NURSE_HISTORY": ("nurseHistory", _history, "a name, two numbers, a shift and three numbers"),
    "REQUIREMENTS": ("requirements", _requirement, "a shift, a skill and (minimum,optimal) for seven days"),
    "SHIFT_OFF_REQUESTS": ("shiftOffRequests", _wish, "a nurse, a shift and a day such as Mon"),
    "ASSIGNMENTS": ("assignments", _assignment, "a nurse, a day such as Mon, a shift and a skill"),
}
"""Sections of one record a line: the JSON key, how a line is read, and what it holds."""
_NAMES = {"SCENARIO", "WEEKS", "SKILLS", "HISTORY", "WEEK_DATA", "SOLUTION"}


def record_of_text(text: str, source: str) -> Record:
    """Give what a text file holds as the object that its JSON twin would.

    Parameters
    ----------
    text : str
        Scenario, history, week or solution.
    source : str
        Name of the file for messages.

    Raises
    ------
    ImportRefused
        With every line that does not have its section's shape.
    """
    problems = Problems(source)
    values: dict[str, object] = {}
    for name, count, rows in _sections(text, problems):
        if name in _LISTS:
            _read_list(name, rows, values, problems)
        elif name == "SKILLS":
            values["skills"] = [str(words[0]) for _, words in rows]
        elif name == "WEEKS":
            values["numberOfWeeks"] = _value(count)
        elif name == "SCENARIO":
            values["id"] = count
        else:  # HISTORY and SOLUTION name week and scenario, WEEK_DATA the scenario alone
            values["scenario"] = str(rows[0][1][-1]) if rows else ""
        if name in {"SKILLS", *_LISTS} and count and _value(count) != len(rows):
            told = f"Expected {count} lines as its heading says, got {len(rows)}."
            problems.add(name, "file", told, "Correct the number or the lines.")
    problems.raise_any()
    return Record(values, "", Problems(source))


def _sections(text: str, problems: Problems) -> list[tuple[str, str, list[tuple[int, Row]]]]:
    found: list[tuple[str, str, list[tuple[int, Row]]]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        heading = _HEADER.fullmatch(stripped)
        if heading is not None and (heading[1] in _LISTS or heading[1] in _NAMES):
            if any(heading[1] == name for name, _, _ in found):
                problems.add(heading[1], f"line {number}", "The section stands twice.", "Keep one.")
            found.append((heading[1], heading[2] or "", []))
        elif stripped and not found:
            told = f"Expected a section such as SCENARIO, got {stripped[:40]!r}."
            problems.add("section", f"line {number}", told, "Begin with a heading.")
        elif stripped:
            words = re.sub(r"[(),]", " ", stripped).split()
            if words:
                found[-1][2].append((number, [_value(word) for word in words]))
            else:
                problems.add(found[-1][0], f"line {number}", "There is nothing but brackets.", "Take the line out.")
    return found


def _read_list(name: str, rows: Sequence[tuple[int, Row]], values: dict[str, object], problems: Problems) -> None:
    key, read, shape = _LISTS[name]
    records = []
    for number, words in rows:
        # names that look like numbers are names all the same
        record = read(words)
        if record is None:
            got = " ".join(str(word) for word in words)
            problems.add(name, f"line {number}", f"Expected {shape}, got {got[:60]!r}.", "Correct the line.")
        else:
            records.append({field: _named(field, value) for field, value in record.items()})
    values[key] = records


def _named(field: str, value: object) -> object:
    if field in {"id", "nurse", "contract", "skill", "shiftType", "precedingShiftType", "lastAssignedShiftType"}:
        return str(value)
    if field in {"skills", "succeedingShiftTypes"} and isinstance(value, list):
        return [str(one) for one in value]
    return value


def _value(word: str) -> Value:
    return int(word) if _NUMBER.fullmatch(word) else word
