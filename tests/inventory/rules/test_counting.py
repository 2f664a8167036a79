"""What a counted line waits for: one near count is enough, two that agree are, and otherwise a person decides."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.model.counting import CountClass, CountLine, LineState, Seen
from inventory.rules.counting import EVERY_DAYS, classes_of, is_due, state_of, taken_of
from twin.clock import DAY_US

LINE = CountLine(number=1, item="gloves")
quantities = st.integers(0, 10_000)


def seen(quantity: int, books: int, by: str = "a") -> Seen:
    return Seen(quantity=quantity, by=by, at=1, books=books)


@pytest.mark.parametrize(
    ("first", "second", "state", "taken"),
    [
        (None, None, LineState.WAITING, None),
        (seen(10, 10), None, LineState.AGREED, 10),
        (seen(9, 10), None, LineState.RECOUNT, None),
        (seen(9, 10), seen(9, 10, "b"), LineState.AGREED, 9),
        (seen(9, 10), seen(10, 10, "b"), LineState.AGREED, 10),
        (seen(9, 10), seen(8, 10, "b"), LineState.DECIDE, None),
        (seen(9, 10), seen(6, 7, "b"), LineState.AGREED, 6),  # three were used between the two counts
        (seen(0, 0), None, LineState.AGREED, 0),
    ],
)
def test_each_course_of_a_line(first, second, state, taken):
    line = replace(LINE, first=first, second=second)
    found = taken_of(line, 0.0)

    assert state_of(line, 0.0) is state
    assert (found[0] if found else None) == taken


@given(first=quantities, books=quantities, tolerance=st.floats(0, 1))
def test_one_count_within_the_tolerance_is_enough_and_no_other_is(first, books, tolerance):
    line = replace(LINE, first=seen(first, books))

    expected = LineState.AGREED if abs(first - books) <= tolerance * books else LineState.RECOUNT
    assert state_of(line, tolerance) is expected


@given(first=quantities, second=quantities, books=quantities, decided=quantities)
def test_a_decision_ends_every_difference(first, second, books, decided):
    line = replace(LINE, first=seen(first, books), second=seen(second, books, "b"), taken=decided)

    assert state_of(line, 0.0) is LineState.AGREED
    assert taken_of(line, 0.0) == (decided, line.second)


@given(st.dictionaries(st.text(max_size=4), st.floats(0, 1e6), max_size=30))
def test_classes_cover_all_items_and_a_holds_most_of_the_value(values):
    found = classes_of(values)
    total = sum(values.values())
    worth = {kind: sum(value for item, value in values.items() if found[item] is kind) for kind in CountClass}

    assert found.keys() == values.keys()
    assert all(found[item] is CountClass.C for item, value in values.items() if value == 0)
    if total > 0:
        assert worth[CountClass.A] >= 0.8 * total - 1e-6
    least_a = min((values[item] for item in values if found[item] is CountClass.A), default=0)
    assert all(values[item] <= least_a for item in values if found[item] is not CountClass.A)


def test_due_is_what_was_never_counted_or_too_long_ago():
    now = 1_000 * DAY_US
    for kind in CountClass:
        last = now - EVERY_DAYS[kind] * DAY_US
        assert is_due(0, kind, now)
        assert is_due(last, kind, now)
        assert not is_due(last + 1, kind, now)
