"""Frames of the minimal lower layer protocol, without any input or output."""

from __future__ import annotations

from collections.abc import Iterator

from twin.errors import DecodeError

START = 0x0B
END = 0x1C
CR = 0x0D
MAX_FRAME = 4 * 1024 * 1024


def framed(content: bytes) -> bytes:
    """Put content into a frame."""
    return b"\x0b" + content + b"\x1c\r"


class FrameReader:
    """Finds frames in octets, however they were cut into packets.

    Parameters
    ----------
    max_frame : int, optional
        Longest content, octets.

    Notes
    -----
    A frame is 0x0B, content, 0x1C 0x0D. What stands between frames is dropped and counted. 0x1C without 0x0D after it
    is content. A second 0x0B before the end means that the sender began anew (it was cut off in the middle): the
    part before it was never a whole message and is dropped too.

    References
    ----------
    HL7 Transport Specification: MLLP, Release 1.
    """

    def __init__(self, max_frame: int = MAX_FRAME) -> None:
        self.max_frame = max_frame
        self.junk = 0
        self._held = bytearray()
        self._is_inside = False
        self._looked = 0

    @property
    def is_inside(self) -> bool:
        """Whether a frame has begun and not ended."""
        return self._is_inside

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take octets as they come; give the content of each frame that ended.

        Parameters
        ----------
        data : bytes
            One packet.

        Raises
        ------
        DecodeError
            If a frame is longer than allowed (``mllp.too_long``); nothing more can be read then.
        """
        self._held += data
        while True:
            if not self._is_inside and not self._find_start():
                return
            content = self._find_end()
            if content is None:
                return
            yield content

    def _find_start(self) -> bool:
        start = self._held.find(START)
        if start < 0:
            self.junk += len(self._held)
            self._held.clear()
            return False
        self.junk += start
        del self._held[: start + 1]
        self._is_inside, self._looked = True, 0
        return True

    def _find_end(self) -> bytes | None:
        # One octet back: the end mark may have been cut between two packets.
        end = self._held.find(b"\x1c\r", max(self._looked - 1, 0))
        limit = end if end >= 0 else len(self._held)
        again = self._held.rfind(START, 0, limit) if self._held.find(START, 0, limit) >= 0 else -1
        if again >= 0:
            self.junk += again + 1
            del self._held[: again + 1]
            self._looked = 0
            return self._find_end()
        if limit > self.max_frame:
            raise DecodeError(f"Expected a frame of at most {self.max_frame} octets, got more.", code="mllp.too_long")
        if end < 0:
            self._looked = len(self._held)
            return None
        content = bytes(self._held[:end])
        del self._held[: end + 2]
        self._is_inside = False
        return content
