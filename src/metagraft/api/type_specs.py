"""The specs of values: `tf.type_spec_from_value`, `tf.NoneTensorSpec`.

Source: tensorflow python/framework/type_spec.py, none_tensor.py, tensor_util.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from metagraft.api.ragged_spec import RaggedTensorSpec
from metagraft.api.ragged_tensor import RaggedTensor
from metagraft.api.ragged_value import RaggedTensorValue
from metagraft.graph.composite import (
    CompositeTensor,
    IndexedSlices,
    SparseTensor,
    SparseTensorValue,
)
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.dtypes import as_dtype, float32
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor
from metagraft.graph.tensor_array import TensorArray
from metagraft.graph.tensor_spec import TensorSpec
from metagraft.graph.type_spec import (
    CompositeSpec,
    IndexedSlicesSpec,
    SparseTensorSpec,
    TypeSpec,
)

__all__ = [
    "NoneTensorSpec",
    "TensorArraySpec",
    "is_composite",
    "is_symbolic_tensor",
    "spec_of_composite",
    "type_spec_from_value",
]


class NoneTensorSpec(CompositeSpec):
    """The spec of `None`, which is made of no tensors."""

    __slots__ = ()

    @property
    def value_type(self) -> type:
        """The class of `None`."""
        # TF: a class that nothing is an instance of.
        return type(None)

    @staticmethod
    def from_value(value: None) -> NoneTensorSpec:
        """Return the spec of `None`."""
        del value  # there is only one
        return NoneTensorSpec()

    def description(self) -> tuple[Any, ...]:
        """Return what it was made of: nothing."""
        return ()

    def flatten(self) -> list[TensorSpec]:
        """Return no specs."""
        return []

    def to_tensors(self, value: Any) -> list[Any]:
        """Return no tensors."""
        del value
        return []

    def from_tensors(self, tensors: Iterable[Any]) -> None:
        """Return None."""

    def _spec_of(self, value: Any) -> Any:
        return NoneTensorSpec() if value is None else None


class TensorArraySpec(CompositeSpec):
    """What is known of a `TensorArray`."""

    __slots__ = ("_dtype", "_dynamic_size", "_element_shape", "_infer_shape")

    def __init__(
        self,
        element_shape: Any = None,
        dtype: Any = float32,
        dynamic_size: bool = False,
        infer_shape: bool = True,
    ) -> None:
        """Take what is known.

        Args:
            element_shape: The shape of an element.
            dtype: The type of an element.
            dynamic_size: Whether the array can grow.
            infer_shape: Whether all elements have the same shape.
        """
        self._element_shape = TensorShape(element_shape)
        self._dtype = as_dtype(dtype)
        self._dynamic_size = dynamic_size
        self._infer_shape = infer_shape

    @property
    def value_type(self) -> type:
        """The class of the values."""
        return TensorArray

    @staticmethod
    def from_value(value: TensorArray) -> TensorArraySpec:
        """Return what is known of an array.

        Raises:
            TypeError: It is none.
        """
        if not isinstance(value, TensorArray):
            raise TypeError(f"Expected value to be a TensorArray. Received: {value}.")
        infers = value._infer_shape  # noqa: SLF001 - as its methods use it
        return TensorArraySpec(
            value.element_shape, value.dtype, value.dynamic_size, infers
        )

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        """Whether an array, or another spec, may have this spec."""
        other = spec_or_value
        if not isinstance(other, TypeSpec):
            other = self._spec_of(other)
        if not isinstance(other, TensorArraySpec):
            return False
        shape, dtype, is_dynamic, _ = other.description()
        return (
            self._dtype.is_compatible_with(dtype)
            and self._element_shape.is_compatible_with(shape)
            and self._dynamic_size == is_dynamic
        )

    def is_subtype_of(self, other: Any) -> bool:
        """Whether every array of this spec is also one of the other."""
        if not isinstance(other, TensorArraySpec):
            return False
        return self.description()[1:3] == other.description()[1:3]

    def description(self) -> tuple[Any, ...]:
        """Return what it was made of."""
        return self._element_shape, self._dtype, self._dynamic_size, self._infer_shape

    def flatten(self) -> list[TensorSpec]:
        """Return the spec of what orders the uses of the array."""
        return [TensorSpec([], float32)]

    def to_tensors(self, value: TensorArray) -> list[Any]:
        """Return what orders the uses of the array."""
        return [value.flow]

    def from_tensors(self, tensors: Iterable[Any]) -> Any:
        """Refuse: the array is not in what orders its uses.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError(
            f"A TensorArray cannot be made of {list(tensors)}: its handle is missing."
        )

    def _spec_of(self, value: Any) -> Any:
        return self.from_value(value) if isinstance(value, TensorArray) else None


def is_symbolic_tensor(tensor: Any) -> bool:
    """Return whether a value is a tensor of a graph; variables are none.

    Args:
        tensor: Any value.
    """
    return isinstance(tensor, Tensor)


def is_composite(value: Any) -> bool:
    """Return whether a value is made of several tensors."""
    return isinstance(value, CompositeTensor | IndexedSlices | SparseTensor)


def spec_of_composite(value: Any) -> CompositeSpec:
    """Return the spec of a value that is made of several tensors.

    Raises:
        TypeError: No spec is known for its class.
    """
    if isinstance(value, SparseTensor):
        return SparseTensorSpec.from_value(value)
    if isinstance(value, RaggedTensor):
        return RaggedTensorSpec.from_value(value)
    if isinstance(value, IndexedSlices):
        shape = value.dense_shape
        return IndexedSlicesSpec(
            value.shape,
            value.dtype,
            value.indices.dtype,
            None if shape is None else shape.dtype,
            value.indices.shape,
        )
    from metagraft.api.optional import Optional, OptionalSpec

    if isinstance(value, Optional):
        return OptionalSpec.from_value(value)
    from metagraft.api.linear_operators.operator_spec import LinearOperatorSpec
    from metagraft.api.linear_operators.parts import OperatorParts

    if isinstance(value, OperatorParts):
        return LinearOperatorSpec.from_value(value)
    raise _unsupported(value)


def type_spec_from_value(value: Any) -> Any:
    """Return the spec of a value.

    Args:
        value: A tensor, a composite tensor or its value, None, a list of such values,
            or what can be made a tensor: a constant is then added to the graph.

    Raises:
        TypeError: The value has no spec.
    """
    spec = _known_spec(value)
    if spec is not None:
        return spec
    if not isinstance(value, TypeSpec):
        try:
            return _known_spec(convert_to_tensor(value))
        except (TypeError, ValueError):
            pass
    raise _unsupported(value)


def _unsupported(value: Any) -> TypeError:
    return TypeError(
        f"Could not build a TypeSpec for {value} of unsupported type {type(value)}."
    )


def _known_spec(value: Any) -> Any:
    """Return the spec of a value that need not be converted; None if it must be."""
    if isinstance(value, Tensor):
        return TensorSpec(value.shape, value.dtype)
    if value is None:
        return NoneTensorSpec()
    if isinstance(value, TensorArray):
        return TensorArraySpec.from_value(value)
    if isinstance(value, SparseTensorValue):
        return SparseTensorSpec.from_value(value)
    if isinstance(value, RaggedTensorValue):
        return RaggedTensorSpec.from_value(value)
    if is_composite(value):
        return spec_of_composite(value)
    if isinstance(value, list) and value:
        return _spec_of_list([_known_spec(one) for one in value])
    return None


def _spec_of_list(specs: list[Any]) -> Any:
    """Return the spec of all elements with one more axis; None if they differ."""
    first, *others = specs
    kinds = (TensorSpec, SparseTensorSpec, RaggedTensorSpec, NoneTensorSpec)
    if not isinstance(first, kinds):
        return None
    merged = first.most_specific_common_supertype(others)
    if merged is None or isinstance(merged, NoneTensorSpec):
        return merged
    shape = TensorShape([len(specs)]).concatenate(merged.shape)
    if isinstance(merged, RaggedTensorSpec):
        rank = merged.ragged_rank + 1
        return RaggedTensorSpec(shape, merged.dtype, rank, merged.row_splits_dtype)
    return type(merged)(shape, merged.dtype)
