"""The static shapes of a graph's tensors, inferred when first asked for and kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from metagraft.graph.shape_inference import infer_shapes
from metagraft.graph.shapes import Dims, dims_from_proto, merge_dims
from metagraft.graph.store import OUTPUT_SHAPES, shapes_attr

if TYPE_CHECKING:
    from metagraft.graph.graph import Graph
    from metagraft.graph.operation import Operation

# What closes a loop: its operand comes after the operation that takes its result.
_MERGES: Final = frozenset({"Merge", "RefMerge"})
_BACK_EDGES: Final = frozenset({"NextIteration", "RefNextIteration"})


class StaticShapes:
    """Shapes by the position of operations; what is known is stored with the nodes."""

    __slots__ = ("_dims", "_graph", "_unstored")

    def __init__(self, graph: Graph) -> None:
        """Start with a graph without operations."""
        self._graph = graph
        self._dims: list[tuple[Dims, ...] | None] = []
        # Imported operations whose shapes storage does not have yet.
        self._unstored: set[int] = set()

    def append(self, op: Operation) -> None:
        """Infer the shapes of a new operation, whose inputs have theirs.

        Raises:
            ValueError: The shapes of the inputs do not fit together.
        """
        self._dims.append(None)
        self.infer(op)

    def extend(self, count: int, unshaped: Iterable[int]) -> None:
        """Make room for `count` operations; those in `unshaped` come without shapes."""
        self._dims.extend([None] * count)
        self._unstored.update(unshaped)

    def truncate(self, count: int) -> None:
        """Forget all operations after the first `count`."""
        del self._dims[count:]
        self._unstored = {position for position in self._unstored if position < count}

    def of(self, op: Operation) -> tuple[Dims, ...]:
        """Return the shape of every output; inputs come first, without recursion."""
        found = self._dims[op.op_id]
        if found is not None:
            return found
        with self._graph.mutation_lock():
            waiting = [op]
            while waiting:
                current = waiting[-1]
                if self._dims[current.op_id] is not None or self._read(current):
                    waiting.pop()
                    continue
                missing = self._uninferred_inputs(current)
                back_edges = (
                    [s for s in missing if s.type in _BACK_EDGES]
                    if current.type in _MERGES
                    else []
                )
                if len(back_edges) < len(missing):
                    waiting.extend(s for s in missing if s not in back_edges)
                    continue
                self._infer_before(current, back_edges)
                waiting.pop()
            found = self._dims[op.op_id]
            assert found is not None
            return found

    def _uninferred_inputs(self, op: Operation) -> list[Operation]:
        sources = dict.fromkeys(t.op for t in op.inputs)
        return [s for s in sources if self._dims[s.op_id] is None and not self._read(s)]

    def _infer_before(self, op: Operation, back_edges: list[Operation]) -> None:
        """Infer an operation while what comes back from its loop is not known yet."""
        for source in back_edges:
            self._dims[source.op_id] = (None,)
        try:
            self.infer(op)
        finally:
            for source in back_edges:
                self._dims[source.op_id] = None

    def _read(self, op: Operation) -> bool:
        """Take shapes that came with an imported node."""
        attr = op._node.attr  # noqa: SLF001 - an operation is a view of its node
        if OUTPUT_SHAPES not in attr:
            return False
        stored = tuple(dims_from_proto(s) for s in attr[OUTPUT_SHAPES].list.shape)
        if len(stored) != len(self._graph.output_dtypes(op)):
            attr.pop(OUTPUT_SHAPES)
            return False
        self._dims[op.op_id] = stored
        return True

    def infer(self, op: Operation) -> None:
        """Infer the shapes of an operation whose inputs have theirs.

        Raises:
            ValueError: The shapes of the inputs do not fit together.
        """
        known = self._dims
        given: list[Dims] = []
        for tensor in op.inputs:
            dims = known[tensor.op.op_id]
            given.append(tensor.dims if dims is None else dims[tensor.value_index])
        self._set(op, infer_shapes(op, given))

    def _set(self, op: Operation, dims: tuple[Dims, ...]) -> None:
        self._dims[op.op_id] = dims
        if dims:
            attr = op._node.attr  # noqa: SLF001 - an operation is a view of its node
            attr[OUTPUT_SHAPES].CopyFrom(shapes_attr(dims))

    def replace(self, op: Operation, dims: tuple[Dims, ...]) -> None:
        """Set the shapes of an operation whose outputs have changed."""
        self._set(op, dims)

    def merge(self, op: Operation, index: int, dims: Dims) -> None:
        """Add what is known of the shape of one output.

        Raises:
            ValueError: It contradicts what was known.
        """
        known = list(self.of(op))
        known[index] = merge_dims(known[index], dims)
        self._set(op, tuple(known))

    def store_all(self) -> None:
        """Infer what is not yet inferred, so that storage holds every shape."""
        for position in sorted(self._unstored):
            self.of(self._graph.operation_at(position))
        self._unstored.clear()
