"""Messages, segments and batches that are read without loss: what was read is written back octet for octet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import msgspec

from interop.hl7v2.charsets import Decoded, decode
from interop.hl7v2.escapes import NULL, Separators, escape, separators_of, unescape
from twin.errors import DecodeError

ENVELOPES = frozenset({"FHS", "BHS", "BTS", "FTS"})
_HEADERS = frozenset({"MSH", "FHS", "BHS"})
MAX_SEGMENTS = 20_000
_SEPARATOR = r"[!-/:-@\[-`{-~]"  # visible, and neither letter nor digit


_PARTS = "parts"  # where a segment keeps its fields once it was asked for one


class Segment(msgspec.Struct, frozen=True, dict=True):
    """One segment as it was written.

    Parameters
    ----------
    text : str
        From its name to its last field, without the terminator.
    by : Separators
        Of its message.
    end : str, optional
        The terminator as it was written; also blank lines.
    codec : str, optional
        Codec of the message, for octets in escapes.
    """

    text: str
    by: Separators
    end: str = "\r"
    codec: str = "utf-8"

    @property
    def name(self) -> str:
        """Three characters, such as ``PID``."""
        return self.text[:3]

    def _taken_apart(self) -> list[str]:
        # A segment is asked for a dozen fields and taken apart once; a cached property would cost more than that.
        parts = self.text.split(self.by.field)
        if self.text[:3] in _HEADERS:
            # MSH-1 is the separator itself: with it in its place all numbers are those of the standard.
            parts.insert(1, self.by.field)
        self.__dict__[_PARTS] = parts
        return parts

    @property
    def fields(self) -> list[str]:
        """Fields as written; index 0 is the name, and field numbers are those of the standard, for MSH as well."""
        return list(self.__dict__.get(_PARTS) or self._taken_apart())

    def field(self, number: int) -> str:
        """Give a field as written, all repetitions; empty if it is left out."""
        parts = self.__dict__.get(_PARTS) or self._taken_apart()
        return parts[number] if number < len(parts) else ""

    def repetitions(self, number: int) -> list[str]:
        """Give the repetitions of a field as written; none if it is left out."""
        told = self.field(number)
        return self._repeated(number, told) if told else []

    def _repeated(self, number: int, written: str) -> list[str]:
        if number == 2 and self.name in _HEADERS:
            return [written]  # MSH-2 holds the separators themselves
        return written.split(self.by.repetition)

    def value(self, number: int, component: int = 1, subcomponent: int = 1, repetition: int = 1) -> str:
        """Give one value without escapes; empty if left out, :data:`NULL` if the sender deletes it.

        Parameters
        ----------
        number, component, subcomponent, repetition : int
            From 1, as the standard counts.
        """
        parts = self.__dict__.get(_PARTS) or self._taken_apart()
        written = parts[number] if number < len(parts) else ""
        if not written or (written.isalnum() and component == subcomponent == repetition == 1):
            return written  # most fields: no separator is a letter or digit, so nothing in it is to be taken apart
        by = self.by
        if component == subcomponent == repetition == 1 and not (number == 2 and self.name in _HEADERS):
            # The first part is asked for most often: it ends at whichever separator comes first.
            first = written.split(by.repetition, 1)[0]
            if first == NULL:
                return NULL
            first = first.split(by.component, 1)[0].split(by.subcomponent, 1)[0]
            return unescape(first, by, self.codec) if by.escape in first else first
        told = self._repeated(number, written)
        if repetition > len(told):
            return ""
        return self.part(told[repetition - 1], component, subcomponent)

    def components(self, number: int) -> list[str]:
        """Give the components of a field's first repetition, each its first subcomponent, without escapes."""
        written = self.field(number)
        if not written or written.isalnum():
            return [written]
        first = self._repeated(number, written)[0]
        if first == NULL:
            return [NULL]
        by = self.by
        if by.escape not in first and by.subcomponent not in first:
            return first.split(by.component)
        return [unescape(part.split(by.subcomponent)[0], by, self.codec) for part in first.split(by.component)]

    def part(self, text: str, component: int, subcomponent: int = 1) -> str:
        """Give one component of a repetition's text without escapes."""
        if text == NULL:
            return NULL
        components = text.split(self.by.component)
        if component > len(components):
            return ""
        parts = components[component - 1].split(self.by.subcomponent)
        return unescape(parts[subcomponent - 1], self.by, self.codec) if subcomponent <= len(parts) else ""

    def with_field(self, number: int, text: str) -> Segment:
        """Give the segment with one field written anew; MSH-1 and MSH-2 stay as they are."""
        parts = self.fields
        parts += [""] * (number + 1 - len(parts))
        parts[number] = text
        if self.name in _HEADERS:
            del parts[1]
        return msgspec.structs.replace(self, text=self.by.field.join(parts))


class Message(msgspec.Struct, frozen=True, dict=True):
    """One message: its segments in order, MSH first.

    Parameters
    ----------
    segments : tuple[Segment, ...]
        At least MSH.
    charset : Decoded
        How its octets were read; its ``text`` is empty here.
    """

    segments: tuple[Segment, ...]
    charset: Decoded = Decoded("", "utf-8", "", is_guessed=False)

    @property
    def msh(self) -> Segment:
        """The header."""
        return self.segments[0]

    @property
    def by(self) -> Separators:
        """Separators of the message."""
        return self.msh.by

    @property
    def kind(self) -> str:
        """Message code of MSH-9, such as ``ADT``."""
        # Kept by hand: each message is asked for it half a dozen times, and a cached property takes a lock to make it.
        told = self.__dict__.get("kind")
        if told is None:
            told = self.__dict__["kind"] = self.segments[0].value(9, 1)
        return str(told)

    @property
    def trigger(self) -> str:
        """Trigger event: MSH-9.2, else EVN-1, else what the structure in MSH-9.3 says."""
        told = self.__dict__.get("trigger")
        if told is None:
            told = self.__dict__["trigger"] = self.segments[0].value(9, 2) or self._trigger_told_elsewhere()
        return str(told)

    def _trigger_told_elsewhere(self) -> str:
        event = self.first("EVN")
        if event is not None and event.value(1):
            return event.value(1)
        return self.msh.value(9, 3).partition("_")[2]

    @property
    def control_id(self) -> str:
        """MSH-10 as written."""
        return self.msh.field(10)

    def all(self, name: str) -> list[Segment]:
        """Give the segments of a name in order."""
        return [segment for segment in self.segments if segment.name == name]

    def first(self, name: str) -> Segment | None:
        """Give the first segment of a name."""
        for segment in self.segments:
            if segment.text[:3] == name:
                return segment
        return None

    def value(self, name: str, number: int, component: int = 1, subcomponent: int = 1) -> str:
        """Give one value of the first segment of a name; empty if there is none."""
        segment = self.first(name)
        return segment.value(number, component, subcomponent) if segment is not None else ""

    def text(self) -> str:
        """Give the message as it was written."""
        return "".join(segment.text + segment.end for segment in self.segments)

    def to_bytes(self) -> bytes:
        """Write the message: the octets that were read, if nothing was changed."""
        return self.text().encode(self.charset.codec)


@dataclass(frozen=True, slots=True)
class Interchange:
    """A file or a frame: messages, and the envelope and anything else around them.

    Parameters
    ----------
    prefix : str
        What stands before the first segment: a byte order mark, blank lines.
    segments : tuple[Segment, ...]
        All, envelopes too.
    charset : Decoded
        How it was read.
    """

    prefix: str
    segments: tuple[Segment, ...]
    charset: Decoded

    @property
    def is_batch(self) -> bool:
        """Whether it has an FHS or BHS envelope."""
        return any(segment.name in ENVELOPES for segment in self.segments)

    def messages(self) -> Iterator[Message]:
        """Give the messages in order, without their envelope."""
        group: list[Segment] = []
        for segment in self.segments:
            if segment.name == "MSH" or segment.name in ENVELOPES:
                if group:
                    yield Message(tuple(group), self.charset)
                group = []
            if segment.name == "MSH" or (group and segment.name not in ENVELOPES):
                group.append(segment)
        if group:
            yield Message(tuple(group), self.charset)

    def to_bytes(self) -> bytes:
        """Write it: the octets that were read."""
        text = self.prefix + "".join(segment.text + segment.end for segment in self.segments)
        return text.encode(self.charset.codec)


def read_interchange(data: bytes) -> Interchange:
    """Read a file, a batch or the content of one frame.

    Parameters
    ----------
    data : bytes
        Segments that end in CR, LF or both; the charset is found as MSH-18 states it.

    Raises
    ------
    DecodeError
        If there is no MSH segment (``hl7.no_header``), or there are too many segments (``hl7.too_long``).
    """
    decoded = decode(data)
    text = decoded.text
    start = _START.search(text)
    if start is None or "MSH" not in text:
        raise DecodeError("Expected an HL7 version 2 message that begins with MSH, found none.", code="hl7.no_header")
    charset = _charset(decoded.codec, decoded.declared, is_guessed=decoded.is_guessed)
    begin = start.start()
    body = text[begin:] if begin else text
    segments = tuple(_plain_segments(body, charset.codec) or _segments(body, charset.codec))
    if not any(segment.name == "MSH" for segment in segments):
        raise DecodeError("Expected a segment MSH at the beginning of a line.", code="hl7.no_header")
    return Interchange(text[:begin], segments, charset)


_START = re.compile(rf"(?:FHS|BHS|MSH){_SEPARATOR}")


@lru_cache(maxsize=64)
def _charset(codec: str, declared: str, *, is_guessed: bool) -> Decoded:
    return Decoded("", codec, declared, is_guessed=is_guessed)


@lru_cache(maxsize=1024)  # some 180 names of the standard, and those that a house has made up
def _is_name(name: str) -> bool:
    return re.fullmatch("[A-Z][A-Z0-9]{2}", name) is not None


def _plain_segments(text: str, codec: str) -> list[Segment]:
    """Give the segments of a message as nearly everybody writes it; none if it needs a closer look.

    One header, each line one segment that ends in CR: then what splits a text does it, and no pattern looks at each
    character.
    """
    if "\n" in text or "\x0b" in text or "\x1c" in text or text[:3] != "MSH" or text[-1:] != "\r":
        return []
    by = separators_of(text)
    lines = text.split("\r")
    lines.pop()
    mark = by.field
    if len(lines) > MAX_SEGMENTS or any(line[3:4] not in (mark, "") or not _is_name(line[:3]) for line in lines):
        return []
    if any(line[:3] in _HEADERS for line in lines[1:]):
        return []  # a header may bring separators of its own
    return [Segment(line, by, "\r", codec) for line in lines]


@lru_cache(maxsize=64)
def _boundary(separator: str) -> re.Pattern[str]:
    mark = re.escape(separator)
    # A line that does not begin as a segment does is the rest of the field before it (senders wrap texts so).
    return re.compile(rf"[\r\n\x0b\x1c]+(?=(?:[A-Z][A-Z0-9]{{2}}(?:{mark}|[\r\n]|\Z))|(?:MSH|FHS|BHS){_SEPARATOR}|\Z)")


def _segments(text: str, codec: str) -> Iterator[Segment]:
    by = separators_of(text)
    boundary = _boundary(by.field)
    position = count = 0
    while position < len(text):
        found = boundary.search(text, position)
        stop, after = (found.start(), found.end()) if found else (len(text), len(text))
        piece = text[position:stop]
        if piece[:3] in _HEADERS:
            by = separators_of(piece)
        yield Segment(piece, by, text[stop:after], codec)
        position = after
        count += 1
        if count > MAX_SEGMENTS:
            raise DecodeError(f"Expected at most {MAX_SEGMENTS} segments in one frame.", code="hl7.too_long")


def read_message(data: bytes) -> Message:
    """Read one message; the first of a batch.

    Parameters
    ----------
    data : bytes
        Octets of the message.

    Raises
    ------
    DecodeError
        If it is none.
    """
    return next(read_interchange(data).messages())


def write_segment(name: str, values: Sequence[str | Sequence[str]], by: Separators | None = None) -> Segment:
    """Write a segment from plain values.

    Parameters
    ----------
    name : str
        Its name; MSH gets MSH-1 and MSH-2 by itself, so that its values begin with MSH-3.
    values : Sequence
        Per field a text, or the texts of its components; separators in them are escaped.
    by : Separators, optional
        The customary ones by default.
    """
    used = by or Separators()
    written = [
        escape(value, used) if isinstance(value, str) else used.component.join(escape(part, used) for part in value)
        for value in values
    ]
    head = [name, used.encoding_characters] if name in _HEADERS else [name]
    return Segment(used.field.join([*head, *written]).rstrip(used.field), used)
