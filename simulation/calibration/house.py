"""What a hospital's own history tells: laws of its stays, its arrivals, and whether a model made of them matches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from simulation.calibration.distances import Match
from simulation.calibration.durations import Fitted, fit_durations
from simulation.compiled.engine import StopFlag
from simulation.experiments.hospital import DAY_CASE_SHARE, Capacities, ParameterSheet, hospital_document
from simulation.experiments.request import Engine, ExperimentRequest, Scenario
from simulation.experiments.running import plan_of, runner_of
from simulation.model.operations import Seize
from simulation.model.plan import Floats, RunPlan
from simulation.statistics.outcome import RunOutcome
from twin.clock import DAY_US, HOUR_US, to_datetime

FEWEST_STAYS = 50  # whole stays from which a law of its own is better than the usual one
MOST_FITTED = 4000
FEWEST_ARRIVALS = 500  # from which the shape of the day is known: some 20 in each hour
LEAD_US = 14 * DAY_US  # before the window, so that it opens with patients inside
REPLICATIONS = 24
MOST_ADMITTED = 0.98
SATURDAY = 5
WARD = "ward-"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitStay:
    """One stay of one patient in one unit.

    Parameters
    ----------
    encounter : str
        Whose.
    pool : str
        ``ed``, ``icu``, ``recovery``, ``theatres``, or ``ward-`` and a name.
    arrived_us, ended_us : int
        UTC microseconds; of an open stay the end of what is known.
    is_open : bool
        Whether it had not ended by then.
    kind : str
        ``major``, ``minor`` or ``elective``; empty if it is not known.
    """

    encounter: str
    pool: str
    arrived_us: int
    ended_us: int
    is_open: bool = False
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseLaws:
    """What was learnt of a hospital.

    Parameters
    ----------
    sheet : ParameterSheet
        The usual values, with those replaced that the history tells.
    laws : Mapping[str, Fitted]
        Of stays by pool, hours.
    begin_us, end_us : int
        From when to when was looked.
    """

    sheet: ParameterSheet
    laws: Mapping[str, Fitted] = field(default_factory=dict)
    begin_us: int = 0
    end_us: int = 0


def learn_house(
    stays: Sequence[UnitStay],
    window_us: tuple[int, int],
    usual: ParameterSheet,
    operations: Sequence[UnitStay] = (),
) -> HouseLaws:
    """Fit what the stays of a window say; where they are too few, usual values stay.

    Parameters
    ----------
    stays : Sequence[UnitStay]
        In any order; those that began in the window count, cut at its end.
    window_us : tuple[int, int]
        UTC microseconds.
    usual : ParameterSheet
        What is taken where nothing is known, and the zone.
    operations : Sequence[UnitStay], optional
        Time in theatre, pool ``theatres``; apart from the stays, since nobody has a bed there.

    Notes
    -----
    A stay lasts until the bed is left, so it holds the wait for the next one as well: where beds are scarce a model of
    such stays is a little too slow, which the report shows. Where triage was told of enough patients, the seriously and
    the slightly ill get laws of their own and their share; else both get the law of all stays in emergency.
    """
    begin, end = window_us
    counted = [_cut(stay, end) for stay in stays if begin <= stay.arrived_us < end]
    by_pool: dict[str, list[UnitStay]] = {}
    for stay in counted:
        by_pool.setdefault(stay.pool, []).append(stay)
    operated = [_cut(stay, end) for stay in operations if begin <= stay.arrived_us < end]
    if operated:
        by_pool["theatres"] = operated
    laws = {pool: law for pool, listed in sorted(by_pool.items()) if (law := _law(listed)) is not None}
    wards = [stay for stay in counted if stay.pool.startswith(WARD)]
    ward_law = _law(wards)
    changes: dict[str, Any] = {}  # fields of the sheet, which are of several types
    if ward_law is not None:
        own = {pool.removeprefix(WARD): law.text for pool, law in laws.items() if pool.startswith(WARD)}
        changes |= {"ward_stay": ward_law.text, "ward_stays": own}
    if "icu" in laws:
        changes["icu_stay"] = laws["icu"].text
    if "recovery" in laws:
        changes["recovery"] = laws["recovery"].text
    if "theatres" in laws:
        changes["operation"] = laws["theatres"].text
    if "ed" in laws:
        changes |= {"ed_major_stay": laws["ed"].text, "ed_minor_stay": laws["ed"].text}
        changes |= _by_triage(by_pool["ed"])
        usual_share = replace(usual, ed_minor_share=changes.get("ed_minor_share", usual.ed_minor_share))
        changes |= _emergency(by_pool["ed"], counted, (end - begin) / DAY_US, usual_share)
    changes |= _electives(counted, window_us, usual)
    return HouseLaws(sheet=replace(usual, **changes), laws=laws, begin_us=begin, end_us=end)


def _cut(stay: UnitStay, end: int) -> UnitStay:
    return replace(stay, ended_us=end, is_open=True) if stay.ended_us > end else stay


def _law(stays: Sequence[UnitStay]) -> Fitted | None:
    # The newest say most about today, and so many tell a law to a few percent; all of a year would take a minute.
    stays = sorted(stays, key=lambda one: one.arrived_us)[-MOST_FITTED:]
    is_cut = np.array([stay.is_open for stay in stays], dtype=bool)
    if int((~is_cut).sum()) < FEWEST_STAYS:
        return None
    hours = np.array([(stay.ended_us - stay.arrived_us) / HOUR_US for stay in stays], dtype=np.float64)
    return fit_durations(hours, is_cut)[0]


def _by_triage(bays: Sequence[UnitStay]) -> dict[str, object]:
    """Give the laws of the seriously and of the slightly ill and their share, if enough of both are known."""
    told = {kind: [stay for stay in bays if stay.kind == kind] for kind in ("major", "minor")}
    laws = {kind: _law(listed) for kind, listed in told.items()}
    major, minor = laws["major"], laws["minor"]
    if major is None or minor is None:
        return {}
    share = len(told["minor"]) / (len(told["major"]) + len(told["minor"]))
    return {"ed_major_stay": major.text, "ed_minor_stay": minor.text, "ed_minor_share": share}


def _electives(counted: Sequence[UnitStay], window_us: tuple[int, int], usual: ParameterSheet) -> dict[str, object]:
    """Give the planned operations of a weekday, if enough are known; empty if not."""
    patients = {stay.encounter for stay in counted if stay.kind == "elective"}
    if len(patients) < FEWEST_STAYS:
        return {}
    on_ward = {stay.encounter for stay in counted if stay.kind == "elective" and stay.pool.startswith(WARD)}
    # Whoever goes home the same day may never be in a bed that the history knows.
    total = len(patients) if len(patients) > len(on_ward) else len(on_ward) / (1 - DAY_CASE_SHARE)
    zone = ZoneInfo(usual.zone)
    days = range(window_us[0], window_us[1], DAY_US)
    weekdays = sum(to_datetime(day).astimezone(zone).weekday() < SATURDAY for day in days)
    return {"electives_per_weekday": max(round(total / max(weekdays, 1)), 1)}


def _emergency(
    bays: Sequence[UnitStay], counted: Sequence[UnitStay], days: float, usual: ParameterSheet
) -> dict[str, object]:
    """Give arrivals a day, their hours, and how many go on to a ward or to intensive care."""
    after: dict[str, str] = {}
    ended = {stay.encounter: stay.ended_us for stay in bays if not stay.is_open}
    for stay in sorted(counted, key=lambda one: one.arrived_us):
        # One who is operated on the way is admitted to where the way ends.
        goes_on = stay.pool == "icu" or stay.pool.startswith(WARD)
        if goes_on and stay.arrived_us >= ended.get(stay.encounter, stay.arrived_us + 1):
            after.setdefault(stay.encounter, stay.pool)
    major = 1 - usual.ed_minor_share
    whole = max(len(ended), 1)
    to_icu = sum(pool == "icu" for pool in after.values()) / whole / major
    to_ward = sum(pool.startswith(WARD) for pool in after.values()) / whole / major
    most = max((to_icu + to_ward) / MOST_ADMITTED, 1.0)  # a share of the major ones, who may all be admitted
    found: dict[str, object] = {
        "ed_arrivals_per_day": len(bays) / max(days, 1.0),
        "ed_admitted_share": to_ward / most,
        "ed_to_icu_share": to_icu / most,
    }
    if len(bays) >= FEWEST_ARRIVALS:
        zone = ZoneInfo(usual.zone)
        hours = [to_datetime(stay.arrived_us).astimezone(zone).hour for stay in bays]
        counts = np.bincount(hours, minlength=24) + 1.0  # an hour in which nobody came by chance is not closed
        found["ed_by_hour"] = tuple(float(share) for share in counts / counts.sum())
    return found


def figures_of(stays: Sequence[UnitStay], window_us: tuple[int, int]) -> dict[str, float]:
    """Give what is compared of a window: mean number present, and patients a day, by pool.

    Parameters
    ----------
    stays : Sequence[UnitStay]
        Those that began before the window count as present.
    window_us : tuple[int, int]
        UTC microseconds.
    """
    begin, end = window_us
    found: dict[str, float] = {}
    for pool in sorted({stay.pool for stay in stays}):
        listed = [stay for stay in stays if stay.pool == pool]
        within = sum(max(min(stay.ended_us, end) - max(stay.arrived_us, begin), 0) for stay in listed)
        found[f"present.{pool}"] = within / (end - begin)
        came = sum(begin <= stay.arrived_us < end for stay in listed)
        found[f"came_per_day.{pool}"] = came / ((end - begin) / DAY_US)
    return found


def check_house(
    size: Capacities,
    sheet: ParameterSheet,
    real: Mapping[str, float],
    window_us: tuple[int, int],
    *,
    replications: int = REPLICATIONS,
) -> list[Match]:
    """Simulate a window with a sheet that has not seen it, and tell figure by figure whether it matches.

    Parameters
    ----------
    size : Capacities
        What there is; its present numbers are those of the time from which the sheet was learnt.
    sheet : ParameterSheet
        Learnt before the window.
    real : Mapping[str, float]
        Figures of the window, see :func:`figures_of`; those of pools that the model does not have are left out.
    window_us : tuple[int, int]
        UTC microseconds.
    replications : int, optional
        At least 20 for a 95 % band.
    """
    begin, end = window_us
    request = ExperimentRequest(
        pathway=hospital_document(size, sheet, {}),
        start_at=begin - LEAD_US,
        horizon_s=(end - begin + LEAD_US) / 1e6,
        warm_up_s=LEAD_US / 1e6,
        audit_every_s=86_400.0,
        replications=replications,
    )
    plan = plan_of(request, Scenario(name="as it was"))
    runner = runner_of(plan, Engine.COMPILED)
    flag = StopFlag.new()
    several = [_simulated(runner(number, flag), plan) for number in range(replications)]
    found = []
    for figure, value in real.items():
        values = [one[figure] for one in several if figure in one]
        if values:
            low, middle, high = (float(level) for level in np.quantile(values, (0.025, 0.5, 0.975)))
            matches = low <= value <= high
            found.append(Match(figure=figure, real=value, low=low, middle=middle, high=high, matches=matches))
    return found


def _simulated(outcome: RunOutcome, plan: RunPlan) -> dict[str, float]:
    found: dict[str, float] = {}
    granted: dict[str, float] = {}
    seizes = [operation for operation in plan.pathway.operations.values() if isinstance(operation, Seize)]
    for number, seize in enumerate(seizes):
        count = float(_grants(outcome.waits[number]))
        for need in seize.needs:
            granted[need.pool] = granted.get(need.pool, 0.0) + count
    days = outcome.window_us / DAY_US
    for number, pool in enumerate(plan.pathway.pools):
        found[f"present.{pool}"] = float(outcome.areas[number, 0]) / outcome.window_us
        found[f"came_per_day.{pool}"] = granted.get(pool, 0.0) / days
    return found


def _grants(waits: Floats) -> float:
    return float(waits[:, 0].sum())
