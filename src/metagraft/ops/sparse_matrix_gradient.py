"""Gradient rules of sparse matrices in rows; see `ops/sparse_matrix.py`.

Source: tensorflow python/ops/linalg/sparse/sparse_csr_matrix_grad.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from metagraft.graph.build import array
from metagraft.graph.build.math import conj, equal
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.build.sparse import sparse_reshape
from metagraft.graph.composite import SparseTensor
from metagraft.graph.op_spec import GradientBuilder, GradientRule
from metagraft.graph.operation import Operation
from metagraft.graph.sparse_matrices import sparse_matrix_behind
from metagraft.graph.tensor import Tensor

_Tensors = Sequence[Tensor | None]


def _parts(g: GradientBuilder, matrix: Tensor, dtype: Any) -> Any:
    return g.op("CSRSparseMatrixToSparseTensor", sparse_matrix=matrix, type=dtype)


def _of_parts(g: GradientBuilder, indices: Any, values: Any, dims: Any) -> Any:
    return g.op(
        "SparseTensorToCSRSparseMatrix",
        indices=indices,
        values=values,
        dense_shape=dims,
    )


def from_dense_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> _Tensors:
    """The gradient as a dense matrix."""
    return g.op("CSRSparseMatrixToDense", sparse_input=dy, type=op.get_attr("T")), None


def to_dense_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> _Tensors:
    """The gradient where the matrix has elements."""
    indices = _parts(g, op.inputs[0], dy.dtype)[0]
    values = g.op("GatherNd", params=dy, indices=indices)
    return [_of_parts(g, indices, values, dy.shape)]


def from_parts_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> _Tensors:
    """The values of the gradient."""
    return None, _parts(g, dy, op.get_attr("T"))[1], None


def to_parts_gradient(g: GradientBuilder, op: Operation, *dys: Tensor) -> _Tensors:
    """A matrix with the gradient of the values."""
    return [_of_parts(g, op.outputs[0], dys[1], op.outputs[2])]


def transpose_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> _Tensors:
    """The gradient, transposed alike."""
    flag = op.get_attr("conjugate")
    transposed: Tensor = g.op(
        "SparseMatrixTranspose", input=dy, type=op.get_attr("type"), conjugate=flag
    )
    return [transposed]


def softmax_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> _Tensors:
    """An op computes it from the result."""
    dtype = op.get_attr("type")
    softmax = op.outputs[0]
    made: Tensor = g.op(
        "SparseMatrixSoftmaxGrad", softmax=softmax, grad_softmax=dy, type=dtype
    )
    return [made]


def _flat_indices(matrix: SparseTensor) -> Tensor:
    return sparse_reshape(matrix, shape=(-1,)).indices[..., 0]


def _pruned(g: GradientBuilder, matrix: Tensor, pattern: Tensor) -> Tensor:
    """Keep the elements of a matrix that another one has, too."""
    known = sparse_matrix_behind(pattern)
    if known is None:
        raise ValueError(f"matrix has missing handle data: {pattern}")
    whole = SparseTensor(*_parts(g, matrix, known[1]))
    kept = SparseTensor(*_parts(g, pattern, known[1]))
    wanted, present = _flat_indices(kept), _flat_indices(whole)
    best = array.searchsorted(present, wanted)
    places = array.gather(best, array.where(equal(array.gather(present, best), wanted)))
    indices = g.op("GatherNd", params=whole.indices, indices=places)
    values = g.op("GatherNd", params=whole.values, indices=places)
    made: Tensor = _of_parts(g, indices, values, kept.dense_shape)
    return made


def add_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> _Tensors:
    """The gradient where each matrix has elements, times its weight."""
    a, b, alpha, beta = op.inputs
    return [
        g.op("SparseMatrixMul", a=_pruned(g, dy, a), b=alpha),
        g.op("SparseMatrixMul", a=_pruned(g, dy, b), b=beta),
        None,
        None,
    ]


def mul_gradient(_g: GradientBuilder, op: Operation, _dy: Tensor) -> _Tensors:
    """TensorFlow has registered that it has none.

    Raises:
        NotImplementedError: Always.
    """
    raise NotImplementedError(f"The gradient of '{op.name}' ({op.type}).")


# -- products --------------------------------------------------------------------------

_Flags = tuple[bool, bool, bool, bool]
# What is multiplied for the gradients of both matrices: y is the gradient of the
# product, capitals are conjugates as nodes, and what follows a letter transposes it:
# ' or * (also conjugates). By transpose_a, transpose_b, adjoint_a, adjoint_b.
_SPARSE: Final[dict[_Flags, tuple[str, str]]] = {
    (False, False, False, False): ("y b*", "a* y"),
    (False, False, False, True): ("y b", "y* a"),
    (False, False, True, False): ("b y*", "a y"),
    (False, False, True, True): ("b* y*", "y* a*"),
    (False, True, False, False): ("y B", "y' A"),
    (True, False, False, False): ("B y'", "A y"),
    (True, True, False, False): ("b* y'", "y' a*"),
    (False, True, True, False): ("b' y*", "y' a'"),
    (True, False, False, True): ("b' y'", "y* a'"),
}


def _flags(op: Operation) -> _Flags:
    names = ("transpose_a", "transpose_b", "adjoint_a", "adjoint_b")
    t_a, t_b, adj_a, adj_b = (bool(op.get_attr(name)) for name in names)
    return t_a, t_b, adj_a, adj_b


def sparse_product_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> _Tensors:
    """Products with the gradient, where each matrix has elements."""
    a, b = op.inputs
    dtype = op.get_attr("type")

    def factor(text: str, side: str) -> dict[str, Any]:
        tensor = {"a": a, "b": b, "y": dy}[text[0].lower()]
        flags: dict[str, Any] = {side: conj(tensor) if text[0].isupper() else tensor}
        if text.endswith("'"):
            flags[f"transpose_{side}"] = True
        if text.endswith("*"):
            flags[f"adjoint_{side}"] = True
        return flags

    made = []
    for rule in _SPARSE[_flags(op)]:
        left, right = rule.split()
        arguments = {**factor(left, "a"), **factor(right, "b")}
        made.append(g.op("SparseMatrixSparseMatMul", **arguments, type=dtype))
    return [_pruned(g, made[0], a), _pruned(g, made[1], b)]


class _Dense:
    """Gradients of the product of a sparse matrix and a dense one."""

    def __init__(self, g: GradientBuilder, op: Operation) -> None:
        self._g = g
        self.sparse = op.inputs[0]

    def at_elements(self, x: Tensor, y: Tensor, left: str, right: str) -> Tensor:
        """Multiply dense matrices, only where the sparse one has elements.

        Args:
            x: The left matrix, `[n, m]` or `[batch, n, m]`.
            y: The right one.
            left: Nothing, or transposed (`'`) or conjugated besides (`*`).
            right: The same of the right one.
        """
        indices = _parts(self._g, self.sparse, x.dtype)[0]
        x = conj(x) if left == "*" else x
        y = conj(y) if right == "*" else y
        rank = len(x.shape)
        dims: tuple[Any, ...] = (
            x.shape[-1] if left else x.shape[-2],
            y.shape[-2] if right else y.shape[-1],
        )
        if rank == 2:
            rows, columns = indices[:, 0], indices[:, 1]
        else:
            dims = (x.shape[0], *dims)
            rows = indices[:, :2]
            columns = array.stack([indices[:, 0], indices[:, 2]], axis=1)
        rows_of_x = self._gathered(x, rows, transposes=bool(left))
        columns_of_y = self._gathered(y, columns, transposes=not right)
        values = reduce_tensor("Sum", rows_of_x * columns_of_y, axis=1)
        made: Tensor = _of_parts(self._g, indices, values, dims)
        return made

    def _gathered(self, x: Tensor, places: Tensor, *, transposes: bool) -> Tensor:
        if len(x.shape) == 2:
            return array.gather(array.transpose(x) if transposes else x, places)
        x = array.transpose(x, perm=[0, 2, 1]) if transposes else x
        found: Tensor = self._g.op("GatherNd", params=x, indices=places)
        return found

    def product(self, a: Tensor, y: Tensor, **flags: Any) -> Tensor:
        made: Tensor = self._g.op("SparseMatrixMatMul", a=a, b=y, **flags)
        return made


def dense_product_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> _Tensors:
    """Products with the gradient; for the sparse matrix only where it has elements."""
    t_a, t_b, adj_a, adj_b = _flags(op)
    turned = bool(op.get_attr("transpose_output"))
    work, (a, b) = _Dense(g, op), op.inputs
    if op.get_attr("conjugate_output"):
        dy = conj(dy)
    if not adj_a and not adj_b:
        a, b = conj(a), conj(b)
        work.sparse = a
        left, right = ("'", "") if turned else ("", "'")
        if not t_a:
            for_a = work.at_elements(dy, b, left, "" if t_b else "'")
        else:
            for_a = work.at_elements(b, dy, "'" if t_b else "", right)
        for_b = work.product(
            a, dy, transpose_a=not t_a, transpose_b=turned, transpose_output=t_b
        )
    elif not t_a and not t_b:
        for_a = _with_adjoints(work, b, dy, adj_a, adj_b, turned=turned)
        for_b = work.product(
            a,
            dy,
            adjoint_a=not adj_a,
            transpose_b=turned,
            transpose_output=adj_b,
            conjugate_output=adj_b,
        )
    else:
        return _mixed(work, a, b, dy, is_adjoint=adj_a, turned=turned)
    return [for_a, for_b]


def _with_adjoints(
    work: _Dense, b: Tensor, dy: Tensor, adj_a: bool, adj_b: bool, *, turned: bool
) -> Tensor:
    if not adj_a:
        return work.at_elements(dy, b, "'" if turned else "", "" if adj_b else "*")
    left = "*" if adj_b else ""
    if turned:
        return work.at_elements(b, conj(dy), left, "")
    return work.at_elements(b, dy, left, "*")


def _mixed(
    work: _Dense, a: Tensor, b: Tensor, dy: Tensor, *, is_adjoint: bool, turned: bool
) -> _Tensors:
    """One matrix is transposed, the other one conjugated besides."""
    if is_adjoint:
        if turned:
            for_a = work.at_elements(b, conj(dy), "'", "")
            flags = {"transpose_b": True, "transpose_output": True}
        else:
            for_a = work.at_elements(b, dy, "'", "*")
            flags = {"transpose_output": True}
        return [for_a, work.product(a, dy, **flags)]
    for_a = work.at_elements(b, dy, "'", "" if turned else "'")
    if turned:
        flags = {"adjoint_b": True, "transpose_output": True}
        return [for_a, work.product(a, dy, **flags)]
    flags = {"transpose_output": True, "conjugate_output": True}
    return [for_a, work.product(conj(a), dy, **flags)]


GRADIENTS: Final[dict[str, GradientRule]] = {
    "CSRSparseMatrixToDense": to_dense_gradient,
    "CSRSparseMatrixToSparseTensor": to_parts_gradient,
    "DenseToCSRSparseMatrix": from_dense_gradient,
    "SparseMatrixAdd": add_gradient,
    "SparseMatrixMatMul": dense_product_gradient,
    "SparseMatrixMul": mul_gradient,
    "SparseMatrixSoftmax": softmax_gradient,
    "SparseMatrixSparseMatMul": sparse_product_gradient,
    "SparseMatrixTranspose": transpose_gradient,
    "SparseTensorToCSRSparseMatrix": from_parts_gradient,
}
