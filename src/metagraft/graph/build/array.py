"""Nodes of the most basic array functions, as TensorFlow's Python functions add them.

The gradient rules and `metagraft.api` both build with these: names, order and folding
of known shapes are TensorFlow's.

Source: tensorflow python/ops/array_ops.py, array_ops_stack.py and
python/framework/constant_op.py.
"""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np

from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.composite import CompositeTensor, IndexedSlices, SparseTensor
from metagraft.graph.constant_value import constant_value
from metagraft.graph.conversion import constant, convert_to_tensor
from metagraft.graph.dtypes import DType, as_dtype
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import Dimension, TensorShape, is_static, num_elements
from metagraft.graph.tensor import Tensor
from metagraft.graph.value_as_shape import narrow_by_value

__all__ = [
    "concat",
    "constant",
    "expand_dims",
    "fill",
    "gather",
    "identity",
    "matrix_transpose",
    "ones",
    "ones_like",
    "rank",
    "reshape",
    "searchsorted",
    "shape",
    "shape_as_tensor",
    "shape_n",
    "size",
    "slice_",
    "split",
    "squeeze",
    "stack",
    "strided_slice",
    "transpose",
    "unstack",
    "where",
    "zeros",
    "zeros_like",
]

# Below this many elements `zeros` and `ones` are constants and not Fill operations.
_SMALL = 1000


def is_sparse(value: Any) -> bool:
    """Whether `value` is a sparse tensor, symbolic or not."""
    return isinstance(value, SparseTensor) or (
        hasattr(value, "dense_shape") and hasattr(value, "indices")
    )


# -- shapes ------------------------------------------------------------------------


def shape(
    input: Any,
    name: str | None = None,
    out_type: Any = dtypes.int32,
    optimize: bool = True,
) -> Tensor:
    """Return the shape of a tensor, as a constant if it is fully known.

    Args:
        input: A tensor, a sparse tensor or a value.
        name: Name of the operation.
        out_type: int32 or int64.
        optimize: Whether a known shape becomes a constant.
    """
    wanted = as_dtype(out_type) if out_type else dtypes.int32
    with name_scope(name, "Shape", [input]) as scope:
        if is_sparse(input):
            return _cast(input.dense_shape, wanted)
        tensor = convert_to_tensor(input)
        if optimize and is_static(tensor.dims):
            if out_type is not None and not out_type:
                return shape_as_tensor(tensor.shape)
            return constant(list(tensor.dims or ()), wanted, name=scope)
        result: Tensor = op("Shape", input=tensor, out_type=wanted, name=scope)
        return result


def shape_or_constant(input: Any, optimize: bool = True) -> Tensor:
    """Return the shape as some functions ask for it: a constant has a name below.

    `shape` makes `Shape` and this one `Shape/shape_as_tensor`, and the constant is
    int64 where a dimension demands it.
    """
    with name_scope(None, "Shape", [input]) as scope:
        if is_sparse(input):
            return _cast(input.dense_shape, dtypes.int32)
        tensor = convert_to_tensor(input)
        if optimize and is_static(tensor.dims):
            return shape_as_tensor(tensor.shape)
        result: Tensor = op("Shape", input=tensor, name=scope)
        return result


def shape_n(
    input: Sequence[Any], out_type: Any = dtypes.int32, name: str | None = None
) -> list[Tensor]:
    """Return the shapes of several tensors of one type."""
    shapes: list[Tensor] = op("ShapeN", input=input, out_type=out_type, name=name)
    return shapes


def size(
    input: Any,
    name: str | None = None,
    out_type: Any = dtypes.int32,
    optimize: bool = True,
) -> Tensor:
    """Return the number of elements, as a constant if it is known."""
    wanted = dtypes.int32 if out_type is None else out_type
    with name_scope(name, "Size", [input]) as scope:
        if is_sparse(input):
            product: Tensor = op(
                "Prod",
                input=_cast(input.dense_shape, as_dtype(wanted)),
                reduction_indices=0,
                name=scope,
            )
            return product
        tensor = convert_to_tensor(input)
        if optimize and is_static(tensor.dims):
            return constant(num_elements(tensor.dims), wanted, name=scope)
        if optimize and tensor.dims and 0 in tensor.dims:
            return constant(0, wanted, name=scope)
        result: Tensor = op("Size", input=tensor, out_type=wanted, name=scope)
        return result


def rank(input: Any, name: str | None = None, optimize: bool = True) -> Tensor:
    """Return the number of dimensions, as a constant if it is known."""
    with name_scope(name, "Rank", [input]) as scope:
        result: Tensor
        if is_sparse(input):
            result = op("Size", input=input.dense_shape, name=scope)
            return result
        tensor = convert_to_tensor(input)
        if optimize and tensor.dims is not None:
            return constant(len(tensor.dims), dtypes.int32, name=scope)
        result = op("Rank", input=tensor, name=scope)
        return result


def shape_as_tensor(
    dims: Any, dtype: DType | None = None, name: str | None = None
) -> Tensor:
    """Return a fully known `TensorShape` as a constant.

    Raises:
        ValueError: It is not fully known.
    """
    return convert_to_tensor(TensorShape(dims), dtype=dtype, name=name)


def _cast(tensor: Any, dtype: DType) -> Tensor:
    """Add a Cast also where the type is already right, as generated code does."""
    result: Tensor = op("Cast", x=tensor, DstT=dtype)
    return result


# -- the same elements in another arrangement ---------------------------------------


def reshape(tensor: Any, shape: Any, name: str | None = None) -> Tensor:
    """Return the elements of `tensor` in another shape; one size may be -1."""
    result: Tensor = op("Reshape", tensor=tensor, shape=shape, name=name)
    narrow_by_value(result, shape)
    return result


def expand_dims(input: Any, axis: Any, name: str | None = None) -> Tensor:
    """Insert a dimension of size 1."""
    result: Tensor = op("ExpandDims", input=input, dim=axis, name=name)
    return result


def squeeze(input: Any, axis: Any = None, name: str | None = None) -> Tensor:
    """Remove dimensions of size 1: those of `axis`, or all."""
    axes = [axis] if np.isscalar(axis) else axis
    result: Tensor = op(
        "Squeeze", input=input, squeeze_dims=[] if axes is None else axes, name=name
    )
    return result


def transpose(
    a: Any,
    perm: Any = None,
    name: str | None = "transpose",
    conjugate: bool = False,
) -> Tensor:
    """Permute dimensions; without `perm`, reverse their order."""
    with name_scope(name, "transpose", [a]) as scope:
        # Slices of rows are converted where the node takes them.
        keeps = perm is not None and isinstance(a, IndexedSlices)
        tensor = a if keeps else convert_to_tensor(a, name="a")
        is_conjugate = conjugate and tensor.dtype.is_complex
        op_type = "ConjugateTranspose" if is_conjugate else "Transpose"
        if perm is None:
            if tensor.dims is None:
                last = op("Rank", input=tensor) - 1
                perm = op("Range", start=last, limit=-1, delta=-1)
            else:
                perm = np.arange(len(tensor.dims) - 1, -1, -1, dtype=np.int32)
        result: Tensor = op(op_type, x=tensor, perm=perm, name=scope)
        return result


def matrix_transpose(
    a: Any, name: str | None = "matrix_transpose", conjugate: bool = False
) -> Tensor:
    """Swap the last two dimensions.

    Raises:
        ValueError: There are fewer than two.
    """
    with name_scope(name, values=[a]):
        tensor = convert_to_tensor(a, name="a")
        perm: Any
        count: Any
        if tensor.dims is None:
            count = rank(tensor)
            outer = op("Range", start=0, limit=count - 2, delta=1)
            perm = concat((outer, [count - 1, count - 2]), 0)
        else:
            count = len(tensor.dims)
            if count < 2:
                raise ValueError(
                    "Argument `a` should be a (batch) matrix with rank >= 2.  Received"
                    f" `a` = {tensor} with shape: {tensor.shape}"
                )
            perm = [*range(count - 2), count - 1, count - 2]
        return transpose(tensor, perm=perm, conjugate=conjugate)


def identity(input: Any, name: str | None = None) -> Any:
    """Return a tensor with the same value; composite tensors part by part."""
    if isinstance(input, SparseTensor):
        indices, values = identity(input.indices), identity(input.values)
        return SparseTensor(indices, values, identity(input.dense_shape))
    if isinstance(input, IndexedSlices):
        values, indices = identity(input.values), identity(input.indices)
        dense = None if input.dense_shape is None else identity(input.dense_shape)
        return IndexedSlices(values, indices, dense)
    if isinstance(input, CompositeTensor):
        parts = [identity(part) for part in input.component_tensors()]
        return input.with_component_tensors(parts)
    return op("Identity", input=input, name=name)


# -- filled arrays -----------------------------------------------------------------


def fill(dims: Any, value: Any, name: str | None = None) -> Tensor:
    """Return an array of shape `dims` with one value everywhere."""
    result: Tensor = op("Fill", dims=dims, value=value, name=name)
    narrow_by_value(result, dims)
    return result


def zeros(shape: Any, dtype: Any = dtypes.float32, name: str | None = None) -> Tensor:
    """Return zeros (False, empty strings); a constant if small and of known shape."""
    wanted = as_dtype(dtype).base_dtype
    zero: Any = 0
    if wanted is dtypes.bool:
        zero = False
    elif wanted is dtypes.string:
        zero = ""
    elif wanted.is_quantized:
        zero = np.zeros([]).astype(wanted.as_numpy_dtype)
    return _filled(shape, wanted, zero, name, "zeros")


def ones(shape: Any, dtype: Any = dtypes.float32, name: str | None = None) -> Tensor:
    """Return ones (True); a constant if small and of known shape."""
    wanted = as_dtype(dtype).base_dtype
    one: Any = 1
    if wanted is dtypes.bool:
        one = True
    elif wanted.is_quantized:
        one = np.ones([]).astype(wanted.as_numpy_dtype)
    return _filled(shape, wanted, one, name, "ones")


def _filled(
    shape: Any, dtype: DType, value: Any, name: str | None, default_name: str
) -> Tensor:
    with name_scope(name, default_name, [shape]) as scope:
        if not isinstance(shape, Tensor):
            try:
                small = _small_constant(value, shape, dtype, scope)
                if small is not None:
                    return small
                shape = shape_as_tensor(shape)
            except (TypeError, ValueError):
                shape = convert_to_tensor(shape, dtype=dtypes.int32)
        if not shape.dims:
            shape = reshape(shape, [-1])
        return fill(shape, constant(value, dtype=dtype), name=scope)


def _small_constant(
    value: Any, shape: Any, dtype: DType, name: str | None
) -> Tensor | None:
    sizes = _plain_sizes(shape)
    if sizes is None or np.prod(sizes) >= _SMALL:
        return None
    return constant(value, dtype=dtype, shape=sizes, name=name)


def _plain_sizes(shape: Any) -> list[int] | None:
    """The sizes of a list of plain numbers; a lone number is none, as in TensorFlow."""
    if isinstance(shape, TensorShape):
        dims = shape.dims_tuple
        return (
            None
            if dims is None or None in dims
            else [int(d) for d in dims if d is not None]
        )
    if isinstance(shape, Tensor):
        return None
    if isinstance(shape, np.ndarray):
        return [int(s) for s in shape.reshape(-1)]
    if not isinstance(shape, list | tuple):
        return None
    sizes = []
    for item in shape:
        if isinstance(item, Dimension) and item.value is not None:
            sizes.append(item.value)
        elif isinstance(item, numbers.Integral):
            sizes.append(int(item))
        else:
            return None
    return sizes


def zeros_like(
    tensor: Any, dtype: Any = None, name: str | None = None, optimize: bool = True
) -> Tensor:
    """Return zeros of the shape (and, without `dtype`, the type) of `tensor`."""
    with name_scope(name, "zeros_like", [tensor]) as scope:
        like = tensor  # of slices of rows only the shape may be needed
        if not isinstance(tensor, IndexedSlices):
            like = convert_to_tensor(tensor, name="tensor")
        wanted = as_dtype(dtype) if dtype else None
        is_known = like.shape.is_fully_defined()
        if optimize and is_known and like.dtype is not dtypes.variant:
            return zeros(like.shape, dtype=wanted or like.dtype, name=scope)
        differs = wanted is not None and wanted != like.dtype
        if differs and wanted is not dtypes.variant:
            sizes = shape_or_constant(like, optimize)
            return zeros(sizes, dtype=wanted, name=scope)
        result: Tensor = op("ZerosLike", x=like, name=scope)
        return result


def ones_like(
    tensor: Any, dtype: Any = None, name: str | None = None, optimize: bool = True
) -> Tensor:
    """Return ones of the shape (and, without `dtype`, the type) of `tensor`."""
    with name_scope(name, "ones_like", [tensor]) as scope:
        like = convert_to_tensor(tensor, name="tensor")
        sizes = shape_or_constant(like, optimize)
        result = ones(sizes, dtype=like.dtype if dtype is None else dtype, name=scope)
        result.set_shape(like.shape)
        return result


# -- joining and splitting ---------------------------------------------------------


def stack(values: Any, axis: int = 0, name: str | None = "stack") -> Tensor:
    """Join arrays of one shape along a new axis.

    Raises:
        ValueError: There is no such axis.
    """
    if axis == 0:
        try:
            return convert_to_tensor(values, name=name)
        except (TypeError, ValueError, NotImplementedError):
            pass
    first = convert_to_tensor(values[0], name=name)
    if first.dims is not None:
        limit = len(first.dims) + 1
        if not -limit <= axis < limit:
            raise ValueError(
                f"Argument `axis` = {axis} not in range [{-limit}, {limit})"
            )
    result: Tensor = op("Pack", values=values, axis=axis, name=name)
    return result


def unstack(
    value: Any, num: int | None = None, axis: int = 0, name: str | None = "unstack"
) -> list[Tensor]:
    """Take an axis apart.

    Raises:
        ValueError: There is no such axis, or neither `num` nor its size is known.
    """
    if num is None:
        value = convert_to_tensor(value)
        dims = value.dims
        if dims is not None:
            if not -len(dims) <= axis < len(dims):
                raise ValueError(
                    f"Argument `axis` = {axis} not in range [{-len(dims)}, {len(dims)})"
                )
            num = dims[axis]
        if num is None:
            raise ValueError(f"Cannot infer argument `num` from shape {value.shape}")
    parts: list[Tensor] = op("Unpack", value=value, num=num, axis=axis, name=name)
    return parts


def concat(values: Any, axis: Any, name: str | None = "concat") -> Any:
    """Join arrays along an existing axis."""
    if not isinstance(values, list | tuple):
        values = [values]
    if len(values) == 1:
        with name_scope(name):
            dim = convert_to_tensor(axis, name="concat_dim", dtype=dtypes.int32)
            dim.shape.assert_has_rank(0)
            return identity(values[0], name=name)
    return op("ConcatV2", values=values, axis=axis, name=name)


def split(
    value: Any,
    num_or_size_splits: Any,
    axis: Any = 0,
    num: int | None = None,
    name: str | None = "split",
) -> list[Tensor]:
    """Cut an array into equal pieces, or into pieces of the given sizes.

    Raises:
        ValueError: The sizes are a scalar tensor, or their number is not known.
    """
    parts: list[Tensor]
    if isinstance(num_or_size_splits, numbers.Integral | Dimension):
        parts = op(
            "Split",
            split_dim=axis,
            value=value,
            num_split=int(num_or_size_splits),
            name=name,
        )
        return parts
    sizes = convert_to_tensor(num_or_size_splits)
    if sizes.dims == ():
        raise ValueError(
            "Rank-0 tensors are not supported as the num_or_size_splits argument to"
            f" split. Argument provided: {num_or_size_splits}"
        )
    if num is None:
        num = sizes.dims[0] if sizes.dims else None
        if num is None:
            raise ValueError(
                f"Cannot infer argument `num` from shape {num_or_size_splits}"
            )
    parts = op(
        "SplitV",
        value=value,
        size_splits=sizes,
        split_dim=axis,
        num_split=num,
        name=name,
    )
    return parts


# -- choosing elements -------------------------------------------------------------


def slice_(input_: Any, begin: Any, size: Any, name: str | None = None) -> Tensor:
    """Return a contiguous part; a size of -1 means up to the end."""
    result: Tensor = op("Slice", input=input_, begin=begin, size=size, name=name)
    return result


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
    name: str | None = None,
) -> Tensor:
    """Return what Python slices with `begin`, `end` and `strides` select."""
    if strides is None:
        strides = ones_like(begin)
    result: Tensor = op(
        "StridedSlice",
        input=input_,
        begin=begin,
        end=end,
        strides=strides,
        name=name,
        begin_mask=begin_mask,
        end_mask=end_mask,
        ellipsis_mask=ellipsis_mask,
        new_axis_mask=new_axis_mask,
        shrink_axis_mask=shrink_axis_mask,
    )
    return result


def gather(
    params: Any,
    indices: Any,
    axis: Any = None,
    batch_dims: int = 0,
    name: str | None = None,
) -> Tensor:
    """Take slices of `params` along `axis`; a variable is read at the rows only."""
    axis = batch_dims if axis is None else axis
    known = constant_value(axis) if isinstance(axis, Tensor) else axis
    sparse_read = getattr(params, "sparse_read", None)
    if known is not None and int(known) == 0 and sparse_read is not None:
        read: Tensor = sparse_read(indices, name=name)
        return read
    dims = batch_dims if known is None or int(known) != 0 else 0
    result: Tensor = op(
        "GatherV2",
        params=params,
        indices=indices,
        axis=axis,
        batch_dims=dims,
        name=name,
    )
    return result


def where(condition: Any, name: str | None = None) -> Tensor:
    """Return the indices of the true elements, `[count, rank]` of int64."""
    with name_scope(name, "Where", [condition]) as scope:
        flags = convert_to_tensor(
            condition, preferred_dtype=dtypes.bool, name="condition"
        )
        result: Tensor = op("Where", input=flags, name=scope)
        return result


def searchsorted(
    sorted_sequence: Any,
    values: Any,
    side: str = "left",
    out_type: Any = dtypes.int32,
    name: str | None = None,
) -> Tensor:
    """Return where `values` would have to be inserted to keep the sequences sorted.

    Raises:
        ValueError: `side` is neither `left` nor `right`.
    """
    sequence_size = shape_or_constant(sorted_sequence)[-1]
    values_size = shape_or_constant(values)[-1]
    rows = reshape(sorted_sequence, [-1, sequence_size])
    wanted = reshape(values, [-1, values_size])
    op_types = {"left": "LowerBound", "right": "UpperBound"}
    if side not in op_types:
        raise ValueError(
            "Argument `side` must be either 'right' or 'left'. Received: `side` ="
            f" '{side}'."
        )
    found = op(
        op_types[side], sorted_inputs=rows, values=wanted, out_type=out_type, name=name
    )
    return reshape(found, shape_or_constant(values))
