"""How much alike two programs' control flow is, in [0, 1], and whether a trace of one says something of the other.

Graphs are compared by what each node leads to: its label, then the labels up to one and up to two edges on
(Weisfeiler-Lehman), counted over the graph; the similarity is Dice's coefficient of the two counts. Equal graphs have 1, and
the cost grows with the graph, where an exact edit distance would grow beyond all bounds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from functools import lru_cache

import networkx as nx

from verl_egca.gates.flow_graph import flow_graph

ROUNDS = 2  # how many edges away counts

Neighbourhoods = Counter[Hashable]


def similarity(program: str, reference: str, entry_point: str | None) -> float | None:
    """None where one of them can't be judged by its looks: nothing may be concluded then. Never raises."""
    wanted = _of_reference(reference, entry_point)
    found = neighbourhoods(program, entry_point) if wanted is not None else None
    return None if wanted is None or found is None else 2 * (wanted & found).total() / (wanted.total() + found.total())


def neighbourhoods(program: str, entry_point: str | None) -> Neighbourhoods | None:
    graph = flow_graph(program, entry_point)
    if graph is None:
        return None
    labels: dict[int, Hashable] = nx.get_node_attributes(graph, "label")
    counts: Neighbourhoods = Counter(labels.values())
    for _ in range(ROUNDS):
        around = {node: Counter(labels[after] for after in graph.successors(node)) for node in graph}
        labels = {node: (labels[node], frozenset(around[node].items())) for node in graph}
        counts.update(labels.values())
    return counts


_of_reference = lru_cache(maxsize=4096)(neighbourhoods)
