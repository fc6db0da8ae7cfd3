"""Sets of values along the last axis (`tf.sets`).

Source: tensorflow python/ops/sets_impl.py.
"""

from __future__ import annotations

from typing import Any, Final

from metagraft.api.sparse import convert_to_tensor_or_sparse_tensor
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.composite import SparseTensor
from metagraft.graph.tensor import Tensor

__all__ = ["set_difference", "set_intersection", "set_size", "set_union"]

_TYPES: Final = frozenset(
    (
        dtypes.int8,
        dtypes.int16,
        dtypes.int32,
        dtypes.int64,
        dtypes.uint8,
        dtypes.uint16,
        dtypes.string,
    )
)


def set_size(a: Any, validate_indices: bool = True) -> Tensor:
    """Return how many different values each set has.

    Args:
        a: A sparse tensor; each row along its last axis is a set.
        validate_indices: Whether to check order and bounds of its indices.

    Raises:
        TypeError: It is not sparse, or its type cannot be an element of a set.
    """
    a = convert_to_tensor_or_sparse_tensor(a, name="a")
    if not isinstance(a, SparseTensor):
        raise TypeError(f"Expected `SparseTensor`, got {a}.")
    if a.values.dtype.base_dtype not in _TYPES:
        raise TypeError(
            f"Invalid dtype `{a.values.dtype}` not in supported dtypes: `{_TYPES}`."
        )
    sizes: Tensor = op(
        "SetSize",
        set_indices=a.indices,
        set_values=a.values,
        set_shape=a.dense_shape,
        validate_indices=validate_indices,
    )
    return sizes


def set_intersection(a: Any, b: Any, validate_indices: bool = True) -> SparseTensor:
    """Return the values that are in both sets, row by row."""
    a, b, _ = _operands(a, b)
    return _operation(a, b, "intersection", validate_indices)


def set_difference(
    a: Any, b: Any, aminusb: bool = True, validate_indices: bool = True
) -> SparseTensor:
    """Return the values that are in one set and not in the other, row by row.

    Args:
        a: Sets along the last axis, dense or sparse.
        b: Sets along the last axis, dense or sparse.
        aminusb: Whether those of `a` without those of `b` are asked for.
        validate_indices: Whether to check order and bounds of indices.
    """
    a, b, is_flipped = _operands(a, b)
    is_first = aminusb != is_flipped
    return _operation(a, b, "a-b" if is_first else "b-a", validate_indices)


def set_union(a: Any, b: Any, validate_indices: bool = True) -> SparseTensor:
    """Return the values that are in any of the two sets, row by row."""
    a, b, _ = _operands(a, b)
    return _operation(a, b, "union", validate_indices)


def _operands(a: Any, b: Any) -> tuple[Any, Any, bool]:
    """Return the operands, a dense one first, and whether they changed places.

    Raises:
        TypeError: Their types differ or cannot be elements of sets.
    """
    a = convert_to_tensor_or_sparse_tensor(a, name="a")
    if a.dtype.base_dtype not in _TYPES:
        raise TypeError(
            f"'a' has invalid dtype `{a.dtype}` not in supported dtypes: `{_TYPES}`."
        )
    b = convert_to_tensor_or_sparse_tensor(b, name="b")
    if b.dtype.base_dtype != a.dtype.base_dtype:
        raise TypeError(f"Types don't match, {a.dtype} vs {b.dtype}.")
    if isinstance(a, SparseTensor) and not isinstance(b, SparseTensor):
        return b, a, True
    return a, b, False


def _parts(prefix: str, tensor: SparseTensor) -> dict[str, Any]:
    return {
        f"{prefix}_indices": tensor.indices,
        f"{prefix}_values": tensor.values,
        f"{prefix}_shape": tensor.dense_shape,
    }


def _operation(
    a: Any, b: Any, set_operation: str, validate_indices: bool
) -> SparseTensor:
    attrs: dict[str, Any] = {
        "set_operation": set_operation,
        "validate_indices": validate_indices,
    }
    if isinstance(a, SparseTensor):
        operands: dict[str, Any] = {**_parts("set1", a), **_parts("set2", b)}
        return SparseTensor(*op("SparseToSparseSetOperation", **operands, **attrs))
    if isinstance(b, SparseTensor):
        operands = {"set1": a, **_parts("set2", b)}
        return SparseTensor(*op("DenseToSparseSetOperation", **operands, **attrs))
    return SparseTensor(*op("DenseToDenseSetOperation", set1=a, set2=b, **attrs))
