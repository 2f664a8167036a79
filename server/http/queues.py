"""Queues at service points: tickets, positions, expected waits, calls; and the waiting-room board without names."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Annotated

import msgspec
from fastapi import Query
from starlette.responses import Response

from server.doors.context import Call, CallDep
from server.doors.pages import PathText
from server.doors.router import HTML, PUBLIC, Router
from server.http import views as shown
from server.http.views import instant
from server.queues import desk_of
from server.texts.catalogue import text
from twin.access import Permission
from twin.clock import HOUR_US, MINUTE_US
from twin.errors import NotFound
from twin.state.live import LiveState
from twin.state.model import Ticket
from twin.state.queueing import ExpectedWait, at_counter, expected_waits, jumps, observed_services, waits_at
from twin.state.tables import Tables

router = Router("/v1", tag="queues")

Label = Annotated[str, msgspec.Meta(max_length=40, pattern=r"^[^\x00-\x1f]*$")]
Why = Annotated[str, msgspec.Meta(max_length=300, pattern=r"^[^\x00]*$")]
Language = Annotated[str, Query(pattern=r"^(en|zh_CN)?$")]
SERVICE_PURPOSES = frozenset({"registration", "triage", "clinic", "imaging", "laboratory", "pharmacy"})
"""Purposes of places that have a queue even while nobody waits."""
CALLED_FOR_US = 10 * MINUTE_US
"""How long a called number stays on the board."""


class WaitShown(msgspec.Struct, frozen=True, kw_only=True):
    """Expected wait in seconds: quantiles 0.1, 0.5, 0.9; ``n`` services behind it; ``is_prior`` if it is a guess."""

    low_s: float
    median_s: float
    high_s: float
    n: int
    is_prior: bool


class QueueTicket(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket: where it stands and how long it will probably wait."""

    id: str
    number: str
    service_point: str
    status: str
    position: int
    priority: int
    joined: str
    wait_s: float
    counter: str
    exception_reason: str
    expected: WaitShown | None = None


class QueueShown(msgspec.Struct, frozen=True, kw_only=True):
    """A queue in the order in which it will be called, and the wait of whoever joins now."""

    service_point: str
    name: str
    tickets: list[QueueTicket]
    called: list[QueueTicket]
    next_joiner: WaitShown


class QueueSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A service point: how many wait, the longest wait so far, the expected wait of whoever joins now."""

    service_point: str
    name: str
    waiting: int
    serving: int
    longest_wait_s: float
    next_joiner: WaitShown


class QueuePage(msgspec.Struct, frozen=True, kw_only=True):
    """All service points."""

    queues: list[QueueSummary]


class Join(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who joins; both may be left out."""

    encounter: Label = ""
    priority: Annotated[int, msgspec.Meta(ge=0, le=9)] = 0


class CallTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """To which counter, and why out of turn."""

    counter: Label = ""
    reason: Why = ""


class LeaveTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Why a ticket is taken out."""

    reason: Why = ""


class BoardCall(msgspec.Struct, frozen=True, kw_only=True):
    """A number that is called, to where, and the sentence that a voice says in both languages."""

    number: str
    counter: str
    called: str
    spoken: dict[str, str]


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """What hangs in the waiting room: numbers only, never a name."""

    name: str
    at: str
    called: list[BoardCall]
    waiting: list[str]
    wait_minutes: list[int]


def _wait(found: ExpectedWait) -> WaitShown:
    return WaitShown(
        low_s=round(found.low_s, 1),
        median_s=round(found.median_s, 1),
        high_s=round(found.high_s, 1),
        n=found.n,
        is_prior=found.is_prior,
    )


def _ticket(one: Ticket, now: int, expected: ExpectedWait | None = None) -> QueueTicket:
    until = one.called_at or one.ended_at or now
    return QueueTicket(
        id=one.id,
        number=one.number,
        service_point=one.service_point,
        status=one.status.value,
        position=expected.position if expected else 0,
        priority=one.priority,
        joined=instant(one.joined_at),
        wait_s=round(max(until - one.joined_at, 0) / 1_000_000, 1),
        counter=one.counter,
        exception_reason=one.exception_reason,
        expected=_wait(expected) if expected else None,
    )


def _points(state: Tables) -> list[str]:
    known = {place for place, entry in state.places.items() if entry.purpose in SERVICE_PURPOSES}
    return sorted(known | {point for point in state.index.queues if point})


def _known(state: Tables, point: str) -> None:
    if point not in state.places and point not in state.index.queues:
        raise NotFound("service point", point)


@router.get("/queues", permission=Permission.QUEUES_READ, gives=QueuePage)
def list_queues(call: CallDep) -> QueuePage:
    """Give every service point: how many wait, and the expected wait of whoever joins now."""
    state, now = call.hospital.live, call.now
    with call.hospital.ledger.steady:
        looks = [
            (
                point,
                shown.place_name(state, point),
                [state.tickets[key] for _, _, key in state.index.queues.get(point, ())],
                observed_services(state, point, now),
                len(at_counter(state, point)),
            )
            for point in _points(state)
        ]
    rows = [
        QueueSummary(
            service_point=point,
            name=name,
            waiting=len(waiting),
            serving=serving,
            # a simulation per queue: too long to hold up the writer with
            next_joiner=_wait(expected_waits([one.id for one in waiting], services, seed=point)[-1]),
            longest_wait_s=round((now - min((one.joined_at for one in waiting), default=now)) / 1_000_000, 1),
        )
        for point, name, waiting, services, serving in looks
    ]
    return QueuePage(queues=rows)


@router.get("/queues/{service_point}", permission=Permission.QUEUES_READ, gives=QueueShown)
def get_queue(call: CallDep, service_point: PathText) -> QueueShown:
    """Give the waiting tickets of a service point in the order of calling, each with its expected wait."""
    state, now = call.hospital.live, call.now
    with call.hospital.ledger.steady:
        _known(state, service_point)
        waits = waits_at(state, service_point, now)
        tickets = [_ticket(state.tickets[wait.ticket], now, wait) for wait in waits[:-1]]
        called = [_ticket(one, now) for one in at_counter(state, service_point)]
        name = shown.place_name(state, service_point)
    return QueueShown(
        service_point=service_point, name=name, tickets=tickets, called=called, next_joiner=_wait(waits[-1])
    )


def _answered(call: Call, ticket: Ticket) -> QueueTicket:
    state, now = call.hospital.live, call.now
    with call.hospital.ledger.steady:
        waits = {wait.ticket: wait for wait in waits_at(state, ticket.service_point, now)}
        return _ticket(ticket, now, waits.get(ticket.id))


@router.post(
    "/queues/{service_point}/tickets", permission=Permission.QUEUES_CALL, takes=Join, gives=QueueTicket, status=201
)
def join_queue(call: CallDep, service_point: PathText) -> QueueTicket:
    """Draw a ticket: its number, position and expected wait."""
    told = call.read(Join)
    ticket = desk_of(call.hospital).join(
        service_point, actor=call.actor.id, encounter=told.encounter, priority=told.priority
    )
    return _answered(call, ticket)


@router.post("/queues/{service_point}/call-next", permission=Permission.QUEUES_CALL, takes=CallTold, gives=QueueTicket)
def call_next(call: CallDep, service_point: PathText) -> QueueTicket:
    """Call whose turn it is."""
    told = call.read(CallTold)
    return _answered(call, desk_of(call.hospital).call_next(service_point, actor=call.actor.id, counter=told.counter))


@router.post("/tickets/{ticket_id}/call", permission=Permission.QUEUES_CALL, takes=CallTold, gives=QueueTicket)
def call_ticket(call: CallDep, ticket_id: PathText) -> QueueTicket:
    """Call one ticket; out of turn only with a reason."""
    told = call.read(CallTold)
    desk = desk_of(call.hospital)
    return _answered(call, desk.call(ticket_id, actor=call.actor.id, counter=told.counter, reason=told.reason))


@router.post("/tickets/{ticket_id}/start", permission=Permission.QUEUES_CALL, gives=QueueTicket)
def start_service(call: CallDep, ticket_id: PathText) -> QueueTicket:
    """Begin to serve."""
    return _answered(call, desk_of(call.hospital).start(ticket_id, actor=call.actor.id))


@router.post("/tickets/{ticket_id}/end", permission=Permission.QUEUES_CALL, gives=QueueTicket)
def end_service(call: CallDep, ticket_id: PathText) -> QueueTicket:
    """End serving."""
    return _answered(call, desk_of(call.hospital).end(ticket_id, actor=call.actor.id))


@router.post("/tickets/{ticket_id}/leave", permission=Permission.QUEUES_CALL, takes=LeaveTold, gives=QueueTicket)
def leave_queue(call: CallDep, ticket_id: PathText) -> QueueTicket:
    """Take a ticket out: the person went, or did not come when called."""
    told = call.read(LeaveTold)
    return _answered(call, desk_of(call.hospital).leave(ticket_id, actor=call.actor.id, reason=told.reason))


@router.get("/queue-exceptions", permission=Permission.QUEUES_READ, gives=list[QueueTicket])
def list_exceptions(call: CallDep) -> list[QueueTicket]:
    """Give the tickets of the last day that were called out of turn, with the reason."""
    with call.hospital.ledger.steady:
        return [_ticket(one, call.now) for one in jumps(call.hospital.live, since=call.now - 24 * HOUR_US)[:200]]


def _spoken(number: str, counter: str) -> dict[str, str]:
    # Digits one by one, or the voice reads "twelve" for 012.
    apart = " ".join(number)
    return {
        "en": f"Number {apart}, please go to {counter}." if counter else f"Number {apart}, please.",
        "zh_CN": f"请{apart}号到{counter}。" if counter else f"请{apart}号。",
    }


def board_of(state: LiveState, point: str, now: int) -> Board:
    """Give what hangs in the waiting room of a service point.

    Parameters
    ----------
    state : Tables
        The present hospital.
    point : str
        Id of the service point.
    now : int
        UTC microseconds.
    """
    called = [one for one in at_counter(state, point) if one.called_at > now - CALLED_FOR_US]
    waits = waits_at(state, point, now)
    return Board(
        name=shown.place_name(state, point),
        at=instant(now),
        called=[
            BoardCall(
                number=one.number,
                counter=one.counter,
                called=instant(one.called_at),
                spoken=_spoken(one.number, one.counter),
            )
            for one in called[:8]
        ],
        waiting=[state.tickets[wait.ticket].number for wait in waits[:-1]][:40],
        wait_minutes=[round(waits[-1].low_s / 60), round(waits[-1].high_s / 60)],
    )


@router.get("/board/{service_point}", permission=PUBLIC, gives=Board)
def get_board(call: CallDep, service_point: PathText) -> Board:
    """Give the waiting-room board: called numbers, waiting numbers, expected wait; anybody may read it."""
    with call.hospital.ledger.steady:
        _known(call.hospital.live, service_point)
        return board_of(call.hospital.live, service_point, call.now)


_PAGE = """<!DOCTYPE html>
<html lang="{lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<noscript><meta http-equiv="refresh" content="5"></noscript><title>{name}</title>
<link rel="stylesheet" href="{style}"><script src="{script}" defer></script></head>
<body class="board"><main class="board"><h1>{name}</h1>
<section id="called" aria-live="assertive" aria-label="{called_label}"><h2>{called_label}</h2>
<ul>{called}</ul></section>
<section id="waiting" aria-label="{waiting_label}"><h2>{waiting_label}</h2><p>{waiting}</p><p>{wait}</p></section>
<p><button id="voice" type="button" hidden data-on="{mute}" data-off="{unmute}">{unmute}</button>
<span id="stale" role="status" hidden>{stale}</span></p>
</main></body></html>"""


_CALL = '<li data-call="{} {}"><b>{}</b> {} <span class="spoken">{}</span></li>'
_POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"  # noqa: E501  # one header value


@router.get("/board/{service_point}/page", permission=PUBLIC, media=HTML)
def show_board(call: CallDep, service_point: PathText, lang: Language = "") -> Response:
    """Show the waiting-room board as a page for a wall; it renews itself every five seconds and speaks."""
    board = get_board(call, service_point)
    language = lang or call.hospital.settings.language
    calls = "".join(
        _CALL.format(*map(escape, (one.number, one.called, one.number, one.counter, one.spoken[language])))
        for one in board.called
    )
    low, high = board.wait_minutes
    wait = text(language, "Expected wait: {low} to {high} min").format(low=low, high=high)
    body = _PAGE.format(
        lang="zh-CN" if language == "zh_CN" else "en",
        name=escape(board.name),
        style=STYLE_PATH,
        script=SCRIPT_PATH,
        mute=text(language, "Mute the voice"),
        unmute=text(language, "Let the voice speak"),
        stale=text(language, "Not up to date: the server does not answer."),
        called_label=text(language, "Now called"),
        waiting_label=text(language, "Waiting"),
        called=calls,
        waiting=escape(", ".join(board.waiting)) or text(language, "Nobody waits"),
        wait=wait,
    )
    return Response(body, media_type=HTML, headers={"cache-control": "no-store", "content-security-policy": _POLICY})


STYLE_PATH = "/v1/board.css"
_STYLE = """
:root { color-scheme: light dark; } body { margin: 0; font: 1.5rem/1.4 system-ui, "Noto Sans SC", sans-serif;
  background: Canvas; color: CanvasText; } main { max-width: 70rem; margin: 0 auto; padding: 2rem; }
h1 { font-size: 2.5rem; margin: 0 0 1rem; } h2 { font-size: 1.6rem; } ul { list-style: none; padding: 0; }
li { font-size: 3rem; padding: 0.5rem 0; border-bottom: 1px solid; } li b { margin-right: 2rem; }
.spoken { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
"""


@router.get("/board.css", permission=PUBLIC, raw=True, media="text/css")
async def board_style(_request: object) -> Response:
    """Give the style of the board."""
    return Response(_STYLE, media_type="text/css", headers={"cache-control": "max-age=3600"})


SCRIPT_PATH = "/v1/board.js"
_SCRIPT = (Path(__file__).parent / "board.js").read_text(encoding="utf-8")


@router.get("/board.js", permission=PUBLIC, raw=True, media="text/javascript")
async def board_script(_request: object) -> Response:
    """Give the script of the board: it renews the numbers and speaks each new call."""
    return Response(_SCRIPT, media_type="text/javascript", headers={"cache-control": "max-age=3600"})
