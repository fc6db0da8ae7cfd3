"""What is known of a sparse matrix in rows (CSR), from the operation that made it.

Source: tensorflow core/ops/sparse_csr_matrix_ops.cc, the handle data of its shape
functions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from metagraft.graph.dtypes import DType
from metagraft.graph.shape_checks import merge_dim, merged, with_rank
from metagraft.graph.shapes import Dims, broadcast_dims

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation
    from metagraft.graph.tensor import Tensor

__all__ = ["dims_of_parts", "product_dims", "sparse_matrix_behind", "transposed_dims"]

_Known = tuple[Dims, DType] | None


def sparse_matrix_behind(tensor: Tensor) -> _Known:
    """Return shape and element type of a sparse matrix; None if nothing is known.

    Args:
        tensor: A tensor of type `variant`.
    """
    op = tensor.op
    known: _Known = op.graph.handles.get(tensor)
    if known is None and op.type in _RULES and not tensor.value_index:
        known = _RULES[op.type](op)
        if known is not None:
            op.graph.handles[tensor] = known
    return known


def dims_of_parts(indices: Dims, dims: Dims) -> Dims:
    """Return the shape of a matrix made of the parts of a sparse tensor.

    Args:
        indices: The shape of the indices, `[count, rank]`.
        dims: What is known of the shape by its value.

    Raises:
        ValueError: The ranks differ; an unknown one differs from each that is known.
    """
    (_, rank) = with_rank(indices, 2)
    if dims is None:
        return None if rank is None else (None,) * rank
    return with_rank(dims, -1 if rank is None else rank)


def transposed_dims(dims: Dims) -> Dims:
    """Exchange the last two dimensions."""
    return None if dims is None else (*dims[:-2], dims[-1], dims[-2])


def product_dims(
    a: Dims, b: Dims, *, transpose_a: bool, transpose_b: bool, broadcasts: bool = False
) -> Dims:
    """Return the shape of a product of matrices, or of batches of them.

    Raises:
        ValueError: They cannot be multiplied.
    """
    if a is None or b is None:
        return None
    a = transposed_dims(a) if transpose_a else a
    b = transposed_dims(b) if transpose_b else b
    assert a is not None
    assert b is not None
    join = broadcast_dims if broadcasts else merged
    batch = join(a[:-2], b[:-2])
    merge_dim(a[-1], b[-2])
    assert batch is not None
    return (*batch, a[-2], b[-1])


def _from_parts(op: Operation) -> _Known:
    from metagraft.graph.folding import constant_value_as_dims

    dims = constant_value_as_dims(op.inputs[2])
    return dims_of_parts(op.inputs[0].dims, dims), op.inputs[1].dtype


def _from_dense(op: Operation) -> _Known:
    return op.inputs[0].dims, op.inputs[0].dtype


def _from_sizes(op: Operation) -> _Known:
    from metagraft.graph.folding import constant_value_as_dims

    return constant_value_as_dims(op.inputs[0]), op.attrs["type"]


def _unchanged(op: Operation) -> _Known:
    return sparse_matrix_behind(op.inputs[0])


def _transposed(op: Operation) -> _Known:
    known = sparse_matrix_behind(op.inputs[0])
    return None if known is None else (transposed_dims(known[0]), known[1])


def _product(op: Operation) -> _Known:
    a, b = (sparse_matrix_behind(one) for one in op.inputs)
    if a is None or b is None:
        return None
    dims = product_dims(
        a[0],
        b[0],
        transpose_a=op.attrs["transpose_a"] or op.attrs["adjoint_a"],
        transpose_b=op.attrs["transpose_b"] or op.attrs["adjoint_b"],
        broadcasts=True,
    )
    return dims, b[1]


def _both(op: Operation) -> _Known:
    a, b = (sparse_matrix_behind(one) for one in op.inputs[:2])
    return None if a is None or b is None else (merged(a[0], b[0]), b[1])


_RULES: Final[dict[str, Callable[[Operation], _Known]]] = {
    "Conj": _unchanged,
    "DenseToCSRSparseMatrix": _from_dense,
    "Enter": _unchanged,
    "Exit": _unchanged,
    "Identity": _unchanged,
    "SparseMatrixAdd": _both,
    "SparseMatrixMul": _unchanged,
    "SparseMatrixSoftmax": _unchanged,
    "SparseMatrixSoftmaxGrad": _both,
    "SparseMatrixSparseCholesky": _unchanged,
    "SparseMatrixSparseMatMul": _product,
    "SparseMatrixTranspose": _transposed,
    "SparseMatrixZeros": _from_sizes,
    "SparseTensorToCSRSparseMatrix": _from_parts,
    "Switch": _unchanged,
}
