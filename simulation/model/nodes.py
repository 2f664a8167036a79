"""The words of a node in a file, each written with the operations that both engines know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from simulation.model.conditions import read_condition
from simulation.model.distributions import Distribution, constant, read_distribution
from simulation.model.operations import (
    Assign,
    Batch,
    Branch,
    Comparison,
    Delay,
    Exit,
    Fork,
    Join,
    Need,
    Operation,
    Release,
    Route,
    RouteBy,
    Seize,
    Spawn,
    Subject,
    Term,
    WaitUntil,
)
from simulation.model.problems import PathwayError
from simulation.model.reading import Entry, TravelTime
from simulation.model.resources import Pool
from twin.places.movers import Mover

_MOVERS = tuple(mover.value for mover in Mover)
_DAY_S = 86_400.0
_MOST_VARIED = 3.0  # of the standard deviation of a way over its mean; more is a mistake of units


@dataclass(slots=True)
class NodeReader:
    """Gathers the operations of a document.

    Parameters
    ----------
    classes : tuple[str, ...]
        Names of the classes.
    class_levels : tuple[int, ...]
        Priority of each class.
    pools : dict[str, Pool]
        By id.
    travel : TravelTime | None
        Walking seconds over the corridor graph, if the building is known.
    operations : dict[str, Operation]
        What has been gathered, by node id.
    """

    classes: tuple[str, ...]
    class_levels: tuple[int, ...]
    pools: dict[str, Pool]
    travel: TravelTime | None
    operations: dict[str, Operation] = field(default_factory=dict)

    def read(self, node: str, entry: Entry) -> None:
        """Read one node, which may become several operations named ``node:…``."""
        word = entry.text("do")
        reader = _WORDS.get(word)
        if reader is None:
            raise PathwayError(
                entry.at("do"), f"Unknown operation {word!r}.", f"Use one of {', '.join(sorted(_WORDS))}."
            )
        reader(self, node, entry)
        entry.check_all_read()

    def needs(self, entry: Entry, key: str = "pools") -> tuple[Need, ...]:
        """Read ``pools``: a name, names, or a table of quantities."""
        value = entry.raw(key)
        if isinstance(value, dict):
            table = entry.table(key)
            return tuple(Need(name, table.whole(name, least=1)) for name in value)
        quantity = entry.whole("quantity", 1, least=1)
        return tuple(Need(name, quantity) for name in entry.names(key))

    def seize(self, entry: Entry, *, next_node: str) -> Seize:
        """Read what a seize needs, its priority and its patience."""
        priority = entry.raw("priority", None)
        attribute, levels = "", self.class_levels
        if isinstance(priority, str):
            attribute, levels = priority, ()
        elif isinstance(priority, dict):
            table = entry.table("priority")
            levels = tuple(table.whole(name, 0) for name in self.classes)
            table.check_all_read()
        elif priority is not None:
            levels = (entry.whole("priority"),) * len(self.classes)
        has_patience = entry.has("patience")
        return Seize(
            needs=self.needs(entry),
            any_of=entry.flag("any_of"),
            levels=levels,
            level_attribute=attribute,
            patience=entry.by_class("patience", self.classes) if has_patience else (),
            reneged=entry.text("reneged") if has_patience else "",
            next=next_node,
        )


def _seize(reader: NodeReader, node: str, entry: Entry) -> None:
    reader.operations[node] = reader.seize(entry, next_node=entry.text("next"))


def _consume(reader: NodeReader, node: str, entry: Entry) -> None:
    reader.operations[node] = replace(reader.seize(entry, next_node=entry.text("next")), consume=True)


def _release(reader: NodeReader, node: str, entry: Entry) -> None:
    of = entry.text("of", "")
    needs = () if of else reader.needs(entry)
    reader.operations[node] = Release(needs=needs, of=of, next=entry.text("next"))


def _delay(reader: NodeReader, node: str, entry: Entry) -> None:
    reader.operations[node] = Delay(
        durations=entry.by_class("duration", reader.classes),
        calendar=entry.text("calendar", ""),
        next=entry.text("next"),
    )


def _serve(reader: NodeReader, node: str, entry: Entry) -> None:
    seize = reader.seize(entry, next_node=f"{node}:service")
    reader.operations[node] = seize
    reader.operations[f"{node}:service"] = Delay(
        durations=entry.by_class("duration", reader.classes),
        calendar=entry.text("calendar", ""),
        next=f"{node}:release",
    )
    reader.operations[f"{node}:release"] = Release(
        needs=() if seize.any_of else seize.needs, of=node if seize.any_of else "", next=entry.text("next")
    )


def _transport(reader: NodeReader, node: str, entry: Entry) -> None:
    seize = reader.seize(entry, next_node=f"{node}:way")
    reader.operations[node] = seize
    back = entry.raw("back", False)
    if entry.has("duration"):
        there = home = entry.by_class("duration", reader.classes)
    else:
        there, home = _ways(reader, entry)
    reader.operations[f"{node}:way"] = Delay(durations=there, next=f"{node}:release")
    if back is False:
        needs, of = ((), node) if seize.any_of else (seize.needs, "")
        reader.operations[f"{node}:release"] = Release(needs=needs, of=of, next=entry.text("next"))
        return
    if seize.any_of:
        raise PathwayError(
            entry.at("back"), "Of several pools one cannot walk back.", "Name one pool, or leave back out."
        )
    if any(_has_turnover(reader.pools, need) for need in seize.needs):
        raise PathwayError(entry.at("back"), "A pool with turnover has no way back.", "Put the way into its turnover.")
    # The patient goes on; the porter is on the way for as long as a unit is being made ready.
    reader.operations[f"{node}:release"] = Spawn(needs=seize.needs, start=f"{node}:back", next=entry.text("next"))
    home = home if back is True else entry.by_class("back", reader.classes)
    reader.operations[f"{node}:back"] = Delay(durations=home, next=f"{node}:returned")
    reader.operations[f"{node}:returned"] = Release(needs=seize.needs, ready=True, next=f"{node}:end")
    reader.operations[f"{node}:end"] = Exit(silent=True)


def _ways(reader: NodeReader, entry: Entry) -> tuple[tuple[Distribution, ...], tuple[Distribution, ...]]:
    """Give the time of the way through the building and of the way back, spread by ``varies`` where it is told."""
    start, end, mover = entry.text("from"), entry.text("to"), entry.text("mover", "bed")
    if reader.travel is None:
        cure = "Give a duration, or tell the corridors: [[corridors]] from, to, length_m."
        raise PathwayError(entry.at("from"), "There is no building to find the way in.", cure)
    if mover not in _MOVERS:
        raise PathwayError(entry.at("mover"), f"Unknown mover {mover!r}.", f"Use one of {', '.join(_MOVERS)}.")
    seconds = reader.travel(start, end, mover)
    if not 0 <= seconds < _DAY_S:
        message = f"There is no way from {start!r} to {end!r} for a {mover}."
        raise PathwayError(entry.at("to"), message, "Check both places, and that the way is wide enough.")
    varies = entry.number("varies", 0.0)
    if not 0 <= varies <= _MOST_VARIED:
        message = f"Expected a standard deviation of 0 to {_MOST_VARIED:g} of the mean, got {varies}."
        raise PathwayError(entry.at("varies"), message, "Write such as 0.3.")
    # Whoever has brought a bed or a cart walks back without it; where no such way is known, as long as there.
    back = reader.travel(end, start, Mover.PERSON.value)
    back = back if 0 <= back < _DAY_S else seconds
    there, home = (_spread(way, varies, entry.at("varies")) for way in (seconds, back))
    return (there,) * len(reader.classes), (home,) * len(reader.classes)


def _spread(seconds: float, varies: float, place: str) -> Distribution:
    if not varies or not seconds:
        return constant(seconds * 1e6)
    return read_distribution(f"lognormal:{seconds!r},{varies * seconds!r}", unit_us=1e6, place=place)


def _gate(reader: NodeReader, node: str, entry: Entry) -> None:
    seize = reader.seize(entry, next_node=f"{node}:release")
    reader.operations[node] = seize
    reader.operations[f"{node}:release"] = Release(needs=seize.needs, next=entry.text("next"))


def _until(reader: NodeReader, node: str, entry: Entry) -> None:
    reader.operations[node] = WaitUntil(calendar=entry.text("calendar"), next=entry.text("next"))


def _set(reader: NodeReader, node: str, entry: Entry) -> None:
    attribute = entry.text("attribute")
    if attribute == "class":
        name = entry.text("value")
        if name not in reader.classes:
            raise PathwayError(entry.at("value"), f"Unknown class {name!r}.", f"Use {', '.join(reader.classes)}.")
        values = (constant(reader.classes.index(name)),) * len(reader.classes)
    else:
        values = entry.by_class("value", reader.classes, plain=True)
    reader.operations[node] = Assign(attribute=attribute, values=values, add=entry.flag("add"), next=entry.text("next"))


def _fork(reader: NodeReader, node: str, entry: Entry) -> None:
    reader.operations[node] = Fork(branches=entry.names("branches"), join=entry.text("join"))


def _join(reader: NodeReader, node: str, entry: Entry) -> None:
    reader.operations[node] = Join(next=entry.text("next"))


def _batch(reader: NodeReader, node: str, entry: Entry) -> None:
    size = entry.whole("size", least=2)
    reader.operations[node] = Batch(size=size, max_wait_us=entry.duration_us("max_wait", 0.0), next=entry.text("next"))


def _exit(reader: NodeReader, node: str, entry: Entry) -> None:
    reader.operations[node] = Exit(disposition=entry.text("disposition", ""))


def _route(reader: NodeReader, node: str, entry: Entry) -> None:
    by = entry.text("by", "chance")
    if by not in list(RouteBy):
        raise PathwayError(entry.at("by"), f"Unknown way to choose {by!r}.", f"Use one of {', '.join(RouteBy)}.")
    branches = []
    for branch in entry.tables("branches"):
        to = branch.text("to")
        if by == RouteBy.CHANCE:
            shares = branch.by_class("share", reader.classes, plain=True)
            branches.append(Branch(to=to, chances=tuple(share.mean for share in shares)))
        elif by == RouteBy.CONDITION:
            condition = branch.text("if", "")
            place = branch.at("if")
            terms = (
                read_condition(condition, classes=reader.classes, unit_us=entry.unit_us, place=place)
                if condition
                else ()
            )
            branches.append(Branch(to=to, terms=terms))
        else:
            branches.append(Branch(to=to, pool=branch.text("pool")))
        branch.check_all_read()
    reader.operations[node] = Route(by=RouteBy(by), branches=tuple(branches))


_WORDS: dict[str, Callable[[NodeReader, str, Entry], None]] = {
    "seize": _seize,
    "consume": _consume,
    "release": _release,
    "delay": _delay,
    "serve": _serve,
    "use": _serve,
    "transport": _transport,
    "gate": _gate,
    "until": _until,
    "set": _set,
    "fork": _fork,
    "join": _join,
    "batch": _batch,
    "exit": _exit,
    "route": _route,
}


def add_turnovers(operations: dict[str, Operation], pools: dict[str, Pool], classes: int) -> None:
    """Put the turnover of units behind every release of a pool that has one.

    Parameters
    ----------
    operations : dict[str, Operation]
        Changed in place.
    pools : dict[str, Pool]
        By id.
    classes : int
        Number of classes.

    Notes
    -----
    A unit goes occupied, dirty, being cleaned, free: it is handed to a process of its own, which seizes the cleaner and
    gives the unit back. Where an any-of seize could have got such a unit, a route by what it got comes first.
    """
    numbers = {pool: number for number, pool in enumerate(pools)}
    for node, operation in list(operations.items()):
        if not isinstance(operation, Release) or operation.ready:
            continue
        if operation.of and not operation.needs:
            seize = operations.get(operation.of)
            if not isinstance(seize, Seize) or not any(_has_turnover(pools, need) for need in seize.needs):
                continue
            branches = []
            for need in seize.needs:
                single = f"{node}:{need.pool}"
                operations[single] = Release(needs=(need,), of=operation.of, next=operation.next)
                got = Term(Subject.CHOSEN, operation.of, Comparison.EQUAL, numbers.get(need.pool, -1))
                branches.append(Branch(to=single, terms=(got,)))
                _hand_over(operations, pools, single, classes)
            operations[node] = Route(by=RouteBy.CONDITION, branches=tuple(branches))
        else:
            _hand_over(operations, pools, node, classes)


def _has_turnover(pools: dict[str, Pool], need: Need) -> bool:
    return need.pool in pools and pools[need.pool].turnover is not None


def _hand_over(operations: dict[str, Operation], pools: dict[str, Pool], node: str, classes: int) -> None:
    release = operations[node]
    if not isinstance(release, Release):
        return
    if not any(_has_turnover(pools, need) for need in release.needs):
        return
    plain = tuple(need for need in release.needs if not _has_turnover(pools, need))
    after = release.next
    if plain:
        after = f"{node}:others"
        operations[after] = Release(needs=plain, next=release.next)
    turned = [need for need in release.needs if _has_turnover(pools, need)]
    for index, need in enumerate(turned):
        here = node if index == 0 else f"{node}:{need.pool}:hand-over"
        follows = after if index == len(turned) - 1 else f"{node}:{turned[index + 1].pool}:hand-over"
        start = _turnover_nodes(operations, pools[need.pool], need, classes)
        operations[here] = Spawn(needs=(need,), start=start, next=follows, of=release.of)


def _turnover_nodes(operations: dict[str, Operation], pool: Pool, need: Need, classes: int) -> str:
    turnover = pool.turnover
    if turnover is None:
        return ""
    name = f"turnover:{pool.id}" if need.quantity == 1 else f"turnover:{pool.id}:{need.quantity}"
    clean = f"{name}:clean"
    start = name if turnover.cleaner else clean
    if clean in operations:
        return start
    if turnover.cleaner:
        operations[name] = Seize(needs=(Need(turnover.cleaner),), levels=(turnover.level,) * classes, next=clean)
        operations[f"{name}:cleaner"] = Release(needs=(Need(turnover.cleaner),), next=f"{name}:ready")
    after = f"{name}:cleaner" if turnover.cleaner else f"{name}:ready"
    operations[clean] = Delay(durations=(turnover.duration,) * classes, next=after)
    operations[f"{name}:ready"] = Release(needs=(need,), ready=True, next=f"{name}:end")
    operations[f"{name}:end"] = Exit(silent=True)
    return start
