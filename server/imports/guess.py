"""A guess at the mapping of an unknown log, from its header and its first rows; shown in the dry run, never silent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from server.imports.mapping import Columns, LogMapping, LogShape
from server.imports.reading import parse_instant
from twin.errors import FieldProblem, ImportRefused
from twin.events.patients import EncounterClass

_WORDS: dict[str, tuple[str, ...]] = {
    "case": (
        "case_id",
        "case",
        "case:concept:name",
        "patid",
        "patient",
        "patient_id",
        "encounter",
        "visit",
        "visit_id",
        "hadm_id",
        "stay_id",
        "就诊号",
        "住院号",
        "患者",
    ),
    "start": (
        "start",
        "start_time",
        "admit",
        "admission",
        "admittime",
        "arrival",
        "arrived",
        "in",
        "inroomts",
        "intime",
        "entry",
        "入院时间",
        "到达时间",
    ),
    "end": (
        "end",
        "end_time",
        "discharge",
        "dischtime",
        "departure",
        "departed",
        "out",
        "outroomts",
        "outtime",
        "exit",
        "出院时间",
        "离开时间",
    ),
    "activity": ("activity", "handling", "event", "task", "action", "concept:name", "活动"),
    "time": ("timestamp", "time", "datetime", "date", "time:timestamp", "时间"),
    "lifecycle": ("lifecycle", "lifecycle:transition", "registration_type", "transition", "status"),
    "place": ("place", "location", "ward", "unit", "bed", "room", "org:group", "科室", "病区", "床号"),
    "service": ("service", "specialty", "department", "pattype", "专科"),
    "acuity": ("acuity", "triage", "esi", "mts", "分诊级别"),
}
_SPLIT = re.compile(r"[\s_\-.]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """What was guessed, and why.

    Parameters
    ----------
    mapping : LogMapping
        The whole mapping, ready to be written to a file and mended.
    reasons : tuple[str, ...]
        One line a column: role, column, and whether its name or its values told.
    """

    mapping: LogMapping
    reasons: tuple[str, ...]


def guess_mapping(name: str, rows: Sequence[Mapping[str, str]], *, time_zone: str) -> Guess:
    """Guess which column means what.

    Parameters
    ----------
    name : str
        File name; its letters and digits become the mapping's name.
    rows : Sequence[Mapping[str, str]]
        First rows of the log, at least one; those of an XES log need not all have the same columns.
    time_zone : str
        Zone for instants without an offset: the site's.

    Returns
    -------
    Guess
        Mapping and reasons.

    Raises
    ------
    ImportRefused
        If no case column, or neither arrival and departure nor activity and time, can be told.
    """
    header = list(dict.fromkeys(column for row in rows for column in row))
    instants = {column for column in header if _holds_instants([row.get(column, "") for row in rows])}
    chosen: dict[str, str] = {}
    reasons: list[str] = []
    for role, words in _WORDS.items():
        free = [column for column in header if column not in chosen.values()]
        # a column named "in" that holds no instants is no arrival
        wanted = [c for c in free if (c in instants) == (role in {"start", "end", "time"})]
        column = _by_name(wanted, words)
        if column:
            chosen[role] = column
            reasons.append(f"{role} = {column} (by its name)")
    # what no name tells is guessed from the values: the first column of instants left is the arrival
    for role, column in zip(_missing_times(chosen), _unused(instants, chosen, header), strict=False):
        chosen[role] = column
        reasons.append(f"{role} = {column} (it holds instants)")
    shape = LogShape.VISITS if {"start", "end"} <= chosen.keys() else LogShape.ACTIVITIES
    _check(name, header, chosen, shape)
    short = re.sub(r"[^a-z0-9_-]+", "-", name.rsplit(".", 1)[0].lower()).strip("-")[:40] or "log"
    mapping = LogMapping(
        name=short,
        shape=shape,
        columns=Columns(**{role: column for role, column in chosen.items() if _belongs(role, shape)}),
        time_zone=time_zone,
        encounter_class=EncounterClass.INPATIENT,
    )
    return Guess(mapping=mapping, reasons=tuple(reasons))


def _belongs(role: str, shape: LogShape) -> bool:
    activity_roles = {"activity", "time", "lifecycle"}
    return role not in (activity_roles if shape is LogShape.VISITS else {"start", "end"})


def _missing_times(chosen: Mapping[str, str]) -> list[str]:
    if "activity" in chosen:
        return [] if "time" in chosen else ["time"]
    return [role for role in ("start", "end") if role not in chosen]


def _unused(instants: set[str], chosen: Mapping[str, str], header: Sequence[str]) -> list[str]:
    return [column for column in header if column in instants and column not in chosen.values()]


def _holds_instants(values: Sequence[str]) -> bool:
    filled = [value for value in values if value]
    return bool(filled) and all(parse_instant(value, "", "UTC") is not None for value in filled)


def _by_name(columns: Sequence[str], words: Sequence[str]) -> str:
    for word in words:
        for column in columns:
            if column.lower() == word:
                return column
    for word in words:
        for column in columns:
            if word in _SPLIT.split(column.lower()):
                return column
    return ""


def _check(name: str, header: Sequence[str], chosen: Mapping[str, str], shape: LogShape) -> None:
    needed = ["case", *(("start", "end") if shape is LogShape.VISITS else ("activity", "time"))]
    missing = [role for role in needed if role not in chosen]
    if missing:
        problem = FieldProblem(
            field=", ".join(missing),
            place="header",
            message=f"No column could be told to hold it; columns are {', '.join(header)}.",
            cure="Write a mapping file (docs/guides/import.md) and give it with --mapping.",
        )
        raise ImportRefused(name, [problem])
