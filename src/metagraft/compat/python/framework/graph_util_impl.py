"""`tensorflow.python.framework.graph_util_impl`: parts of graphs."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    **from_module("metagraft.compat.v1", "GraphDef"),
    **from_module(
        "metagraft.compat.v1.graph_util",
        "convert_variables_to_constants extract_sub_graph must_run_on_cpu "
        "remove_training_nodes tensor_shape_from_node_def_name",
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
