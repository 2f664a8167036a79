"""Which cycles a failed indicator puts in doubt, and what is wrong with a set that is used or asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assets.model.loads import LoadState


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenCycle:
    """A cycle of one machine with what its biological indicators said.

    Parameters
    ----------
    id : str
        Of the cycle.
    start_at : int
        UTC microseconds.
    is_proven : bool or None
        True if its biological indicator did not grow, False if it grew, None without one.
    """

    id: str
    start_at: int
    is_proven: bool | None = None


def suspect_cycles(cycles: Sequence[ProvenCycle], *, failed: str) -> tuple[str, ...]:
    """Give the cycles in doubt when one's indicator failed: all after the last proven one before it.

    Parameters
    ----------
    cycles : Sequence[ProvenCycle]
        All of one machine, in any order, up to now.
    failed : str
        Id of the cycle whose indicator failed.

    Notes
    -----
    The machine may have failed any time after it was last proven, and nothing has proven it since. A cycle that was
    proven itself, after the failure, ends the doubt for those after it.
    """
    ordered = sorted(cycles, key=lambda cycle: (cycle.start_at, cycle.id))
    index = next(i for i, cycle in enumerate(ordered) if cycle.id == failed)
    first = max((i + 1 for i in range(index) if ordered[i].is_proven), default=0)
    last = next((i for i in range(index + 1, len(ordered)) if ordered[i].is_proven), len(ordered))
    return tuple(cycle.id for cycle in ordered[first:last])


@dataclass(frozen=True, slots=True, kw_only=True)
class SetChain:
    """The latest reprocessing of a set before an instant.

    Parameters
    ----------
    cycle, load : str
        Empty if it was never reprocessed.
    state : LoadState or None
        Of the load.
    expires_at : int
        End of storage life, UTC microseconds; 0 until released.
    used_since : bool
        Whether it was used after that reprocessing.
    """

    cycle: str = ""
    load: str = ""
    state: LoadState | None = None
    expires_at: int = 0
    used_since: bool = False


def reasons_against_set(chain: SetChain, *, at: int) -> tuple[str, ...]:
    """Give every reason why a set must not be issued, or should not have been used, at an instant.

    Parameters
    ----------
    chain : SetChain
        Its latest reprocessing.
    at : int
        UTC microseconds.
    """
    reasons = []
    if chain.state is None:
        reasons.append("set.never_reprocessed")
    elif chain.state is not LoadState.RELEASED:
        reasons.append(f"set.{chain.state}")
    if chain.expires_at and at >= chain.expires_at:
        reasons.append("set.expired")
    if chain.used_since:
        reasons.append("set.used_already")
    return tuple(reasons)
