"""Values made of several tensors: `IndexedSlices` and `SparseTensor`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from metagraft.graph.dtypes import DType
from metagraft.graph.shapes import Dims, TensorShape, dimension_at_index

if TYPE_CHECKING:
    from metagraft.graph.graph import Graph
    from metagraft.graph.operation import Operation
    from metagraft.graph.tensor import Tensor


class CompositeTensor(ABC):
    """A value made of tensors, of a class that the graph does not know."""

    __slots__ = ()

    @abstractmethod
    def component_tensors(self) -> Sequence[Tensor]:
        """Return the tensors that it is made of."""

    @abstractmethod
    def with_component_tensors(self, tensors: Sequence[Tensor]) -> Any:
        """Return a value of the same form that is made of other tensors."""

    @abstractmethod
    def component_value(self, arrays: Sequence[Any]) -> Any:
        """Return its value in a run, given the values of its tensors."""

    @abstractmethod
    def component_feeds(self, value: Any) -> Sequence[Any]:
        """Return what its tensors are fed, given what it is fed."""

    def gradient_parts(self) -> Sequence[Any]:
        """Return the tensors that have gradients.

        Raises:
            ValueError: Values of this class have none.
        """
        raise ValueError(
            f"Type {type(self).__name__} is not supported as a gradient source or"
            " gradient target."
        )

    def with_gradients(self, grads: Sequence[Any]) -> Any:
        """Return the gradient of the value, given those of `gradient_parts`.

        A class that has `gradient_parts` defines this, too.
        """
        raise NotImplementedError(
            f"{type(self).__name__} does not put {len(grads)} gradients together."
        )


class IndexedSlices:
    """Rows of a larger tensor: `values[i]` belongs at row `indices[i]`.

    Source: tensorflow python/framework/indexed_slices.py.
    """

    __slots__ = ("__dict__", "__weakref__", "_dense_shape", "_indices", "_values")

    def __init__(
        self, values: Tensor, indices: Tensor, dense_shape: Tensor | None = None
    ) -> None:
        """Make a value from `[n, ...]` rows and `[n]` row numbers."""
        self._values = values
        self._indices = indices
        self._dense_shape = dense_shape

    @property
    def values(self) -> Tensor:
        """The rows, shape `[n, ...]`."""
        return self._values

    @property
    def indices(self) -> Tensor:
        """The row numbers, shape `[n]`."""
        return self._indices

    @property
    def dense_shape(self) -> Tensor | None:
        """The shape of the larger tensor, if known."""
        return self._dense_shape

    @property
    def shape(self) -> TensorShape:
        """The static shape of the larger tensor."""
        if self._dense_shape is None:
            return TensorShape(None)
        from metagraft.graph.folding import constant_value_as_dims

        return TensorShape(constant_value_as_dims(self._dense_shape))

    def get_shape(self) -> TensorShape:
        """Return the static shape of the larger tensor."""
        return self.shape

    @property
    def name(self) -> str:
        """The name of the values."""
        return self._values.name

    @property
    def device(self) -> str:
        """The device of the values."""
        return self._values.device

    @property
    def op(self) -> Operation:
        """The operation that makes the values."""
        return self._values.op

    def consumers(self) -> list[Operation]:
        """Return the operations that use a part of it."""
        parts = [self._values, self._indices, self._dense_shape]
        return [
            operation
            for part in parts
            if part is not None
            for operation in part.consumers()
        ]

    @property
    def dtype(self) -> DType:
        """The element type."""
        return self._values.dtype

    @property
    def graph(self) -> Graph:
        """The graph of the values."""
        return self._values.graph

    def __neg__(self) -> IndexedSlices:
        """Negate the values."""
        return IndexedSlices(-self._values, self._indices, self._dense_shape)

    def __str__(self) -> str:
        """Show the parts."""
        shape = (
            f", dense_shape={self._dense_shape}"
            if self._dense_shape is not None
            else ""
        )
        return f"IndexedSlices(indices={self._indices}, values={self._values}{shape})"


class IndexedSlicesValue(NamedTuple):
    """Host value of an `IndexedSlices`."""

    values: Any
    indices: Any
    dense_shape: Any


class SparseTensor:
    """A tensor of which only some elements are stored.

    Source: tensorflow python/framework/sparse_tensor.py.
    """

    __slots__ = (
        "__dict__",
        "__weakref__",
        "_dense_shape",
        "_dense_shape_dims",
        "_indices",
        "_values",
    )

    def __init__(self, indices: Any, values: Any, dense_shape: Any) -> None:
        """Make a value from `[n, r]` indices, `[n]` values and the `[r]` shape."""
        from metagraft.graph.conversion import convert_to_tensor
        from metagraft.graph.scopes import name_scope

        with name_scope(None, "SparseTensor", [indices, values, dense_shape]):
            self._indices = convert_to_tensor(indices, name="indices", dtype="int64")
            self._values = convert_to_tensor(values, name="values")
            self._dense_shape = convert_to_tensor(
                dense_shape, name="dense_shape", dtype="int64"
            )
        rank_and_count = self._indices.shape.with_rank(2)
        for i, part in enumerate((self._values, self._dense_shape)):
            size = dimension_at_index(rank_and_count, i)
            other = dimension_at_index(part.shape.with_rank(1), 0)
            size.assert_is_compatible_with(other)
        from metagraft.graph.value_as_shape import value_as_shape

        self._dense_shape_dims: Dims = value_as_shape(self._dense_shape)

    @classmethod
    def from_value(cls, sparse_tensor_value: Any) -> SparseTensor:
        """Make a `SparseTensor` of a `SparseTensorValue` or of another one.

        Raises:
            TypeError: It is neither.
        """
        if not isinstance(sparse_tensor_value, SparseTensor | SparseTensorValue):
            raise TypeError(
                f"Argument sparse_tensor_value={sparse_tensor_value} is neither a"
                " SparseTensor nor SparseTensorValue."
            )
        return cls(
            indices=sparse_tensor_value.indices,
            values=sparse_tensor_value.values,
            dense_shape=sparse_tensor_value.dense_shape,
        )

    @property
    def indices(self) -> Tensor:
        """The positions of the stored elements, `int64[n, r]`."""
        return self._indices

    @property
    def values(self) -> Tensor:
        """The stored elements, `[n]`."""
        return self._values

    @property
    def dense_shape(self) -> Tensor:
        """The shape of the whole tensor, `int64[r]`."""
        return self._dense_shape

    @property
    def op(self) -> Operation:
        """The operation that makes the values."""
        return self._values.op

    @property
    def dtype(self) -> DType:
        """The element type."""
        return self._values.dtype

    @property
    def graph(self) -> Graph:
        """The graph of the parts."""
        return self._values.graph

    @property
    def shape(self) -> TensorShape:
        """The static shape of the whole tensor."""
        return TensorShape(self._dense_shape_dims)

    def get_shape(self) -> TensorShape:
        """Return the static shape of the whole tensor."""
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Add what is known of the static shape of the whole tensor.

        Raises:
            ValueError: It contradicts what was known.
        """
        self._dense_shape_dims = self.shape.merge_with(TensorShape(shape)).dims_tuple

    def with_values(self, new_values: Any) -> SparseTensor:
        """Return a sparse tensor of the same form with other elements."""
        return SparseTensor(self._indices, new_values, self._dense_shape)

    def consumers(self) -> list[Operation]:
        """Return the operations that use a part of it."""
        parts = (self._indices, self._values, self._dense_shape)
        users = (operation for part in parts for operation in part.consumers())
        return list(dict.fromkeys(users))

    def __mul__(self, other: Any) -> SparseTensor:
        """Multiply each element with what stands beside it in a dense tensor."""
        return self._beside("mul", other)

    def __div__(self, other: Any) -> SparseTensor:
        """Divide each element by what stands beside it, as Python 2 does."""
        return self._beside("div", other)

    def __truediv__(self, other: Any) -> SparseTensor:
        """Divide each element by what stands beside it; integers become floats."""
        return self._beside("truediv", other)

    def _beside(self, operator: str, other: Any) -> SparseTensor:
        from metagraft.graph.build.operators import apply_beside

        return apply_beside(operator, self, other)

    def eval(self, feed_dict: Any = None, session: Any = None) -> Any:
        """Run what is needed and return a `SparseTensorValue`."""
        from metagraft.graph.defaults import session_for

        return session_for(session, self.graph, "evaluate tensor").run(self, feed_dict)

    def __repr__(self) -> str:
        """Show the parts."""
        return (
            f"SparseTensor(indices={self._indices}, values={self._values},"
            f" dense_shape={self._dense_shape})"
        )


class SparseTensorValue(NamedTuple):
    """Host value of a `SparseTensor`."""

    indices: Any
    values: Any
    dense_shape: Any
