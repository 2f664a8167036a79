"""Count a place: open, note what was seen, decide, close."""

from __future__ import annotations

from dash_app.actions.port import Commands
from inventory.model.counting import CountSession
from inventory.model.movements import Command
from inventory.service import counting
from inventory.service.counting import Closed, Told, Wanted
from twin.access import Permission


def _command(port: Commands, permission: Permission, verb: str, reason: str = "") -> Command:
    actor, now = port.actor(), port.clock.now()
    actor.require(permission)
    return Command(id=f"{verb}-{actor.id}-{now}", actor=actor.id, occurred_at=now, recorded_at=now, reason=reason)


def begin(port: Commands, wanted: Wanted) -> CountSession:
    """Open a count of a place."""
    command = _command(port, Permission.STOCK_MOVE, "count")
    return port.writer.run(lambda session: counting.open_session(session, command=command, wanted=wanted))


def note(port: Commands, session_id: str, told: Told) -> CountSession:
    """Note what the present actor saw of one balance."""
    command = _command(port, Permission.STOCK_MOVE, "seen")
    return port.writer.run(
        lambda session: counting.count_lines(session, command=command, counting=session_id, told=[told])
    )


def decide(port: Commands, session_id: str, number: int, quantity: int, reason: str) -> CountSession:
    """Say what is true where two counts differ."""
    command = _command(port, Permission.STOCK_ADJUST, "decide", reason)
    return port.writer.run(
        lambda session: counting.decide(session, command=command, counting=session_id, number=number, quantity=quantity)
    )


def close(port: Commands, session_id: str) -> Closed:
    """Post what was counted and close the session."""
    command, ledger = _command(port, Permission.STOCK_ADJUST, "close"), port.ledger
    return port.writer.run(lambda session: counting.close(session, ledger=ledger, command=command, counting=session_id))


def cancel(port: Commands, session_id: str) -> CountSession:
    """Give a session up."""
    command = _command(port, Permission.STOCK_ADJUST, "cancel")
    return port.writer.run(lambda session: counting.cancel(session, command=command, counting=session_id))
