"""Stock requisitions of other systems (OMS^O05): what a ward asks for, and what it asks for no more.

References
----------
HL7 version 2.5.1: chapter 4 (OMS^O05; segments ORC 4.5.1, RQD 4.11.1, TQ1 4.5.4), table 0119 (order control).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from interop.hl7v2.escapes import NULL
from interop.hl7v2.locations import PersonLocation, location_of
from interop.hl7v2.message import Segment
from interop.hl7v2.reading import Reading
from twin.events.envelope import Event
from twin.events.work import RequestSettled, TaskKind, TaskRequested

_NEW = frozenset({"NW", "SN", "RO", "XO", ""})
_GIVEN_UP = frozenset({"CA", "DC", "OC", "OD"})
_PRIORITIES = {"S": 1, "A": 2, "P": 2, "R": 3}  # stat, as soon as possible, preoperative, routine (table 0485)
_ROUTINE = 3
_MOST = 10**9  # base units of one line: what is more is a wrong field


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of a requisition: its order (ORC), its timing (TQ1) and what is asked for (RQD)."""

    order: Segment | None
    timing: Segment | None
    asked: Segment
    number: int


def _text(segment: Segment | None, number: int, component: int = 1) -> str:
    told = segment.value(number, component).strip().replace("\x00", "") if segment is not None else ""
    return "" if told == NULL else told


def _lines(reading: Reading) -> Iterator[_Line]:
    order = timing = None
    number = 0
    for segment in reading.message.segments:
        if segment.name == "ORC":
            order, timing = segment, None
        elif segment.name == "TQ1":
            timing = segment
        elif segment.name == "RQD":
            number += 1
            yield _Line(order, timing, segment, number)


def requisitions(readings: list[Reading]) -> Iterator[Event]:
    """Give the requests for supplies of a message, one for each line; cancelled lines settle theirs.

    Parameters
    ----------
    readings : list[Reading]
        Of the message; the first one holds it.

    Notes
    -----
    The item is the hospital's own code (RQD-4), else the internal one (RQD-2); an external code alone names no item of
    ours. It is brought to RQD-9, else to where the patient of the message is, else to where it was entered (ORC-13).
    """
    reading = readings[0]
    for line in _lines(reading):
        control = _text(line.order, 1).upper()
        if control in _NEW:
            yield from _requested(reading, line)
        elif control in _GIVEN_UP:
            item = _item(line)
            if item:
                key = _key(reading, line)
                yield reading.event(RequestSettled, thing=item, dedupe_key=key, is_done=False, reason="cancelled")
        else:
            reading.notes.append("order_not_new")


def _item(line: _Line) -> str:
    return _text(line.asked, 4) or _text(line.asked, 2)


def _key(reading: Reading, line: _Line) -> str:
    # The placer's order number is the same in order and cancel; a system that sends none cannot cancel.
    order = _text(line.order, 2) or reading.message.control_id
    return f"hl7:{reading.around.source}:{order}:{_text(line.asked, 1) or line.number}"


def _requested(reading: Reading, line: _Line) -> Iterator[Event]:
    item, quantity = _item(line), _quantity(_text(line.asked, 5))
    place = _place(reading, line)
    if not item or not quantity:
        reading.notes.append("requisition_unreadable")
    elif not reading.around.is_place(place):
        # The name is listed for a person to match; a request for nowhere would never be done.
        reading.notes.append("place_missing")
    else:
        yield reading.event(
            TaskRequested,
            thing=item,
            kind=TaskKind.RESTOCK,
            dedupe_key=_key(reading, line),
            subject_id=item,
            to_place=place,
            quantity=quantity,
            due_at=reading.planned(_text(line.asked, 10)),
            priority=_PRIORITIES.get((_text(line.timing, 9) or _text(line.order, 7, 6)).upper()[:1], _ROUTINE),
            reason="hl7_requisition",
        )


def _quantity(text: str) -> int:
    """Read a quantity; half a pack is asked for: one is brought, not none. 0 if it is none."""
    try:
        value = float(text)
    except ValueError:
        return 0
    return ceil(value) if 0 < value < _MOST else 0


def _place(reading: Reading, line: _Line) -> str:
    told = PersonLocation(point_of_care=_text(line.asked, 9))
    if told:
        return reading.place_named(told)
    entered = location_of(line.order, 13) if line.order is not None else PersonLocation()
    return reading.place("PV1", 3) or (reading.place_named(entered) if entered else "")
