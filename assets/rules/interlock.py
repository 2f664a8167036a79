"""What speaks against starting a load, told before anybody presses start: the machine itself is never controlled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from assets.model.cycle import Preconditions
from assets.model.loads import Load, LoadState
from assets.model.programme import Evidence, Programme


@dataclass(frozen=True, slots=True, kw_only=True)
class StartCase:
    """All that a start rests on.

    Parameters
    ----------
    load : Load
        With its items.
    programmes : tuple[Programme, ...]
        Those that may run: the one that was named, or all of the machine.
    unknown_programmes : tuple[str, ...]
        Ids under which the machine, or whoever asks, names a programme that nobody has entered.
    is_of_machine : bool
        Whether the machine is set up to run them.
    known : Preconditions
        What is known of the machine now.
    is_running : bool
        Whether a cycle runs in it.
    against_items : Mapping[str, Sequence[str]]
        Codes of what is wrong with a set or device, by its id.
    """

    load: Load
    programmes: tuple[Programme, ...]
    known: Preconditions
    unknown_programmes: tuple[str, ...] = ()
    is_of_machine: bool = True
    is_running: bool = False
    against_items: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemReason:
    """What is wrong with one set or device of a load."""

    item: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartCheck:
    """Whether a load may be started.

    Parameters
    ----------
    load, machine : str
        Which load, in which machine.
    reasons : tuple[str, ...]
        Codes of what speaks against it, of the load, the machine and its programme.
    items : tuple[ItemReason, ...]
        The same of sets and devices.
    warnings : tuple[str, ...]
        Codes of what speaks against some of the programmes that the machine may run, and not against all.
    """

    load: str
    machine: str
    reasons: tuple[str, ...] = ()
    items: tuple[ItemReason, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def may_start(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.reasons and not self.items


def check_start(case: StartCase) -> StartCheck:
    """Say what speaks against starting a load.

    Parameters
    ----------
    case : StartCase
        What is known now.

    Notes
    -----
    Whoever starts all the same is not kept from it, and the verdict of the cycle says the same afterwards; here it is
    said while it costs nothing to heed it.
    """
    reasons = []
    if case.load.state is not LoadState.LOADING:
        reasons.append(f"load.{case.load.state}")
    if not case.load.items:
        reasons.append("load.empty")
    if case.is_running:
        reasons.append("machine.running")
    if not case.programmes and not case.unknown_programmes:
        reasons.append("machine.no_programme")
    reasons += ["programme.unknown"] if case.unknown_programmes else []
    if not case.is_of_machine:
        reasons.append("programme.not_of_machine")
    by_programme = [_against(case.known, programme) for programme in case.programmes]
    # Which of several programmes will run is not known before the start: what all of them lack keeps the load back.
    every = set.intersection(*by_programme) if by_programme else set()
    some = set.union(*by_programme) - every if by_programme else set()
    return StartCheck(
        load=case.load.id,
        machine=case.load.machine,
        reasons=tuple(reasons) + tuple(sorted(every)),
        items=tuple(
            ItemReason(item=item, code=code) for item, codes in sorted(case.against_items.items()) for code in codes
        ),
        warnings=tuple(sorted(some)),
    )


def _against(known: Preconditions, programme: Programme) -> set[str]:
    states = {
        Evidence.AIR_REMOVAL_TEST: known.air_removal_test,
        Evidence.LEAK_TEST: known.leak_test,
        Evidence.CALIBRATION: known.calibration,
        Evidence.MAINTENANCE: known.maintenance,
        Evidence.NO_OPEN_NOTICE: known.no_open_notice,
    }
    # As in the verdict: a test that failed counts in any case, one that is due only where the programme asks for it.
    found = {f"precondition.{evidence}" for evidence, state in states.items() if state is False}
    found |= {f"evidence_missing.{one}" for one, state in states.items() if state is None and one in programme.required}
    # A limit that nobody can trace to a standard or a performance qualification was never validated.
    if not programme.source.strip():
        found.add("programme.not_validated")
    return found
