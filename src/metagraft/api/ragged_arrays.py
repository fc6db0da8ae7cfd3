"""Functions of arrays, of ragged tensors.

Source: tensorflow python/ops/ragged/ragged_array_ops.py, ragged_concat_ops.py,
ragged_squeeze_op.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api import array as dense
from metagraft.api.assertion import assert_
from metagraft.api.comparison import equal
from metagraft.api.ragged_factories import as_values
from metagraft.api.ragged_stack import concat, stack
from metagraft.api.ragged_tensor import RaggedTensor
from metagraft.api.ragged_tile import tile
from metagraft.api.renamed_arguments import renamed_argument
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.control_flow import with_dependencies
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.scopes import name_scope

__all__ = [
    "bitcast",
    "concat",
    "expand_dims",
    "one_hot",
    "positive_axis",
    "rank",
    "size",
    "squeeze",
    "stack",
    "tile",
]


def positive_axis(axis: Any, rank: int | None, name: str, rank_name: str) -> int:
    """Return the number of an axis, counted from the first.

    Raises:
        TypeError: It is no integer.
        ValueError: There is no such axis.
    """
    if not isinstance(axis, int):
        raise TypeError(f"{name} must be an int; got {type(axis).__name__}")
    if rank is None:
        if axis < 0:
            raise ValueError(
                f"{name}={axis} may only be negative if {rank_name} is statically"
                " known."
            )
        return axis
    if not -rank <= axis < rank:
        raise ValueError(
            f"{name}={axis} out of bounds: expected {-rank}<={name}<{rank}"
        )
    return axis % rank


def expand_dims(
    input: Any, axis: Any = None, name: str | None = None, dim: Any = None
) -> Any:
    """Add an axis of size one."""
    axis = axis if dim is None else dim
    with name_scope(name, "RaggedExpandDims", [input]):
        ragged = as_values(input, name="input")
        rank = ragged.shape.ndims
        wider = None if rank is None else rank + 1
        axis = positive_axis(axis, wider, "axis", "rank(input)")
        if axis == 0:
            return RaggedTensor.from_uniform_row_length(
                ragged, uniform_row_length=ragged.nrows(), nrows=1, validate=False
            )
        if axis == 1:
            return RaggedTensor.from_uniform_row_length(
                ragged, uniform_row_length=1, nrows=ragged.nrows(), validate=False
            )
        inner = ragged.values
        if isinstance(inner, RaggedTensor):
            return ragged.with_values(expand_dims(inner, axis - 1))
        return ragged.with_values(array.expand_dims(inner, axis - 1))


def size(input: Any, name: str | None = None, out_type: Any = dtypes.int32) -> Any:
    """Return how many values there are."""
    return array.size(as_values(input).flat_values, name=name, out_type=out_type)


def rank(input: Any, name: str | None = None) -> Any:
    """Return how many axes there are."""
    with name_scope(name, "RaggedRank", [input]):
        ragged = as_values(input)
        return ragged.ragged_rank + array.rank(ragged.flat_values)


def one_hot(
    indices: Any,
    depth: Any,
    on_value: Any = None,
    off_value: Any = None,
    axis: Any = None,
    dtype: Any = None,
    name: str | None = None,
) -> Any:
    """Return a vector for each number, with one element on.

    Raises:
        ValueError: The axis lies before a ragged one.
    """
    ragged = as_values(indices, name="indices")
    if isinstance(axis, int) and axis >= 0:
        if axis <= ragged.ragged_rank:
            raise ValueError(
                f"axis ({axis}) must be greater than indices.ragged_rank"
                f" ({ragged.ragged_rank})."
            )
        axis -= ragged.ragged_rank
    with name_scope(name, "RaggedOneHot", [indices, depth, on_value, off_value, axis]):
        flat = ragged.flat_values
        found = dense.one_hot(flat, depth, on_value, off_value, axis, dtype, name)
        return ragged.with_flat_values(found)


def bitcast(input: Any, type: Any, name: str | None = None) -> Any:
    """Read the bits of the values as another type.

    Raises:
        ValueError: The result would have fewer axes than are ragged.
    """
    wanted = dtypes.as_dtype(type)
    with name_scope(name, "Bitcast", [input]):
        ragged = as_values(input, name="input")
        if ragged.dtype.size < wanted.size and ragged.flat_values.shape.rank < 2:
            raise ValueError(
                "`input.flat_values` is required to have rank >= 2 when"
                " input.dtype.size < type.size. Actual rank:"
                f" {ragged.flat_values.shape.rank}"
            )
        return ragged.with_flat_values(dense.bitcast(ragged.flat_values, wanted))


def squeeze(
    input: Any, axis: Any = None, name: str | None = None, squeeze_dims: Any = None
) -> Any:
    """Take axes of size one away.

    Raises:
        TypeError: The axes are no integers.
        ValueError: No axis is named.
    """
    axis = renamed_argument("axis", axis, "squeeze_dims", squeeze_dims)
    with name_scope(name, "RaggedSqueeze", [input]):
        ragged = as_values(input)
        if axis is None:
            raise ValueError("Ragged.squeeze must have an axis argument.")
        axes = [axis] if isinstance(axis, int) else axis
        if not isinstance(axes, list | tuple) or not all(
            isinstance(one, int) for one in axes
        ):
            raise TypeError("Axis must be a list or tuple of integers.")
        found = [
            positive_axis(one, ragged.shape.ndims, f"axis[{i}]", "rank(input)")
            for i, one in enumerate(axes)
        ]
        return _squeezed(ragged, found, name)


def _squeezed(ragged: RaggedTensor, axes: list[int], name: str | None) -> Any:
    levels = ragged.ragged_rank
    inner = [axis - levels for axis in axes if axis > levels]
    outer = {axis for axis in axes if axis <= levels}
    one = array.constant(1, dtype=ragged.row_splits.dtype)
    message = "the given axis (axis = {}) is not squeezable!"
    checks = [
        assert_(reduce_tensor("All", equal(lengths, one)), [message.format(level)])
        for level, lengths in enumerate(ragged.nested_row_lengths(), 1)
        if level in outer
    ]
    if 0 in outer:
        two = array.constant(2, dtype=dtypes.int32)
        count = array.size(ragged.row_splits)
        checks.append(assert_(equal(count, two), [message.format(0)]))
    values: Any = with_dependencies(checks, ragged.flat_values)
    if inner:
        values = dense.squeeze(values, inner)
    splits = [
        one_level
        for level, one_level in enumerate(ragged.nested_row_splits, 1)
        if level not in outer
    ]
    if splits and 0 in outer:
        splits.pop(0)
    result = RaggedTensor.from_nested_row_splits(values, splits)
    if set(range(levels + 1)) <= outer:
        result = dense.squeeze(result, [0], name)
    return result
