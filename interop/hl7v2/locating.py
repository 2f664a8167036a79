"""Location reports of a real-time location system in HL7 version 2: which tag was seen where, when.

References
----------
IHE Patient Care Device, supplement Medical Equipment Management Location Services (MEMLS) rev. 1.3, transaction Report
Location Observation (PCD-16): ORU^R01 whose OBX name the location as ``MDCX_LS_ATTR_LOCATION`` and the tag in OBX-18.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from interop.hl7v2.escapes import NULL
from interop.hl7v2.locations import PersonLocation, location_of
from interop.hl7v2.message import Message, Segment
from interop.hl7v2.reading import Reading
from twin.events.envelope import Event
from twin.events.things import TagLost, ZoneChanged, ZoneConfirmed

# Vendors wrote private terms (MDCX) before IEEE gave numbers: the reference id tells what it is, the number may be 0.
_LOCATION = "ATTR_LOCATION"
_SYSTEM_ID = "MDC_ATTR_SYS_ID"
_PROFILES = ("PCD_016", "PCD-16", "MEMLS", "MEM-LS")


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationObservation:
    """A tag seen at a location.

    Parameters
    ----------
    tag : str
        Id of the tag; empty if the report names none.
    location : PersonLocation
        Where; names nothing if the system no longer sees the tag.
    times : tuple[str, ...]
        When, as written, the most telling first.
    """

    tag: str
    location: PersonLocation
    times: tuple[str, ...]


def _term(segment: Segment) -> str:
    """Give the reference id of OBX-3: component 2, or 1 where a sender writes it alone."""
    return (segment.value(3, 2) or segment.value(3)).upper()


def is_location_report(message: Message) -> bool:
    """Tell whether an ORU^R01 reports locations: by its profile in MSH-21, or by what its OBX observe."""
    profile = message.msh.field(21).upper()
    if any(name in profile for name in _PROFILES):
        return True
    return any(_term(segment).endswith(_LOCATION) for segment in message.all("OBX"))


def _device(segment: Segment, number: int) -> str:
    told = segment.value(number).strip().replace("\x00", "")  # PostgreSQL keeps no NUL in a text
    return "" if told == NULL else told


def _place(obx: Segment) -> PersonLocation:
    if obx.value(2).upper() == "PL":
        return location_of(obx, 5)
    told = (obx.value(5, 2).strip() or obx.value(5).strip()).replace(
        "\x00", ""
    )  # CWE: the text, else the code; ST: the name itself
    return PersonLocation() if told == NULL else PersonLocation(point_of_care=told)


def observations(message: Message) -> Iterator[LocationObservation]:
    """Give the location observations of a report, in order.

    Parameters
    ----------
    message : Message
        For which :func:`is_location_report` holds.

    Notes
    -----
    The tag is OBX-18, else PRT-10 beside it, else the device that ``MDC_ATTR_SYS_ID`` names. A participation with both
    a device (PRT-10) and a location (PRT-9) is an observation of its own: so HL7 2.8 writes it.
    """
    order_time = device = ""
    for segment in message.segments:
        if segment.name == "OBR":
            # Each order group begins anew: the device of the one before must not lend its name to this one.
            order_time, device = segment.value(7) or segment.value(6), ""
        elif segment.name == "PRT":
            tag = _device(segment, 10)
            if tag and segment.value(9):
                times: tuple[str, ...] = (segment.value(11), order_time)
                yield LocationObservation(tag=tag, location=location_of(segment, 9), times=times)
            device = tag or device
        elif segment.name == "OBX" and _term(segment) == _SYSTEM_ID:
            device = _device(segment, 5) or device
        elif segment.name == "OBX" and _term(segment).endswith(_LOCATION):
            tag = _device(segment, 18) or device
            times = (segment.value(14), segment.value(19), order_time)
            yield LocationObservation(tag=tag, location=_place(segment), times=times)


def located(readings: list[Reading]) -> Iterator[Event]:
    """Give what a location report comes to: a change of zone, its confirmation, or that a tag is seen no more.

    Parameters
    ----------
    readings : list[Reading]
        Of the message; the first one holds it.
    """
    reading = readings[0]
    zones: dict[str, str] = {}  # a report may tell several steps of one tag
    for one in observations(reading.message):
        if not one.tag:
            reading.notes.append("tag_missing")
            continue
        before = zones.get(one.tag, reading.around.zone_of(one.tag))
        at = reading.instant(*one.times)
        # Seen no more; of a tag that was never seen there is nothing to take back.
        if not one.location:
            if before:
                yield reading.event(TagLost, thing=one.tag, at=at, last_zone=before)
            continue
        zone = reading.place_named(one.location)
        zones[one.tag] = zone
        if zone == before:
            yield reading.event(ZoneConfirmed, thing=one.tag, at=at, zone=zone)
        else:
            yield reading.event(ZoneChanged, thing=one.tag, at=at, zone=zone, previous_zone=before)
