"""The demo's devices as biomedical engineers know them: prices, six years of repairs, maintenance, notices, a contract.

Everything goes through the doors that a hospital uses: the catalogue, the take-over of a previous system's work orders,
maintenance rules, safety notices and agreements. It is cheap on purpose: the demo must be ready in seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from sqlmodel import Session

from assets.model.agreements import Agreement, AgreementKind
from assets.model.maintenance import CalendarRule, Rule
from assets.model.notices import Clause, Notice, Span
from assets.model.register import DeviceModel
from assets.model.work import WorkKind
from assets.rules.due_dates import add_months, local_day
from assets.service import agreements, catalogue, maintenance, notices, register, taking_over
from assets.service.act import Act
from assets.service.taking_over import PastOrder
from assets.tables.register import asset_of_row, load_asset
from server.demo.inhabitants import Device, Inhabitants
from twin.access import SYSTEM
from twin.clock import DAY_US, HOUR_US, from_datetime
from twin.ports import EventSink

MAKER = "Demo devices"
YEARS_BACK = 6
YEAR_US = 365 * DAY_US
MAINTENANCE = "Maintenance by the maker's schedule"
LATE_SHARE, FAULT_SHARE = 0.08, 0.06  # of past maintenance: about what departments report of themselves


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What is told of one model.

    Parameters
    ----------
    price : int
        Of a new one, integer minor units.
    life_years : int
        How long its maker expects it to serve.
    failures_a_year : float
        Mean at the middle of its life; 0 for a model whose repairs were not recorded.
    shape : float
        Above 1: fails ever more often with age.
    months : int
        Interval of its maintenance; 0 for none.
    """

    price: int
    life_years: int
    failures_a_year: float = 0.0
    shape: float = 1.0
    months: int = 0


KINDS = {
    "Volumed 4": Kind(price=180_000, life_years=10),
    "Perfex 2": Kind(price=150_000, life_years=10),
    "Vitaview 12": Kind(price=620_000, life_years=10),
    "Transit 20": Kind(price=45_000, life_years=8),
    "Spot 5": Kind(price=210_000, life_years=8),
    "Aspira 30": Kind(price=70_000, life_years=10),
    "Enteral 3": Kind(price=95_000, life_years=8),
    "Carrier 8": Kind(price=380_000, life_years=12),
    "Aeris 7": Kind(price=2_900_000, life_years=10, failures_a_year=0.9, shape=1.7, months=12),
    "Cardio 360": Kind(price=1_100_000, life_years=8, failures_a_year=0.35, months=6),
    "Reliever 2": Kind(price=240_000, life_years=7),
    "Calor 5": Kind(price=260_000, life_years=8),
    "Lead 12": Kind(price=420_000, life_years=10),
    "Sona 9": Kind(price=5_400_000, life_years=8, failures_a_year=0.7, shape=1.3, months=12),
    "Vesica 1": Kind(price=690_000, life_years=8),
    "Lumen 190": Kind(price=3_100_000, life_years=6),
    "Lift 200": Kind(price=310_000, life_years=12),
}
FAILURES = {
    "Aeris 7": ("flow_sensor", "battery", "valve", "touch_screen"),
    "Cardio 360": ("battery", "cable", "printer"),
    "Sona 9": ("probe", "power_supply", "trackball"),
}


def equip(session: Session, *, found: Inhabitants, ledger: EventSink, now: int, zone: ZoneInfo, seed: int) -> None:
    """Enter what the demo's biomedical engineers know.

    Parameters
    ----------
    session : Session
        The transaction.
    found : Inhabitants
        Devices, in the register already.
    ledger : EventSink
        Where events go; history, so that nobody is asked to act.
    now : int
        UTC microseconds.
    zone : ZoneInfo
        The hospital's.
    seed : int
        The same seed gives the same repairs.
    """
    random = np.random.default_rng([seed, 7])

    def act(name: str) -> Act:
        return Act(actor=SYSTEM, now=now, key=f"demo-equipment:{name}", ledger=ledger)

    for name, kind in KINDS.items():
        model = DeviceModel(
            id=name,
            manufacturer=MAKER,
            name=name,
            category=next((device.category for device in found.devices if device.model == name), ""),
            expected_life_years=kind.life_years,
            replacement_cost=kind.price,
            end_of_support_at=now + YEAR_US if name == "Aeris 7" else 0,
        )
        catalogue.save(session, act=act(name), model=model)
    watched = [device for device in found.devices if KINDS.get(device.model, _NONE).failures_a_year]
    repairs: list[PastOrder] = []
    for device in watched:
        age_us = int(random.uniform(1.5, 9.5) * YEAR_US)
        _put_into_service(session, act(device.asset), device, at=now - age_us)
        repairs += _repairs(device, random, born=now - age_us, now=now)
    today = local_day(now, zone)
    days = {device.asset: _due_on(device, today, number) for number, device in enumerate(watched)}
    drawn = np.random.default_rng([seed, 8])
    done = [
        one for device in watched for one in _maintained(device, drawn, due_on=days[device.asset], now=now, zone=zone)
    ]
    taking_over.take_over(session, act=act("repairs"), orders=[*repairs, *done])
    for device in watched:
        _maintain(session, act(f"rule-{device.asset}"), device, due_on=days[device.asset])
    horizon = maintenance.Horizon(today=today, zone=zone)
    maintenance.generate(session, act=act("maintenance"), horizon=horizon)
    _warn(session, act, watched)
    _agree(session, act("contract"), watched, today)


_NONE = Kind(price=0, life_years=0)


def _put_into_service(session: Session, act: Act, device: Device, *, at: int) -> None:
    row = load_asset(session, device.asset)
    entry = replace(
        asset_of_row(row), manufacturer=MAKER, commissioned_at=at, cost=KINDS[device.model].price, criticality=3
    )
    register.edit_asset(session, act=act, asset=entry, version=row.version)


def _repairs(device: Device, random: np.random.Generator, *, born: int, now: int) -> Iterator[PastOrder]:
    """Draw the failures of a power-law process over the years of which the previous system knew."""
    kind = KINDS[device.model]
    age = (now - born) / YEAR_US
    # Scaled so that the mean over the expected life is the stated rate.
    expected = kind.failures_a_year * kind.life_years * (age / kind.life_years) ** kind.shape
    ages = np.sort(age * random.random(random.poisson(expected)) ** (1.0 / kind.shape))
    codes = FAILURES[device.model]
    for number, at_age in enumerate(ages.tolist()):
        start = born + int(at_age * YEAR_US)
        hours, price = float(random.gamma(2.0, 14.0)), int(random.gamma(1.5, 0.015) * kind.price)
        code = codes[int(random.integers(len(codes)))]
        minutes = 30 + int(random.integers(120))
        if start < now - YEARS_BACK * YEAR_US or start + int(hours * HOUR_US) > now:
            continue
        yield PastOrder(
            number=f"{device.asset}-{number:02d}",
            asset=device.asset,
            kind=WorkKind.CORRECTIVE,
            title=code.replace("_", " ").capitalize(),
            opened_at=start,
            closed_at=start + int(hours * HOUR_US),
            failure_code=code,
            finding="repaired",
            minutes=minutes,
            labour_cost=minutes * 100,
            parts_cost=price,
            technician="biomed",
        )


def _due_on(device: Device, today: date, number: int) -> date:
    """Spread the next due days over the interval, a few of them past already."""
    return today + timedelta(days=(number * 17) % (KINDS[device.model].months * 30) - 20)


def _maintained(
    device: Device, random: np.random.Generator, *, due_on: date, now: int, zone: ZoneInfo
) -> Iterator[PastOrder]:
    """Draw how the maintenance of the year before was done: mostly in time, some late, some that found a fault."""
    kind = KINDS[device.model]
    for back in range(1, 12 // kind.months + 1):
        due = add_months(due_on, -kind.months * back)
        late = int(random.integers(31, 60)) if random.random() < LATE_SHARE else int(random.integers(-20, 21))
        closed = min(from_datetime(datetime.combine(due + timedelta(days=late), time(14), tzinfo=zone)), now - DAY_US)
        yield PastOrder(
            number=f"pm-{device.asset}-{due.isoformat()}",
            asset=device.asset,
            kind=WorkKind.PREVENTIVE,
            title=MAINTENANCE,
            opened_at=closed - 2 * HOUR_US,
            closed_at=closed,
            finding="repaired" if random.random() < FAULT_SHARE else "",
            minutes=_minutes(kind),
            labour_cost=_minutes(kind) * 100,
            technician="biomed",
            rule=f"pm-{device.asset}",
            due_date=due.isoformat(),
            due_at=from_datetime(datetime.combine(due + timedelta(days=1), time(), tzinfo=zone)),
        )


def _minutes(kind: Kind) -> int:
    return 90 if kind.months == 12 else 45


def _maintain(session: Session, act: Act, device: Device, *, due_on: date) -> None:
    months = KINDS[device.model].months
    rule = Rule(
        id=f"pm-{device.asset}",
        asset=device.asset,
        title=MAINTENANCE,
        calendar=CalendarRule(months=months, anchor_on=due_on),
        minutes=_minutes(KINDS[device.model]),
        skill="life_support" if device.model == "Aeris 7" else "",
    )
    maintenance.save_rule(session, act=act, rule=rule)


def _warn(session: Session, act: Callable[[str], Act], watched: Sequence[Device]) -> None:
    chosen = [device for device in watched if device.model == "Cardio 360"][:6]
    serials = tuple(Span(low=device.serial, high=device.serial) for device in chosen)
    battery = Notice(
        id="FSN-2026-014",
        title="Battery may not deliver a shock after long storage",
        reference="FSN-2026-014",
        issuer=MAKER,
        clauses=(Clause(models=("Cardio 360",), serials=serials),),
        stops_use=False,
        action="Replace the battery and confirm by the self test.",
    )
    screen = Notice(
        id="FSN-2026-021",
        title="Alarm tone may be too low after a software update",
        reference="FSN-2026-021",
        issuer=MAKER,
        clauses=(Clause(manufacturer=MAKER, models=("Sona 9",), free_text="Devices with software 4.2"),),
        stops_use=False,
        action="Read the software version; update if it is 4.2.",
    )
    for notice in (battery, screen):
        notices.receive_notice(session, act=act(notice.id), notice=notice)


def _agree(session: Session, act: Act, watched: Sequence[Device], today: date) -> None:
    scanners = tuple(device.asset for device in watched if device.model == "Sona 9")
    contract = Agreement(
        id="contract-sona",
        reference="SC-4411",
        kind=AgreementKind.SERVICE,
        party=MAKER,
        assets=scanners,
        starts_on=today - timedelta(days=345),
        ends_on=today + timedelta(days=20),
        notice_days=30,
        cost=8_900_000,
        per_days=365,
        response_hours=8,
        uptime_share=0.97,
    )
    agreements.save_agreement(session, act=act, agreement=contract)
