"""Who helps out whom, put together: stock from inventory, ways from the building."""

from __future__ import annotations

from functools import partial

from inventory.model.movements import Command
from inventory.service.helping import Help, ask_for_help, find_help
from server.walking import walking_matrix
from server.wiring import Hospital
from twin.access import Actor

SERVICE = "helping"


class HelpDesk:
    """Finds help between wards and asks for it; ``dash_app.actions.shortages.HelpsOut`` says what it does.

    Parameters
    ----------
    hospital : Hospital
        Open.
    """

    def __init__(self, hospital: Hospital) -> None:
        self._hospital = hospital

    def look(self, *, item: str = "", days: float = 3.0) -> list[Help]:
        """Give who could help out whom; nothing changes."""
        hospital = self._hospital
        with hospital.read() as session:
            seconds = partial(walking_matrix, hospital)
            return find_help(session, seconds=seconds, now=hospital.clock.now(), days=days, item=item)

    def ask(self, *, actor: Actor, item: str = "", days: float = 3.0) -> list[Help]:
        """Ask for a task for each; gives what was asked for."""
        hospital = self._hospital
        found = self.look(item=item, days=days)
        now = hospital.clock.now()
        command = Command(id=hospital.new_id(), actor=actor.id, occurred_at=now, recorded_at=now)
        ledger = hospital.ledger
        hospital.write_now(lambda session: ask_for_help(session, ledger=ledger, command=command, found=found))
        return found
