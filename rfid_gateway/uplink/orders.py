"""What gateway and core tell each other beside facts: how the gateway does, and what it shall do.

The gateway asks every few seconds; nobody needs to reach it. An order lives for seconds only: a write that waited for a
gateway to come back would be carried out when nobody expects it any more.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

ORDER_LIFE_S = 15.0
_Name = Annotated[str, msgspec.Meta(max_length=200)]
_Text = Annotated[str, msgspec.Meta(max_length=1000)]
_Number = Annotated[int, msgspec.Meta(ge=-(2**62), le=2**62)]


class OrderKind(StrEnum):
    """What a gateway can be asked to do."""

    FRAMES = "frames"
    """Tell the last pieces that went over a device's line."""
    TEST_READ = "test_read"
    """Open a reader or machine that is not in the settings, and tell what it says."""
    WRITE = "write"
    """Write a value to a machine."""
    KEY = "key"
    """Speak to the core under a new key from now on; the key is in the arguments and in no report."""
    WALK = "walk"
    """Begin a walk test, take somebody's word on where they are, or tell what it showed."""


class DeviceReport(msgspec.Struct, frozen=True, kw_only=True):
    """How one reader or machine does; counts since the gateway started, instants in UTC microseconds."""

    device: _Name
    kind: _Name = ""
    status: _Name = ""
    detail: _Name = ""
    last_heard_at: _Number = 0
    connections: _Number = 0
    messages: _Number = 0
    readings: _Number = 0
    errors: _Number = 0
    clock_offset_us: _Number = 0
    usual_delay_us: _Number = 0
    late: _Number = 0
    identity: _Name = ""
    firmware: _Name = ""
    model: _Name = ""


class OrderResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an order.

    Parameters
    ----------
    id : str
        Id of the order.
    is_done : bool
        Whether it was carried out.
    code, message : str
        Stable code and sentence of why not.
    lines : list[str]
        What was found, line by line.
    facts : dict[str, str]
        Named values.
    """

    id: _Name
    is_done: bool
    code: _Name = ""
    message: _Text = ""
    lines: Annotated[list[Annotated[str, msgspec.Meta(max_length=10_000)]], msgspec.Meta(max_length=500)] = []
    facts: dict[str, str] = {}


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """How a gateway does.

    Parameters
    ----------
    gateway : str
        Its id.
    started_at : int
        UTC microseconds.
    settings_version : int
        Version of the core's settings that it works with; 0 for those of its own file.
    settings_problem : str
        Why it went back from the version after that one.
    failed_version : int
        Version that it went back from; 0 for none.
    waiting_rows, dropped_rows, sent_rows, refused_rows : int
        The spool and the uplink.
    uplink_error : str
        Code of the last failure of the uplink.
    devices : list[DeviceReport]
        Its readers and machines.
    results : list[OrderResult]
        What became of orders since the last report.
    """

    gateway: _Name
    started_at: _Number = 0
    settings_version: _Number = 0
    settings_problem: _Text = ""
    failed_version: _Number = 0
    waiting_rows: _Number = 0
    dropped_rows: _Number = 0
    sent_rows: _Number = 0
    refused_rows: _Number = 0
    uplink_error: _Name = ""
    devices: Annotated[list[DeviceReport], msgspec.Meta(max_length=5000)] = []
    results: Annotated[list[OrderResult], msgspec.Meta(max_length=100)] = []


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do.

    Parameters
    ----------
    id : str
        Tells orders apart; one is carried out once.
    kind : OrderKind
        What.
    arguments : dict[str, str]
        How.
    actor : str
        Who asks.
    roles : list[str]
        Roles of who asks.
    """

    id: str
    kind: OrderKind
    arguments: dict[str, str] = {}
    actor: str = ""
    roles: list[str] = []


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """What a gateway shall do now.

    Parameters
    ----------
    orders : list[Order]
        To be carried out once each.
    settings_version : int
        Version of the settings that it shall work with; 0 for those of its own file.
    settings : str
        Their text (YAML) if the gateway works with another version.
    """

    orders: list[Order] = []
    settings_version: int = 0
    settings: str = ""
