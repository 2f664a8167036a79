"""The messages that a client sends to a reader to make it report tags."""

from __future__ import annotations

from dataclasses import dataclass

from rfid_gateway.rfid.llrp.codec import Message, Parameter
from rfid_gateway.rfid.llrp.fields import BitString
from rfid_gateway.rfid.llrp.layouts import MESSAGE_NUMBERS, PARAMETER_NUMBERS

ROSPEC_ID = 1701  # any number but 0 will do; a fixed one lets a restarted gateway find what it set up before
ACCESSSPEC_ID = 1701
_TID_BANK = 2  # memory banks of Gen 2: 0 reserved, 1 EPC, 2 TID, 3 user
_C1G2 = 1  # air protocol EPCGlobal Class 1 Gen 2 (section 16.1.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class InventorySetup:
    """How a reader shall look for tags.

    Parameters
    ----------
    antennas : tuple[int, ...]
        Antenna numbers; ``(0,)`` for all.
    report_every_tags : int
        A report goes out after this many tags, at least 1.
    session : int
        Gen 2 session, 0 to 3; 1 lets a tag be read again after about a second.
    expected_tags : int
        How many tags stand in the field at once, about.
    power_index : int
        Index into the reader's power table; 0 leaves it.
    """

    antennas: tuple[int, ...] = (0,)
    report_every_tags: int = 1
    session: int = 1
    expected_tags: int = 32
    power_index: int = 0


def parameter(name: str, *children: Parameter, **values: int | str | bytes | tuple[int, ...] | BitString) -> Parameter:
    """Make a parameter by the standard's name.

    Parameters
    ----------
    name : str
        Such as ``ROSpec``.
    *children : Parameter
        Parameters inside.
    **values : int or str or bytes or tuple[int, ...] or BitString
        Fields by name; missing ones are 0 or empty.
    """
    return Parameter(PARAMETER_NUMBERS[name], values, children)


def message(name: str, identifier: int, *parameters: Parameter, **values: int | str | bytes) -> Message:
    """Make a message by the standard's name.

    Parameters
    ----------
    name : str
        Such as ``ADD_ROSPEC``.
    identifier : int
        Message id.
    *parameters : Parameter
        Parameters of the message.
    **values : int or str or bytes
        Fields by name; missing ones are 0 or empty.
    """
    return Message(MESSAGE_NUMBERS[name], identifier, values, parameters)


def rospec(setup: InventorySetup, identifier: int = ROSPEC_ID) -> Parameter:
    """Give a reader operation that looks for tags again and again until it is stopped.

    Parameters
    ----------
    setup : InventorySetup
        Antennas, session and rhythm.
    identifier : int
        Id of the reader operation, above 0.
    """
    inventory = parameter("InventoryParameterSpec", *_antenna(setup), InventoryParameterSpecID=1, ProtocolID=_C1G2)
    # Without a stop trigger the inventory goes on until the operation is stopped; LLRP 1.0.1 has no report by time.
    stop = parameter("AISpecStopTrigger", AISpecStopTriggerType=0)
    return parameter(
        "ROSpec",
        parameter(
            "ROBoundarySpec",
            parameter("ROSpecStartTrigger", ROSpecStartTriggerType=1),
            parameter("ROSpecStopTrigger", ROSpecStopTriggerType=0),
        ),
        parameter("AISpec", stop, inventory, AntennaIDs=setup.antennas),
        report_spec(setup),
        ROSpecID=identifier,
    )


def _antenna(setup: InventorySetup) -> tuple[Parameter, ...]:
    singulation = parameter("C1G2SingulationControl", Session=setup.session, TagPopulation=setup.expected_tags)
    # 0 in the antenna configuration stands for all antennas of the AISpec.
    inside = [parameter("C1G2InventoryCommand", singulation)]
    if setup.power_index:
        inside.insert(0, parameter("RFTransmitter", TransmitPower=setup.power_index))
    return (parameter("AntennaConfiguration", *inside, AntennaID=0),)


def report_spec(setup: InventorySetup) -> Parameter:
    """Give what a report shall tell of each tag: antenna, signal, first and last time, count."""
    content = parameter(
        "TagReportContentSelector",
        EnableROSpecID=1,
        EnableAntennaID=1,
        EnablePeakRSSI=1,
        EnableFirstSeenTimestamp=1,
        EnableLastSeenTimestamp=1,
        EnableTagSeenCount=1,
    )
    # trigger 1: after N tags, or at the end of the AISpec
    return parameter("ROReportSpec", content, ROReportTrigger=1, N=setup.report_every_tags)


def chip_reading(words: int) -> Parameter:
    """Give the access operation that reads the number of every tag's chip along with its EPC.

    Parameters
    ----------
    words : int
        How many words of 16 bits from the beginning of the TID bank; 6 hold the maker, the model and a serial number.

    Returns
    -------
    Parameter
        An AccessSpec that goes with the inventory and never ends by itself.
    """
    every_tag = parameter(
        "C1G2TargetTag", MB=1, Match=1, Pointer=32, TagMask=BitString(0, b""), TagData=BitString(0, b"")
    )
    read = parameter("C1G2Read", OpSpecID=1, MB=_TID_BANK, WordPointer=0, WordCount=words)
    return parameter(
        "AccessSpec",
        parameter("AccessSpecStopTrigger", AccessSpecStopTriggerType=0),
        parameter("AccessCommand", parameter("C1G2TagSpec", every_tag), read),
        # With the tag's own report, so that code and chip are a pair by construction.
        parameter("AccessReportSpec", AccessReportTrigger=0),
        AccessSpecID=ACCESSSPEC_ID,
        AntennaID=0,
        ProtocolID=_C1G2,
        CurrentState=0,
        ROSpecID=ROSPEC_ID,
    )


def reader_configuration(identifier: int, keepalive_ms: int) -> Message:
    """Give the message that asks for keep-alives and for reports at once after a reconnection.

    Parameters
    ----------
    identifier : int
        Message id.
    keepalive_ms : int
        Interval, milliseconds.
    """
    return message(
        "SET_READER_CONFIG",
        identifier,
        parameter("ReaderEventNotificationSpec", *(_event_state(kind) for kind in (2, 3, 4, 8))),
        parameter("KeepaliveSpec", KeepaliveTriggerType=1, PeriodicTriggerValue=keepalive_ms),
        parameter("EventsAndReports", HoldEventsAndReportsUponReconnect=0),
    )


def _event_state(kind: int) -> Parameter:
    # Reader operations, report buffer filling up, reader exceptions, antennas (section 13.2.6.4).
    return parameter("EventNotificationState", EventType=kind, NotificationState=1)
