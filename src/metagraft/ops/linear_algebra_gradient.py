"""Gradient rules of decompositions, inverses and solutions.

Source: tensorflow python/ops/linalg_grad.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.eye import eye
from metagraft.graph.build.gramian import cholesky_solve, regularized_gramian_cholesky
from metagraft.graph.build.math import cast, conj, real
from metagraft.graph.build.matmul import matmul
from metagraft.graph.build.matrix_diag import (
    matrix_diag,
    matrix_diag_part,
    matrix_set_diag,
)
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.op_spec import GradientBuilder
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import control_dependencies, name_scope
from metagraft.graph.shapes import is_static
from metagraft.graph.tensor import Tensor

Gradients = Sequence[Any]


def _adjoint(matrix: Tensor) -> Tensor:
    with name_scope(None, "adjoint", [matrix]):
        return array.matrix_transpose(matrix, conjugate=True)


def _triangular_solve(
    g: GradientBuilder,
    matrix: Tensor,
    rhs: Tensor,
    *,
    lower: bool = True,
    adjoint: bool = False,
) -> Tensor:
    with name_scope(None, "triangular_solve", [matrix, rhs]):
        solved: Tensor = g.op(
            "MatrixTriangularSolve",
            matrix=matrix,
            rhs=rhs,
            lower=lower,
            adjoint=adjoint,
        )
    return solved


def _band_part(g: GradientBuilder, x: Tensor, lower: int, upper: int) -> Tensor:
    band: Tensor = g.op("MatrixBandPart", input=x, num_lower=lower, num_upper=upper)
    return band


def _safe_reciprocal(g: GradientBuilder, x: Tensor) -> Tensor:
    reciprocal: Tensor = x * g.op("Reciprocal", x=x * x + 1e-20)
    return reciprocal


def matrix_inverse_gradient(
    _g: GradientBuilder, op: Operation, dy: Tensor
) -> Gradients:
    """`-y' dy y'`, where `y'` is the transpose."""
    y = op.outputs[0]
    is_adjoint = op.get_attr("adjoint")
    inner = matmul(dy, y, adjoint_a=is_adjoint, adjoint_b=not is_adjoint)
    return (-matmul(y, inner, adjoint_a=not is_adjoint),)


def matrix_determinant_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Gradients:
    """`dy * y * inverse(x)'`."""
    y = op.outputs[0]
    inverse = g.op("MatrixInverse", input=op.inputs[0], adjoint=True)
    scaled = dy * y
    shape = array.concat([array.shape(y), [1, 1]], 0)
    return (array.reshape(scaled, shape) * inverse,)


def log_matrix_determinant_gradient(
    g: GradientBuilder, op: Operation, _d_sign: Tensor, d_log: Tensor
) -> Gradients:
    """`dy * inverse(x)'`."""
    inverse = g.op("MatrixInverse", input=op.inputs[0], adjoint=True)
    shape = array.concat([array.shape(op.outputs[1]), [1, 1]], 0)
    return (array.reshape(d_log, shape) * inverse,)


def cholesky_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Gradients:
    """Backward through the factor; see Murray, arXiv:1602.07527."""
    factor = op.outputs[0]
    rows = array.shape(factor)[-1]
    batch = array.shape(factor)[:-2]
    inverse = _triangular_solve(
        g, factor, eye(rows, batch_shape=batch, dtype=factor.dtype)
    )
    middle = matmul(factor, dy, adjoint_a=True)
    middle = matrix_set_diag(middle, 0.5 * matrix_diag_part(middle))
    middle = _band_part(g, middle, -1, 0)
    dx = matmul(matmul(inverse, middle, adjoint_a=True), inverse)
    dx += _adjoint(dx)
    return (dx * 0.5,)


def matrix_solve_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Gradients:
    """The solution for `dy`, and its product with the solution."""
    matrix, y = op.inputs[0], op.outputs[0]
    is_adjoint = op.get_attr("adjoint")
    d_rhs = g.op("MatrixSolve", matrix=matrix, rhs=dy, adjoint=not is_adjoint)
    left, right = (y, d_rhs) if is_adjoint else (d_rhs, y)
    return -matmul(left, right, adjoint_b=True), d_rhs


def matrix_solve_ls_gradient(
    _g: GradientBuilder, op: Operation, dy: Tensor
) -> Gradients:
    """Through the normal equations of matrices of known size.

    Raises:
        ValueError: The op does not use normal equations.
        NotImplementedError: The matrix has an unknown size.
    """
    a, b, regularizer = op.inputs
    if not op.get_attr("fast"):
        raise ValueError("Gradient not defined for fast=False")
    rows, columns = (None, None) if a.dims is None else a.dims[-2:]
    if rows is None or columns is None:
        raise NotImplementedError(
            f"The gradient of MatrixSolveLs '{op.name}' needs a matrix of known size;"
            f" the input {a.name} has shape {a.shape}."
        )
    weight = cast(regularizer, a.dtype)
    is_tall = rows >= columns
    factor = regularized_gramian_cholesky(a, weight, is_tall=is_tall)
    if is_tall:
        x = op.outputs[0]
        z = cholesky_solve(factor, dy)
        outer = matmul(x, z, adjoint_b=True)
        outer = outer + array.matrix_transpose(outer)
        d_a = -matmul(a, outer) + matmul(b, z, adjoint_b=True)
        return d_a, matmul(a, z), None
    d_b = cholesky_solve(factor, matmul(a, dy))
    solved = cholesky_solve(factor, b)
    first = -matmul(d_b, matmul(solved, a, adjoint_a=True))
    rest = dy - matmul(a, d_b, adjoint_a=True)
    return first + matmul(solved, rest, adjoint_b=True), d_b, None


def eig_gradient(
    g: GradientBuilder, op: Operation, d_values: Tensor, d_vectors: Tensor
) -> Gradients:
    """Through distinct values; see Boeddeker et al., arXiv:1701.00392, 4.77."""
    values = op.outputs[0]
    with control_dependencies([d_values, d_vectors]):
        if op.get_attr("compute_v"):
            v = op.outputs[1]
            adjoint = _adjoint(v)
            differences = array.expand_dims(values, -2) - array.expand_dims(values, -1)
            f = matrix_set_diag(
                _safe_reciprocal(g, differences), array.zeros_like(values)
            )
            f = conj(f)
            slope = matmul(adjoint, d_vectors)
            middle = matrix_diag(d_values)
            diagonal = matrix_diag(matrix_diag_part(cast(real(slope), slope.dtype)))
            middle += f * (slope - matmul(matmul(adjoint, v), diagonal))
            right = matmul(middle, adjoint)
        else:
            is_double = op.inputs[0].dtype in (dtypes.float64, dtypes.complex128)
            out = dtypes.complex128 if is_double else dtypes.complex64
            _, v = g.op("Eig", input=op.inputs[0], compute_v=True, Tout=out)
            adjoint = _adjoint(v)
            right = matmul(matrix_diag(d_values), adjoint)
        dx = g.op("MatrixSolve", matrix=adjoint, rhs=right)
        return (cast(dx, op.inputs[0].dtype),)


def matrix_triangular_solve_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Gradients:
    """As for `MatrixSolve`, inside the triangle; broadcast batches are summed."""
    matrix, rhs = op.inputs
    y = op.outputs[0]
    is_adjoint, is_lower = op.get_attr("adjoint"), op.get_attr("lower")
    d_rhs = _triangular_solve(g, matrix, dy, lower=is_lower, adjoint=not is_adjoint)
    left, right = (y, d_rhs) if is_adjoint else (d_rhs, y)
    d_matrix = -matmul(left, right, adjoint_b=True)
    bounds = (-1, 0) if is_lower else (0, -1)
    d_matrix = _band_part(g, d_matrix, *bounds)
    if is_static(matrix.dims) and is_static(rhs.dims):
        assert matrix.dims is not None
        assert rhs.dims is not None
        if matrix.dims[:-2] == rhs.dims[:-2]:
            return d_matrix, d_rhs
    matrix_shape, rhs_shape = array.shape(matrix), array.shape(rhs)
    axes = g.op("BroadcastGradientArgs", s0=matrix_shape[:-2], s1=rhs_shape[:-2])
    d_matrix = array.reshape(reduce_tensor("Sum", d_matrix, axes[0]), matrix_shape)
    d_rhs = array.reshape(reduce_tensor("Sum", d_rhs, axes[1]), rhs_shape)
    return d_matrix, d_rhs


def self_adjoint_eig_v2_gradient(
    g: GradientBuilder, op: Operation, d_values: Tensor, d_vectors: Tensor
) -> Gradients:
    """Through the values and, where they were computed, the vectors."""
    values = op.outputs[0]
    with control_dependencies([d_values, d_vectors]):
        if op.get_attr("compute_v"):
            v = op.outputs[1]
            differences = array.expand_dims(values, -2) - array.expand_dims(values, -1)
            f = matrix_set_diag(
                _safe_reciprocal(g, differences), array.zeros_like(values)
            )
            inner = matrix_diag(d_values) + f * matmul(v, d_vectors, adjoint_a=True)
            dx = matmul(v, matmul(inner, v, adjoint_b=True))
        else:
            _, v = g.op("SelfAdjointEigV2", input=op.inputs[0], compute_v=True)
            inner = matmul(matrix_diag(d_values), v, adjoint_b=True)
            dx = matmul(v, inner)
        # The input counts as symmetric: only its lower triangle is read.
        dx = _band_part(g, dx + _adjoint(dx), -1, 0)
        return (matrix_set_diag(dx, 0.5 * matrix_diag_part(dx)),)


def svd_gradient(
    g: GradientBuilder, op: Operation, d_s: Tensor, d_u: Tensor, d_v: Tensor
) -> Gradients:
    """Through values and vectors of real matrices of known size.

    Raises:
        NotImplementedError: The matrix has an unknown size or is complex, or the
            vectors of `full_matrices` are not determined.
    """
    a = op.inputs[0]
    d_s = cast(d_s, a.dtype)
    d_s_matrix = matrix_diag(d_s)
    if not op.get_attr("compute_uv"):
        s, u, v = g.op("Svd", input=a, compute_uv=True, full_matrices=False)
        real(s)  # As TensorFlow's function does; nothing uses it.
        dx = matmul(u, matmul(d_s_matrix, v, adjoint_b=True))
        dx.set_shape(a.shape)
        return (dx,)
    m, n = _matrix_size(op)
    s = cast(op.outputs[0], a.dtype)
    u, v = op.outputs[1], op.outputs[2]
    is_tall = m > n
    if is_tall:
        m, n, u, v, d_u, d_v = n, m, v, u, d_v, d_u
    with control_dependencies([d_s, d_u, d_v]):
        dx = _wide_svd_gradient(g, op, (m, n), (s, u, v), (d_s_matrix, d_u, d_v))
        if is_tall:
            dx = array.matrix_transpose(dx, conjugate=True)
        dx.set_shape(a.shape)
        return (dx,)


def _matrix_size(op: Operation) -> tuple[int, int]:
    """Rows and columns of the decomposed matrix."""
    a = op.inputs[0]
    m, n = (None, None) if a.dims is None else a.dims[-2:]
    if m is None or n is None:
        raise NotImplementedError(
            f"The gradient of Svd '{op.name}' needs a matrix of known size; the input"
            f" {a.name} has shape {a.shape}."
        )
    if op.get_attr("full_matrices") and abs(m - n) > 1:
        raise NotImplementedError(
            "svd gradient is not implemented for abs(m - n) > 1 when full_matrices is"
            f" True. Received: m={m} and n={n} from op input={a} with shape={a.shape}."
        )
    return m, n


def _wide_svd_gradient(
    g: GradientBuilder,
    op: Operation,
    size: tuple[int, int],
    parts: tuple[Tensor, Tensor, Tensor],
    gradients: tuple[Tensor, Tensor, Tensor],
) -> Tensor:
    """The gradient of a matrix with no more rows than columns."""
    m, n = size
    s, u, v = parts
    d_s_matrix, d_u, d_v = gradients
    s_matrix = matrix_diag(s)
    squares = g.op("Square", x=s)
    s_shape = array.shape(s)
    differences = array.expand_dims(squares, -2) - array.expand_dims(squares, -1)
    f = matrix_set_diag(_safe_reciprocal(g, differences), array.zeros_like(s))
    s_inverse = matrix_diag(_safe_reciprocal(g, s))
    v1 = v[..., :, :m]
    d_v1 = d_v[..., :, :m]
    u_part = matmul(u, d_u, adjoint_a=True)
    v_part = matmul(v1, d_v1, adjoint_a=True)
    f_u = f * u_part
    f_v = f * v_part
    inner = (
        d_s_matrix
        + matmul(f_u + _adjoint(f_u), s_matrix)
        + matmul(s_matrix, f_v + _adjoint(f_v))
    )
    dx = matmul(u, matmul(inner, v1, adjoint_b=True))
    if m != n:
        own, other = (u, v, v1, s_inverse), (d_v, d_v1)
        dx = dx + _beyond_the_square(op, size, own, other)
    if s.dtype.is_complex:
        identity = eye(s_shape[-1], batch_shape=s_shape[:-1], dtype=s.dtype)
        phase = identity * v_part
        inner = matmul(s_inverse, _adjoint(phase) - phase)
        dx += 1 / 2.0 * matmul(u, matmul(inner, v1, adjoint_b=True))
    return dx


def _beyond_the_square(
    op: Operation,
    size: tuple[int, int],
    parts: tuple[Tensor, Tensor, Tensor, Tensor],
    gradients: tuple[Tensor, Tensor],
) -> Tensor:
    """What the columns beyond the square part add."""
    m, n = size
    u, v, v1, s_inverse = parts
    d_v, d_v1 = gradients
    d_v1_adjoint = array.matrix_transpose(d_v1, conjugate=True)
    projected = matmul(d_v1_adjoint, v1)
    rest = d_v1_adjoint - matmul(projected, v1, adjoint_b=True)
    if op.get_attr("full_matrices"):
        v2 = v[..., :, m:n]
        d_v2 = d_v[..., :, m:n]
        rest -= matmul(matmul(v1, d_v2, adjoint_a=True), v2, adjoint_b=True)
    return matmul(matmul(u, s_inverse), rest)
