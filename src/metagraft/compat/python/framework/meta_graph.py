"""`tensorflow.python.framework.meta_graph`: export and import of parts of graphs."""

from __future__ import annotations

from metagraft.lazy_names import from_module, lazy_names

_NAMES = from_module(
    "metagraft.meta_graph",
    "add_collection_def copy_scoped_meta_graph create_meta_graph_def "
    "export_scoped_meta_graph import_scoped_meta_graph "
    "import_scoped_meta_graph_with_return_elements ops_used_by_graph_def "
    "read_meta_graph_file strip_graph_default_valued_attrs stripped_op_list_for_graph",
)
__all__ = sorted(_NAMES)  # noqa: PLE0605 - computed from the table

__getattr__, __dir__ = lazy_names(__name__, _NAMES)
