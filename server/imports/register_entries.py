"""A sheet that fills in register entries: maker, lot, price, days; empty cells keep what is held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from assets.model.register import Asset
from assets.service import register
from assets.service.act import Act
from assets.tables.register import asset_of_row, find_by_identifier
from server.imports.columns import Column, Value, as_day, as_text, as_whole
from server.imports.reading import Row
from server.wiring import Hospital
from twin.access import SYSTEM
from twin.clock import from_datetime
from twin.errors import FieldProblem, ImportRefused

_KEPT = -1  # a whole number that is not told
_TEXTS = ("control_no", "manufacturer", "serial", "lot", "firmware", "owner", "cost_centre", "parent")
_DAYS = {"acquired_on": "acquired_at", "commissioned_on": "commissioned_at", "warranty_until": "warranty_until"}
_LAST_DAY = "warranty_until"

REGISTER_COLUMNS = (
    Column(name="id", read=as_text, example="IP-0221", is_required=True),
    Column(name="control_no", read=as_text, example="C-0221"),
    Column(name="manufacturer", read=as_text, example="Acme"),
    Column(name="serial", read=as_text, example="V4-000221"),
    Column(name="lot", read=as_text, example="L2019-07"),
    Column(name="firmware", read=as_text, example="2.1.3"),
    Column(name="owner", read=as_text, example="Hospital"),
    Column(name="cost_centre", read=as_text, example="4711"),
    Column(name="parent", read=as_text, example="RACK-03"),
    Column(name="criticality", read=as_whole(1, 5), example="3", default=_KEPT),
    Column(name="cost_minor", read=as_whole(0, 10**9), example="249900", default=_KEPT),
    Column(name="acquired_on", read=as_day, example="2019-04-12"),
    Column(name="commissioned_on", read=as_day, example="2019-05-01"),
    Column(name="warranty_until", read=as_day, example="2022-04-30"),
)
"""What a sheet of register entries may hold; ``id`` is an id, control number or any other mark."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldEntry:
    """What one row says of a device, by the names of the register; ``place`` is the row."""

    asset: str
    fields: dict[str, Value]
    place: str


def told_entries(rows: Sequence[tuple[Row, dict[str, Value]]], *, zone: ZoneInfo) -> list[ToldEntry]:
    """Give what checked rows say; days are the hospital's.

    Parameters
    ----------
    rows : Sequence[tuple[Row, dict[str, Value]]]
        Rows with their values by column.
    zone : ZoneInfo
        The hospital's.
    """
    return [ToldEntry(asset=str(values["id"]), fields=_fields(values, zone), place=row.place) for row, values in rows]


def _fields(values: dict[str, Value], zone: ZoneInfo) -> dict[str, Value]:
    told = {name: values[name] for name in _TEXTS if values[name]}
    for column, name in (("criticality", "criticality"), ("cost_minor", "cost")):
        if values[column] != _KEPT:
            told[name] = values[column]
    for column, name in _DAYS.items():
        if values[column]:
            told[name] = _instant(str(values[column]), zone, is_end=column == _LAST_DAY)
    return told


def _instant(day: str, zone: ZoneInfo, *, is_end: bool) -> int:
    # A warranty holds through its last day.
    at = date.fromisoformat(day) + timedelta(days=1 if is_end else 0)
    return from_datetime(datetime(at.year, at.month, at.day, tzinfo=zone).astimezone(UTC))


def changed_entries(session: Session, told: Sequence[ToldEntry], *, file: str) -> list[Asset]:
    """Give the entries that the rows change, as they will stand.

    Raises
    ------
    ImportRefused
        If a row names no device, or two rows one; each such row is named.
    """
    problems: list[FieldProblem] = []
    seen: dict[str, str] = {}
    changed: list[Asset] = []
    for one in told:
        row = find_by_identifier(session, one.asset)
        parent = str(one.fields.get("parent", ""))
        holder = find_by_identifier(session, parent) if parent else None
        if row is None:
            problems.append(_problem(one, "id", f"There is no device {one.asset!r}.", "Import the devices first."))
        elif row.id in seen:
            problems.append(_problem(one, "id", f"{row.id} stands in {seen[row.id]} already.", "Remove one of them."))
        elif parent and holder is None:
            problems.append(_problem(one, "parent", f"There is no device {parent!r}.", "Correct it."))
        else:
            seen[row.id] = one.place
            held = asset_of_row(row)
            entry = replace(held, **one.fields | ({"parent": holder.id} if holder is not None else {}))  # type: ignore[arg-type]  # names are fields
            changed += [entry] if entry != held else []
    if problems:
        raise ImportRefused(file, problems)
    return changed


def _problem(one: ToldEntry, field: str, message: str, cure: str) -> FieldProblem:
    return FieldProblem(field=field, place=one.place, message=message, cure=cure)


def store_entries(session: Session, hospital: Hospital, told: Sequence[ToldEntry], *, file: str) -> int:
    """Keep what the rows say; give how many entries changed.

    Raises
    ------
    ImportRefused
        If any row cannot be kept; nothing is stored then.
    """
    now = hospital.clock.now()
    # Who may import was asked at the door; the audit names them.
    act = Act(actor=SYSTEM, now=now, key=f"import:register:{now}", ledger=hospital.ledger)
    changed = changed_entries(session, told, file=file)
    register.edit_assets(session, act=act, assets=changed)
    return len(changed)
