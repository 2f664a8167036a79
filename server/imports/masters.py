"""Spreadsheets of places, devices, staff, items, tags and work orders: templates, row checks, what they become."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from assets.model.work import WorkKind
from inventory.model.items import Criticality, ItemKind, StorageClass, Tracking
from server.imports.columns import (
    Column,
    Unreadable,
    Value,
    as_asset_tag,
    as_codes,
    as_gtin,
    as_identifier,
    as_instant,
    as_length,
    as_metres,
    as_one_of,
    as_tag,
    as_text,
    as_whole,
    as_yes_no,
)
from server.imports.device_setup import MACHINE_COLUMNS, PROGRAMME_COLUMNS
from server.imports.reading import Row
from server.imports.register_entries import REGISTER_COLUMNS
from server.imports.stock_setup import PAR_COLUMNS, PLACE_COLUMNS
from server.imports.tags import TagMode
from twin.errors import FieldProblem
from twin.events.envelope import Event
from twin.events.places import PathDefined, PathKind, PlaceDefined, PlaceKind
from twin.events.things import AssetRegistered, BearerKind, TagBound
from twin.events.work import StaffDefined


class MasterKind(StrEnum):
    """What a spreadsheet lists."""

    PLACES = "places"
    PATHS = "paths"
    ASSETS = "assets"
    STAFF = "staff"
    ITEMS = "items"
    TAGS = "tags"
    REGISTER = "register"
    WORK_ORDERS = "work_orders"
    PROGRAMMES = "programmes"
    MACHINES = "machines"
    STOCK_PLACES = "stock_places"
    PAR_LEVELS = "par_levels"


COLUMNS_BY_KIND: dict[MasterKind, tuple[Column, ...]] = {
    MasterKind.PLACES: (
        Column(name="id", read=as_identifier, example="2A-R01", is_required=True),
        Column(name="name", read=as_text, example="Room 2A-01", is_required=True),
        Column(name="name_zh", read=as_text, example="2A-01病房"),
        Column(name="kind", read=as_one_of(PlaceKind), example="room", is_required=True),
        Column(name="parent", read=as_identifier, example="2A"),
        Column(name="department", read=as_text, example="SUR"),
        Column(name="purpose", read=as_text, example="ward_room"),
        Column(name="floor", read=as_whole(-20, 200), example="2", default=0),
        Column(name="x_m", read=as_metres, example="12.5", default=0.0),
        Column(name="y_m", read=as_metres, example="25.5", default=0.0),
        Column(name="width_m", read=as_length, example="5", default=0.0),
        Column(name="depth_m", read=as_length, example="8", default=0.0),
        Column(name="capacity", read=as_whole(0, 100_000), example="2", default=1),
    ),
    MasterKind.PATHS: (
        Column(name="start", read=as_identifier, example="L2-C01", is_required=True),
        Column(name="end", read=as_identifier, example="2A-R01", is_required=True),
        Column(name="kind", read=as_one_of(PathKind), example="door", is_required=True),
        Column(name="length_m", read=as_length, example="5.5", default=0.0),
        Column(name="width_m", read=as_length, example="1.2", default=2.0),
        Column(name="floors", read=as_whole(0, 200), example="0", default=0),
        Column(name="one_way", read=as_yes_no, example="no", default=False),
    ),
    MasterKind.ASSETS: (
        Column(name="id", read=as_identifier, example="IP-0221", is_required=True),
        Column(name="category", read=as_text, example="infusion_pump", is_required=True),
        Column(name="name", read=as_text, example="Infusion pump 221", is_required=True),
        Column(name="model", read=as_text, example="Volumed 4"),
        Column(name="home", read=as_identifier, example="2A-EB"),
        Column(name="pool", read=as_text, example="pumps"),
        Column(name="gtin", read=as_gtin, example="09521234567899"),
        Column(name="serial", read=as_text, example="V4-000221"),
        Column(name="is_mobile", read=as_yes_no, example="yes", default=True),
        Column(name="may_leave", read=as_yes_no, example="no", default=False),
        Column(name="tag", read=as_asset_tag, example="3414257BF40C0E4000000065"),
    ),
    MasterKind.STAFF: (
        Column(name="id", read=as_identifier, example="S-014", is_required=True),
        Column(name="role", read=as_text, example="nurse", is_required=True),
        Column(name="skills", read=as_codes, example="triage; ventilation", default=()),
        Column(name="department", read=as_text, example="ED"),
        Column(name="label", read=as_text, example="Nurse 014"),
    ),
    MasterKind.ITEMS: (
        Column(name="id", read=as_identifier, example="GLV-03", is_required=True),
        Column(name="name", read=as_text, example="Examination gloves M", is_required=True),
        Column(name="code", read=as_text, example="100345"),
        Column(name="kind", read=as_one_of(ItemKind), example="consumable", default=ItemKind.CONSUMABLE),
        Column(name="base_unit", read=as_text, example="each", default="each"),
        Column(name="tracking", read=as_one_of(Tracking), example="lot", default=Tracking.LOT),
        Column(name="is_expiry_tracked", read=as_yes_no, example="yes", default=True),
        Column(name="storage", read=as_one_of(StorageClass), example="ambient", default=StorageClass.AMBIENT),
        Column(name="criticality", read=as_one_of(Criticality), example="vital", default=Criticality.ESSENTIAL),
        Column(name="unit_cost_minor", read=as_whole(0, 10**12), example="4", default=0),
        Column(name="gtin", read=as_gtin, example="09521234000013"),
        Column(name="level", read=as_text, example="box", default="case"),
        Column(name="quantity", read=as_whole(1, 10**9), example="100", default=1),
    ),
    MasterKind.TAGS: (
        Column(name="tag", read=as_tag, example="3414257BF40C0E4000000065", is_required=True),
        Column(name="asset", read=as_identifier, example="IP-0221", is_required=True),
        Column(name="mode", read=as_one_of(TagMode), example="new", default=TagMode.NEW),
    ),
    MasterKind.REGISTER: REGISTER_COLUMNS,
    MasterKind.WORK_ORDERS: (
        Column(name="id", read=as_identifier, example="WO-2025-00417", is_required=True),
        Column(name="asset", read=as_text, example="IP-0221", is_required=True),
        Column(name="kind", read=as_one_of(WorkKind), example="corrective", is_required=True),
        Column(name="opened", read=as_instant, example="2025-03-31 14:05", is_required=True),
        Column(name="closed", read=as_instant, example="2025-04-02 10:30", is_required=True),
        Column(name="title", read=as_text, example="Door does not close"),
        Column(name="failure_code", read=as_text, example="latch"),
        Column(name="finding", read=as_text, example="repaired"),
        Column(name="down_from", read=as_instant, example="2025-03-31 14:05"),
        Column(name="down_until", read=as_instant, example="2025-04-02 10:30"),
        Column(name="minutes", read=as_whole(0, 100_000), example="45", default=0),
        Column(name="labour_cost_minor", read=as_whole(0, 10**12), example="4500", default=0),
        Column(name="parts_cost_minor", read=as_whole(0, 10**12), example="12000", default=0),
        Column(name="technician", read=as_text, example="Biomed 003"),
    ),
    MasterKind.PROGRAMMES: PROGRAMME_COLUMNS,
    MasterKind.MACHINES: MACHINE_COLUMNS,
    MasterKind.STOCK_PLACES: PLACE_COLUMNS,
    MasterKind.PAR_LEVELS: PAR_COLUMNS,
}
"""Columns of each spreadsheet; an item's last three describe the package that its GTIN stands for."""


@dataclass(frozen=True, slots=True)
class Record:
    """One checked row: its number in the file and its values by column."""

    row: Row
    values: dict[str, Value]

    @property
    def place(self) -> str:
        """Which row of the file, for messages."""
        return self.row.place

    @property
    def tag(self) -> str:
        """Id of the tag that the row names; empty for none."""
        return str(self.values.get("tag", ""))

    @property
    def asset(self) -> str:
        """Id of the device of a row of tags."""
        return str(self.values.get("asset", ""))

    @property
    def mode(self) -> TagMode:
        """What becomes of the earlier tags of the device of a row of tags."""
        return TagMode(str(self.values.get("mode", TagMode.NEW)))


def template(columns: Sequence[Column]) -> str:
    """Give a spreadsheet template: the header and one example line, CSV."""
    header = ",".join(column.name for column in columns)
    return header + "\n" + ",".join(column.example for column in columns) + "\n"


def check_rows(columns: Sequence[Column], rows: Iterable[Row]) -> tuple[list[Record], list[FieldProblem]]:
    """Read every cell of a spreadsheet.

    Parameters
    ----------
    columns : Sequence[Column]
        What the spreadsheet may hold; its first column is the key unless there is no ``id``.
    rows : Iterable[Row]
        As read from the file.

    Returns
    -------
    tuple[list[Record], list[FieldProblem]]
        Records of the rows without a problem, and all problems in the order of the rows.
    """
    records: list[Record] = []
    problems: list[FieldProblem] = []
    known = {column.name for column in columns}
    row_by_key: dict[tuple[Value, ...], int] = {}
    row_by_tag: dict[Value, int] = {}
    keys = ("id",) if "id" in known else tuple(column.name for column in columns[:2])
    for number, row in enumerate(rows):
        if number == 0:
            problems += _header_problems(known, columns, row)
            if problems:  # cells under a wrong header would all be wrong: one cause, one problem
                return [], problems
        found: list[FieldProblem] = []
        values = {column.name: _cell(column, row, found) for column in columns}
        key = tuple(values[name] for name in keys)
        if not found and key in row_by_key:
            message = f"{' and '.join(map(str, key))} stands in row {row_by_key[key]} already."
            found.append(FieldProblem(field=keys[0], place=row.place, message=message, cure="Remove one of them."))
        row_by_key.setdefault(key, row.number)
        tag = values.get("tag")
        if tag and row_by_tag.setdefault(tag, row.number) != row.number:
            message = f"Tag {tag} stands in row {row_by_tag[tag]} already."
            found.append(FieldProblem(field="tag", place=row.place, message=message, cure="A tag is on one device."))
        problems += found
        if not found:
            records.append(Record(row, values))
    return records, problems


def _header_problems(known: set[str], columns: Sequence[Column], row: Row) -> list[FieldProblem]:
    cure = f"Columns are {', '.join(column.name for column in columns)}; see --template."
    unknown = [
        FieldProblem(field=name, place="header", message="The column is not known.", cure=cure)
        for name in row.values
        if name not in known
    ]
    missing = [
        FieldProblem(field=column.name, place="header", message="The column is missing.", cure=cure)
        for column in columns
        if column.is_required and column.name not in row.values
    ]
    return unknown + missing


def _cell(column: Column, row: Row, problems: list[FieldProblem]) -> Value:
    cell = row.values.get(column.name, "")
    if not cell:
        if column.is_required and column.name in row.values:
            problem = FieldProblem(
                field=column.name, place=row.place, message="The cell is empty.", cure=f"Such as {column.example}."
            )
            problems.append(problem)
        return column.default
    try:
        return column.read(cell)
    except Unreadable as error:
        message = f"{str(error).capitalize()}, got {cell!r}."
        problems.append(
            FieldProblem(field=column.name, place=row.place, message=message, cure=f"Such as {column.example}.")
        )
        return column.default


def check_references(kind: MasterKind, records: Sequence[Record], places: Mapping[str, str]) -> list[FieldProblem]:
    """Give a problem for each id that names nothing, and for each place that would lie within itself.

    Parameters
    ----------
    kind : MasterKind
        What the records are.
    records : Sequence[Record]
        Rows of one file.
    places : Mapping[str, str]
        Ids of the places that exist already, each with its parent's.

    Returns
    -------
    list[FieldProblem]
        In the order of the rows.
    """
    known = set(places)
    if kind is MasterKind.PLACES:
        known |= {str(record.values["id"]) for record in records}
    fields = {
        MasterKind.PLACES: ("parent",),
        MasterKind.PATHS: ("start", "end"),
        MasterKind.ASSETS: ("home",),
        MasterKind.STOCK_PLACES: ("id", "source"),
        MasterKind.PAR_LEVELS: ("place", "source"),
    }
    hanging = [
        FieldProblem(
            field=field,
            place=record.row.place,
            message=f"There is no place {record.values[field]!r}.",
            cure="Import the places first, or correct the id.",
        )
        for record in records
        for field in fields.get(kind, ())
        if record.values[field] and record.values[field] not in known
    ]
    return hanging + (_circles(records, places) if kind is MasterKind.PLACES else [])


def _circles(records: Sequence[Record], places: Mapping[str, str]) -> list[FieldProblem]:
    """Give a problem for each place that lies within itself, by however many steps."""
    told = {str(record.values["id"]): str(record.values["parent"]) for record in records}
    parent_by_id = {**places, **told}
    problems = []
    for record in records:
        start = str(record.values["id"])
        steps, at = 0, parent_by_id[start]
        # bounded: a circle that this place only leads into never comes back to it
        while at and at != start and steps <= len(parent_by_id):
            at, steps = parent_by_id.get(at, ""), steps + 1
        if at == start:
            message = f"{start} lies within itself: its parents lead back to it."
            cure = "Name the place that really contains it."
            problems.append(FieldProblem(field="parent", place=record.row.place, message=message, cure=cure))
    return problems


def events_of(kind: MasterKind, records: Sequence[Record], *, at: int) -> list[Event]:
    """Give the events that checked rows become.

    Parameters
    ----------
    kind : MasterKind
        Places, paths, assets or staff.
    records : Sequence[Record]
        From :func:`check_rows`.
    at : int
        Instant from which they hold, UTC microseconds.

    Returns
    -------
    list[Event]
        The source key tells the row's content: :mod:`server.imports.renewal` knows unchanged rows by it.
    """
    return [event for record in records for event in _events(kind, record.values, at)]


def _events(kind: MasterKind, values: dict[str, Value], at: int) -> list[Event]:
    fields = dict(values)
    tag = str(fields.pop("tag", ""))
    thing = f"{fields['start']}~{fields['end']}" if kind is MasterKind.PATHS else str(fields.pop("id"))
    # the tag is left out: it has a fact of its own, and the device stays the same row without it
    digest = hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:16]
    head = {"thing": thing, "occurred_at": at, "source": f"import:{kind}", "source_key": f"{thing}/{digest}"}
    maker: dict[MasterKind, Callable[..., Event]] = {
        MasterKind.PLACES: PlaceDefined,
        MasterKind.PATHS: PathDefined,
        MasterKind.ASSETS: AssetRegistered,
        MasterKind.STAFF: StaffDefined,
    }
    events = [maker[kind](**head, **fields)]
    if tag:
        bound = TagBound(
            thing=tag,
            occurred_at=at,
            source="import:tags",
            source_key=f"{tag}/{thing}",
            bearer=thing,
            bearer_kind=BearerKind.ASSET,
        )
        events.append(bound)
    return events
