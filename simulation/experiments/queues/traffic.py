"""How much traffic each point of a network gets, and of what kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import networkx as nx
import numpy as np

from simulation.experiments.queues.question import Full, QueueQuestion, ServicePoint, law
from simulation.model.distributions import Law
from simulation.statistics.moments import mean_of
from simulation.statistics.repeated import RepeatedClass, preemptive_repeat_mg1


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Arrival rates at the points of a network, as if nobody were lost.

    Parameters
    ----------
    question : QueueQuestion
        The network.
    rates : dict[str, list[float]]
        By point and class: the solution of λ = γ + λP.
    """

    question: QueueQuestion
    rates: dict[str, list[float]]

    def load(self, name: str) -> float:
        """Give the mean number of servers that a point's patients would keep busy."""
        services = self.question.services(name)
        return sum(rate * mean_of(service) for rate, service in zip(self.rates[name], services, strict=True))

    def is_poisson(self, name: str) -> bool:
        """Tell whether patients come to a point as a Poisson stream of a rate that does not change.

        Notes
        -----
        What leaves M/M/c or M/G/∞ is Poisson again (Burke 1956, Mirasol 1963), split or put together it stays so; a way
        back spoils it, and so does any limit, patience or blocking on the way.
        """
        graph = graph_of(self.question)
        before = nx.ancestors(graph, name)
        if name in before or any(graph.has_edge(one, one) for one in {name, *before}):
            return False
        if not nx.is_directed_acyclic_graph(graph.subgraph({name, *before})):
            return False
        return all(_comes_by_chance(self.question, one) for one in {name, *before}) and all(
            self.passes_poisson_on(one) for one in before
        )

    def passes_poisson_on(self, name: str) -> bool:
        """Tell whether what leaves a point is Poisson if what comes is."""
        point = self.question.points[name]
        if point.places or point.patience or blocked_behind(self.question, name):
            return False
        services = self.question.services(name)
        if not point.servers:
            return True
        return is_markov(self.question, name) and len(set(services)) == 1 and point.discipline != "preemptive"


def graph_of(question: QueueQuestion) -> nx.DiGraph[str]:
    """Give the network as a graph of ways that are taken at all."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(question.points)
    for name, point in question.points.items():
        graph.add_edges_from((name, to) for to, share in point.routes.items() if share > 0)
    return graph


def traffic_of(question: QueueQuestion) -> Traffic:
    """Solve the traffic equations of a network."""
    names = list(question.points)
    routing = np.array([[question.points[a].routes.get(b, 0.0) for b in names] for a in names])
    outside = np.array([question.outside_rates(name) for name in names])
    matrix = np.eye(len(names)) - routing.T
    # A singular matrix: some patients never leave, and the rates grow without bound.
    never_leave = abs(np.linalg.det(matrix)) < 1e-12
    solved = np.full_like(outside, np.inf) if never_leave else np.linalg.solve(matrix, outside)
    return Traffic(question=question, rates={name: row.tolist() for name, row in zip(names, solved, strict=True)})


def is_markov(question: QueueQuestion, name: str) -> bool:
    """Tell whether all services of a point are exponential."""
    return all(service.law is Law.EXPONENTIAL for service in question.services(name))


def is_preemptive(question: QueueQuestion, name: str) -> bool:
    """Tell whether some patients of a point turn others out."""
    return question.points[name].discipline == "preemptive" and len(set(question.class_levels)) > 1


def is_repeated(question: QueueQuestion, name: str) -> bool:
    """Tell whether work is done again; a service without memory that is drawn anew is as good as the rest."""
    point = question.points[name]
    is_lost = point.eviction == "restart" or (point.eviction == "resample" and not is_markov(question, name))
    return is_lost and is_preemptive(question, name)


def order_of(question: QueueQuestion) -> list[int] | None:
    """Give the classes by priority, the most urgent first; None if two share a level."""
    levels = question.class_levels
    return sorted(range(len(levels)), key=levels.__getitem__) if len(set(levels)) == len(levels) else None


def repeated_classes(
    question: QueueQuestion, name: str, rates: Sequence[float]
) -> list[tuple[int, RepeatedClass]] | None:
    """Give what a point with one server is to each class that comes there, if work is done again; else None."""
    order = order_of(question)
    if order is None or question.points[name].servers != 1 or not is_repeated(question, name):
        return None
    coming = [k for k in order if rates[k] > 0]
    services = question.services(name)
    is_same = question.points[name].eviction == "restart"
    values = preemptive_repeat_mg1([rates[k] for k in coming], [services[k] for k in coming], is_same=is_same)
    return list(zip(coming, values, strict=True))


def blocked_behind(question: QueueQuestion, name: str) -> bool:
    """Tell whether patients of a point may have to wait for a place at the next one."""
    points = question.points
    return any(points[to].places and points[to].full is Full.BLOCK for to in points[name].routes)


def _comes_by_chance(question: QueueQuestion, name: str) -> bool:
    point: ServicePoint = question.points[name]
    if point.group or point.period:
        return False
    return all(law(gap, "arrivals").law is Law.EXPONENTIAL for gap in point.arrivals if gap)
