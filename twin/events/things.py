"""Events about assets, tags and where readers see them."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from twin.events.envelope import Event


class BearerKind(StrEnum):
    """What a tag can be fixed to."""

    ASSET = "asset"
    ENCOUNTER = "encounter"
    STAFF = "staff"
    BIN = "bin"
    LOAD = "load"


class DeviceReadiness(StrEnum):
    """Whether a device may be used on a patient as far as cleanliness goes."""

    CLEAN = "clean"
    DIRTY = "dirty"
    REPROCESSING = "reprocessing"


class AssetRegistered(Event, frozen=True):
    """An asset entered the register, or its register entry was edited.

    Parameters
    ----------
    category : str
        Kind of device in the hospital's nomenclature, such as ``infusion_pump``; devices of one category replace
        each other.
    name : str
        What screens call it, such as ``Infusion pump IP-221``.
    model : str
        Manufacturer's model.
    home : str
        Id of the place where it belongs.
    pool : str
        Id of the equipment pool that shares it; empty if it belongs to one place only.
    gtin, serial : str
        UDI-DI and serial number.
    is_mobile : bool
        Whether it is carried about.
    may_leave : bool
        Whether it may pass an exit without an alarm.
    """

    subject: ClassVar[str] = "asset"

    category: str
    name: str
    model: str = ""
    home: str = ""
    pool: str = ""
    gtin: str = ""
    serial: str = ""
    is_mobile: bool = True
    may_leave: bool = False


class AssetRetired(Event, frozen=True):
    """An asset left the register for good."""

    subject: ClassVar[str] = "asset"

    reason: str = ""


class TagBound(Event, frozen=True):
    """A tag is fixed to a thing from this instant on, until unbound or bound to another.

    Parameters
    ----------
    bearer : str
        Id of the asset, encounter, member of staff, bin or load.
    bearer_kind : BearerKind
        What the bearer is.
    """

    subject: ClassVar[str] = "tag"

    bearer: str
    bearer_kind: BearerKind


class TagUnbound(Event, frozen=True):
    """A tag is fixed to nothing from this instant on."""

    subject: ClassVar[str] = "tag"


class ZoneChanged(Event, frozen=True):
    """Readers see a tag in another zone.

    Parameters
    ----------
    zone : str
        Id of the place that the gateway's read points stand for.
    read_point : str
        Id of the read point that saw it most.
    previous_zone : str
        Where the gateway had it before; empty if unknown.
    tid : str
        Number of the chip that answered, upper-case hex; empty if the reader does not read it.
    """

    subject: ClassVar[str] = "tag"

    zone: str
    read_point: str = ""
    previous_zone: str = ""
    tid: str = ""


class ZoneConfirmed(Event, frozen=True):
    """Readers still see a tag in its zone; sent now and then so that the age of a position is true.

    Parameters
    ----------
    zone, read_point, tid : str
        As of :class:`ZoneChanged`.
    """

    subject: ClassVar[str] = "tag"

    zone: str
    read_point: str = ""
    tid: str = ""


class PortalCrossed(Event, frozen=True):
    """A tag passed a doorway in a direction.

    Parameters
    ----------
    portal : str
        Id of the portal's place.
    from_zone, to_zone : str
        Ids of the places before and behind it.
    """

    subject: ClassVar[str] = "tag"

    portal: str
    from_zone: str
    to_zone: str


class TagLost(Event, frozen=True):
    """No reader of the zone has seen the tag for longer than its absence limit, though the readers work."""

    subject: ClassVar[str] = "tag"

    last_zone: str


class ZoneStayEnded(Event, frozen=True):
    """A tag's stay in a zone is over, as it is known some seconds later; when it left is when this occurred.

    Where tags are now follows from :class:`ZoneChanged`, that is told at once and may be put right a moment later; this
    is for trails, visits and counts, that rather wait and are right.

    Parameters
    ----------
    zone : str
        Id of the place.
    entered_at : int
        When the stay began, UTC microseconds.
    """

    subject: ClassVar[str] = "tag"

    zone: str
    entered_at: int


class SuspicionReason(StrEnum):
    """Why a tag is suspected to be a copy."""

    TWO_PLACES = "two_places"
    IMPOSSIBLE_TRAVEL = "impossible_travel"
    TWO_CHIPS = "two_chips"
    TWO_CODES = "two_codes"


class TagSuspected(Event, frozen=True):
    """A tag is read where one tag cannot be: it was copied, or a read point is named wrongly.

    Parameters
    ----------
    reason : SuspicionReason
        Seen in two places at once, or faster from one to the other than anybody walks; two chips take turns under one
        code, or two codes on one chip.
    zone, other_zone : str
        Ids of the two places.
    tid : str
        Number of the chip that answered last; empty if it is not known.
    other : str
        The other chip under this code, or the other code of this chip; empty for other reasons.
    is_over : bool
        Whether this has not been so for a while.
    """

    subject: ClassVar[str] = "tag"

    reason: SuspicionReason
    zone: str
    other_zone: str
    tid: str = ""
    other: str = ""
    is_over: bool = False


class BinEmptied(Event, frozen=True):
    """A two-bin or smart-shelf bin was put to the empty position.

    Parameters
    ----------
    place : str
        Id of the place where the bin belongs.
    """

    subject: ClassVar[str] = "bin"

    place: str


class AssetMoved(Event, frozen=True):
    """An asset is in another zone: the tag's zone change, told of the bearer.

    Derived; the believed location is computed from the tag's facts, not from this.
    """

    subject: ClassVar[str] = "asset"

    from_place: str
    to_place: str


class EgressSeen(Event, frozen=True):
    """An asset passed, or stands at, an exit without a permit."""

    subject: ClassVar[str] = "asset"

    place: str
    from_place: str = ""


class CustodyChanged(Event, frozen=True):
    """Somebody answers for an asset from this instant on.

    Parameters
    ----------
    custodian : str
        Id of a member of staff, a department or an encounter; empty when given back.
    """

    subject: ClassVar[str] = "asset"

    custodian: str


class DeviceReadinessChanged(Event, frozen=True):
    """A device became clean, dirty, or went into reprocessing."""

    subject: ClassVar[str] = "asset"

    readiness: DeviceReadiness


class LimitsSet(Event, frozen=True):
    """Limits by which results are judged were set, changed or taken back; the thing is what they are kept under.

    Parameters
    ----------
    kind : str
        ``electrical``, ``clocks`` and ``endoscopes`` are kept under their own name, ``programme`` under a programme's.
    body : str
        The limits as JSON, whole, so that what was in force on a day can be read back; empty when they were taken back.
    """

    subject: ClassVar[str] = "limits"

    kind: str
    body: str = ""


class DeviceStatusChanged(Event, frozen=True):
    """A networked device reports another operating status.

    Parameters
    ----------
    status : str
        ``on``, ``off``, ``standby``, ``running``, ``fault`` (FHIR DeviceMetric operationalStatus, and two of ours).
    fault_code : str
        The device's own code while it has a fault.
    """

    subject: ClassVar[str] = "asset"

    status: str
    fault_code: str = ""


class AvailabilityChanged(Event, frozen=True):
    """A device became usable, or not any more, with the reasons.

    Parameters
    ----------
    is_usable : bool
        Whether it may be used on a patient now.
    reasons : tuple[str, ...]
        Stable codes of every reason against it; empty when usable.
    """

    subject: ClassVar[str] = "asset"

    is_usable: bool
    reasons: tuple[str, ...] = ()
