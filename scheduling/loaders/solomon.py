"""Problems with time windows in Solomon's own format, told as the sections of VRPLIB that mean the same.

References
----------
Solomon, M. M. (1987). Algorithms for the vehicle routing and scheduling problems with time window constraints.
Operations Research 35(2), 254-265; the files of Gehring and Homberger (1999) have the same form.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

COLUMNS = 7
"""Number, two coordinates, demand, ready time, due date, service time."""


@dataclass(slots=True)
class SolomonFile:
    """What a file holds.

    Parameters
    ----------
    headers : dict[str, str]
        As those of VRPLIB.
    sections : dict[str, list[tuple[int, list[str]]]]
        As those of VRPLIB: lines with their numbers in the file; nodes count from 1, the depot is the first.
    """

    headers: dict[str, str] = field(default_factory=dict)
    sections: dict[str, list[tuple[int, list[str]]]] = field(default_factory=dict)


def is_solomon(text: str) -> bool:
    """Tell whether a text is of this format: a name, then the line ``VEHICLE``."""
    lines = [line.split() for line in text.splitlines() if line.strip()][:2]
    return len(lines) == 2 and [word.upper() for word in lines[1]] == ["VEHICLE"]


def split_solomon(text: str, bad: Callable[[str, str, str, str], None]) -> SolomonFile:
    """Split a text; what is wrong is told by name, place, what was found, and cure."""
    file = SolomonFile()
    rows: list[tuple[int, list[str]]] = []
    part = ""
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        name = words[0].upper()
        if not file.headers:
            file.headers["NAME"] = line.strip()
        elif name in {"VEHICLE", "CUSTOMER"}:
            part = name
        elif name in {"NUMBER", "CUST"} or not part:
            continue  # titles of columns
        elif part == "VEHICLE":
            if len(words) != 2 or "CAPACITY" in file.headers:
                told = f"Expected one line with number and capacity, got {line.strip()[:40]!r}."
                bad("VEHICLE", f"line {number}", told, "Correct the line.")
            else:
                file.headers |= {"VEHICLES": words[0], "CAPACITY": words[1]}
        elif len(words) != COLUMNS:
            told = f"Expected {COLUMNS} numbers, got {line.strip()[:40]!r}."
            bad("CUSTOMER", f"line {number}", told, "Correct the line.")
        else:
            rows.append((number, words))
    for at, (number, words) in enumerate(rows):
        if words[0] != str(at):
            told = f"Expected customer {at}, got {words[0][:40]!r}."
            bad("CUSTOMER", f"line {number}", told, "Number them from 0, the depot, without gaps.")
    file.headers |= {"DIMENSION": str(len(rows)), "EDGE_WEIGHT_TYPE": "EUC_2D"}
    columns = {
        "NODE_COORD_SECTION": slice(1, 3),
        "DEMAND_SECTION": slice(3, 4),
        "TIME_WINDOW_SECTION": slice(4, 6),
        "SERVICE_TIME_SECTION": slice(6, 7),
    }
    for section, wanted in columns.items():
        # VRPLIB counts nodes from 1
        file.sections[section] = [(number, [str(at), *words[wanted]]) for at, (number, words) in enumerate(rows, 1)]
    file.sections["DEPOT_SECTION"] = [(0, ["1"])]
    return file
