"""Events about alarms, gateways and read points."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from twin.events.envelope import Event


class AlarmPriority(StrEnum):
    """Priority of an alarm: how soon somebody must act."""

    HIGH = "P1"
    MEDIUM = "P2"
    LOW = "P3"


class GatewayStatus(StrEnum):
    """How a gateway, reader or machine line is doing."""

    ONLINE = "online"
    DEGRADED = "degraded"
    OFFLINE = "offline"


class AccessOutcome(StrEnum):
    """What a door of an access control system did."""

    GRANTED = "granted"
    REFUSED = "refused"
    FORCED = "forced"


class AlarmRaised(Event, frozen=True):
    """An abnormal condition that needs a response began.

    Parameters
    ----------
    alarm_class : str
        Key of the class data: consequence, action, deadband, delays, owner role.
    subject_id : str
        Asset, place, item or gateway that it is about.
    place : str
        Id of the place where to go; empty if none.
    priority : AlarmPriority
        How soon.
    parameters : tuple[tuple[str, str], ...]
        Values that the localised message of the class names.
    """

    subject: ClassVar[str] = "alarm"

    alarm_class: str
    subject_id: str
    priority: AlarmPriority
    place: str = ""
    parameters: tuple[tuple[str, str], ...] = ()


class AlarmAcknowledged(Event, frozen=True):
    """Somebody has seen the alarm and acts."""

    subject: ClassVar[str] = "alarm"


class AlarmShelved(Event, frozen=True):
    """An alarm is put aside until an instant, with a reason."""

    subject: ClassVar[str] = "alarm"

    until: int
    reason: str


class AlarmUnshelved(Event, frozen=True):
    """A shelved alarm is back."""

    subject: ClassVar[str] = "alarm"


class AlarmCleared(Event, frozen=True):
    """The condition is over."""

    subject: ClassVar[str] = "alarm"


class GatewayHealthChanged(Event, frozen=True):
    """A gateway, or a reader or machine behind it, changed its status.

    Parameters
    ----------
    status : GatewayStatus
        How it is doing.
    parent : str
        Id of the gateway that it hangs on; empty for a gateway itself.
    detail : str
        Stable code of the cause, such as ``keepalive_missed``.
    """

    subject: ClassVar[str] = "gateway"

    status: GatewayStatus
    parent: str = ""
    detail: str = ""


class ReadPointDefined(Event, frozen=True):
    """An antenna of a reader stands for a place.

    Parameters
    ----------
    reader : str
        Id of the reader.
    antenna : int
        Antenna number, 1 and up; 0 for the whole reader.
    place : str
        Id of the zone or portal.
    outside_place : str
        For a portal: the place behind it; empty for a zone.
    """

    subject: ClassVar[str] = "read_point"

    reader: str
    antenna: int
    place: str
    outside_place: str = ""


class ReadPointRemoved(Event, frozen=True):
    """An antenna does not stand for a place any more."""

    subject: ClassVar[str] = "read_point"


class AccessSeen(Event, frozen=True):
    """Somebody presented a badge at a door of an access control system, or the door was forced.

    Parameters
    ----------
    door : str
        Id of the place that the door leads into.
    outcome : AccessOutcome
        What the door did.
    """

    subject: ClassVar[str] = "staff"

    door: str
    outcome: AccessOutcome = AccessOutcome.GRANTED
