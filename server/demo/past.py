"""Thirty days of the demo hospital written into an empty ledger, and the hidden truth as it stands at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

import numpy as np
from sqlmodel import Session

from server.demo.building import building_events
from server.demo.equipment import equip
from server.demo.inhabitants import Inhabitants, corridors, inhabitant_events, inhabitants
from server.demo.reprocessing import define_machines
from server.demo.supplies import Supplies
from server.demo.truth.patients import PatientFlow, Rooms
from server.demo.truth.things import AssetMotion, Step
from server.wiring import Hospital
from twin.clock import DAY_US
from twin.errors import Refused
from twin.events.envelope import Event
from twin.events.places import PathDefined, PlaceDefined, PlaceKind
from twin.events.things import ZoneChanged
from twin.ports import EventSink, Stored

DAYS = 30
PIECE = 5000
PAST_TRIPS_SHARE = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The hidden truth at the end of the past, ready to be advanced along the clock.

    Parameters
    ----------
    places : tuple[PlaceDefined, ...]
        The building.
    found : Inhabitants
        Devices, machines, items, read points, staff.
    patients : PatientFlow
        All patients.
    motion : AssetMotion
        All mobile devices.
    supplies : Supplies
        What is on the shelves.
    now : int
        Where the past ends, UTC microseconds.
    """

    places: tuple[PlaceDefined, ...]
    found: Inhabitants
    patients: PatientFlow
    motion: AssetMotion
    supplies: Supplies
    now: int


class PastLedger:
    """Stores events as history: nobody is asked to act on them.

    Parameters
    ----------
    hospital : Hospital
        Whose ledger it is.
    """

    def __init__(self, hospital: Hospital) -> None:
        self._ledger = hospital.ledger

    def append(self, session: Session, events: Sequence[Event]) -> list[Stored]:
        """Store events; each fact once."""
        return self._ledger.append(session, events, is_past=True)


def write_past(hospital: Hospital, *, seed: int, now: int, days: int = DAYS) -> Truth:
    """Fill an empty hospital with its past.

    Parameters
    ----------
    hospital : Hospital
        Without any event.
    seed : int
        The same seed and instant give the same hospital.
    now : int
        Where the past ends, UTC microseconds.
    days : int
        Length of the past, days.

    Returns
    -------
    Truth
        As it stands now.

    Raises
    ------
    Refused
        If the ledger holds anything already.
    """
    if hospital.live.sequence:
        raise Refused(
            f"The hospital holds {hospital.live.sequence} events already; the demo needs an empty data folder.",
            code="demo.not_empty",
        )
    start = now - days * DAY_US
    built = building_events(start - DAY_US)
    places = tuple(event for event in built if isinstance(event, PlaceDefined))
    found = inhabitants(places, seed=seed, at=start - DAY_US)
    motion = _motion(places, built, found, seed, start)
    patients = PatientFlow(_rooms(places), np.random.default_rng([seed, 2]), start)
    lived = [*patients.advance(now), *_sightings(found, motion.advance(now))]
    lived.sort(key=lambda event: event.occurred_at)
    motion.trips_share = 1.0
    ledger = PastLedger(hospital)
    _store(hospital, ledger, built)
    # Handlers enter the assets in the device register; nothing else that is history may act.
    _store(hospital, hospital.ledger, inhabitant_events(found, at=start - DAY_US))
    _store(hospital, ledger, lived)
    hospital.write_now(partial(define_machines, found=found, ledger=ledger, now=now))
    zone = ZoneInfo(hospital.settings.time_zone)
    hospital.write_now(partial(equip, found=found, ledger=ledger, now=now, zone=zone, seed=seed))
    supplies = Supplies(found.items, found.stock_places, np.random.default_rng([seed, 3]), start)
    hospital.write_now(partial(supplies.open, ledger=ledger))
    for day in range(days):
        hospital.write_now(partial(supplies.live_day, ledger=ledger, day=day, is_restocked=day < days - 1))
    return Truth(places=places, found=found, patients=patients, motion=motion, supplies=supplies, now=now)


def _store(hospital: Hospital, ledger: EventSink, events: Sequence[Event]) -> None:
    for first in range(0, len(events), PIECE):
        hospital.write_now(partial(ledger.append, events=events[first : first + PIECE]))


def _rooms(places: Sequence[PlaceDefined]) -> Rooms:
    beds = [place for place in places if place.kind is PlaceKind.BED]
    return Rooms(
        ward_beds=tuple(bed.thing for bed in beds if bed.department not in {"ED", "ICU", "OR"}),
        icu_beds=tuple(bed.thing for bed in beds if bed.department == "ICU"),
        ed_bays=tuple(bed.thing for bed in beds if bed.department == "ED"),
        triage="ED-TRIAGE",
        waiting="ED-WAIT",
        department_by_bed={bed.thing: bed.department for bed in beds},
    )


def _motion(
    places: Sequence[PlaceDefined], built: Sequence[Event], found: Inhabitants, seed: int, start: int
) -> AssetMotion:
    parent = {place.thing: place.parent for place in places}
    rooms_by_block: dict[str, list[str]] = {}
    for place in places:
        if place.purpose in {"ward_room", "ed_bay", "icu_space", "theatre", "recovery_space"}:
            rooms_by_block.setdefault(place.parent, []).append(place.thing)
    rooms_by_block["CSSD"] = rooms_by_block["OR"]
    homes = {device.home for device in found.devices}
    return AssetMotion(
        home_by_asset={device.asset: device.home for device in found.devices},
        rooms_by_home={home: tuple(rooms_by_block.get(parent[home], ())) for home in homes},
        corridor_by_room=corridors([event for event in built if isinstance(event, PathDefined)]),
        exits=tuple(place.thing for place in places if place.purpose == "exit"),
        random=np.random.default_rng([seed, 4]),
        start_at=start,
        trips_share=PAST_TRIPS_SHARE,
    )


def _sightings(found: Inhabitants, steps: Sequence[Step]) -> list[Event]:
    tag_by_asset = {device.asset: device.tag for device in found.devices}
    first_at = min((step.at for step in steps), default=0)
    events: list[Event] = [
        ZoneChanged(
            thing=device.tag,
            occurred_at=first_at - 1,
            source="demo:readers",
            source_key=f"{device.asset}/home",
            zone=device.home,
        )
        for device in found.devices
    ]
    events += [
        ZoneChanged(
            thing=tag_by_asset[step.asset],
            occurred_at=step.at,
            source="demo:readers",
            source_key=f"{step.asset}/{number}",
            zone=step.zone,
            previous_zone=step.previous,
        )
        for number, step in enumerate(steps)
    ]
    return events
