"""Reprocessing machines as they are set up, with what they did, and limits with who set them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from assets.model.incidents import ReportingClock, Severity
from assets.model.machine import Machine
from assets.model.programme import Programme
from assets.rules.endoscopes import ScopeLimits
from assets.service import limits, machines
from assets.tables.rows import CycleRow


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineLine:
    """A machine with how many cycles it ran and when the last one began, UTC microseconds; 0 for none."""

    machine: Machine
    cycles: int
    last_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgrammeLine:
    """A programme with the machines that name it and how many cycles ran by it."""

    programme: Programme
    machines: tuple[str, ...]
    cycles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUp:
    """All machines and programmes, by id."""

    machines: tuple[MachineLine, ...]
    programmes: tuple[ProgrammeLine, ...]

    def machine(self, identifier: str) -> Machine | None:
        """Give one machine; None if it is not set up."""
        return next((line.machine for line in self.machines if line.machine.id == identifier), None)

    def programme(self, identifier: str) -> Programme | None:
        """Give one programme; None if there is none."""
        return next((line.programme for line in self.programmes if line.programme.id == identifier), None)


def set_up(session: Session) -> SetUp:
    """Give how reprocessing is set up."""
    held = machines.all_machines(session)
    ran = select(CycleRow.machine, func.count(), func.max(CycleRow.start_at)).group_by(col(CycleRow.machine))
    by_machine = {machine: (count, last) for machine, count, last in session.exec(ran)}
    counted = select(CycleRow.programme, func.count()).group_by(col(CycleRow.programme))
    by_programme = Counter(dict(session.exec(counted).all()))
    return SetUp(
        machines=tuple(
            MachineLine(machine=one, cycles=count, last_at=last)
            for one in held
            for count, last in (by_machine.get(one.id, (0, 0)),)
        ),
        programmes=tuple(
            ProgrammeLine(
                programme=one,
                machines=tuple(machine.id for machine in held if one.id in machine.programmes.values()),
                cycles=by_programme[one.id],
            )
            for one in machines.all_programmes(session)
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsBoard:
    """All limits and clocks in force, and who set them; None for what is only as commonly quoted."""

    electrical: tuple[limits.ElectricalLimit, ...]
    clocks: dict[Severity, ReportingClock]
    scopes: ScopeLimits
    set_by: dict[limits.LimitsOf, limits.SetBy | None]


def limits_board(session: Session) -> LimitsBoard:
    """Give the limits and clocks by which devices are judged here."""
    return LimitsBoard(
        electrical=tuple(limits.electrical_limits(session)),
        clocks=limits.reporting_clocks(session),
        scopes=limits.scope_limits(session),
        set_by={of: limits.set_by(session, of=of) for of in limits.LimitsOf},
    )
