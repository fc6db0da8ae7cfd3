"""`tf.ragged`: ragged tensors made of lists, fed, counted up and put together.

Source: tensorflow python/ops/ragged/ragged_factory_ops.py, ragged_functional_ops.py,
ragged_math_ops.py, ragged_concat_ops.py, ragged_array_ops.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from metagraft.api.constants import placeholder as dense_placeholder
from metagraft.api.ragged_factories import as_values
from metagraft.api.ragged_tensor import RaggedTensor, is_ragged
from metagraft.api.ragged_value import RaggedTensorValue
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.ragged import range_parts
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape

__all__ = [
    "constant",
    "constant_value",
    "map_flat_values",
    "placeholder",
    "ragged_range",
]

# Makes innermost values: of a list, a type and a shape.
_Inner = Callable[[Any, Any, Any], Any]
_Outer = Callable[[Any, Any], Any]


def constant(
    pylist: Any,
    dtype: Any = None,
    ragged_rank: int | None = None,
    inner_shape: Any = None,
    name: str | None = None,
    row_splits_dtype: Any = dtypes.int64,
) -> Any:
    """Return nested lists as a ragged tensor.

    Args:
        pylist: Nested lists or tuples.
        dtype: The type of the elements.
        ragged_rank: How many axes are ragged; as many as can be by default.
        inner_shape: The shape of what the innermost rows hold.
        name: Name of the scope.
        row_splits_dtype: int32 or int64.

    Raises:
        ValueError: The lists and the arguments do not go together.
    """

    def divided(values: Any, splits: Any) -> Any:
        splits = array.constant(splits, dtype=row_splits_dtype)
        return RaggedTensor.from_row_splits(values, splits, validate=False)

    def inner(values: Any, kind: Any, shape: Any, name: str | None = None) -> Any:
        return array.constant(values, kind, shape, name=name or "Const")

    with name_scope(name, "RaggedConstant"):
        return _made(divided, inner, pylist, dtype, ragged_rank, inner_shape)


def constant_value(
    pylist: Any,
    dtype: Any = None,
    ragged_rank: int | None = None,
    inner_shape: Any = None,
    row_splits_dtype: Any = "int64",
) -> Any:
    """Return nested lists as a `RaggedTensorValue`, or as an array if none is ragged.

    Args:
        pylist: Nested lists or tuples.
        dtype: The type of the elements.
        ragged_rank: How many axes are ragged; as many as can be by default.
        inner_shape: The shape of what the innermost rows hold.
        row_splits_dtype: int32 or int64.
    """
    if isinstance(dtype, dtypes.DType):
        dtype = dtype.as_numpy_dtype
    splits_type = dtypes.as_dtype(row_splits_dtype).as_numpy_dtype

    def divided(values: Any, splits: Any) -> Any:
        return RaggedTensorValue(values, np.array(splits, dtype=splits_type))

    def inner(values: Any, kind: Any, shape: Any, name: str | None = None) -> Any:
        del name
        if kind is object or kind is None:
            found = np.array(values, dtype=kind)
        else:
            found = np.array(values).astype(kind)
        return found if shape is None else found.reshape(shape)

    return _made(divided, inner, pylist, dtype, ragged_rank, inner_shape)


def _made(
    divided: _Outer,
    inner: Any,
    pylist: Any,
    dtype: Any,
    ragged_rank: int | None,
    inner_shape: Any,
) -> Any:
    if is_ragged(pylist):
        raise TypeError("pylist may not be a RaggedTensor or RaggedTensorValue.")
    if not _is_nested(pylist):
        _check_scalar(pylist, ragged_rank, inner_shape)
        return inner(pylist, dtype, ())
    if ragged_rank is not None and ragged_rank < 0:
        raise ValueError(f"Invalid ragged_rank={ragged_rank!r}: must be nonnegative")
    scalar_depth, depth = _depths(pylist)
    _check_depths(pylist, scalar_depth, depth, ragged_rank, inner_shape)
    inner_rank = 0 if inner_shape is None else len(inner_shape)
    if ragged_rank == 0 or (ragged_rank is None and depth - inner_rank < 2):
        return inner(pylist, dtype, inner_shape)
    if inner_shape is None and ragged_rank is not None:
        inner_shape = _inner_shape_of(pylist, ragged_rank)
    inner_shape = tuple(inner_shape or ())
    if ragged_rank is None:
        levels = depth if scalar_depth is None else scalar_depth - len(inner_shape)
        ragged_rank = max(1, levels - 1)
    nested, values = [], pylist
    for _ in range(ragged_rank):
        lengths = [len(row) for row in values]
        nested.append([0, *(int(end) for end in np.cumsum(lengths))])
        values = [item for row in values for item in row]
    shape = (len(values), *inner_shape)
    result = inner(values, dtype, shape, name="values")
    for splits in reversed(nested):
        result = divided(result, splits)
    return result


def _is_nested(item: Any) -> bool:
    return isinstance(item, list | tuple) or np.ndim(item) != 0


def _check_scalar(pylist: Any, ragged_rank: int | None, inner_shape: Any) -> None:
    if ragged_rank:
        raise ValueError(
            f"Invalid pylist={pylist!r}: incompatible with ragged_rank={ragged_rank}"
        )
    if inner_shape:
        raise ValueError(
            f"Invalid pylist={pylist!r}: incompatible with"
            f" dim(inner_shape)={len(inner_shape)}"
        )


def _check_depths(
    pylist: Any,
    scalar_depth: int | None,
    depth: int,
    ragged_rank: int | None,
    inner_shape: Any,
) -> None:
    if scalar_depth is not None:
        if depth > scalar_depth:
            raise ValueError(
                f"Invalid pylist={pylist!r}: empty list nesting is greater than scalar"
                " value nesting"
            )
        if ragged_rank is not None and depth < ragged_rank:
            raise ValueError(
                f"Invalid pylist={pylist}, max depth smaller than"
                f" ragged_rank={ragged_rank}"
            )
    if inner_shape is None or ragged_rank is None:
        return
    expected = ragged_rank + len(inner_shape) + 1
    is_wrong = expected < depth if scalar_depth is None else expected != scalar_depth
    if is_wrong:
        raise ValueError(
            f"Invalid pylist={pylist!r}: incompatible with ragged_rank={ragged_rank}"
            f" and dim(inner_shape)={len(inner_shape)}"
        )


def _depths(item: Any) -> tuple[int | None, int]:
    """Return how deep scalars stand, None if there are none, and the deepest list."""
    if not _is_nested(item):
        return 0, 0
    scalar_depth: int | None = None
    depth = 1
    for child in item:
        child_scalar, child_depth = _depths(child)
        if child_scalar is not None:
            if scalar_depth not in (None, child_scalar + 1):
                raise ValueError("all scalar values must have the same nesting depth")
            scalar_depth = child_scalar + 1
        depth = max(depth, child_depth + 1)
    return scalar_depth, depth


def _inner_shape_of(pylist: Any, ragged_rank: int) -> tuple[int, ...]:
    flat = pylist
    for level in range(ragged_rank):
        if not all(_is_nested(item) for item in flat):
            raise ValueError(
                f"pylist has scalar values depth {level + 1}, but"
                f" ragged_rank={ragged_rank} requires scalar value depth greater than"
                f" {ragged_rank}"
            )
        flat = [item for row in flat for item in row]
    shape: list[int] = []
    item = flat
    while _is_nested(item):
        shape.append(len(item))
        if not len(item):
            break
        item = item[0]
    _check_inner(flat, tuple(shape))
    return tuple(shape[1:])


def _check_inner(item: Any, shape: tuple[int, ...]) -> None:
    if _is_nested(item) != bool(shape) or (shape and shape[0] != len(item)):
        raise ValueError("inner values have inconsistent shape")
    if shape:
        for child in item:
            _check_inner(child, shape[1:])


def placeholder(
    dtype: Any, ragged_rank: int, value_shape: Any = None, name: str | None = None
) -> Any:
    """Return a ragged tensor whose value every run is given.

    Args:
        dtype: The type of the elements.
        ragged_rank: How many axes are ragged.
        value_shape: The shape of what the innermost rows hold.
        name: Name of the scope.
    """
    if ragged_rank == 0:
        return dense_placeholder(dtype, value_shape, name)
    with name_scope(name, "RaggedPlaceholder", []):
        shape = TensorShape([None]).concatenate(TensorShape(value_shape))
        result: Any = dense_placeholder(dtype, shape, "flat_values")
        for level in reversed(range(ragged_rank)):
            splits = dense_placeholder(dtypes.int64, [None], f"row_splits_{level}")
            result = RaggedTensor.from_row_splits(result, splits, validate=False)
        return result


def ragged_range(
    starts: Any,
    limits: Any = None,
    deltas: Any = 1,
    dtype: Any = None,
    name: str | None = None,
    row_splits_dtype: Any = dtypes.int64,
) -> RaggedTensor:
    """Return a row of numbers from each start to its limit.

    Args:
        starts: The first number of each row; the limits if there are none.
        limits: What each row ends before.
        deltas: The steps.
        dtype: The type of the numbers; by default the widest that is given.
        name: Name of the operation.
        row_splits_dtype: int32 or int64.
    """
    splits, values = range_parts(starts, limits, deltas, dtype, name, row_splits_dtype)
    return RaggedTensor.from_row_splits(values, splits, validate=False)


def map_flat_values(op: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Apply a function to the innermost values of ragged tensors of the same rows.

    Raises:
        ValueError: They have ragged axes in different numbers, or values.
    """
    found: list[RaggedTensor] = []
    positional = [_flat(value, found) for value in args]
    named = {key: _flat(value, found) for key, value in kwargs.items()}
    if not found:
        return op(*args, **kwargs)
    sizes = {one.flat_values.shape[0].value for one in found} - {None}
    if len(sizes) > 1:
        raise ValueError(
            "Input RaggedTensors' flat_values must all have the same outer-dimension"
            f" size.  Got sizes: {sizes}"
        )
    result = op(*positional, **named)
    if sizes and not result.shape[:1].is_compatible_with(list(sizes)):
        raise ValueError(
            "tf.ragged.map_flat_values requires that the output of `op` have the same"
            " outer-dimension size as flat_values of any ragged inputs. (output shape:"
            f" {result.shape}; expected outer dimension size: {sizes.pop()})"
        )
    return found[0].merged_rows(found[1:], result)


def _flat(value: Any, found: list[RaggedTensor]) -> Any:
    if is_ragged(value):
        ragged = as_values(value)
        found.append(ragged)
        return ragged.flat_values
    if isinstance(value, list | tuple):
        return type(value)(_flat(item, found) for item in value)
    if isinstance(value, dict):
        return {key: _flat(item, found) for key, item in value.items()}
    return value
