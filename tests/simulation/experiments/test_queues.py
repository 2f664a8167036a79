"""Simulated queues against published formulae; the expected values stand in the data files."""

from __future__ import annotations

import math
from typing import Any

import pytest

from simulation.experiments.queues import QueueQuestion, answer, exact_values
from simulation.model.problems import PathwayError
from simulation.statistics import formulae
from tests.datafiles import load_json

PATIENTS = 200_000
FAR = 4.0  # standard errors; about one case in 15,000 is further by chance


def case(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    found = load_json(f"simulation/{name}.json")
    return found["params"], found["expected"]


def questions() -> list[tuple[str, QueueQuestion, dict[str, float]]]:
    found = []
    p, e = case("01_mm1")
    found.append(("M/M/1", ask(1, p["lam"], p["mu"]), {"wait": e["Wq"], "waits_share": e["P_wait"]}))
    for name in ("02_mmc_4", "02_mmc_20"):
        p, e = case(name)
        wanted = {"wait": e["Wq"], "waits_share": e["P_wait"], "waiting": e["Lq"]}
        found.append((name, ask(p["c"], p["lam"], p["mu"]), wanted))
    p, e = case("03_mmcK")
    question = QueueQuestion(
        servers=p["c"], arrivals=(f"exp:{p['lam']}",), service=(f"exp:{p['mu']}",), places=p["K"], patients=PATIENTS
    )
    found.append(("M/M/c/K", question, {"wait": e["Wq"], "lost_share": e["P_block"], "waiting": e["Lq"]}))
    p, e = case("04_erlangB_insensitive")
    service = f"lognormal:{p['mean']},{p['mean'] * math.sqrt(p['scv'])}"
    question = QueueQuestion(
        servers=p["c"], arrivals=(f"exp:{p['lam']}",), service=(service,), places=p["c"], patients=PATIENTS
    )
    found.append(("loss", question, {"lost_share": e["P_block"]}))
    p, e = case("05_mg1_pk")
    service = f"lognormal:{p['mean']},{p['mean'] * math.sqrt(p['scv'])}"
    question = QueueQuestion(servers=1, arrivals=(f"exp:{p['lam']}",), service=(service,), patients=PATIENTS)
    found.append(("M/G/1", question, {"wait": e["Wq"]}))
    p, e = case("06_md1")
    question = QueueQuestion(servers=1, arrivals=(f"exp:{p['lam']}",), service=(f"const:{p['D']}",), patients=PATIENTS)
    found.append(("M/D/1", question, {"wait": e["Wq"]}))
    p, e = case("08_priority_nonpreemptive_mg1")
    question = QueueQuestion(
        servers=1,
        arrivals=tuple(f"exp:{rate}" for rate in p["lam"]),
        service=(f"exp:{p['mu']}",),
        discipline="priority",
        patients=PATIENTS,
    )
    found.append(("Cobham", question, {f"wait.{n}": e[f"Wq_class{n}"] for n in range(3)}))
    return found


def ask(servers: int, arrival_rate: float, service_rate: float) -> QueueQuestion:
    return QueueQuestion(
        servers=servers, arrivals=(f"exp:{arrival_rate}",), service=(f"exp:{service_rate}",), patients=PATIENTS
    )


@pytest.mark.parametrize("number", range(8))
def test_simulated_queue_agrees_with_the_published_value(number: int) -> None:
    name, question, expected = questions()[number]

    lines = {line.measure: line for line in answer(question)}

    for measure, value in expected.items():
        assert lines[measure].exact == pytest.approx(value, rel=1e-9), (name, measure)
        assert abs(lines[measure].z) < FAR, (name, measure)


def test_pre_emption_agrees_with_its_formula() -> None:
    question = QueueQuestion(
        servers=1,
        arrivals=("exp:0.1", "exp:0.25", "exp:0.35"),
        service=("exp:1",),
        discipline="preemptive",
        patients=PATIENTS,
    )

    lines = {line.measure: line for line in answer(question)}

    assert [lines[f"stay.{n}"].exact for n in range(3)] == pytest.approx([1.111111, 1.709402, 5.128205], rel=1e-6)
    assert all(abs(lines[f"stay.{n}"].z) < FAR for n in range(3))


def test_impatient_patients_agree_with_erlang_a() -> None:
    question = QueueQuestion(
        servers=20, arrivals=("exp:22",), service=("exp:1",), patience="exp:0.5", patients=PATIENTS
    )

    lines = {line.measure: line for line in answer(question)}

    assert lines["lost_share"].exact == pytest.approx(0.122135, abs=1e-6)
    assert all(abs(lines[name].z) < FAR for name in ("lost_share", "waiting", "waits_share"))


def test_network_formula_gives_the_published_node_values() -> None:
    p, e = case("07_jackson3")

    found = formulae.jackson(p["ext"], p["routing"], p["mu"], p["c"])

    for number, values in enumerate(found):
        assert values.wait == pytest.approx(e[f"node{number}"]["Wq"])
        assert values.waits_share == pytest.approx(e[f"node{number}"]["P_wait"])


def test_stroke_unit_delays_are_erlang_losses() -> None:
    expected = load_json("simulation/14_stroke_monks2016.json")["expected"]

    for unit in ("asu", "rehab"):
        load = expected["analytic"][f"load_{unit}"]
        for beds, published in expected["published_paper"]["current"][unit].items():
            assert formulae.erlang_b(load, int(beds)) == pytest.approx(published, abs=0.01)


@pytest.mark.parametrize(
    "question",
    [
        QueueQuestion(servers=3, arrivals=("const:1",), service=("exp:1",)),
        QueueQuestion(servers=3, arrivals=("exp:1",), service=("lognormal:1,1",)),
        QueueQuestion(servers=1, arrivals=("exp:1",), service=("exp:1",), patience="const:3"),
    ],
)
def test_no_exact_value_is_claimed_where_there_is_no_formula(question: QueueQuestion) -> None:
    assert set(exact_values(question)) <= {"utilisation_share"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"service": ("exp:1", "exp:2", "exp:3")}, "3 services for 1 classes"),
        ({"places": 2}, "fewer places than servers"),
        ({"replications": 1}, "at least two"),
        ({"service": ("exp:0",)}, "parameters are positive"),
        ({"discipline": "loudest"}, "Unknown discipline"),
    ],
)
def test_queue_that_cannot_be_is_refused(changes: dict[str, Any], message: str) -> None:
    values = {"servers": 3, "arrivals": ("exp:1",), "service": ("exp:1",)} | changes

    with pytest.raises(PathwayError, match=message):
        answer(QueueQuestion(**values))


def test_loss_formulae_are_monotone_in_servers() -> None:
    values = [formulae.erlang_b(10.0, servers) for servers in range(30)]

    assert values == sorted(values, reverse=True)
    assert formulae.square_root_staffing(100.0, 1.0) == 110
