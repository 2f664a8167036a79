"""Which exact value stands beside which estimate."""

from __future__ import annotations

import math
from collections.abc import Sequence

import networkx as nx

from simulation.experiments.queues.cycles import cycle_values
from simulation.experiments.queues.question import Full, QueueQuestion, group_moments, law
from simulation.experiments.queues.traffic import (
    Traffic,
    blocked_behind,
    graph_of,
    is_markov,
    is_preemptive,
    is_repeated,
    order_of,
    repeated_classes,
    traffic_of,
)
from simulation.model.distributions import Distribution, Law
from simulation.statistics import formulae
from simulation.statistics.chains import (
    MarkovQueue,
    Station,
    line_with_blocking,
    markov_values,
    preemptive_mmc,
)
from simulation.statistics.moments import mean_of, second_moment_of, transform_of

_FIFO_FIELDS = ("wait", "waiting", "waits_share", "wait_p95", "lost_share")


def exact_values(question: QueueQuestion) -> dict[str, float]:
    """Give what formulae and Markov chains say about service points, by measure; empty where none applies.

    Parameters
    ----------
    question : QueueQuestion
        The service points.
    """
    traffic = traffic_of(question)
    found: dict[str, float] = {}
    waits: dict[str, list[float]] = {}
    line = _blocking_line(question)
    for name in question.points:
        values = line.get(name) or _point_values(question, traffic, name)
        prefix = f"{name}." if name else ""
        found |= {prefix + measure: value for measure, value in values.items()}
        waits[name] = [values.get(f"wait.{tag}", values.get("wait", math.nan)) for tag in _tags(question)]
        if len(question.class_names) == 1:
            found.pop(f"{prefix}wait.{_tags(question)[0]}", None)
    return found | _stays(question, traffic, waits, found)


def _tags(question: QueueQuestion) -> tuple[str, ...]:
    return question.classes or tuple(str(number) for number in range(len(question.class_names)))


def _point_values(question: QueueQuestion, traffic: Traffic, name: str) -> dict[str, float]:
    point = question.points[name]
    if point.period:
        return cycle_values(question, name) if not graph_of(question).pred[name] else {}
    if blocked_behind(question, name) or (point.places and point.full is Full.BLOCK):
        return {}
    if not traffic.is_poisson(name):
        if _is_jackson(question, traffic, name):
            rates = traffic.rates[name]
            values = formulae.mmc(sum(rates), 1 / question.services(name)[0].mean, point.servers)
            return _with_numbers(_named(values, _FIFO_FIELDS), rates, question, name)
        return _renewal(question, name)
    rates = traffic.rates[name]
    services = question.services(name)
    if not point.servers:
        load = traffic.load(name)
        return {"wait": 0.0, "waiting": 0.0, "present": load, "throughput": sum(rates), "lost_share": 0.0}
    if point.patience or point.places:
        return _limited(question, name, rates, services)
    if not is_preemptive(question, name):
        return _with_numbers(_waiting(question, name, rates), rates, question, name)
    if is_repeated(question, name):
        return _repeated(question, name, rates)
    return _with_numbers(_preemptive(question, name, rates), rates, question, name)


def _with_numbers(
    found: dict[str, float], rates: Sequence[float], question: QueueQuestion, name: str
) -> dict[str, float]:
    """Add what follows from the traffic alone where nobody is lost."""
    means = [mean_of(service) for service in question.services(name)]
    load = sum(rate * mean for rate, mean in zip(rates, means, strict=True))
    servers = question.points[name].servers
    if load >= servers:
        return found
    found |= {"utilisation_share": load / servers, "throughput": sum(rates), "lost_share": 0.0}
    if "waiting" in found:
        found["present"] = found["waiting"] + load
    return found


def _is_jackson(question: QueueQuestion, traffic: Traffic, name: str) -> bool:
    """Tell whether product form holds at a point: all it is connected with are M/M/c or endless, arrivals Poisson."""
    graph = graph_of(question)
    around = {name} | nx.ancestors(graph, name)
    for one in around:
        point = question.points[one]
        by_chance = not point.group and not point.period
        by_chance &= all(law(gap, "arrivals").law is Law.EXPONENTIAL for gap in point.arrivals if gap)
        if not by_chance or not traffic.passes_poisson_on(one) or point.discipline != "fifo":
            return False
    return bool(question.points[name].servers) and is_markov(question, name)


def _limited(
    question: QueueQuestion, name: str, rates: Sequence[float], services: Sequence[Distribution]
) -> dict[str, float]:
    point, rate = question.points[name], sum(rates)
    patiences = question.patiences(name)
    same = len(set(services)) == 1
    markov = same and is_markov(question, name)
    patient = not patiences or (len(set(patiences)) == 1 and patiences[0].law is Law.EXPONENTIAL)
    one_class = len(set(question.class_levels)) == 1 or len([r for r in rates if r]) == 1 or point.discipline == "fifo"
    if markov and patient and (one_class or point.discipline == "priority"):
        leaving = 1 / patiences[0].mean if patiences else 0.0
        queue = MarkovQueue(
            service_rate=1 / services[0].mean, servers=point.servers, places=point.places, leaving_rate=leaving
        )
        values = markov_values(rate, queue)
        # With priorities the number present is the same, but not who waits how long before giving up or being served.
        fields = _FIFO_FIELDS if one_class else ("waiting", "waits_share", "lost_share")
        found = _named(values, fields)
        served = rate * (1 - values.lost_share)
        found |= {"throughput": served, "utilisation_share": served * services[0].mean / point.servers}
        return found | {"present": values.waiting + served * services[0].mean}
    if point.places == point.servers and not patiences and point.discipline != "preemptive":
        load = sum(r * mean_of(s) for r, s in zip(rates, services, strict=True))
        lost = formulae.erlang_b(load, point.servers)
        busy = load * (1 - lost)
        return {"lost_share": lost, "present": busy, "utilisation_share": busy / point.servers, "waiting": 0.0}
    return {}


def _preemptive(question: QueueQuestion, name: str, rates: Sequence[float]) -> dict[str, float]:
    point, services = question.points[name], question.services(name)
    order = order_of(question)
    if order is None:
        return {}
    tags = _tags(question)
    means, seconds = [mean_of(s) for s in services], [second_moment_of(s) for s in services]
    markov = is_markov(question, name)
    if markov and len(set(means)) == 1:
        stays = preemptive_mmc([rates[k] for k in order], 1 / means[0], point.servers)
    elif point.servers == 1:
        ordered = ([values[k] for k in order] for values in (rates, means, seconds))
        stays = formulae.preemptive_mg1(*ordered)
    else:
        return {}
    found = {f"sojourn.{tags[k]}": stay for k, stay in zip(order, stays, strict=True)}
    if markov and len(set(means)) == 1:
        # Whoever is in service, the servers are as busy as without pre-emption, so the number waiting is that of M/M/c.
        found["waiting"] = formulae.mmc(sum(rates), 1 / means[0], point.servers).waiting
    return found


def _repeated(question: QueueQuestion, name: str, rates: Sequence[float]) -> dict[str, float]:
    """Give what is known where work is done again, so that even the load is another one."""
    classes = repeated_classes(question, name, rates)
    if classes is None:
        return {}
    found = {f"sojourn.{_tags(question)[k]}": one.sojourn for k, one in classes if math.isfinite(one.sojourn)}
    if len(found) < len(classes):
        return found  # the urgent ones do not feel that the queue behind them grows for ever
    present = sum(rates[k] * one.sojourn for k, one in classes)
    busy = sum(rates[k] * one.busy for k, one in classes)
    found |= {"present": present, "waiting": present - busy, "utilisation_share": busy}
    return found | {"throughput": sum(rates), "lost_share": 0.0}


def _waiting(question: QueueQuestion, name: str, rates: Sequence[float]) -> dict[str, float]:
    point, services = question.points[name], question.services(name)
    whole = sum(rates)
    means, seconds = [mean_of(s) for s in services], [second_moment_of(s) for s in services]
    markov = is_markov(question, name) and len(set(means)) == 1
    if point.discipline == "fifo" or len(set(question.class_levels)) == 1:
        if markov:
            return _named(formulae.mmc(whole, 1 / means[0], point.servers), _FIFO_FIELDS)
        if point.servers == 1:
            mean = sum(r * m for r, m in zip(rates, means, strict=True)) / whole
            second = sum(r * m for r, m in zip(rates, seconds, strict=True)) / whole
            return _named(formulae.mg1(whole, mean, second), ("wait", "waiting", "waits_share", "lost_share"))
        return {}
    return _priority(question, name, rates, markov=markov)


def _priority(question: QueueQuestion, name: str, rates: Sequence[float], *, markov: bool) -> dict[str, float]:
    point, services = question.points[name], question.services(name)
    levels = sorted(set(question.class_levels))
    members = [[k for k, level in enumerate(question.class_levels) if level == wanted] for wanted in levels]
    sums = [sum(rates[k] for k in group) for group in members]
    if min(sums) <= 0:
        return {}
    found: dict[str, float] = {}
    if markov:
        waits = formulae.priority_mmc(sums, 1 / services[0].mean, point.servers)
        values = formulae.mmc(sum(rates), 1 / services[0].mean, point.servers)
        found = _named(values, ("waits_share",))
    elif point.servers == 1:
        means = [
            sum(rates[k] * mean_of(services[k]) for k in group) / s for group, s in zip(members, sums, strict=True)
        ]
        seconds = [
            sum(rates[k] * second_moment_of(services[k]) for k in group) / s
            for group, s in zip(members, sums, strict=True)
        ]
        waits = formulae.priority_mg1(sums, means, seconds)
        found = {"waits_share": sum(s * m for s, m in zip(sums, means, strict=True))}
    else:
        return {}
    tags = _tags(question)
    for group, wait in zip(members, waits, strict=True):
        found |= {f"wait.{tags[k]}": wait for k in group}
    waiting = sum(s * w for s, w in zip(sums, waits, strict=True))
    return found | {"wait": waiting / sum(rates), "waiting": waiting}


def _renewal(question: QueueQuestion, name: str) -> dict[str, float]:
    """Give GI/M/1, and M/G/1 where patients come in groups."""
    point = question.points[name]
    streams = [gap for gap in point.arrivals if gap]
    if graph_of(question).pred[name] or point.places or point.patience or point.servers != 1 or len(streams) != 1:
        return {}
    if len(question.class_names) > 1:
        return {}
    gap, service = law(streams[0], "arrivals"), question.services(name)[0]
    rates = question.outside_rates(name)
    if point.group:
        size, squares = group_moments(point.group)
        if gap.law is not Law.EXPONENTIAL or math.isnan(squares):
            return {}
        wait = formulae.mxg1_wait(1 / gap.mean, (size, squares), (mean_of(service), second_moment_of(service)))
        found = {"wait": wait, "waiting": rates[0] * wait}
    elif service.law is Law.EXPONENTIAL and rates[0] * service.mean < 1:
        values = formulae.gim1(lambda s: transform_of(gap, s), rates[0], 1 / service.mean)
        found = _named(values, ("wait", "waiting", "waits_share", "wait_p95"))
    else:
        return {}
    return _with_numbers(found, rates, question, name)


def _blocking_line(question: QueueQuestion) -> dict[str, dict[str, float]]:
    """Give the values of a line of points with blocking, each with exponential service and one kind of patients."""
    graph = graph_of(question)
    starts = [name for name in question.points if not graph.pred[name]]
    if len(starts) != 1 or len(question.points) < 2 or len(question.class_names) > 1:
        return {}
    names, here = [starts[0]], starts[0]
    while graph.succ[here]:
        (here, *others) = graph.succ[here]
        if others or here in names or sum(question.outside_rates(here)) > 0:
            return {}
        names.append(here)
    points = [question.points[name] for name in names]
    first = points[0]
    plain = all(is_markov(question, name) and not question.points[name].patience for name in names)
    certain = all(abs(sum(point.routes.values()) - 1) < 1e-12 for point in points[:-1])
    chance = [law(gap, "arrivals") for gap in first.arrivals if gap]
    blocks = [bool(point.places) and point.full is Full.BLOCK for point in points]
    if (
        not plain
        or not certain
        or first.group
        or first.period
        or len(chance) != 1
        or not all(p.servers for p in points)
    ):
        return {}
    if chance[0].law is not Law.EXPONENTIAL or not any(blocks[1:]) or not all(blocks[1:]) or blocks[0]:
        return {}
    stations = [
        Station(service_rate=1 / question.services(name)[0].mean, servers=p.servers, places=p.places)
        for name, p in zip(names, points, strict=True)
    ]
    solved = line_with_blocking(1 / chance[0].mean, stations, loses_at_door=bool(first.places))
    if solved is None:
        return {}
    found = {}
    passing = solved[0].busy * stations[0].service_rate
    for name, station, values in zip(names, stations, solved, strict=True):
        line = {
            "present": values.present,
            "waiting": values.waiting,
            "wait": values.waiting / passing,
            "throughput": passing,
            "utilisation_share": (values.busy + values.blocked) / station.servers,
        }
        found[name] = line | ({"blocked": values.blocked} if name != names[-1] else {})
    if first.places:
        found[names[0]]["lost_share"] = 1 - passing * chance[0].mean
    return found


def _stays(
    question: QueueQuestion, traffic: Traffic, waits: dict[str, list[float]], found: dict[str, float]
) -> dict[str, float]:
    """Add up the time in the whole network: by Little's law, and by class where nobody is lost."""
    prefixes = {name: f"{name}." if name else "" for name in question.points}
    outside = [sum(question.outside_rates(name)[k] for name in prefixes) for k in range(len(question.class_names))]
    stays: dict[str, float] = {}
    everyone = [found.get(f"{prefix}present", math.nan) for prefix in prefixes.values()]
    if not any(math.isnan(present) for present in everyone):
        stays["stay"] = sum(everyone) / sum(outside)  # of all who come, those turned away included
    is_lossless = not any(point.places or point.patience for point in question.points.values())
    for k, tag in enumerate(_tags(question)):
        if len(outside) == 1 and "stay" in stays:
            stays[f"stay.{tag}"] = stays["stay"]
        elif is_lossless and outside[k]:
            stays[f"stay.{tag}"] = _sojourn(question, traffic, waits, found, k) / outside[k]
    known = [stays.get(f"stay.{tag}", math.nan) * rate for tag, rate in zip(_tags(question), outside, strict=True)]
    if "stay" not in stays and math.isfinite(sum(known)):
        stays["stay"] = sum(known) / sum(outside)
    return {name: value for name, value in stays.items() if math.isfinite(value)}


def _sojourn(
    question: QueueQuestion, traffic: Traffic, waits: dict[str, list[float]], found: dict[str, float], k: int
) -> float:
    """Give the mean number of one class in the whole network; NaN where a point is not known."""
    time = 0.0
    for name in question.points:
        prefix = f"{name}." if name else ""
        sojourn = found.pop(f"{prefix}sojourn.{_tags(question)[k]}", math.nan)
        if math.isnan(sojourn):
            sojourn = waits[name][k] + mean_of(question.services(name)[k])
        time += traffic.rates[name][k] * sojourn
    return time


def _named(values: formulae.QueueValues, names: tuple[str, ...]) -> dict[str, float]:
    return {name: getattr(values, name) for name in names if not math.isnan(getattr(values, name))}
