"""`convert_variables_to_constants`: a graph with the values of a session in it.

Source: tensorflow python/framework/convert_to_constants.py.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from metagraft.meta_graph.freezing import freeze, variable_tensors
from metagraft.meta_graph.subgraph import extract_sub_graph
from metagraft.proto import GraphDef
from metagraft.runtime.session import BaseSession


def convert_variables_to_constants(
    sess: BaseSession,
    input_graph_def: Any,
    output_node_names: Sequence[str],
    variable_names_whitelist: Collection[str] | None = None,
    variable_names_blacklist: Collection[str] | None = None,
) -> GraphDef:
    """Return what outputs need, with constants in the place of variables.

    Args:
        sess: A session that has the variables' values.
        input_graph_def: `GraphDef`, ours or TensorFlow's; not changed.
        output_node_names: Names of the nodes to keep.
        variable_names_whitelist: Names of the variables to freeze; None for all.
        variable_names_blacklist: Names of variables to leave as they are.
    """
    part = extract_sub_graph(input_graph_def, output_node_names)
    tensors = variable_tensors(part, variable_names_whitelist, variable_names_blacklist)
    found = sess.run(list(tensors.values())) if tensors else []
    return freeze(part, dict(zip(tensors, found, strict=True)))
