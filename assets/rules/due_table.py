"""Due days of many rules at once, as arrays: a fleet's ten years take less than a second."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from assets.model.maintenance import CalendarRule, Rule
from assets.rules.due_dates import occurrences

IntArray = NDArray[np.int64]
DayArray = NDArray[np.datetime64]

_EPOCH_MONTH = 1970 * 12  # month 0 of numpy's calendar


@dataclass(frozen=True, slots=True, kw_only=True)
class DueTable:
    """Due days, ordered by rule and then by day.

    Parameters
    ----------
    rule_index : IntArray
        Position of the rule in the sequence that was asked about, shape (n,).
    due_on : DayArray
        Local calendar days, ``datetime64[D]``, shape (n,).
    """

    rule_index: IntArray
    due_on: DayArray

    def __len__(self) -> int:
        """Give how many due days there are."""
        return len(self.rule_index)

    def pairs(self) -> Iterator[tuple[int, date]]:
        """Give each rule's position with its due day, as values of Python."""
        return zip(self.rule_index.tolist(), self.due_on.tolist(), strict=True)


def due_table(rules: Sequence[Rule], *, start_on: date, end_on: date) -> DueTable:
    """Give the due days of calendar rules within a time, each as :func:`occurrences` gives them one by one.

    Parameters
    ----------
    rules : Sequence[Rule]
        Those without a calendar rule give nothing.
    start_on, end_on : date
        Both included.

    Notes
    -----
    A day is month ``anchor + step · months``, and in it the anchor's day of the month or the month's last. A season or
    a blackout moves days one after another; such rules are few, and rules that share one are worked out together.
    """
    plain: list[tuple[int, CalendarRule]] = []
    moved: defaultdict[CalendarRule, list[int]] = defaultdict(list)
    for index, rule in enumerate(rules):
        if rule.calendar is None:
            continue
        if rule.calendar.season or rule.calendar.blackouts:
            moved[rule.calendar].append(index)
        else:
            plain.append((index, rule.calendar))
    tables = [_plain(plain, start_on, end_on), *_moved(moved, start_on, end_on)]
    rule_index = np.concatenate([table.rule_index for table in tables])
    due_on = np.concatenate([table.due_on for table in tables])
    if len(tables) > 1:
        order = np.lexsort((due_on, rule_index))
        rule_index, due_on = rule_index[order], due_on[order]
    return DueTable(rule_index=rule_index, due_on=due_on)


def _plain(rules: Sequence[tuple[int, CalendarRule]], start_on: date, end_on: date) -> DueTable:
    columns = [(i, r.anchor_on.year * 12 + r.anchor_on.month - 1, r.anchor_on.day, r.months) for i, r in rules]
    index, anchor, day, months = np.array(columns, dtype=np.int64).reshape(-1, 4).T
    first_month = start_on.year * 12 + start_on.month - 1
    last_month = end_on.year * 12 + end_on.month - 1
    # One step too many at either end is cut off by the days below; one too few would be lost.
    first = np.maximum((first_month - anchor) // months, 0)
    steps = np.maximum((last_month - anchor) // months - first + 1, 0)
    row = np.repeat(np.arange(len(index)), steps)
    step = np.arange(len(row)) - np.repeat(np.cumsum(steps) - steps, steps) + first[row]
    month = (anchor[row] + step * months[row] - _EPOCH_MONTH).astype("datetime64[M]")
    begin = month.astype("datetime64[D]")
    length = (month + 1).astype("datetime64[D]") - begin
    due = begin + np.minimum(day[row].astype("timedelta64[D]"), length) - np.timedelta64(1, "D")
    inside = (due >= np.datetime64(start_on)) & (due <= np.datetime64(end_on))
    return DueTable(rule_index=index[row[inside]], due_on=due[inside])


def _moved(shared: dict[CalendarRule, list[int]], start_on: date, end_on: date) -> Iterator[DueTable]:
    for by_time, indices in shared.items():
        rule = Rule(id="shared", asset="shared", calendar=by_time)
        days = [one.due_on for one in occurrences(rule, start_on=start_on, end_on=end_on)]
        yield DueTable(
            rule_index=np.repeat(np.array(indices, dtype=np.int64), len(days)),
            due_on=np.tile(np.array(days, dtype="datetime64[D]"), len(indices)),
        )
