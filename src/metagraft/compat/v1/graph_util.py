"""`tf.graph_util`: parts of graphs, and variables as constants."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    "convert_variables_to_constants": (
        "metagraft.training.freezing:convert_variables_to_constants"
    ),
    "import_graph_def": "metagraft.graph.import_graph_def:import_graph_def",
    **from_module(
        "metagraft.meta_graph.subgraph",
        "extract_sub_graph must_run_on_cpu remove_training_nodes "
        "tensor_shape_from_node_def_name",
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
