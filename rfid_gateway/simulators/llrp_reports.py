"""What a simulated reader tells of a tag, and how it is written: only what the client's selector asks for.

References
----------
EPCglobal Low Level Reader Protocol (LLRP) 1.0.1, sections 13.2.1.1, 13.2.3 and 16.2.7.3 (content and order of a
TagReportData); EPC Radio-Frequency Identity Protocols, Class-1 Generation-2, section 6.3.2.1 (PC bits and CRC-16).
"""

from __future__ import annotations

import binascii
import struct
from collections.abc import Hashable
from dataclasses import dataclass, replace

from rfid_gateway.rfid.llrp.codec import Parameter

_EPC_SELECTOR = 348
_HEAD = struct.Struct(">HH")
_READ_RESULT = struct.Struct(">HHBHH")
_READ_DONE, _MEMORY_OVERRUN = 0, 4  # section 16.2.1.5.3: results of C1G2Read
_MOST_COUNT = 0xFFFF  # TagSeenCount has 16 bits


@dataclass(frozen=True, slots=True)
class Sighting:
    """An antenna sees a tag.

    Parameters
    ----------
    epc : bytes
        12 octets for EPC-96; other whole octets are sent as EPCData.
    antenna : int
        1 and up.
    rssi_dbm : int
        Signal, -128 to 127.
    at : int
        UTC microseconds of the simulated world; 0 for now.
    count : int
        How often it was read.
    tid : bytes
        The chip's own number in whole words; empty for a tag without one.
    """

    epc: bytes
    antenna: int = 1
    rssi_dbm: int = -55
    at: int = 0
    count: int = 1
    tid: bytes = b""


@dataclass(frozen=True, slots=True)
class Observation:
    """What is held of a tag until it is told; its times are the reader's own.

    Parameters
    ----------
    seen : Sighting
        The tag, its strongest signal, its first time and its count.
    inventory : int
        Number of the AISpec within its operation, 1 and up.
    inventory_id : int
        Id of that inventory's parameters.
    last_at : int
        When it was seen last, UTC microseconds; 0 for as in ``seen``.
    """

    seen: Sighting
    inventory: int
    inventory_id: int
    last_at: int = 0

    def joined(self, later: Observation) -> Observation:
        """Give what is told of two observations of a tag in one (section 13.2.3)."""
        seen = replace(
            self.seen,
            rssi_dbm=max(self.seen.rssi_dbm, later.seen.rssi_dbm),
            count=min(self.seen.count + later.seen.count, _MOST_COUNT),
        )
        return replace(self, seen=seen, last_at=later.last_at or later.seen.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """One TagReportContentSelector; without one nothing but the EPC is told.

    Parameters
    ----------
    operation, inventory, inventory_id, antenna, channel, rssi, first_seen, last_seen, count, access : bool
        Which values are told.
    crc, protocol_bits : bool
        Whether the tag's CRC and its PC bits are.
    """

    operation: bool = False
    inventory: bool = False
    inventory_id: bool = False
    antenna: bool = False
    channel: bool = False
    rssi: bool = False
    first_seen: bool = False
    last_seen: bool = False
    count: bool = False
    access: bool = False
    crc: bool = False
    protocol_bits: bool = False

    @classmethod
    def of(cls, selector: Parameter) -> Selection:
        """Read a client's selector."""
        memory = selector.child(_EPC_SELECTOR) or Parameter(_EPC_SELECTOR)
        return cls(
            operation=bool(selector.integer("EnableROSpecID")),
            inventory=bool(selector.integer("EnableSpecIndex")),
            inventory_id=bool(selector.integer("EnableInventoryParameterSpecID")),
            antenna=bool(selector.integer("EnableAntennaID")),
            channel=bool(selector.integer("EnableChannelIndex")),
            rssi=bool(selector.integer("EnablePeakRSSI")),
            first_seen=bool(selector.integer("EnableFirstSeenTimestamp")),
            last_seen=bool(selector.integer("EnableLastSeenTimestamp")),
            count=bool(selector.integer("EnableTagSeenCount")),
            access=bool(selector.integer("EnableAccessSpecID")),
            crc=bool(memory.integer("EnableCRC")),
            protocol_bits=bool(memory.integer("EnablePCBits")),
        )

    def key_of(self, found: Observation) -> Hashable:
        """Give what observations must have in common to be told as one."""
        return (
            found.seen.epc,
            found.seen.tid,
            found.seen.antenna if self.antenna else 0,
            found.inventory if self.inventory else 0,
            found.inventory_id if self.inventory_id else 0,
        )


@dataclass(frozen=True, slots=True)
class ChipReading:
    """An access operation at work.

    Parameters
    ----------
    spec_id, op_id : int
        Its ids.
    words : int
        How many words of the chip's number it reads.
    """

    spec_id: int
    op_id: int
    words: int


def tag_report(found: Observation, selection: Selection, operation: int, chip: ChipReading | None) -> bytes:
    """Write one TagReportData.

    Parameters
    ----------
    found : Observation
        The tag, its times set.
    selection : Selection
        What is told of it.
    operation : int
        Id of the ROSpec.
    chip : ChipReading or None
        The access operation that reads the chip as well.
    """
    seen = found.seen
    if len(seen.epc) == 12:
        parts = [b"\x8d" + seen.epc]
    else:
        parts = [struct.pack(">HHH", 241, 6 + len(seen.epc), 8 * len(seen.epc)) + seen.epc]
    for is_told, number, form, value in (
        (selection.operation, 9, ">BI", operation),
        (selection.inventory, 14, ">BH", found.inventory),
        (selection.inventory_id, 10, ">BH", found.inventory_id),
        (selection.antenna, 1, ">BH", seen.antenna),
        (selection.rssi, 6, ">Bb", seen.rssi_dbm),
        (selection.channel, 7, ">BH", 1),
        (selection.first_seen, 2, ">BQ", seen.at),
        (selection.last_seen, 4, ">BQ", found.last_at or seen.at),
        (selection.count, 8, ">BH", seen.count),
        (selection.protocol_bits, 12, ">BH", _protocol_bits(seen.epc)),
        (selection.crc, 11, ">BH", _crc(seen.epc)),
        (selection.access and chip is not None, 16, ">BI", chip.spec_id if chip else 0),
    ):
        if is_told:
            parts.append(struct.pack(form, 0x80 | number, value))
    if chip is not None:
        parts.append(_chip_report(seen.tid, chip))
    body = b"".join(parts)
    return _HEAD.pack(240, _HEAD.size + len(body)) + body


def _chip_report(tid: bytes, chip: ChipReading) -> bytes:
    if len(tid) < 2 * chip.words:
        # A chip without so many words answers with an error: the reader tells the result and no words.
        return _READ_RESULT.pack(349, _READ_RESULT.size, _MEMORY_OVERRUN, chip.op_id, 0)
    size = _READ_RESULT.size + 2 * chip.words
    return _READ_RESULT.pack(349, size, _READ_DONE, chip.op_id, chip.words) + tid[: 2 * chip.words]


def _protocol_bits(epc: bytes) -> int:
    return (len(epc) + 1) // 2 << 11  # length in words; no user memory, no extension, a GS1 code


def _crc(epc: bytes) -> int:
    return binascii.crc_hqx(_protocol_bits(epc).to_bytes(2, "big") + epc, 0xFFFF) ^ 0xFFFF
