"""Sparse tensors whose empty rows are filled; twin of `kernels/sparse_rows.py`.

Source: tensorflow core/ops/sparse_ops.cc, python/ops/sparse_grad.py,
python/ops/ragged/ragged_array_ops.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.op_spec import GradientBuilder, GradientRule, OpSpec, Shapes
from metagraft.graph.operation import Operation
from metagraft.graph.shape_checks import merge_dim, with_rank
from metagraft.graph.shapes import Dims
from metagraft.graph.tensor import Tensor

__all__ = ["OPS"]


def fill_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Elements, a flag for each row, and the new place of each old element."""
    indices, values = with_rank(inputs[0], 2), with_rank(inputs[1], 1)
    (rank,) = with_rank(inputs[2], 1)
    with_rank(inputs[3], 0)
    count = merge_dim(indices[0], values[0])
    dims = inputs.as_dims(2)
    rows = dims[0] if dims else None
    return (None, merge_dim(indices[1], rank)), (None,), (rows,), (count,)


def ragged_fill_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Elements, a flag for each row, and the new place of each old element."""
    (rowids,), (values,) = with_rank(inputs[0], 1), with_rank(inputs[1], 1)
    with_rank(inputs[2], 0)
    with_rank(inputs[3], 0)
    return (None,), (None,), (None,), (merge_dim(rowids, values),)


def _gradient(op_type: str) -> GradientRule:
    def gradient(
        g: GradientBuilder,
        op: Operation,
        _indices: Any,
        d_values: Tensor,
        *_others: Any,
    ) -> Sequence[Any]:
        d_input, d_default = g.op(
            op_type, reverse_index_map=op.outputs[3], grad_values=d_values
        )
        return None, d_input, None, d_default

    return gradient


def fill_grad_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """As many as there were elements, and the gradient of the default."""
    reverse = with_rank(inputs[0], 1)
    with_rank(inputs[1], 1)
    return reverse, ()


_SPARSE = "tensorflow core/ops/sparse_ops.cc"
_RAGGED = "tensorflow core/ops/ragged_array_ops.cc"
OPS = (
    OpSpec(
        name="SparseFillEmptyRows",
        shape=fill_shape,
        gradient=_gradient("SparseFillEmptyRowsGrad"),
        source=_SPARSE,
    ),
    OpSpec(name="SparseFillEmptyRowsGrad", shape=fill_grad_shape, source=_SPARSE),
    OpSpec(
        name="RaggedFillEmptyRows",
        shape=ragged_fill_shape,
        gradient=_gradient("RaggedFillEmptyRowsGrad"),
        source=_RAGGED,
    ),
    OpSpec(name="RaggedFillEmptyRowsGrad", shape=fill_grad_shape, source=_RAGGED),
)
