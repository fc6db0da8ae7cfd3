"""Tables of a loaded model: which node of the graph is which object of the tree.

The tree does not say it; but the function that makes a table when the model is loaded
as objects gives it the same shared name as the node of the graph.
"""

from __future__ import annotations

from collections.abc import Iterable

from metagraft.errors import UnimplementedError
from metagraft.graph.tensor import Tensor
from metagraft.proto import MetaGraphDef, NodeDef, SavedObject
from metagraft.training.native_meta_graph_import import Import

_CREATOR = "_create_resource"


class Resources:
    """What functions of a loaded model use, in the graph."""

    def __init__(self, meta_graph_def: MetaGraphDef, model: Import) -> None:
        """Remember a model.

        Args:
            meta_graph_def: What its file says.
            model: What was imported of it.
        """
        self._model = model
        self._saved = meta_graph_def.object_graph_def
        functions = meta_graph_def.graph_def.library.function
        self._bodies = {each.signature.name: each.node_def for each in functions}
        self._nodes = _by_shared_name(meta_graph_def.graph_def.node)

    def tensor(self, name: str) -> Tensor:
        """Return the first output of a node of the file.

        Raises:
            UnimplementedError: There is no such node.
        """
        try:
            found = self._model[f"{name}:0"]
        except (KeyError, ValueError) as error:
            raise UnimplementedError(
                None, None, f"The model has no node '{name}', which a function uses."
            ) from error
        assert isinstance(found, Tensor)
        return found

    def handle_of(self, number: int) -> Tensor:
        """Return the handle of a table.

        Args:
            number: Which object of the tree it is.

        Raises:
            UnimplementedError: No node of the graph is known to be it.
        """
        made = {
            node.name
            for creator in self._creators(self._saved.nodes[number])
            for key in _by_shared_name(self._bodies.get(creator, ()))
            for node in self._nodes.get(key, ())
        }
        if len(made) != 1:
            raise UnimplementedError(
                None,
                None,
                f"It is not known which node is object {number} of the model, which a "
                "function uses; only signatures can be called.",
            )
        return self.tensor(made.pop())

    def _creators(self, node: SavedObject) -> list[str]:
        """Return the names of the functions that make an object."""
        names: list[str] = []
        for child in node.children:
            if child.local_name == _CREATOR and child.node_id < len(self._saved.nodes):
                made_by = self._saved.nodes[child.node_id]
                names.extend(made_by.function.concrete_functions)
        return names


def _by_shared_name(nodes: Iterable[NodeDef]) -> dict[tuple[str, bytes], list[NodeDef]]:
    found: dict[tuple[str, bytes], list[NodeDef]] = {}
    for node in nodes:
        name = node.attr["shared_name"].s if "shared_name" in node.attr else b""
        if name:
            found.setdefault((node.op, name), []).append(node)
    return found
