"""Who does something, when, and under which id: what every writing route needs."""

from __future__ import annotations

from server.doors.context import Call
from server.doors.idempotency import HEADER
from twin.clock import MINUTE_US, from_text
from twin.errors import FieldError, FieldProblem

_FUTURE_US = 5 * MINUTE_US  # a handheld's clock may run ahead by this much


def instant_told(text: str, now: int, place: str) -> int:
    """Give when something happened: the instant told, never from the future, or now.

    Parameters
    ----------
    text : str
        ISO 8601 with offset, or empty.
    now : int
        Present instant, UTC microseconds.
    place : str
        Where the field stands, for the error.

    Raises
    ------
    FieldError
        If it is no instant or lies in the future.
    """
    if not text:
        return now
    try:
        at = from_text(text)
    except ValueError as error:
        problem = FieldProblem(field="occurred_at", place=place, message=str(error), cure="Give an offset, such as Z.")
        raise FieldError(problem) from error
    if at > now + _FUTURE_US:
        problem = FieldProblem(
            field="occurred_at", place=place, message=f"{text} is in the future.", cure="Set the device's clock."
        )
        raise FieldError(problem)
    return min(at, now)


def command_id(call: Call) -> str:
    """Give the id under which a write has one effect: its Idempotency-Key, or a new one."""
    key = call.request.headers.get(HEADER, "")
    return f"{call.actor.id}:{key}" if key else call.hospital.new_id()
