"""Bits of a tag's memory, read and written from the most significant one on."""

from __future__ import annotations

from twin.errors import DecodeError


class BitReader:
    """Reads bits in order.

    Parameters
    ----------
    value : int
        The bits as a number.
    count : int
        How many bits.
    """

    def __init__(self, value: int, count: int) -> None:
        self._value = value
        self._left = count

    @property
    def left(self) -> int:
        """Bits not read yet."""
        return self._left

    def take(self, count: int) -> int:
        """Give the next bits as a number.

        Raises
        ------
        DecodeError
            If fewer are left.
        """
        if count > self._left:
            raise DecodeError(f"EPC: expected {count} more bits, got {self._left}.", code="epc.short")
        self._left -= count
        return self._value >> self._left & ((1 << count) - 1)  # shift first, then mask

    def peek_all(self) -> int:
        """Give all bits that are left as a number, and leave them."""
        return self._value & ((1 << self._left) - 1)

    def rest(self) -> int:
        """Give all bits that are left as a number."""
        return self.take(self._left)


class BitWriter:
    """Gathers bits in order."""

    def __init__(self) -> None:
        self._value = 0
        self.count = 0

    def put(self, value: int, count: int, what: str = "value") -> None:
        """Append a number as so many bits.

        Parameters
        ----------
        value : int
            0 and up.
        count : int
            How many bits.
        what : str
            Its name, for the message.

        Raises
        ------
        DecodeError
            If the number needs more bits.
        """
        if not 0 <= value < 1 << count:
            raise DecodeError(f"EPC {what}: {value} does not fit {count} bits.", code="epc.range")
        self._value = self._value << count | value
        self.count += count

    def hex_words(self) -> str:
        """Give the bits in upper-case hex, filled with zeros to whole 16-bit words."""
        # Gen 2 memory is written in words of 16 bits.
        padding = -self.count % 16
        return f"{self._value << padding:0{(self.count + padding) // 4}X}"
