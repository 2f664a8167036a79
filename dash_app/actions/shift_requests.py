"""Ask for leave, a swap or an offered shift, answer such a request, and decide about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from dash_app.actions.port import Commands
from scheduling.model.plans import Override
from scheduling.model.shift_requests import RequestKind
from scheduling.rules.leave import NOON
from scheduling.service import roster_sheets, shift_decisions, shift_requests
from scheduling.service.shift_requests import Acting, Asked, Intent
from twin.access import Permission
from twin.errors import FieldError, FieldProblem
from twin.ids import UniqueIds


def _acting(port: Commands) -> Acting:
    return Acting(actor=port.actor(), at=port.clock.now(), ledger=port.ledger)


def midnight(text: str, zone: str, *, after: int = 0, hour: int = 0) -> int:
    """Give the midnight before a calendar day, UTC microseconds.

    Parameters
    ----------
    text : str
        Such as ``2026-12-24``.
    zone : str
        IANA name of the hospital's zone.
    after : int, optional
        Days later.
    hour : int, optional
        Another full hour of the day.

    Raises
    ------
    FieldError
        If it is no day.
    """
    try:
        day = date.fromisoformat(text) + timedelta(days=after)
    except (ValueError, OverflowError) as error:
        cure = "Choose a day."
        problem = FieldProblem(field="day", place="page", message=f"{text[:40]!r} is no day.", cure=cure)
        raise FieldError(problem) from error
    return roster_sheets.midnight(day, zone, hour=hour)


def _ask(port: Commands, asked: Asked) -> str:
    acting = _acting(port)
    return port.writer.run(lambda session: shift_requests.ask(session, acting=acting, asked=asked).id)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveDays:
    """Days of leave as they are entered.

    Parameters
    ----------
    first, last : str
        Calendar days, both included; the last one may be empty for a single day.
    from_noon, to_noon : bool
        Whether it begins at noon of the first day, and ends at noon of the last one.
    """

    first: str
    last: str = ""
    from_noon: bool = False
    to_noon: bool = False


def ask_leave(port: Commands, wanted: LeaveDays, zone: str, *, reason: str = "") -> str:
    """Ask for leave; gives the request's id.

    Parameters
    ----------
    port : Commands
        The hospital.
    wanted : LeaveDays
        When.
    zone : str
        IANA name of the hospital's zone.
    reason : str, optional
        Why.
    """
    new_id = UniqueIds().next(port.clock.now())
    last = wanted.last or wanted.first
    begins = midnight(wanted.first, zone, hour=NOON if wanted.from_noon else 0)
    ends = midnight(last, zone, hour=NOON) if wanted.to_noon else midnight(last, zone, after=1)
    return _ask(port, Asked(id=new_id, kind=RequestKind.LEAVE, from_at=begins, to_at=ends, reason=reason[:500]))


def offer(port: Commands, from_at: int, *, reason: str = "") -> str:
    """Offer one's own shift that begins at an instant; gives the request's id."""
    new_id = UniqueIds().next(port.clock.now())
    return _ask(port, Asked(id=new_id, kind=RequestKind.OFFER, from_at=from_at, reason=reason[:500]))


def offer_open(port: Commands, day: str, zone: str, *, shift: str, skill: str = "", place: str | None = None) -> str:
    """Offer a shift that nobody has on a calendar day in the roster of a place; gives the request's id."""
    new_id = UniqueIds().next(port.clock.now())
    at = midnight(day, zone)
    return _ask(port, Asked(id=new_id, kind=RequestKind.OFFER, from_at=at, shift=shift, skill=skill, place=place))


def ask_swap(
    port: Commands, from_at: Sequence[int], partner: str, partner_at: Sequence[int], *, reason: str = ""
) -> str:
    """Ask a colleague to swap shifts; gives the request's id.

    Parameters
    ----------
    port : Commands
        The hospital.
    from_at, partner_at : Sequence[int]
        Starts of one's own shifts and of the colleague's, UTC microseconds, at least one each.
    partner : str
        Id of the colleague.
    reason : str, optional
        Why.
    """
    new_id = UniqueIds().next(port.clock.now())
    asked = Asked(
        id=new_id,
        kind=RequestKind.SWAP,
        from_at=from_at[0],
        also=tuple(from_at[1:]),
        partner=partner,
        partner_at=partner_at[0],
        partner_also=tuple(partner_at[1:]),
        reason=reason[:500],
    )
    return _ask(port, asked)


def act(port: Commands, kind: str, request: str, version: int, *, reason: str = "") -> None:
    """Agree to or take, refuse, withdraw a request, or note that one has seen it.

    Parameters
    ----------
    port : Commands
        The hospital.
    kind : str
        ``agree``, ``refuse``, ``withdraw`` or ``seen``.
    request : str
        Id.
    version : int
        That the person saw.
    reason : str, optional
        Of a refusal.
    """
    acting, intent = _acting(port), Intent(request=request, version=version, reason=reason[:500])
    acts = {"agree": shift_requests.agree, "refuse": shift_requests.refuse, "withdraw": shift_requests.withdraw}
    if kind == "seen":
        port.writer.run(lambda session: shift_requests.mark_seen(session, acting=acting, request=request).id)
        return
    port.writer.run(lambda session: acts[kind](session, acting=acting, intent=intent).id)


def decide(port: Commands, kind: str, request: str, version: int, *, reasons: Mapping[str, str], fills: bool) -> None:
    """Approve a request, or undo an approval.

    Parameters
    ----------
    port : Commands
        The hospital.
    kind : str
        ``approve`` or ``undo``.
    request : str
        Id.
    version : int
        That the person saw.
    reasons : Mapping[str, str]
        For each must that is broken more than before, why that is accepted.
    fills : bool
        Whether colleagues work what leave opens.
    """
    acting = _acting(port)
    acting.actor.require(Permission.PLANS_PUBLISH)
    approval = shift_decisions.Approval(
        intent=Intent(request=request, version=version),
        new_plan=UniqueIds().next(acting.at),
        overrides=tuple(Override(rule=rule, reason=why.strip()) for rule, why in reasons.items() if why.strip()),
        fills=fills,
    )
    decision = shift_decisions.approve if kind == "approve" else shift_decisions.undo
    port.writer.run(lambda session: decision(session, acting=acting, approval=approval).id)
