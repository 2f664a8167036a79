"""What hangs on what: no circle of containment, and every device that a failure hits with a way to it."""

from __future__ import annotations

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from assets.model.register import Relation, RelationKind
from assets.rules.relations import containment_cycle, impact_of

NAMES = st.sampled_from("abcdef")
RELATIONS = st.builds(Relation, asset=NAMES, other=NAMES, kind=st.sampled_from(RelationKind))


@given(st.lists(RELATIONS, max_size=15), NAMES)
def test_each_chain_leads_step_by_step_from_the_failed_device(relations: list[Relation], failed: str) -> None:
    steps = {(one.other, one.asset) for one in relations if one.kind is not RelationKind.BACKUP_OF}

    hits = impact_of(relations, failed)

    assert failed not in hits
    for hit, chain in hits.items():
        assert (chain[0], chain[-1]) == (failed, hit)
        assert set(zip(chain, chain[1:], strict=False)) <= steps
    # Nobody is left out: whoever hangs on a device that is hit is hit as well.
    reached = {failed, *hits}
    assert {after for before, after in steps if before in reached} <= reached


def test_a_backup_passes_nothing_on() -> None:
    backup = Relation(asset="spare", other="pump", kind=RelationKind.BACKUP_OF)

    assert impact_of([backup], "pump") == {}


@given(st.lists(st.tuples(NAMES, NAMES), max_size=12), NAMES, NAMES)
def test_an_edge_is_refused_exactly_if_it_closes_a_circle(
    edges: list[tuple[str, str]], child: str, parent: str
) -> None:
    graph: nx.DiGraph[str] = nx.DiGraph()
    for a, b in edges:
        if a != b and not (graph.has_node(a) and graph.has_node(b) and nx.has_path(graph, b, a)):
            graph.add_edge(a, b)

    chain = containment_cycle(graph, child, parent)

    graph.add_edge(child, parent)
    assert bool(chain) == (not nx.is_directed_acyclic_graph(graph))
    assert not chain or chain[0] == chain[-1] == child
