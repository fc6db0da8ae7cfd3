"""Functions that arrange, join, cut and fill arrays.

Those that gradient rules need as well are in `metagraft.graph.build.array`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from metagraft.api.renamed_arguments import renamed_argument
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.array import (
    concat,
    fill,
    identity,
    matrix_transpose,
    ones,
    ones_like,
    rank,
    reshape,
    shape_n,
    split,
    stack,
    transpose,
    unstack,
    zeros,
    zeros_like,
)
from metagraft.graph.build.eye import eye
from metagraft.graph.build.pad import pad
from metagraft.graph.composite import CompositeTensor, IndexedSlices, SparseTensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape, broadcast_dims
from metagraft.graph.tensor import Tensor

__all__ = [
    "adjoint",
    "bitcast",
    "broadcast_dynamic_shape",
    "broadcast_static_shape",
    "broadcast_to",
    "concat",
    "ensure_shape",
    "expand_dims",
    "eye",
    "fill",
    "guarantee_const",
    "identity",
    "identity_n",
    "invert_permutation",
    "matrix_transpose",
    "meshgrid",
    "newaxis",
    "one_hot",
    "ones",
    "ones_like",
    "pad",
    "parallel_stack",
    "rank",
    "reshape",
    "reverse",
    "reverse_sequence",
    "roll",
    "sequence_mask",
    "shape",
    "shape_n",
    "size",
    "slice_",
    "split",
    "squeeze",
    "stack",
    "stop_gradient",
    "strided_slice",
    "tile",
    "transpose",
    "unstack",
    "zeros",
    "zeros_like",
]

newaxis = None


def shape(input: Any, name: str | None = None, out_type: Any = None) -> Tensor:
    """Return the shape of a tensor, as a constant if it is fully known."""
    return array.shape(input, name, out_type)


def size(input: Any, name: str | None = None, out_type: Any = None) -> Tensor:
    """Return the number of elements, as a constant if it is known."""
    return array.size(input, name, out_type)


def expand_dims(
    input: Any, axis: Any = None, name: str | None = None, dim: Any = None
) -> Tensor:
    """Insert a dimension of size 1 at `axis`; `dim` is its older name.

    Raises:
        ValueError: Neither or both are given.
    """
    axis = renamed_argument("axis", axis, "dim", dim)
    if axis is None:
        raise ValueError("Must specify an axis argument to tf.expand_dims()")
    return array.expand_dims(input, axis, name)


def squeeze(
    input: Any, axis: Any = None, name: str | None = None, squeeze_dims: Any = None
) -> Tensor:
    """Remove dimensions of size 1: those of `axis` (`squeeze_dims`), or all."""
    axis = renamed_argument("axis", axis, "squeeze_dims", squeeze_dims)
    return array.squeeze(input, axis, name)


def slice_(input_: Any, begin: Any, size: Any, name: str | None = None) -> Tensor:
    """Return a contiguous part; a size of -1 means up to the end."""
    return array.slice_(input_, begin, size, name)


def strided_slice(
    input_: Any,
    begin: Any,
    end: Any,
    strides: Any = None,
    begin_mask: int = 0,
    end_mask: int = 0,
    ellipsis_mask: int = 0,
    new_axis_mask: int = 0,
    shrink_axis_mask: int = 0,
    var: Any = None,
    name: str | None = None,
) -> Tensor:
    """Return what slices with `begin`, `end` and `strides` select.

    Args:
        input_: The tensor.
        begin: First index of every slice.
        end: Index before which every slice ends.
        strides: Step of every slice; ones by default.
        begin_mask: Bit i: slice i begins at its edge.
        end_mask: Bit i: slice i goes up to its edge.
        ellipsis_mask: Bit i: entry i stands for all axes that are not named.
        new_axis_mask: Bit i: entry i inserts an axis of size 1.
        shrink_axis_mask: Bit i: entry i is an index, and its axis vanishes.
        var: The variable of which `input_` is the value; the result then has a
            method `assign`.
        name: Name of the operation.
    """
    if strides is None:
        strides = array.ones_like(begin)
    masks = {
        "begin_mask": begin_mask,
        "end_mask": end_mask,
        "ellipsis_mask": ellipsis_mask,
        "new_axis_mask": new_axis_mask,
        "shrink_axis_mask": shrink_axis_mask,
    }
    result = array.strided_slice(input_, begin, end, strides, name=name, **masks)
    if var is None:
        return result
    from metagraft.graph.slicing import SlicedVariable

    return SlicedVariable.of(result, var, (begin, end, strides), masks, name or "")


def identity_n(input: Sequence[Any], name: str | None = None) -> list[Tensor]:
    """Return tensors with the same values, all there when the last is."""
    results: list[Tensor] = op("IdentityN", input=input, name=name)
    return results


def stop_gradient(input: Any, name: str | None = None) -> Any:
    """Return the same value, through which no gradient flows."""
    if isinstance(input, SparseTensor):
        parts = (input.indices, input.values, input.dense_shape)
        return SparseTensor(*(stop_gradient(part) for part in parts))
    if isinstance(input, IndexedSlices):
        values, indices = stop_gradient(input.values), stop_gradient(input.indices)
        dense = None if input.dense_shape is None else stop_gradient(input.dense_shape)
        return IndexedSlices(values, indices, dense)
    if isinstance(input, CompositeTensor):
        inner = [stop_gradient(part) for part in input.component_tensors()]
        return input.with_component_tensors(inner)
    return op("StopGradient", input=input, name=name)


def guarantee_const(input: Any, name: str | None = None) -> Tensor:
    """Return the same value, declared to be constant."""
    result: Tensor = op("GuaranteeConst", input=input, name=name)
    return result


def bitcast(input: Any, type: Any, name: str | None = None) -> Tensor:
    """Return the same bytes as elements of another type."""
    result: Tensor = op("Bitcast", input=input, type=type, name=name)
    return result


def ensure_shape(x: Any, shape: Any, name: str | None = None) -> Tensor:
    """Return `x`, which a run checks to have the given shape."""
    result: Tensor = op("EnsureShape", input=x, shape=TensorShape(shape), name=name)
    return result


def tile(input: Any, multiples: Any, name: str | None = None) -> Tensor:
    """Repeat an array along every axis."""
    result: Tensor = op("Tile", input=input, multiples=multiples, name=name)
    return result


def broadcast_to(input: Any, shape: Any, name: str | None = None) -> Tensor:
    """Repeat dimensions of size 1 so that the array has the given shape."""
    result: Tensor = op("BroadcastTo", input=input, shape=shape, name=name)
    return result


def broadcast_dynamic_shape(shape_x: Any, shape_y: Any) -> Tensor:
    """Return the shape, as a tensor, to which two shapes broadcast."""
    result: Tensor = op("BroadcastArgs", s0=shape_x, s1=shape_y)
    return result


def broadcast_static_shape(shape_x: Any, shape_y: Any) -> TensorShape:
    """Return the shape to which two static shapes broadcast.

    Raises:
        ValueError: They do not.
    """
    x, y = TensorShape(shape_x), TensorShape(shape_y)
    try:
        return TensorShape(broadcast_dims(x.dims_tuple, y.dims_tuple))
    except ValueError:
        raise ValueError(
            "Incompatible shapes for broadcasting. Two shapes are compatible if for"
            " each dimension pair they are either equal or one of them is 1. Received:"
            f" {x} and {y}."
        ) from None


def reverse(tensor: Any, axis: Any, name: str | None = None) -> Tensor:
    """Reverse the order of the elements along the given axes."""
    result: Tensor = op("ReverseV2", tensor=tensor, axis=axis, name=name)
    return result


def reverse_sequence(
    input: Any,
    seq_lengths: Any,
    seq_axis: int | None = None,
    batch_axis: int | None = None,
    name: str | None = None,
    seq_dim: int | None = None,
    batch_dim: int | None = None,
) -> Tensor:
    """Reverse the first `seq_lengths[i]` elements of every sequence i."""
    seq_axis = renamed_argument("seq_axis", seq_axis, "seq_dim", seq_dim)
    batch_axis = renamed_argument("batch_axis", batch_axis, "batch_dim", batch_dim)
    result: Tensor = op(
        "ReverseSequence",
        input=input,
        seq_lengths=seq_lengths,
        seq_dim=seq_axis,
        batch_dim=batch_axis,
        name=name,
    )
    return result


def roll(input: Any, shift: Any, axis: Any, name: str | None = None) -> Tensor:
    """Shift elements along axes; those that fall off come back on the other side."""
    result: Tensor = op("Roll", input=input, shift=shift, axis=axis, name=name)
    return result


def invert_permutation(x: Any, name: str | None = None) -> Tensor:
    """Return the permutation that undoes `x`."""
    result: Tensor = op("InvertPermutation", x=x, name=name)
    return result


def parallel_stack(
    values: Sequence[Any], name: str | None = "parallel_stack"
) -> Tensor:
    """Join arrays of one known shape along a new first axis."""
    with name_scope(name):
        first = convert_to_tensor(values[0])
        dims = TensorShape([len(values)]).concatenate(first.shape)
        pieces = [array.expand_dims(value, 0) for value in values]
        result: Tensor = op("ParallelConcat", values=pieces, shape=dims)
        return result


def one_hot(
    indices: Any,
    depth: Any,
    on_value: Any = None,
    off_value: Any = None,
    axis: int | None = None,
    dtype: Any = None,
    name: str | None = None,
) -> Tensor:
    """Return vectors with `on_value` at the index and `off_value` elsewhere.

    Raises:
        TypeError: The values and `dtype` are not of one type.
    """
    wanted = None if dtype is None else dtypes.as_dtype(dtype)
    values = [indices, depth, on_value, off_value, axis, dtype]
    with name_scope(name, "one_hot", values) as scope:
        if on_value is not None:
            on_value = convert_to_tensor(on_value, dtype_hint=wanted)
        if off_value is not None:
            off_value = convert_to_tensor(off_value, dtype_hint=wanted)
        given = {"on_value": on_value, "off_value": off_value}
        for key, value in given.items():
            if value is None:
                continue
            found = value.dtype.base_dtype
            if wanted is not None and found != wanted and dtype is not None:
                raise TypeError(
                    f"dtype {found} of {key} does not match dtype parameter {wanted}"
                )
            wanted = found if wanted is None else wanted
        wanted = dtypes.float32 if wanted is None else wanted
        if on_value is None:
            on_value = convert_to_tensor(1, wanted, name="on_value")
        if off_value is None:
            off_value = convert_to_tensor(0, wanted, name="off_value")
        on_dtype, off_dtype = on_value.dtype.base_dtype, off_value.dtype.base_dtype
        if on_dtype != off_dtype:
            raise TypeError(
                f"dtype {on_dtype} of on_value does not match dtype {off_dtype} of"
                " off_value"
            )
        result: Tensor = op(
            "OneHot",
            indices=indices,
            depth=depth,
            on_value=on_value,
            off_value=off_value,
            axis=axis,
            name=scope,
        )
        return result


def adjoint(matrix: Any, name: str | None = None) -> Tensor:
    """Return the conjugate transpose of the last two dimensions."""
    with name_scope(name, "adjoint", [matrix]):
        tensor = convert_to_tensor(matrix, name="matrix")
        return matrix_transpose(tensor, conjugate=True)


def all_axes(x: Any) -> Tensor:
    """Return the axes of a tensor."""
    if isinstance(x, Tensor) and x.dims is not None:
        return array.constant(np.arange(len(x.dims)), dtype=dtypes.int32)
    result: Tensor = op("Range", start=0, limit=rank(x), delta=1)
    return result


def sequence_mask(
    lengths: Any,
    maxlen: Any = None,
    dtype: Any = dtypes.bool,
    name: str | None = None,
) -> Tensor:
    """Return masks of `maxlen` elements, the first `lengths[i]` of which are true.

    Raises:
        ValueError: `maxlen` is no scalar.
    """
    with name_scope(name, "SequenceMask", [lengths, maxlen]):
        lengths = convert_to_tensor(lengths)
        if maxlen is None:
            maxlen = op("Max", input=lengths, reduction_indices=all_axes(lengths))
            zero = array.constant(0, maxlen.dtype)
            maxlen = op("Maximum", x=zero, y=maxlen)
        else:
            maxlen = convert_to_tensor(maxlen)
        if maxlen.dims:
            raise ValueError(
                "Argument `maxlen` must be scalar for sequence_mask, received `maxlen`"
                f" = {maxlen} with shape '{maxlen.shape}' instead"
            )
        start = array.constant(0, maxlen.dtype)
        delta = array.constant(1, maxlen.dtype)
        row = op("Range", start=start, limit=maxlen, delta=delta)
        column = op("Cast", x=array.expand_dims(lengths, -1), DstT=maxlen.dtype)
        mask: Tensor = row < column
        if dtype is None or mask.dtype.is_compatible_with(dtype):
            return mask
        result: Tensor = op("Cast", x=mask, DstT=dtype)
        return result


def meshgrid(
    *args: Any, indexing: str = "xy", name: str | None = "meshgrid"
) -> list[Tensor]:
    """Return arrays of coordinates for vectors of positions along each axis.

    Raises:
        ValueError: `indexing` is neither `xy` nor `ij`.
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(
            "Argument `indexing` parameter must be either 'xy' or 'ij', got"
            f" '{indexing}'"
        )
    with name_scope(name, "meshgrid", args):
        count = len(args)
        if not count:
            return []
        around = (1,) * count
        output = [
            reshape(stack(x), (*around[:i], -1, *around[i + 1 :]))
            for i, x in enumerate(args)
        ]
        sizes: list[Any] = [array.size(x) for x in args]
        dtype = convert_to_tensor(args[0]).dtype.base_dtype
        if indexing == "xy" and count > 1:
            rest = (1,) * (count - 2)
            output[0] = reshape(output[0], (1, -1, *rest))
            output[1] = reshape(output[1], (-1, 1, *rest))
            sizes[0], sizes[1] = sizes[1], sizes[0]
        factor = ones(sizes, dtype)
        return [x * factor for x in output]
