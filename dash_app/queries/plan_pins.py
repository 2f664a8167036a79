"""What is pinned in a kept plan of admissions, and who lies where in it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from scheduling.model.admissions import Pin, Stay
from scheduling.service import talk


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """Pins and stays of a kept plan.

    Parameters
    ----------
    start_at : int
        Midnight before the plan's first day, UTC microseconds.
    pins : dict[str, Pin]
        By patient.
    stays : dict[str, Stay]
        By patient; who is not admitted is left out.
    """

    start_at: int
    pins: dict[str, Pin]
    stays: dict[str, Stay]


def pins_of(session: Session, plan: str) -> Pinned:
    """Give what is pinned in a kept plan.

    Parameters
    ----------
    session : Session
        Any session.
    plan : str
        Its id.

    Raises
    ------
    NotFound, InputError
        If there is no such plan, or it is a roster.
    """
    row = talk.row_of(session, plan)
    problem, kept = talk.content_of(row)
    return Pinned(
        start_at=row.start_at,
        pins={pin.patient: pin for pin in problem.pins},
        stays={stay.patient: stay for stay in kept.stays},
    )
