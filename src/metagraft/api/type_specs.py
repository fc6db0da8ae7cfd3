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
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor
from metagraft.graph.tensor_spec import TensorSpec
from metagraft.graph.type_spec import (
    CompositeSpec,
    IndexedSlicesSpec,
    SparseTensorSpec,
    TypeSpec,
)

__all__ = [
    "NoneTensorSpec",
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
