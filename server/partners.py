"""What other systems are told: the house's own moves as EPCIS events."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from interop.service.moves import NAME, TOLD, Naming, tell_moves
from inventory.tables.catalogue import packages_of
from server.listening import MessageDesk
from server.queues import desk_of
from server.wiring import Hospital
from twin.ports import Stored


def _gtin_of(session: Session, item: str) -> str:
    return next((str(package.gtin) for package in packages_of(session, item)), "")


def tell_partners(hospital: Hospital) -> None:
    """Open the desks of messages and queues, and keep the ledger's moves as EPCIS events from where this was left.

    Parameters
    ----------
    hospital : Hospital
        Open, as the one core.
    """
    hospital.services["messages"] = MessageDesk(hospital)
    desk_of(hospital)
    naming = Naming(gtin_of=_gtin_of, live=hospital.live)

    def moves(session: Session, batch: Sequence[Stored]) -> None:
        tell_moves(session, batch, naming=naming, now=hospital.clock.now())

    hospital.ledger.project(NAME, moves, rest_s=1.0, kinds=TOLD)
