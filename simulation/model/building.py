"""From a document to a checked pathway."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from simulation.model.arrivals import Planned, PoissonRates, Renewal, Stream
from simulation.model.calendars import WEEK_DAYS, Calendar, Span, opening_instants
from simulation.model.distributions import Distribution, read_distribution
from simulation.model.nodes import NodeReader, add_turnovers
from simulation.model.operations import Delay
from simulation.model.pathway import Pathway
from simulation.model.problems import PathwayError
from simulation.model.reading import Document, Entry, TravelTime, unit_of
from simulation.model.resources import (
    CapacityChange,
    Discipline,
    Eviction,
    Failures,
    Pool,
    Restocking,
    Shift,
    ShiftEnd,
    Turnover,
)
from simulation.model.validation import check_pathway
from simulation.model.ways import travel_of

MOST_AT_ONCE = 1_000_000
"""Units that come or go together, and patients that are laid out one by one before a run."""


def build_pathway(document: Document, *, span: Span, travel: TravelTime | None = None) -> Pathway:
    """Give the pathway that a document describes, or say everything that is wrong with it.

    Parameters
    ----------
    document : Document
        Plain values as read from TOML or JSON.
    span : Span
        Stretch of time for which appointments are laid out; its zone gives way to the document's.
    travel : TravelTime | None
        Walking seconds over the corridor graph; by default what the document itself tells of ways.

    Raises
    ------
    PathwayError
        If one entry cannot be read.
    PathwayRefused
        If the whole does not hold together; all faults are listed.
    """
    top = Entry("", document, unit_of(document))
    top.raw("unit")
    zone = top.text("zone", span.zone)
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: a folder such as America
        raise PathwayError("zone", f"Unknown zone {zone!r}.", 'Use an IANA name such as "Asia/Shanghai".') from error
    span = Span(start_at=span.start_at, horizon_us=span.horizon_us, zone=zone)
    classes, levels = _classes(top)
    pools = {name: _pool(name, entry) for name, entry in top.items("pools")}
    calendars = {
        name: Calendar(id=name, openings=_shifts(entry, "open", units=False)) for name, entry in top.items("calendars")
    }
    ways = travel_of(top)
    reader = NodeReader(classes, levels, pools, travel or ways)
    for name, entry in top.items("nodes"):
        if ":" in name:
            raise PathwayError(entry.place, "Node names have no colon; it marks parts of a node.", "Rename it.")
        reader.read(name, entry)
    streams = []
    for name, entry in top.items("arrivals"):
        streams.append(_stream(name, entry, classes, calendars, span))
        if entry.has("pre_arrival"):
            way = entry.by_class("pre_arrival", classes)
            reader.operations[f"{name}:on-the-way"] = Delay(durations=way, next=entry.text("to"))
        entry.check_all_read()
    add_turnovers(reader.operations, pools, len(classes))
    pathway = Pathway(
        name=top.text("name", "pathway"),
        classes=classes,
        pools=pools,
        calendars=calendars,
        streams=tuple(streams),
        operations=reader.operations,
        zone=zone,
    )
    for known in ("description", "title"):
        top.raw(known)
    top.check_all_read()
    check_pathway(pathway, span)
    return pathway


def _classes(top: Entry) -> tuple[tuple[str, ...], tuple[int, ...]]:
    if not top.has("classes"):
        return ("all",), (0,)
    value = top.raw("classes")
    if isinstance(value, Mapping):
        items = top.items("classes")
        levels = tuple(entry.whole("priority", 0) for _, entry in items)
        for _, entry in items:
            entry.check_all_read()
        return tuple(name for name, _ in items), levels
    names = top.names("classes")
    if not names or len(set(names)) != len(names):
        raise PathwayError("classes", f"Expected different names, got {names}.", "Name at least one class.")
    return names, (0,) * len(names)


def _days(entry: Entry) -> tuple[int, ...]:
    found: set[int] = set()
    text = entry.text("days", "mon-sun")
    for part in text.replace(" ", "").split(","):
        first, _, last = part.partition("-")
        last = last or first
        if first not in WEEK_DAYS or last not in WEEK_DAYS:
            raise PathwayError(entry.at("days"), f"Unknown days {text!r}.", 'Write such as "mon-fri,sun".')
        start, end = WEEK_DAYS.index(first), WEEK_DAYS.index(last)
        found.update((start + step) % 7 for step in range((end - start) % 7 + 1))
    return tuple(sorted(found))


def _minutes(entry: Entry, key: str, default: str) -> int:
    text = entry.text(key, default)
    hours, _, minutes = text.partition(":")
    # Digits of other scripts and superscripts are digits to isdigit, too.
    is_time = re.fullmatch(r"[0-9]{1,2}:[0-9]{1,2}", text) is not None
    if not (is_time and int(minutes) < 60 and int(hours) * 60 + int(minutes) <= 1440):
        raise PathwayError(entry.at(key), f"Expected a time of day, got {text!r}.", 'Write such as "07:30".')
    return int(hours) * 60 + int(minutes)


def _shifts(entry: Entry, key: str, *, units: bool) -> tuple[Shift, ...]:
    found = []
    for part in entry.tables(key):
        found.append(
            Shift(
                days=_days(part),
                start_min=_minutes(part, "from", "00:00"),
                end_min=_minutes(part, "to", "24:00"),
                units=part.whole("units", least=0) if units else 1,
            )
        )
        part.check_all_read()
    return tuple(found)


def _few(part: Entry, key: str, count: int) -> int:
    if count > MOST_AT_ONCE:
        raise PathwayError(part.at(key), f"Expected at most {MOST_AT_ONCE} patients, got {count}.", "Write fewer.")
    return count


def _changes(entry: Entry) -> tuple[CapacityChange, ...]:
    found = [
        CapacityChange(after_us=part.duration_us("after"), change=_change(part)) for part in entry.tables("changes")
    ]
    return tuple(change for change in found if change.change)


def _change(part: Entry) -> int:
    value = part.raw("add")
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > MOST_AT_ONCE:
        raise PathwayError(part.at("add"), f"Expected a whole number, got {value!r}.", "Write such as 2 or -2.")
    part.raw("after")
    part.check_all_read()
    return value


_Choice = TypeVar("_Choice", Discipline, ShiftEnd, Eviction)


def _choice(entry: Entry, key: str, kind: type[_Choice], default: _Choice) -> _Choice:
    text = entry.text(key, str(default))
    if text not in list(kind):
        raise PathwayError(entry.at(key), f"Unknown {key} {text!r}.", f"Use one of {', '.join(kind)}.")
    return kind(text)


def _pool(name: str, entry: Entry) -> Pool:
    failures = turnover = restocking = None
    if entry.has("failures"):
        part = entry.table("failures")
        failures = Failures(up=part.distribution("up"), down=part.distribution("down"))
        part.check_all_read()
    if entry.has("turnover"):
        part = entry.table("turnover")
        turnover = Turnover(
            duration=part.distribution("duration"), cleaner=part.text("cleaner", ""), level=part.whole("priority", 0)
        )
        part.check_all_read()
    if entry.has("restocking"):
        part = entry.table("restocking")
        restocking = Restocking(
            reorder_point=part.whole("at"),
            quantity=part.whole("quantity", least=1),
            lead_time=part.distribution("lead_time"),
        )
        part.check_all_read()
    pool = Pool(
        id=name,
        capacity=entry.whole("capacity", 0),
        shifts=_shifts(entry, "shifts", units=True),
        changes=_changes(entry),
        discipline=_choice(entry, "discipline", Discipline, Discipline.PRIORITY),
        at_shift_end=_choice(entry, "at_shift_end", ShiftEnd, ShiftEnd.FINISH),
        eviction=_choice(entry, "eviction", Eviction, Eviction.RESUME),
        level_worth_us=entry.duration_us("level_worth", 0.0),
        may_overtake=entry.flag("may_overtake"),
        reserve_after_us=entry.duration_us("reserve_after", 0.0),
        failures=failures,
        turnover=turnover,
        restocking=restocking,
        cost_per_hour=entry.number("cost_per_hour", 0.0),
    )
    entry.check_all_read()
    return pool


def _stream(name: str, entry: Entry, classes: tuple[str, ...], calendars: dict[str, Calendar], span: Span) -> Stream:
    shares = [1.0 / len(classes)] * len(classes) if len(classes) == 1 else [0.0] * len(classes)
    value = entry.raw("classes", classes[0])
    if isinstance(value, str):
        if value not in classes:
            raise PathwayError(entry.at("classes"), f"Unknown class {value!r}.", f"Use one of {', '.join(classes)}.")
        shares = [float(value == known) for known in classes]
    else:
        table = entry.table("classes")
        shares = [table.number(known, 0.0) for known in classes]
        table.check_all_read()
    group: Distribution | None = None
    if entry.has("group"):
        group = read_distribution(entry.raw("group"), unit_us=1.0, place=entry.at("group"))
        if group.mean > MOST_AT_ONCE:
            message = f"Expected at most {MOST_AT_ONCE} patients together, got {group.mean:g} on average."
            raise PathwayError(entry.at("group"), message, "Write fewer.")
    timing = _timing(entry, calendars, span)
    to = f"{name}:on-the-way" if entry.has("pre_arrival") else entry.text("to")
    return Stream(id=name, to=to, timing=timing, class_shares=tuple(shares), group_size=group)


def _timing(entry: Entry, calendars: dict[str, Calendar], span: Span) -> Renewal | PoissonRates | Planned:
    ways = [key for key in ("gap", "per_hour", "at", "appointments", "burst") if entry.has(key)]
    if len(ways) != 1:
        raise PathwayError(
            entry.place, f"Expected one timing, got {ways}.", "Give gap, per_hour, at, appointments or burst."
        )
    if ways == ["gap"]:
        return Renewal(gap=entry.distribution("gap"))
    if ways == ["per_hour"]:
        return _rates(entry)
    planned, lateness = _planned(entry, ways[0], calendars, span)
    no_show = entry.number("no_show", 0.0)
    if not 0 <= no_show < 1:
        raise PathwayError(entry.at("no_show"), f"Expected a share in [0, 1), got {no_show}.", "Write such as 0.08.")
    if entry.has("lateness"):
        lateness = entry.distribution("lateness")
    return Planned(
        at_us=tuple(sorted(planned)), no_show_share=no_show, lateness=lateness, early_us=entry.duration_us("early", 0.0)
    )


def _rates(entry: Entry) -> PoissonRates:
    value = entry.raw("per_hour")
    listed = value if isinstance(value, list) else [value]
    numbers = [rate for rate in listed if isinstance(rate, (int, float)) and not isinstance(rate, bool)]
    if len(numbers) != len(listed) or not numbers or not all(0 <= rate < 1e9 for rate in numbers):
        raise PathwayError(
            entry.at("per_hour"), "Expected rates of at least 0.", "Write a number or a list of numbers."
        )
    return PoissonRates(
        per_hour=tuple(map(float, numbers)),
        piece_us=max(entry.duration_us("piece", 3.6e9 / entry.unit_us), 1),
        from_week_start=entry.flag("from_week_start"),
        repeats=not entry.flag("once"),
    )


def _planned(
    entry: Entry, way: str, calendars: dict[str, Calendar], span: Span
) -> tuple[list[int], Distribution | None]:
    if way == "at":
        value = entry.raw("at")
        if not isinstance(value, list) or not value:
            raise PathwayError(
                entry.at("at"), "Expected a list of durations after the start.", 'Write ["1h", "90 min"].'
            )
        one = Entry(entry.place, {str(n): item for n, item in enumerate(value)}, entry.unit_us)
        return [one.duration_us(str(n)) for n in range(len(value))], None
    part = entry.table(way)
    if way == "burst":
        count = _few(part, "count", part.whole("count", least=1))
        spread = part.distribution("spread") if part.has("spread") else None
        planned = [part.duration_us("after", 0.0)] * count
        part.check_all_read()
        return planned, spread
    calendar = part.text("calendar")
    if calendar not in calendars:
        raise PathwayError(part.at("calendar"), f"There is no calendar {calendar!r}.", "Add it under [calendars].")
    per_opening = part.whole("per_opening", 1, least=1)
    every = part.duration_us("every", 0.0)
    part.check_all_read()
    starts = opening_instants(calendars[calendar], span)
    _few(part, "per_opening", per_opening * max(1, len(starts)))
    return [start + every * n for start in starts for n in range(per_opening)], None
