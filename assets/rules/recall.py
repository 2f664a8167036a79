"""What is wrong with a set that is used or asked for."""

from __future__ import annotations

from dataclasses import dataclass

from assets.model.loads import LoadState

USED_ALREADY = "set.used_already"


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
        reasons.append(USED_ALREADY)
    return tuple(reasons)
