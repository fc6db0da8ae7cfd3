"""`TypeSpec`, and the specs of values that are made of several tensors.

Source: tensorflow python/framework/type_spec.py, sparse_tensor.py, indexed_slices.py.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

import numpy as np

from metagraft.graph.composite import IndexedSlices, SparseTensor, SparseTensorValue
from metagraft.graph.dtypes import DType, as_dtype, float32, int64
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor_spec import TensorSpec

__all__ = ["CompositeSpec", "IndexedSlicesSpec", "SparseTensorSpec", "TypeSpec"]


class TypeSpec(ABC):
    """What is known of a value: its class, and types and shapes of its tensors."""

    __slots__ = ()

    @property
    @abstractmethod
    def value_type(self) -> type:
        """The class of the values."""

    @abstractmethod
    def is_compatible_with(self, spec_or_value: Any) -> bool:
        """Whether a value, or another spec, may have this spec."""


# The specs of tensors are older than this class and need no method of it.
TypeSpec.register(TensorSpec)


class CompositeSpec(TypeSpec):
    """A spec that a tuple of shapes, types and numbers describes."""

    __slots__ = ()

    @abstractmethod
    def description(self) -> tuple[Any, ...]:
        """Return what it was made of."""

    @abstractmethod
    def flatten(self) -> list[TensorSpec]:
        """Return the specs of the tensors of a value."""

    @abstractmethod
    def to_tensors(self, value: Any) -> list[Any]:
        """Return the tensors of a value."""

    @abstractmethod
    def from_tensors(self, tensors: Iterable[Any]) -> Any:
        """Return the value that tensors make up."""

    @abstractmethod
    def _spec_of(self, value: Any) -> Any:
        """Return the spec of a value, None if it has another class."""

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        """Whether a value, or another spec, may have this spec."""
        other = spec_or_value
        if not isinstance(other, TypeSpec):
            other = self._spec_of(other)
        if type(other) is not type(self):
            return False
        pairs = zip(self.description(), other.description(), strict=True)
        return all(_may_be_equal(a, b) for a, b in pairs)

    def is_subtype_of(self, other: Any) -> bool:
        """Whether every value of this spec is also one of the other."""
        if type(other) is not type(self):
            return False
        pairs = zip(self.description(), other.description(), strict=True)
        return all(
            a.is_subtype_of(b) if isinstance(a, TensorShape) else a == b
            for a, b in pairs
        )

    def most_specific_common_supertype(self, others: Iterable[Any]) -> Any:
        """Return what all specs agree on; None if they differ but in shapes."""
        others = list(others)
        if any(type(other) is not type(self) for other in others):
            return None
        described = []
        rest = [other.description() for other in others]
        for own, *given in zip(self.description(), *rest, strict=True):
            if isinstance(own, TensorShape):
                own = own.most_specific_common_supertype(given)  # noqa: PLW2901
            elif any(own != other for other in given):
                return None
            described.append(own)
        return type(self)(*described)

    def most_specific_compatible_type(self, other: Any) -> Any:
        """Return what this spec and another one agree on.

        Raises:
            ValueError: They differ but in shapes.
        """
        found = self.most_specific_common_supertype([other])
        if found is None:
            raise ValueError(f"No TypeSpec is compatible with both {self} and {other}")
        return found

    def _key(self) -> tuple[Any, ...]:
        return tuple(
            part.dims_tuple if isinstance(part, TensorShape) else part
            for part in self.description()
        )

    def __eq__(self, other: object) -> bool:
        """Whether class and description are the same."""
        return (
            isinstance(other, CompositeSpec)
            and type(other) is type(self)
            and self._key() == other._key()
        )

    def __hash__(self) -> int:
        """Agree with `==`."""
        return hash((type(self), self._key()))

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        """Pickle by what it was made of."""
        return type(self), self.description()

    def __repr__(self) -> str:
        """Show what it was made of."""
        return f"{type(self).__name__}{self.description()!r}"


def _may_be_equal(a: Any, b: Any) -> bool:
    if isinstance(a, TensorShape | DType):
        return a.is_compatible_with(b)
    return bool(a == b)


class SparseTensorSpec(CompositeSpec):
    """Shape and type of a sparse tensor."""

    __slots__ = ("_dtype", "_shape")

    def __init__(self, shape: Any = None, dtype: Any = float32) -> None:
        """Take anything that has the form of a shape and of a type."""
        self._shape = TensorShape(shape)
        self._dtype = as_dtype(dtype)

    @classmethod
    def from_value(cls, value: Any) -> SparseTensorSpec:
        """Return what a sparse tensor is.

        Raises:
            TypeError: It is none.
        """
        if isinstance(value, SparseTensorValue) and isinstance(
            value.values, np.ndarray
        ):
            return cls(value.dense_shape, value.values.dtype)
        if isinstance(value, SparseTensorValue):
            value = SparseTensor.from_value(value)
        if not isinstance(value, SparseTensor):
            raise TypeError(
                "Expected SparseTensor or SparseTensorValue. Received:"
                f" {value} of type {type(value).__name__}."
            )
        return cls(value.shape, value.dtype)

    @property
    def value_type(self) -> type:
        """The class of the values."""
        return SparseTensor

    @property
    def shape(self) -> TensorShape:
        """The shape."""
        return self._shape

    @property
    def dtype(self) -> DType:
        """The element type."""
        return self._dtype

    def flatten(self) -> list[TensorSpec]:
        """Return the specs of indices, values and shape."""
        rank = self._shape.ndims
        return [
            TensorSpec([None, rank], int64),
            TensorSpec([None], self._dtype),
            TensorSpec([rank], int64),
        ]

    def to_tensors(self, value: Any) -> list[Any]:
        """Return indices, values and shape."""
        value = SparseTensor.from_value(value)
        return [value.indices, value.values, value.dense_shape]

    def from_tensors(self, tensors: Iterable[Any]) -> SparseTensor:
        """Return a sparse tensor of indices, values and shape."""
        result = SparseTensor(*tensors)
        result.set_shape(self._shape)
        return result

    def description(self) -> tuple[Any, ...]:
        """Return what it was made of."""
        return self._shape, self._dtype

    def _spec_of(self, value: Any) -> Any:
        is_sparse = isinstance(value, SparseTensor | SparseTensorValue)
        return self.from_value(value) if is_sparse else None


class IndexedSlicesSpec(CompositeSpec):
    """Shapes and types of rows of a larger tensor."""

    __slots__ = ("_dense_shape_dtype", "_dtype", "_indices", "_indices_dtype", "_shape")

    def __init__(
        self,
        shape: Any = None,
        dtype: Any = float32,
        indices_dtype: Any = int64,
        dense_shape_dtype: Any = None,
        indices_shape: Any = None,
    ) -> None:
        """Take shapes and types.

        Args:
            shape: The shape of the larger tensor.
            dtype: The type of the rows.
            indices_dtype: The type of the row numbers.
            dense_shape_dtype: The type of the shape; None if there is none.
            indices_shape: The shape of the row numbers.
        """
        self._shape = TensorShape(shape)
        self._dtype = as_dtype(dtype)
        self._indices_dtype = as_dtype(indices_dtype)
        has_shape = dense_shape_dtype is not None
        self._dense_shape_dtype = as_dtype(dense_shape_dtype) if has_shape else None
        self._indices = TensorShape(indices_shape).with_rank(1)

    @property
    def value_type(self) -> type:
        """The class of the values."""
        return IndexedSlices

    def flatten(self) -> list[TensorSpec]:
        """Return the specs of rows, row numbers and, if there is one, the shape."""
        rows = self._indices.concatenate(self._shape[1:])
        specs = [
            TensorSpec(rows, self._dtype),
            TensorSpec(self._indices, self._indices_dtype),
        ]
        if self._dense_shape_dtype is not None:
            specs.append(TensorSpec([self._shape.ndims], self._dense_shape_dtype))
        return specs

    def to_tensors(self, value: IndexedSlices) -> list[Any]:
        """Return rows, row numbers and, if there is one, the shape."""
        parts = [value.values, value.indices]
        return parts if value.dense_shape is None else [*parts, value.dense_shape]

    def from_tensors(self, tensors: Iterable[Any]) -> IndexedSlices:
        """Return the rows that tensors make up."""
        return IndexedSlices(*tensors)

    def description(self) -> tuple[Any, ...]:
        """Return what it was made of."""
        return (
            self._shape,
            self._dtype,
            self._indices_dtype,
            self._dense_shape_dtype,
            self._indices,
        )

    def _spec_of(self, value: Any) -> Any:
        if not isinstance(value, IndexedSlices):
            return None
        shape = value.dense_shape
        return IndexedSlicesSpec(
            value.shape,
            value.dtype,
            value.indices.dtype,
            None if shape is None else shape.dtype,
            value.indices.shape,
        )
