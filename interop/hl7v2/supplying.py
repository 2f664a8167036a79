"""Supplies in HL7 version 2: what cabinets hold, what an item master says, and cycles of sterilizers.

References
----------
HL7 version 2.8.2: chapter 13 (INU^U05, segment INV), chapter 8 (MFN^M05, M15, M16, segments LOC, IIM, ITM), chapter 17
(SCN^S37, segments SDD, SCD).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from interop.hl7v2.escapes import NULL
from interop.hl7v2.locations import PersonLocation, location_of
from interop.hl7v2.message import Segment
from interop.hl7v2.reading import Reading
from twin.events.envelope import Event
from twin.events.supply import CycleEnded, CycleStarted, Verdict

_MOST = 10**12  # base units: what is more is a wrong field


@dataclass(frozen=True, slots=True, kw_only=True)
class StockFigure:
    """How much another system says that a place holds.

    Parameters
    ----------
    place, item, lot : str
        Ids; the lot is empty where it is not told.
    quantity : int
        Base units.
    expires_at : int
        UTC microseconds; 0 if not told.
    """

    place: str
    item: str
    lot: str
    quantity: int
    expires_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemProposal:
    """An entry of another system's item master.

    Parameters
    ----------
    code, name, category, maker, catalogue_number : str
        As written.
    action : str
        MFE-1: ``MAD`` add, ``MUP`` update, ``MAC`` activate, ``MDC`` deactivate, ``MDL`` delete.
    """

    code: str
    name: str
    category: str
    maker: str
    catalogue_number: str
    action: str


def _text(segment: Segment, number: int, component: int = 1) -> str:
    told = segment.value(number, component).strip().replace("\x00", "")
    return "" if told == NULL else told


def _quantity(text: str) -> int | None:
    """Read a whole quantity; parts of a base unit are no figure of ours."""
    try:
        value = float(text)
    except ValueError:
        return None
    return int(value) if 0 <= value < _MOST and value == int(value) else None


def _figure(reading: Reading, place: str, segment: Segment, numbers: tuple[int, int, int, int]) -> StockFigure | None:
    item_at, quantity_at, expiry_at, lot_at = numbers
    item, quantity = _text(segment, item_at), _quantity(_text(segment, quantity_at))
    if not item or quantity is None:
        reading.notes.append("figure_unreadable")
        return None
    return StockFigure(
        place=place,
        item=item,
        lot=_text(segment, lot_at),
        quantity=quantity,
        expires_at=reading.planned(_text(segment, expiry_at)),
    )


def figures_of(reading: Reading) -> Iterator[StockFigure]:
    """Give what a message says that places hold: INV of INU^U05 (13.4.4), on-hand quantity of IIM (8.12.2).

    Parameters
    ----------
    reading : Reading
        The message's first group.
    """
    place = ""
    for segment in reading.message.segments:
        if segment.name == "EQU":
            place = reading.place_named(PersonLocation(point_of_care=_text(segment, 1))) if _text(segment, 1) else ""
        elif segment.name == "INV" and place:
            # INV-8 is what is there; some cabinets fill only INV-9, what may be taken.
            quantity_at = 8 if _text(segment, 8) else 9
            figure = _figure(reading, place, segment, (1, quantity_at, 12, 16))
            if figure is not None:
                yield figure
        elif segment.name == "IIM" and _text(segment, 12) and _text(segment, 6):
            where = reading.place_named(PersonLocation(point_of_care=_text(segment, 6)))
            figure = _figure(reading, where, segment, (1, 12, 4, 3))
            if figure is not None:
                yield figure


def proposals_of(reading: Reading) -> Iterator[ItemProposal]:
    """Give the entries of an item master: IIM of MFN^M15, ITM of MFN^M16, with the action of the MFE before.

    Parameters
    ----------
    reading : Reading
        The message's first group.
    """
    action = "MAD"
    for segment in reading.message.segments:
        if segment.name == "MFE":
            action = _text(segment, 1) or "MAD"
        elif segment.name == "IIM" and _text(segment, 1):
            yield ItemProposal(
                code=_text(segment, 1),
                name=_text(segment, 2, 2) or _text(segment, 1, 2) or _text(segment, 1),
                category="",
                maker=_text(segment, 5, 2) or _text(segment, 5),
                catalogue_number="",
                action=action,
            )
        elif segment.name == "ITM" and _text(segment, 1):
            yield ItemProposal(
                code=_text(segment, 1),
                name=_text(segment, 2) or _text(segment, 1),
                category=_text(segment, 5, 2) or _text(segment, 5),
                maker=_text(segment, 8) or _text(segment, 7),
                catalogue_number=_text(segment, 9),
                action=action,
            )


def locations_listed(readings: list[Reading]) -> Iterator[Event]:
    """Let the names of a location master (MFN^M05, LOC-1) be listed for matching, if we do not know them."""
    for segment in readings[0].message.all("LOC"):
        told = location_of(segment, 1)
        if told:
            readings[0].place_named(told)
    return iter(())


def cycles(readings: list[Reading]) -> Iterator[Event]:
    """Give the cycles that a sterilizer's message tells (SCN^S37): begun, and ended without enough evidence.

    Parameters
    ----------
    readings : list[Reading]
        Of the message; the first one holds it.

    Notes
    -----
    The figures of a message are no record of the chamber: the verdict is ``undetermined``, or ``fail`` if the machine
    aborted (SCD-19) or rang (SCD-20), and a person releases the load. A device that the register does not know tells
    nothing.
    """
    reading, device, load = readings[0], "", ""
    for segment in reading.message.segments:
        if segment.name == "SDD":
            device, load = _text(segment, 2), _text(segment, 1)
        elif segment.name == "SCD" and device:
            yield from _cycle(reading, segment, device, load)


def _cycle(reading: Reading, segment: Segment, device: str, load: str) -> Iterator[Event]:
    if not reading.around.is_asset(device):
        reading.notes.append("device_unknown")
        return
    cycle = _text(segment, 5) or load or _text(segment, 2)
    started = reading.past(_text(segment, 11))
    if not cycle or not started:
        reading.notes.append("cycle_unreadable")
        return
    yield reading.event(CycleStarted, thing=device, at=started, cycle=cycle)
    ended = reading.past(_text(segment, 16))
    if ended >= started:
        failed = any(_text(segment, number).upper() in ("Y", "1", "A", "ABORT", "ALARM") for number in (19, 20))
        yield reading.event(
            CycleEnded,
            thing=device,
            at=ended,
            cycle=cycle,
            verdict=Verdict.FAIL if failed else Verdict.UNDETERMINED,
            reasons=("abort_alarm",) if failed else ("evidence_missing",),
        )
