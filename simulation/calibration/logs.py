"""Event logs: cases with activities that begin and end, read from CSV rows and written as CSV and XES."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.sax.saxutils import quoteattr

import numpy as np

from simulation.model.plan import EventLog, Mark, RunPlan
from twin.errors import FieldError, FieldProblem

_CASE = ("case:concept:name", "case_id", "case", "patient", "patid")
_ACTIVITY = ("concept:name", "activity", "handling", "event")
_TIME = ("time:timestamp", "timestamp", "time")
_LIFE = ("lifecycle:transition", "lifecycle", "registration_type")
# Other transitions of a life cycle, such as schedule or suspend, neither begin nor end the work.
_BEGIN, _END = ("start", "begin", "started"), ("complete", "end", "completed")


@dataclass(frozen=True, slots=True)
class Activity:
    """One activity of a case.

    Parameters
    ----------
    name : str
        Of the activity.
    begin_us, end_us : int
        UTC microseconds; equal where the log knows one instant only.
    """

    name: str
    begin_us: int
    end_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case: its activities in order of their beginning."""

    id: str
    activities: tuple[Activity, ...]

    @property
    def arrived_us(self) -> int:
        """When the first activity began."""
        return self.activities[0].begin_us

    @property
    def ended_us(self) -> int:
        """When the last activity ended."""
        return max(activity.end_us for activity in self.activities)


def read_cases(rows: Iterable[Mapping[str, str]]) -> list[Case]:
    """Read the rows of an event log, in any order.

    Parameters
    ----------
    rows : Iterable[Mapping[str, str]]
        With a case, an activity and a time by any of their usual names, and perhaps a transition (start, complete).

    Raises
    ------
    FieldError
        If a column is missing or a time cannot be read; the row is named.
    """
    told: dict[str, list[tuple[int, int, str, str]]] = {}
    columns: tuple[str, str, str, str] | None = None
    for number, row in enumerate(rows, start=2):
        if columns is None:
            columns = _columns(row)
        case, activity, time, life = columns
        # A row that is too short has None in its last columns.
        at = _instant(row.get(time) or "", time, number)
        transition = (row.get(life) or "complete").strip().lower() if life else "complete"
        told.setdefault(row.get(case) or "", []).append((at, number, row.get(activity) or "", transition))
    return sorted((_case(name, events) for name, events in told.items()), key=lambda case: (case.arrived_us, case.id))


def _columns(row: Mapping[str, str]) -> tuple[str, str, str, str]:
    by_lower = {name.lower().strip(): name for name in row if name}  # a row that is too long has a nameless rest

    def find(names: Sequence[str], what: str) -> str:
        for name in names:
            if name in by_lower:
                return by_lower[name]
        message = f"There is no column for the {what}, only {', '.join(by_lower.values())}."
        raise FieldError(FieldProblem(field=what, place="log, row 1", message=message, cure=f"Name it {names[0]}."))

    life = next((by_lower[name] for name in _LIFE if name in by_lower), "")
    return find(_CASE, "case"), find(_ACTIVITY, "activity"), find(_TIME, "time"), life


def _instant(text: str, column: str, number: int) -> int:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        problem = FieldProblem(
            field=column,
            place=f"log, row {number}",
            message=f"{text!r} is no instant.",
            cure="Write 2026-11-30 08:15:00.",
        )
        raise FieldError(problem) from error
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1e6)


def _case(name: str, events: list[tuple[int, int, str, str]]) -> Case:
    open_since: dict[str, list[int]] = {}
    found: list[Activity] = []
    # In order of time, then of the rows: events of one instant keep the order of the file.
    for at, _, activity, transition in sorted(events):
        if transition in _BEGIN:
            open_since.setdefault(activity, []).append(at)
        elif transition in _END:
            begun = open_since.get(activity)
            # First begun, first ended: a log does not say which of two equal activities an end belongs to.
            found.append(Activity(activity, begun.pop(0) if begun else at, at))
    # What was begun and never ended counts as an instant rather than not at all.
    found += [Activity(activity, at, at) for activity, begun in open_since.items() for at in begun]
    if not found:
        at = min(event[0] for event in events)
        found = [Activity(events[0][2], at, at)]
    return Case(id=name, activities=tuple(sorted(found, key=lambda one: (one.begin_us, one.end_us, one.name))))


def cases_of(log: EventLog, plan: RunPlan) -> list[Case]:
    """Give the cases of a simulated log: each delay is an activity.

    Parameters
    ----------
    log : EventLog
        Of one run.
    plan : RunPlan
        What was run, for names and the start.
    """
    nodes = list(plan.pathway.operations)
    open_at: dict[tuple[int, int, int, int], int] = {}
    found: dict[tuple[int, int], list[Activity]] = {}
    for time, stream, number, branch, node, mark, _ in log.rows():
        if mark == Mark.BEGIN:
            open_at[stream, number, branch, node] = time
        elif mark == Mark.END and (stream, number, branch, node) in open_at:
            begun = open_at.pop((stream, number, branch, node))
            # Parts of a node, such as its service, bear its name before the colon.
            name = nodes[node].partition(":")[0]
            start = plan.span.start_at
            found.setdefault((stream, number), []).append(Activity(name, start + begun, start + time))
    return [
        Case(id=f"{stream}-{number}", activities=tuple(activities)) for (stream, number), activities in found.items()
    ]


def to_csv_rows(cases: Iterable[Case]) -> list[tuple[str, str, str, str]]:
    """Give the rows of a CSV log: case, activity, transition, time, with their names in the first row."""
    rows = [("case:concept:name", "concept:name", "lifecycle:transition", "time:timestamp")]
    for case in cases:
        for activity in case.activities:
            rows.append((case.id, activity.name, "start", _text(activity.begin_us)))
            rows.append((case.id, activity.name, "complete", _text(activity.end_us)))
    return rows


def to_xes(cases: Iterable[Case]) -> str:
    """Give a log in XES (IEEE 1849-2016) with the concept, lifecycle and time extensions."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<log xes.version="1849-2016" xmlns="http://www.xes-standard.org/">',
        '<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>',
        '<extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>',
        '<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>',
    ]
    for case in cases:
        lines.append(f'<trace><string key="concept:name" value={quoteattr(case.id)}/>')
        events = [(one.begin_us, "start", one.name) for one in case.activities]
        events += [(one.end_us, "complete", one.name) for one in case.activities]
        # At one instant ends come before beginnings, as the activities followed each other.
        for at, transition, name in sorted(events, key=lambda event: (event[0], event[1] != "complete")):
            lines.append(
                f'<event><string key="concept:name" value={quoteattr(name)}/>'
                f'<string key="lifecycle:transition" value="{transition}"/>'
                f'<date key="time:timestamp" value="{_text(at)}"/></event>'
            )
        lines.append("</trace>")
    return "\n".join([*lines, "</log>", ""])


def _text(at: int) -> str:
    return datetime.fromtimestamp(at // 1_000_000, UTC).replace(microsecond=at % 1_000_000).isoformat()


def durations_h(cases: Sequence[Case]) -> np.ndarray:
    """Give the time from arrival to end of each case, hours."""
    return np.array([(case.ended_us - case.arrived_us) / 3.6e9 for case in cases])
