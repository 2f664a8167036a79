"""Rounds for tests: a grid of places and random tasks."""

from __future__ import annotations

import numpy as np

from scheduling.model.routes import Carrier, RouteProblem, RouteTask, prize_of

SIDE = 4


def grid() -> tuple[tuple[str, ...], np.ndarray]:
    """Give sixteen places and the seconds between them, thirty for each step."""
    places = tuple(f"p{i}" for i in range(SIDE * SIDE))
    at = np.array([(i % SIDE, i // SIDE) for i in range(SIDE * SIDE)])
    seconds = 30 * np.abs(at[:, None] - at[None]).sum(axis=2)
    return places, seconds.astype(np.int64)


def problem_with(tasks: list[RouteTask], carriers: list[Carrier]) -> RouteProblem:
    """Give a problem on the grid."""
    places, seconds = grid()
    return RouteProblem(places=places, seconds=seconds, tasks=tuple(tasks), carriers=tuple(carriers))


def random_rounds(seed: int, n_tasks: int = 12) -> RouteProblem:
    """Give a problem with windows, transports, roles, loads and promises."""
    chance = np.random.default_rng(seed)

    def draw(low: int, high: int) -> int:
        return int(chance.integers(low, high + 1))

    tasks = []
    for i in range(n_tasks):
        early = draw(0, 1500)
        tasks.append(
            RouteTask(
                id=f"t{i}",
                place=f"p{draw(0, 15)}",
                from_place=f"p{draw(0, 15)}" if i % 4 == 0 else "",
                service_s=draw(0, 200),
                earliest_s=early,
                latest_s=early + draw(0, 900),
                amount=draw(0, 3),
                prize=prize_of(draw(0, 4)),
                roles=frozenset({"cleaner"}) if i % 5 == 1 else frozenset(),
            )
        )
    carriers = [
        Carrier(
            id=f"c{i}",
            start=f"p{draw(0, 15)}",
            end="p0" if i else "",
            from_s=draw(0, 200),
            until_s=draw(1200, 4000),
            capacity=draw(0, 8),
            role="cleaner" if i == 1 else "porter",
            committed=(f"t{i * 2}",) if draw(0, 1) else (),
        )
        for i in range(3)
    ]
    return problem_with(tasks, carriers)
