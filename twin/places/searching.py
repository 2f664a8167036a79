"""Shortest ways on a compressed graph, compiled: Dijkstra with an early end."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@numba.njit(cache=True, nogil=True)
def settle(
    indptr: Ints, indices: Ints, seconds: Floats, start: int, wanted: Flags, enough: int, limit_s: float
) -> tuple[Ints, Floats, Ints, Ints]:
    """Walk outwards from a node until enough wanted nodes were reached, and all others as near as the last one.

    Parameters
    ----------
    indptr, indices, seconds : numpy.ndarray
        Compressed sparse rows: ends and seconds of the edges of each node; shapes (n + 1,), (m,), (m,).
    start : int
        Node to start from.
    wanted : numpy.ndarray
        Which nodes are looked for, shape (n,).
    enough : int
        How many wanted nodes to reach.
    limit_s : float
        No further than this, seconds.

    Returns
    -------
    tuple
        Wanted nodes in order of seconds, those equally far in no order; their seconds; the node before each node on
        its shortest way (-1 if none), shape (n,); the edge by which it was entered, shape (n,).

    Notes
    -----
    One long function: a heap of its own in two arrays, since a call per step would cost more than the step.
    """
    n = indptr.shape[0] - 1
    best = np.full(n, np.inf)
    before = np.full(n, -1, np.int32)
    by_edge = np.full(n, -1, np.int32)
    is_settled = np.zeros(n, np.bool_)
    capacity = 256
    heap_s = np.empty(capacity)
    heap_node = np.empty(capacity, np.int32)
    found = np.empty(n, np.int32)
    found_s = np.empty(n)
    count = 0
    last_s = np.inf
    best[start] = 0.0
    heap_s[0], heap_node[0], size = 0.0, start, 1
    while size:
        reached_s, node = heap_s[0], heap_node[0]
        size -= 1
        if size:
            # the last entry is put into the hole at the top, and sinks
            moved_s, moved = heap_s[size], heap_node[size]
            hole = 0
            while True:
                child = 2 * hole + 1
                if child >= size:
                    break
                if child + 1 < size and heap_s[child + 1] < heap_s[child]:
                    child += 1
                if heap_s[child] >= moved_s:
                    break
                heap_s[hole], heap_node[hole] = heap_s[child], heap_node[child]
                hole = child
            heap_s[hole], heap_node[hole] = moved_s, moved
        # not before: others may be exactly as far as the last one that was asked for
        if reached_s > last_s or reached_s > limit_s:
            break
        # outdated: a shorter way was pushed later; cheaper than lowering entries within the heap
        if is_settled[node]:
            continue
        is_settled[node] = True
        if wanted[node]:
            found[count], found_s[count] = node, reached_s
            count += 1
            if count == enough:
                last_s = reached_s
        for edge in range(indptr[node], indptr[node + 1]):
            neighbour = indices[edge]
            arrival_s = reached_s + seconds[edge]
            if arrival_s < best[neighbour]:
                best[neighbour] = arrival_s
                before[neighbour], by_edge[neighbour] = node, edge
                if size == capacity:
                    capacity *= 2
                    grown_s, grown = np.empty(capacity), np.empty(capacity, np.int32)
                    grown_s[:size], grown[:size] = heap_s[:size], heap_node[:size]
                    heap_s, heap_node = grown_s, grown
                hole = size
                size += 1
                while hole and heap_s[(hole - 1) // 2] > arrival_s:
                    parent = (hole - 1) // 2
                    heap_s[hole], heap_node[hole] = heap_s[parent], heap_node[parent]
                    hole = parent
                heap_s[hole], heap_node[hole] = arrival_s, neighbour
    return found[:count], found_s[:count], before, by_edge
