"""Sparse matrices in rows (CSR), as variants; twin of `kernels/sparse_matrix.py`.

Source: tensorflow core/ops/sparse_csr_matrix_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from metagraft.graph.attrs import Attrs
from metagraft.graph.op_spec import NOT_DIFFERENTIABLE, OpSpec, Shapes
from metagraft.graph.shape_checks import (
    merge_dim,
    merged,
    rank_of_sparse_parts,
    with_rank,
    with_rank_at_least,
    with_rank_at_most,
)
from metagraft.graph.shapes import Dims
from metagraft.graph.sparse_matrices import (
    dims_of_parts,
    product_dims,
    sparse_matrix_behind,
)
from metagraft.ops.sparse_matrix_gradient import GRADIENTS

__all__ = ["OPS"]

_SOURCE: Final = "tensorflow core/ops/sparse_csr_matrix_ops.cc"
_SCALAR: Final[Sequence[Dims]] = ((),)


def _behind(inputs: Shapes, index: int = 0, name: str = "sparse_matrix") -> Any:
    """Return the shape of a matrix, or of a batch of them."""
    with_rank(inputs[index], 0)
    known = sparse_matrix_behind(inputs.tensor(index))
    if known is None:
        raise ValueError(
            f"Unable to access shape and type info from variant input {index}"
        )
    if known[0] is None:
        raise ValueError(f"{name} has an unknown rank.")
    return with_rank_at_most(with_rank_at_least(known[0], 2), 3)


def _check_rank(dims: Dims, what: str) -> None:
    rank = -1 if dims is None else len(dims)
    if rank not in (2, 3):
        raise ValueError(
            f"Invalid rank{what}: {rank}.  Expected a known rank of either 2 or 3."
        )


def from_parts_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A matrix made of the parts of a sparse tensor."""
    rank_of_sparse_parts(inputs[0], inputs[1], inputs[2])
    dims = dims_of_parts(inputs[0], inputs.as_dims(2))
    _check_rank(dims, "")
    return _SCALAR


def from_dense_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A matrix made of some elements of a dense one."""
    dense, indices = inputs[0], inputs[1]
    _check_rank(dense, " of dense")
    assert dense is not None
    if indices is None or len(indices) != 2:
        rank = -1 if indices is None else len(indices)
        raise ValueError(f"indices must be a matrix; but its rank is not 2: {rank}")
    if indices[1] != len(dense):
        found = -1 if indices[1] is None else indices[1]
        raise ValueError(
            f"indices.shape[1] must match rank of dense; saw: {found} vs. {len(dense)}"
        )
    return _SCALAR


def zeros_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A matrix without elements."""
    _check_rank(inputs.as_dims(0), "")
    return _SCALAR


def to_parts_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The parts of a sparse tensor."""
    rank = len(_behind(inputs))
    return (None, rank), (None,), (rank,)


def to_dense_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The shape of the matrix."""
    dims: Dims = _behind(inputs)
    return (dims,)


def components_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Where rows start, and columns and values of one matrix."""
    rows = _behind(inputs, name="csr_sparse_matrix")[-2]
    if inputs[1] != ():
        raise ValueError("index must be a scalar.")
    return (None if rows is None else rows + 1,), (None,), (None,)


def count_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A number for each matrix."""
    dims: tuple[int | None, ...] = _behind(inputs)
    return (dims[:-2],)


def _check_flags(attrs: Attrs) -> tuple[bool, bool]:
    for name in ("a", "b"):
        if attrs[f"adjoint_{name}"] and attrs[f"transpose_{name}"]:
            raise ValueError(
                f"Only one of adjoint_{name} and transpose_{name} may be true."
            )
    return (
        attrs["adjoint_a"] or attrs["transpose_a"],
        attrs["adjoint_b"] or attrs["transpose_b"],
    )


def dense_product_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The product of a sparse and a dense matrix, transposed on demand."""
    a = _behind(inputs, name="a")
    b = with_rank_at_most(with_rank_at_least(inputs[1], 2), 3)
    flags = _check_flags(attrs)
    if b is None:
        b = (*a[:-2], None, None)
    dims = product_dims(a, b, transpose_a=flags[0], transpose_b=flags[1])
    assert dims is not None
    if attrs["transpose_output"]:
        dims = (*dims[:-2], dims[-1], dims[-2])
    return (dims,)


def product_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The product of two sparse matrices."""
    a, b = _behind(inputs, 0, "a"), _behind(inputs, 1, "b")
    flags = _check_flags(attrs)
    product_dims(a, b, transpose_a=flags[0], transpose_b=flags[1], broadcasts=True)
    return _SCALAR


def scaled_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A matrix times a number, or each of a batch times its own."""
    a, b = _behind(inputs, 0, "a"), with_rank_at_most(inputs[1], 3)
    if b is None:
        raise ValueError("b has an unknown rank.")
    if not b:
        return _SCALAR
    if len(b) == 3 and len(a) != 3:
        raise ValueError("rank of b is 3 but rank of a is not.")
    if len(b) != 3 or b[1:] != (1, 1):
        raise ValueError("b must be a scalar or shaped [batch_size, 1, 1]")
    merge_dim(a[0], b[0])
    return _SCALAR


def sum_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The weighted sum of two matrices."""
    with_rank(inputs[2], 0)
    with_rank(inputs[3], 0)
    merged(_behind(inputs, 0, "a"), _behind(inputs, 1, "b"))
    return _SCALAR


def changed_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A matrix made of one matrix."""
    _behind(inputs, name="input")
    return _SCALAR


def pair_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A matrix made of two like ones."""
    merged(_behind(inputs, 0, "softmax"), _behind(inputs, 1, "grad_softmax"))
    return _SCALAR


def order_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """An order of the rows."""
    dims = _behind(inputs)
    merge_dim(dims[-2], dims[-1])
    return (dims[:-1],)


def cholesky_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A triangular matrix of the same shape."""
    dims = _behind(inputs)
    rows = merge_dim(dims[-2], dims[-1])
    order = with_rank_at_most(with_rank_at_least(inputs[1], 1), 2)
    if order is None:
        raise ValueError("permutation has an unknown rank.")
    merge_dim(rows, order[-1])
    return _SCALAR


_SHAPES: Final = {
    "CSRSparseMatrixComponents": components_shape,
    "CSRSparseMatrixToDense": to_dense_shape,
    "CSRSparseMatrixToSparseTensor": to_parts_shape,
    "DenseToCSRSparseMatrix": from_dense_shape,
    "SparseMatrixAdd": sum_shape,
    "SparseMatrixMatMul": dense_product_shape,
    "SparseMatrixMul": scaled_shape,
    "SparseMatrixNNZ": count_shape,
    "SparseMatrixOrderingAMD": order_shape,
    "SparseMatrixSoftmax": changed_shape,
    "SparseMatrixSoftmaxGrad": pair_shape,
    "SparseMatrixSparseCholesky": cholesky_shape,
    "SparseMatrixSparseMatMul": product_shape,
    "SparseMatrixTranspose": changed_shape,
    "SparseMatrixZeros": zeros_shape,
    "SparseTensorToCSRSparseMatrix": from_parts_shape,
}
OPS = tuple(
    OpSpec(
        name=name,
        shape=shape,
        gradient=GRADIENTS.get(name, NOT_DIFFERENTIABLE),
        source=_SOURCE,
    )
    for name, shape in _SHAPES.items()
)
