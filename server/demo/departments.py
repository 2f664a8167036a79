"""The departments of the demo hospital, room by room.

Fifteen wards and units with 300 beds on five floors, and a basement with sterile supply and the stores. A floor is a
row of blocks along a corridor; each room is one zone that readers can tell apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from twin.events.places import PlaceKind

DOOR_WIDTH_M = 1.2
NARROW_DOOR_M = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """One room of a block.

    Parameters
    ----------
    id, name, name_zh, purpose : str
        As in :class:`twin.events.places.PlaceDefined`.
    beds : int
        Bed spaces in it.
    width_m : float
        Length along the corridor, metres.
    door_m : float
        Clear width of its door, metres.
    kind : PlaceKind
        Its form.
    """

    id: str
    name: str
    name_zh: str
    purpose: str
    beds: int = 0
    width_m: float = 5.0
    door_m: float = DOOR_WIDTH_M
    kind: PlaceKind = PlaceKind.ROOM


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A department's stretch of one floor.

    Parameters
    ----------
    id, name, name_zh, department, purpose : str
        As in :class:`twin.events.places.PlaceDefined`.
    floor : int
        Storey.
    x_m : float
        Where it begins along the corridor, metres.
    north, south : Sequence[Room]
        Rooms on both sides, from west to east.
    kind : PlaceKind
        ``wa`` for wards, ``area`` for other departments.
    """

    id: str
    name: str
    name_zh: str
    department: str
    purpose: str
    floor: int
    x_m: float
    north: Sequence[Room] = field(default_factory=tuple)
    south: Sequence[Room] = field(default_factory=tuple)
    kind: PlaceKind = PlaceKind.AREA


def blocks() -> list[Block]:
    """Give every department of the demo hospital with its rooms."""
    wards = [
        _ward(f"{floor}{letter}", floor, x_m, department)
        for floor, row in ((2, "SUR ORT URO"), (3, "MED CAR GAS"), (4, "GER NEU ONC"))
        for (letter, x_m), department in zip((("A", 0.0), ("B", 40.0), ("C", 80.0)), row.split(), strict=True)
    ]
    return [*_ground_floor(), _ward("0A", 0, 80.0, "ADM"), *_first_floor(), *wards]


def _ward(ward: str, floor: int, x_m: float, department: str) -> Block:
    rooms = [
        Room(
            id=f"{ward}-R{i:02d}",
            name=f"Room {ward}-{i:02d}",
            name_zh=f"{ward}-{i:02d}病房",
            purpose="ward_room",
            beds=2,
        )
        for i in range(1, 13)
    ]
    services = _services(ward, ward)
    return Block(
        id=ward,
        name=f"Ward {ward}",
        name_zh=f"{ward}病区",
        department=department,
        purpose="ward",
        floor=floor,
        x_m=x_m,
        north=[*rooms[:6], services[0], services[1]],
        south=[*rooms[6:], services[2], services[3]],
        kind=PlaceKind.WARD,
    )


def _services(block: str, label: str) -> list[Room]:
    return [
        Room(
            id=f"{block}-CU",
            name=f"Clean utility {label}",
            name_zh=f"{label}洁净室",
            purpose="clean_utility",
            width_m=4.0,
            door_m=NARROW_DOOR_M,
            kind=PlaceKind.CABINET,
        ),
        Room(id=f"{block}-EB", name=f"Equipment bay {label}", name_zh=f"{label}设备间", purpose="equipment_bay"),
        Room(id=f"{block}-NS", name=f"Nurses' station {label}", name_zh=f"{label}护士站", purpose="nurse_station"),
        Room(
            id=f"{block}-DU",
            name=f"Dirty utility {label}",
            name_zh=f"{label}污物间",
            purpose="dirty_utility",
            width_m=4.0,
            door_m=NARROW_DOOR_M,
        ),
    ]


def _numbered(prefix: str, label: str, label_zh: str, purpose: str, count: int, beds: int = 0) -> list[Room]:
    return [
        Room(
            id=f"{prefix}{i:02d}",
            name=f"{label} {i}",
            name_zh=f"{label_zh}{i}",
            purpose=purpose,
            beds=beds,
            width_m=4.0,
        )
        for i in range(1, count + 1)
    ]


def _ground_floor() -> list[Block]:
    bays = _numbered("ED-B", "Bay", "抢救位", "ed_bay", 16, beds=1)
    ed_services = _services("ED", "ED")
    emergency = Block(
        id="ED",
        name="Emergency department",
        name_zh="急诊科",
        department="ED",
        purpose="emergency",
        floor=0,
        x_m=0.0,
        north=[
            Room(id="AMB-EXIT", name="Ambulance entrance", name_zh="救护车入口", purpose="exit", kind=PlaceKind.PORTAL),
            *bays[:8],
        ],
        south=[
            Room(id="ED-TRIAGE", name="Triage", name_zh="分诊台", purpose="service_point"),
            Room(id="ED-WAIT", name="Waiting area ED", name_zh="急诊候诊区", purpose="waiting", width_m=6.0),
            *bays[8:12],
        ],
        kind=PlaceKind.WARD,
    )
    annex = Block(
        id="ED2",
        name="Emergency annex",
        name_zh="急诊留观",
        department="ED",
        purpose="emergency",
        floor=0,
        x_m=40.0,
        north=[*bays[12:], *ed_services[:2]],
        south=ed_services[2:],
        kind=PlaceKind.WARD,
    )
    entrance = Block(
        id="HALL",
        name="Entrance and services",
        name_zh="门诊大厅",
        department="ADM",
        purpose="public",
        floor=0,
        x_m=65.0,
        north=[
            Room(id="MAIN-EXIT", name="Main entrance", name_zh="正门", purpose="exit", kind=PlaceKind.PORTAL),
            Room(id="REG", name="Registration", name_zh="挂号处", purpose="service_point"),
        ],
        south=[
            Room(id="IMAGING", name="Imaging", name_zh="影像科", purpose="service_point"),
            Room(id="LAB", name="Laboratory reception", name_zh="检验科", purpose="service_point"),
            Room(id="PHARMACY", name="Pharmacy", name_zh="药房", purpose="pharmacy", kind=PlaceKind.CABINET),
        ],
    )
    return [emergency, annex, entrance]


def _first_floor() -> list[Block]:
    return [_intensive(), _surgery(), _recovery(), _short_stay(), _sterile(), _stores()]


def _intensive() -> Block:
    return Block(
        id="ICU",
        name="Intensive care unit",
        name_zh="重症监护室",
        department="ICU",
        purpose="icu",
        floor=1,
        x_m=0.0,
        north=_numbered("ICU-B", "ICU space", "重症床位", "icu_space", 8, beds=2),
        south=_services("ICU", "ICU"),
        kind=PlaceKind.WARD,
    )


def _surgery() -> Block:
    theatres = _numbered("OR-", "Theatre", "手术间", "theatre", 8)
    return Block(
        id="OR",
        name="Operating theatres",
        name_zh="手术部",
        department="OR",
        purpose="theatres",
        floor=1,
        x_m=36.0,
        north=theatres[:6],
        south=[*theatres[6:], *_services("OR", "OR")],
    )


def _recovery() -> Block:
    return Block(
        id="PACU",
        name="Recovery room",
        name_zh="麻醉恢复室",
        department="OR",
        purpose="recovery",
        floor=1,
        x_m=62.0,
        north=_numbered("PACU-B", "Recovery space", "恢复床位", "recovery_space", 4, beds=2),
        south=_services("PACU", "PACU")[:2],
        kind=PlaceKind.WARD,
    )


def _short_stay() -> Block:
    return Block(
        id="SSU",
        name="Short-stay unit",
        name_zh="短期住院部",
        department="SSU",
        purpose="ward",
        floor=1,
        x_m=80.0,
        north=_numbered("SSU-R", "Short-stay room", "短期病房", "ward_room", 10, beds=2),
        south=_services("SSU", "SSU"),
        kind=PlaceKind.WARD,
    )


def _sterile() -> Block:
    return Block(
        id="CSSD",
        name="Sterile supply",
        name_zh="消毒供应中心",
        department="CSSD",
        purpose="sterile_supply",
        floor=-1,
        x_m=0.0,
        north=[
            Room(id="CSSD-DIRTY", name="Decontamination", name_zh="去污区", purpose="dirty_utility", width_m=12.0),
            Room(
                id="CSSD-CLEAN",
                name="Packing and sterilizing",
                name_zh="检查包装及灭菌区",
                purpose="reprocessing",
                width_m=12.0,
            ),
            Room(
                id="CSSD-STORE",
                name="Sterile store",
                name_zh="无菌物品存放区",
                purpose="sterile_store",
                width_m=12.0,
                kind=PlaceKind.CABINET,
            ),
        ],
    )


def _stores() -> Block:
    return Block(
        id="STORES",
        name="Stores",
        name_zh="库房",
        department="LOG",
        purpose="stores",
        floor=-1,
        x_m=44.0,
        north=[
            Room(
                id="STORE-A",
                name="Central store A",
                name_zh="中心库A",
                purpose="central_store",
                width_m=12.0,
                kind=PlaceKind.CABINET,
            ),
            Room(
                id="STORE-B",
                name="Central store B",
                name_zh="中心库B",
                purpose="central_store",
                width_m=12.0,
                kind=PlaceKind.CABINET,
            ),
            Room(id="WORKSHOP", name="Medical engineering", name_zh="医学工程部", purpose="workshop", width_m=10.0),
            Room(
                id="DOCK-EXIT",
                name="Loading dock",
                name_zh="装卸口",
                purpose="exit",
                width_m=8.0,
                kind=PlaceKind.PORTAL,
            ),
        ],
    )
