"""Sparse tensors in order, in shape, together, apart and dense; twin of `ops/`.

Source: tensorflow core/kernels/sparse_reorder_op.cc, reshape_util.cc,
sparse_concat_op.cc, sparse_split_op.cc, sparse_slice_op.cc, sparse_slice_grad_op.cc.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from metagraft.errors import InternalError
from metagraft.kernels.element_counts import check_count, check_product, check_sizes
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import is_host, namespace
from metagraft.kernels.sparse_indices import (
    broken_rule,
    check_bounds,
    check_parts,
    check_valid,
    positions_in,
    row_order,
    shown_dims,
)

__all__ = ["KERNELS"]

_LARGEST = np.iinfo(np.int64).max


def sparse_reorder(
    _attrs: Any, indices: Array, values: Array, shape: Array
) -> tuple[Array, Array]:
    check_parts(indices, values, shape)
    order = row_order(indices)
    return indices[order], values[order]


def _size(dims: Sequence[int]) -> int:
    """The number of elements.

    Raises:
        InvalidArgumentError: It does not fit into 64 bits.
    """
    total = 1
    for size in dims:
        if total * size > _LARGEST:
            raise broken_rule(
                f"Encountered overflow when multiplying {total} with {size}, result: -1"
            )
        total *= size
    return total


def _target(source: list[int], wanted: list[int]) -> list[int]:
    """The new shape, with what -1 stands for.

    Raises:
        InvalidArgumentError: It has another number of elements.
    """
    check_sizes(source)
    total = _size(source)
    open_places = [place for place, size in enumerate(wanted) if size == -1]
    if len(open_places) > 1:
        raise broken_rule(
            "only one output dimension may be -1, not both"
            f" {open_places[0]} and {open_places[1]}"
        )
    for place, size in enumerate(wanted):
        if size < -1:
            raise broken_rule(f"size {place} must be non-negative, not {size}")
    known = [1 if size == -1 else size for size in wanted]
    product = _size(known)
    if open_places:
        if product == 0:
            raise broken_rule(
                "reshape cannot infer the missing input size for an empty tensor unless"
                " all specified input sizes are non-zero"
            )
        if total % product:
            raise broken_rule(
                f"Input to reshape is a SparseTensor with {total} dense values, but the"
                f" requested shape requires a multiple of {product}."
                f" input_shape={shown_dims(source)} output_shape={shown_dims(known)}"
            )
        known[open_places[0]] = total // product
    elif product != total:
        raise broken_rule(
            f"Input to reshape is a tensor with {total} dense values, but the requested"
            f" shape has {product}. input_shape={shown_dims(source)}"
            f" output_shape={shown_dims(known)}"
        )
    return known


def sparse_reshape(
    _attrs: Any, indices: Array, shape: Array, new_shape: Array
) -> tuple[Array, Array]:
    _check_reshape(indices, shape, new_shape)
    xp = namespace(indices, shape, new_shape)
    if is_host(shape) and is_host(new_shape):
        source = [int(size) for size in shape]
        target = _target(source, [int(size) for size in new_shape])
        empty = not math.prod(source) or not math.prod(target)
        if indices.shape[0] and empty:
            raise broken_rule(
                f"Input tensor has {indices.shape[0]} non zero elements but input shape"
                f" ({shown_dims(source)}) or output shape ({shown_dims(target)}) is"
                " empty"
            )
        if source == target:
            return indices, np.array(target, np.int64)
        found: Array = np.array(target, np.int64)
        sizes_in: Any = np.array(source, np.int64)
    else:
        sizes_in = shape
        known = xp.prod(xp.where(new_shape == -1, np.int64(1), new_shape))
        found = xp.where(new_shape == -1, xp.prod(shape) // known, new_shape)
    place = xp.zeros((indices.shape[0],), np.int64)
    for column in range(indices.shape[1]):
        place = place * sizes_in[column] + indices[:, column]
    columns = []
    for column in reversed(range(new_shape.shape[0])):
        size = xp.maximum(found[column], np.int64(1))
        # The first column takes all that is left, also of an index out of bounds.
        columns.append(place % size if column else place)
        place = place // size
    if not columns:
        return xp.zeros((indices.shape[0], 0), np.int64), found
    return xp.stack(columns[::-1], axis=1), found


def _check_reshape(indices: Array, shape: Array, new_shape: Array) -> None:
    if np.ndim(indices) != 2:
        raise broken_rule("Input must be a matrix.")
    for part, what in ((shape, "Input"), (new_shape, "Target")):
        if np.ndim(part) != 1:
            raise broken_rule(
                f"{what} shape should be a vector but received shape"
                f" {shown_dims(np.shape(part))}"
            )
    if indices.shape[1] != shape.shape[0]:
        raise broken_rule("Input tensor rank must match input shape length.")


def sparse_concat(
    attrs: Any,
    indices: Sequence[Array],
    values: Sequence[Array],
    shapes: Sequence[Array],
) -> tuple[Array, Array, Array]:
    axis = _concat_axis(attrs["concat_dim"], indices, values, shapes)
    xp = namespace(*indices, *values, *shapes)
    moved = []
    start: Any = np.int64(0)
    for one, shape in zip(indices, shapes, strict=True):
        shift = xp.zeros((1, one.shape[1]), np.int64)
        column = (np.arange(one.shape[1]) == axis)[None, :]
        moved.append(one + xp.where(column, start, shift))
        start = start + shape[axis]
    together = xp.concatenate(moved)
    order = row_order(together)
    is_axis = np.arange(shapes[0].shape[0]) == axis
    shape = xp.where(is_axis, start, xp.asarray(shapes[0]))
    return together[order], xp.concatenate(list(values))[order], shape


def _concat_axis(
    axis: int,
    indices: Sequence[Array],
    values: Sequence[Array],
    shapes: Sequence[Array],
) -> int:
    """Check the operands and return the axis, 0 or more."""
    rank = shapes[0].shape[0] if np.ndim(shapes[0]) == 1 else 0
    for place, (one, value, shape) in enumerate(
        zip(indices, values, shapes, strict=True)
    ):
        for part, what, wanted, kind in (
            (one, "indices", 2, "matrix"),
            (value, "values", 1, "vector"),
            (shape, "shapes", 1, "vector"),
        ):
            if np.ndim(part) != wanted:
                raise broken_rule(
                    f"Input {what} should be a {kind} but received shape"
                    f" {shown_dims(np.shape(part))} at position {place}"
                )
        if one.shape[0] != value.shape[0]:
            raise broken_rule(
                "indices and values rows (indexing dimension) must match. (indices ="
                f" {one.shape[0]}, values = {value.shape[0]})"
            )
        if shape.shape[0] != rank:
            raise broken_rule(
                f"Ranks of all input tensors must match: expected {rank} but got"
                f" {shape.shape[0]} at position {place}"
            )
    if not -rank <= axis < rank:
        raise broken_rule(
            f"Concat dimension must be in range [{-rank}, {rank}), got {axis}"
        )
    axis %= rank
    _check_other_sizes(axis, shapes)
    return axis


def _check_other_sizes(axis: int, shapes: Sequence[Array]) -> None:
    if not all(is_host(shape) for shape in shapes):
        return
    for place, shape in enumerate(shapes):
        for column, (expected, size) in enumerate(zip(shapes[0], shape, strict=True)):
            if column != axis and expected != size:
                raise broken_rule(
                    f"Input shapes must match: expected {expected} for dimension"
                    f" {column} but got {size} at position {place}"
                )


def sparse_split(
    attrs: Any, split_dim: Array, indices: Array, values: Array, shape: Array
) -> tuple[Array, ...]:
    if np.ndim(split_dim):
        raise broken_rule(
            "Input axis should be a scalar but received shape"
            f" {shown_dims(np.shape(split_dim))}"
        )
    check_parts(indices, values, shape)
    rank, axis, count = shape.shape[0], int(split_dim), attrs["num_split"]
    if not -rank <= axis < rank:
        raise broken_rule(
            f"Input axis should be in range [{-rank}, {rank}), got {axis}"
        )
    axis %= rank
    size = int(shape[axis])
    if not 1 <= count <= size:
        raise broken_rule(
            "Input num_split should be between 1 and the splitting dimension size"
            f" ({size}), got {count}"
        )
    check_bounds(indices, shape)
    # The first parts take what is left over, one each.
    sizes = np.full(count, size // count, np.int64)
    sizes[: size % count] += 1
    starts = np.cumsum(sizes) - sizes
    part_of = np.searchsorted(starts, indices[:, axis], side="right") - 1
    found: tuple[list[Array], ...] = ([], [], [])
    for part in range(count):
        chosen = np.flatnonzero(part_of == part)
        moved = indices.take(chosen, axis=0)
        moved[:, axis] -= starts[part]
        dims = shape.copy()
        dims[axis] = sizes[part]
        for parts, value in zip(found, (moved, values[chosen], dims), strict=True):
            parts.append(value)
    return (*found[0], *found[1], *found[2])


def sparse_slice(
    _attrs: Any,
    indices: Array,
    values: Array,
    shape: Array,
    start: Array,
    size: Array,
) -> tuple[Array, Array, Array]:
    check_parts(indices, values, shape)
    for part, what in ((start, "start"), (size, "size")):
        if np.ndim(part) != 1:
            raise broken_rule(
                f"Expected {what} to be a vector but got shape"
                f" {shown_dims(np.shape(part))}"
            )
        if part.shape[0] != shape.shape[0]:
            raise broken_rule(
                f"Expected {what} to be a vector of length {shape.shape[0]} but got"
                f" length {part.shape[0]}"
            )
    check_sizes(shape.tolist())
    check_product(shape.tolist())
    if np.any(size < 0):
        raise broken_rule(f"Expected a non-negative size, got {size[size < 0][0]}")
    # As far as the tensor goes; nothing where the start is outside of it.
    dims = np.where(start + size < shape, size, shape - start)
    dims = np.maximum(dims, 0)
    chosen = np.ones(len(values), np.bool_)
    for column, low, high in zip(indices.T, start, start + dims, strict=True):
        chosen &= (column >= low) & (column < high)
    places = np.flatnonzero(chosen)
    return indices.take(places, axis=0) - start, values[places], dims


def sparse_slice_grad(
    _attrs: Any,
    gradient: Array,
    input_indices: Array,
    start: Array,
    output_indices: Array,
) -> tuple[Array]:
    _check_slice_gradient(gradient, input_indices, start, output_indices)
    xp = namespace(gradient, input_indices, start, output_indices)
    places = positions_in(output_indices, input_indices - start)
    if is_host(places):
        used = int(np.sum(places >= 0))
        if used != gradient.shape[0]:
            raise InternalError(
                None,
                None,
                "Elements of backprop_val_grad aren't all propagated. Num elements:"
                f"{gradient.shape[0]}, used: {used}",
            )
    return (_picked(xp, gradient, places),)


def _picked(xp: Any, gradient: Array, places: Array) -> Array:
    """Gradients of elements by place in the result, 0 for those that are not in it."""
    zero = xp.zeros((1,), gradient.dtype)
    return xp.concatenate([xp.asarray(gradient), zero])[places]


def _check_slice_gradient(
    gradient: Array, input_indices: Array, start: Array, output_indices: Array
) -> None:
    for part, what, rank, kind in (
        (gradient, "backprop_val_grad", 1, "vector"),
        (input_indices, "input_indices", 2, "matrix"),
        (output_indices, "output_indices", 2, "matrix"),
        (start, "input_start", 1, "vector"),
    ):
        if np.ndim(part) != rank:
            raise broken_rule(
                f"Input {what} should be a {kind} but received shape:"
                f" {shown_dims(np.shape(part))}"
            )
    rank = start.shape[0]
    if {input_indices.shape[1], output_indices.shape[1]} != {rank}:
        raise broken_rule(
            "The input and output should have the same ndims: got:"
            f" {input_indices.shape[1]} and {output_indices.shape[1]}"
        )
    if gradient.shape[0] != output_indices.shape[0]:
        raise broken_rule(
            "# elements of backprop_val_grad and # rows of output_indices should match"
            f" (#nnz of sum): got {gradient.shape[0]} and {output_indices.shape[0]}"
        )


def sparse_to_dense(
    attrs: Any, indices: Array, shape: Array, values: Array, default: Array
) -> tuple[Array]:
    """Values at the indices, `default` elsewhere."""
    _check_to_dense(indices, shape, values, default)
    places = indices.reshape((-1, 1)) if indices.ndim < 2 else indices
    if attrs["validate_indices"]:
        check_valid(places, shape)
    elif np.any((places < 0) | (places >= shape)):
        raise broken_rule(
            f"Indices are not valid (out of bounds).  Shape: {shown_dims(shape)}"
        )
    dims = [int(size) for size in shape]
    check_count(dims)
    dense = np.full(dims, default[()], values.dtype)
    if not len(shape):
        return (values[-1:].reshape(()) if values.size else dense,)
    dense[tuple(places.T)] = values
    return (dense,)


def _check_to_dense(
    indices: Array, shape: Array, values: Array, default: Array
) -> None:
    if indices.ndim > 2:
        raise broken_rule(
            "sparse_indices should be a scalar, vector, or matrix, got shape"
            f" {shown_dims(indices.shape)}"
        )
    if shape.ndim != 1:
        raise broken_rule(
            f"output_shape must be rank 1, got shape {shown_dims(shape.shape)}"
        )
    count = indices.shape[0] if indices.ndim else 1
    rank = indices.shape[1] if indices.ndim > 1 else 1
    if shape.shape[0] != rank:
        raise broken_rule(
            f"output_shape has incorrect number of elements: {shape.shape[0]} should"
            f" be: {rank}"
        )
    if np.any(shape < 0):
        raise broken_rule(f"Dimension {shape[shape < 0][0]} must be >= 0")
    if values.shape not in ((), (count,)):
        raise broken_rule(
            f"sparse_values has incorrect shape {shown_dims(values.shape)}, should be"
            f" [] or [{count}]"
        )
    if default.ndim:
        raise broken_rule("default_value should be a scalar.")


KERNELS = {
    "SparseReorder": Kernel(sparse_reorder),
    "SparseReshape": Kernel(sparse_reshape),
    "SparseConcat": Kernel(sparse_concat),
    "SparseSplit": Kernel(sparse_split, host=True),
    "SparseSlice": Kernel(sparse_slice, host=True),
    "SparseSliceGrad": Kernel(sparse_slice_grad),
    "SparseToDense": Kernel(sparse_to_dense, host=True),
}
