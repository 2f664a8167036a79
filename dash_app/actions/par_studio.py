"""Plan par levels, accept what convinces, put the rest aside, take back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Protocol, cast

from sqlmodel import Session

from dash_app.actions.port import Commands, ReadingCommands
from inventory.model.movements import Command
from inventory.model.planning import PlanSettings
from inventory.rules.planning.limits import Limits
from inventory.service import planning
from inventory.service.limiting import Limited, limit_pars, propose_limited
from inventory.service.planning import AcuitySurge, Replanned
from inventory.tables.planning import par_places
from twin.access import Permission
from twin.errors import Unavailable

_PIECE = 2000


class ReadsAndWrites(ReadingCommands, Protocol):
    """What planning needs beside reading and writing."""

    @property
    def services(self) -> Mapping[str, object]:
        """Organ service objects by name."""


def _command(port: Commands, verb: str, key: str) -> Command:
    actor, now = port.actor(), port.clock.now()
    return Command(id=f"{actor.id}:{verb}:{key}:{now}", actor=actor.id, occurred_at=now, recorded_at=now)


class KnowsSurges(Protocol):
    """Makes a scenario of patients what the planner takes; ``server.acuity`` meets it."""

    def surge(self, told: Mapping[str, Mapping[str, float]], settings: PlanSettings) -> AcuitySurge | None:
        """Give it by place."""


def _surge(port: ReadsAndWrites, told: Mapping[str, Mapping[str, float]], settings: PlanSettings) -> AcuitySurge | None:
    if not told:
        return None
    knows = cast("KnowsSurges | None", port.services.get("patient_days"))
    if knows is None:
        raise Unavailable("Nobody counts patient-days here: they are counted by `hospital-twin serve`.")
    return knows.surge(told, settings)


def plan(
    port: ReadsAndWrites,
    *,
    settings: PlanSettings,
    surge: float = 1.0,
    acuity: Mapping[str, Mapping[str, float]] | None = None,
) -> Replanned:
    """Plan all par levels anew; nothing changes until somebody accepts.

    Parameters
    ----------
    port : ReadsAndWrites
        The hospital.
    settings : PlanSettings
        Target, times and costs.
    surge : float
        How many times the usual use is expected everywhere.
    acuity : Mapping[str, Mapping[str, float]], optional
        By ward and triage level, how many patients will be present.
    """
    port.actor().require(Permission.STOCK_PLAN)
    patients = _surge(port, acuity or {}, settings)
    with port.read() as session:
        factors = dict.fromkeys(par_places(session), surge) if surge != 1.0 else None
        now = port.clock.now()
        prepared = planning.prepare(session, settings=settings, now=now, surge=factors, acuity=patients)
    for piece in planning.pieces(prepared, _PIECE):
        port.writer.run(partial(planning.store, prepared=piece))
    return prepared.replanned()


def limit(port: ReadsAndWrites, *, budget_minor: int, place: str, is_proposing: bool) -> Limited:
    """Choose levels within a budget, and propose them if that is asked for.

    Parameters
    ----------
    port : ReadsAndWrites
        The hospital.
    budget_minor : int
        Money in the shelves when all are full, minor units.
    place : str
        Only this place; all if empty.
    is_proposing : bool
        Whether the levels become proposals.
    """
    port.actor().require(Permission.STOCK_PLAN)
    settings, wanted = PlanSettings(), Limits(budget_minor=budget_minor, room_ml_by_place={})
    with port.read() as session:
        found = limit_pars(session, settings=settings, wanted=wanted, places=(place,) if place else ())
    if is_proposing and found.is_possible:
        port.writer.run(lambda session: propose_limited(session, settings=settings, found=found))
    return found


def accept(port: Commands, chosen: Sequence[tuple[str, str]]) -> int:
    """Make proposed par levels the real ones, all of the chosen or none.

    Parameters
    ----------
    port : Commands
        The hospital.
    chosen : Sequence[tuple[str, str]]
        Place and item of each.

    Returns
    -------
    int
        How many.
    """
    port.actor().require(Permission.STOCK_PLAN)

    def use_case(session: Session) -> None:
        for place, item in chosen:
            command = _command(port, "par", f"{place}:{item}")
            planning.accept(session, ledger=port.ledger, command=command, place=place, item=item)

    port.writer.run(use_case)
    return len(chosen)


def dismiss(port: Commands, place: str, item: str) -> None:
    """Put a proposal aside until it says something else."""
    port.actor().require(Permission.STOCK_PLAN)
    port.writer.run(lambda session: planning.dismiss(session, place=place, item=item))


def undo(port: Commands, change: str) -> None:
    """Take an accepted change back."""
    port.actor().require(Permission.STOCK_PLAN)
    command = _command(port, "par-undo", change)
    port.writer.run(lambda session: planning.undo_change(session, ledger=port.ledger, command=command, change=change))
