"""What the guide and the reference say of pathways is what the reader takes, and both engines run their examples."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from simulation.model.nodes import _WORDS
from simulation.statistics.deadlock import refuse_deadlock
from tests.simulation.pathways import Document, both, plan_of, rows

DOCS = Path(__file__).parents[3] / "docs"
REFERENCE = (DOCS / "reference/pathway.md").read_text("utf-8")


def example(text: str, name: str) -> Document:
    blocks = [tomllib.loads(block) for block in re.findall(r"```toml\n(.*?)```", text, flags=re.DOTALL)]
    [found] = [block for block in blocks if block.get("name") == name]
    return found


@pytest.mark.parametrize(
    ("page", "name"), [("reference/pathway.md", "day surgery"), ("guides/what-if.md", "emergency")]
)
def test_examples_run_alike_on_both_engines(page: str, name: str) -> None:
    plan = plan_of(example((DOCS / page).read_text("utf-8"), name), hours=40)

    fast, slow = both(plan)

    assert fast.patients > 20
    assert fast.exits.sum() > 0
    assert rows(fast) == rows(slow)
    refuse_deadlock(fast.waiting, plan, fast.under_way)


def test_every_operation_stands_in_the_reference() -> None:
    nodes = REFERENCE.split("## Nodes")[1].split("## An example")[0]
    told = {
        word
        for line in nodes.splitlines()
        if line.startswith("| `")
        for word in re.findall(r"`(\w+)`", line.split("|")[1])
    }

    assert told - {"do"} == set(_WORDS)


def test_example_uses_nearly_every_operation() -> None:
    used = {node["do"] for node in example(REFERENCE, "day surgery")["nodes"].values()}

    assert set(_WORDS) - used == {"use", "gate"}
