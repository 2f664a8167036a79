"""Due days as arrays: the same as one by one."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from assets.model.maintenance import CalendarRule, MeterRule, Rule
from assets.rules.due_dates import key_of, occurrences
from assets.rules.due_table import due_table

DAYS = st.dates(date(2019, 1, 1), date(2032, 12, 31))
CALENDARS = st.builds(
    CalendarRule,
    months=st.sampled_from([1, 3, 5, 6, 12, 24]),
    anchor_on=DAYS,
    season=st.sampled_from([(), (), (), (2,), (1, 2, 11)]),
    blackouts=st.sampled_from([(), (), ((date(2026, 12, 20), date(2027, 1, 6)),)]),
)
RULES = st.lists(
    st.one_of(
        CALENDARS.map(lambda by_time: Rule(id="r", asset="a", calendar=by_time)),
        st.just(Rule(id="m", asset="a", meter=MeterRule(every=500.0))),
    ),
    max_size=6,
)


@given(RULES, DAYS, st.integers(-40, 1500))
def test_all_at_once_is_the_same_as_one_by_one(rules: list[Rule], start: date, days: int) -> None:
    end = date.fromordinal(start.toordinal() + days)

    found = list(due_table(rules, start_on=start, end_on=end).pairs())

    expected = [
        (index, one.due_on)
        for index, rule in enumerate(rules)
        for one in sorted(occurrences(rule, start_on=start, end_on=end), key=lambda one: one.due_on)
    ]
    assert found == expected


def test_the_31st_comes_back_and_a_leap_day_too() -> None:
    rules = [
        Rule(id="a", asset="x", calendar=CalendarRule(months=1, anchor_on=date(2027, 12, 31))),
        Rule(id="b", asset="x", calendar=CalendarRule(months=12, anchor_on=date(2024, 2, 29))),
    ]

    table = due_table(rules, start_on=date(2028, 2, 1), end_on=date(2028, 4, 30))

    assert [(index, day.isoformat()) for index, day in table.pairs()] == [
        (0, "2028-02-29"),
        (0, "2028-03-31"),
        (0, "2028-04-30"),
        (1, "2028-02-29"),
    ]
    assert len(table) == 4


def test_no_rules_are_due_never() -> None:
    assert list(due_table([], start_on=date(2026, 1, 1), end_on=date(2036, 1, 1)).pairs()) == []


@given(st.dates(), st.dates())
def test_two_due_days_of_a_rule_have_two_keys(first: date, second: date) -> None:
    assert (key_of("r", first) == key_of("r", second)) == (first == second)
