"""Where tags are, told to others in HL7 version 2.

References
----------
IHE Patient Care Device, supplement Medical Equipment Management Location Services (MEMLS) rev. 1.3, transaction Report
Location Observation (PCD-16).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from interop.hl7v2.escapes import NULL, Separators
from interop.hl7v2.instants import write_instant
from interop.hl7v2.message import Segment, write_segment
from twin.events.places import PlaceKind
from twin.state.tables import Tables

_PROFILE = ("IHE_PCD_016", "IHE PCD", "1.3.6.1.4.1.19376.1.6.1.16.1", "ISO")
APPLICATION = "HOSPITALTWIN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A tag at a place.

    Parameters
    ----------
    tag : str
        Id of the tag.
    device : str
        Id of the asset that bears it; empty for a person, of whom nobody outside is told.
    name : str
        What the asset is called; empty for a person.
    location : tuple[str, ...]
        PL.1 to PL.9; empty if nobody sees the tag.
    at : int
        Since when, UTC microseconds.
    """

    tag: str
    device: str
    name: str
    location: tuple[str, ...]
    at: int


def location_parts(state: Tables, place: str, *, site: str) -> tuple[str, ...]:
    """Give a place as PL.1 to PL.9: ward, room and bed by their ids, facility, building, floor, and its name.

    Parameters
    ----------
    state : Tables
        The present hospital.
    place : str
        Id of the place; empty for nowhere.
    site : str
        Name of the facility.
    """
    if not place:
        return ()
    around: dict[PlaceKind, str] = {}
    current, seen = place, set[str]()
    while current and current not in seen:
        seen.add(current)  # an import may have closed a circle of parents
        entry = state.places.get(current)
        if entry is None:
            break
        around.setdefault(entry.kind, current)
        current = entry.parent
    held = state.places.get(place)
    is_bed = held is not None and held.kind is PlaceKind.BED
    is_room = held is not None and held.kind is PlaceKind.ROOM
    ward = around.get(PlaceKind.WARD, "") if is_bed or is_room else place
    room = around.get(PlaceKind.ROOM, "") if is_bed else place if is_room else ""
    building, floor = around.get(PlaceKind.BUILDING, ""), around.get(PlaceKind.LEVEL, "")
    name = held.name if held is not None else ""
    return ward, room, place if is_bed else "", site, "", "", building, floor, name


def location_report(told: Located, *, site: str, control_id: str) -> bytes:
    """Write a location observation as ORU^R01.

    Parameters
    ----------
    told : Located
        Which tag, and where.
    site : str
        Name of the facility, MSH-4.
    control_id : str
        MSH-10; the same when it is sent again.
    """
    by, at = Separators(), write_instant(told.at)
    key = (control_id, APPLICATION)
    head: list[str | Sequence[str]] = [APPLICATION, site, "", "", at, "", ("ORU", "R01", "ORU_R01"), control_id]
    head += ["P", "2.6", "", "", "AL", "NE", "", "UNICODE UTF-8", "", "", _PROFILE]
    tag = (told.tag, APPLICATION, "", "L")
    name = ("0", "MDCX_LS_ATTR_NAME", "MDC")
    place = ("0", "MDCX_LS_ATTR_LOCATION", "MDC")
    system = ("67972", "MDC_ATTR_SYS_ID", "MDC")
    rest: list[str | Sequence[str]] = ["", "", "", "", "", "F", "", "", at, "", "", "", tag]
    segments: list[Segment] = [
        write_segment("MSH", head, by),
        write_segment("PID", ["1", *[""] * 29, "Y"], by),  # PID-31: who it is, is not said
        write_segment("PV1", ["1", "N"], by),
        write_segment("OBR", ["1", key, key, place, "", "", at], by),
    ]
    # OBX-18 names the tag in each row: a receiver may take the rows one by one.
    rows: list[list[str | Sequence[str]]] = []
    if told.device:
        rows.append(["ST", system, "1.0.0.1", told.device, *rest])
    if told.name:
        rows.append(["ST", name, "LOC", told.name, *rest])
    # A deleted value says that the tag is seen nowhere; a value left out would say nothing.
    rows.append(["PL", place, "LOC", told.location or NULL, *rest])
    segments += [write_segment("OBX", [str(number), *row], by) for number, row in enumerate(rows, 1)]
    return "".join(segment.text + segment.end for segment in segments).encode()
