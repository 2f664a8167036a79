"""The operations of a pathway: what happens to a patient at a node.

The first group is what a file may say and both engines carry out; :mod:`simulation.model.nodes` writes the richer
words of a file (serve, transport, use, gate, turnover) with these. Classes of patients are numbered in the order of the
file; a tuple "by class" has one entry for each.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from simulation.model.distributions import Distribution


class Subject(StrEnum):
    """What a condition looks at, at the instant of routing."""

    ATTRIBUTE = "attribute"  # number carried by the patient
    CLASS = "class"  # number of the patient's class
    ELAPSED = "elapsed"  # microseconds since arrival
    HOUR = "hour"  # local hour of the day, 0..23
    FREE = "free"  # free units of a pool
    QUEUE = "queue"  # requests waiting at a pool
    CHOSEN = "chosen"  # number of the pool that an any-of seize got


class Comparison(StrEnum):
    """How a condition compares."""

    LESS = "<"
    AT_MOST = "<="
    EQUAL = "=="
    DIFFERENT = "!="
    AT_LEAST = ">="
    MORE = ">"


@dataclass(frozen=True, slots=True)
class Term:
    """One comparison of a condition; a condition is a conjunction of terms.

    Parameters
    ----------
    subject : Subject
        What is looked at.
    name : str
        Attribute, pool or seize node; empty where the subject needs none.
    comparison : Comparison
        How.
    value : int
        With what.
    """

    subject: Subject
    name: str
    comparison: Comparison
    value: int


@dataclass(frozen=True, slots=True)
class Need:
    """A number of units of one pool.

    Parameters
    ----------
    pool : str
        Id of the pool.
    quantity : int
        At least 1.
    """

    pool: str
    quantity: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Seize:
    """Take units of one or several pools, waiting for them if need be.

    Parameters
    ----------
    needs : tuple[Need, ...]
        All of them are taken at once and none is held before, or, with ``any_of``, the first that can be had in this
        order.
    next : str
        Node after the grant.
    any_of : bool
        Whether one of the needs is enough.
    consume : bool
        Whether the units are used up, as stock is.
    levels : tuple[int, ...]
        Priority by class; 0 goes first.
    level_attribute : str
        Attribute that gives the priority instead; empty for none.
    patience : tuple[Distribution, ...]
        By class, how long one waits before leaving; empty for ever.
    reneged : str
        Node of those who left; empty if nobody does.
    """

    needs: tuple[Need, ...]
    next: str
    any_of: bool = False
    consume: bool = False
    levels: tuple[int, ...] = ()
    level_attribute: str = ""
    patience: tuple[Distribution, ...] = ()
    reneged: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Give units back.

    Parameters
    ----------
    needs : tuple[Need, ...]
        What; empty to give back whatever the any-of seize ``of`` got.
    next : str
        Node afterwards, reached in the same instant.
    of : str
        The any-of seize whose choice is given back; empty for a plain release.
    ready : bool
        Whether the units come out of turnover (cleaning) rather than out of use.
    """

    needs: tuple[Need, ...]
    next: str
    of: str = ""
    ready: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """Let time pass.

    Parameters
    ----------
    durations : tuple[Distribution, ...]
        By class.
    next : str
        Node afterwards.
    calendar : str
        Id of the calendar in whose open hours the time counts; empty for all hours.
    """

    durations: tuple[Distribution, ...]
    next: str
    calendar: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitUntil:
    """Wait for the next of certain times of the day; one that is just now counts.

    Parameters
    ----------
    calendar : str
        Id of a calendar; its openings are the times.
    next : str
        Node afterwards.
    """

    calendar: str
    next: str


class RouteBy(StrEnum):
    """How a route is chosen."""

    CHANCE = "chance"
    CONDITION = "condition"
    SHORTEST = "shortest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One way out of a route.

    Parameters
    ----------
    to : str
        Node.
    chances : tuple[float, ...]
        Probability by class, for routes by chance.
    terms : tuple[Term, ...]
        Condition, for routes by condition; empty holds always.
    pool : str
        Pool whose waiting and busy units are counted, for routes to the shortest queue.
    """

    to: str
    chances: tuple[float, ...] = ()
    terms: tuple[Term, ...] = ()
    pool: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Go one of several ways: by chance, by the first condition that holds, or to the shortest queue."""

    by: RouteBy
    branches: tuple[Branch, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assign:
    """Set a patient's attribute to a sample rounded to a whole number, or add it.

    Parameters
    ----------
    attribute : str
        Name; class is changed by the reserved name ``class``.
    values : tuple[Distribution, ...]
        By class.
    next : str
        Node afterwards.
    add : bool
        Whether the sample is added to the old value.
    """

    attribute: str
    values: tuple[Distribution, ...]
    next: str
    add: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fork:
    """Do several things at the same time; the patient goes on when all have come to the join.

    Parameters
    ----------
    branches : tuple[str, ...]
        First node of each branch, at most 31.
    join : str
        The join node.
    """

    branches: tuple[str, ...]
    join: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """Where the branches of one fork meet."""

    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Wait until enough patients are together, then go on together.

    Parameters
    ----------
    size : int
        At least 2.
    next : str
        Node afterwards.
    max_wait_us : int
        How long the first one waits before an incomplete batch goes, 0 for ever.
    """

    size: int
    next: str
    max_wait_us: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spawn:
    """Hand units over to their turnover, which runs apart from the patient.

    Parameters
    ----------
    needs : tuple[Need, ...]
        The units; they stay unusable until a ``ready`` release.
    start : str
        First node of the turnover.
    next : str
        Where the patient goes on in the same instant.
    of : str
        The any-of seize that got them; empty for a plain one.
    """

    needs: tuple[Need, ...]
    start: str
    next: str
    of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """Leave the model.

    Parameters
    ----------
    disposition : str
        Where to, such as ``home``.
    silent : bool
        Whether it ends a turnover and counts as no patient.
    """

    disposition: str = ""
    silent: bool = False


Operation = Seize | Release | Delay | WaitUntil | Route | Assign | Fork | Join | Batch | Spawn | Exit


def targets(operation: Operation) -> tuple[tuple[str, str], ...]:
    """Give the nodes that may come next, each with its role.

    Parameters
    ----------
    operation : Operation
        Any operation.

    Returns
    -------
    tuple[tuple[str, str], ...]
        Pairs of role (``next``, ``reneged``, ``branch``, ``turnover``) and node id.
    """
    match operation:
        case Route():
            return tuple(("branch", branch.to) for branch in operation.branches)
        case Fork():
            return (*(("branch", start) for start in operation.branches), ("next", operation.join))
        case Exit():
            return ()
        case Seize():
            left = (("reneged", operation.reneged),) if operation.reneged else ()
            return (("next", operation.next), *left)
        case Spawn():
            return (("next", operation.next), ("turnover", operation.start))
        case _:
            return (("next", operation.next),)
