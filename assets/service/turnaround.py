"""How long beds and their rooms take from a patient's leaving until they are ready, from the history of readiness."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import Session

from assets.rules.quantiles import Quantile, quantile_of
from assets.rules.turnovers import Readiness, Turnover, turnovers_of
from assets.service.endoscopes import doses_of
from twin.clock import DAY_US
from twin.history.tables import INTERVALS
from twin.state.live import LiveState

_READINESS = "bed.readiness"


@dataclass(frozen=True, slots=True, kw_only=True)
class WardTurnaround:
    """Turnaround of the beds of one ward; seconds.

    Parameters
    ----------
    ward : str
        Place above the beds' rooms; the place itself if there is none.
    turnovers, not_ready : int
        Made ready in the time, and not ready now.
    median, ninth : Quantile
        Half, and nine of ten, were ready after so long.
    waited, cleaned : Quantile
        Medians of the wait until somebody began, and of the work, over those of which the beginning is known.
    doses, doses_reached : int
        Ultraviolet doses in its rooms within the time, and those that reached their target at every position.
    """

    ward: str
    turnovers: int
    not_ready: int
    median: Quantile
    ninth: Quantile
    waited: Quantile
    cleaned: Quantile
    doses: int
    doses_reached: int


def turnaround(
    session: Session, *, state: LiveState, now: int, days: int = 7, confidence: float = 0.9
) -> list[WardTurnaround]:
    """Give the turnaround of each ward over some days, the slowest first.

    Parameters
    ----------
    session : Session
        Any session.
    state : LiveState
        Where beds stand.
    now : int
        UTC microseconds.
    days : int
        How far back, above 0.
    confidence : float
        Two-sided, of all intervals.
    """
    since = now - days * DAY_US
    done: defaultdict[str, list[Turnover]] = defaultdict(list)
    waiting: defaultdict[str, int] = defaultdict(int)
    rooms: defaultdict[str, set[str]] = defaultdict(set)
    for place, spans in _readiness(session, since, now).items():
        ward = _ward_of(state, place)
        rooms[ward] |= {place, _parent(state, place)} - {""}
        found = turnovers_of(place, spans)
        done[ward] += [one for one in found if since <= one.ready_at <= now]
        waiting[ward] += not spans[-1].is_ready
    wards = [
        _figures(ward, own, waiting[ward], _doses(session, rooms[ward], since), confidence)
        for ward, own in done.items()
    ]
    return sorted(wards, key=lambda one: (one.median.point is None, -(one.median.point or 0.0), one.ward))


def _figures(
    ward: str, own: Sequence[Turnover], waiting: int, doses: tuple[int, int], confidence: float
) -> WardTurnaround:
    begun = [one for one in own if one.cleaned_s is not None]
    totals = [one.total_s for one in own]
    return WardTurnaround(
        ward=ward,
        turnovers=len(own),
        not_ready=waiting,
        median=quantile_of(totals, 0.5, confidence=confidence),
        ninth=quantile_of(totals, 0.9, confidence=confidence),
        waited=quantile_of([one.total_s - (one.cleaned_s or 0.0) for one in begun], 0.5, confidence=confidence),
        cleaned=quantile_of([one.cleaned_s or 0.0 for one in begun], 0.5, confidence=confidence),
        doses=doses[0],
        doses_reached=doses[1],
    )


def _readiness(session: Session, since: int, now: int) -> dict[str, list[Readiness]]:
    """Give how each bed's readiness went, from the state that held a day before the time on."""
    query = (
        select(INTERVALS.c.thing, INTERVALS.c.value, INTERVALS.c.from_at)
        .where(INTERVALS.c.facet == _READINESS, INTERVALS.c.to_at > INTERVALS.c.from_at)
        # A bed that waited for longer than a day before the time began is cut off there: nobody was turned round in it.
        .where(INTERVALS.c.to_at > since - DAY_US, INTERVALS.c.from_at <= now)
        .order_by(INTERVALS.c.thing, INTERVALS.c.from_at)
    )
    found: defaultdict[str, list[Readiness]] = defaultdict(list)
    for place, value, begins in session.connection().execute(query):
        found[place].append(Readiness(value=value, at=begins))
    return dict(found)


def _doses(session: Session, places: set[str], since: int) -> tuple[int, int]:
    own = [dose for place in sorted(places) for dose in doses_of(session, place=place) if dose.at >= since]
    return len(own), sum(dose.is_reached for dose in own)


def _parent(state: LiveState, place: str) -> str:
    known = state.places.get(place)
    return known.parent if known is not None else ""


def _ward_of(state: LiveState, place: str) -> str:
    """Give the ward of a bed: the nearest place above it that is one; the bed itself if there is none."""
    current = place
    for _step in range(8):  # a building is not deeper; a circle among places would never end
        known = state.places.get(current)
        if known is None:
            break
        if known.kind.value == "wa":
            return current
        current = known.parent
    return _parent(state, place) or place
