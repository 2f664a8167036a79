"""Loads: filled by people, bound to a cycle by the machine, released or rejected by people only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlmodel import Session, col, func, select

from assets.model.loads import (
    Indicator,
    Load,
    LoadItem,
    LoadState,
    MachineTest,
    MachineTestKind,
    SignatureMeaning,
)
from assets.rules.leak import LIMIT_KPA_PER_MIN, is_tight
from assets.rules.release import ReleaseCase, expiry_of, is_person, missing_signatures, reasons_against
from assets.service.act import Act
from assets.service.retracing import retrace
from assets.tables.reprocessing import (
    add_item,
    indicators_of,
    latest_test,
    load_cycle,
    load_of_row,
    load_row,
    signatures_of,
)
from assets.tables.rows import CycleRow, IndicatorRow, LoadItemRow, LoadRow, MachineRow, MachineTestRow, SignatureRow
from twin.access import Permission
from twin.errors import Conflict, FieldError, FieldProblem, NotFound, Refused
from twin.events.supply import LoadRejected, LoadReleased, ReleasedSet, Verdict
from twin.events.watch import AlarmCleared, AlarmPriority, AlarmRaised

LATEST_AT = 2**63 - 1  # UTC microseconds: no instant is later
BLOCKING_TESTS = (MachineTestKind.AIR_REMOVAL, MachineTestKind.LEAK)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseResult:
    """What a signature led to.

    Parameters
    ----------
    load : Load
        The load as it stands now.
    is_released : bool
        False if another person must sign as well.
    missing : tuple[str, ...]
        What is still missing.
    """

    load: Load
    is_released: bool
    missing: tuple[str, ...] = ()


def open_load(session: Session, *, act: Act, machine: str, items: Sequence[LoadItem] = (), place: str = "") -> Load:
    """Begin a load in a machine; its next cycle takes it.

    Parameters
    ----------
    session : Session
        The transaction.
    act : Act
        Who loads; the load's id is made from its key, so that sending it again makes no second load.
    machine : str
        Id of the machine.
    items : Sequence[LoadItem]
        What lies in it.
    place : str
        Where it comes out; the machine's place if empty.
    """
    act.actor.require(Permission.LOADS_RELEASE)
    if session.get(MachineRow, machine) is None:
        raise NotFound("machine", machine)
    load_id = f"load:{act.key}"
    if session.get(LoadRow, load_id) is None:
        session.add(LoadRow(id=load_id, machine=machine, place=place, state=LoadState.LOADING.value, opened_at=act.now))
        for position, item in enumerate(items):
            add_item(session, load_id, position, item)
        session.flush()
    return get_load(session, load_id=load_id)


def put_into_load(session: Session, *, act: Act, load_id: str, items: Sequence[LoadItem]) -> Load:
    """Add what was scanned later; nothing can be added once somebody has signed.

    Raises
    ------
    Refused
        If the load was decided, or somebody has signed for what lay in it.
    """
    act.actor.require(Permission.LOADS_RELEASE)
    load = get_load(session, load_id=load_id)
    if load.state not in (LoadState.LOADING, LoadState.IN_CYCLE, LoadState.PENDING) or signatures_of(session, load_id):
        raise Refused(f"{load_id} is {load.state} or signed: nothing can be added.", code="load.closed")
    for position, item in enumerate(items, start=len(load.items)):
        add_item(session, load_id, position, item)
    session.flush()
    cycle = session.get(CycleRow, load.cycle) if load.cycle else None
    # Scanned after its cycle has ended, a set may have been used in between.
    alarms = retrace(session, cycle=cycle, source=act.source, actor=act.actor.id) if cycle and cycle.end_at else []
    if alarms:
        act.ledger.append(session, alarms)
    return get_load(session, load_id=load_id)


def get_load(session: Session, *, load_id: str) -> Load:
    """Give a load with its items."""
    return load_of_row(session, load_row(session, load_id))


def list_loads(session: Session, *, state: LoadState | None = None, after: str = "", limit: int = 100) -> list[Load]:
    """Give loads by id, of one state or of all."""
    query = select(LoadRow).where(col(LoadRow.id) > after)
    if state is not None:
        query = query.where(col(LoadRow.state) == state.value)
    return [load_of_row(session, row) for row in session.exec(query.order_by(col(LoadRow.id)).limit(limit))]


def loads_of_cycles(session: Session, *, cycles: Sequence[str]) -> dict[str, Load]:
    """Give the loads of some cycles, whatever became of them, by cycle; of several of one cycle the last opened."""
    query = select(LoadRow).where(col(LoadRow.cycle).in_(cycles)).order_by(col(LoadRow.opened_at), col(LoadRow.id))
    return {row.cycle: load_of_row(session, row) for row in session.exec(query)}


def release_case(session: Session, *, load_id: str) -> ReleaseCase:
    """Give all that a decision on a load rests on, for the screen that asks for the signature."""
    load = get_load(session, load_id=load_id)
    cycle = session.get(CycleRow, load.cycle) if load.cycle else None
    tests: tuple[MachineTest, ...] = ()
    if cycle is not None:
        # Those of its start, and the newest: a machine that was found leaking since may have leaked already.
        found = [
            latest_test(session, load.machine, kind, at)
            for kind in BLOCKING_TESTS
            for at in (cycle.start_at, LATEST_AT)
        ]
        tests = tuple(dict.fromkeys(test for test in found if test is not None))
    return ReleaseCase(
        load=load,
        verdict=Verdict(cycle.verdict) if cycle is not None and cycle.verdict else None,
        input_hash=cycle.input_hash if cycle is not None else "",
        indicators=indicators_of(session, load.cycle) if load.cycle else (),
        tests=tests,
        signatures=signatures_of(session, load_id),
    )


def name_deviation(session: Session, *, act: Act, load_id: str, note: str) -> None:
    """Name why a load without a passed verdict may be used all the same; another person must then release it."""
    _require_person(act)
    case = release_case(session, load_id=load_id)
    if case.load.state is not LoadState.PENDING or not note.strip():
        message = f"Expected a pending load and a reason in words, got {case.load.state} and {note!r}."
        raise Refused(message, code="load.deviation")
    _sign(session, act, load_id, SignatureMeaning.DEVIATION, case.input_hash, note)


def release_load(session: Session, *, act: Act, load_id: str, note: str = "") -> ReleaseResult:
    """Sign that a load may be used; with the last signature needed it is released.

    Parameters
    ----------
    session : Session
        The transaction.
    act : Act
        Who signs: a person who is signed in, never a program.
    load_id : str
        Which load.
    note : str
        Remark of the signer.

    Returns
    -------
    ReleaseResult
        A load with an implant needs the signatures of two people.

    Raises
    ------
    Refused
        If a program signs, or anything stands against it; all reasons are named.
    """
    _require_person(act)
    case = release_case(session, load_id=load_id)
    reasons = reasons_against(case)
    missing = missing_signatures(case, act.actor.id)
    blocking = [code for code in missing if code.startswith("deviation")]
    if reasons or blocking:
        raise Refused(f"{load_id} cannot be released.", reasons=(*reasons, *blocking), code="load.not_releasable")
    # With the hash of what was seen: a cycle that is judged anew needs to be signed anew.
    _sign(session, act, load_id, SignatureMeaning.RELEASE, case.input_hash, note)
    if missing:
        return ReleaseResult(load=case.load, is_released=False, missing=missing)
    return ReleaseResult(load=_release(session, act, case), is_released=True)


def _release(session: Session, act: Act, case: ReleaseCase) -> Load:
    cycle = load_cycle(session, case.load.cycle)
    rows = session.exec(
        select(LoadItemRow).where(col(LoadItemRow.load) == case.load.id).order_by(col(LoadItemRow.position))
    ).all()
    for row in rows:
        # Storage begins when the cycle ends, not when somebody signs.
        row.expires_at = 0 if row.asset else expiry_of(cycle.end_at, row.shelf_life_s)
        # A set without a lot of its own takes the cycle's, so that a recall by cycle finds it in stock.
        row.lot = row.lot or ("" if row.asset else cycle.id)
        session.add(row)
    stored = load_row(session, case.load.id)
    stored.state, stored.decided_at = LoadState.RELEASED.value, act.now
    session.add(stored)
    session.flush()
    load = load_of_row(session, stored)
    act.ledger.append(session, [_released_event(act, load)])
    return load


def _released_event(act: Act, load: Load) -> LoadReleased:
    quantities: defaultdict[tuple[str, str, int], int] = defaultdict(int)
    for item in load.items:
        if item.gtin:
            quantities[item.gtin, item.lot, item.expires_at] += item.quantity
    return LoadReleased(
        thing=load.id,
        occurred_at=act.now,
        source=act.source,
        source_key=f"load-released:{load.id}",
        actor=act.actor.id,
        machine=load.machine,
        cycle=load.cycle,
        sets=tuple(
            ReleasedSet(gtin=gtin, lot=lot, quantity=quantity, expires_at=expires_at)
            for (gtin, lot, expires_at), quantity in sorted(quantities.items())
        ),
        assets=tuple(item.asset for item in load.items if item.asset),
        place=load.place,
    )


def reject_load(session: Session, *, act: Act, load_id: str, reason: str) -> Load:
    """Sign that a load must be reprocessed.

    Raises
    ------
    Refused
        If a program signs, no reason is given, or the load was decided already.
    """
    _require_person(act)
    row = load_row(session, load_id)
    if row.state not in (LoadState.PENDING, LoadState.IN_CYCLE, LoadState.LOADING) or not reason.strip():
        message = f"Expected an open load and a reason in words, got {row.state} and {reason!r}."
        raise Refused(message, code="load.not_rejectable")
    case = release_case(session, load_id=load_id)
    _sign(session, act, load_id, SignatureMeaning.REJECT, case.input_hash, reason)
    row.state, row.decided_at, row.reason = LoadState.REJECTED.value, act.now, reason
    session.add(row)
    session.flush()
    event = LoadRejected(
        thing=load_id,
        occurred_at=act.now,
        source=act.source,
        source_key=f"load-rejected:{load_id}",
        actor=act.actor.id,
        machine=row.machine,
        cycle=row.cycle,
        reason=reason,
    )
    act.ledger.append(session, [event])
    return load_of_row(session, row)


def record_test(session: Session, *, act: Act, test: MachineTest) -> None:
    """Keep the result of a leak or air-removal test; a failed one raises an alarm and blocks releases.

    Raises
    ------
    NotFound
        If there is no such machine: a test that counts for none would block nothing.
    Conflict
        If another result of this test and instant is on record: a failed one could else be made to pass.
    FieldError
        If a leak test is told as passed with a rise above its limit.
    """
    act.actor.require(Permission.LOADS_RELEASE)
    if test.kind is MachineTestKind.LEAK and test.is_passed and not is_tight(test.value):
        message = f"A rise of {test.value:g} kPa/min is above the limit of {LIMIT_KPA_PER_MIN:g} kPa/min."
        cure = "Tell it as failed, or correct the figure."
        raise FieldError(FieldProblem(field="is_passed", place="test", message=message, cure=cure))
    if session.get(MachineRow, test.machine) is None:
        raise NotFound("machine", test.machine)
    body = msgspec.json.encode({"value": test.value}).decode() if test.value is not None else ""
    known = session.get(MachineTestRow, (test.machine, test.kind.value, test.at))
    if known is not None:
        if (known.valid_until, known.is_passed, known.body) != (test.valid_until, test.is_passed, body):
            message = f"Another {test.kind} of {test.machine} is on record for this instant: give this one's own."
            raise Conflict(message, code="machine_test.duplicate")
        return
    row = MachineTestRow(
        machine=test.machine,
        kind=test.kind.value,
        at=test.at,
        valid_until=test.valid_until,
        is_passed=test.is_passed,
        actor=act.actor.id,
        body=body,
    )
    session.add(row)
    session.flush()
    if test.is_passed:
        _clear_failed(session, act, test)
    else:
        _alarm(session, act, _test_key(test.machine, test.kind, test.at), "reprocessing.test_failed", test.machine)


def _test_key(machine: str, kind: MachineTestKind, at: int) -> str:
    return f"machine_test:{machine}:{kind}:{at}"


def _clear_failed(session: Session, act: Act, passed: MachineTest) -> None:
    """End the alarms of the failed tests that this one follows; those before an earlier passed one ended with it."""
    query = (
        select(MachineTestRow)
        .where(col(MachineTestRow.machine) == passed.machine, col(MachineTestRow.kind) == passed.kind.value)
        .where(col(MachineTestRow.at) < passed.at)
        .order_by(col(MachineTestRow.at).desc())
        .limit(100)
    )
    for row in session.exec(query):
        if row.is_passed:
            return
        key = _test_key(passed.machine, passed.kind, row.at)
        over = AlarmCleared(
            thing=f"alarm:{key}",
            occurred_at=act.now,
            source=act.source,
            source_key=f"alarm:{key}:cleared",
            actor=act.actor.id,
        )
        act.ledger.append(session, [over])


def record_indicator(session: Session, *, act: Act, indicator: Indicator) -> list[str]:
    """Keep the result of an indicator; a failed one that comes late recalls what was released.

    Returns
    -------
    list[str]
        Ids of the loads that are recalled by it.

    Raises
    ------
    Refused
        If the same indicator is on record as failed already.
    """
    act.actor.require(Permission.LOADS_RELEASE)
    load_cycle(session, indicator.cycle)
    known = session.get(IndicatorRow, (indicator.cycle, indicator.kind.value, indicator.name))
    if known is not None and not known.is_passed and indicator.is_passed:
        # A failed result blocks the release; whoever could overwrite it could let the load pass with nothing on record.
        message = f"{indicator.name} of {indicator.cycle} is on record as failed: reject the load and reprocess it."
        raise Refused(message, code="indicator.failed_before")
    session.merge(
        IndicatorRow(
            cycle=indicator.cycle,
            kind=indicator.kind.value,
            name=indicator.name,
            at=indicator.at,
            is_passed=indicator.is_passed,
            actor=act.actor.id,
        )
    )
    session.flush()
    if indicator.is_passed:
        return []
    recalled = []
    for row in session.exec(select(LoadRow).where(col(LoadRow.cycle) == indicator.cycle)):
        if row.state == LoadState.RELEASED:
            row.state, row.reason = LoadState.RECALLED.value, f"indicator.{indicator.kind}"
            session.add(row)
            recalled.append(row.id)
    session.flush()
    _alarm(
        session, act, f"indicator:{indicator.cycle}:{indicator.name}", "reprocessing.indicator_failed", indicator.cycle
    )
    return recalled


def _alarm(session: Session, act: Act, key: str, alarm_class: str, subject: str) -> None:
    event = AlarmRaised(
        thing=f"alarm:{key}",
        occurred_at=act.now,
        source=act.source,
        source_key=f"alarm:{key}",
        actor=act.actor.id,
        alarm_class=alarm_class,
        subject_id=subject,
        priority=AlarmPriority.HIGH,
    )
    act.ledger.append(session, [event])


def _require_person(act: Act) -> None:
    act.actor.require(Permission.LOADS_RELEASE)
    if not is_person(act.actor):
        message = f"{act.actor.name} is no person who is signed in: only a person decides on a load."
        raise Refused(message, code="load.not_a_person")


def _sign(session: Session, act: Act, load_id: str, meaning: SignatureMeaning, seen: str, note: str) -> None:
    of_load = col(SignatureRow.load) == load_id
    said = {"load": load_id, "actor": act.actor.id, "meaning": meaning.value, "input_hash": seen, "note": note}
    same = [getattr(SignatureRow, name) == value for name, value in said.items()]
    # Sent again is signed once; anything else stands beside what was signed before and takes nothing's place.
    if session.exec(select(SignatureRow).where(*same)).first() is not None:
        return
    position = session.exec(select(func.count()).select_from(SignatureRow).where(of_load)).one()
    session.add(SignatureRow(position=position, at=act.now, **said))
    session.flush()
