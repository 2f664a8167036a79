"""Events about the building: places, paths between them, closures."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from twin.events.envelope import Event


class PlaceKind(StrEnum):
    """Form of a place: FHIR R4 ``location-physical-type`` codes, and two of ours (``x-…``).

    References
    ----------
    HL7 FHIR R4 (4.0.1), CodeSystem location-physical-type.
    """

    SITE = "si"
    BUILDING = "bu"
    WING = "wi"
    WARD = "wa"
    LEVEL = "lvl"
    CORRIDOR = "co"
    ROOM = "ro"
    BED = "bd"
    VEHICLE = "ve"
    HOUSE = "ho"
    CABINET = "ca"
    ROAD = "rd"
    AREA = "area"
    JURISDICTION = "jdn"
    PORTAL = "x-portal"
    BIN = "x-bin"


class PathKind(StrEnum):
    """How two navigation points are joined."""

    CORRIDOR = "corridor"
    DOOR = "door"
    STAIRS = "stairs"
    LIFT = "lift"
    RAMP = "ramp"


class PlaceDefined(Event, frozen=True):
    """A place exists with these properties from this instant on.

    Parameters
    ----------
    kind : PlaceKind
        Its form.
    name, name_zh : str
        What signs and screens call it, in English and Chinese.
    parent : str
        Id of the place that contains it; empty for a site.
    department : str
        Code of the department that runs it, such as ``ICU``, ``ED``, ``CSSD``; empty if none.
    purpose : str
        What it is for, such as ``ward``, ``theatre``, ``sterile_store``, ``dirty_utility``, ``exit``; free code.
    floor : int
        Storey, 0 is the ground floor.
    x_m, y_m : float
        Centre on the floor plan, metres from the site's south-west corner.
    width_m, depth_m : float
        Extent on the floor plan, metres; 0 if it is only a point.
    capacity : int
        People or things it holds at once; beds have 1 unless a surge says otherwise.
    """

    subject: ClassVar[str] = "place"

    kind: PlaceKind
    name: str
    name_zh: str = ""
    parent: str = ""
    department: str = ""
    purpose: str = ""
    floor: int = 0
    x_m: float = 0.0
    y_m: float = 0.0
    width_m: float = 0.0
    depth_m: float = 0.0
    capacity: int = 1


class PlaceRemoved(Event, frozen=True):
    """A place does not exist any more; its history stays."""

    subject: ClassVar[str] = "place"


class PathDefined(Event, frozen=True):
    """Two places are joined, both ways unless said otherwise.

    Parameters
    ----------
    start, end : str
        Ids of the places joined.
    kind : PathKind
        What joins them.
    length_m : float
        Walking length, metres; for a lift, 0 (its time is wait plus ride).
    width_m : float
        Narrowest clear width, metres; beds and carts need theirs.
    floors : int
        Storeys between the ends, for lifts and stairs.
    one_way : bool
        Whether only start to end may be walked.
    """

    subject: ClassVar[str] = "path"

    start: str
    end: str
    kind: PathKind = PathKind.CORRIDOR
    length_m: float = 0.0
    width_m: float = 2.0
    floors: int = 0
    one_way: bool = False


class PathRemoved(Event, frozen=True):
    """A path does not exist any more."""

    subject: ClassVar[str] = "path"


class PathClosed(Event, frozen=True):
    """A door, lift or corridor cannot be used from this instant on."""

    subject: ClassVar[str] = "path"

    reason: str = ""


class PathReopened(Event, frozen=True):
    """A closed door, lift or corridor can be used again."""

    subject: ClassVar[str] = "path"
