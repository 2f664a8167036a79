"""Parts that are built into a device leave the stock in the transaction in which the work is reported."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from assets.model.work import Part
from inventory.model.movements import Command
from inventory.service import using
from inventory.tables.catalogue import find_lots, load_item
from inventory.tables.driver import Driver
from server.wiring import Hospital
from twin.errors import FieldError, FieldProblem


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildingIn:
    """One report of work on a device.

    Parameters
    ----------
    hospital : Hospital
        Whose stock and places.
    order : str
        Id of the work order.
    key, actor : str
        Command id of the report, and who reports.
    at, now : int
        When it was done and when it is reported, UTC microseconds.
    """

    hospital: Hospital
    order: str
    key: str
    actor: str
    at: int
    now: int

    def take(self, session: Session, part: Part, *, place: str, lot: str, index: int) -> None:
        """Take a part out of the stock of a place; nothing moves for one that a vendor brought.

        Parameters
        ----------
        session : Session
            The transaction.
        part : Part
            What was built in.
        place, lot : str
            Id of the shelf, empty for none, and id of the lot in the books, empty if they do not know it: the part is
            in the device already, so that a lot nobody received is kept as it is printed and refused never.
        index : int
            Position in the report; makes the command unique.

        Raises
        ------
        FieldError
            If the place is none.
        """
        if not place:
            return
        if place not in self.hospital.live.places:
            raise FieldError(
                FieldProblem(
                    field="place",
                    place=f"parts/{index}",
                    message=f"{place} is no place.",
                    cure="Scan the shelf that it was taken from.",
                )
            )
        command = Command(
            id=f"{self.key}:part:{index}",
            actor=self.actor,
            occurred_at=self.at,
            recorded_at=self.now,
            reason=f"work_order:{self.order}",
        )
        use = using.Use(item=part.item, quantity=part.quantity, place=place, lot=lot)
        using.consume(session, ledger=self.hospital.ledger, command=command, use=use)

    def take_by_item(self, session: Session, part: Part, *, place: str, index: int) -> None:
        """Take a part out of the stock by its item and the number of its lot.

        Raises
        ------
        NotFound
            If it came from a shelf and the stock has no such item.
        """
        lot = ""
        if place:
            item = load_item(session, part.item)
            lots = find_lots(Driver(session), item.id, part.lot) if part.lot else []
            lot = lots[0].id if lots else ""
        self.take(session, part, place=place, lot=lot, index=index)
