"""Par levels are planned every night; a person accepts what convinces, and can take it back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlmodel import Session, col, select

from inventory.model.movements import Command
from inventory.model.planning import CostPoint, Decision, Expected, PlanSettings, Proposal, ProposalState
from inventory.model.stock import ParLevel
from inventory.rules.forecasting.methods import Floats
from inventory.rules.planning.acuity import Rates, rates_by_acuity, surge_factor
from inventory.rules.planning.demand import outlook, uncensored
from inventory.rules.planning.proposals import Line, cost_curve, expected_of, propose
from inventory.service.restocking import find_par, set_par
from inventory.tables.driver import Driver
from inventory.tables.plan_rows import ParChangeRow
from inventory.tables.planning import (
    History,
    ProposalFilter,
    find_expected,
    list_proposals,
    planned_lines,
    save_expected,
    save_proposals,
    set_state,
    use_history,
)
from twin.clock import DAY_US
from twin.errors import Conflict, NotFound, Refused
from twin.ports import EventSink

FREEZE_DAYS = 14
"""Days for which an accepted par level is left alone: people must be able to rely on a shelf."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replanned:
    """What a plan has found.

    Parameters
    ----------
    lines : int
        Places and items with a par level.
    by_decision : dict[Decision, int]
        How many of each.
    """

    lines: int
    by_decision: dict[Decision, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A plan that is computed and not stored yet."""

    expected: tuple[Expected, ...]
    proposals: tuple[Proposal, ...]

    def replanned(self) -> Replanned:
        """Give the plan's figures."""
        counted: dict[Decision, int] = {}
        for each in self.proposals:
            counted[each.decision] = counted.get(each.decision, 0) + 1
        return Replanned(lines=len(self.proposals), by_decision=counted)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcuitySurge:
    """Other patients than usual at some places.

    Parameters
    ----------
    days : Mapping[str, array of shape (n_periods, n_classes)]
        By place, patient-days of its ward by acuity, in the periods of the plan.
    expected : Mapping[str, array of shape (n_classes,)]
        By place, patients of each class that will be present.
    """

    days: Mapping[str, Floats]
    expected: Mapping[str, Floats]


def prepare(
    session: Session,
    *,
    settings: PlanSettings,
    now: int,
    surge: Mapping[str, float] | None = None,
    acuity: AcuitySurge | None = None,
) -> Prepared:
    """Compute a plan of all par levels from the use of the last periods; nothing is stored.

    Parameters
    ----------
    session : Session
        May be a reading session, so that nobody waits for the arithmetic of a whole hospital.
    settings : PlanSettings
        Target, times and costs.
    now : int
        UTC microseconds; the last period ends here.
    surge : Mapping[str, float], optional
        By place, expected patient-days over those of the history; places left out stay as they were.
    acuity : AcuitySurge, optional
        Patients of which acuity are expected where; each item follows what such patients used of it.
    """
    driver = Driver(session)
    factors = surge or {}
    lines = [
        replace(line, surge=factors.get(line.current.place, 1.0)) if factors else line
        for line in planned_lines(driver, freeze_us=FREEZE_DAYS * DAY_US)
    ]
    if not lines:
        return Prepared(expected=(), proposals=())
    period_us = settings.period_days * DAY_US
    history = use_history(
        driver, lines, start_at=now - settings.periods * period_us, period_us=period_us, periods=settings.periods
    )
    if acuity is not None:
        lines = _with_acuity(lines, history, acuity, settings)
    expected = expected_of(lines, outlook(history.used, history.was_empty), settings, now=now)
    return Prepared(expected=tuple(expected), proposals=tuple(propose(lines, expected, settings, now=now)))


def _with_acuity(lines: list[Line], history: History, acuity: AcuitySurge, settings: PlanSettings) -> list[Line]:
    # what an empty shelf could not give was needed all the same
    used = uncensored(history.used, history.was_empty)
    found = []
    for line, series in zip(lines, used, strict=True):
        days = acuity.days.get(line.current.place)
        if days is None:
            found.append(line)
            continue
        factor = surge_factor(series, days, acuity.expected[line.current.place], settings.period_days)
        found.append(replace(line, surge=line.surge * factor))
    return found


def acuity_rates(
    session: Session, *, place: str, days: Floats, settings: PlanSettings, now: int, most: int = 1000
) -> list[tuple[str, Rates]]:
    """Give what a patient-day of each acuity needs of every item that a place keeps, in the order of items.

    Parameters
    ----------
    session : Session
        May be a reading session.
    place : str
        Where.
    days : array of shape (n_periods, n_classes)
        Patient-days of its ward in the periods of a plan that is made now.
    settings : PlanSettings
        Length of a period and how many.
    now : int
        UTC microseconds.
    most : int
        Items at most: each interval takes a fit for every period.
    """
    driver = Driver(session)
    lines = planned_lines(driver, place=place)[:most]
    if not lines:
        return []
    period_us = settings.period_days * DAY_US
    history = use_history(
        driver, lines, start_at=now - settings.periods * period_us, period_us=period_us, periods=settings.periods
    )
    used = uncensored(history.used, history.was_empty)
    return [(line.current.item, rates_by_acuity(series, days)) for line, series in zip(lines, used, strict=True)]


def store(session: Session, prepared: Prepared) -> None:
    """Write a plan, or a part of one, in place of the one before.

    Parameters
    ----------
    session : Session
        The transaction.
    prepared : Prepared
        What :func:`prepare` has given.
    """
    driver = Driver(session)
    save_expected(driver, prepared.expected)
    save_proposals(driver, prepared.proposals)


def pieces(prepared: Prepared, size: int) -> list[Prepared]:
    """Give a plan in parts, so that a night's plan never holds the writer for long."""
    return [
        Prepared(expected=prepared.expected[at : at + size], proposals=prepared.proposals[at : at + size])
        for at in range(0, len(prepared.proposals), size)
    ]


def load_proposal(session: Session, *, place: str, item: str) -> Proposal:
    """Give the latest proposal of a place and item.

    Raises
    ------
    NotFound
        If none was made yet.
    """
    found = list_proposals(Driver(session), ProposalFilter(place=place, item=item, state=None, decision=None, limit=1))
    if not found:
        raise NotFound("par proposal", f"{place}/{item}")
    return found[0]


def accept(session: Session, *, ledger: EventSink, command: Command, place: str, item: str) -> ParLevel:
    """Make a proposed par level the real one.

    Raises
    ------
    NotFound
        If there is no proposal.
    Refused
        If it is not open, or proposes nothing.
    Conflict
        If the par level was changed since.
    """
    proposal = load_proposal(session, place=place, item=item)
    if proposal.state is not ProposalState.OPEN or proposal.decision is not Decision.PROPOSED:
        raise Refused(
            f"Nothing is proposed for {item} at {place} any more: it was {proposal.state.value}, "
            f"{proposal.decision.value}.",
            reasons=(f"par.{proposal.state.value}",),
            code="par.not_open",
        )
    present = find_par(session, place=place, item=item)
    # The figures of the proposal were worked out against another level.
    if present is None or _levels(present) != _levels(proposal.current):
        raise Conflict(
            f"The par level of {item} at {place} was changed since the proposal was made: plan again.",
            code="par.changed",
        )
    wanted = replace(present, par_level=proposal.par_level, reorder_point=proposal.reorder_point)
    set_par(session, ledger=ledger, command=command, par=wanted)
    session.add(
        ParChangeRow(
            id=command.id,
            place=place,
            item=item,
            par_before=present.par_level,
            point_before=present.reorder_point,
            par_after=wanted.par_level,
            point_after=wanted.reorder_point,
            actor=command.actor,
            at=command.recorded_at,
        )
    )
    session.flush()
    set_state(Driver(session), place=place, item=item, state=ProposalState.ACCEPTED)
    return wanted


def _levels(par: ParLevel) -> tuple[int, int]:
    return par.reorder_point, par.par_level


def dismiss(session: Session, *, place: str, item: str) -> None:
    """Put a proposal aside; it comes back only when it says something else."""
    load_proposal(session, place=place, item=item)
    set_state(Driver(session), place=place, item=item, state=ProposalState.DISMISSED)


def list_changes(session: Session, *, limit: int = 50) -> list[ParChangeRow]:
    """Give the latest accepted changes, newest first."""
    query = select(ParChangeRow).order_by(col(ParChangeRow.at).desc(), col(ParChangeRow.id).desc()).limit(limit)
    return list(session.exec(query))


def undo_change(session: Session, *, ledger: EventSink, command: Command, change: str) -> ParLevel:
    """Take an accepted change back.

    Raises
    ------
    NotFound
        If there is no such change.
    Refused
        If it was taken back already.
    Conflict
        If the par level was changed again since.
    """
    row = session.get(ParChangeRow, change)
    if row is None:
        raise NotFound("par change", change)
    if row.undone_by:
        raise Refused(f"Change {change} was taken back already.", reasons=("par.undone",), code="par.undone")
    present = find_par(session, place=row.place, item=row.item)
    if present is None or _levels(present) != (row.point_after, row.par_after):
        raise Conflict(
            f"The par level of {row.item} at {row.place} was changed again since: set it by hand.", code="par.changed"
        )
    wanted = replace(present, par_level=row.par_before, reorder_point=row.point_before)
    set_par(session, ledger=ledger, command=command, par=wanted)
    row.undone_by = command.actor
    session.add(row)
    session.flush()
    set_state(Driver(session), place=row.place, item=row.item, state=ProposalState.DISMISSED)
    return wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """What stock of an item at a place costs and serves.

    Parameters
    ----------
    expected : Expected
        Its use.
    points : tuple[CostPoint, ...]
        By rising reorder point.
    """

    expected: Expected
    points: tuple[CostPoint, ...]


def curve(session: Session, *, place: str, item: str, settings: PlanSettings) -> Curve:
    """Give the curve of cost over service of a place and item.

    Raises
    ------
    NotFound
        If it has no par level, or was not planned yet.
    """
    driver = Driver(session)
    line = next((each for each in planned_lines(driver, place=place) if each.current.item == item), None)
    expected = find_expected(driver, place=place, item=item)
    if line is None or expected is None:
        raise NotFound("planned par level", f"{place}/{item}")
    return Curve(expected=expected, points=tuple(cost_curve(_known(line), expected, settings)))


def _known(line: Line) -> Line:
    # an item without a cost would make every level look free: count it as one minor unit
    return line if line.unit_cost_minor else replace(line, unit_cost_minor=1)
