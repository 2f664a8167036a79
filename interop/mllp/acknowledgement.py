"""Acknowledgements of HL7 version 2: original and enhanced mode."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from interop.hl7v2.escapes import Separators
from interop.hl7v2.instants import write_instant
from interop.hl7v2.message import Message, Segment, write_segment


class Verdict(StrEnum):
    """What became of a message."""

    ACCEPTED = "accepted"
    FAILED = "failed"
    REJECTED = "rejected"


_ORIGINAL = {Verdict.ACCEPTED: "AA", Verdict.FAILED: "AE", Verdict.REJECTED: "AR"}
_ACCEPT = {Verdict.ACCEPTED: "CA", Verdict.FAILED: "CE", Verdict.REJECTED: "CR"}
ERROR_CODES = {"missing": "101", "type": "102", "table": "103", "version": "203", "duplicate": "205", "": "207"}
"""Codes of HL7 table 0357 by what is wrong; 207 is an application error."""


class Handled(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a message, for the acknowledgement.

    Parameters
    ----------
    verdict : Verdict
        Accepted is durable; failed is durable as a dead letter; rejected could not be read.
    is_stored : bool
        Whether the message itself is durable: decides the accept acknowledgement of the enhanced mode.
    problem : str
        What is wrong, without anybody's data.
    error : str
        Key of :data:`ERROR_CODES`.
    """

    verdict: Verdict
    is_stored: bool = True
    problem: str = ""
    error: str = ""


_CONDITIONS = ("AL", "NE", "ER", "SU")


def _wants(condition: str, verdict: Verdict) -> bool:
    is_good = verdict is Verdict.ACCEPTED
    return condition == "AL" or (condition == "SU" and is_good) or (condition == "ER" and not is_good)


def acknowledgements(message: Message, handled: Handled, *, now: int, control_id: str) -> list[bytes]:
    """Give the answers to a message, without frames, in the order in which they are sent.

    Parameters
    ----------
    message : Message
        What came.
    handled : Handled
        What became of it.
    now : int
        UTC microseconds.
    control_id : str
        MSH-10 of the answer.

    Returns
    -------
    list[bytes]
        One in the original mode. In the enhanced mode (MSH-15 or MSH-16 filled) an accept acknowledgement, an
        application acknowledgement, both or none, by the conditions AL, NE, ER, SU of HL7 table 0155. None for an
        acknowledgement: these are never acknowledged.
    """
    if message.kind in ("ACK", "MCF") or message.first("MSA") is not None:
        return []
    # A code outside table 0155 asks for nothing that we know: such a sender gets the original answer.
    accept, application = (code if code in _CONDITIONS else "" for code in map(message.msh.value, (15, 16)))
    if not accept and not application:
        return [_answer(message, _ORIGINAL[handled.verdict], handled, now, control_id)]
    stored = Verdict.ACCEPTED if handled.is_stored else handled.verdict
    answers = []
    if _wants(accept, stored):
        answers.append(_answer(message, _ACCEPT[stored], handled, now, control_id))
    if _wants(application, handled.verdict):
        suffix = "A" if answers else ""
        answers.append(_answer(message, _ORIGINAL[handled.verdict], handled, now, control_id + suffix))
    return answers


def _answer(message: Message, code: str, handled: Handled, now: int, control_id: str) -> bytes:
    msh, by = message.msh, message.by
    event = by.component.join(part for part in ("ACK", message.trigger if message.kind else "", "ACK") if part)
    # Sender and receiver change places; their fields are taken as they stand, with their own escapes.
    fields = ["MSH", by.encoding_characters, msh.field(5), msh.field(6), msh.field(3), msh.field(4)]
    fields += [write_instant(now), "", event if message.trigger else "ACK", control_id]
    fields += [msh.field(11) or "P", msh.field(12) or "2.5"]
    if msh.field(18):
        fields += ["", "", "", "", "", msh.field(18)]  # the answer is written in the charset of the message
    head = Segment(by.field.join(fields), by)
    segments = [head, Segment(by.field.join(("MSA", code, msh.field(10))), by)]
    if handled.verdict is not Verdict.ACCEPTED and code not in ("CA",):
        error = ERROR_CODES.get(handled.error, "207")
        segments.append(write_segment("ERR", ["", "", [error], "E", "", "", "", handled.problem], by))
    text = "".join(segment.text + segment.end for segment in segments)
    return text.encode(message.charset.codec, errors="replace")


def unreadable(now: int, control_id: str, problem: str) -> bytes:
    """Give the answer to a frame that is no message: AR without a number to refer to.

    Parameters
    ----------
    now : int
        UTC microseconds.
    control_id : str
        MSH-10 of the answer.
    problem : str
        What is wrong.
    """
    by = Separators()
    head = write_segment("MSH", ["", "", "", "", write_instant(now), "", "ACK", control_id, "P", "2.5"], by)
    segments = (
        head,
        write_segment("MSA", ["AR"], by),
        write_segment("ERR", ["", "", ["100"], "E", "", "", "", problem], by),
    )
    return "".join(segment.text + segment.end for segment in segments).encode("ascii", errors="replace")
