"""Where every command on stock is carried out once: replay, posting and the events that tell of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from msgspec import structs
from sqlmodel import Session

from inventory.model.movements import (
    STANDS_FOR,
    BalanceKey,
    Command,
    Line,
    Movement,
    MovementKind,
    balance_changes,
)
from inventory.model.places import CONSUMED, FOUND, LOST, PATIENT
from inventory.rules.substitutes import shares_stood_for
from inventory.tables.counts import first_count_after
from inventory.tables.driver import Driver, text_of
from inventory.tables.ledger import Draft, content_hash, post, replay_of
from inventory.tables.substitutes import find_substitute
from twin.errors import Conflict
from twin.events.envelope import Event
from twin.events.supply import ConsignmentUsed, StockMoved
from twin.events.watch import AlarmPriority, AlarmRaised
from twin.ids import ItemId, LotId, PlaceId
from twin.ports import EventSink, Stored

EXPOSURE_ALARM = "stock.exposure"
"""Alarm class: something expired, recalled or held was used on a patient."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a command moves.

    Parameters
    ----------
    kind : MovementKind
        Why.
    lines : tuple[Line, ...]
        What, at least one line.
    flags : tuple[str, ...]
        Stable codes of what is unusual.
    released : Mapping[BalanceKey, int]
        Promised quantities that are used up.
    reverses : str
        Id of the movement that is undone.
    """

    kind: MovementKind
    lines: tuple[Line, ...]
    flags: tuple[str, ...] = ()
    released: Mapping[BalanceKey, int] = field(default_factory=dict)
    reverses: str = ""


@dataclass(frozen=True, slots=True)
class _Corrections:
    """Corrections written before a movement, which needs their goods, and after it, which take its goods away."""

    before: list[Movement]
    after: list[Movement]


class Desk:
    """One command at work in one transaction.

    Parameters
    ----------
    session : Session
        The transaction.
    ledger : EventSink
        Where events go.
    command : Command
        Who does what.
    content : Sequence[object]
        What the command says; the same id with other content is refused.
    """

    def __init__(self, session: Session, ledger: EventSink, command: Command, content: Sequence[object]) -> None:
        self.session = session
        self.driver = Driver(session)
        self.command = command
        self._ledger = ledger
        self._hash = content_hash(command.actor, *content)

    def replay(self) -> Movement | None:
        """Give the movement that this command made earlier, or None if it is new."""
        return replay_of(self.driver, self.command.id, self._hash)

    def record(self, plan: Plan, *, further: Sequence[Event] = ()) -> Movement:
        """Write a movement with its balances and tell of it.

        Parameters
        ----------
        plan : Plan
            What moves.
        further : Sequence[Event]
            Events to tell beside the movement.
        """
        wanted = self._wanted()
        stands_for = f"{STANDS_FOR}{wanted}" if wanted and any(line.item != wanted for line in plan.lines) else ""
        movement = Movement(
            id=self.command.id,
            kind=plan.kind,
            command=self.command,
            lines=plan.lines,
            flags=(stands_for, *plan.flags) if stands_for else plan.flags,
            reverses=plan.reverses,
        )
        back = self._counted_later(movement)
        told: list[Event] = []
        for correction in back.before:
            told += self._correct(correction)
        if not post(self.driver, Draft(movement=movement, content_hash=self._hash, released=plan.released)):
            # Another connection has recorded the same command since the first look: its id is unique in the books.
            earlier = self.replay()
            if earlier is None:
                raise Conflict("The same command is being recorded by someone else: send it again.")
            return earlier
        for correction in back.after:
            told += self._correct(correction)
        self._ledger.append(self.session, [*self._told_of(movement, wanted), *told, *further])
        return movement

    def _wanted(self) -> str:
        """Give the item that the command's task asks for; empty without a task that brings goods."""
        task = self.command.task
        row = self.driver.row("SELECT item FROM inventory_inbound WHERE task = ?", (task,)) if task else None
        return "" if row is None else text_of(row[0])

    def _told_of(self, movement: Movement, wanted: str) -> list[Event]:
        """Give the events of a movement; a substitute that serves a task also tells what it stands for."""
        events: list[Event] = [*stock_events(movement)]
        if any(line.owner for line in movement.lines):
            events = [*events, *consignment_events(movement)]
        if not wanted:
            return events
        shares = dict[int, int]()
        for stand_in in sorted({line.item for line in movement.lines if line.item != wanted}):
            pair = find_substitute(self.session, item=wanted, stand_in=stand_in)
            at = [index for index, line in enumerate(movement.lines) if line.item == stand_in]
            if pair is not None:
                told = shares_stood_for(pair, [movement.lines[index].quantity for index in at])
                shares.update(zip(at, told, strict=True))
        for index, share in shares.items():
            events[index] = structs.replace(events[index], counts_as=share)
        return events

    def _correct(self, correction: Movement) -> list[StockMoved]:
        post(self.driver, Draft(movement=correction, content_hash=self._hash, released={}))
        return stock_events(correction)

    def _counted_later(self, movement: Movement) -> _Corrections:
        """Give what keeps later counts true when a movement is written down after them.

        Who counted saw the goods as they were after this movement, so the count's difference has it in already: writing
        it now must leave what was counted as it was counted. Pieces with serial numbers are known one by one.
        """
        command = self.command
        found = _Corrections([], [])
        # Written down as it happens: no count can be later.
        if command.occurred_at >= command.recorded_at:
            return found
        plain = tuple(line for line in movement.lines if not line.serial)
        for number, (key, change) in enumerate(balance_changes(plain)):
            counted_at = first_count_after(self.driver, key, command.occurred_at)
            if not counted_at:
                continue
            lacks = change < 0
            line = Line(
                item=ItemId(key[1]),
                quantity=abs(change),
                from_place=FOUND if lacks else PlaceId(key[0]),
                to_place=PlaceId(key[0]) if lacks else LOST,
                lot=LotId(key[2]),
                owner=key[3],
            )
            correction = Movement(
                id=f"{movement.id}:counted:{number}",
                kind=MovementKind.COUNT,
                command=replace(command, id=f"{movement.id}:counted:{number}", occurred_at=counted_at, task=""),
                lines=(line,),
                flags=("counted_later",),
            )
            (found.before if lacks else found.after).append(correction)
        return found


def source_of(command: Command) -> str:
    """Give the event source of a command: a person, or the twin itself."""
    return "twin:inventory" if command.actor == "system" else f"user:{command.actor}"


def stock_events(movement: Movement) -> list[StockMoved]:
    """Give one event per line; the first carries the movement's id as its source key."""
    command = movement.command
    return [
        StockMoved(
            thing=line.item,
            occurred_at=command.occurred_at,
            source=source_of(command),
            source_key=movement.id if seq == 0 else f"{movement.id}/{seq}",
            actor=command.actor,
            quantity=line.quantity,
            from_place=line.from_place,
            to_place=line.to_place,
            lot=line.lot,
            task=command.task,
            reason=movement.kind.value,
        )
        for seq, line in enumerate(movement.lines)
    ]


def consignment_events(movement: Movement) -> list[ConsignmentUsed]:
    """Give one event for each line by which a vendor's goods were used."""
    command = movement.command
    return [
        ConsignmentUsed(
            thing=line.item,
            occurred_at=command.occurred_at,
            source=source_of(command),
            source_key=f"{movement.id}:consignment:{seq}",
            actor=command.actor,
            owner=line.owner,
            quantity=line.quantity,
            place=line.from_place,
            lot=line.lot,
            serial=line.serial,
        )
        for seq, line in enumerate(movement.lines)
        if line.owner and line.to_place in (PATIENT, CONSUMED)
    ]


def exposure_alarm(command: Command, line: Line, reasons: Sequence[str]) -> AlarmRaised:
    """Give the alarm that something was used which should not have been."""
    return AlarmRaised(
        thing=f"exposure:{command.id}:{line.lot}",
        occurred_at=command.occurred_at,
        source=source_of(command),
        source_key=f"{command.id}:exposure:{line.lot}",
        actor=command.actor,
        alarm_class=EXPOSURE_ALARM,
        subject_id=line.item,
        priority=AlarmPriority.HIGH,
        place=line.from_place,
        parameters=(("lot", line.lot), ("encounter", command.encounter), ("reasons", ",".join(reasons))),
    )


class CollectedEvents:
    """An event sink for handlers: it keeps the events, and the handler gives them as derived ones."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def append(self, session: Session, events: Sequence[Event]) -> list[Stored]:
        """Keep events; nothing is stored here.

        Parameters
        ----------
        session : Session
            Not used.
        events : Sequence[Event]
            What the handler will give.
        """
        del session
        self.events.extend(events)
        return []
