"""Decide about the cases of a day of operating."""

from __future__ import annotations

from sqlmodel import Session

from dash_app.actions.port import Commands
from scheduling.service import surgery_day as service
from scheduling.service.surgery_day import Act, Doer, Emergency, SurgeryDay


def _doer(port: Commands) -> Doer:
    return Doer(actor=port.actor(), at=port.clock.now(), ledger=port.ledger)


def act(port: Commands, day: SurgeryDay, intent: Act) -> None:
    """Start, finish, cancel, move a case, expect another length of it, or take back its last step.

    Parameters
    ----------
    port : Commands
        The hospital.
    day : SurgeryDay
        Which day.
    intent : Act
        What, with the version that the person saw.
    """
    doer = _doer(port)
    port.writer.run(lambda session: service.act(session, doer=doer, day=day, intent=intent))


def add_emergency(port: Commands, day: SurgeryDay, emergency: Emergency) -> None:
    """Take an emergency into a theatre's list.

    Parameters
    ----------
    port, day
        As for :func:`act`.
    emergency : Emergency
        What and where.
    """
    doer = _doer(port)
    port.writer.run(lambda session: service.add_emergency(session, doer=doer, day=day, emergency=emergency))


def replan(port: Commands, day: SurgeryDay) -> int:
    """Distribute what still waits so that overtime and delay are less; gives how many cases moved.

    Parameters
    ----------
    port, day
        As for :func:`act`.
    """
    doer = _doer(port)

    def use_case(session: Session) -> int:
        unsuitable = service.unsuitable_theatres(session)
        return len(service.replan(session, doer=doer, day=day, unsuitable=unsuitable)[1])

    return port.writer.run(use_case)
