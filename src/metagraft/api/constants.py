"""`tf.constant` and the placeholders."""

from __future__ import annotations

from typing import Any

from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.composite import SparseTensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.defaults import executing_eagerly
from metagraft.graph.folding import constant_value_as_dims
from metagraft.graph.shapes import TensorShape, dimension_value
from metagraft.graph.tensor import Tensor

__all__ = ["constant", "placeholder", "placeholder_with_default", "sparse_placeholder"]


def constant(
    value: Any,
    dtype: Any = None,
    shape: Any = None,
    name: str | None = "Const",
    verify_shape: bool = False,
) -> Tensor:
    """Add a constant.

    Args:
        value: A number, text, or array or nested list of them.
        dtype: The element type; by default float32, int32, ... as the value suggests.
        shape: The shape; the last element of `value` is repeated to fill it.
        name: Name of the operation.
        verify_shape: Whether `value` must have exactly this shape.

    Raises:
        TypeError: The value does not fit the type or shape.
    """
    return array.constant(
        value, dtype, shape, name, verify_shape=verify_shape, allow_broadcast=False
    )


def placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> Tensor:
    """Add a tensor whose value every run is given.

    Raises:
        RuntimeError: Eager execution is on.
    """
    if executing_eagerly():
        raise RuntimeError("tf.placeholder() is not compatible with eager execution.")
    result: Tensor = op("Placeholder", dtype=dtype, shape=shape, name=name)
    return result


def placeholder_with_default(input: Any, shape: Any, name: str | None = None) -> Tensor:
    """Add a tensor that has the value `input` unless a run is given another."""
    result: Tensor = op(
        "PlaceholderWithDefault", input=input, shape=TensorShape(shape), name=name
    )
    return result


def sparse_placeholder(
    dtype: Any, shape: Any = None, name: str | None = None
) -> SparseTensor:
    """Add a sparse tensor whose value every run is given.

    Raises:
        RuntimeError: Eager execution is on.
    """
    if executing_eagerly():
        raise RuntimeError(
            "`sparse_placeholder` is not compatible with eager execution."
        )

    def part(suffix: str) -> str | None:
        return None if name is None else f"{name}/{suffix}"

    rank: int | None
    if shape is None:
        rank = None
        dense_shape = placeholder(dtypes.int64, shape=[None], name=part("shape"))
        known = constant_value_as_dims(dense_shape)
    else:
        if isinstance(shape, Tensor):
            rank = dimension_value(shape.shape[0])
            known = constant_value_as_dims(shape)
        else:
            sizes = [dimension_value(size) for size in shape]
            rank = len(sizes)
            known = tuple(None if size == -1 else size for size in sizes)
            shape = convert_to_tensor(
                tuple(-1 if size is None else size for size in sizes),
                dtype=dtypes.int64,
                name=part("shape_default"),
            )
        dense_shape = placeholder_with_default(
            shape, shape=shape.shape, name=part("shape")
        )
    values = placeholder(dtype, shape=[None], name=part("values"))
    indices = placeholder(dtypes.int64, shape=[None, rank], name=part("indices"))
    result = SparseTensor(values=values, indices=indices, dense_shape=dense_shape)
    result.set_shape(known)
    return result
