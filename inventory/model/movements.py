"""Movements of stock: what a command says, the lines it moves, and what was recorded."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from inventory.model.lots import NO_LOT
from inventory.model.places import is_virtual
from twin.ids import ItemId, LotId, PlaceId


class MovementKind(StrEnum):
    """Why stock moved."""

    RECEIVE = "receive"
    PUT_AWAY = "put_away"
    PICK = "pick"
    DELIVER = "deliver"
    ISSUE = "issue"
    CONSUME = "consume"
    IMPLANT = "implant"
    RETURN = "return"
    COUNT = "count"
    WASTE = "waste"
    DESTROY = "destroy"
    TRANSFER = "transfer"
    ADJUST = "adjust"
    QUARANTINE = "quarantine"
    OPEN = "open"
    THAW = "thaw"
    REVERSE = "reverse"
    REPROCESS = "reprocess"
    MERGE = "merge"


INTENTIONS = frozenset({MovementKind.PICK, MovementKind.ISSUE, MovementKind.DELIVER, MovementKind.TRANSFER})
"""What somebody is about to do, refused when it should not happen; every other kind tells what did happen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Who does something with stock, when and for what; its id makes it harmless to send twice.

    Parameters
    ----------
    id : str
        Given by the client; the same id has one effect however often it comes.
    actor : str
        Id of the person or program.
    occurred_at : int
        When it happened, UTC microseconds.
    recorded_at : int
        The present instant, UTC microseconds.
    witness : str
        Id of the second person where one is demanded; never the actor.
    task : str
        Id of the task that it serves.
    reason : str
        Stable code, demanded for adjustments, waste and overrides.
    encounter : str
        Pseudonym of the encounter that receives it.
    """

    id: str
    actor: str
    occurred_at: int
    recorded_at: int
    witness: str = ""
    task: str = ""
    reason: str = ""
    encounter: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A quantity of one lot that goes from one place to another.

    Parameters
    ----------
    item : ItemId
        What moves.
    quantity : int
        Base units, above 0.
    from_place, to_place : PlaceId
        Two different places.
    lot : LotId
        Its lot; empty where lots are not tracked.
    owner : str
        Whose it is; empty for the hospital's own.
    serial : str
        Serial number; the quantity is then 1.
    """

    item: ItemId
    quantity: int
    from_place: PlaceId
    to_place: PlaceId
    lot: LotId = NO_LOT
    owner: str = ""
    serial: str = ""

    def __post_init__(self) -> None:
        """Check the quantity and that the line goes somewhere."""
        if self.quantity < 1:
            raise ValueError(f"Expected a quantity of at least 1 of item {self.item}, got {self.quantity}.")
        if self.from_place == self.to_place:
            raise ValueError(f"Expected two different places for item {self.item}, got {self.from_place} twice.")
        if self.serial and self.quantity != 1:
            raise ValueError(f"Expected quantity 1 for serial {self.serial}, got {self.quantity}.")

    def turned_round(self) -> Line:
        """Give the line that undoes this one."""
        return Line(
            item=self.item,
            quantity=self.quantity,
            from_place=self.to_place,
            to_place=self.from_place,
            lot=self.lot,
            owner=self.owner,
            serial=self.serial,
        )


BalanceKey = tuple[str, str, str, str]
"""Place, item, lot, owner: also the order in which balances are locked."""


def balance_changes(lines: tuple[Line, ...]) -> list[tuple[BalanceKey, int]]:
    """Give the net change of each real place's balance, in the order of locking.

    Parameters
    ----------
    lines : tuple[Line, ...]
        What moves.

    Returns
    -------
    list
        Pairs of key and signed change, sorted by key; keys whose net change is 0 are left out.
    """
    net: dict[BalanceKey, int] = {}
    # by the lines themselves: values made only to be summed would cost as much as the sums
    for line in lines:
        for place, change in ((line.from_place, -line.quantity), (line.to_place, line.quantity)):
            if not is_virtual(place):
                key = (place, line.item, line.lot, line.owner)
                net[key] = net.get(key, 0) + change
    # One order for everybody: two commands that lock the same balances never wait for each other crosswise.
    return sorted((key, change) for key, change in net.items() if change)


STANDS_FOR = "stands_for:"
"""Beginning of the flag of a movement of stand-ins: their use teaches the demand of the item that lacked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """A movement as it stands in the ledger.

    Parameters
    ----------
    id : str
        Id of the command that made it, which is why a command has one effect however often it comes.
    kind : MovementKind
        Why.
    command : Command
        Who, when and for what.
    lines : tuple[Line, ...]
        What moved.
    flags : tuple[str, ...]
        Stable codes of what was unusual: ``found``, ``expired_used``, ``recalled_used``, ``fefo_override``; first of
        them :data:`STANDS_FOR` with the id of the item that a task wanted and that lacked.
    reverses : str
        Id of the movement that this one undoes.
    is_replay : bool
        Whether the same command had been recorded before; nothing changed then.
    """

    id: str
    kind: MovementKind
    command: Command
    lines: tuple[Line, ...]
    flags: tuple[str, ...] = ()
    reverses: str = ""
    is_replay: bool = False

    @property
    def quantity(self) -> int:
        """Base units over all lines."""
        return sum(line.quantity for line in self.lines)
