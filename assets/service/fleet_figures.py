"""Cost of service by price, and use of devices by the zones in which they were seen, by kind or model."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from assets.model.agreements import Agreement, AgreementKind
from assets.rules.due_dates import local_day
from assets.rules.fleet_figures import Estimate, Span, TimeUse, mean_of, ratio_of, time_uses
from assets.rules.uptime import merged
from assets.service.agreements import agreements_of
from assets.service.work import order_of_row
from assets.tables.register import asset_of_row, load_models
from assets.tables.rows import AssetRow, WorkOrderRow
from twin.clock import DAY_US
from twin.history.tables import INTERVALS
from twin.state.live import LiveState
from twin.state.views import bearer_of

YEAR_DAYS = 365
RUNNING = "running"
"""Status by which a device says that it works; the others say that it could."""
_GONE = ("retired", "sanitised", "disposed")


@dataclass(frozen=True, slots=True, kw_only=True)
class CostRatio:
    """Cost of service of one model in a year.

    Parameters
    ----------
    category, manufacturer, model : str
        Which.
    devices, without_price, orders : int
        Devices with a price paid, those without, and the orders that were closed in the year.
    work_cost, contract_cost, paid, replacement : int
        Orders, contracts' share of the year, prices paid and prices of new ones, integer minor units; of devices with
        a price only.
    by_acquisition, by_replacement : Estimate
        Cost of service as a share of either.
    """

    category: str
    manufacturer: str
    model: str
    devices: int
    without_price: int
    orders: int
    work_cost: int
    contract_cost: int
    paid: int
    replacement: int
    by_acquisition: Estimate
    by_replacement: Estimate


def cost_ratios(
    session: Session, *, now: int, zone: ZoneInfo, category: str = "", confidence: float = 0.9
) -> list[CostRatio]:
    """Give the cost of service of each model over the last twelve months, the most expensive first.

    Parameters
    ----------
    session : Session
        Any session.
    now : int
        UTC microseconds.
    zone : ZoneInfo
        The hospital's.
    category : str
        Only this kind; all if empty.
    confidence : float
        Two-sided.

    Notes
    -----
    All orders count, planned ones as well, and the days of service contracts that fall into the year, shared equally
    among their devices. A device that was bought within the year counts with what it has cost so far, which is why
    ratios of young fleets are low.
    """
    # The last twelve months, not the calendar year: in January there would be nothing to say.
    since = now - YEAR_DAYS * DAY_US
    query = select(AssetRow).where(col(AssetRow.operational).not_in(_GONE))
    if category:
        query = query.where(col(AssetRow.category) == category)
    models = load_models(session)
    cost, orders = _work_cost(session, since)
    contracts = _contract_cost(session, local_day(since, zone), local_day(now, zone))
    groups: defaultdict[tuple[str, str, str], list[_Priced]] = defaultdict(list)
    for row in session.exec(query):
        entry = asset_of_row(row)
        model = models.get((entry.manufacturer.casefold(), entry.model.casefold())) or models.get(("", entry.model))
        groups[row.category, row.manufacturer, row.model].append(
            _Priced(
                work=cost[row.id],
                contract=contracts[row.id],
                orders=orders[row.id],
                paid=entry.cost,
                new=model.replacement_cost if model is not None else 0,
            )
        )
    found = [_ratio(key, own, confidence) for key, own in groups.items()]
    return sorted(found, key=lambda one: (-(one.work_cost + one.contract_cost), one.category, one.model))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Priced:
    work: int
    contract: int
    orders: int
    paid: int
    new: int


def _ratio(key: tuple[str, str, str], devices: list[_Priced], confidence: float) -> CostRatio:
    # Cost without a price on the other side would raise the ratio of its whole model.
    priced = [one for one in devices if one.paid > 0]
    new = [one for one in devices if one.new > 0]
    return CostRatio(
        category=key[0],
        manufacturer=key[1],
        model=key[2],
        devices=len(priced),
        without_price=len(devices) - len(priced),
        orders=sum(one.orders for one in priced),
        work_cost=sum(one.work for one in priced),
        contract_cost=sum(one.contract for one in priced),
        paid=sum(one.paid for one in priced),
        replacement=sum(one.new for one in priced),
        by_acquisition=ratio_of(
            [one.work + one.contract for one in priced], [one.paid for one in priced], confidence=confidence
        ),
        by_replacement=ratio_of(
            [one.work + one.contract for one in new], [one.new for one in new], confidence=confidence
        ),
    )


def _work_cost(session: Session, since: int) -> tuple[Counter[str], Counter[str]]:
    cost: Counter[str] = Counter()
    count: Counter[str] = Counter()
    query = select(WorkOrderRow).where(col(WorkOrderRow.closed_at) >= since, col(WorkOrderRow.state) == "closed")
    for order in map(order_of_row, session.exec(query)):
        cost[order.asset] += sum(part.cost for part in order.parts) + sum(one.cost for one in order.labour)
        count[order.asset] += 1
    return cost, count


def _contract_cost(session: Session, first: date, last: date) -> Counter[str]:
    cost: Counter[str] = Counter()
    for agreement in agreements_of(session, limit=10_000):
        if agreement.kind is AgreementKind.SERVICE and agreement.cost:
            share = _cost_within(agreement, first, last) / len(agreement.assets)
            for asset in agreement.assets:
                cost[asset] += round(share)
    return cost


def _cost_within(agreement: Agreement, first: date, last: date) -> float:
    """Give what the days of an agreement within a time cost, day by day."""
    begins = max(agreement.starts_on, first + timedelta(days=1))
    ends = min(agreement.ends_on or last, last)
    days = max((ends - begins).days + 1, 0)
    whole = agreement.per_days
    if not whole:
        # A price for the whole time is spread over it; while no end is agreed, a year is what it is taken to be for.
        whole = (agreement.ends_on - agreement.starts_on).days + 1 if agreement.ends_on is not None else YEAR_DAYS
    return agreement.cost * days / whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Utilisation:
    """How the devices of one kind spent their time.

    Parameters
    ----------
    category : str
        Which kind.
    days : float
        Length of the time looked at.
    in_use : Estimate
        Mean share of time in use: of a device that reports itself, running; of others with a patient, at most that.
        Over the devices with a tag or a report.
    running : Estimate
        The same over the devices alone that report themselves, which is what really ran.
    shares : dict[TimeUse, Estimate]
        Mean share of each use over the same devices; their points sum to one, and are None below three devices.
    """

    category: str
    days: float
    in_use: Estimate
    running: Estimate
    shares: dict[TimeUse, Estimate]


def utilisation(
    session: Session, *, state: LiveState, now: int, days: int = 7, category: str = "", confidence: float = 0.9
) -> list[Utilisation]:
    """Give how devices spent their time by their zones and by what they report of themselves, the least used first.

    Parameters
    ----------
    session : Session
        Any session.
    state : LiveState
        Places with their purposes, tags and devices.
    now : int
        UTC microseconds.
    days : int
        How far back, above 0.
    category : str
        Only this kind; all if empty.
    confidence : float
        Two-sided.

    Notes
    -----
    In a zone with beds a device counts as in use only while a patient had one of them. Whether it ran is not known from
    zones alone, so that this is the most that it can have been used. A device that reports its status (``running``)
    says so itself, and only then counts; a status holds until the device reports another.
    """
    window = (now - days * DAY_US, now)
    stays = _stays(session, state, window)
    occupied = _occupied(session, state, window)
    reported = _reported(session, window)
    purposes = {place: known.purpose for place, known in state.places.items()}
    by_category: defaultdict[str, list[dict[TimeUse, float]]] = defaultdict(list)
    ran: defaultdict[str, list[float]] = defaultdict(list)
    # Also those that no reader hears, as long as they report themselves.
    for asset in sorted({*stays, *reported}):
        entry = state.assets[asset].entry if asset in state.assets else None
        if entry is None or (category and entry.category != category):
            continue
        uses = time_uses(
            stays.get(asset, []),
            window=window,
            purpose_by_place=purposes,
            occupied_by_place=occupied,
            running=reported.get(asset),
        )
        by_category[entry.category].append(uses)
        if asset in reported:
            ran[entry.category].append(uses[TimeUse.IN_USE])
    found = []
    for kind, of_kind in by_category.items():
        shares = {use: mean_of([one[use] for one in of_kind], confidence=confidence) for use in TimeUse}
        found.append(
            Utilisation(
                category=kind,
                days=float(days),
                in_use=shares[TimeUse.IN_USE],
                running=mean_of(ran[kind], confidence=confidence),
                shares=shares,
            )
        )
    return sorted(found, key=lambda one: (one.in_use.point is None, one.in_use.point or 0.0, one.category))


def _intervals(session: Session, facet: str, window: Span) -> list[tuple[str, str, int, int]]:
    query = select(INTERVALS.c.thing, INTERVALS.c.value, INTERVALS.c.from_at, INTERVALS.c.to_at).where(
        INTERVALS.c.facet == facet, INTERVALS.c.from_at < window[1], INTERVALS.c.to_at > window[0]
    )
    rows = session.connection().execute(query.where(INTERVALS.c.to_at > INTERVALS.c.from_at))
    return [(thing, value, max(begin, window[0]), min(end, window[1])) for thing, value, begin, end in rows]


def _reported(session: Session, window: Span) -> dict[str, list[Span]]:
    """Give of each device that reports itself when it ran; of one that only ever stood by, no time."""
    spans: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for asset, status, begin, end in _intervals(session, "asset.status", window):
        own = spans[asset]
        if status == RUNNING:
            own.append((float(begin), float(end)))
    return {
        asset: [(int(low), int(high)) for low, high in merged(own, start=float(window[0]), end=float(window[1]))]
        for asset, own in spans.items()
    }


def _stays(session: Session, state: LiveState, window: Span) -> Mapping[str, list[tuple[str, Span]]]:
    found: defaultdict[str, list[tuple[str, Span]]] = defaultdict(list)
    for tag, place, begin, end in _intervals(session, "tag.zone", window):
        bearer = bearer_of(state, tag, begin)
        # By the binding of then: a tag that was moved to another device since tells nothing of that one.
        if bearer and bearer in state.assets:
            found[bearer].append((place, (begin, end)))
    return found


def _occupied(session: Session, state: LiveState, window: Span) -> dict[str, list[Span]]:
    """Give by zone with beds when a patient had one of them: by where each encounter was assigned to."""
    spans: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for place, known in state.places.items():
        # The room as well: readers seldom tell the beds of one room apart.
        if known.purpose == "bed":
            for zone in (place, known.parent):
                spans.setdefault(zone, [])
    for _encounter, place, begin, end in _intervals(session, "encounter.place", window):
        bed = state.places.get(place)
        for zone in (place, bed.parent if bed is not None else ""):
            if zone in spans:
                spans[zone].append((float(begin), float(end)))
    return {
        zone: [(int(low), int(high)) for low, high in merged(own, start=float(window[0]), end=float(window[1]))]
        for zone, own in spans.items()
        if zone
    }
