"""Slow change of devices: figures of cycles, tests and samples are charted; an alarm opens an order with its plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np
from sqlmodel import Session, col, select

from assets.model.drift import (
    PERIOD_FEATURES,
    AlertOutcome,
    DriftAlert,
    DriftChart,
    DriftWatch,
    Feature,
    Observation,
)
from assets.model.loads import MachineTestKind
from assets.model.work import WorkKind, WorkOrder, WorkState
from assets.rules.cycle_features import cycle_features
from assets.rules.drift import chart_drift
from assets.rules.drift_plot import plot_svg
from assets.rules.shares import Share, share_of
from assets.service.act import Act
from assets.service.cycles import UNKNOWN_PROGRAMME, SampleReader, read_trace
from assets.service.documents import attach_drawn
from assets.service.work import OPEN_STATES, get_work_order, open_work_order
from assets.tables.records import DriftAlertRow, DriftPointRow, DriftWatchRow
from assets.tables.register import load_asset
from assets.tables.reprocessing import find_programme, judgement_of_row, machine_of_row
from assets.tables.rows import CycleRow, MachineRow, MachineTestRow
from twin.access import Permission
from twin.clock import DAY_US, HOUR_US, SECOND_US
from twin.errors import NotFound

LATE_US = 2 * DAY_US  # a gateway that was cut off tells of its cycles later; so far back is looked again
GRACE_US = HOUR_US  # a period is taken this long after its end, when samples on the way have come
FIRST_LOOK_US = 60 * DAY_US  # how far back a new watch of samples begins
AT_ONCE = 40  # cycles or periods per look: reading a long one takes some ten milliseconds
WITHIN_DAYS = 7
_REPAIRED, _NOTHING_FOUND = "repaired", "no_problem_found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What was observed of one watch, and up to when nothing more is to come.

    Parameters
    ----------
    watch : str
        Id.
    observations : tuple[Observation, ...]
        New ones, the oldest first.
    read_until : int
        UTC microseconds.
    has_more : bool
        Whether a further look would find more at once.
    """

    watch: str
    observations: tuple[Observation, ...]
    read_until: int
    has_more: bool


def save_watch(session: Session, *, act: Act, watch: DriftWatch) -> DriftWatch:
    """Keep a watch, new or changed; what was observed stays where figure and source stay.

    Raises
    ------
    NotFound
        If there is no such device.
    """
    act.actor.require(Permission.WORK_ORDERS_WRITE)
    load_asset(session, watch.asset)
    row = session.get(DriftWatchRow, watch.id)
    if row is not None:
        held = watch_of_row(row)
        if _source_of(held) != _source_of(watch):
            for point in session.exec(select(DriftPointRow).where(col(DriftPointRow.watch) == watch.id)):
                session.delete(point)
            row.read_until = 0
    row = row or DriftWatchRow(id=watch.id, asset=watch.asset)
    row.asset, row.is_on = watch.asset, watch.is_on
    row.body = msgspec.json.encode(watch).decode()
    session.add(row)
    session.flush()
    return watch


def _source_of(watch: DriftWatch) -> tuple[object, ...]:
    return watch.asset, watch.feature, watch.quantity, watch.device, watch.programme, watch.period_s


def begin_anew(session: Session, *, act: Act, watch_id: str) -> DriftWatch:
    """Learn a new baseline from now on: the device was changed, and its former figures are no measure any more."""
    act.actor.require(Permission.WORK_ORDERS_WRITE)
    return save_watch(session, act=act, watch=replace(get_watch(session, watch_id=watch_id), since_at=act.now))


def get_watch(session: Session, *, watch_id: str) -> DriftWatch:
    """Give one watch."""
    row = session.get(DriftWatchRow, watch_id)
    if row is None:
        raise NotFound("drift watch", watch_id)
    return watch_of_row(row)


def watch_of_row(row: DriftWatchRow) -> DriftWatch:
    """Give the watch of a row."""
    return msgspec.json.decode(row.body, type=DriftWatch)


def list_watches(session: Session, *, asset: str = "", is_on: bool | None = None, limit: int = 500) -> list[DriftWatch]:
    """Give watches by id, of one device or of all."""
    query = select(DriftWatchRow)
    if asset:
        query = query.where(col(DriftWatchRow.asset) == asset)
    if is_on is not None:
        query = query.where(col(DriftWatchRow.is_on) == is_on)
    return [watch_of_row(row) for row in session.exec(query.order_by(col(DriftWatchRow.id)).limit(limit))]


def gather(session: Session, *, asset: str, now: int, read: SampleReader) -> list[Gathered]:
    """Take the new figures of all watches of a device; nothing is written.

    Parameters
    ----------
    session : Session
        Any session; a reading one, so that the writer is free meanwhile.
    asset : str
        Id of the device.
    now : int
        UTC microseconds.
    read : SampleReader
        Reads stored samples.
    """
    rows = session.exec(
        select(DriftWatchRow).where(col(DriftWatchRow.asset) == asset, col(DriftWatchRow.is_on)).limit(100)
    ).all()
    features: dict[str, dict[Feature, float]] = {}
    found = []
    for row in rows:
        watch = watch_of_row(row)
        if watch.feature in PERIOD_FEATURES:
            found.append(_periods(session, watch, row.read_until, now, read))
        elif watch.feature is Feature.LEAK_KPA_PER_MIN:
            found.append(_leak_tests(session, watch, row.read_until))
        else:
            found.append(_cycles(session, watch, row.read_until, read, features))
    return found


def _cycles(
    session: Session,
    watch: DriftWatch,
    read_until: int,
    read: SampleReader,
    features: dict[str, dict[Feature, float]],
) -> Gathered:
    query = select(CycleRow).where(col(CycleRow.machine) == watch.asset, col(CycleRow.end_at) > read_until - LATE_US)
    query = query.where(col(CycleRow.verdict) != "", col(CycleRow.is_manual).is_(False))
    if watch.programme:
        query = query.where(col(CycleRow.programme) == watch.programme)
    known = set(session.exec(select(DriftPointRow.subject).where(col(DriftPointRow.watch) == watch.id)))
    fresh = [row for row in session.exec(query.order_by(col(CycleRow.end_at))) if row.id not in known]
    observations = []
    for row in fresh[:AT_ONCE]:
        # One reading of a cycle serves all watches of its machine.
        if row.id not in features:
            features[row.id] = _features_of(session, row, read)
        value = features[row.id].get(watch.feature)
        if value is not None:
            observations.append(Observation(at=row.end_at, value=value, subject=row.id))
    until = max([read_until, *(row.end_at for row in fresh[:AT_ONCE])])
    return Gathered(watch=watch.id, observations=tuple(observations), read_until=until, has_more=len(fresh) > AT_ONCE)


def _features_of(session: Session, row: CycleRow, read: SampleReader) -> dict[Feature, float]:
    machine, judgement = session.get(MachineRow, row.machine), judgement_of_row(row)
    if machine is None or judgement is None:
        return {}
    trace = read_trace(session, machine_of_row(machine), start_us=row.start_at, end_us=row.end_at, read=read)
    return cycle_features(trace, find_programme(session, row.programme) or UNKNOWN_PROGRAMME, judgement)


def _leak_tests(session: Session, watch: DriftWatch, read_until: int) -> Gathered:
    query = select(MachineTestRow).where(
        col(MachineTestRow.machine) == watch.asset,
        col(MachineTestRow.kind) == MachineTestKind.LEAK.value,
        col(MachineTestRow.at) > read_until - LATE_US,
        col(MachineTestRow.body) != "",
    )
    rows = session.exec(query.order_by(col(MachineTestRow.at)).limit(1000)).all()
    observations = [
        Observation(at=row.at, value=float(value), subject=f"leak_test:{row.at}")
        for row in rows
        if (value := msgspec.json.decode(row.body).get("value")) is not None
    ]
    until = max([read_until, *(row.at for row in rows)])
    return Gathered(watch=watch.id, observations=tuple(observations), read_until=until, has_more=False)


def _periods(session: Session, watch: DriftWatch, read_until: int, now: int, read: SampleReader) -> Gathered:
    width = watch.period_s * SECOND_US
    begin = -(-max(read_until, watch.since_at, now - FIRST_LOOK_US) // width) * width  # whole periods since 1970
    observations = []
    end = begin
    for _count in range(AT_ONCE):
        if end + width + GRACE_US > now:
            break
        _times, values = read(session, watch.device or watch.asset, watch.quantity, end, end + width)
        end += width
        if len(values) >= 2:
            observations.append(Observation(at=end, value=_figure(watch.feature, values)))
    return Gathered(
        watch=watch.id,
        observations=tuple(observations),
        read_until=end,
        has_more=end + width + GRACE_US <= now,
    )


def _figure(feature: Feature, values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    if feature is Feature.HIGHEST:
        return float(np.max(values))
    return float(np.std(values, ddof=1)) if feature is Feature.SPREAD else float(np.mean(values))


def keep(session: Session, *, gathered: Gathered) -> None:
    """Keep what was observed; the same figure again changes nothing."""
    row = session.get(DriftWatchRow, gathered.watch)
    if row is None:
        return
    for one in gathered.observations:
        session.merge(DriftPointRow(watch=row.id, at=one.at, value=one.value, subject=one.subject))
    row.read_until = max(row.read_until, gathered.read_until)
    session.add(row)
    session.flush()


def observations_of(session: Session, *, watch: DriftWatch) -> list[Observation]:
    """Give what counts of a watch, the oldest first."""
    query = select(DriftPointRow).where(col(DriftPointRow.watch) == watch.id, col(DriftPointRow.at) >= watch.since_at)
    return [
        Observation(at=row.at, value=row.value, subject=row.subject)
        for row in session.exec(query.order_by(col(DriftPointRow.at)))
    ]


def chart_of(session: Session, *, watch: DriftWatch) -> DriftChart:
    """Give the charts of a watch as they stand; they begin anew once an alert's order is over."""
    return chart_drift(observations_of(session, watch=watch), watch, charted_since=_charted_since(session, watch))


def _charted_since(session: Session, watch: DriftWatch) -> int:
    last = next(iter(_alert_rows(session, watch.id)), None)
    if last is None:
        return 0
    order, _version = get_work_order(session, order_id=last.work_order)
    # While the order is open the alarm stays on the chart, so that who opens the page sees what it is about.
    return 0 if order.state in OPEN_STATES else order.closed_at


def look(session: Session, *, act: Act, watch_id: str) -> DriftAlert | None:
    """Judge a watch by what was observed; open an order with its plot if a chart alarms.

    Parameters
    ----------
    session : Session
        The transaction.
    act : Act
        Who lets it run; needs ``work_orders:write``.
    watch_id : str
        Which.

    Returns
    -------
    DriftAlert or None
        A new alert; none while an order of an earlier one is open.

    Notes
    -----
    An order that found and repaired something makes the watch learn a new baseline: the device is another one now. One
    that found nothing was a false alarm: the baseline stays and the charts begin anew.
    """
    act.actor.require(Permission.WORK_ORDERS_WRITE)
    watch = get_watch(session, watch_id=watch_id)
    last = next(iter(_alert_rows(session, watch.id)), None)
    if last is not None:
        order, _version = get_work_order(session, order_id=last.work_order)
        if order.state in OPEN_STATES:
            return None
        if order.finding == _REPAIRED and order.closed_at > watch.since_at:
            watch = save_watch(session, act=act, watch=replace(watch, since_at=order.closed_at))
    chart = chart_of(session, watch=watch)
    if not watch.is_on or chart.alarm_index < 0 or chart.baseline is None:
        return None
    seen = chart.observations[chart.alarm_index]
    order = WorkOrder(
        id=f"drift:{watch.id}:{seen.at}",
        asset=watch.asset,
        kind=WorkKind.PREVENTIVE,
        title=f"Drift of {watch.feature.value.replace('_', ' ')}: find its cause",
        priority=2,
        due_at=act.now + WITHIN_DAYS * DAY_US,
    )
    opened = open_work_order(session, act=replace(act, key=f"{act.key}:{watch.id}"), order=order)
    drawn = attach_drawn(session, act=act, subject=opened.id, name=f"drift-{watch.id}.svg", svg=plot_svg(chart, watch))
    alert = DriftAlert(
        watch=watch.id,
        asset=watch.asset,
        feature=watch.feature,
        at=seen.at,
        charts=chart.alarm_by,
        baseline=chart.baseline,
        value=chart.ewma[chart.alarm_index - chart.charted_from],
        work_order=opened.id,
        document=drawn.id,
    )
    body = msgspec.json.encode(alert).decode()
    session.merge(DriftAlertRow(watch=watch.id, at=seen.at, work_order=opened.id, body=body))
    session.flush()
    return alert


def _alert_rows(session: Session, watch_id: str, limit: int = 1) -> Sequence[DriftAlertRow]:
    query = select(DriftAlertRow)
    if watch_id:
        query = query.where(col(DriftAlertRow.watch) == watch_id)
    return session.exec(query.order_by(col(DriftAlertRow.at).desc(), col(DriftAlertRow.watch)).limit(limit)).all()


def alerts(session: Session, *, watch_id: str = "", limit: int = 200) -> list[DriftAlert]:
    """Give alerts with what became of them, the latest first."""
    found = []
    for row in _alert_rows(session, watch_id, limit):
        order, _version = get_work_order(session, order_id=row.work_order)
        alert = msgspec.json.decode(row.body, type=DriftAlert)
        found.append(replace(alert, outcome=_outcome(order)))
    return found


def _outcome(order: WorkOrder) -> AlertOutcome:
    if order.state in OPEN_STATES:
        return AlertOutcome.OPEN
    if order.state is WorkState.CLOSED and order.finding in (_REPAIRED, _NOTHING_FOUND):
        return AlertOutcome.CONFIRMED if order.finding == _REPAIRED else AlertOutcome.FALSE_ALARM
    return AlertOutcome.UNKNOWN


def precision_of(found: Sequence[DriftAlert], *, confidence: float = 0.9) -> Share:
    """Give the share of settled alerts that were right, with its interval."""
    settled = [one.outcome for one in found if one.outcome in (AlertOutcome.CONFIRMED, AlertOutcome.FALSE_ALARM)]
    return share_of(sum(one is AlertOutcome.CONFIRMED for one in settled), len(settled), confidence=confidence)
