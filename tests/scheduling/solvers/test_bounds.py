"""One door for how long a search may take, whatever is searched for."""

from __future__ import annotations

import pytest

from scheduling.solvers.admissions.search import Settings
from scheduling.solvers.bounds import MOST_SECONDS, MOST_THREADS, Deadline
from scheduling.solvers.rosters.settings import RosterSettings
from scheduling.solvers.routes.searching import RouteSettings
from twin.errors import InputError


@pytest.mark.parametrize("seconds", [0.0, -1.0, MOST_SECONDS + 1, float("nan"), float("inf")])
@pytest.mark.parametrize("kind", [Settings, RosterSettings, RouteSettings])
def test_a_time_that_is_none_is_refused_by_name(kind: type, seconds: float) -> None:
    with pytest.raises(InputError, match=r"^seconds: "):
        kind(seconds=seconds)


@pytest.mark.parametrize("threads", [0, -1, MOST_THREADS + 1])
@pytest.mark.parametrize("kind", [Settings, RosterSettings])
def test_threads_that_no_machine_has_are_refused_by_name(kind: type, threads: int) -> None:
    with pytest.raises(InputError, match=r"^threads: "):
        kind(threads=threads)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (Settings, "seed"),
        (Settings, "steps"),
        (RosterSettings, "seed"),
        (RosterSettings, "iterations"),
        (RouteSettings, "seed"),
        (RouteSettings, "iterations"),
    ],
)
def test_a_number_below_nothing_is_refused_by_the_name_of_its_setting(kind: type, name: str) -> None:
    with pytest.raises(InputError, match=rf"^{name}: expected at least 0, got -3"):
        kind(**{name: -3})


def test_a_deadline_counts_what_is_not_forgiven() -> None:
    seconds = [0.0]
    deadline = Deadline(8.0, lambda: seconds[0])

    seconds[0] = 5.0
    deadline.forgive(3.0)

    assert (deadline.used_s(), deadline.left_s(), deadline.share()) == (2.0, 6.0, 0.25)


@pytest.mark.parametrize("kind", [Settings, RosterSettings, RouteSettings])
def test_the_longest_time_itself_is_taken(kind: type) -> None:
    assert kind(seconds=MOST_SECONDS).seconds == MOST_SECONDS
