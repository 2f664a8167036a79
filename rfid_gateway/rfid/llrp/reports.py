"""Tag reports on the fast path: thousands of tags in one pass, with what readers leave out put back in.

A reader writes every tag of a report alike, so the first one's layout is compiled to one ``struct`` format; whether all
others have it is checked by comparing each type octet's column. Where they differ, each tag is read by itself.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from functools import partial
from itertools import repeat
from typing import NamedTuple

from rfid_gateway.rfid.llrp.codec import Parameter, decode_parameters
from rfid_gateway.rfid.llrp.fields import BitString

_TAG_REPORT_DATA = 240
_EPC_DATA = 241
_IMPINJ_PEAK_RSSI, _IMPINJ_TID = "ImpinjPeakRSSI", "ImpinjSerializedTID"
_READ_RESULT = 349
# Type, length, result, number of the operation, count of words: what stands before the words of a C1G2ReadOpSpecResult.
_READ_HEAD = struct.Struct(">HHBHH")
_READ_DONE = 0  # section 16.2.1.5.3: success; with any other result the words mean nothing
_MAX_LAYOUTS = 64  # a reader uses a handful; hostile input must not fill the memory


class TagReport(NamedTuple):
    """What a reader says of one tag; None where it says nothing.

    Parameters
    ----------
    epc : bytes
        The tag's code; whole octets.
    antenna : int or None
        Antenna number, 1 and up.
    rssi_dbm : float or None
        Strongest signal.
    first_seen : int or None
        Reader's clock, UTC microseconds; microseconds since it was started of a reader that knows no UTC.
    last_seen : int or None
        Likewise.
    times : int or None
        How often it was read since the last report.
    rospec : int or None
        Which reader operation saw it.
    channel : int or None
        Channel index.
    tid : bytes or None
        The chip's own number, if the reader was told to read it and could.
    """

    epc: bytes
    antenna: int | None = None
    rssi_dbm: float | None = None
    first_seen: int | None = None
    last_seen: int | None = None
    times: int | None = None
    rospec: int | None = None
    channel: int | None = None
    tid: bytes | None = None


_TID = TagReport._fields.index("tid")

# FirstSeenTimestampUptime, LastSeenTimestampUptime: of readers without a clock of the day; where both come, UTC counts.
_UPTIMES = frozenset({3, 5})

# As TagReport._make, but without a check of the length that here is right by construction.
_make_report: Callable[[tuple[object, ...]], TagReport] = partial(tuple.__new__, TagReport)

# TV type: (struct format of the content, index in TagReport or -1)
_VALUES: dict[int, tuple[str, int]] = {
    1: ("H", 1),
    2: ("Q", 3),
    3: ("Q", 3),
    4: ("Q", 4),
    5: ("Q", 4),
    6: ("b", 2),
    7: ("H", 7),
    8: ("H", 5),
    9: ("I", 6),
    10: ("2x", -1),
    11: ("2x", -1),
    12: ("2x", -1),
    13: ("12s", 0),
    14: ("2x", -1),
    15: ("2x", -1),
    16: ("4x", -1),
    17: ("2x", -1),
    18: ("4x", -1),
    19: ("2x", -1),
    20: ("2x", -1),
}
_NAMES: dict[int, tuple[str, int]] = {
    1: ("AntennaID", 1),
    2: ("Microseconds", 3),
    3: ("Microseconds", 3),
    4: ("Microseconds", 4),
    5: ("Microseconds", 4),
    6: ("PeakRSSI", 2),
    7: ("ChannelIndex", 7),
    8: ("TagCount", 5),
    9: ("ROSpecID", 6),
}


class _Compiled:
    """The layout that all tags of a report share."""

    def __init__(self, record: bytes) -> None:
        """Compile from one record; raises ``LookupError`` if it has anything but values of known length."""
        self.constants: list[tuple[int, bytes]] = [(i, record[i : i + 1]) for i in range(4)]
        self._form, self._order, self._found = [">4x"], [-1] * len(TagReport._fields), 0
        position = self._compile_epc_data(record)
        while position < len(record):
            position += self._compile_value(record, position)
        self.format = struct.Struct("".join(self._form))
        if self.format.size != len(record) or self._order[0] < 0 or position != len(record):
            raise LookupError
        # A chip's number is the tag's own and never taken over from the tag before.
        self.reported = frozenset(index for index, at in enumerate(self._order) if at >= 0 and index != _TID)
        self.columns: tuple[int, ...] = tuple(self._order)

    def _compile_epc_data(self, record: bytes) -> int:
        """Take in an EPCData parameter at the beginning, if one is there, and give where the values begin."""
        if record[4:6] != b"\x00\xf1":
            return 4
        size = int.from_bytes(record[8:10], "big")
        if size % 8 or not size or int.from_bytes(record[6:8], "big") != 6 + size // 8:
            raise LookupError
        self.constants += [(i, record[i : i + 1]) for i in range(4, 10)]
        self._form.append(f"6x{size // 8}s")
        self._order[0], self._found = 0, 1
        return 10 + size // 8

    def _compile_read(self, record: bytes, position: int) -> int:
        """Take in what was read of a chip, if all went well, and give how many octets it takes."""
        if len(record) < position + _READ_HEAD.size or self._order[_TID] >= 0:
            raise LookupError
        number, length, result, _, words = _READ_HEAD.unpack_from(record, position)
        if number != _READ_RESULT or result != _READ_DONE or not words or length != _READ_HEAD.size + 2 * words:
            raise LookupError
        # All but the operation's number must be alike in every record, the result above all.
        fixed = (*range(5), *range(7, _READ_HEAD.size))
        self.constants += [(position + i, record[position + i : position + i + 1]) for i in fixed]
        self._form.append(f"{_READ_HEAD.size}x{2 * words}s")
        self._order[_TID] = self._found
        self._found += 1
        return int(length)

    def _compile_value(self, record: bytes, position: int) -> int:
        """Take in one value of known length and give how many octets it takes."""
        if not record[position] & 0x80:
            return self._compile_read(record, position)
        number = record[position] & 0x7F
        code, index = _VALUES[number]
        if number in _UPTIMES and self._order[index] >= 0:
            code, index = f"{struct.calcsize('>' + code)}x", -1
        self.constants.append((position, record[position : position + 1]))
        self._form.append("x" + code)
        if index >= 0:
            # A later UTC takes the place of an uptime, whose column then belongs to nothing.
            self._order[index] = self._found
            self._found += 1
        return 1 + struct.calcsize(">" + code)  # the type octet itself

    def fits(self, body: bytes) -> bool:
        """Tell whether every record of a body has this layout."""
        # One strided slice per constant octet compares all records at once, in C.
        size = self.format.size
        count, rest = divmod(len(body), size)
        return not rest and all(body[at::size] == octet * count for at, octet in self.constants)


class ReportReader:
    """Reads RO_ACCESS_REPORT bodies of one reader.

    Readers may leave out what has not changed since the tag report before; it is put back in per reader operation
    (1.0.1, section 14.2.3: parameters of TagReportData are optional).
    """

    def __init__(self) -> None:
        self._layouts: dict[bytes, _Compiled | None] = {}
        self._last: dict[int | None, TagReport] = {}
        self._reported: frozenset[int] = frozenset()
        self.broken_parameters = 0

    def read(self, body: bytes) -> list[TagReport]:
        """Give the tags of a report; broken ones are counted in ``broken_parameters`` and left out."""
        length = int.from_bytes(body[2:4], "big")
        if body[:2] == b"\x00\xf0" and 4 < length <= len(body):
            record = body[:length]
            layout = self._layout(record)
            if layout is not None and layout.fits(body):
                return self._complete(self._read_alike(layout, body), layout.reported)
        return self._complete(list(self._read_each(body)), frozenset())

    def _layout(self, record: bytes) -> _Compiled | None:
        # Fixed-length values make records of one length usually alike; a wrong guess only takes the slow path.
        # The length alone would mix up a report with RSSI and one with a channel; the octets at fixed places tell most
        # apart.
        key = record[:6] + record[-12:-11] + len(record).to_bytes(2, "big")
        layout = self._layouts.get(key)
        if layout is None or not layout.fits(record):
            try:
                layout = _Compiled(record)
            except (LookupError, struct.error):
                return None
            if len(self._layouts) >= _MAX_LAYOUTS:
                self._layouts.clear()
            self._layouts[key] = layout
        return layout

    @staticmethod
    def _read_alike(layout: _Compiled, body: bytes) -> list[TagReport]:
        # Into columns and back, so that no line of Python runs per tag; what the layout lacks is a column of None.
        found = list(zip(*layout.format.iter_unpack(body), strict=True))
        columns = [found[at] if at >= 0 else repeat(None) for at in layout.columns]
        return list(map(_make_report, zip(*columns, strict=False)))

    def _read_each(self, body: bytes) -> Iterator[TagReport]:
        for parameter in decode_parameters(body):
            if parameter.number == _TAG_REPORT_DATA:
                tag = self._read_one(parameter)
                if tag is not None:
                    yield tag
            elif parameter.problem:
                self.broken_parameters += 1

    def _read_one(self, data: Parameter) -> TagReport | None:
        epc: bytes | None = None
        values: list[object] = [None] * len(TagReport._fields)
        for child in data.children:
            if child.problem:
                self.broken_parameters += 1
            elif child.number == 13 and isinstance(octets := child.values["EPC"], bytes):
                epc = octets
            elif child.number == _EPC_DATA and isinstance(bits := child.values["EPC"], BitString):
                epc = bits.octets if bits.count else None
            elif child.number in _NAMES:
                name, index = _NAMES[child.number]
                if child.number not in _UPTIMES or values[index] is None:
                    values[index] = child.integer(name)
            elif child.name == _IMPINJ_PEAK_RSSI and isinstance(level := child.vendor_values().get("RSSI_cdBm"), int):
                values[2] = level / 100.0
            elif child.number == _READ_RESULT or child.name == _IMPINJ_TID:
                values[_TID] = _chip_number(child) or values[_TID]
        if epc is None:
            self.broken_parameters += 1
            return None
        return TagReport._make((epc, *values[1:]))

    def _complete(self, tags: list[TagReport], reported: frozenset[int]) -> list[TagReport]:
        # A report that says all that was ever said needs nothing put back.
        if tags and reported and reported >= self._reported:
            # Nothing is left out that was ever said; only the last tag must be remembered.
            self._reported = reported
            self._remember(tags[-1])
            return tags
        return [self._inherit(tag) for tag in tags]

    def _remember(self, tag: TagReport) -> None:
        if len(self._last) >= _MAX_LAYOUTS and tag.rospec not in self._last:
            self._last.clear()
        self._last[tag.rospec] = tag

    def _inherit(self, tag: TagReport) -> TagReport:
        rospec = tag.rospec
        # Readers with one operation often leave its number out as well.
        if rospec is None and len(self._last) == 1:
            rospec = next(iter(self._last))
        before = self._last.get(rospec)
        if before is not None:
            tag = TagReport(
                tag.epc,
                before.antenna if tag.antenna is None else tag.antenna,
                before.rssi_dbm if tag.rssi_dbm is None else tag.rssi_dbm,
                before.first_seen if tag.first_seen is None else tag.first_seen,
                before.last_seen if tag.last_seen is None else tag.last_seen,
                tag.times,
                rospec,
                before.channel if tag.channel is None else tag.channel,
                tag.tid,
            )
        self._reported |= {index for index, value in enumerate(tag) if value is not None and index != _TID}
        self._remember(tag)
        return tag


def _chip_number(told: Parameter) -> bytes | None:
    """Give the words that were read of a chip; None if the reading failed."""
    values = told.values if told.number == _READ_RESULT else told.vendor_values()
    words = values.get("ReadData", values.get("TID"))
    if values.get("Result", _READ_DONE) != _READ_DONE or not isinstance(words, tuple) or not words:
        return None
    return b"".join(word.to_bytes(2, "big") for word in words)
