"""What other systems are told: the house's own moves as EPCIS events."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlmodel import Session

from interop.service.moves import NAME, TOLD, Naming, tell_moves
from inventory.tables.catalogue import packages_of
from server.journey import journey_of
from server.listening import MessageDesk
from server.placing import SERVICE as PLACE_NAMES
from server.placing import PlaceNameDesk
from server.queues import desk_of
from server.receiving import SERVICE as RECEIVERS
from server.receiving import ReceiverDesk
from server.supplying import SERVICE as SUPPLIES
from server.supplying import SupplyDesk
from server.wiring import Hospital
from twin.ports import Stored


def _gtin_of(session: Session, item: str) -> str:
    return next((str(package.gtin) for package in packages_of(session, item)), "")


def _asked_once() -> Callable[[Session, str], str]:
    known: dict[str, str] = {}

    def gtin_of(session: Session, item: str) -> str:
        if item not in known:
            known[item] = _gtin_of(session, item)
        return known[item]

    return gtin_of


def tell_partners(hospital: Hospital) -> None:
    """Open the desks of messages, places, receivers, queues and patients, and keep the ledger's moves as EPCIS events.

    They are kept from where this was left.

    Parameters
    ----------
    hospital : Hospital
        Open, as the one core.
    """
    hospital.services["messages"] = MessageDesk(hospital)
    hospital.services[PLACE_NAMES] = PlaceNameDesk(hospital)
    hospital.services[RECEIVERS] = ReceiverDesk(hospital)
    hospital.services[SUPPLIES] = SupplyDesk(hospital)
    desk_of(hospital)
    journey_of(hospital)

    def moves(session: Session, batch: Sequence[Stored]) -> None:
        # asked once for each item of a batch: thousands of moves of a past month are of a few hundred items
        naming = Naming(gtin_of=_asked_once(), live=hospital.live)
        tell_moves(session, batch, naming=naming, now=hospital.clock.now())

    hospital.ledger.project(NAME, moves, rest_s=1.0, kinds=TOLD)
