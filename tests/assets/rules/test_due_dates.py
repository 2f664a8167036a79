"""Due days that do not drift, meters that never run backwards, and compliance by due day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.model.maintenance import Anchor, CalendarRule, DueState, MeterRule, Performed, Rule
from assets.rules.due_dates import (
    MeterReading,
    add_months,
    compliance_of,
    forecast_due,
    is_in_window,
    local_day,
    meter_due,
    next_due,
    occurrences,
    running_total,
    state_on,
)

DAYS = st.dates(date(2000, 1, 1), date(2060, 12, 31))


def day(text: str) -> date:
    return date.fromisoformat(text)


def test_worked_due_days(worked_case: Any) -> None:
    for row in worked_case("21_")["rows"]:
        if "mode" not in row or "meter" in row or row.get("done") is None:
            continue
        due, done = day(row["due"]), day(row["done"])
        rule = CalendarRule(months=row.get("interval_months", 6), anchor_on=due, anchor=Anchor(row["mode"]))
        following = next_due(rule, due_on=due, done_on=done)
        assert following == day(row["next_due"])
        if "on_time" in row:
            assert is_in_window(done, due_on=due, window_days=30) == row["on_time"]
        if "late_days" in row:
            assert (done - due).days == row["late_days"]
        if "then_next" in row:
            assert next_due(rule, due_on=following, done_on=following) == day(row["then_next"])


def test_worked_states(worked_case: Any) -> None:
    for row in worked_case("21_")["rows"]:
        if "as_of" in row:
            assert state_on(day(row["as_of"]), due_on=day(row["due"]), window_days=30) == row["status"]


def test_worked_meters(worked_case: Any) -> None:
    rows = [row for row in worked_case("21_")["rows"] if "meter" in row]
    for row in rows[:2]:
        rule = MeterRule(every=row["every"], anchor=Anchor(row["mode"]), start=row.get("anchor", 0))
        found = meter_due(rule, last_done_at=row["last_done_at"], reading=row["reading"])
        assert found.state == row["status"]
        assert found.next_at == row.get("next", row.get("next_due_at"))
    series = rows[2]
    due = [
        meter_due(MeterRule(every=1000), last_done_at=series["last_done_at"], reading=r).state is DueState.DUE
        for r in series["reading_series"]
    ]
    assert due == [False, True, False]


def test_worked_forecast_of_time_or_meter(worked_case: Any) -> None:
    row = next(row for row in worked_case("21_")["rows"] if "time_and_meter" in row)
    done = day(row["last_done"])
    by_time, by_meter = CalendarRule(months=12, anchor_on=done, anchor=Anchor.FLOATING), MeterRule(every=2000)

    found = forecast_due(
        by_time, by_meter, last_done_on=done, use_since=0.0, use_per_day=row["usage_h_per_day"], on=done
    )

    assert found == day(row["next_due"])


def test_worked_compliance(worked_case: Any) -> None:
    wanted = worked_case("21_")["compliance"]
    due = date(2026, 1, 15)
    in_time = [Performed(due_on=due, done_on=due)] * wanted["completed_in_window"]
    late = [Performed(due_on=due, done_on=due + timedelta(days=40))] * wanted["completed_late"]
    open_ = [Performed(due_on=due)] * wanted["not_done"]
    excused = [Performed(due_on=due, excused_on=due, excuse="not_located")] * wanted["excused_not_located"]

    found = compliance_of([*in_time, *late, *open_, *excused], as_of=date(2026, 6, 1))

    assert (found.due, found.late, found.not_done, found.excused) == (40, 3, 2, 1)
    assert found.strict == pytest.approx(wanted["strict"])
    assert found.excused_adjusted == pytest.approx(wanted["excused_adjusted"])
    assert found.naive == pytest.approx(wanted["naive_completed_over_due"])
    assert found.reasons == {"not_located": 1}


def test_an_excuse_after_the_window_closed_excuses_nothing() -> None:
    due = date(2026, 1, 15)

    found = compliance_of(
        [Performed(due_on=due, excused_on=due + timedelta(days=31), excuse="in_use")], as_of=date(2026, 6, 1)
    )

    assert (found.excused, found.not_done, found.excused_adjusted) == (0, 1, 0.0)
    assert compliance_of([], as_of=due).strict is None


@given(DAYS, st.integers(1, 36), st.integers(0, 40))
def test_a_fixed_anchor_never_drifts(anchor: date, months: int, count: int) -> None:
    rule = CalendarRule(months=months, anchor_on=anchor)
    due = anchor
    for step in range(1, count + 1):
        due = next_due(rule, due_on=due, done_on=due + timedelta(days=step % 20))

        assert due == add_months(anchor, months * step)


@given(DAYS, st.integers(1, 24), DAYS, st.lists(st.integers(0, 900), min_size=1, max_size=5))
def test_generating_in_any_pieces_gives_the_same_due_days(
    anchor: date, months: int, start: date, lengths: list[int]
) -> None:
    rule = Rule(id="r", asset="a", calendar=CalendarRule(months=months, anchor_on=anchor))
    end = start + timedelta(days=sum(lengths))
    whole = list(occurrences(rule, start_on=start, end_on=end))

    pieces = []
    begin = start
    for length in lengths:
        stop = begin + timedelta(days=length)
        pieces += list(occurrences(rule, start_on=begin, end_on=stop))
        begin = stop
    assert list(dict.fromkeys(pieces)) == whole
    assert len({one.due_on for one in whole}) == len(whole)


def test_leap_days_and_ends_of_months_come_back() -> None:
    assert add_months(date(2024, 2, 29), 12) == date(2025, 2, 28)
    assert add_months(date(2025, 2, 28), 36, anchor_day=29) == date(2028, 2, 29)
    assert add_months(date(2026, 1, 31), -2) == date(2025, 11, 30)


def test_a_grid_goes_on_where_a_late_completion_left_it() -> None:
    rule = CalendarRule(months=6, anchor_on=date(2026, 1, 31), anchor=Anchor.GRID)

    assert next_due(rule, due_on=date(2026, 1, 31), done_on=date(2026, 2, 20)) == date(2026, 7, 31)
    assert next_due(rule, due_on=date(2026, 1, 31), done_on=date(2026, 12, 20)) == date(2027, 1, 31)


def test_blackouts_and_seasons_move_a_due_day_forwards() -> None:
    rule = CalendarRule(
        months=12, anchor_on=date(2026, 12, 24), blackouts=((date(2027, 12, 20), date(2028, 1, 6)),), season=(1, 2)
    )
    found = list(
        occurrences(Rule(id="r", asset="a", calendar=rule), start_on=date(2027, 1, 1), end_on=date(2028, 3, 1))
    )

    assert [one.due_on for one in found] == [date(2027, 1, 1), date(2028, 1, 7)]
    never = CalendarRule(months=1, anchor_on=date(2026, 1, 1), blackouts=_every_january(), season=(1,))
    with pytest.raises(ValueError, match="leave some day free"):
        next_due(never, due_on=date(2026, 1, 1), done_on=date(2026, 1, 1))


def _every_january() -> tuple[tuple[date, date], ...]:
    return tuple((date(year, 1, 1), date(year, 1, 31)) for year in range(2020, 2300))


@given(st.lists(st.tuples(st.floats(0, 9999), st.booleans(), st.booleans()), min_size=1, max_size=20))
def test_use_never_runs_backwards(rows: list[tuple[float, bool, bool]]) -> None:
    readings = [MeterReading(value=v, is_reset=r, rollover_at=10_000.0 if o else None) for v, r, o in rows]

    totals = [running_total(readings[: n + 1])[0] for n in range(len(readings))]

    assert totals == sorted(totals)
    assert totals[0] == 0.0


def test_a_fall_of_a_meter_is_to_be_explained_and_counts_nothing() -> None:
    fallen = [MeterReading(value=4999), MeterReading(value=5001), MeterReading(value=120)]

    assert running_total(fallen) == (2.0, True)
    assert running_total([*fallen[:2], MeterReading(value=120, is_reset=True)]) == (122.0, False)
    assert running_total([MeterReading(value=9990), MeterReading(value=10, rollover_at=10_000)]) == (20.0, False)


@given(st.integers(1_577_836_800, 2_051_222_400), st.sampled_from(["Europe/Berlin", "Asia/Shanghai"]))
def test_the_local_day_is_right_also_when_clocks_change(second: int, zone: str) -> None:
    aware = datetime.fromtimestamp(second, UTC)

    found = local_day(round(aware.timestamp() * 1_000_000), ZoneInfo(zone))

    assert found == aware.astimezone(ZoneInfo(zone)).date()


def test_nothing_scheduled_for_a_rule_by_meter_only() -> None:
    rule = Rule(id="r", asset="a", meter=MeterRule(every=10.0))

    assert list(occurrences(rule, start_on=date(2026, 1, 1), end_on=date(2027, 1, 1))) == []
    assert forecast_due(
        CalendarRule(months=1, anchor_on=date(2026, 1, 1)),
        MeterRule(every=1.0),
        last_done_on=date(2026, 1, 1),
        use_since=0.0,
        use_per_day=0.0,
        on=date(2026, 1, 2),
    ) == date(2026, 2, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: CalendarRule(months=0, anchor_on=date(2026, 1, 1)),
        lambda: CalendarRule(months=1, anchor_on=date(2026, 1, 1), window_days=-1),
        lambda: CalendarRule(months=1, anchor_on=date(2026, 1, 1), season=(13,)),
        lambda: MeterRule(every=0.0),
        lambda: Rule(id="r", asset="a"),
    ],
)
def test_a_rule_that_never_comes_due_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="Expected"):
        wrong()
