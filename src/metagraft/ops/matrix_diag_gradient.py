"""Gradients of diagonals.

Source: tensorflow python/ops/array_grad.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.build import array, matrix_diag
from metagraft.graph.build.branches import Branch, branch_by_switches
from metagraft.graph.build.math import cast
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.defaults import builds_control_flow_of_functions
from metagraft.graph.dtypes import int32
from metagraft.graph.op_spec import GradientBuilder
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import colocate_with, name_scope
from metagraft.graph.shapes import is_static
from metagraft.graph.tensor import Tensor


def diag_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """The diagonal."""
    del op
    return (g.op("DiagPart", input=dy),)


def diag_part_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """On the diagonal."""
    del op
    return (g.op("Diag", diagonal=dy),)


def matrix_diag_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """The diagonal."""
    del g, op
    return (matrix_diag.matrix_diag_part(dy),)


def _align(op: Operation) -> dict[str, str]:
    if not op.type.endswith("V3"):
        return {}
    return {"align": op.attrs["align"].decode()}


def matrix_diag_v3_gradient(
    g: GradientBuilder, op: Operation, dy: Any
) -> Sequence[Any]:
    """The diagonals."""
    del g
    part = matrix_diag.matrix_diag_part(dy, k=op.inputs[1], **_align(op))
    return (part, None, None, None, None)


def matrix_diag_part_gradient(
    g: GradientBuilder, op: Operation, dy: Any
) -> Sequence[Any]:
    """On the diagonal of zeros."""
    del g
    matrix = op.inputs[0].shape[-2:]
    if matrix.is_fully_defined() and matrix.dims[0].value == matrix.dims[1].value:
        return (matrix_diag.matrix_diag(dy),)
    return (matrix_diag.matrix_set_diag(array.zeros_like(op.inputs[0]), dy),)


def matrix_diag_part_v3_gradient(
    g: GradientBuilder, op: Operation, dy: Any
) -> Sequence[Any]:
    """On the diagonals of zeros."""
    del g
    matrix, k = op.inputs[0], op.inputs[1]
    dims = matrix.shape[-2:]
    if dims.is_fully_defined():
        spread = matrix_diag.matrix_diag(
            dy, k=k, num_rows=dims[0], num_cols=dims[1], **_align(op)
        )
    else:
        zeros = array.zeros_like(matrix)
        spread = matrix_diag.matrix_set_diag(zeros, dy, k=k, **_align(op))
    return (spread, None, None)


def matrix_set_diag_gradient(
    g: GradientBuilder, op: Operation, dy: Any
) -> Sequence[Any]:
    """The diagonal for the diagonal, all else for the matrix."""
    del g
    dims = op.inputs[0].shape.merge_with(dy.shape)
    batch = dims[:-2].merge_with(op.inputs[1].shape[:-1])
    matrix = dims[-2:]
    shape: Any
    if batch.is_fully_defined() and matrix.is_fully_defined():
        shape = [*batch.as_list(), min(matrix.as_list())]
    else:
        with colocate_with(dy):
            shape = _diagonal_shape(dy)
    zeros = array.zeros(shape, dtype=dy.dtype)
    rest = matrix_diag.matrix_set_diag(dy, zeros)
    return (rest, matrix_diag.matrix_diag_part(dy))


def _diagonal_shape(dy: Tensor) -> Tensor:
    whole, rank = array.shape(dy), array.rank(dy)
    batch = array.slice_(whole, [0], [rank - 2])
    matrix = array.slice_(whole, [rank - 2], [2])
    smaller = reduce_tensor("Min", matrix)
    joined: Tensor = array.concat([batch, [smaller]], 0)
    return joined


def matrix_set_diag_v3_gradient(
    g: GradientBuilder, op: Operation, dy: Any
) -> Sequence[Any]:
    """The diagonals for the diagonals, all else for the matrix."""
    diagonal, k = op.inputs[1], op.inputs[2]
    shape: Any = diagonal.shape
    if not is_static(diagonal.dims):
        shape = _diagonals_shape(g, dy, k)
    zeros = array.zeros(shape, dtype=dy.dtype)
    rest = matrix_diag.matrix_set_diag(dy, zeros, k=k, **_align(op))
    return (rest, matrix_diag.matrix_diag_part(dy, k=k, **_align(op)), None)


def _diagonals_shape(g: GradientBuilder, dy: Tensor, k: Tensor) -> Tensor:
    """Return the shape of the diagonals from `k[0]` to `k[-1]` of matrices."""
    whole = array.shape(dy)
    batch, matrix = whole[:-2], whole[-2:]
    ends = array.reshape(k, [-1])
    lowest, highest = ends[0], ends[-1]
    # TF: builds branches here in functions too; the sizes are the same.
    sizes_of = _sizes_without_branches
    if not builds_control_flow_of_functions():
        sizes_of = _sizes_by_branches
    joined: Tensor = array.concat([batch, sizes_of(g, matrix, lowest, highest)], 0)
    return joined


def _sizes_by_branches(
    g: GradientBuilder, matrix: Tensor, lowest: Tensor, highest: Tensor
) -> Any:
    below = _decided(g.op("Less", x=highest, y=0), lambda: highest, lambda: 0)
    above = _decided(g.op("Greater", x=lowest, y=0), lambda: -lowest, lambda: 0)
    length = g.op("Minimum", x=matrix[0] + below, y=matrix[1] + above)
    return _decided(
        g.op("Equal", x=lowest, y=highest),
        lambda: convert_to_tensor([length]),
        lambda: convert_to_tensor([highest - lowest + 1, length]),
    )


def _decided(pred: Tensor, if_true: Branch, if_false: Branch) -> Any:
    with name_scope(None, "cond", [pred]):
        return branch_by_switches(pred, if_true, if_false)


def _sizes_without_branches(
    g: GradientBuilder, matrix: Tensor, lowest: Tensor, highest: Tensor
) -> Any:
    below = g.op("Minimum", x=highest, y=0)
    above = -g.op("Maximum", x=lowest, y=0)
    length = g.op("Minimum", x=matrix[0] + below, y=matrix[1] + above)
    count = highest - lowest + 1
    both = array.stack([count, length])
    return both[cast(g.op("Equal", x=count, y=1), int32) :]


def matrix_band_part_gradient(
    g: GradientBuilder, op: Operation, dy: Any
) -> Sequence[Any]:
    """The same band."""
    _, num_lower, num_upper = op.inputs
    band = g.op("MatrixBandPart", input=dy, num_lower=num_lower, num_upper=num_upper)
    return (band, None, None)
