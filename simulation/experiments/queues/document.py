"""A question about queues as a pathway."""

from __future__ import annotations

from simulation.experiments.queues.question import Full, QueueQuestion, ServicePoint
from simulation.model.problems import PathwayError

ENDLESS = 1_000_000_000  # servers, where there are as many as patients
SINGLE = "queue"
_CERTAIN = 1e-12  # what is left of probabilities that sum to 1, by rounding


def pool_of(name: str) -> str:
    """Give the pool of the servers of a point."""
    return name or SINGLE


def places_of(name: str) -> str:
    """Give the pool of the places of a point, and the node at which one waits for a place from outside."""
    return f"{pool_of(name)} places"


def queue_document(question: QueueQuestion) -> dict[str, object]:
    """Give the pathway of service points.

    Parameters
    ----------
    question : QueueQuestion
        The service points.

    Raises
    ------
    PathwayError
        If the points do not fit together.
    """
    for name, point in question.points.items():
        _check(question, name, point)
    nodes: dict[str, object] = {"out": {"do": "exit"}}
    for name, point in question.points.items():
        nodes |= _nodes(question, name, point)
    return {
        "name": "queue",
        "unit": "min",
        "classes": {
            name: {"priority": level} for name, level in zip(question.class_names, question.class_levels, strict=True)
        },
        "pools": _pools(question),
        "arrivals": _arrivals(question),
        "nodes": nodes,
    }


def _check(question: QueueQuestion, name: str, point: ServicePoint) -> None:
    place = f"points.{name}" if name else "queue"
    if point.arrivals and point.rates:
        raise PathwayError(f"{place}.arrivals", "There are both arrivals and rates.", "Give one of them.")
    if point.arrivals and len(point.arrivals) != len(question.class_names):
        message = f"{len(point.arrivals)} arrivals for {len(question.class_names)} classes."
        raise PathwayError(f"{place}.arrivals", message, "Give one for each class, in their order.")
    if point.places and point.servers > point.places:
        raise PathwayError(f"{place}.places", "There are fewer places than servers.", "Give at least as many places.")
    if point.places and not point.servers:
        raise PathwayError(f"{place}.places", "Endless servers need no places.", "Leave places out.")
    if min(point.routes.values(), default=0) < 0 or sum(point.routes.values()) > 1 + 1e-9:
        raise PathwayError(f"{place}.next", f"The chances sum to {sum(point.routes.values())}.", "At most 1.")
    for target in point.routes:
        if target not in question.points:
            known = ", ".join(question.points)
            raise PathwayError(f"{place}.next.{target}", f"There is no point {target!r}.", f"Use one of {known}.")


def _blocks(point: ServicePoint) -> bool:
    return bool(point.places) and point.full is Full.BLOCK


def _pools(question: QueueQuestion) -> dict[str, object]:
    pools: dict[str, object] = {}
    for name, point in question.points.items():
        pools[pool_of(name)] = {
            "capacity": point.servers or ENDLESS,
            "discipline": point.discipline,
            "eviction": point.eviction,
        }
        if _blocks(point):
            pools[places_of(name)] = {"capacity": point.places, "discipline": "fifo"}
    return pools


def _arrivals(question: QueueQuestion) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, point in question.points.items():
        common: dict[str, object] = {"to": _entry(name, point)}
        if point.group:
            common["group"] = point.group
        if point.rates:
            rates: object = [rate * 60 for rate in point.rates]  # of an hour, a unit being a minute
            piece = f"{point.piece!r} min"
            found[f"{pool_of(name)} arrivals"] = common | {
                "per_hour": rates,
                "piece": piece,
                "classes": question.class_names[0],
            }
        for number, gap in enumerate(point.arrivals):
            if gap:
                stream = {"gap": gap, "classes": question.class_names[number]}
                found[f"{pool_of(name)} arrivals {number}"] = common | stream
    if not found:
        raise PathwayError("arrivals", "Nobody comes from outside.", "Give arrivals or rates at one point.")
    return found


def _entry(name: str, point: ServicePoint) -> str:
    """Give the first node of a point for those who hold nothing."""
    if _blocks(point):
        return places_of(name)
    return f"{pool_of(name)} door" if point.places else pool_of(name)


def _nodes(question: QueueQuestion, name: str, point: ServicePoint) -> dict[str, object]:
    node = pool_of(name)
    held = {node: 1} | ({places_of(name): 1} if _blocks(point) else {})
    seize: dict[str, object] = {"do": "seize", "pools": node, "next": f"{node} service"}
    by_class = len(point.service) > 1
    names = question.class_names
    nodes: dict[str, object] = {
        node: seize,
        f"{node} service": {
            "do": "delay",
            "duration": dict(zip(names, point.service, strict=False)) if by_class else point.service[0],
            "next": f"{node} on",
        },
        f"{node} on": _onward(question, name, point),
    }
    # Where all go on, a way out would be a node that nobody reaches, which is refused.
    if 1 - sum(point.routes.values()) > _CERTAIN or not point.routes:
        nodes[f"{node} leaves"] = {"do": "release", "pools": held, "next": "out"}
    question.services(name)  # says so if there are too many or too few
    if point.patience:
        question.patiences(name)
        patience: object = point.patience[0]
        if len(point.patience) > 1:
            patience = dict(zip(names, point.patience, strict=False))
        seize |= {"patience": patience, "reneged": f"{node} left"}
        if _blocks(point):
            nodes[f"{node} left"] = {"do": "release", "pools": places_of(name), "next": f"{node} gave up"}
            nodes[f"{node} gave up"] = {"do": "exit"}
        else:
            nodes[f"{node} left"] = {"do": "exit"}
    if _blocks(point) and sum(question.outside_rates(name)) > 0:
        nodes[places_of(name)] = {"do": "seize", "pools": places_of(name), "next": node}
    elif point.places and not _blocks(point):
        # Waiting places are those beyond the servers.
        full = f"queue({node!r}) >= {point.places - point.servers} and free({node!r}) <= 0"
        ways = [{"to": f"{node} lost", "if": full}, {"to": node}]
        nodes[f"{node} door"] = {"do": "route", "by": "condition", "branches": ways}
        nodes[f"{node} lost"] = {"do": "exit"}
    for target in point.routes:
        nodes |= _transfer(question, name, target, held)
    return nodes


def _onward(question: QueueQuestion, name: str, point: ServicePoint) -> dict[str, object]:
    node = pool_of(name)
    rest = 1 - sum(point.routes.values())
    ways = [{"to": f"{node} to {pool_of(target)}", "share": share} for target, share in point.routes.items()]
    if rest > _CERTAIN or not ways:
        ways.append({"to": f"{node} leaves", "share": rest})
    return {"do": "route", "branches": ways}


def _transfer(question: QueueQuestion, name: str, target: str, held: dict[str, int]) -> dict[str, object]:
    node, to = pool_of(name), question.points[target]
    step = f"{node} to {pool_of(target)}"
    if not _blocks(to):
        return {step: {"do": "release", "pools": held, "next": _entry(target, to)}}
    return {
        step: {"do": "seize", "pools": places_of(target), "next": f"{step} free"},
        f"{step} free": {"do": "release", "pools": held, "next": pool_of(target)},
    }
