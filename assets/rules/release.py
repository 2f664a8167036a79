"""Whether a load may be released, by whom, and what still stands against it."""

from __future__ import annotations

from dataclasses import dataclass

from assets.model.loads import Indicator, Load, LoadState, MachineTest, Signature, SignatureMeaning
from twin.access import Actor, Role
from twin.clock import SECOND_US
from twin.events.supply import Verdict

SERVICES = frozenset({Role.SERVICE_GATEWAY, Role.SERVICE_HIS})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseCase:
    """All that a decision on a load rests on.

    Parameters
    ----------
    load : Load
        With its items.
    verdict : Verdict or None
        Of its cycle; ``None`` while the cycle has not ended.
    input_hash : str
        Hash of the judged evidence.
    indicators : tuple[Indicator, ...]
        Read so far.
    tests : tuple[MachineTest, ...]
        The machine's tests that count at the cycle's start, and its newest ones.
    signatures : tuple[Signature, ...]
        Given so far.
    """

    load: Load
    verdict: Verdict | None
    input_hash: str = ""
    indicators: tuple[Indicator, ...] = ()
    tests: tuple[MachineTest, ...] = ()
    signatures: tuple[Signature, ...] = ()


def is_person(actor: Actor) -> bool:
    """Tell whether somebody signed in acts, and no key, gateway or the twin itself."""
    return bool(actor.id) and actor.id != "system" and not actor.source and not actor.roles & SERVICES


def reasons_against(case: ReleaseCase) -> tuple[str, ...]:
    """Give every reason that no signature can overcome, as stable codes."""
    reasons = []
    if case.load.state is not LoadState.PENDING:
        reasons.append(f"load.{case.load.state}")
    if case.verdict is None:
        reasons.append("cycle.not_ended")
    if not case.load.items:
        reasons.append("load.empty")
    reasons += [f"indicator.{i.kind}" for i in case.indicators if not i.is_passed]
    reasons += [f"machine_test.{test.kind}" for test in case.tests if not test.is_passed]
    return tuple(sorted(set(reasons)))


def missing_signatures(case: ReleaseCase, actor_id: str) -> tuple[str, ...]:
    """Give what is missing for this person's signature to release the load.

    Parameters
    ----------
    case : ReleaseCase
        What the decision rests on.
    actor_id : str
        Who would sign now.

    Returns
    -------
    tuple[str, ...]
        ``deviation.missing`` (somebody must name it first), ``deviation.same_person`` (only another person may then
        release), ``second_person`` (an implant; this signature is the first of two); empty if it releases.
    """
    missing = []
    deviations = [s for s in case.signatures if s.meaning is SignatureMeaning.DEVIATION and s.note.strip()]
    current = [s for s in deviations if s.input_hash == case.input_hash]
    if case.verdict is not Verdict.PASS:
        if not current:
            missing.append("deviation.missing")
        elif all(s.actor == actor_id for s in current):
            missing.append("deviation.same_person")
    # A signature given for other evidence, before the cycle was judged again, does not count for this one.
    signed = [s for s in case.signatures if s.meaning is SignatureMeaning.RELEASE and s.input_hash == case.input_hash]
    others = {s.actor for s in signed} - {actor_id}
    if case.load.has_implant and not others:
        missing.append("second_person")
    return tuple(missing)


def expiry_of(cycle_end_us: int, shelf_life_s: int) -> int:
    """Give the end of storage life of an item, UTC microseconds.

    Parameters
    ----------
    cycle_end_us : int
        End of the cycle, UTC microseconds.
    shelf_life_s : int
        Storage life, seconds.
    """
    return cycle_end_us + shelf_life_s * SECOND_US
