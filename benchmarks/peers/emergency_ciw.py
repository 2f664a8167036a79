"""What Ciw can say of the department: three nodes, five classes with priorities, exponential, a constant rate."""

from __future__ import annotations

import ciw

from benchmarks.peers.emergency import CLASSES, IMAGED, SHARES


def run(hours: float, seed: int) -> int:
    """Run so many hours; give the number of patients who left."""
    image = sum(a * b for a, b in zip(SHARES, IMAGED, strict=True))
    network = ciw.create_network(
        arrival_distributions={
            name: [ciw.dists.Exponential(8.4 / 60 * share), None, None]
            for name, share in zip(CLASSES, SHARES, strict=True)
        },
        service_distributions={
            name: [ciw.dists.Exponential(1 / 6), ciw.dists.Exponential(1 / 45), ciw.dists.Exponential(1 / 18)]
            for name in CLASSES
        },
        routing={name: [[0.0, 1.0, 0.0], [0.0, 0.0, image], [0.0, 0.0, 0.0]] for name in CLASSES},
        priority_classes={name: level for level, name in enumerate(CLASSES)},
        number_of_servers=[2, 9, 3],
    )
    ciw.seed(seed)
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(hours * 60)
    return len(simulation.nodes[-1].all_individuals)
