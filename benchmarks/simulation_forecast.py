"""Census forecasts of two public event logs, made again from what was known at each instant, and scored.

Protocol: the first half year of sepsis.csv (a quarter of hillmaker_ssu_2024.csv) teaches; then a forecast every day at
06:00 (every six hours), refitted fortnightly on the past only, up to the last day of the log. Peers are persistence (as
many as now) and the same hour of all earlier weeks. Sepsis: a case is present from its first event to its last release;
a case without a release counts until its last event, where it is censored for lengths of stay and leaves the count.
Kinds of patients known at registration: 65 years or more, and low blood pressure. The short-stay log is of the United
States: the calendar names New Year, Memorial Day, Independence Day and Labor Day, usual days of rest of planned work
there (on other federal holidays this hospital works), forecast as Sundays; one row says what that is worth. The log
does not tell who was booked. Rows "if its laws were right" say what chance would leave of the error if the forecast
knew every rate, and how far days differ, exactly; last rows say how far its load could be foretold at most if everybody
had been booked, at the half-hour in which the log has the arrival. Run:
``HOSPITAL_TWIN_DATA=... python -m benchmarks.simulation_forecast`` (two minutes).
"""

from __future__ import annotations

import csv
import json
import os
from collections import defaultdict
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np

from simulation.forecast.backtest import BacktestPlan, Tried, backtest
from simulation.forecast.bookings import Bookings
from simulation.forecast.scores import accuracy_of
from simulation.forecast.stays import HOUR_US, LocalTime, Stays
from simulation.model.plan import Integers

DAY = 24 * HOUR_US
HOLIDAYS = frozenset({date(2024, 1, 1), date(2024, 5, 27), date(2024, 7, 4), date(2024, 9, 2)})
LOGS = Path(os.environ.get("HOSPITAL_TWIN_DATA", "../shared/data")) / "event_logs"


def instant(text: str) -> int:
    """Give UTC microseconds of a time without a zone."""
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1e6)


def stays_of(rows: list[tuple[int, int, int]], kinds: tuple[str, ...]) -> Stays:
    """Give stays from (arrival, end, kind)."""
    table = np.array(sorted(rows), dtype=np.int64)
    return Stays(
        arrived_us=table[:, 0],
        ended_us=table[:, 1],
        is_open=np.zeros(len(table), dtype=bool),
        kinds=table[:, 2],
        kind_names=kinds,
    )


def sepsis() -> Stays:
    """Read the sepsis log."""
    events: dict[str, list[tuple[int, str]]] = defaultdict(list)
    kinds: dict[str, int] = {}
    with (LOGS / "sepsis.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            events[row["case_id"]].append((instant(row["timestamp"]), row["activity"]))
            if row["activity"] == "ER Registration":
                is_old = row["age"].isdigit() and int(row["age"]) >= 65
                kinds[row["case_id"]] = int(is_old) + 2 * (row["hypotensie"] == "true")
    rows = []
    for case, found in events.items():
        released = [at for at, activity in found if activity.startswith("Release")]
        first, last = min(at for at, _ in found), max(at for at, _ in found)
        rows.append((first, max(released) if released else last, kinds.get(case, 0)))
    return stays_of(rows, ("younger", "65 and older", "younger, low pressure", "older, low pressure"))


def short_stay() -> Stays:
    """Read the short-stay log."""
    kinds = ("IVT", "CAT", "MYE", "ART", "OTH")
    with (LOGS / "hillmaker_ssu_2024.csv").open(encoding="utf-8") as file:
        rows = [
            (instant(row["InRoomTS"]), instant(row["OutRoomTS"]), kinds.index(row["PatType"]))
            for row in csv.DictReader(file)
        ]
    return stays_of(rows, kinds)


def tell(log: str, tried: list[Tried], horizons: tuple[int, ...]) -> None:
    """Print the rows of one log."""
    skills = []
    for horizon in horizons:
        mine = [one for one in tried if one.horizon_h == horizon]
        found = accuracy_of([one.score for one in mine])
        if found is None:
            continue
        persistence = float(np.mean([abs(one.present - one.came) for one in mine]))
        climatology = float(np.nanmean([one.climatology_crps for one in mine]))
        skills.append((found.crps, climatology))
        first = log == "sepsis" and horizon == 8
        line(
            f"{log} {horizon} h: CRPS (n = {found.n})",
            found.crps,
            "patients",
            "hour of earlier weeks",
            climatology,
            must="<= 0.78; >= 20 % below climatology" if first else ">= 20 % below climatology",
        )
        line(
            f"{log} {horizon} h: mean absolute error",
            found.mae,
            "patients",
            "persistence",
            persistence,
            must="<= 0.94 of persistence" if first else "",
        )
        if horizon <= 24:
            line(f"{log} {horizon} h: share of PIT in .05..95", found.pit_inside_90, "share", must="0.87 to 0.93")
            line(f"{log} {horizon} h: variance of PIT", found.pit_variance, "", must="0.075 to 0.09")
        line(f"{log} {horizon} h: coverage of the 80 % band", found.coverage_80, "share")
        line(f"{log} {horizon} h: error over that of an ideal forecast", found.ideal_mae_ratio, "ratio")
        ideal = float(np.mean([one.score.ideal_crps for one in mine]))
        line(f"{log} {horizon} h: CRPS if its laws were right", ideal, "patients", "hour of earlier weeks", climatology)
    ours, theirs = (sum(pair[k] for pair in skills) for k in (0, 1))
    line(f"{log}: CRPS over all horizons", ours, "patients", "same hour of earlier weeks", theirs, must="ratio <= 0.8")


def line(row: str, figure: float, unit: str, peer: str = "", peer_figure: float = 0.0, must: str = "") -> None:
    """Print one row."""
    facts: dict[str, object] = {"row": row, "figure": round(figure, 4), "unit": unit}
    if peer:
        facts |= {"peer": peer, "peer_figure": round(peer_figure, 4), "ratio": round(figure / peer_figure, 4)}
    print(json.dumps(facts | ({"must": must} if must else {})))


def listed(arrived: Integers, at: int) -> Bookings:
    """Give the list of those who come within thirty hours, all of whom are taken to be booked earlier than that."""
    ahead = arrived[(arrived > at) & (arrived <= at + 30 * HOUR_US)]
    expected = ahead // (HOUR_US // 2) * (HOUR_US // 2)
    booked_before = np.full(1, 31 * HOUR_US, dtype=np.int64)
    return Bookings(expected_us=expected, chances=np.ones(len(expected)), leads_us=booked_before, kind=0)


def with_the_list(stays: Stays, instants: list[int]) -> None:
    """Print what knowing the list would be worth: a bound, since the log does not tell who was booked."""
    one_kind = Stays(
        arrived_us=stays.arrived_us,
        ended_us=stays.ended_us,
        is_open=stays.is_open,
        kinds=np.zeros_like(stays.kinds),
    )
    plan = BacktestPlan(instants=instants, horizons_h=(4, 8, 24), clock=LocalTime(holidays=HOLIDAYS))
    tried = list(backtest(one_kind, plan, lambda at: listed(stays.arrived_us, at)))
    for horizon in (4, 8, 24):
        mine = [one for one in tried if one.horizon_h == horizon]
        found = accuracy_of([one.score for one in mine])
        climatology = float(np.nanmean([one.climatology_crps for one in mine]))
        if found is not None:
            line(
                f"short stay {horizon} h if all were booked: CRPS, a bound",
                found.crps,
                "patients",
                "same hour of earlier weeks",
                climatology,
            )


def main() -> None:
    """Forecast both logs."""
    horizons = (4, 8, 24, 48, 72)
    stays = sepsis()
    first, last = int(stays.arrived_us[0]) // DAY * DAY, int(stays.arrived_us[-1]) // DAY * DAY
    mornings = [day + 6 * HOUR_US for day in range(first + 182 * DAY, last, DAY)]
    tell("sepsis", list(backtest(stays, BacktestPlan(instants=mornings, horizons_h=horizons))), horizons)
    stays = short_stay()
    first, last = int(stays.arrived_us[0]) // DAY * DAY, int(stays.arrived_us[-1]) // DAY * DAY
    every = list(range(first + 91 * DAY, last - 3 * DAY, 6 * HOUR_US))
    clock = LocalTime(holidays=HOLIDAYS)
    known = list(backtest(stays, BacktestPlan(instants=every, horizons_h=horizons, clock=clock)))
    tell("short stay", known, horizons)
    without = list(backtest(stays, BacktestPlan(instants=every, horizons_h=horizons)))
    ours, theirs = (float(np.mean([one.score.crps for one in tried])) for tried in (known, without))
    line("short stay: CRPS, mean of all horizons", ours, "patients", "without naming holidays", theirs)
    with_the_list(stays, every)


if __name__ == "__main__":
    main()
