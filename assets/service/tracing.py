"""Sets from cycle to case: uses as they happened, refusals of intentions, and recall closure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from assets.model.loads import IndicatorKind, LoadState
from assets.rules.recall import ProvenCycle, SetChain, reasons_against_set, suspect_cycles
from assets.service.act import Act
from assets.tables.reprocessing import load_cycle
from assets.tables.rows import CycleRow, IndicatorRow, LoadItemRow, LoadRow, SetUseRow
from twin.access import Permission
from twin.errors import Refused
from twin.events.watch import AlarmPriority, AlarmRaised

_BATCH = 500  # bound values per statement stay far below what either database allows


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUse:
    """A set that was used in a case, known by a pseudonym.

    Parameters
    ----------
    set_instance, case_id, cycle : str
        ``cycle`` is the one that the set had last gone through.
    at : int
        UTC microseconds.
    flags : tuple[str, ...]
        What was wrong with it then.
    """

    set_instance: str
    case_id: str
    cycle: str
    at: int
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallClosure:
    """Everything that a failed indicator reaches.

    Parameters
    ----------
    cycles, loads : tuple[str, ...]
        In doubt.
    exposed : tuple[SetUse, ...]
        Uses of sets whose latest reprocessing was one of these cycles.
    to_retrieve : tuple[str, ...]
        Sets whose latest reprocessing is one of these cycles and that were not used since.
    """

    cycles: tuple[str, ...]
    loads: tuple[str, ...]
    exposed: tuple[SetUse, ...]
    to_retrieve: tuple[str, ...]


def chain_of(session: Session, *, set_instance: str, at: int) -> SetChain:
    """Give the latest reprocessing of a set that had ended by an instant.

    Parameters
    ----------
    session : Session
        Any session.
    set_instance : str
        Which set.
    at : int
        UTC microseconds.
    """
    found = session.exec(
        select(LoadItemRow, LoadRow, CycleRow)
        .where(col(LoadItemRow.set_instance) == set_instance)
        .where(col(LoadRow.id) == col(LoadItemRow.load), col(CycleRow.id) == col(LoadRow.cycle))
        .where(col(CycleRow.end_at) > 0, col(CycleRow.end_at) <= at)
        .order_by(col(CycleRow.end_at).desc())
        .limit(1)
    ).first()
    if found is None:
        return SetChain()
    item, load, cycle = found
    used = session.exec(
        select(SetUseRow.at)
        .where(col(SetUseRow.set_instance) == set_instance)
        .where(col(SetUseRow.at) >= cycle.end_at, col(SetUseRow.at) < at)
        .limit(1)
    ).first()
    return SetChain(
        cycle=cycle.id,
        load=load.id,
        state=LoadState(load.state),
        expires_at=item.expires_at,
        used_since=used is not None,
    )


def require_issuable(session: Session, *, set_instance: str, at: int) -> SetChain:
    """Let pass a set that may be issued or reserved.

    Raises
    ------
    Refused
        If it is unreleased, expired, recalled or used; all reasons are named.
    """
    chain = chain_of(session, set_instance=set_instance, at=at)
    reasons = reasons_against_set(chain, at=at)
    if reasons:
        raise Refused(f"{set_instance} cannot be issued.", reasons=reasons, code="set.not_issuable")
    return chain


def record_use(session: Session, *, act: Act, set_instance: str, case_id: str, at: int) -> SetUse:
    """Keep that a set was used, as it happened; what was wrong with it is flagged and raises an alarm.

    Parameters
    ----------
    session : Session
        The transaction.
    act : Act
        Who says so.
    set_instance, case_id : str
        Which set, in which case (a pseudonym).
    at : int
        When it was used, UTC microseconds.
    """
    act.actor.require(Permission.TASKS_DO)
    chain = chain_of(session, set_instance=set_instance, at=at)
    flags = reasons_against_set(chain, at=at)
    row = SetUseRow(set_instance=set_instance, at=at, case_id=case_id, cycle=chain.cycle, flags=",".join(flags))
    session.merge(row)
    session.flush()
    if flags:
        key = f"exposure:{set_instance}:{case_id}:{at}"
        event = AlarmRaised(
            thing=f"alarm:{key}",
            occurred_at=at,
            source=act.source,
            source_key=key,
            actor=act.actor.id,
            alarm_class="reprocessing.exposure",
            subject_id=set_instance,
            priority=AlarmPriority.HIGH,
            parameters=(("case", case_id), ("reasons", ",".join(flags))),
        )
        act.ledger.append(session, [event])
    return SetUse(set_instance=set_instance, case_id=case_id, cycle=chain.cycle, at=at, flags=flags)


def uses_of(session: Session, *, set_instance: str, limit: int = 100) -> list[SetUse]:
    """Give the uses of a set, the latest first."""
    query = select(SetUseRow).where(col(SetUseRow.set_instance) == set_instance)
    rows = session.exec(query.order_by(col(SetUseRow.at).desc()).limit(limit))
    return [
        SetUse(
            set_instance=row.set_instance,
            case_id=row.case_id,
            cycle=row.cycle,
            at=row.at,
            flags=tuple(flag for flag in row.flags.split(",") if flag),
        )
        for row in rows
    ]


def recall_closure(session: Session, *, cycle_id: str) -> RecallClosure:
    """Give everything that a failed indicator of a cycle reaches, without changing anything.

    Parameters
    ----------
    session : Session
        Any session.
    cycle_id : str
        The cycle whose indicator failed.

    Notes
    -----
    All cycles of the machine after its last proven one are in doubt. A set is exposed only if its latest reprocessing
    at the time of use was one of them: one that was reprocessed elsewhere since is not.
    """
    cycles = suspect_cycles(_proven(session, load_cycle(session, cycle_id).machine), failed=cycle_id)
    loads: list[str] = []
    uses: list[SetUseRow] = []
    sets: dict[str, int] = {}
    for part in _parts(cycles):
        loads += session.exec(select(LoadRow.id).where(col(LoadRow.cycle).in_(part)).order_by(col(LoadRow.id)))
        uses += session.exec(select(SetUseRow).where(col(SetUseRow.cycle).in_(part)))
    for part in _parts(loads):
        ends = session.exec(
            select(LoadItemRow.set_instance, func.max(CycleRow.end_at))
            .where(col(LoadRow.id) == col(LoadItemRow.load), col(CycleRow.id) == col(LoadRow.cycle))
            .where(col(LoadItemRow.load).in_(part), col(LoadItemRow.set_instance) != "")
            .group_by(LoadItemRow.set_instance)
        )
        for name, end in ends:
            sets[name] = max(sets.get(name, 0), end)
    exposed = [
        SetUse(
            set_instance=row.set_instance,
            case_id=row.case_id,
            cycle=row.cycle,
            at=row.at,
            flags=tuple(flag for flag in row.flags.split(",") if flag),
        )
        for row in sorted(uses, key=lambda row: (row.at, row.set_instance, row.case_id))
    ]
    return RecallClosure(
        cycles=cycles, loads=tuple(loads), exposed=tuple(exposed), to_retrieve=tuple(_unused(session, sets))
    )


def _parts(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[i : i + _BATCH] for i in range(0, len(ids), _BATCH)]


def _proven(session: Session, machine: str) -> list[ProvenCycle]:
    biological = IndicatorKind.BIOLOGICAL.value
    read = session.exec(
        select(IndicatorRow.cycle, IndicatorRow.is_passed)
        .where(col(CycleRow.id) == col(IndicatorRow.cycle), col(CycleRow.machine) == machine)
        .where(col(IndicatorRow.kind) == biological)
    )
    results: dict[str, bool] = {}
    for cycle, is_passed in read:
        results[cycle] = results.get(cycle, True) and is_passed
    rows = session.exec(select(CycleRow.id, CycleRow.start_at).where(col(CycleRow.machine) == machine))
    return [ProvenCycle(id=cycle, start_at=start, is_proven=results.get(cycle)) for cycle, start in rows]


def _unused(session: Session, sets: dict[str, int]) -> list[str]:
    """Give the sets that were neither used nor reprocessed since the end of their cycle in doubt."""
    names = sorted(sets)
    later: dict[str, int] = {}
    for part in _parts(names):
        used = session.exec(
            select(SetUseRow.set_instance, func.max(SetUseRow.at))
            .where(col(SetUseRow.set_instance).in_(part))
            .group_by(SetUseRow.set_instance)
        )
        for name, at in used:
            later[name] = max(later.get(name, 0), at)
    if not sets:
        return []
    # From the recent cycles to their sets: the whole past of each set would be many times as long.
    again = session.exec(
        select(LoadItemRow.set_instance, func.max(CycleRow.end_at))
        .where(col(CycleRow.end_at) > min(sets.values()), col(LoadRow.cycle) == col(CycleRow.id))
        .where(col(LoadItemRow.load) == col(LoadRow.id), col(LoadItemRow.set_instance) != "")
        .group_by(LoadItemRow.set_instance)
    )
    for name, end in again:
        if end > sets.get(name, end):
            later[name] = max(later.get(name, 0), end)
    return [name for name in names if later.get(name, 0) < sets[name]]
