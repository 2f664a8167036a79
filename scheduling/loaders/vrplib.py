"""Problems of vehicle routing in the VRPLIB or Solomon's format, as rounds, and rounds as their solution files.

Read are capacitated problems and those with time windows, service times, prizes and longest tours, by coordinates or by
an explicit matrix. Distances are rounded as the benchmark's own rule says; the unit is named in the result.

References
----------
VRPLIB: TSPLIB 95 (Reinelt 1995) with the sections of the VRP web (``DEMAND_SECTION``, ``TIME_WINDOW_SECTION``, ...).
Uchoa et al. (2017), doi:10.1016/j.ejor.2016.08.012, for rounding to the nearest; the 12th DIMACS challenge (2022) for
one decimal, truncated.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scheduling.loaders.edge_weights import FORMATS, KINDS, SAME_ORDER, by_coordinates, of_numbers, size_of
from scheduling.loaders.records import LARGEST_FILE_BYTES, Problems
from scheduling.loaders.solomon import is_solomon, split_solomon
from scheduling.model.routes import ALWAYS_S, Carrier, Dropped, DropReason, RoutePlan, RouteProblem, RouteTask
from scheduling.rules.routes import round_of
from twin.errors import DecodeError

MOST_NODES = 5_000
"""A matrix of 200 megabytes, of which the search holds five: more would take the memory of whoever works beside it."""
LARGEST_NUMBER = 100_000_000


class Rounding(StrEnum):
    """How distances become whole numbers."""  # the page of each benchmark says which

    AUTO = "auto"
    DIMACS = "dimacs"
    ROUND = "round"
    TRUNC = "trunc"
    EXACT = "exact"


SCALE = {Rounding.DIMACS: 10, Rounding.ROUND: 1, Rounding.TRUNC: 1, Rounding.EXACT: 1000}
"""Units of the result per unit of the file."""
HEADERS = {
    "NAME",
    "COMMENT",
    "TYPE",
    "DIMENSION",
    "VEHICLES",
    "CAPACITY",
    "SERVICE_TIME",
    "EDGE_WEIGHT_TYPE",
    "EDGE_WEIGHT_FORMAT",
    "NODE_COORD_TYPE",
    "DISPLAY_DATA_TYPE",
    "VEHICLES_MAX_DURATION",
    "DISTANCE",
    # what others found says nothing about the problem
    "BEST_KNOWN",
    "BEST_KNOWN_SOLUTION",
    "OPTIMAL_VALUE",
}
COLUMNS = {
    "NODE_COORD_SECTION": 2,
    "DEMAND_SECTION": 1,
    "TIME_WINDOW_SECTION": 2,
    "SERVICE_TIME_SECTION": 1,
    "PRIZE_SECTION": 1,
}
"""Sections of one line for each node, and how many numbers stand behind its number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VrpProblem:
    """A problem as rounds.

    Parameters
    ----------
    name : str
        As in the file.
    rounds : RouteProblem
        The problem; tasks are named by their node's number less one, as solution files count.
    scale : int
        Units of the result per unit of the file.
    """

    name: str
    rounds: RouteProblem
    scale: int


@dataclass(slots=True)
class _File:
    """Headers and sections of one file."""

    problems: Problems
    headers: dict[str, str] = field(default_factory=dict)
    sections: dict[str, list[tuple[int, list[str]]]] = field(default_factory=dict)

    def bad(self, name: str, place: str, message: str, cure: str) -> None:
        """Note a problem."""
        self.problems.add(name, place, message, cure)


def load_vrp(path: Path, rounding: Rounding = Rounding.AUTO) -> VrpProblem:
    """Read a problem from a file.

    Parameters
    ----------
    path : Path
        A VRPLIB file, or one in Solomon's own format.
    rounding : Rounding
        By default one decimal for problems with time windows, else to the nearest.

    Raises
    ------
    ImportRefused
        With every section, line and number that is wrong.
    DecodeError
        If it cannot be read as text.
    """
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise DecodeError(f"{path.name}: larger than {LARGEST_FILE_BYTES} bytes.", code="plan.file")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DecodeError(f"{path.name}: cannot be read: {error.strerror}.", code="plan.file") from error
    except UnicodeDecodeError as error:
        raise DecodeError(f"{path.name}: expected text in UTF-8: {error.reason}.", code="plan.text") from error
    return vrp_of(text, path.name, rounding)


def vrp_of(text: str, source: str, rounding: Rounding = Rounding.AUTO) -> VrpProblem:
    """Give the problem that a text holds; errors as of :func:`load_vrp`."""
    file = _File(Problems(source))
    if is_solomon(text):
        split = split_solomon(text, file.bad)
        file.headers, file.sections = split.headers, split.sections
    else:
        _split(file, text)
    file.problems.raise_any()
    made = _Making(file, rounding).problem()
    file.problems.raise_any()
    return made


def _split(file: _File, text: str) -> None:
    section = ""
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        name = words[0].rstrip(":").upper()
        if name == "EOF":
            break
        if name.endswith("_SECTION"):
            section = name
            if section not in COLUMNS and section not in {"DEPOT_SECTION", "EDGE_WEIGHT_SECTION"}:
                file.bad(section, f"line {number}", "This section is not read.", "Take it out, or another problem.")
            if section in file.sections:
                file.bad(section, f"line {number}", "The section stands twice.", "Keep one.")
            file.sections[section] = []
        elif ":" in line and not section:
            key, _, value = line.partition(":")
            file.headers[key.strip().upper()] = value.strip()
            if key.strip().upper() not in HEADERS:
                known = "Expected a header such as DIMENSION or CAPACITY."
                file.bad(key.strip()[:40], f"line {number}", known, "Correct its name or take it out.")
        elif section:
            file.sections[section].append((number, words))
        elif name in HEADERS:
            # some files leave the colon out
            file.headers[name] = line.strip()[len(words[0]) :].strip()
        else:
            file.bad(
                "line", f"line {number}", f"Expected `NAME : value` or a section, got {line[:40]!r}.", "Correct it."
            )


class _Making:
    """Makes rounds from headers and sections."""

    def __init__(self, file: _File, rounding: Rounding) -> None:
        self.file = file
        has_windows = "TIME_WINDOW_SECTION" in file.sections
        if rounding is Rounding.AUTO:
            rounding = Rounding.DIMACS if has_windows else Rounding.ROUND
        self.scale = SCALE[rounding]
        self.fix: Callable[[float], int] = (
            # Half is rounded up, not to even, as the benchmarks do.
            (lambda value: math.floor(value * self.scale + 0.5))
            if rounding in {Rounding.ROUND, Rounding.EXACT}
            else (lambda value: int(value * self.scale))
        )
        self.size = self._header("DIMENSION", 2, MOST_NODES)
        file.problems.raise_any()

    def problem(self) -> VrpProblem:
        """Give the whole problem; what is wrong is noted."""
        file, size = self.file, self.size
        depot = self._depot()
        demand = self._column("DEMAND_SECTION", required=True)
        windows = self._table("TIME_WINDOW_SECTION") if "TIME_WINDOW_SECTION" in file.sections else None
        prize = self._column("PRIZE_SECTION") if "PRIZE_SECTION" in file.sections else None
        service = self._service()
        seconds = self._seconds()
        capacity = self._header("CAPACITY", 1, LARGEST_NUMBER)
        vehicles = self._header("VEHICLES", 1, MOST_NODES, default=size - 1)
        longest = self._longest()
        file.problems.raise_any()
        tasks = []
        for node in range(size):
            early, late = (self.fix(value) for value in windows[node]) if windows is not None else (0, ALWAYS_S)
            if late < early:
                place = f"TIME_WINDOW_SECTION, node {node + 1}"
                file.bad("TIME_WINDOW_SECTION", place, "It ends before it begins.", "Exchange the two.")
                late = early
            if node == depot:
                if demand[node]:
                    file.bad("DEMAND_SECTION", f"node {node + 1}", "The depot has a demand.", "Set it to 0.")
                opens, closes = early, min(late, early + longest)
                continue
            if demand[node] != int(demand[node]):
                told = f"Expected a whole number, got {demand[node]:g}."
                file.bad("DEMAND_SECTION", f"node {node + 1}", told, "Count demand and capacity in smaller units.")
            if demand[node] > capacity:
                told = f"The demand {demand[node]:g} is above the capacity {capacity}."
                file.bad("DEMAND_SECTION", f"node {node + 1}", told, "Correct one of them.")
            tasks.append(
                RouteTask(
                    id=str(node),
                    place=str(node),
                    service_s=self.fix(service[node]),
                    earliest_s=early,
                    latest_s=late,
                    amount=int(demand[node]),
                    prize=self.fix(prize[node]) if prize is not None else 0,
                    is_required=prize is None,
                )
            )
        file.problems.raise_any()
        carriers = tuple(
            Carrier(
                id=str(at),
                start=str(depot),
                end=str(depot),
                from_s=opens,
                until_s=closes,
                capacity=capacity,
            )
            for at in range(min(vehicles, len(tasks)))
        )
        places = tuple(str(node) for node in range(size))
        rounds = RouteProblem(places=places, seconds=seconds, tasks=tuple(tasks), carriers=carriers)
        return VrpProblem(name=file.headers.get("NAME", ""), rounds=rounds, scale=self.scale)

    def _longest(self) -> int:
        value = self.file.headers.get("VEHICLES_MAX_DURATION", self.file.headers.get("DISTANCE", ""))
        return self.fix(self._number(value, "DISTANCE", "header")) if value else ALWAYS_S

    def _number(self, text: str, name: str, place: str, low: float = 0.0) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= LARGEST_NUMBER:
            told = f"Expected a number in [{low:g}, {LARGEST_NUMBER}], got {text[:40]!r}."
            self.file.bad(name, place, told, "Correct the number.")
            return max(low, 0.0)
        return value

    def _header(self, name: str, low: int, high: int, default: int | None = None) -> int:
        text = self.file.headers.get(name, "")
        if not text and default is not None:
            return default
        if not (text.isascii() and text.isdigit()) or len(text) > 9 or not low <= int(text) <= high:
            told = f"Expected a whole number in [{low}, {high}], got {text[:40]!r}."
            self.file.bad(name, "header", told, "Correct the header.")
            return low
        return int(text)

    def _table(self, name: str, low: float = 0.0) -> list[list[float]]:
        """Give the numbers of each node of a section."""
        columns = COLUMNS[name]
        rows: dict[int, list[float]] = {}
        for number, words in self.file.sections.get(name, []):
            place = f"{name}, line {number}"
            if len(words) != columns + 1 or not _is_number(words[0]) or not 1 <= int(words[0]) <= self.size:
                told = f"Expected a node from 1 to {self.size} and {columns} numbers, got {' '.join(words)[:40]!r}."
                self.file.bad(name, place, told, "Correct the line.")
                continue
            node = int(words[0]) - 1
            if node in rows:
                self.file.bad(name, place, f"Node {node + 1} stands twice.", "Keep one line for each node.")
            rows[node] = [self._number(word, name, place, low) for word in words[1:]]
        missing = [node + 1 for node in range(self.size) if node not in rows]
        if missing:
            told = f"{len(missing)} of {self.size} nodes are missing, the first is {missing[0]}."
            self.file.bad(name, name, told, "Add their lines.")
        return [rows.get(node, [0.0] * columns) for node in range(self.size)]

    def _column(self, name: str, *, required: bool = False) -> list[float]:
        if name not in self.file.sections and not required:
            return [0.0] * self.size
        return [row[0] for row in self._table(name)]

    def _service(self) -> list[float]:
        if "SERVICE_TIME_SECTION" in self.file.sections:
            return self._column("SERVICE_TIME_SECTION")
        text = self.file.headers.get("SERVICE_TIME", "0")
        return [self._number(text, "SERVICE_TIME", "header")] * self.size

    def _depot(self) -> int:
        found = [words[0] for _, words in self.file.sections.get("DEPOT_SECTION", []) if words[0] != "-1"]
        nodes = [int(word) - 1 for word in found if _is_number(word) and 1 <= int(word) <= self.size]
        if len(found) != 1 or len(nodes) != 1:
            told = f"Expected one depot from 1 to {self.size}, got {' '.join(found)[:40] or 'none'}."
            self.file.bad("DEPOT_SECTION", "DEPOT_SECTION", told, "Name one node.")
            return 0
        return nodes[0]

    def _seconds(self) -> NDArray[np.int64]:
        kind = self.file.headers.get("EDGE_WEIGHT_TYPE", "EUC_2D").upper()
        if kind in KINDS:
            exact = by_coordinates(kind, np.array(self._table("NODE_COORD_SECTION", -LARGEST_NUMBER), np.float64))
        elif kind == "EXPLICIT":
            exact = self._explicit()
        else:
            self.file.bad("EDGE_WEIGHT_TYPE", "header", f"{kind[:40]!r} is not read.", "Use EUC_2D or EXPLICIT.")
            exact = np.zeros((self.size, self.size))
        # ``fix`` for each of the millions of entries would be a Python call; whether it rounds or truncates is asked
        # once.
        exact *= self.scale
        if self.fix(0.5 / self.scale) == 1:
            exact += 0.5
        result: NDArray[np.int64] = np.floor(exact, out=exact).astype(np.int64)
        return result

    def _explicit(self) -> NDArray[np.float64]:
        form = self.file.headers.get("EDGE_WEIGHT_FORMAT", "FULL_MATRIX").upper()
        lines = self.file.sections.get("EDGE_WEIGHT_SECTION", [])
        values = [
            self._number(word, "EDGE_WEIGHT_SECTION", f"line {number}") for number, words in lines for word in words
        ]
        form = SAME_ORDER.get(form, form)
        if form not in FORMATS:
            self.file.bad(
                "EDGE_WEIGHT_FORMAT", "header", f"{form[:40]!r} is not read.", "Use LOWER_ROW or FULL_MATRIX."
            )
        elif len(values) != size_of(form, self.size):
            told = f"Expected {size_of(form, self.size)} numbers for {form} of {self.size} nodes, got {len(values)}."
            self.file.bad("EDGE_WEIGHT_SECTION", "EDGE_WEIGHT_SECTION", told, "Correct the section.")
        else:
            return of_numbers(form, values, self.size)
        return np.zeros((self.size, self.size))


def routes_of_text(problem: VrpProblem, text: str, source: str = "routes") -> RoutePlan:
    """Read routes from a solution file; their times are those of leaving as early as possible.

    Raises
    ------
    ImportRefused
        If a line is no route, or names a client that there is not.
    """
    problems = Problems(source)
    tasks = {task.id: task for task in problem.rounds.tasks}
    rounds = []
    # Only lines of routes count; solution files hold costs and comments as well.
    lines = [
        (number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip().lower().startswith("route")
    ]
    if len(lines) > len(problem.rounds.carriers):
        told = f"Expected at most {len(problem.rounds.carriers)} routes, got {len(lines)}."
        problems.add("Route", "file", told, "Use fewer vehicles.")
    for (number, line), carrier in zip(lines, problem.rounds.carriers, strict=False):
        ids = line.partition(":")[2].split()
        unknown = [found for found in ids if found not in tasks]
        if unknown or ":" not in line:
            told = f"Expected `Route #1: ` and clients of the problem, got {(unknown or [line])[0][:40]!r}."
            problems.add("Route", f"line {number}", told, "Correct the line.")
            continue
        rounds.append(round_of(problem.rounds, carrier, [tasks[found] for found in ids]))
    if not lines:
        problems.add("Route", "file", "There is no route.", "Write one line `Route #1: 3 1 2` for each.")
    problems.raise_any()
    done = {stop.task for found in rounds for stop in found.stops}
    dropped = tuple(Dropped(task=task, reason=DropReason.NOT_WORTH) for task in tasks if task not in done)
    return RoutePlan(rounds=tuple(rounds), dropped=dropped)


def routes_to_text(plan: RoutePlan, cost: float) -> str:
    """Give rounds as a solution file: one line for each route, then the cost."""
    lines = [
        f"Route #{number}: {' '.join(stop.task for stop in found.stops)}"
        for number, found in enumerate(plan.rounds, start=1)
    ]
    return "\n".join([*lines, f"Cost {cost:g}", ""])


def _is_number(word: str) -> bool:
    # isdigit alone is true of superscripts, which int() refuses, and int() refuses thousands of digits.
    return word.isascii() and word.isdigit() and len(word) <= 9
