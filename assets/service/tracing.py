"""Sets from cycle to case: uses as they happened, refusals of intentions, and recall closure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, func, not_, or_, select

from assets.model.loads import IndicatorKind, LoadState
from assets.rules.recall import USED_ALREADY, SetChain, reasons_against_set
from assets.service.act import Act
from assets.tables.records import InstrumentFaultRow, SetContentRow
from assets.tables.reprocessing import load_cycle
from assets.tables.rows import CycleRow, IndicatorRow, LoadItemRow, LoadRow, SetUseRow
from twin.access import Permission
from twin.errors import Refused
from twin.events.watch import AlarmPriority, AlarmRaised

_BATCH = 500  # bound values per statement stay far below what either database allows
_FEW_CYCLES = 2000  # a busy department's fortnight: up to here all sets since are sooner read than each set's past


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


def has_faulty_instrument(session: Session, *, set_instance: str, at: int) -> bool:
    """Tell whether an instrument lay in a set at an instant that was, or may have been, faulty then.

    A use that is entered after the fault was found, for a time before, is reached by it as well.
    """
    query = (
        select(SetContentRow.instrument)
        .join(InstrumentFaultRow, col(InstrumentFaultRow.instrument) == col(SetContentRow.instrument))
        .where(col(SetContentRow.set_instance) == set_instance, col(SetContentRow.start_at) <= at)
        .where((col(SetContentRow.end_at) == 0) | (col(SetContentRow.end_at) > at))
        .where(col(InstrumentFaultRow.since_at) <= at)
        .where((col(InstrumentFaultRow.mended_at) == 0) | (col(InstrumentFaultRow.mended_at) > at))
    )
    return session.exec(query.limit(1)).first() is not None


def against_set(session: Session, *, set_instance: str, chain: SetChain, at: int) -> tuple[str, ...]:
    """Give every reason against a set at an instant: by its latest reprocessing, and by what lay in it."""
    reasons = reasons_against_set(chain, at=at)
    if has_faulty_instrument(session, set_instance=set_instance, at=at):
        reasons += ("set.instrument_faulty",)
    return reasons


def require_issuable(session: Session, *, set_instance: str, at: int) -> SetChain:
    """Let pass a set that may be issued or reserved.

    Raises
    ------
    Refused
        If it is unreleased, expired, recalled or used; all reasons are named.
    """
    chain = chain_of(session, set_instance=set_instance, at=at)
    reasons = against_set(session, set_instance=set_instance, chain=chain, at=at)
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
    known = session.get(SetUseRow, (set_instance, at, case_id))
    if known is not None:
        # Sent again: what was wrong then stands, whatever has become of the load since.
        return use_of_row(known)
    chain = chain_of(session, set_instance=set_instance, at=at)
    flags = against_set(session, set_instance=set_instance, chain=chain, at=at)
    session.add(SetUseRow(set_instance=set_instance, at=at, case_id=case_id, cycle=chain.cycle, flags=",".join(flags)))
    session.flush()
    use = SetUse(set_instance=set_instance, case_id=case_id, cycle=chain.cycle, at=at, flags=flags)
    alarms = [exposure_alarm(use, source=act.source, actor=act.actor.id)] if flags else []
    alarms += _used_already_after(session, act, use)
    if alarms:
        act.ledger.append(session, alarms)
    return use


def _used_already_after(session: Session, act: Act, use: SetUse) -> list[AlarmRaised]:
    """Flag the uses after one that was told late, of the same reprocessing: the set had been used already."""
    alarms = []
    for row in uses_since(session, set_instance=use.set_instance, since=use.at + 1):
        later = use_of_row(row)
        if later.cycle == use.cycle and USED_ALREADY not in later.flags:
            row.flags = ",".join([*later.flags, USED_ALREADY])
            session.add(row)
            alarms.append(exposure_alarm(use_of_row(row), source=act.source, actor=act.actor.id, why=USED_ALREADY))
    session.flush()
    return alarms


def uses_since(session: Session, *, set_instance: str, since: int) -> Sequence[SetUseRow]:
    """Give the rows of all uses of a set at or after an instant, UTC microseconds, in order."""
    query = select(SetUseRow).where(col(SetUseRow.set_instance) == set_instance, col(SetUseRow.at) >= since)
    return session.exec(query.order_by(col(SetUseRow.at), col(SetUseRow.case_id))).all()


def exposure_alarm(use: SetUse, *, source: str, actor: str, why: str = "") -> AlarmRaised:
    """Give the alarm of a use of which something was wrong.

    Parameters
    ----------
    use : SetUse
        With what was wrong.
    source, actor : str
        Of the event.
    why : str
        What was found later than the use was told; empty if it was found at once.
    """
    key = f"exposure:{use.set_instance}:{use.case_id}:{use.at}"
    return AlarmRaised(
        thing=f"alarm:{key}",
        occurred_at=use.at,
        source=source,
        # Apart from the alarm at the use itself, which may have told of something else and been dealt with.
        source_key=f"{key}:{why}" if why else key,
        actor=actor,
        alarm_class="reprocessing.exposure",
        subject_id=use.set_instance,
        priority=AlarmPriority.HIGH,
        parameters=(("case", use.case_id), ("reasons", ",".join(use.flags))),
    )


def uses_of(session: Session, *, set_instance: str, limit: int = 100) -> list[SetUse]:
    """Give the uses of a set, the latest first."""
    query = select(SetUseRow).where(col(SetUseRow.set_instance) == set_instance)
    return [use_of_row(row) for row in session.exec(query.order_by(col(SetUseRow.at).desc()).limit(limit))]


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
    All cycles of the machine after its last proven one are in doubt, since it may have failed any time from then on; a
    cycle that was proven itself, after the failure, ends the doubt for those after it. A set is exposed only if its
    latest reprocessing at the time of use was one of them: one that was reprocessed elsewhere since is not.
    """
    doubt = _doubt(session, load_cycle(session, cycle_id))
    # Cycles in doubt follow each other on one machine, so that one range of its index says "in these cycles" to every
    # question below, in one round trip each, however many they are.
    loads = session.exec(
        select(LoadRow.id)
        .where(col(LoadRow.cycle) == col(CycleRow.id), *doubt.clauses)
        .order_by(col(CycleRow.start_at), col(CycleRow.id), col(LoadRow.id))
    )
    uses = session.exec(
        select(SetUseRow)
        .where(col(SetUseRow.cycle) == col(CycleRow.id), *doubt.clauses)
        .order_by(col(SetUseRow.at), col(SetUseRow.set_instance), col(SetUseRow.case_id))
    )
    ends = session.exec(
        select(LoadItemRow.set_instance, func.max(CycleRow.end_at))
        .where(col(LoadItemRow.load) == col(LoadRow.id), col(LoadItemRow.set_instance) != "")
        .where(col(LoadRow.cycle) == col(CycleRow.id), *doubt.clauses)
        .group_by(col(LoadItemRow.set_instance))
    )
    return RecallClosure(
        cycles=doubt.cycles,
        loads=tuple(loads),
        exposed=tuple(map(use_of_row, uses)),
        to_retrieve=tuple(_unused(session, dict(ends.all()))),
    )


def use_of_row(row: SetUseRow) -> SetUse:
    """Give the use of a row."""
    flags = tuple(flag for flag in row.flags.split(",") if flag)
    return SetUse(set_instance=row.set_instance, case_id=row.case_id, cycle=row.cycle, at=row.at, flags=flags)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Doubt:
    """Cycles of one machine that follow each other, and how to ask for them."""

    cycles: tuple[str, ...]
    clauses: tuple[ColumnElement[bool], ...]


def _doubt(session: Session, failed: CycleRow) -> _Doubt:
    """Find the cycles in doubt by walking the machine's index from the failed one to the proven ones around it."""
    order = (col(CycleRow.start_at), col(CycleRow.id))
    own = col(CycleRow.machine) == failed.machine
    here = (failed.start_at, failed.id)
    marks = (
        select(IndicatorRow.is_passed)
        .where(col(IndicatorRow.cycle) == col(CycleRow.id), col(IndicatorRow.kind) == IndicatorKind.BIOLOGICAL.value)
        .correlate(CycleRow)
    )
    is_proven = and_(marks.exists(), not_(marks.where(not_(col(IndicatorRow.is_passed))).exists()))
    bounds = []
    for is_before in (True, False):
        side = _beyond(here, is_before=is_before)
        way = [key.desc() for key in order] if is_before else list(order)
        query = select(CycleRow.start_at, CycleRow.id).where(own, *side, is_proven).order_by(*way).limit(1)
        bounds.append(session.exec(query).first())
    first, last = bounds
    clauses = [own]
    if first is not None:
        clauses += _beyond((first[0], first[1]), is_before=False)
    if last is not None:
        clauses += _beyond((last[0], last[1]), is_before=True)
    found = session.exec(select(CycleRow.id).where(*clauses).order_by(*order))
    return _Doubt(cycles=tuple(found), clauses=tuple(clauses))


def _beyond(key: tuple[int, str], *, is_before: bool) -> list[ColumnElement[bool]]:
    """Say "before" or "after" by start and id; the plain bound on the start is what the index can walk."""
    start, name = key
    at, cycle = col(CycleRow.start_at), col(CycleRow.id)
    if is_before:
        return [at <= start, or_(at < start, cycle < name)]
    return [at >= start, or_(at > start, cycle > name)]


def _parts(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[i : i + _BATCH] for i in range(0, len(ids), _BATCH)]


def _unused(session: Session, sets: dict[str, int]) -> list[str]:
    """Give the sets that were neither used nor reprocessed since the end of their cycle in doubt."""
    left: dict[str, int] = {}
    for part in _parts(sorted(sets)):
        used = session.exec(
            select(SetUseRow.set_instance, func.max(SetUseRow.at))
            .where(col(SetUseRow.set_instance).in_(part))
            .group_by(col(SetUseRow.set_instance))
        )
        last_use = dict(used.all())
        left.update({name: sets[name] for name in part if last_use.get(name, 0) < sets[name]})
    if not left:
        return []
    again = _reprocessed_at(session, left)
    return [name for name, end in left.items() if again.get(name, 0) <= end]


def _reprocessed_at(session: Session, end_by_set: dict[str, int]) -> dict[str, int]:
    """Give the latest end of a cycle of each of these sets, at least where it is later than the one given.

    Notes
    -----
    After a late indicator few cycles have followed, and all their sets are soon read; after one of long ago the few
    sets that nobody has used since are, each by its own past. Lists of keys say which way: left to itself, SQLite reads
    a million items by their set.
    """
    since = min(end_by_set.values())
    recent = session.exec(
        select(CycleRow.id, CycleRow.end_at).where(col(CycleRow.end_at) > since).limit(_FEW_CYCLES + 1)
    ).all()
    found: dict[str, int] = {}
    if len(recent) <= _FEW_CYCLES:
        ended = dict(recent)
        for part in _parts(list(ended)):
            items = select(LoadItemRow.set_instance, LoadRow.cycle).where(col(LoadItemRow.load) == col(LoadRow.id))
            for name, cycle in session.exec(items.where(col(LoadRow.cycle).in_(part))):
                found[name] = max(found.get(name, 0), ended[cycle])
        return found
    for part in _parts(list(end_by_set)):
        past = select(LoadItemRow.set_instance, func.max(CycleRow.end_at)).group_by(col(LoadItemRow.set_instance))
        past = past.where(col(LoadItemRow.load) == col(LoadRow.id), col(LoadRow.cycle) == col(CycleRow.id))
        found.update(session.exec(past.where(col(LoadItemRow.set_instance).in_(part))).all())
    return found
