"""Ways through the house: doors, lifts, stairs, corridors; which of them are closed, since when and why."""

from __future__ import annotations

from dataclasses import dataclass

from dash_app.queries.names import place_name
from twin.events.places import PathClosed
from twin.state.live import LiveState


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way.

    Parameters
    ----------
    id, kind : str
        Id, and value of :class:`twin.events.places.PathKind`.
    start, end : str
        Names of the places that it joins.
    width_m : float
        Narrowest clear width, metres.
    closed_at : int
        Since when it is closed, UTC microseconds; 0 while it is open.
    reason : str
        Why it is closed.
    """

    id: str
    kind: str
    start: str
    end: str
    width_m: float
    closed_at: int = 0
    reason: str = ""


def ways(state: LiveState, *, kind: str = "", chinese: bool = False) -> list[Way]:
    """Give all ways, the closed ones first.

    Parameters
    ----------
    state : LiveState
        The hospital.
    kind : str, optional
        Only of this kind.
    chinese : bool, optional
        Whether Chinese names are wanted.
    """
    found: list[Way] = []
    for path in tuple(state.paths.values()):
        if kind not in {"", path.kind.value}:
            continue
        closure = state.closures.get(path.thing)
        closed = closure if isinstance(closure, PathClosed) else None
        found.append(
            Way(
                id=path.thing,
                kind=path.kind.value,
                start=place_name(state, path.start, chinese=chinese),
                end=place_name(state, path.end, chinese=chinese),
                width_m=path.width_m,
                closed_at=closed.occurred_at if closed is not None else 0,
                reason=closed.reason if closed is not None else "",
            )
        )
    return sorted(found, key=lambda way: (not way.closed_at, way.kind, way.id))
