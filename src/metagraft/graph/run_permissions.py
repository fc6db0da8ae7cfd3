"""What of a graph may be fed and fetched."""

from __future__ import annotations

from metagraft.graph.operation import Operation
from metagraft.graph.tensor import Tensor


class RunPermissions:
    """The part of a graph that says what runs may feed and fetch."""

    _unfeedable: set[Tensor]
    _unfetchable: set[Operation]

    def prevent_feeding(self, tensor: Tensor) -> None:
        """Refuse feeds of `tensor`."""
        self._unfeedable.add(tensor)

    def is_feedable(self, tensor: Tensor) -> bool:
        """Whether `tensor` may be fed."""
        return tensor not in self._unfeedable

    def prevent_fetching(self, op: Operation) -> None:
        """Refuse fetches of `op` and its outputs."""
        self._unfetchable.add(op)

    def is_fetchable(self, tensor_or_op: Tensor | Operation) -> bool:
        """Whether a tensor or operation may be fetched."""
        op = tensor_or_op.op if isinstance(tensor_or_op, Tensor) else tensor_or_op
        return op not in self._unfetchable
