"""What can be wrong with a pathway or with a run of it, each with the place and the cure."""

from __future__ import annotations

from collections.abc import Sequence

from twin.errors import FieldError, FieldProblem, HospitalTwinError, InputError


class PathwayError(FieldError):
    """One entry of a pathway cannot be used.

    Parameters
    ----------
    place : str
        Path of the entry, such as ``nodes.triage.duration``.
    message : str
        What was expected and what came.
    cure : str
        What to do about it.
    """

    code = "simulation.pathway"

    def __init__(self, place: str, message: str, cure: str) -> None:
        super().__init__(FieldProblem(field=place.rpartition(".")[2], place=place, message=message, cure=cure))


class PathwayRefused(InputError):
    """A pathway has one or more faults; all of them are listed.

    Parameters
    ----------
    name : str
        Name of the pathway.
    problems : Sequence[FieldProblem]
        At least one.
    """

    code = "simulation.pathway"

    def __init__(self, name: str, problems: Sequence[FieldProblem]) -> None:
        listed = " ".join(f"[{p.place}] {p.message} {p.cure}" for p in problems)
        super().__init__(f"Pathway {name!r} has {len(problems)} problem(s): {listed}")
        self.problems = tuple(problems)


class RunError(HospitalTwinError):
    """A run could not be carried to its end."""

    code = "simulation.run"


class EndlessLoop(RunError):
    """Patients go round without time passing.

    Parameters
    ----------
    node : str
        Node at which the step budget ran out.
    steps : int
        Steps taken within one instant.
    """

    code = "simulation.endless_loop"

    def __init__(self, node: str, steps: int) -> None:
        super().__init__(
            f"More than {steps} steps in one instant, last at node {node!r}: give a loop through it some duration."
        )
        self.node = node


class Overflow(RunError):
    """A number or a table outgrew its bounds; ``what`` names it."""

    code = "simulation.overflow"

    def __init__(self, what: str, cure: str) -> None:
        super().__init__(f"{what}: {cure}")
        self.what = what


class Deadlock(RunError):
    """Patients wait for one another's resources, or for a batch that cannot fill, for ever.

    Parameters
    ----------
    at_us : int
        Microseconds from the start when it arose.
    waiting : Sequence[tuple[str, tuple[str, ...], tuple[str, ...]]]
        Per patient: name, what it holds, what it waits for.
    in_batch : bool
        Whether a batch is part of it, which has a cure of its own.
    """

    code = "simulation.deadlock"

    def __init__(
        self,
        at_us: int,
        waiting: Sequence[tuple[str, tuple[str, ...], tuple[str, ...]]],
        *,
        in_batch: bool = False,
    ) -> None:
        listed = "; ".join(
            f"{who} " + (f"holds {', '.join(held)} and " if held else "") + f"waits for {', '.join(needs)}"
            for who, held, needs in waiting
        )
        cure = "Seize these together in one step, or always in the same order."
        if in_batch:
            cure = "Give the batch a longest wait, or let its members wait without what those behind them need."
        super().__init__(f"Deadlock {at_us / 3.6e9:.3f} h after the start: {listed}. {cure}")
        self.at_us = at_us
        self.waiting = tuple(waiting)


class Stopped(RunError):
    """The run was called off."""

    code = "simulation.stopped"

    def __init__(self) -> None:
        super().__init__("The run was called off before its end.")
