"""Queues whose long-run values are published or follow from theory; shared by the tests and the benchmark.

Expected values stand here as published or as worked out by hand, apart from the program's own formulae, so that both the
formula and the simulation are checked against a third number. Times are in units of the rates.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from simulation.experiments.queues.question import QueueQuestion, question_of
from tests.datafiles import load_json


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueCase:
    """One queue, its values by measure, and where they come from."""

    name: str
    document: dict[str, Any]
    expected: dict[str, float] = field(default_factory=dict)
    source: str = ""

    def question(self, *, patients: int, seed: int, replications: int = 50) -> QueueQuestion:
        """Give the question for so many patients."""
        run = {"patients": patients, "seed": seed, "replications": replications}
        return question_of(self.document | run)


def _exponential(rates: list[float]) -> list[str]:
    return [f"exp:{rate}" for rate in rates]


def _from_files() -> list[QueueCase]:
    found = []

    def case(name: str) -> tuple[dict[str, Any], dict[str, float], str]:
        loaded = load_json(f"simulation/{name}.json")
        return loaded["params"], loaded["expected"], loaded["source"]

    for name, c in (("01_mm1", 1), ("02_mmc_4", 4), ("02_mmc_20", 20)):
        p, e, source = case(name)
        document = {"servers": c, "arrivals": f"exp:{p['lam']}", "service": f"exp:{p['mu']}"}
        expected = {"wait": e["Wq"], "waits_share": e["P_wait"], "waiting": e["Lq"], "wait_p95": e["Wq_p95"]}
        found.append(QueueCase(name=name, document=document, expected=expected, source=source))
    p, e, source = case("03_mmcK")
    document = {"servers": p["c"], "arrivals": f"exp:{p['lam']}", "service": f"exp:{p['mu']}", "places": p["K"]}
    expected = {"wait": e["Wq"], "lost_share": e["P_block"], "waiting": e["Lq"], "throughput": e["lam_eff"]}
    found.append(QueueCase(name="03_mmcK", document=document, expected=expected, source=source))
    p, e, source = case("04_erlangB_insensitive")
    service = f"lognormal:{p['mean']},{p['mean'] * p['scv'] ** 0.5}"
    document = {"servers": p["c"], "arrivals": f"exp:{p['lam']}", "service": service, "places": p["c"]}
    expected = {"lost_share": e["P_block"], "present": e["mean_busy"]}
    found.append(QueueCase(name="04_loss", document=document, expected=expected, source=source))
    p, e, source = case("05_mg1_pk")
    service = f"lognormal:{p['mean']},{p['mean'] * p['scv'] ** 0.5}"
    document = {"servers": 1, "arrivals": f"exp:{p['lam']}", "service": service}
    found.append(QueueCase(name="05_mg1", document=document, expected={"wait": e["Wq"]}, source=source))
    p, e, source = case("06_md1")
    document = {"servers": 1, "arrivals": f"exp:{p['lam']}", "service": f"const:{p['D']}"}
    found.append(QueueCase(name="06_md1", document=document, expected={"wait": e["Wq"]}, source=source))
    p, e, source = case("07_jackson3")
    names = "abc"
    points = {
        names[n]: {
            "servers": p["c"][n],
            "service": f"exp:{p['mu'][n]}",
            "next": {names[k]: share for k, share in enumerate(p["routing"][n]) if share},
        }
        | ({"arrivals": f"exp:{p['ext'][n]}"} if p["ext"][n] else {})
        for n in range(3)
    }
    expected = {"stay": e["mean_sojourn_network"]}
    for n in range(3):
        node = e[f"node{n}"]
        expected |= {f"{names[n]}.wait": node["Wq"], f"{names[n]}.present": node["L"]}
        expected |= {f"{names[n]}.waits_share": node["P_wait"], f"{names[n]}.throughput": node["lam"]}
    found.append(QueueCase(name="07_jackson", document={"points": points}, expected=expected, source=source))
    p, e, source = case("08_priority_nonpreemptive_mg1")
    document = {
        "servers": 1,
        "arrivals": _exponential(p["lam"]),
        "service": f"exp:{p['mu']}",
        "discipline": "priority",
    }
    expected = {f"wait.{n}": e[f"Wq_class{n}"] for n in range(3)}
    found.append(QueueCase(name="08_cobham", document=document, expected=expected, source=source))
    return found


def _from_theory() -> list[QueueCase]:
    one = {"service": "exp:1"}
    tandem = {
        "a": one | {"servers": 1, "arrivals": "exp:0.5", "next": {"b": 1.0}},
        "b": one | {"servers": 1, "places": 1, "full": "block"},
    }
    line = {
        "a": one | {"servers": 2, "places": 4, "arrivals": "exp:2", "next": {"b": 1.0}},
        "b": {"service": "exp:1.5", "servers": 1, "places": 2, "full": "block", "next": {"c": 1.0}},
        "c": {"service": "exp:0.8", "servers": 2, "places": 3, "full": "block"},
    }
    feed = {
        "door": one | {"servers": 3, "arrivals": "exp:2", "next": {"ward": 0.5}},
        "ward": {"service": "lognormal:8,10", "servers": 10, "places": 10},
    }
    three = _exponential([0.1, 0.25, 0.35])
    return [
        QueueCase(
            name="09_preemptive",
            document=one | {"servers": 1, "arrivals": three, "discipline": "preemptive"},
            expected={"stay.0": 1.111111111, "stay.1": 1.709401709, "stay.2": 5.128205128},
            source="Kleinrock 1976, pre-emptive resume",
        ),
        QueueCase(
            name="10_mm8_priority",
            document=one | {"servers": 8, "arrivals": _exponential([1, 2, 3]), "discipline": "priority"},
            expected={"wait.0": 0.05099729, "wait.1": 0.08159568, "wait.2": 0.28558488},
            source="Cobham 1954",
        ),
        QueueCase(
            name="11_erlang_a",
            document=one | {"servers": 20, "arrivals": "exp:22", "patience": "exp:0.5"},
            expected={"lost_share": 0.122134952, "waiting": 5.373937879, "waits_share": 0.790935612},
            source="Garnett, Mandelbaum, Reiman 2002",
        ),
        QueueCase(
            name="12_mt_m_inf",
            document={"servers": "inf", "rates": "sine:20,10,24", "service": "exp:0.25"},
            expected={"present": 80.0, "present_peak": 107.6248, "peak_lag": 3.088},
            source="Eick, Massey, Whitt 1993",
        ),
        QueueCase(
            name="13_tandem_blocking",
            document={"points": tandem},
            expected={"a.blocked": 0.2, "a.present": 2.3, "b.present": 0.5},
            source="Markov chain of two servers without a place between",
        ),
        QueueCase(name="line of three, all limited", document={"points": line}),
        QueueCase(name="M/M/3, half of it to a loss ward", document={"points": feed}),
        QueueCase(
            name="pre-emption, two servers",
            document=one | {"servers": 2, "arrivals": _exponential([0.5, 1.0]), "discipline": "preemptive"},
            expected={"stay.0": 1.066666667, "stay.1": 2.895238095},
            source="Buzen, Bondi 1983",
        ),
        QueueCase(
            name="D/M/1",
            document=one | {"servers": 1, "arrivals": "const:1.25"},
            expected={"waits_share": 0.628630664},
            source="Kleinrock 1975, root of x = exp(-1.25 (1 - x))",
        ),
        QueueCase(
            name="groups of one to four, M/1",
            document=one | {"servers": 1, "arrivals": "exp:0.2", "group": "values:1,2,3,4"},
            expected={"wait": 3.0},
            source="Gross, Harris 1998",
        ),
        QueueCase(
            name="M/G/inf, three rates a day",
            document={"servers": "inf", "rates": [5, 20, 10], "piece": 8, "service": "lognormal:5,4"},
        ),
        QueueCase(name="M/M/3, three rates", document=one | {"servers": 3, "rates": [1, 4, 2], "piece": 4}),
        QueueCase(
            name="M/M/3/5, three rates", document=one | {"servers": 3, "rates": [1, 4, 2], "piece": 4, "places": 5}
        ),
        QueueCase(
            name="impatient, with places",
            document=one | {"servers": 20, "arrivals": "exp:22", "patience": "exp:0.5", "places": 30},
        ),
        QueueCase(
            name="two share a level, M/G/1",
            document={
                "classes": {"a": {"priority": 0}, "b": {"priority": 1}, "c": {"priority": 1}},
                "servers": 1,
                "arrivals": {"a": "exp:0.1", "b": "exp:0.2", "c": "exp:0.3"},
                "service": {"a": "exp:1", "b": "const:1", "other": "lognormal:1,1"},
                "discipline": "priority",
            },
        ),
    ]


def queue_cases() -> list[QueueCase]:
    """Give all cases; those of the data folder need it."""
    return [*_from_files(), *_from_theory()]
