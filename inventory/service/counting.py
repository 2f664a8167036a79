"""Counting a place: opened for all or for what is due, counted blind, counted again by somebody else, decided, posted.

Nothing changes in the books before a session is closed; then each line is posted as of the instant at which it was
counted, so that what moved since stays as it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlmodel import Session

from inventory.model.counting import CountClass, CountLine, CountSession, LineState, Seen, SessionState
from inventory.model.movements import Command
from inventory.model.stock import LotHolding
from inventory.rules.counting import classes_of, is_due, state_of, taken_of
from inventory.service import correcting
from inventory.service.correcting import Counted, CountResult
from inventory.tables.balances import StockFilter, key_as_of, list_stock
from inventory.tables.catalogue import load_item
from inventory.tables.count_sessions import list_sessions, load_session, save_session
from inventory.tables.counts import last_counts
from inventory.tables.driver import Driver, text_of
from twin.errors import FieldError, FieldProblem, Refused
from twin.ports import EventSink

MOST_LINES = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What is due to be counted at a place.

    Parameters
    ----------
    item : str
        What.
    kind : CountClass
        Its class by what is used of it.
    counted_at : int
        When it was counted last, UTC microseconds; 0 for never.
    """

    item: str
    kind: CountClass
    counted_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How a place shall be counted.

    Parameters
    ----------
    place : str
        Where.
    items : tuple[str, ...]
        Only these; all that lie there if empty.
    is_due_only : bool
        Whether only what is due by its class is counted.
    is_blind : bool
        Whether who counts does not see the books.
    tolerance_share : float
        Difference that needs no second count, 0 to 1.
    """

    place: str
    items: tuple[str, ...] = ()
    is_due_only: bool = False
    is_blind: bool = True
    tolerance_share: float = 0.0


def due_at(session: Session, place: str, now: int) -> list[Due]:
    """Give what is due to be counted at a place, the most valuable class first.

    Parameters
    ----------
    session : Session
        Any.
    place : str
        Where.
    now : int
        UTC microseconds.
    """
    driver = Driver(session)
    # what the books say lies there; goods that they do not know are found when all of a shelf is counted
    present = {row.holding.item for row in _present(driver, place)}
    counted = {one.item: one.at for one in last_counts(driver, place)}
    classes = classes_of(dict.fromkeys(present, 0.0) | values_used(driver))
    found = [Due(item=item, kind=classes[item], counted_at=counted.get(item, 0)) for item in sorted(present)]
    return sorted((one for one in found if is_due(one.counted_at, one.kind, now)), key=lambda one: one.kind.value)


def _present(driver: Driver, place: str) -> list[LotHolding]:
    return list_stock(driver, StockFilter(place=place, limit=MOST_LINES))


def values_used(driver: Driver) -> dict[str, float]:
    """Give the value of what is used of each item in a day, as planned last; 1 a unit where no cost is known."""
    rows = driver.rows(
        "SELECT u.item, SUM(u.mean_per_day), MAX(i.unit_cost_minor) FROM inventory_expected_use u"
        " JOIN inventory_item i ON i.id = u.item GROUP BY u.item"
    )
    return {text_of(row[0]): float(row[1] or 0) * max(float(row[2] or 0), 1.0) for row in rows}


def open_session(session: Session, *, command: Command, wanted: Wanted, may_be_empty: bool = False) -> CountSession:
    """Open a count of a place: a line for each balance that lies there.

    Parameters
    ----------
    session : Session
        The transaction.
    command : Command
        Who; its id is the session's.
    wanted : Wanted
        How.
    may_be_empty : bool
        Whether a shelf of which the books say nothing is opened too: what lies there gets its lines when it is seen.

    Raises
    ------
    NotFound
        If there is no such item.
    FieldError
        If the tolerance cannot be.
    Refused
        If nothing is to be counted there, or the place is being counted already.
    """
    if not 0 <= wanted.tolerance_share <= 1:
        message = f"Expected 0 to 1, got {wanted.tolerance_share}."
        raise FieldError(
            FieldProblem(field="tolerance_share", place="body", message=message, cure="Give a share, such as 0.02.")
        )
    for item in wanted.items:
        load_item(session, item)
    if any(one.place == wanted.place for one in list_sessions(session, state=SessionState.OPEN, limit=1000)):
        raise Refused(f"{wanted.place} is being counted already: end that count first.", code="count.open")
    driver = Driver(session)
    chosen = set(wanted.items)
    if wanted.is_due_only:
        due = {one.item for one in due_at(session, wanted.place, command.occurred_at)}
        chosen = chosen & due if chosen else due
    keys: list[tuple[str, str, str]] = [
        (row.holding.item, row.holding.lot, row.holding.owner)
        for row in _present(driver, wanted.place)
        if (not wanted.items and not wanted.is_due_only) or row.holding.item in chosen
    ]
    keys += [(item, "", "") for item in wanted.items if item not in {key[0] for key in keys} and not wanted.is_due_only]
    if not keys and not may_be_empty:
        raise Refused(f"Nothing is to be counted at {wanted.place}.", code="count.nothing")
    made = CountSession(
        id=command.id,
        place=wanted.place,
        state=SessionState.OPEN,
        is_blind=wanted.is_blind,
        tolerance_share=wanted.tolerance_share,
        opened_by=command.actor,
        opened_at=command.recorded_at,
        lines=tuple(
            CountLine(number=number, item=item, lot=lot, owner=owner)
            for number, (item, lot, owner) in enumerate(keys, start=1)
        ),
    )
    save_session(session, made)
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What somebody saw of a balance of the session's place; a balance that has no line yet gets one."""

    item: str
    quantity: int
    lot: str = ""
    owner: str = ""


def count_lines(session: Session, *, command: Command, counting: str, told: Sequence[Told]) -> CountSession:
    """Note what somebody saw: as the first count of a line, or as the second where a second one is wanted.

    Parameters
    ----------
    session : Session
        The transaction.
    command : Command
        Who counted; ``occurred_at`` is the instant of counting.
    counting : str
        Id of the session.
    told : Sequence[Told]
        What was seen. A line that is agreed stays as it is, unless the same person corrects their own only count.

    Raises
    ------
    Refused
        If the session is not open, a line is agreed already, or the same person would count a second time.
    FieldError
        If a quantity is below 0.
    """
    found = load_session(session, counting, lock=True)
    _require_open(found)
    driver = Driver(session)
    lines = {(line.item, line.lot, line.owner): line for line in found.lines}
    for one in told:
        if one.quantity < 0:
            message = f"Expected at least 0, got {one.quantity}."
            raise FieldError(FieldProblem(field="quantity", place=one.item, message=message, cure="Key what you see."))
        key = (one.item, one.lot, one.owner)
        if key not in lines:
            load_item(session, one.item)
            lines[key] = CountLine(number=len(lines) + 1, item=one.item, lot=one.lot, owner=one.owner)
        line = lines[key]
        # As of the look at the shelf: what was taken on the way to the network is no difference.
        books = key_as_of(driver, line.key(found.place), command.occurred_at)
        seen = Seen(quantity=one.quantity, by=command.actor, at=command.occurred_at, books=books)
        lines[key] = _with(line, seen, state_of(line, found.tolerance_share))
    changed = replace(found, lines=tuple(lines.values()))
    save_session(session, changed, before=found)
    return changed


def _with(line: CountLine, seen: Seen, state: LineState) -> CountLine:
    first, second = line.first, line.second
    if line.taken >= 0:
        raise Refused(f"{line.item} was decided already.", code="count.decided")
    if first is None or (second is None and first.by == seen.by and state is LineState.AGREED):
        return replace(line, first=seen)
    if first.by == seen.by:
        # Also after somebody else has counted: else one person could agree with themselves.
        raise Refused(f"A second person counts {line.item}: whoever counted first does not.", code="count.same_person")
    if state is LineState.AGREED and (second is None or second.by != seen.by):
        raise Refused(f"{line.item} is agreed already: what you saw would be taken unchecked.", code="count.agreed")
    return replace(line, second=seen)


def decide(session: Session, *, command: Command, counting: str, number: int, quantity: int) -> CountSession:
    """Take a quantity for true where two people saw different things.

    Parameters
    ----------
    session : Session
        The transaction.
    command : Command
        Who decides, with a reason.
    counting : str
        Id of the session.
    number : int
        Which line.
    quantity : int
        Base units, at least 0.

    Raises
    ------
    Refused
        If the session is not open, or the line does not wait for a decision.
    FieldError
        If line, quantity or reason cannot be used.
    """
    found = load_session(session, counting, lock=True)
    _require_open(found)
    line = next((one for one in found.lines if one.number == number), None)
    if line is None or quantity < 0 or not command.reason.strip():
        field = "number" if line is None else "quantity" if quantity < 0 else "reason"
        raise FieldError(
            FieldProblem(
                field=field,
                place=f"line {number}",
                message="It cannot be used.",
                cure="Name a line of the session, what is true, and why.",
            )
        )
    if state_of(line, found.tolerance_share) is not LineState.DECIDE:
        raise Refused(f"Line {number} does not wait for a decision.", code="count.not_to_decide")
    decided = replace(line, taken=quantity, reason=command.reason.strip())
    changed = replace(found, lines=tuple(decided if one is line else one for one in found.lines))
    save_session(session, changed, before=found)
    return changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A closed session and what it changed: base units found and lost."""

    session: CountSession
    surplus: int
    missing: int


def close(session: Session, *, ledger: EventSink, command: Command, counting: str) -> Closed:
    """Post what was counted, each line as of the instant of its count, and close the session.

    Parameters
    ----------
    session : Session
        The transaction.
    ledger : EventSink
        Where events go.
    command : Command
        Who closes.
    counting : str
        Id of the session.

    Raises
    ------
    Refused
        If a line still waits for a count or a decision; nothing is posted then.
    """
    found = load_session(session, counting, lock=True)
    _require_open(found)
    waiting = [line for line in found.lines if state_of(line, found.tolerance_share) is not LineState.AGREED]
    if waiting:
        names = ", ".join(f"{line.item} ({state_of(line, found.tolerance_share).value})" for line in waiting[:10])
        raise Refused(f"{len(waiting)} lines are not agreed yet: {names}.", code="count.not_agreed")
    # One posting for each instant and person: a count is true of when and by whom it was made, not of when it closes.
    by_count: dict[tuple[int, str], list[Counted]] = defaultdict(list)
    for line in found.lines:
        taken = taken_of(line, found.tolerance_share)
        if taken is not None:
            quantity, seen = taken
            counted = Counted(item=line.item, place=found.place, quantity=quantity, lot=line.lot, owner=line.owner)
            by_count[seen.at, seen.by].append(counted)
    results: list[CountResult] = []
    for part, ((at, by), counted_lines) in enumerate(sorted(by_count.items())):
        own = replace(command, id=f"{found.id}:{part}", actor=by, occurred_at=at, reason=f"count {found.id}")
        results.append(correcting.count(session, ledger=ledger, command=own, counted=counted_lines))
    closed = replace(found, state=SessionState.CLOSED, closed_by=command.actor, closed_at=command.recorded_at)
    save_session(session, closed, before=found)
    return Closed(
        session=closed, surplus=sum(one.surplus for one in results), missing=sum(one.missing for one in results)
    )


def cancel(session: Session, *, command: Command, counting: str) -> CountSession:
    """Give a session up; what was seen stays in it, the books stay as they are."""
    found = load_session(session, counting, lock=True)
    _require_open(found)
    cancelled = replace(found, state=SessionState.CANCELLED, closed_by=command.actor, closed_at=command.recorded_at)
    save_session(session, cancelled, before=found)
    return cancelled


def _require_open(counting: CountSession) -> None:
    if counting.state is not SessionState.OPEN:
        raise Refused(f"The count is {counting.state.value} already.", code="count.not_open")
