"""Beds and wards: occupancy by readiness by service, and the code that other systems know."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from twin.events.patients import BedReadiness, BedService
from twin.events.places import PlaceKind
from twin.state.model import IN_HOUSE_STATUSES, Encounter, EncounterStatus
from twin.state.tables import Tables


class Occupancy(StrEnum):
    """Who holds a bed."""

    FREE = "free"
    RESERVED = "reserved"
    OCCUPIED = "occupied"
    LEAVE = "leave"


class BedStatusCode(StrEnum):
    """HL7 table 0116; a projection, never stored."""

    CLOSED = "C"
    HOUSEKEEPING = "H"
    ISOLATED = "I"
    CONTAMINATED = "K"
    OCCUPIED = "O"
    UNOCCUPIED = "U"


@dataclass(frozen=True, slots=True, kw_only=True)
class BedView:
    """A bed as one reads it from a board.

    Parameters
    ----------
    place : str
        Id of the bed.
    occupancy : Occupancy
        Who holds it.
    readiness : BedReadiness
        Cleanliness; clean until somebody says otherwise.
    service : BedService
        Whether it is in service; open until somebody says otherwise.
    encounters : tuple[str, ...]
        Everybody who is in it, keeps it or has it reserved, in that order; more than one is a warning.
    code : BedStatusCode
        Code of HL7 table 0116.
    since_at : int
        When the first of the encounters was placed, UTC microseconds; 0 if free.
    event_ids : tuple[str, ...]
        Events behind readiness and service.
    """

    place: str
    occupancy: Occupancy
    readiness: BedReadiness
    service: BedService
    encounters: tuple[str, ...]
    code: BedStatusCode
    since_at: int = 0
    event_ids: tuple[str, ...] = ()

    @property
    def encounter(self) -> str:
        """Id of the one who is in it, or keeps it; empty if none."""
        return self.encounters[0] if self.encounters else ""

    @property
    def is_available(self) -> bool:
        """Whether the next patient may be put into it now."""
        return (
            self.occupancy is Occupancy.FREE
            and self.readiness is BedReadiness.CLEAN
            and self.service is BedService.OPEN
        )


def bed_code(occupancy: Occupancy, readiness: BedReadiness, service: BedService) -> BedStatusCode:
    """Give the code of HL7 table 0116.

    The first that holds of closed, isolated, contaminated, occupied, housekeeping, unoccupied. There is no code
    for *reserved*; such a bed is unoccupied. A bed kept during leave is occupied.
    """
    if service is BedService.CLOSED:
        return BedStatusCode.CLOSED
    if service is BedService.ISOLATED:
        return BedStatusCode.ISOLATED
    if readiness is BedReadiness.CONTAMINATED:
        return BedStatusCode.CONTAMINATED
    if occupancy in (Occupancy.OCCUPIED, Occupancy.LEAVE):
        return BedStatusCode.OCCUPIED
    return BedStatusCode.UNOCCUPIED if readiness is BedReadiness.CLEAN else BedStatusCode.HOUSEKEEPING


def is_bed(state: Tables, place_id: str) -> bool:
    """Tell whether a place is a bed; wards and rooms are places too."""
    place = state.places.get(place_id)
    return place is not None and place.kind is PlaceKind.BED


def bed_view(state: Tables, place_id: str) -> BedView:
    """Give a bed's occupancy, readiness, service and code.

    Occupied is a bed in which a person physically is as far as events say; so a discharge, planned or done, leaves it
    occupied until the departure. Kept by somebody who is away it is on leave or reserved.
    """
    index = state.index
    present = sorted(index.present_by_place.get(place_id, ()))
    assigned = [key for key in sorted(index.encounters_by_place.get(place_id, ())) if key not in present]
    reserved = [key for key in sorted(index.reserved_by_place.get(place_id, ())) if key not in assigned + present]
    # each encounter is named once, by its strongest tie: in it, assigned, reserved
    on_leave = any(state.encounters[key].status is EncounterStatus.ON_LEAVE for key in assigned)
    if present:
        occupancy = Occupancy.OCCUPIED
    elif on_leave:
        occupancy = Occupancy.LEAVE
    else:
        occupancy = Occupancy.RESERVED if assigned or reserved else Occupancy.FREE
    bed = state.beds.get(place_id)
    known = (bed.readiness, bed.service) if bed is not None else (None, None)
    readiness = known[0].readiness if known[0] is not None else BedReadiness.CLEAN
    service = known[1].service if known[1] is not None else BedService.OPEN
    encounters = (*present, *assigned, *reserved)
    return BedView(
        place=place_id,
        occupancy=occupancy,
        readiness=readiness,
        service=service,
        encounters=encounters,
        code=bed_code(occupancy, readiness, service),
        since_at=min((state.encounters[key].placed_at for key in (*present, *assigned)), default=0),
        event_ids=tuple(fact.id for fact in known if fact is not None),
    )


def beds_of(state: Tables, ward: str) -> list[str]:
    """Give the ids of the beds in a place, sorted."""
    return sorted(place for place in state.inside(ward) if is_bed(state, place))


@dataclass(frozen=True, slots=True, kw_only=True)
class WardOccupancy:
    """How full a ward is; beds only, never rooms or the ward itself.

    Parameters
    ----------
    ward : str
        Id of the ward.
    beds : int
        Beds in it, closed ones too.
    open_beds : int
        Beds in service (open or isolated).
    occupied, reserved, on_leave, free : int
        Beds by occupancy; they add up to ``beds``.
    available : int
        Free, clean and open beds.
    to_clean : int
        Free beds that are not clean.
    census : int
        Encounters in house that are assigned to the ward or a place in it, with or without a bed.
    """

    ward: str
    beds: int
    open_beds: int
    occupied: int
    reserved: int
    on_leave: int
    free: int
    available: int
    to_clean: int
    census: int

    @property
    def occupied_share(self) -> float:
        """Occupied beds over beds in service, 0 if none is."""
        return self.occupied / self.open_beds if self.open_beds else 0.0


def occupancy_of(state: Tables, ward: str) -> WardOccupancy:
    """Give how full a ward, a level or the whole site is."""
    places = list(state.inside(ward))
    views = [bed_view(state, place) for place in places if is_bed(state, place)]
    count = {kind: sum(view.occupancy is kind for view in views) for kind in Occupancy}
    assigned = (key for place in places for key in state.index.encounters_by_place.get(place, ()))
    return WardOccupancy(
        ward=ward,
        beds=len(views),
        open_beds=sum(view.service is not BedService.CLOSED for view in views),
        occupied=count[Occupancy.OCCUPIED],
        reserved=count[Occupancy.RESERVED],
        on_leave=count[Occupancy.LEAVE],
        free=count[Occupancy.FREE],
        available=sum(view.is_available for view in views),
        to_clean=sum(view.occupancy is Occupancy.FREE and view.readiness is not BedReadiness.CLEAN for view in views),
        census=sum(state.encounters[key].status in IN_HOUSE_STATUSES for key in assigned),
    )


def encounters_of(state: Tables, ward: str) -> list[Encounter]:
    """Give the encounters assigned to a ward or a place in it, by id."""
    found = {key for place in state.inside(ward) for key in state.index.encounters_by_place.get(place, ())}
    return [state.encounters[key] for key in sorted(found)]


def ward_of(state: Tables, place_id: str) -> str:
    """Give the id of the ward that contains a place, itself included; empty if none does."""
    seen: set[str] = set()
    while place_id and place_id not in seen:
        seen.add(place_id)
        place = state.places.get(place_id)
        if place is None:
            return ""
        if place.kind is PlaceKind.WARD:
            return place_id
        place_id = place.parent
    return ""
