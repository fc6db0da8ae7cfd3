"""`import_meta_graph`: a MetaGraph in a graph, and the saver for its variables.

Source: tensorflow python/training/saver.py import_meta_graph.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from metagraft.graph.defaults import executing_eagerly, get_default_graph
from metagraft.graph.graph import Graph
from metagraft.graph.import_graph_def import unchanged_on_error
from metagraft.graph.operation import Operation
from metagraft.graph.tensor import Tensor
from metagraft.meta_graph import importer
from metagraft.meta_graph.renames import renamed
from metagraft.proto import MetaGraphDef
from metagraft.training.saveables import saveable_objects_of
from metagraft.training.saver import Saver

_log = logging.getLogger(__name__)


def import_meta_graph(
    meta_graph_or_file: Any,
    clear_devices: bool = False,
    import_scope: str | None = None,
    *,
    return_elements: Sequence[str] | None = None,
    graph: Graph | None = None,
    input_map: Mapping[str, Any] | None = None,
    unbound_inputs_col_name: str | None = "unbound_inputs",
    restore_collections_predicate: Callable[[str], bool] = importer.all_collections,
) -> Saver | None:
    """Add a MetaGraph to the default graph and return its saver.

    Args:
        meta_graph_or_file: A `MetaGraphDef`, which is not changed, or the path of a
            file.
        clear_devices: Whether nodes come without devices.
        import_scope: Name scope to put the nodes into, made unique.
        return_elements: Names of operations and tensors that must be there;
            `import_meta_graph_with_return_elements` returns them.
        graph: Where the nodes go; by default the default graph.
        input_map: Names of inputs in the MetaGraph -> tensors used in their place.
        unbound_inputs_col_name: The collection that lists inputs that `input_map` must
            give; None to ask for none.
        restore_collections_predicate: Which collections are restored, by name.

    Returns:
        A saver for the MetaGraph's variables; None if there are no variables.

    Raises:
        RuntimeError: Eager execution is on.
        ValueError: Inputs are unbound, or the nodes are malformed.
        OSError: The file does not exist or holds no MetaGraph.
    """
    saver, _ = import_meta_graph_with_return_elements(
        meta_graph_or_file,
        clear_devices,
        import_scope,
        return_elements,
        graph,
        input_map,
        unbound_inputs_col_name,
        restore_collections_predicate,
    )
    return saver


def import_meta_graph_with_return_elements(
    meta_graph_or_file: Any,
    clear_devices: bool = False,
    import_scope: str | None = None,
    return_elements: Sequence[str] | None = None,
    graph: Graph | None = None,
    input_map: Mapping[str, Any] | None = None,
    unbound_inputs_col_name: str | None = "unbound_inputs",
    restore_collections_predicate: Callable[[str], bool] = importer.all_collections,
) -> tuple[Saver | None, list[Operation | Tensor] | None]:
    """Do as `import_meta_graph`; return the elements too."""
    if executing_eagerly():
        raise RuntimeError(
            "Exporting/importing meta graphs is not supported when eager execution is "
            "enabled. No graph exists when eager execution is enabled."
        )
    target = get_default_graph() if graph is None else graph
    loaded = importer.load(meta_graph_or_file)
    if not isinstance(target, Graph):
        raise TypeError(f"graph must be of type Graph. Received type: {type(graph)}.")
    with unchanged_on_error(target):
        imported = importer.import_loaded(
            loaded,
            clear_devices=clear_devices,
            graph=target,
            import_scope=import_scope,
            input_map=input_map,
            unbound_inputs_col_name=unbound_inputs_col_name,
            restore_collections_predicate=restore_collections_predicate,
            return_elements=return_elements,
        )
        saver = _saver_of_import(loaded.meta_graph_def, target, import_scope, imported)
    return saver, imported.elements


def _saver_of_import(
    meta_graph_def: MetaGraphDef,
    graph: Graph,
    import_scope: str | None,
    imported: importer.ImportedMetaGraph,
) -> Saver | None:
    if meta_graph_def.HasField("saver_def"):
        scope = import_scope
        if imported.variables:
            name, variable = next(iter(imported.variables.items()))
            scope = variable.name[: -len(name)]
        definition = meta_graph_def.saver_def
        if imported.renaming is not None:
            definition = renamed(definition, imported.renaming)
        return Saver(saver_def=definition, name=scope)
    with graph.as_default():
        saveables = saveable_objects_of(graph, import_scope)
        for element in saveables:
            if not hasattr(element, "name"):
                raise TypeError(
                    f"The collection of variables holds {element!r}, which is not a "
                    "variable"
                )
        if saveables:
            return Saver()
    _log.info(
        "Saver not created because there are no variables in the graph to restore"
    )
    return None
