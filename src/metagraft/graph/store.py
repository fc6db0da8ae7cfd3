"""Storage of a graph: one live `GraphDef` message and indexes over it.

A node in storage carries its inferred shapes in the attribute `_output_shapes`, so
that an export with shapes is one copy of the whole message. Whoever hands nodes out
without shapes removes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from metagraft.graph.shapes import Dims, dims_to_proto
from metagraft.proto import AttrValue, GraphDef, NodeDef

OUTPUT_SHAPES = "_output_shapes"


@lru_cache(maxsize=8192)
def shapes_attr(shapes: tuple[Dims, ...]) -> AttrValue:
    """Return the `_output_shapes` attribute for the shapes of all outputs."""
    value = AttrValue()
    value.list.SetInParent()
    value.list.shape.extend(dims_to_proto(dims) for dims in shapes)
    return value


class NodeStore:
    """The nodes of one graph, in the order they were made.

    Attributes:
        message: All nodes, versions and functions, as exported.
        nodes: The same nodes by position; `message.node` would make a new list.
        index: Position by node name.
    """

    __slots__ = ("_op_types", "_size_bytes", "_surveyed", "index", "message", "nodes")

    def __init__(self, producer: int) -> None:
        """Start empty."""
        self.message = GraphDef()
        self.message.versions.producer = producer
        self.nodes: list[NodeDef] = []
        self.index: dict[str, int] = {}
        # What is known of the first `_surveyed` nodes.
        self._surveyed = 0
        self._op_types: set[str] = set()
        self._size_bytes = 0

    def __len__(self) -> int:
        """The number of nodes."""
        return len(self.nodes)

    def add(self, name: str, op_type: str, inputs: Sequence[str]) -> NodeDef:
        """Append a node."""
        node = self.message.node.add(name=name, op=op_type, input=inputs)
        self.index[name] = len(self.nodes)
        self.nodes.append(node)
        return node

    def survey(self) -> tuple[frozenset[str], int]:
        """Return the op types of all nodes, and about how large they are encoded.

        Only nodes that are new since the last time are looked at; changes of their
        attributes do not count.
        """
        for node in self.nodes[self._surveyed :]:
            self._op_types.add(node.op)
            self._size_bytes += node.ByteSize()
        self._surveyed = len(self.nodes)
        return frozenset(self._op_types), self._size_bytes

    def adopt(
        self,
        graph_def: GraphDef,
        names: Sequence[str],
        op_types: Iterable[str] = (),
        size_bytes: int | None = None,
    ) -> int:
        """Append all nodes of a message and return the position of the first.

        Into an empty store the message's node storage is taken over whole.

        Args:
            graph_def: Must not be used by the caller afterwards.
            names: The nodes' names.
            op_types: All op types of the nodes, where the size is given.
            size_bytes: How large the message is encoded, where that is known.
        """
        start = len(self.nodes)
        if size_bytes is not None and self._surveyed == start:
            self._op_types.update(op_types)
            self._size_bytes += size_bytes
            self._surveyed += len(names)
        if start == 0:
            versions, library = self.message.versions, self.message.library
            graph_def.ClearField("version")
            graph_def.versions.CopyFrom(versions)
            if len(library.function) or len(library.gradient):
                graph_def.library.CopyFrom(library)
            else:
                graph_def.ClearField("library")
            self.message = graph_def
            self.nodes = list(graph_def.node)
        else:
            for field in ("versions", "library", "version"):
                graph_def.ClearField(field)
            self.message.MergeFromString(graph_def.SerializeToString())
            self.nodes.extend(self.message.node[start:])
        self.index.update(zip(names, range(start, start + len(names)), strict=True))
        return start

    def truncate(self, count: int) -> None:
        """Forget the nodes from position `count` on."""
        for node in self.nodes[count:]:
            if self.index.get(node.name, -1) >= count:
                del self.index[node.name]
        del self.nodes[count:]
        del self.message.node[count:]
        if self._surveyed > count:
            self._surveyed, self._size_bytes = 0, 0
            self._op_types.clear()

    def copy(self, with_shapes: bool, from_position: int = 0) -> GraphDef:
        """Return a copy of the message, with or without inferred shapes."""
        copied = GraphDef()
        if from_position:
            copied.versions.CopyFrom(self.message.versions)
            copied.node.extend(self.message.node[from_position:])
            if self.message.HasField("library"):
                copied.library.CopyFrom(self.message.library)
        else:
            copied.CopyFrom(self.message)
        if not with_shapes:
            for node in copied.node:
                node.attr.pop(OUTPUT_SHAPES, None)
        return copied
