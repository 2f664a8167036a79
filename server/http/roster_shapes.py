"""Shapes of shift requests and of one's own roster, as they are told over HTTP."""

from __future__ import annotations

import msgspec

from scheduling.model.shift_requests import ShiftRequest, Span
from scheduling.service import my_shifts
from server.http.roster_talk import RosterConsequenceShown
from twin.clock import to_text


class SpanShown(msgspec.Struct, frozen=True, kw_only=True):
    """A shift by its start and its end."""

    starts: str
    ends: str


class ShiftRequestShown(msgspec.Struct, frozen=True, kw_only=True):
    """A request; instants are empty if they do not apply, ``is_news`` is for whoever asks.

    ``also`` and ``partner_also`` are further shifts of a swap, ``allowance_reason`` says why leave was granted beyond
    what there was.
    """

    id: str
    kind: str
    status: str
    staff: str
    partner: str
    starts: str
    ends: str
    partner_starts: str
    partner_ends: str
    also: list[SpanShown]
    partner_also: list[SpanShown]
    place: str
    shift: str
    skill: str
    reason: str
    allowance_reason: str
    answer: str
    asked: str
    decided: str
    decided_by: str
    is_news: bool
    version: int


class CellShown(msgspec.Struct, frozen=True, kw_only=True):
    """A day of somebody as it would be, in the roster of a place; an empty shift is a day off."""

    employee: str
    place: str
    day: int
    date: str
    shift: str
    skill: str


class RequestDetail(msgspec.Struct, frozen=True, kw_only=True):
    """A request and what approval would do; ``problem`` says why it cannot be approved any more.

    ``missing_half_days`` are those of leave that there are not, by calendar year: granting them needs an override of
    ``leave_allowance``.
    """

    request: ShiftRequestShown
    cells: list[CellShown]
    consequences: list[RosterConsequenceShown]
    filled: list[CellShown]
    gaps: list[CellShown]
    missing_half_days: dict[str, int] = {}
    problem: str = ""


class RequestPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of requests, the newest first."""

    requests: list[ShiftRequestShown]
    next: str = ""


class MyShiftShown(msgspec.Struct, frozen=True, kw_only=True):
    """A shift of one's own in the roster of a place; ``request`` is the open request about it."""

    place: str
    shift: str
    skill: str
    starts: str
    ends: str
    request: str


class OfferShown(msgspec.Struct, frozen=True, kw_only=True):
    """A shift that one could take; ``breaks`` are rules that must hold and would not."""

    request: ShiftRequestShown
    cost: int
    breaks: list[str]


class MyRosterShown(msgspec.Struct, frozen=True, kw_only=True):
    """What one person sees.

    ``news`` counts requests that others did something with, ``names`` are labels of people and ``place_names`` of
    places; ``places`` are those whose rosters speak of the person.
    """

    staff: str
    is_rostered: bool
    places: list[str]
    news: int
    names: dict[str, str]
    place_names: dict[str, str]
    shifts: list[MyShiftShown]
    offers: list[OfferShown]
    requests: list[ShiftRequestShown]


class TakenShown(msgspec.Struct, frozen=True, kw_only=True):
    """A further shift of a swap."""

    shift: str
    starts: str
    ends: str


class SwapShown(msgspec.Struct, frozen=True, kw_only=True):
    """A colleague's shifts that one could have for one's own, the first and those besides; ``cost`` is against now."""

    partner: str
    shift: str
    starts: str
    ends: str
    also: list[TakenShown]
    cost: int


class Swaps(msgspec.Struct, frozen=True, kw_only=True):
    """Shifts of colleagues, the best first, and labels of the colleagues."""

    swaps: list[SwapShown]
    names: dict[str, str]


def _text(at: int) -> str:
    return to_text(at) if at else ""


def request_shown(one: ShiftRequest, me: str = "") -> ShiftRequestShown:
    """Give a request as it is told to a person."""
    return ShiftRequestShown(
        id=one.id,
        kind=one.kind.value,
        status=one.status.value,
        staff=one.staff,
        partner=one.partner,
        starts=_text(one.from_at),
        ends=_text(one.to_at),
        partner_starts=_text(one.partner_from_at),
        partner_ends=_text(one.partner_to_at),
        also=_spans(one.also_given),
        partner_also=_spans(one.also_wanted),
        place=one.place,
        shift=one.shift,
        skill=one.skill,
        reason=one.reason,
        allowance_reason=one.allowance_reason,
        answer=one.answer,
        asked=_text(one.asked_at),
        decided=_text(one.decided_at),
        decided_by=one.decided_by,
        is_news=my_shifts.is_news_to(one, me),
        version=one.version,
    )


def _spans(spans: tuple[Span, ...]) -> list[SpanShown]:
    return [SpanShown(starts=to_text(one.from_at), ends=to_text(one.to_at)) for one in spans]
