"""What hangs on what: containment without circles, and whom a failure hits."""

from __future__ import annotations

from collections.abc import Iterable

import networkx as nx

from assets.model.register import Relation, RelationKind

_PROPAGATING = frozenset(
    {RelationKind.PART_OF, RelationKind.POWERED_BY, RelationKind.NETWORKED_TO, RelationKind.ACCESSORY_OF}
)


def containment_cycle(containment: nx.DiGraph[str], child: str, parent: str) -> tuple[str, ...]:
    """Give the chain by which an asset would contain itself, or nothing.

    Parameters
    ----------
    containment : nx.DiGraph
        Edges from each part to what contains it.
    child, parent : str
        The edge that shall be added.
    """
    if child == parent:
        return (child, child)
    # A way up from the parent to the child would be closed to a circle by the new edge.
    if child not in containment or parent not in containment or not nx.has_path(containment, parent, child):
        return ()
    return (child, *nx.shortest_path(containment, parent, child))


def impact_of(relations: Iterable[Relation], failed: str) -> dict[str, tuple[str, ...]]:
    """Give which assets a failure hits, with the chain from the failed one to each.

    Parameters
    ----------
    relations : Iterable[Relation]
        All ties; a backup saves what it backs up and passes nothing on.
    failed : str
        Id of the asset that fails.
    """
    graph: nx.DiGraph[str] = nx.DiGraph()
    for relation in relations:
        if relation.kind in _PROPAGATING:
            graph.add_edge(relation.other, relation.asset)
    if failed not in graph:
        return {}
    paths = nx.single_source_shortest_path(graph, failed)
    return {asset: tuple(chain) for asset, chain in sorted(paths.items()) if asset != failed}
