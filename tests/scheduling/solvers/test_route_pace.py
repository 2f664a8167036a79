"""Short searches for rounds: set for their time, same seed same rounds, near the best known within a second's steps."""

from __future__ import annotations

from scheduling.checker.routes import check_routes
from scheduling.loaders.vrplib import load_vrp
from scheduling.solvers.routes.dispatching import plan_routes
from scheduling.solvers.routes.searching import RouteSettings
from tests.datafiles import data_file


def test_a_second_of_steps_comes_near_the_best_known_routes() -> None:
    made = load_vrp(data_file("routing/RC208.vrp"))

    plans = [plan_routes(made.rounds, RouteSettings(iterations=800, seed=seed)) for seed in (1, 2)]

    reports = [check_routes(made.rounds, plan) for plan in plans]
    assert all(report.is_valid for report in reports)
    assert min(report.cost for report in reports) <= 1.03 * 7761  # best known, in tenths
    assert plan_routes(made.rounds, RouteSettings(iterations=800, seed=1)) == plans[0]


def test_a_long_search_bounded_by_steps_is_valid_too() -> None:
    made = load_vrp(data_file("routing/RC208.vrp"))

    # as many steps as ten seconds make are a long search; told to stop, it ends at once
    plan = plan_routes(made.rounds, RouteSettings(iterations=10_000, seed=1), should_stop=lambda: True)

    assert check_routes(made.rounds, plan).is_valid
