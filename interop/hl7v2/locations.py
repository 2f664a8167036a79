"""Person locations (PL) of HL7 version 2, and which place of the twin each names."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from interop.hl7v2.escapes import NULL
from interop.hl7v2.message import Segment


class PersonLocation(msgspec.Struct, frozen=True):
    """Where a message says that somebody is: PL.1 to PL.4, PL.7 to PL.9."""

    point_of_care: str = ""
    room: str = ""
    bed: str = ""
    facility: str = ""
    building: str = ""
    floor: str = ""
    description: str = ""

    def __bool__(self) -> bool:
        """Tell whether it names anything."""
        return bool(self.point_of_care or self.room or self.bed or self.description)

    @property
    def code(self) -> str:
        """Point of care, room and bed joined by hyphens: the id of a place that the twin does not know yet.

        Where none of these is filled it is the description (PL.9), by which location systems name corridors and
        nurses' stations.
        """
        return "-".join(part for part in (self.point_of_care, self.room, self.bed) if part) or self.description


def location_of(segment: Segment | None, number: int) -> PersonLocation:
    """Read a field of type PL; an empty one and a deleted one name no place.

    Parameters
    ----------
    segment : Segment or None
        Such as PV1.
    number : int
        Of the field.
    """
    if segment is None or segment.field(number) in ("", NULL):
        return PersonLocation()
    told = ["" if part == NULL else part.strip().replace("\x00", "") for part in segment.components(number)[:9]]
    told += [""] * (9 - len(told))
    return PersonLocation(told[0], told[1], told[2], told[3], told[6], told[7], told[8])


def _bed_names(told: PersonLocation) -> Iterator[str]:
    ward, room, bed = told.point_of_care, told.room, told.bed
    yield told.code
    if ward and room:
        yield f"{ward}-{bed}"
    if room:
        yield f"{room}-{bed}"
    yield bed


def place_of(told: PersonLocation, is_known: Callable[[str], bool]) -> str:
    """Give the id of the place meant.

    Parameters
    ----------
    told : PersonLocation
        As the message says.
    is_known : Callable[[str], bool]
        Whether the twin has a place with an id.

    Returns
    -------
    str
        The bed; if the twin knows none of its names, the room, then the ward; if it knows none of these,
        :attr:`PersonLocation.code`; empty if the message names no place.
    """
    if not told:
        return ""
    for name in _names(told):
        if name and is_known(name):
            return name
    return told.code


def _names(told: PersonLocation) -> Iterator[str]:
    # One by one: the first is known nearly always, so that the others need not be written.
    if told.bed:
        yield from _bed_names(told)
    if told.room:
        yield f"{told.point_of_care}-{told.room}"
        yield told.room
    yield told.point_of_care
    yield told.description


def is_exact(told: PersonLocation, place: str) -> bool:
    """Tell whether a place is the one named, and not only the room or ward around a bed that the twin does not know.

    Parameters
    ----------
    told : PersonLocation
        As the message says.
    place : str
        What :func:`place_of` gave.
    """
    if told.bed:
        return place in _bed_names(told)
    if told.room:
        return place in (f"{told.point_of_care}-{told.room}", told.room)
    return place in (told.point_of_care, told.description)


def bed_of(told: PersonLocation, is_known: Callable[[str], bool]) -> str:
    """Give the id of the bed that a location names; empty if it names a room or ward only, for these are no beds.

    Parameters
    ----------
    told : PersonLocation
        As the message says.
    is_known : Callable[[str], bool]
        Whether the twin has a bed with an id.
    """
    if told.bed:
        return next((name for name in _bed_names(told) if is_known(name)), told.code)
    return next((name for name in (told.point_of_care, told.room) if name and is_known(name)), "")
