"""Random pathways that are valid by construction, with every operation, and helpers to run them on both engines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from simulation.compiled.engine import CompiledEngine
from simulation.model.building import build_pathway
from simulation.model.calendars import Span
from simulation.model.plan import RunPlan
from simulation.reference.running import run_reference
from simulation.statistics.outcome import RunOutcome

MONDAY = 1_795_996_800_000_000  # 2026-11-30 00:00 UTC, a Monday
HOUR = 3_600_000_000
DAY = 24 * HOUR
MINUTE = 60_000_000

Document = dict[str, Any]


def plan_of(document: Document, *, hours: float = 12.0, start_at: int = MONDAY, **settings: Any) -> RunPlan:
    span = Span(start_at=start_at, horizon_us=round(hours * HOUR))
    pathway = build_pathway(document, span=span)
    return RunPlan(
        pathway=pathway,
        span=Span(start_at=start_at, horizon_us=span.horizon_us, zone=pathway.zone),
        **settings,
    )


def both(plan: RunPlan, replication: int = 0) -> tuple[RunOutcome, RunOutcome]:
    return CompiledEngine(plan).run(replication, log=True), run_reference(plan, replication)


def rows(outcome: RunOutcome) -> list[tuple[int, ...]]:
    assert outcome.log is not None
    return outcome.log.rows()


# Whole minutes make many ties; the others make none.
durations = st.sampled_from(
    [
        "3",
        "5",
        "10",
        "0",
        "exp:mean=7",
        "lognormal:8,6",
        "triangular:2,5,9",
        "uniform:1,12",
        "values:1,4,4,15",
        "gamma:mean=6,sd=4",
        "weibull:1.5,8",
        "hyperexp:.4,2,15",
        "normal:6,3,1",
        "erlang:3,9",
    ]
)
positive = durations.filter(lambda text: text != "0")


class _Maker:
    def __init__(self, draw: Callable[..., Any], pools: list[str], stocks: list[str], single: list[str]) -> None:
        self.draw, self.pools, self.stocks, self.single = draw, pools, stocks, single
        self.nodes: Document = {}
        self.count = 0

    def name(self, word: str) -> str:
        self.count += 1
        return f"{word}-{self.count}"

    def some_pools(self, least: int, most: int) -> list[str]:
        shared = [pool for pool in self.pools if pool not in self.single]
        if len(shared) < least:
            return [self.draw(st.sampled_from(self.pools))]
        return self.draw(st.lists(st.sampled_from(shared), min_size=least, max_size=most, unique=True))

    def blocks(self, following: str, depth: int, *, in_fork: bool = False) -> str:
        for _ in range(self.draw(st.integers(1, 3))):
            following = self.block(following, depth, in_fork=in_fork)
        return following

    def block(self, following: str, depth: int, *, in_fork: bool) -> str:
        words = ["serve", "delay", "serve", "all", "any", "set", "until", "open-hours", "batch", "consume", "patience"]
        if depth:
            words += ["hold", "route", "condition", "shortest", "loop", "hold"]
            words += [] if in_fork else ["fork"]
        word = self.draw(st.sampled_from(words))
        return getattr(self, "_" + word.replace("-", "_"))(following, depth, in_fork)

    def _delay(self, following: str, depth: int, in_fork: bool) -> str:
        node = self.name("delay")
        self.nodes[node] = {"do": "delay", "duration": self.draw(durations), "next": following}
        return node

    def _open_hours(self, following: str, depth: int, in_fork: bool) -> str:
        node = self._delay(following, depth, in_fork)
        self.nodes[node]["calendar"] = "office"
        return node

    def _until(self, following: str, depth: int, in_fork: bool) -> str:
        node = self.name("until")
        self.nodes[node] = {"do": "until", "calendar": "rounds", "next": following}
        return node

    def _serve(self, following: str, depth: int, in_fork: bool) -> str:
        node = self.name("serve")
        pool = self.draw(st.sampled_from(self.pools))
        self.nodes[node] = {"do": "serve", "pools": pool, "duration": self.draw(durations), "next": following}
        if self.draw(st.booleans()):
            self.nodes[node]["priority"] = self.draw(st.sampled_from(["urgency", 0, 2, {"a": 1, "b": 0}]))
        return node

    def _patience(self, following: str, depth: int, in_fork: bool) -> str:
        node = self._serve(following, depth, in_fork)
        self.nodes[node] |= {"patience": self.draw(positive), "reneged": following}
        return node

    def _all(self, following: str, depth: int, in_fork: bool) -> str:
        node = self.name("all")
        needs = {pool: self.draw(st.integers(1, 2)) for pool in self.some_pools(2, 3)}
        if len(needs) == 1:
            needs = dict.fromkeys(needs, 1)
        self.nodes[node] = {"do": "serve", "pools": needs, "duration": self.draw(durations), "next": following}
        return node

    def _any(self, following: str, depth: int, in_fork: bool) -> str:
        pools = self.some_pools(2, 3)
        if len(pools) == 1:
            return self._serve(following, depth, in_fork)
        node = self.name("any")
        duration = self.draw(durations)
        self.nodes[node] = {"do": "serve", "pools": pools, "any_of": True, "duration": duration, "next": following}
        return node

    def _set(self, following: str, depth: int, in_fork: bool) -> str:
        node = self.name("set")
        value, add = self.draw(st.sampled_from([0, 1, 3, "uniform:0,4"])), self.draw(st.booleans())
        self.nodes[node] = {"do": "set", "attribute": "urgency", "value": value, "add": add, "next": following}
        return node

    def _batch(self, following: str, depth: int, in_fork: bool) -> str:
        node = self.name("batch")
        self.nodes[node] = {"do": "batch", "size": self.draw(st.integers(2, 3)), "next": following}
        if self.draw(st.booleans()):
            self.nodes[node]["max_wait"] = self.draw(st.integers(1, 40))
        return node

    def _consume(self, following: str, depth: int, in_fork: bool) -> str:
        node = self.name("consume")
        quantity = self.draw(st.integers(1, 2))
        self.nodes[node] = {"do": "consume", "pools": self.stocks[0], "quantity": quantity, "next": following}
        return node

    def _hold(self, following: str, depth: int, in_fork: bool) -> str:
        node, release = self.name("hold"), self.name("release")
        pool = self.draw(st.sampled_from(self.pools))
        self.nodes[release] = {"do": "release", "pools": pool, "next": following}
        inner = self.blocks(release, depth - 1, in_fork=in_fork)
        self.nodes[node] = {"do": "seize", "pools": pool, "next": inner}
        return node

    def _two_ways(self, following: str, depth: int, in_fork: bool) -> list[str]:
        return [self.blocks(following, depth - 1, in_fork=in_fork), self.block(following, 0, in_fork=in_fork)]

    def _route(self, following: str, depth: int, in_fork: bool) -> str:
        node, (one, two) = self.name("route"), self._two_ways(following, depth, in_fork)
        share = self.draw(st.sampled_from([0.0, 0.25, 0.5, 1.0]))
        shares = [{"a": share, "b": 0.5}, {"a": 1 - share, "b": 0.5}]
        ways = [{"to": to, "share": part} for to, part in zip((one, two), shares, strict=True)]
        self.nodes[node] = {"do": "route", "branches": ways}
        return node

    def _condition(self, following: str, depth: int, in_fork: bool) -> str:
        node, (one, two) = self.name("if"), self._two_ways(following, depth, in_fork)
        pool = self.pools[0]
        texts = [f"free('{pool}') > 0 and urgency < 2", f"queue('{pool}') >= 2", "class == 'a'", "elapsed > '30 min'"]
        texts += ["hour < 6", "urgency != 1"]
        ways = [{"to": one, "if": self.draw(st.sampled_from(texts))}, {"to": two}]
        self.nodes[node] = {"do": "route", "by": "condition", "branches": ways}
        return node

    def _shortest(self, following: str, depth: int, in_fork: bool) -> str:
        node, ways = self.name("shortest"), self._two_ways(following, depth, in_fork)
        branches = [{"to": to, "pool": self.draw(st.sampled_from(self.pools))} for to in ways]
        self.nodes[node] = {"do": "route", "by": "shortest", "branches": branches}
        return node

    def _loop(self, following: str, depth: int, in_fork: bool) -> str:
        back = self.name("back")
        inner = self._delay(self.blocks(back, depth - 1, in_fork=in_fork), 0, in_fork)
        self.nodes[inner]["duration"] = self.draw(positive)
        ways = [{"to": inner, "share": 0.3}, {"to": following, "share": 0.7}]
        self.nodes[back] = {"do": "route", "branches": ways}
        return inner

    def _fork(self, following: str, depth: int, in_fork: bool) -> str:
        node, join = self.name("fork"), self.name("join")
        self.nodes[join] = {"do": "join", "next": following}
        branches = [self.blocks(join, 0, in_fork=True) for _ in range(self.draw(st.integers(2, 3)))]
        self.nodes[node] = {"do": "fork", "branches": branches, "join": join}
        return node


@st.composite
def documents(draw: Callable[..., Any]) -> Document:
    """Give a whole pathway document."""
    pools: Document = {}
    single = []
    for number in range(draw(st.integers(1, 4))):
        pool: Document = {"capacity": draw(st.integers(2, 4))}
        pool["discipline"] = draw(st.sampled_from(["fifo", "priority", "priority", "preemptive"]))
        pool["at_shift_end"] = draw(st.sampled_from(["finish", "hand_over", "evict"]))
        pool["eviction"] = draw(st.sampled_from(["resume", "restart", "resample"]))
        pool["may_overtake"] = draw(st.booleans())
        if draw(st.booleans()):
            pool["reserve_after"] = draw(st.integers(1, 30))
        if draw(st.booleans()):
            pool["level_worth"] = draw(st.integers(1, 30))
        if draw(st.booleans()):
            pool["changes"] = [{"after": "2h", "add": -1}, {"after": "3h", "add": 2}, {"after": "5h", "add": -1}]
        if draw(st.booleans()):
            hours = [("00:00", "03:00"), ("03:00", "06:00"), ("08:00", "11:00")]
            pool["shifts"] = [{"from": a, "to": b, "units": draw(st.integers(1, 2))} for a, b in hours]
        if draw(st.integers(0, 3)) == 0:
            pool["failures"] = {"up": draw(st.sampled_from(["exp:mean=200", "60"])), "down": "exp:mean=20"}
        if draw(st.integers(0, 2)) == 0:
            pool["turnover"] = {"duration": draw(durations), "cleaner": draw(st.sampled_from(["", "cleaner"]))}
        name = f"pool-{number}"
        if pool["discipline"] == "preemptive":
            single.append(name)
        pools[name] = pool
    names = list(pools)
    pools["cleaner"] = {"capacity": 1}
    pools["stock"] = {"capacity": 6, "restocking": {"at": 3, "quantity": 5, "lead_time": draw(durations)}}
    maker = _Maker(draw, names, ["stock"], single)
    first = maker.blocks("out", 2)
    maker.nodes["out"] = {"do": "exit"}
    timings: list[Document] = [
        {"gap": draw(positive)},
        {"per_hour": [3, 9, 0, 5]},
        {"at": ["0", "0", "10", "25 min", "2h", "2h"], "no_show": 0.2, "lateness": "exp:mean=5", "early": "3 min"},
        {"gap": "exp:mean=25", "group": "uniform:1,4"},
        {"burst": {"after": "1h", "count": 8, "spread": "exp:mean=6"}},
        {"per_hour": 4, "pre_arrival": "15 min"},
        {"appointments": {"calendar": "office", "per_opening": 5, "every": "11 min"}},
    ]
    chosen = draw(st.lists(st.sampled_from(range(len(timings))), min_size=1, max_size=2, unique=True))
    arrivals = {f"stream-{n}": {"to": first, "classes": {"a": 0.4, "b": 0.6}, **timings[n]} for n in chosen}
    return {
        "name": "random",
        "unit": "min",
        "classes": {"a": {"priority": draw(st.integers(0, 2))}, "b": {"priority": 1}},
        "pools": pools,
        "calendars": {
            "office": {"open": [{"from": "01:00", "to": "02:30"}, {"from": "04:00", "to": "09:00"}]},
            "rounds": {"open": [{"from": f"{hour:02d}:00", "to": f"{hour:02d}:10"} for hour in range(0, 24, 2)]},
        },
        "arrivals": arrivals,
        "nodes": maker.nodes,
    }
