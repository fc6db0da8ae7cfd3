"""Matrix products and contractions (`tf.matmul`, `tf.tensordot`, `tf.einsum`).

Source: tensorflow python/ops/math_ops.py, python/ops/special_math_ops.py.
"""

from __future__ import annotations

import math
import numbers
from typing import Any, NamedTuple

from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import number_range, select
from metagraft.graph.build.matmul import matmul
from metagraft.graph.build.matrix_diag import matrix_diag_part
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["cross", "matmul", "sparse_matmul", "tensordot", "trace"]


def sparse_matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    name: str | None = None,
) -> Tensor:
    """Multiply dense matrices that are said to be full of zeros."""
    return op(
        "SparseMatMul",
        a=a,
        b=b,
        transpose_a=transpose_a,
        transpose_b=transpose_b,
        a_is_sparse=a_is_sparse,
        b_is_sparse=b_is_sparse,
        name=name,
    )


def cross(a: Any, b: Any, name: str | None = None) -> Tensor:
    """The cross product of vectors `[..., 3]`."""
    return op("Cross", a=a, b=b, name=name)


def trace(x: Any, name: str | None = None) -> Tensor:
    """The sum of the diagonal of matrices `[..., n, m]`."""
    with name_scope(name, "Trace", [x]) as scope:
        x = convert_to_tensor(x, name="x")
        return reduce_tensor("Sum", matrix_diag_part(x), [-1], name=scope)


class _Side(NamedTuple):
    """One operand of a contraction, as a matrix.

    Attributes:
        matrix: `[free, contracted]`, or the other way round.
        free_dims: The sizes of the axes that stay: a list, or a tensor.
        static: The same as a list with None for unknown sizes, if the axes are known.
    """

    matrix: Tensor
    free_dims: Any
    static: list[int | None] | None


def tensordot(a: Any, b: Any, axes: Any, name: str | None = None) -> Tensor:
    """Sum products over pairs of axes.

    Args:
        a: A tensor.
        b: A tensor.
        axes: How many of the last axes of `a` go with the first of `b`; or a pair of
            lists of axes.
        name: Name of the result.

    Raises:
        ValueError: The axes do not go together.
    """
    with name_scope(name, "Tensordot", [a, b, axes]) as scope:
        a = convert_to_tensor(a, name="a")
        b = convert_to_tensor(b, name="b")
        a_axes, b_axes = _contracted_axes(a, axes)
        left = _as_matrix(a, a_axes, contracted_first=False)
        right = _as_matrix(b, b_axes, contracted_first=True)
        product = matmul(left.matrix, right.matrix)
        if isinstance(left.free_dims, list) and isinstance(right.free_dims, list):
            shape = left.free_dims + right.free_dims
            if product.dims is not None and list(product.dims) == shape:
                return product
            return array.reshape(product, shape, name=scope)
        free = [
            convert_to_tensor(side.free_dims, dtype=dtypes.int32)
            for side in (left, right)
        ]
        result = array.reshape(product, array.concat(free, 0), name=scope)
        if left.static is not None and right.static is not None:
            result.set_shape(left.static + right.static)
        return result


def _contracted_axes(a: Tensor, axes: Any) -> tuple[Any, Any]:
    """Return the axes of both operands, as lists or tensors."""
    if isinstance(axes, numbers.Integral):
        return _last_and_first(a, int(axes))
    if not isinstance(axes, list | tuple):
        tensor = convert_to_tensor(axes, name="axes", dtype=dtypes.int32)
        return tensor[0], tensor[1]
    if len(axes) != 2:
        raise ValueError(
            f"`axes` must be an integer or have length 2. Received {axes}."
        )
    a_axes, b_axes = axes
    if isinstance(a_axes, numbers.Integral) and isinstance(b_axes, numbers.Integral):
        a_axes, b_axes = [a_axes], [b_axes]
    if len(a_axes) != len(b_axes):
        raise ValueError(
            "Different number of contraction axes `a` and `b`,"
            f" {len(a_axes)} != {len(b_axes)}."
        )
    return a_axes, b_axes


def _last_and_first(a: Tensor, count: int) -> tuple[Any, Any]:
    if count < 0:
        raise ValueError(f"`axes` must be at least 0. Received: {count}.")
    if a.dims is None:
        rank = array.rank(a)
        last = number_range(rank - count, rank, dtype=dtypes.int32)
        return last, number_range(count, dtype=dtypes.int32)
    rank_a = len(a.dims)
    if count > rank_a:
        raise ValueError(
            "`axes` must not be larger than the number of dimensions of tensor"
            f" {a}.  Received {count}, vs tensor dimensions {rank_a}."
        )
    return list(range(rank_a - count, rank_a)), list(range(count))


def _as_matrix(a: Tensor, axes: Any, *, contracted_first: bool) -> _Side:
    """Bring the contracted axes to one side and flatten both groups."""
    is_listed = isinstance(axes, list | tuple)
    if a.dims is not None and None not in a.dims and is_listed:
        return _static_matrix(a, list(axes), contracted_first=contracted_first)
    return _dynamic_matrix(a, axes, contracted_first=contracted_first)


def _static_matrix(a: Tensor, axes: list[int], *, contracted_first: bool) -> _Side:
    dims: list[Any] = list(a.dims or ())
    axes = [axis if axis >= 0 else axis + len(dims) for axis in axes]
    free = [axis for axis in range(len(dims)) if axis not in axes]
    free_dims = [dims[axis] for axis in free]
    sizes = [math.prod(free_dims), math.prod(dims[axis] for axis in axes)]
    perm = free + axes
    if contracted_first:
        perm = axes + free
        sizes.reverse()
    matrix = a if perm == list(range(len(dims))) else array.transpose(a, perm)
    if list(matrix.dims or ()) != sizes:
        matrix = array.reshape(matrix, sizes)
    return _Side(matrix, free_dims, free_dims)


def _dynamic_matrix(a: Tensor, axes: Any, *, contracted_first: bool) -> _Side:
    static: list[int | None] | None = None
    free: Any
    if a.dims is not None and isinstance(axes, list | tuple):
        dims = list(a.dims)
        axes = [axis if axis >= 0 else axis + len(dims) for axis in axes]
        free = [axis for axis in range(len(dims)) if axis not in axes]
        static = [dims[axis] for axis in free]
        axes = convert_to_tensor(axes, dtype=dtypes.int32, name="axes")
        free = convert_to_tensor(free, dtype=dtypes.int32, name="free")
        shape = array.shape(a)
    else:
        shape = array.shape(a)
        rank = array.rank(a)
        axes = convert_to_tensor(axes, dtype=dtypes.int32, name="axes")
        axes = select(axes >= 0, axes, axes + rank)
        free, _ = op("ListDiff", x=number_range(rank), y=axes, out_idx=dtypes.int32)
    free_dims = array.gather(shape, free)
    axes_dims = array.gather(shape, axes)
    free_size = reduce_tensor("Prod", free_dims)
    axes_size = reduce_tensor("Prod", axes_dims)
    if contracted_first:
        perm = array.concat([axes, free], 0)
        sizes = array.stack([axes_size, free_size])
    else:
        perm = array.concat([free, axes], 0)
        sizes = array.stack([free_size, axes_size])
    matrix = array.reshape(array.transpose(a, perm), sizes)
    return _Side(matrix, free_dims, static)
