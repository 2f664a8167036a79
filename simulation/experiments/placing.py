"""Whether those who are in place fit a pathway: a kept one that begins with them, or a scenario that changes theirs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from simulation.experiments.live import KINDS
from simulation.model.operations import Delay, Seize
from simulation.model.pathway import Pathway
from simulation.model.problems import PathwayError
from simulation.model.state import InitialState, InPlace
from simulation.model.validation import Held, held_at

_TURNING = "turnover of "


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Who begins in a pathway, and who has no place in it.

    Parameters
    ----------
    initial : InitialState
        Those who have one.
    left_out : Mapping[str, int]
        How many of the others are at each node of the live pathway.
    """

    initial: InitialState
    left_out: Mapping[str, int] = field(default_factory=dict)


def placed_in(pathway: Pathway, live: InitialState) -> Placed:
    """Give those of the live hospital who have a place in a pathway.

    Parameters
    ----------
    pathway : Pathway
        Such as one that was kept from the live pathway and changed.
    live : InitialState
        Everybody in the live pathway, classes numbered as there.

    Raises
    ------
    PathwayError
        If nobody has a place: the pathway shares no node with the live one.

    Notes
    -----
    Nodes are the same where their names are. Whoever is there must hold what the pathway takes one to hold there: else
    it would give back what it does not have, or keep for ever what it has.
    """
    holdings = held_at(pathway)
    found, left_out = [], Counter[str]()
    for one in live.patients:
        kind = KINDS[one.patient_class]
        is_known = len(pathway.classes) == 1 or kind in pathway.classes
        if is_known and not _fault(pathway, holdings, one):
            number = pathway.classes.index(kind) if kind in pathway.classes else 0
            found.append(replace(one, patient_class=number))
        else:
            left_out[one.node] += 1
    if live.patients and not found:
        named = ", ".join(sorted(left_out)[:5])
        raise PathwayError(
            "in_place",
            f"None of the {len(live.patients)} patients and beds in place has a node in this pathway ({named}, …).",
            "Begin from the live pathway and keep the names of its nodes, or begin empty.",
        )
    return Placed(initial=InitialState(patients=tuple(found)), left_out=dict(sorted(left_out.items())))


def check_in_place(pathway: Pathway, initial: InitialState) -> None:
    """Refuse to begin with patients where a pathway, such as a changed one, has no place for them.

    Parameters
    ----------
    pathway : Pathway
        What is to be run.
    initial : InitialState
        Who is in place, classes numbered as in the pathway.

    Raises
    ------
    PathwayError
        Naming the first patient, the node, and what does not fit.
    """
    if not initial.patients:
        return
    holdings = held_at(pathway)
    for one in initial.patients:
        fault = _fault(pathway, holdings, one)
        if not fault and not 0 <= one.patient_class < len(pathway.classes):
            fault = f"its class {one.patient_class} is not among {', '.join(pathway.classes)}"
        if fault:
            told = f"{one.name!r} is at {one.node!r} now: {fault}."
            raise PathwayError(f"nodes.{one.node}", told, "Keep what those who are there need, or begin empty.")


def _fault(pathway: Pathway, holdings: Mapping[str, Held], one: InPlace) -> str:
    operation = pathway.operations.get(one.node)
    if operation is None or one.node not in holdings:
        return "there is no such node"
    if not isinstance(operation, (Delay, Seize)):
        return "one neither stays nor waits there"
    held: Counter[str] = Counter()
    for need in one.held:
        held[need.pool] += need.quantity
    expected = {name.removeprefix(_TURNING): units for name, units in holdings[one.node]}
    for seize, pool in one.chosen:
        if f"any of {seize}" in expected:
            del expected[f"any of {seize}"]
            held[pool] -= 1
    if expected == +held:
        return ""
    return f"one holds {_listed(expected)} there, and it holds {_listed(+held)}"


def _listed(units: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(units.items())) or "nothing"
