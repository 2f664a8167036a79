"""Count sessions over HTTP: open, count blind, count again, decide, close; and what is due to be counted."""

from __future__ import annotations

from typing import Annotated

import msgspec

from inventory.model.counting import CountClass, CountLine, CountSession, LineState, Seen, SessionState
from inventory.model.movements import Command
from inventory.rules.counting import state_of
from inventory.service import count_rounds, counting
from inventory.tables.count_sessions import list_sessions, load_session
from server.doors.context import Call, CallDep
from server.doors.pages import CursorText, Limit, PathText, Text
from server.doors.router import Router
from server.http.commanding import command_id, instant_told
from server.http.inventory import check_place
from server.http.inventory_bodies import Amount, Key, Short, instant
from twin.access import Permission
from twin.errors import FieldError, FieldProblem

router = Router("/v1/stock", tag="stock")


class SessionTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A place to be counted: all that lies there, some items, or what is due by its class."""

    place: Key
    items: Annotated[list[Key], msgspec.Meta(max_length=500)] = []
    is_due_only: bool = False
    is_blind: bool = True
    tolerance_share: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0


class LineTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What somebody saw, in base units."""

    item: Key
    quantity: Amount
    lot: Short = ""
    owner: Short = ""


class CountsTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What somebody saw; ``occurred_at`` is the instant of counting."""

    lines: Annotated[list[LineTold], msgspec.Meta(min_length=1, max_length=1000)]
    occurred_at: Short = ""


class DecisionTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is taken for true of a line on which two counts differ, and why."""

    line: Annotated[int, msgspec.Meta(ge=1)]
    quantity: Amount
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=300, pattern=r"^[^\x00]*$")]


class CountTasksTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How many shelves people can count beside their other work."""

    most: Annotated[int, msgspec.Meta(ge=1, le=200)] = 5


class DueShelfView(msgspec.Struct, frozen=True, kw_only=True):
    """A shelf that is to be counted: how many items are due there, and the most valuable class among them."""

    place: str
    items: int
    kind: CountClass


class CountTasksView(msgspec.Struct, frozen=True, kw_only=True):
    """The shelves for which a count was asked for; one whose task is still open gets no second one."""

    shelves: list[DueShelfView]


class SeenView(msgspec.Struct, frozen=True, kw_only=True):
    """What one person saw; ``books`` is what the books said of that instant."""

    quantity: int
    by: str
    at: str
    books: int


class LineView(msgspec.Struct, frozen=True, kw_only=True):
    """A line; in a blind count that is open, counts and books are shown only to who may decide."""

    number: int
    item: str
    lot: str
    owner: str
    state: LineState
    first: SeenView | None
    second: SeenView | None
    taken: int | None
    reason: str


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """A count session."""

    id: str
    place: str
    state: SessionState
    is_blind: bool
    tolerance_share: float
    opened_by: str
    opened_at: str
    closed_by: str
    closed_at: str
    lines: list[LineView]


class SessionPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of sessions, the newest first."""

    sessions: list[SessionView]
    next: str


class ClosedView(msgspec.Struct, frozen=True, kw_only=True):
    """A closed session; base units found and lost."""

    session: SessionView
    surplus: int
    missing: int


class DueView(msgspec.Struct, frozen=True, kw_only=True):
    """What is due to be counted: its class, and when it was counted last."""

    item: str
    kind: CountClass
    counted_at: str


class DueList(msgspec.Struct, frozen=True, kw_only=True):
    """What is due at a place."""

    due: list[DueView]


def _seen(seen: Seen | None, *, shows: bool) -> SeenView | None:
    if seen is None or not shows:
        return None
    return SeenView(quantity=seen.quantity, by=seen.by, at=instant(seen.at), books=seen.books)


def _line(line: CountLine, session: CountSession, *, shows: bool) -> LineView:
    return LineView(
        number=line.number,
        item=line.item,
        lot=line.lot,
        owner=line.owner,
        state=state_of(line, session.tolerance_share),
        first=_seen(line.first, shows=shows),
        second=_seen(line.second, shows=shows),
        taken=line.taken if line.taken >= 0 and shows else None,
        reason=line.reason,
    )


def session_view(session: CountSession, call: Call) -> SessionView:
    """Give a session as this caller may see it."""
    is_open = session.state is SessionState.OPEN
    # who counts second must not see what the first one saw, nor what the books say
    shows = not (session.is_blind and is_open) or call.actor.may(Permission.STOCK_ADJUST)
    return SessionView(
        id=session.id,
        place=session.place,
        state=session.state,
        is_blind=session.is_blind,
        tolerance_share=session.tolerance_share,
        opened_by=session.opened_by,
        opened_at=instant(session.opened_at),
        closed_by=session.closed_by,
        closed_at=instant(session.closed_at),
        lines=[_line(line, session, shows=shows) for line in session.lines],
    )


def _command(call: Call, occurred_at: str = "", reason: str = "") -> Command:
    return Command(
        id=command_id(call),
        actor=call.actor.id,
        occurred_at=instant_told(occurred_at, call.now, "body"),
        recorded_at=call.now,
        reason=reason,
    )


def _state_told(text: str) -> SessionState | None:
    if not text:
        return None
    try:
        return SessionState(text)
    except ValueError as error:
        known = ", ".join(SessionState)
        problem = FieldProblem(field="state", place="/query", message=f"{text!r} is none.", cure=f"Use {known}.")
        raise FieldError(problem) from error


@router.get("/count-sessions", permission=Permission.STOCK_READ, gives=SessionPage)
def list_count_sessions(call: CallDep, limit: Limit = 50, cursor: CursorText = "", state: Text = "") -> SessionPage:
    """List count sessions, the newest first."""
    scope = f"counts:{state}"
    after = call.cursors.read(scope, cursor)
    with call.hospital.read() as session:
        found = list_sessions(session, state=_state_told(state), after=str(after[0]) if after else "", limit=limit + 1)
    following = call.cursors.write(scope, [found[limit - 1].id]) if len(found) > limit else ""
    return SessionPage(sessions=[session_view(one, call) for one in found[:limit]], next=following)


@router.post("/count-sessions", permission=Permission.STOCK_MOVE, takes=SessionTold, gives=SessionView, status=201)
async def open_count_session(call: CallDep) -> SessionView:
    """Open a count of a place; nothing changes in the books before it is closed."""
    told = call.read(SessionTold)
    check_place(call, told.place)
    wanted = counting.Wanted(
        place=told.place,
        items=tuple(told.items),
        is_due_only=told.is_due_only,
        is_blind=told.is_blind,
        tolerance_share=told.tolerance_share,
    )
    command = _command(call)
    made = await call.hospital.write(lambda session: counting.open_session(session, command=command, wanted=wanted))
    return session_view(made, call)


@router.get("/count-sessions/{session_id}", permission=Permission.STOCK_READ, gives=SessionView)
def read_count_session(call: CallDep, session_id: PathText) -> SessionView:
    """Give a count session."""
    with call.hospital.read() as session:
        return session_view(load_session(session, session_id), call)


@router.post(
    "/count-sessions/{session_id}/counts", permission=Permission.STOCK_MOVE, takes=CountsTold, gives=SessionView
)
async def note_counts(call: CallDep, session_id: PathText) -> SessionView:
    """Note what somebody saw: as the first count of a line, or as the second by another person."""
    told = call.read(CountsTold)
    command = _command(call, told.occurred_at)
    lines = [counting.Told(item=one.item, quantity=one.quantity, lot=one.lot, owner=one.owner) for one in told.lines]
    found = await call.hospital.write(
        lambda session: counting.count_lines(session, command=command, counting=session_id, told=lines)
    )
    return session_view(found, call)


@router.post(
    "/count-sessions/{session_id}/decisions",
    permission=Permission.STOCK_ADJUST,
    takes=DecisionTold,
    gives=SessionView,
)
async def decide_count(call: CallDep, session_id: PathText) -> SessionView:
    """Say what is true where two counts differ, and why."""
    told = call.read(DecisionTold)
    command = _command(call, reason=told.reason)
    found = await call.hospital.write(
        lambda session: counting.decide(
            session, command=command, counting=session_id, number=told.line, quantity=told.quantity
        )
    )
    return session_view(found, call)


@router.post("/count-sessions/{session_id}/closing", permission=Permission.STOCK_ADJUST, gives=ClosedView)
async def close_count_session(call: CallDep, session_id: PathText) -> ClosedView:
    """Post what was counted, each line as of the instant of its count, and close the session."""
    command, ledger = _command(call), call.hospital.ledger
    found = await call.hospital.write(
        lambda session: counting.close(session, ledger=ledger, command=command, counting=session_id)
    )
    return ClosedView(session=session_view(found.session, call), surplus=found.surplus, missing=found.missing)


@router.post("/count-sessions/{session_id}/cancelling", permission=Permission.STOCK_ADJUST, gives=SessionView)
async def cancel_count_session(call: CallDep, session_id: PathText) -> SessionView:
    """Give a session up; the books stay as they are."""
    command = _command(call)
    found = await call.hospital.write(lambda session: counting.cancel(session, command=command, counting=session_id))
    return session_view(found, call)


@router.post("/count-tasks", permission=Permission.TASKS_ASSIGN, takes=CountTasksTold, gives=CountTasksView, status=201)
async def ask_for_counts(call: CallDep) -> CountTasksView:
    """Ask for a count task for each shelf whose goods are due, the most valuable first; at six each morning anyway."""
    told, command, ledger = call.read(CountTasksTold), _command(call), call.hospital.ledger
    found = await call.hospital.write(
        lambda session: count_rounds.ask_for_counts(session, ledger=ledger, command=command, most=told.most)
    )
    return CountTasksView(shelves=[DueShelfView(place=one.place, items=one.items, kind=one.kind) for one in found])


@router.get("/counts-due", permission=Permission.STOCK_READ, gives=DueList)
def list_due(call: CallDep, place: Text) -> DueList:
    """List what is due to be counted at a place: A monthly, B quarterly, C twice a year."""
    check_place(call, place)
    with call.hospital.read() as session:
        found = counting.due_at(session, place, call.now)
    return DueList(due=[DueView(item=one.item, kind=one.kind, counted_at=instant(one.counted_at)) for one in found])
