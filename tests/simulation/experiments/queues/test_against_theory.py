"""Simulated queues against published values and against the program's own exact ones."""

from __future__ import annotations

import pytest

from simulation.experiments.queues.estimates import answer
from tests.simulation.queue_cases import queue_cases

PATIENTS = 300_000  # the benchmark does the same with 10,000,000
FAR = 3.3  # standard errors
COUNT = 24
pytestmark = pytest.mark.timeout(240)  # the first test of a fresh machine compiles the kernel as well


def test_every_case_is_run() -> None:
    assert len(queue_cases()) == COUNT


@pytest.mark.parametrize("number", range(COUNT))
def test_simulated_queue_agrees_with_theory(number: int) -> None:
    case = queue_cases()[number]

    lines = {line.measure: line for line in answer(case.question(patients=PATIENTS, seed=2))}

    for measure, value in case.expected.items():
        assert lines[measure].exact == pytest.approx(value, rel=1e-4), (case.name, measure)
    known = [line for line in lines.values() if line.z == line.z]
    assert known, case.name
    assert {line.measure: line.z for line in known if abs(line.z) >= FAR} == {}, case.name
