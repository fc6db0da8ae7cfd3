"""The same program builds the same graph with both libraries, in one process."""

from __future__ import annotations

from types import ModuleType

import pytest

from tests import known_differences, same_graph
from tests.programs.every_program import PROGRAMS


@pytest.mark.parametrize("name", known_differences.parameters("same_graph", PROGRAMS))
def test_same_graph(name: str, tf: ModuleType, mg: ModuleType) -> None:
    """Node for node, attribute for attribute, in the same order."""
    graphs = []
    for library in (tf, mg):
        with library.Graph().as_default() as graph:
            PROGRAMS[name](library)
            graphs.append(same_graph.parsed(graph.as_graph_def()))
    differences = same_graph.differences(*graphs)
    assert not differences, f"{name}:\n{differences}"
