"""Whether layers that are not told otherwise train: a placeholder of each graph.

Source: keras backend.py learning_phase.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from metagraft.api.constants import placeholder_with_default
from metagraft.graph.defaults import get_default_graph
from metagraft.graph.graph import Graph
from metagraft.graph.init_scope import init_scope
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

# A fact of graphs that only layers need.
_phases: WeakKeyDictionary[Graph, Tensor] = WeakKeyDictionary()


def training_or_phase(training: Any) -> Any:
    """Return what a layer was told, or the phase of the graph if that is None.

    The phase is a boolean that is false unless `keras_learning_phase:0` is fed.
    """
    if training is not None:
        return training
    with init_scope():
        graph = get_default_graph()
        if graph not in _phases:
            with name_scope(""):
                _phases[graph] = placeholder_with_default(
                    False, shape=(), name="keras_learning_phase"
                )
        return _phases[graph]
