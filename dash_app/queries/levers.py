"""What a planner can change in a what-if: the beds, staff and arrivals that the hospital has now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from dash_app.queries.names import place_name
from simulation.experiments.live import live_start, units_of
from twin.state.live import LiveState
from twin.state.views import ward_of

_WARD = "ward-"
_STAYS = ("mean_s", "p95_s")


class LeverKind(StrEnum):
    """What kind of thing a lever changes."""

    CAPACITY = "capacity"
    RATE = "rate"
    COUNT = "count"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lever:
    """One entry of the pathway that can be changed.

    Parameters
    ----------
    path : str
        In the pathway document, such as ``pools.icu.capacity``.
    kind : LeverKind
        A capacity, a rate (a list over the week: to be multiplied) or a count a day.
    subject : str
        Pool or way in: ``icu``, ``ward-W1``, ``emergency``.
    name : str
        Name of the ward, where the subject is one; otherwise empty.
    now : float or None
        Present value; None for a rate.
    """

    path: str
    kind: LeverKind
    subject: str
    name: str
    now: float | None


def ward_names(state: LiveState, *, chinese: bool = False) -> dict[str, str]:
    """Give the name of every ward by the id of its pool, such as ``ward-W1``.

    Parameters
    ----------
    state : LiveState
        The hospital.
    chinese : bool, optional
        Whether Chinese names are wanted.
    """
    wards = {ward_of(state, bed) for bed in tuple(state.beds)}
    return {_WARD + ward.replace(".", "_"): place_name(state, ward, chinese=chinese) for ward in sorted(wards) if ward}


def levers(state: LiveState, now: int, *, chinese: bool = False) -> list[Lever]:
    """Give what can be changed: capacities first, emergency and intensive care before the wards, then arrivals.

    Parameters
    ----------
    state : LiveState
        The hospital.
    now : int
        UTC microseconds.
    chinese : bool, optional
        Whether names are wanted in Chinese.
    """
    pathway = live_start(state.freeze(now)).pathway
    names = ward_names(state, chinese=chinese)
    pools = cast("Mapping[str, Mapping[str, object]]", pathway["pools"])
    arrivals = cast("Mapping[str, Mapping[str, object]]", pathway["arrivals"])
    found = [
        Lever(
            path=f"pools.{key}.capacity",
            kind=LeverKind.CAPACITY,
            subject=key,
            name=names.get(key, ""),
            now=float(cast("float", pool["capacity"])),
        )
        for key, pool in pools.items()
    ]
    found.sort(key=lambda lever: (lever.subject.startswith(_WARD), lever.name))
    for key, arrival in arrivals.items():
        if "per_hour" in arrival:
            path, kind = f"arrivals.{key}.per_hour", LeverKind.RATE
            found.append(Lever(path=path, kind=kind, subject=key, name="", now=None))
        appointments = arrival.get("appointments")
        if isinstance(appointments, Mapping):
            path, count = f"arrivals.{key}.appointments.per_opening", float(appointments["per_opening"])
            found.append(Lever(path=path, kind=LeverKind.COUNT, subject=key, name="", now=count))
    return found


def lever_of_ward(state: LiveState, now: int, ward: str) -> str:
    """Give the entry of the pathway that holds the beds of a ward, such as ``pools.icu.capacity``; empty if none does.

    Parameters
    ----------
    state : LiveState
        The hospital.
    now : int
        UTC microseconds.
    ward : str
        Id of the ward, as a forecast names it.
    """
    pool = units_of(state.freeze(now)).get(ward, "")
    return f"pools.{pool}.capacity" if pool else ""


def limitable(state: LiveState, now: int) -> list[str]:
    """Give the measures on which a limit makes sense: waits at every place where one waits, and how often none is left.

    Parameters
    ----------
    state : LiveState
        The hospital.
    now : int
        UTC microseconds.
    """
    pathway = live_start(state.freeze(now)).pathway
    nodes = cast("Mapping[str, Mapping[str, object]]", pathway["nodes"])
    waits = [name for name, node in nodes.items() if node.get("do") in {"seize", "transport"}]
    found = [f"wait.{name}.{tail}" for name in waits for tail in ("p95_s", "p90_s", "mean_s")]
    return found + [f"pool.{name}.full_share" for name in cast("Mapping[str, object]", pathway["pools"])]


def rankable(state: LiveState, now: int) -> list[str]:
    """Give the measures by which scenarios can be ranked: waits, stays, queues, and who is still inside at the end.

    Parameters
    ----------
    state : LiveState
        The hospital.
    now : int
        UTC microseconds.
    """
    pathway = live_start(state.freeze(now)).pathway
    nodes = cast("Mapping[str, Mapping[str, object]]", pathway["nodes"])
    waits = [name for name, node in nodes.items() if node.get("do") in {"seize", "transport"}]
    found = [f"wait.{name}.{tail}" for name in waits for tail in ("mean_s", "p95_s")]
    found += [f"stay.{name}.{tail}" for name in cast("Mapping[str, object]", pathway["classes"]) for tail in _STAYS]
    found += [f"pool.{name}.waiting" for name in cast("Mapping[str, object]", pathway["pools"])]
    return [*found, "patients.inside"]
