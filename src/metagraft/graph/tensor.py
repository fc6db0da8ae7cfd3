"""A `Tensor`: one output of an operation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from metagraft.graph.dtypes import DType
from metagraft.graph.operators import TensorOperators
from metagraft.graph.reference import Referable
from metagraft.graph.shapes import Dims, TensorShape, as_dims

if TYPE_CHECKING:
    from metagraft.graph.graph import Graph
    from metagraft.graph.operation import Operation


# The operators that tensors have and values like them may have, too.
_OPERATOR_NAMES: Final = (
    "abs add and div eq floordiv ge getitem gt invert le lt matmul mod mul ne neg or"
    " pow radd rand rdiv rfloordiv rmatmul rmod rmul ror rpow rsub rtruediv rxor sub"
    " truediv xor"
)
_OPERATORS: Final = frozenset(f"__{name}__" for name in _OPERATOR_NAMES.split())


class Tensor(TensorOperators, Referable):
    """A symbolic value: output `value_index` of the operation `op`.

    Source: tensorflow python/framework/tensor.py Tensor.
    """

    # Programs note things of their own on tensors, as tf.contrib.slim its aliases.
    __slots__ = ("__dict__", "__weakref__", "_dtype", "_op", "_value_index")
    OVERLOADABLE_OPERATORS: ClassVar[frozenset[str]] = _OPERATORS

    def __init__(self, op: Operation, value_index: int, dtype: DType) -> None:
        """Name output `value_index` of `op`; used by `Operation.outputs`."""
        self._op = op
        self._value_index = value_index
        self._dtype = dtype

    @property
    def op(self) -> Operation:
        """The operation that makes this tensor."""
        return self._op

    @property
    def graph(self) -> Graph:
        """The graph of the operation."""
        return self._op.graph

    @property
    def value_index(self) -> int:
        """Which output of the operation this is."""
        return self._value_index

    @property
    def dtype(self) -> DType:
        """The element type."""
        return self._dtype

    @property
    def name(self) -> str:
        """The name, `operation:index`."""
        return f"{self._op.name}:{self._value_index}"

    @property
    def device(self) -> str:
        """The device of the operation."""
        return self._op.device

    @property
    def dims(self) -> Dims:
        """The static shape as a plain tuple; None if the rank is unknown."""
        return self._op.output_dims[self._value_index]

    @property
    def shape(self) -> TensorShape:
        """The static shape, as far as it is known."""
        return TensorShape(self.dims)

    def get_shape(self) -> TensorShape:
        """Return the static shape, as far as it is known."""
        return TensorShape(self.dims)

    @property
    def ndim(self) -> int:
        """The rank.

        Raises:
            ValueError: It is unknown.
        """
        return len(self.shape)

    def set_shape(self, shape: Any) -> None:
        """Add what is known of the static shape.

        Raises:
            ValueError: It contradicts what was known.
        """
        self._op.graph.merge_output_shape(self._op, self._value_index, as_dims(shape))

    def consumers(self) -> list[Operation]:
        """The operations that use this tensor, in the order they were made.

        One that uses it twice is there twice.
        """
        users = self._op.graph.consumers_of(self)
        return [op for op in users for tensor in op.inputs if tensor is self]

    def _as_node_def_input(self) -> str:
        if self._value_index == 0:
            return self._op.name
        return f"{self._op.name}:{self._value_index}"

    def eval(self, feed_dict: Any = None, session: Any = None) -> Any:
        """Run what this tensor needs and return its value as an array.

        Args:
            feed_dict: Values for tensors, as for `Session.run`.
            session: The session; without it, the default session.

        Raises:
            ValueError: There is no session, or it is for another graph.
        """
        from metagraft.graph.defaults import session_for

        return session_for(session, self.graph, "evaluate tensor").run(self, feed_dict)

    def __copy__(self) -> Tensor:
        """A tensor is its own copy."""
        return self

    def __deepcopy__(self, memo: Any) -> Tensor:
        """A tensor is its own copy."""
        return self

    def __str__(self) -> str:
        """Format as TensorFlow does."""
        shape = "" if self.dims is None else f", shape={self.shape}"
        device = f", device={self.device}" if self.device else ""
        return f'Tensor("{self.name}"{shape}, dtype={self._dtype.name}{device})'

    def __repr__(self) -> str:
        """Format as TensorFlow does."""
        return f"<tf.Tensor '{self.name}' shape={self.shape} dtype={self._dtype.name}>"
