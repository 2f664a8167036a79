"""Who and what is in the demo hospital: 2,000 tagged devices, machines, 300 items in 40 places, 350 staff."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np

from twin.events.envelope import Event
from twin.events.places import PathDefined, PlaceDefined, PlaceKind
from twin.events.things import AssetRegistered, BearerKind, TagBound
from twin.events.watch import ReadPointDefined
from twin.events.work import StaffDefined

SOURCE = "demo:inhabitants"
COMPANY_PREFIX = 9521234  # GS1 prefix 952 is kept for examples
ANTENNAS_PER_READER = 4
STOCK_PLACES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One tagged device.

    Parameters
    ----------
    asset, tag : str
        Its id, and the EPC of its tag in hexadecimal.
    category, name, model, home, pool, gtin, serial : str
        As in :class:`twin.events.things.AssetRegistered`.
    """

    asset: str
    tag: str
    category: str
    name: str
    model: str
    home: str
    pool: str
    gtin: str
    serial: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """One networked machine that does not move."""

    asset: str
    kind: str
    name: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StockItem:
    """One item of the item master.

    Parameters
    ----------
    item, name, name_zh, gtin : str
        Its id, names and GTIN-14 of the case.
    pack : int
        Base units in a case.
    use_per_bed_day : float
        Base units used per occupied bed and day.
    criticality : str
        VED class: ``V``, ``E`` or ``D``.
    is_drug, is_implant, is_reusable : bool
        What it is.
    """

    item: str
    name: str
    name_zh: str
    gtin: str
    pack: int
    use_per_bed_day: float
    criticality: str
    is_drug: bool = False
    is_implant: bool = False
    is_reusable: bool = False


@dataclass(frozen=True, slots=True)
class ReadPoint:
    """One antenna: reader id, antenna number from 1, and the place it stands for."""

    reader: str
    antenna: int
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inhabitants:
    """Everything that is in the building.

    Parameters
    ----------
    devices, machines, items, read_points
        As their types say.
    stock_places : tuple[str, ...]
        Ids of the places that hold stock.
    staff : tuple[StaffDefined, ...]
        Members of staff, as events.
    """

    devices: tuple[Device, ...]
    machines: tuple[Machine, ...]
    items: tuple[StockItem, ...]
    read_points: tuple[ReadPoint, ...]
    stock_places: tuple[str, ...]
    staff: tuple[StaffDefined, ...]


def inhabitants(places: Sequence[PlaceDefined], *, seed: int, at: int) -> Inhabitants:
    """Give what is in the demo hospital.

    Parameters
    ----------
    places : Sequence[PlaceDefined]
        The building.
    seed : int
        The same seed gives the same hospital.
    at : int
        Instant from which staff are known, UTC microseconds.

    Returns
    -------
    Inhabitants
        Devices, machines, items, read points and staff.
    """
    text = resources.files("server.demo").joinpath("catalogue.toml").read_text(encoding="utf-8")
    catalogue = tomllib.loads(text)
    random = np.random.default_rng([seed, 1])
    return Inhabitants(
        devices=tuple(_devices(catalogue["device"], places, random)),
        machines=tuple(
            Machine(asset=row["id"], kind=row["kind"], name=row["name"], place=row["place"])
            for row in catalogue["machine"]
        ),
        items=tuple(_items(catalogue["family"])),
        read_points=tuple(_read_points(places)),
        stock_places=_stock_places(places),
        staff=tuple(_staff(catalogue["staff"], places, at)),
    )


def inhabitant_events(found: Inhabitants, *, at: int) -> list[Event]:
    """Give registrations, tag bindings, read points and staff as events.

    Parameters
    ----------
    found : Inhabitants
        From :func:`inhabitants`.
    at : int
        Instant from which they hold, UTC microseconds.

    Returns
    -------
    list[Event]
        About 4,700 events.
    """
    events: list[Event] = list(found.staff)
    for device in found.devices:
        events.append(registration(device, at=at))
        events.append(
            TagBound(
                thing=device.tag,
                occurred_at=at,
                source=SOURCE,
                source_key=f"tag:{device.tag}",
                bearer=device.asset,
                bearer_kind=BearerKind.ASSET,
            )
        )
    for machine in found.machines:
        events.append(
            AssetRegistered(
                thing=machine.asset,
                occurred_at=at,
                source=SOURCE,
                source_key=f"asset:{machine.asset}",
                category=machine.kind,
                name=machine.name,
                home=machine.place,
                is_mobile=False,
            )
        )
    for point in found.read_points:
        name = f"{point.reader}/{point.antenna}"
        events.append(
            ReadPointDefined(
                thing=name,
                occurred_at=at,
                source=SOURCE,
                source_key=f"read_point:{name}",
                reader=point.reader,
                antenna=point.antenna,
                place=point.place,
            )
        )
    return events


def registration(device: Device, *, at: int) -> AssetRegistered:
    """Give the registration of one device as an event.

    Parameters
    ----------
    device : Device
        What is registered.
    at : int
        Instant from which it holds, UTC microseconds.

    Returns
    -------
    AssetRegistered
        Under the demo's source.
    """
    return AssetRegistered(
        thing=device.asset,
        occurred_at=at,
        source=SOURCE,
        source_key=f"asset:{device.asset}",
        category=device.category,
        name=device.name,
        model=device.model,
        home=device.home,
        pool=device.pool,
        gtin=device.gtin,
        serial=device.serial,
    )


def corridors(paths: Sequence[PathDefined]) -> dict[str, str]:
    """Give the corridor segment in front of each room.

    Parameters
    ----------
    paths : Sequence[PathDefined]
        The building's paths; doors join a corridor segment (start) to a room (end).

    Returns
    -------
    dict[str, str]
        Corridor id by room id.
    """
    return {path.end: path.start for path in paths if path.kind.value == "door" and "-C" in path.start}


def gtin14(reference: int, indicator: int = 0) -> str:
    """Give a GTIN-14 with its check digit, under the company prefix for examples.

    Parameters
    ----------
    reference : int
        Item reference, 0 to 99,999.
    indicator : int
        Packaging level, 0 to 8.

    Returns
    -------
    str
        14 digits.

    References
    ----------
    GS1 General Specifications, section 7.9 (check digit modulo 10, weights 3 and 1).

    Examples
    --------
    >>> gtin14(1)
    '09521234000013'
    """
    digits = f"{indicator}{COMPANY_PREFIX}{reference:05d}"
    total = sum(int(digit) * (3 if index % 2 == 0 else 1) for index, digit in enumerate(digits))
    return f"{digits}{-total % 10}"


def _giai96(reference: int) -> str:
    # GIAI-96: header 0x34, filter 0, partition 5 (company prefix of 7 digits in 24 bits, reference in 58 bits);
    # GS1 Tag Data Standard, section 14.6.5.
    value = 0x34 << 88 | 5 << 82 | COMPANY_PREFIX << 58 | reference
    return f"{value:024X}"


def _devices(
    rows: Sequence[dict[str, Any]], places: Sequence[PlaceDefined], random: np.random.Generator
) -> Iterator[Device]:
    bays = [place.thing for place in places if place.purpose == "equipment_bay"]
    homes_by_kind = {
        "equipment_bay": bays,
        "icu_equipment": [bay for bay in bays if bay.split("-")[0] in {"ICU", "OR", "PACU", "ED"}],
        "sterile_store": ["CSSD-STORE"],
    }
    number = 0
    for kind, row in enumerate(rows, start=1):
        homes = homes_by_kind[row["homes"]]
        for index in range(1, row["count"] + 1):
            number += 1
            yield Device(
                asset=f"{row['prefix']}-{index:04d}",
                tag=_giai96(number),
                category=row["category"],
                name=f"{row['name']} {index:03d}",
                model=row["model"],
                home=homes[int(random.integers(len(homes)))],
                pool=row.get("pool", ""),
                gtin=gtin14(90_000 + kind),
                serial=f"{row['prefix']}{random.integers(10**7):07d}{index:04d}",
            )


def _items(families: Sequence[dict[str, Any]]) -> Iterator[StockItem]:
    number = 0
    for family in families:
        for index, size in enumerate(family["sizes"], start=1):
            number += 1
            yield StockItem(
                item=f"{family['prefix']}-{index:02d}",
                name=f"{family['name']} {size}",
                name_zh=f"{family['name_zh']} {size}",
                gtin=gtin14(number, 1),
                pack=family["pack"],
                use_per_bed_day=family["use_per_bed_day"] / len(family["sizes"]),
                criticality=family["criticality"],
                is_drug=family.get("is_drug", False),
                is_implant=family.get("is_implant", False),
                is_reusable=family.get("is_reusable", False),
            )


def _read_points(places: Sequence[PlaceDefined]) -> Iterator[ReadPoint]:
    zones = [
        place
        for place in places
        if place.kind in {PlaceKind.ROOM, PlaceKind.CABINET, PlaceKind.PORTAL, PlaceKind.CORRIDOR}
    ]
    zones.sort(key=lambda place: (place.floor, place.x_m, place.y_m))
    for index, place in enumerate(zones):
        yield ReadPoint(f"reader-{index // ANTENNAS_PER_READER + 1:02d}", index % ANTENNAS_PER_READER + 1, place.thing)


def _stock_places(places: Sequence[PlaceDefined]) -> tuple[str, ...]:
    # Clean utilities and central places hold most; nurses' stations fill up the number with small stocks.
    main = [place.thing for place in places if place.kind is PlaceKind.CABINET]
    small = [place.thing for place in places if place.purpose == "nurse_station"]
    theatres = [place.thing for place in places if place.purpose == "theatre"]
    return tuple([*main, *theatres, *small][:STOCK_PLACES])


def _staff(rows: Sequence[dict[str, Any]], places: Sequence[PlaceDefined], at: int) -> Iterator[StaffDefined]:
    departments = sorted({place.department for place in places if place.kind is PlaceKind.WARD})
    number = 0
    for row in rows:
        for index in range(1, row["count"] + 1):
            number += 1
            yield StaffDefined(
                thing=f"S{number:03d}",
                occurred_at=at,
                source=SOURCE,
                source_key=f"staff:S{number:03d}",
                role=row["role"],
                skills=(row["role"],),
                department=departments[index % len(departments)] if row["role"] in {"nurse", "physician"} else "",
                label=f"{row['name']} {index:03d}",
            )
