"""Rows of an event log become events about pseudonymous encounters."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from server.imports.mapping import LogMapping, LogShape
from server.imports.reading import Row, parse_instant
from twin.errors import FieldProblem
from twin.events.envelope import Event
from twin.events.patients import (
    EncounterClass,
    EncounterDeparted,
    EncounterFinished,
    EncounterMoved,
    EncounterStarted,
    StageReached,
)

MAX_PROBLEMS = 100
"""So many problems are listed; the rest is counted."""

_NOT_A_CODE = re.compile(r"[^\w]+")


@dataclass(slots=True, kw_only=True)
class Converted:
    """What came of a log.

    Attributes
    ----------
    events : list[Event]
        In order of their instants within each encounter; empty of rows with problems.
    problems : list[FieldProblem]
        The first :data:`MAX_PROBLEMS`.
    n_problems, n_rows, n_encounters : int
        Counts.
    open_encounters : int
        Encounters that no row ends: still in the hospital at the end of the log.
    unknown_places : dict[str, int]
        Values of the place column that name no place of the twin, with how often; such stays have no place.
    """

    events: list[Event] = field(default_factory=list)
    problems: list[FieldProblem] = field(default_factory=list)
    n_problems: int = 0
    n_rows: int = 0
    n_encounters: int = 0
    open_encounters: int = 0
    unknown_places: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def refuse(self, row: Row, column: str, message: str, cure: str) -> None:
        """Note a problem of a row."""
        self.n_problems += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(FieldProblem(field=column, place=row.place, message=message, cure=cure))


def pseudonym(case: str, *, name: str, key: bytes) -> str:
    """Give the encounter id of a case, from which the case cannot be told without the key.

    Parameters
    ----------
    case : str
        The log's case key; may be a record number, so it is stored nowhere.
    name : str
        Name of the mapping: cases of two logs never meet.
    key : bytes
        The installation's secret, 32 bytes.

    Returns
    -------
    str
        ``enc-`` and 24 hexadecimal digits (96 bits of HMAC-SHA-256).
    """
    return "enc-" + hmac.new(key, f"{name}\0{case}".encode(), hashlib.sha256).hexdigest()[:24]


class LogConversion:
    """Turns rows into events, one encounter at a time.

    Parameters
    ----------
    mapping : LogMapping
        What the columns mean.
    key : bytes
        The installation's secret for pseudonyms.
    places : frozenset[str]
        Ids of the places that the twin knows.
    """

    def __init__(self, mapping: LogMapping, *, key: bytes, places: frozenset[str]) -> None:
        self._mapping = mapping
        self._key = key
        self._places = places
        self._source = f"import:{mapping.name}"

    def convert(self, rows: Iterable[Row]) -> Converted:
        """Give all events of a log, and every problem.

        Parameters
        ----------
        rows : Iterable[Row]
            As read from the file.

        Returns
        -------
        Converted
            Events and problems; if there is any problem, nothing of it may be stored.
        """
        result = Converted()
        if self._mapping.shape is LogShape.VISITS:
            seen: set[str] = set()
            for row in rows:
                result.n_rows += 1
                self._visit(row, seen, result)
            return result
        # events of a case need not stand together, nor in order
        by_case: dict[str, list[tuple[int, int, Row]]] = {}
        for row in rows:
            result.n_rows += 1
            entry = self._activity(row, result)
            if entry is not None:
                by_case.setdefault(entry[0], []).append((entry[1], row.number, row))
        for case, entries in by_case.items():
            self._journey(case, sorted(entries, key=lambda each: each[:2]), result)
        return result

    def _value(self, row: Row, column: str, result: Converted, *, required: bool = True) -> str:
        if not column:
            return ""
        if column not in row.values:
            if required:
                result.refuse(row, column, "The column is missing.", "Correct columns.* of the mapping.")
            return ""
        value = row.values[column]
        if not value and required:
            result.refuse(row, column, "The value is empty.", "Fill it in or remove the row.")
        return value

    def _case(self, row: Row, result: Converted) -> str:
        column = self._mapping.columns.case
        if self._mapping.empty_case and row.values.get(column) == "":
            return self._mapping.empty_case
        return self._value(row, column, result)

    def _instant(self, row: Row, column: str, result: Converted, *, required: bool = True) -> int | None:
        text = self._value(row, column, result, required=required)
        if not text:
            return None
        at = parse_instant(text, self._mapping.time_format, self._mapping.time_zone)
        if at is None:
            expected = self._mapping.time_format or "ISO 8601 such as 2026-01-31 14:05"
            result.refuse(row, column, f"Expected an instant ({expected}), got {text!r}.", "Set time_format.")
        return at

    def _place(self, code: str, result: Converted) -> str:
        place = self._mapping.places.get(code, code)
        if place and place not in self._places:
            result.unknown_places[code] += 1
            return ""
        return place

    def _class(self, row: Row) -> EncounterClass:
        kind = row.values.get(self._mapping.columns.kind, "") if self._mapping.columns.kind else ""
        return self._mapping.classes.get(kind, self._mapping.encounter_class)

    def _acuity(self, row: Row, result: Converted) -> int:
        text = self._value(row, self._mapping.columns.acuity, result, required=False)
        if not text:
            return 0
        if not (text.isdecimal() and 1 <= int(text) <= 5):
            result.refuse(row, self._mapping.columns.acuity, f"Expected 1 to 5, got {text!r}.", "Map it to 1 to 5.")
            return 0
        return int(text)

    def _started(self, row: Row, encounter: str, at: int, result: Converted) -> EncounterStarted:
        columns = self._mapping.columns
        service = self._value(row, columns.service, result, required=False)
        return EncounterStarted(
            thing=encounter,
            occurred_at=at,
            source=self._source,
            source_key=f"{encounter}/start",
            encounter_class=self._class(row),
            place=self._place(self._value(row, columns.place, result, required=False), result),
            service=self._mapping.services.get(service, service),
            acuity=self._acuity(row, result),
        )

    def _visit(self, row: Row, seen: set[str], result: Converted) -> None:
        columns = self._mapping.columns
        case = self._case(row, result)
        start = self._instant(row, columns.start, result)
        end = self._instant(row, columns.end, result, required=False)
        if not case or start is None:
            return
        if case in seen:
            result.refuse(row, columns.case, "The case stands twice.", "Use shape 'activities', or make keys unique.")
            return
        seen.add(case)
        if end is not None and end < start:
            result.refuse(row, columns.end, "The end lies before the start.", "Correct one of them.")
            return
        encounter = pseudonym(case, name=self._mapping.name, key=self._key)
        result.n_encounters += 1
        result.events.append(self._started(row, encounter, start, result))
        if end is None:
            result.open_encounters += 1
        else:
            result.events += self._ending(encounter, end)

    def _ending(self, encounter: str, at: int) -> list[Event]:
        finished = EncounterFinished(
            thing=encounter, occurred_at=at, source=self._source, source_key=f"{encounter}/finish"
        )
        departed = EncounterDeparted(
            thing=encounter, occurred_at=at, source=self._source, source_key=f"{encounter}/depart"
        )
        return [finished, departed]

    def _activity(self, row: Row, result: Converted) -> tuple[str, int] | None:
        columns = self._mapping.columns
        case = self._case(row, result)
        activity = self._value(row, columns.activity, result)
        at = self._instant(row, columns.time, result)
        return (case, at) if case and activity and at is not None else None

    def _journey(self, case: str, entries: Sequence[tuple[int, int, Row]], result: Converted) -> None:
        mapping = self._mapping
        encounter = pseudonym(case, name=mapping.name, key=self._key)
        result.n_encounters += 1
        at, _, first = entries[0]
        result.events.append(self._started(first, encounter, at, result))
        end: int | None = None
        for index, (moment, _, row) in enumerate(entries):
            activity = row.values[mapping.columns.activity]
            if activity in mapping.finish:
                end = moment
            if activity in mapping.moves:
                result.events.append(self._move(encounter, moment, index, mapping.moves[activity], result))
            else:
                result.events.append(self._stage(encounter, moment, index, row))
        # nothing in the log is named as an end, so its last activity is the end
        if end is None and not mapping.finish:
            end = entries[-1][0]
        if end is None:
            result.open_encounters += 1
        else:
            result.events += self._ending(encounter, end)

    def _move(self, encounter: str, at: int, index: int, code: str, result: Converted) -> Event:
        place = self._place(code, result)
        key = f"{encounter}/{index}"
        if not place:
            return StageReached(
                thing=encounter, occurred_at=at, source=self._source, source_key=key, stage=f"moved_{_code(code)}"
            )
        return EncounterMoved(thing=encounter, occurred_at=at, source=self._source, source_key=key, place=place)

    def _stage(self, encounter: str, at: int, index: int, row: Row) -> StageReached:
        columns = self._mapping.columns
        stage = _code(row.values[columns.activity])
        lifecycle = row.values.get(columns.lifecycle, "").lower() if columns.lifecycle else ""
        if lifecycle == "start":
            stage += "_started"
        elif lifecycle and lifecycle != "complete":
            stage += f"_{_code(lifecycle)}"
        return StageReached(
            thing=encounter, occurred_at=at, source=self._source, source_key=f"{encounter}/{index}", stage=stage
        )


def _code(text: str) -> str:
    return _NOT_A_CODE.sub("_", text.strip().lower()).strip("_")
