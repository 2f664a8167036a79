"""Stores that no place supplies: what lacks there is bought, and no task may stand for it."""

from __future__ import annotations

from sqlmodel import Session

from inventory.model.movements import Command
from inventory.service.desk import source_of
from inventory.tables.driver import Driver
from inventory.tables.reviewing import tasks_from_nowhere
from twin.events.work import RequestSettled
from twin.ports import EventSink

REASON = "bought"
"""Why a task from nowhere is given up."""


def close_tasks_from_nowhere(session: Session, *, ledger: EventSink, command: Command) -> int:
    """Have the restock tasks given up that are to fill an unsupplied store from no place at all; gives how many.

    There are such tasks where a store lost its source, or was no store yet, when it asked. While one stands open it
    counts as goods on their way, and nobody would buy what lacks.

    Parameters
    ----------
    session : Session
        The transaction.
    ledger : EventSink
        Where it is told that they are needed no more.
    command : Command
        Who looks.
    """
    found = tasks_from_nowhere(Driver(session))
    settled = [
        RequestSettled(
            thing=f"restock:{place}:{item}",
            occurred_at=command.occurred_at,
            source=source_of(command),
            source_key=f"{command.id}:bought:{place}:{item}",
            actor=command.actor,
            dedupe_key=f"restock:{place}:{item}",
            is_done=False,
            reason=REASON,
        )
        for place, item in found
    ]
    ledger.append(session, settled)
    return len(settled)
