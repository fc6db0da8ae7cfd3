"""MetaGraphs: export, import, scopes, collections, stripping, debug information.

The names are those of TensorFlow's own module of this name, with its parameters.
"""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_HERE = "metagraft.meta_graph"

_NAMES = {
    "add_collection_def": f"{_HERE}.collection_defs:add_collection_def",
    **from_module(
        f"{_HERE}.codecs",
        "get_collection_proto_type get_from_proto_function get_to_proto_function "
        "register_proto_function",
    ),
    **from_module(
        f"{_HERE}.export",
        "create_meta_graph_def export_scoped_meta_graph",
    ),
    **from_module(
        f"{_HERE}.importer",
        "copy_scoped_meta_graph import_scoped_meta_graph "
        "import_scoped_meta_graph_with_return_elements",
    ),
    **from_module(
        f"{_HERE}.op_list", "ops_used_by_graph_def stripped_op_list_for_graph"
    ),
    "read_meta_graph_file": f"{_HERE}.files:read_meta_graph_file",
    "strip_graph_default_valued_attrs": (
        f"{_HERE}.stripping:strip_graph_default_valued_attrs"
    ),
}
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
