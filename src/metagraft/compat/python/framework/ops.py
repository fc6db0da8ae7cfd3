"""`tensorflow.python.framework.ops`: graphs, scopes, collections, conversions."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = {
    # Names that `tf` has, too.
    **from_module(
        "metagraft.compat.v1",
        "Graph GraphKeys IndexedSlices NoGradient NotDifferentiable Operation "
        "RegisterGradient Tensor add_to_collection add_to_collections colocate_with "
        "container control_dependencies convert_to_tensor "
        "convert_to_tensor_or_indexed_slices device "
        "executing_eagerly_outside_functions get_collection get_collection_ref "
        "get_default_graph get_default_session init_scope name_scope op_scope "
        "register_tensor_conversion_function reset_default_graph",
    ),
    **from_module(
        "metagraft.api.profiler.op_statistics",
        "OpStats RegisterStatistics get_stats_for_node_def",
    ),
    **from_module("metagraft.graph.conversion", "convert_n_to_tensor"),
    **from_module("metagraft.graph.scope_names", "prepend_name_scope strip_name_scope"),
    **from_module(
        "metagraft.meta_graph.codecs",
        "get_collection_proto_type get_from_proto_function get_to_proto_function "
        "register_proto_function",
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
