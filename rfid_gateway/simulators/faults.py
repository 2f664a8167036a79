"""What real lines do wrong, on demand."""

from __future__ import annotations

from enum import StrEnum


class Fault(StrEnum):
    """A fault that a simulated Modbus machine shows in place of its proper answer."""

    NONE = "none"
    SILENT = "silent"
    LATE = "late"
    SLOW = "slow"
    SPLIT = "split"
    WRONG_TRANSACTION = "wrong_transaction"
    WRONG_PROTOCOL = "wrong_protocol"
    WRONG_UNIT = "wrong_unit"
    WRONG_FUNCTION = "wrong_function"
    SHORT = "short"
    LONG = "long"
    WRONG_BYTE_COUNT = "wrong_byte_count"
    LENGTH_ZERO = "length_zero"
    LENGTH_HUGE = "length_huge"
    WRONG_CHECKSUM = "wrong_checksum"
    GARBAGE = "garbage"
    EXCEPTION = "exception"
    RESET = "reset"
    TRAILING = "trailing"
    DUPLICATE = "duplicate"
