"""The fleet's figures from the register: by model, pooled, each with its n and interval."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import String, cast, func, select
from sqlmodel import Session, col

from assets.rules.reliability.observation import FEWEST_EVENTS
from assets.rules.reliability.rates import MeanTime, PooledRate, mean_time_between_failures, pool_rates
from assets.rules.reliability.repairable import History, PowerLaw, TrendTest, fit_power_law, trend_of
from assets.tables.rows import AssetRow, DowntimeRow, RecordsSinceRow
from twin.clock import SECOND_US
from twin.errors import InputError

DAY_US = 86_400 * SECOND_US
YEAR_DAYS = 365.25

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedDevice:
    """What is known of one device's failures; ages in days.

    Parameters
    ----------
    asset : str
        Id.
    start, end : float
        Age at which its records begin, and its age now.
    failures : tuple[float, ...]
        Ages at failure.
    down_days : float
        Days down, overlaps counted once.
    """

    asset: str
    start: float
    end: float
    failures: tuple[float, ...]
    down_days: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetGroup:
    """Devices of one maker and model.

    Parameters
    ----------
    category, manufacturer, model : str
        Which.
    devices, failures : int
        What it rests on.
    days : float
        Watched time in all.
    mtbf_days : MeanTime
        Operating time between failures; its point is None below three failures.
    availability, availability_low, availability_high : float or None
        Share of the watched time that they were not down, with the interval that follows from that of the time between
        failures at the mean time down; None below three failures.
    growth : PowerLaw or None
        Whether failures come ever faster with age; None where it is refused.
    trend : TrendTest or None
        Test for a trend; None where it is refused.
    refused : dict[str, str]
        Code of the reason by figure that is not given.
    pooled : tuple[tuple[str, PooledRate], ...]
        Failures a year of each device, drawn towards its fellows; empty below three failures.
    """

    category: str
    manufacturer: str
    model: str
    devices: int
    failures: int
    days: float
    mtbf_days: MeanTime
    availability: float | None = None
    availability_low: float | None = None
    availability_high: float | None = None
    growth: PowerLaw | None = None
    trend: TrendTest | None = None
    refused: dict[str, str] = field(default_factory=dict)
    pooled: tuple[tuple[str, PooledRate], ...] = ()


def watched(session: Session, *, now: int, category: str = "") -> dict[tuple[str, str, str], list[WatchedDevice]]:
    """Give each device's watch and failures by (category, maker, model).

    Parameters
    ----------
    session : Session
        Any session.
    now : int
        UTC microseconds.
    category : str
        Only this kind; all if empty.

    Notes
    -----
    Age counts from commissioning. A device that is older than its register entry enters late: failures before it was
    registered are unknown, and are not taken for none.
    """
    devices = AssetRow.__table__.c  # type: ignore[attr-defined]  # SQLModel does not type its table
    query = select(
        devices.id,
        devices.category,
        devices.manufacturer,
        devices.model,
        devices.registered_at,
        devices.retired_at,
        devices.body,
    )
    if category:
        query = query.where(devices.category == category)
    # Columns instead of rows as objects: a fleet of ten thousand would spend most of its second on making objects.
    rows = session.connection().execute(query).all()
    records = select(col(RecordsSinceRow.asset), col(RecordsSinceRow.since_at))
    since: dict[str, int] = {row.asset: row.since_at for row in session.connection().execute(records)}
    lives = [
        Life(
            asset=row.id,
            born=_born.decode(row.body).commissioned_at or row.registered_at,
            registered=min(since.get(row.id, row.registered_at), row.registered_at),
            ended=row.retired_at,
        )
        for row in rows
    ]
    found: defaultdict[tuple[str, str, str], list[WatchedDevice]] = defaultdict(list)
    for row, device in zip(rows, watch_all(lives, _down(session, category), now), strict=True):
        if device is not None:
            found[row.category, row.manufacturer, row.model].append(device)
    return dict(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """When a device began to live and to be watched, and when it was retired, UTC microseconds; 0 while it serves."""

    asset: str
    born: int
    registered: int
    ended: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DownTimes:
    """Down times of many devices, column by column.

    Parameters
    ----------
    assets : Sequence[str]
        Devices that had any.
    counts : Integers
        How many each had, shape (assets,).
    starts, ends : Integers
        UTC microseconds, device after device in any order within one; the end is 0 while one lasts.
    """

    assets: Sequence[str]
    counts: Integers
    starts: Integers
    ends: Integers


class _Born(msgspec.Struct):
    """The one fact of a register entry that its age needs."""

    commissioned_at: int = 0


_born = msgspec.json.Decoder(_Born)  # made once: making one takes ten times as long as reading an entry


def _down(session: Session, category: str) -> DownTimes:
    columns = DowntimeRow.__table__.c  # type: ignore[attr-defined]  # SQLModel does not type its table
    pair = cast(columns.start_at, String) + " " + cast(columns.end_at, String)
    # One line of text per device: as a row each, two hundred thousand of them take four times as long to fetch.
    query = select(columns.asset, func.aggregate_strings(pair, " ")).group_by(columns.asset)
    if category:
        query = query.where(columns.asset.in_(select(col(AssetRow.id)).where(col(AssetRow.category) == category)))
    rows = session.connection().execute(query).all()
    texts = [text for _asset, text in rows]
    # Read as one text: made of a list of short ones, four hundred thousand numbers take many times as long.
    instants = np.fromstring(" ".join(texts), dtype=np.int64, sep=" ") if texts else np.zeros(0, dtype=np.int64)
    return DownTimes(
        assets=[asset for asset, _text in rows],
        counts=np.array([(text.count(" ") + 1) // 2 for text in texts], dtype=np.int64),
        starts=instants[::2],
        ends=instants[1::2],
    )


def watch_all(lives: Sequence[Life], down: DownTimes, now: int) -> list[WatchedDevice | None]:
    """Give what is known of each device's failures; None for one that is not watched yet.

    Parameters
    ----------
    lives : Sequence[Life]
        Devices.
    down : DownTimes
        Of these or more devices.
    now : int
        UTC microseconds.

    Notes
    -----
    All devices at once: one by one, two hundred thousand failures take most of a second. Only where down times of one
    device overlap is it gone through in order.
    """
    place = {life.asset: number for number, life in enumerate(lives)}
    device = np.repeat(np.array([place.get(asset, -1) for asset in down.assets], dtype=np.int64), down.counts)
    order = np.lexsort((down.ends, down.starts, device))
    order = order[device[order] >= 0]
    device, starts, ends = device[order], down.starts[order], down.ends[order]
    born = np.array([life.born for life in lives], dtype=np.int64)
    begun = np.maximum(np.array([life.registered for life in lives], dtype=np.int64), born)
    first = np.full(len(lives), np.iinfo(np.int64).max, dtype=np.int64)
    np.minimum.at(first, device, starts)
    # What was recorded before it was entered here was taken over from an earlier system: it was watched since.
    begun = np.minimum(begun, np.maximum(first - 1, born))
    # A retired device is not watched any more: the years since would make its model look ever more reliable.
    ended = np.minimum(np.array([life.ended or now for life in lives], dtype=np.int64), now)
    counts = (begun[device] < starts) & (starts <= ended[device])
    device, starts, ends = device[counts], starts[counts], ends[counts]
    until = np.minimum(np.where(ends > 0, ends, now), ended[device])
    down_us = np.bincount(device, weights=until - starts, minlength=len(lives))
    overlaps = (device[1:] == device[:-1]) & (starts[1:] < until[:-1])
    edges = np.searchsorted(device, np.arange(len(lives) + 1))
    for number in np.unique(device[1:][overlaps]).tolist():
        own = slice(edges[number], edges[number + 1])
        down_us[number] = _union_us(starts[own].tolist(), until[own].tolist(), int(begun[number]))
    ages = ((starts - born[device]) / DAY_US).tolist()
    limits, watched_from, watched_to = (
        edges.tolist(),
        ((begun - born) / DAY_US).tolist(),
        ((ended - born) / DAY_US).tolist(),
    )
    return [
        WatchedDevice(
            asset=life.asset,
            start=watched_from[number],
            end=watched_to[number],
            failures=tuple(ages[limits[number] : limits[number + 1]]),
            down_days=float(down_us[number]) / DAY_US,
        )
        if ended[number] > begun[number]
        else None
        for number, life in enumerate(lives)
    ]


def _union_us(starts: Sequence[int], until: Sequence[int], begun: int) -> int:
    """Give how long a device was down: each down time counts from where those before it have ended."""
    total, reached = 0, begun
    for start, end in zip(starts, until, strict=True):
        total += max(end - max(start, reached), 0)
        reached = max(reached, end)
    return total


def groups(session: Session, *, now: int, category: str = "", confidence: float = 0.9) -> list[FleetGroup]:
    """Give the figures of each model, the most failures first.

    Parameters
    ----------
    session : Session
        Any session.
    now : int
        UTC microseconds.
    category : str
        Only this kind; all if empty.
    confidence : float
        Two-sided, of all intervals.
    """
    return groups_of(watched(session, now=now, category=category), confidence=confidence)


def groups_of(
    devices: Mapping[tuple[str, str, str], Sequence[WatchedDevice]], *, confidence: float = 0.9
) -> list[FleetGroup]:
    """Give the figures of watched devices by (category, maker, model), the most failures first."""
    found = [_group(key, own, confidence) for key, own in devices.items()]
    return sorted(found, key=lambda group: (-group.failures, group.category, group.manufacturer, group.model))


def _group(key: tuple[str, str, str], devices: Sequence[WatchedDevice], confidence: float) -> FleetGroup:
    days = sum(device.end - device.start for device in devices)
    down = sum(device.down_days for device in devices)
    failures = sum(len(device.failures) for device in devices)
    base = FleetGroup(
        category=key[0],
        manufacturer=key[1],
        model=key[2],
        devices=len(devices),
        failures=failures,
        days=days,
        mtbf_days=mean_time_between_failures(max(days - down, 1e-9), failures, confidence=confidence),
    )
    return with_statistics(base, devices, confidence, down)


def with_statistics(
    base: FleetGroup, devices: Sequence[WatchedDevice], confidence: float, down_days: float
) -> FleetGroup:
    """Add to a group what its failures allow to be said, and the codes of what they do not."""
    if base.failures < FEWEST_EVENTS:
        code = "reliability.too_few_events"
        silent = replace(base.mtbf_days, point=None)
        return replace(base, mtbf_days=silent, refused=dict.fromkeys(("mtbf", "growth", "trend", "pooled"), code))
    histories = [History(times=device.failures, start=device.start, end=device.end) for device in devices]
    refused: dict[str, str] = {}
    growth, trend = None, None
    try:
        growth = fit_power_law(histories, confidence=confidence)
    except InputError as error:
        refused["growth"] = error.code
    try:
        trend = trend_of(*histories, confidence=confidence)
    except InputError as error:
        refused["trend"] = error.code
    spans = [(device.end - device.start) / YEAR_DAYS for device in devices]
    pool = pool_rates([len(device.failures) for device in devices], spans, confidence=confidence)
    pooled = tuple((device.asset, rate) for device, rate in zip(devices, pool.devices, strict=True))
    mean_down = down_days / base.failures
    low, point, high = (
        None if days is None else days / (days + mean_down)
        for days in (base.mtbf_days.low, base.mtbf_days.point, base.mtbf_days.high)
    )
    return replace(
        base,
        growth=growth,
        trend=trend,
        refused=refused,
        pooled=pooled,
        availability=point,
        availability_low=low,
        availability_high=high,
    )
