"""Programs about linear algebra and its gradients."""

from __future__ import annotations

from types import ModuleType
from typing import Any


def decomposition_gradients(tf: ModuleType) -> None:
    """QR, singular values and eigenvalues, of real and complex matrices."""

    def backward(parts: Any, matrix: Any) -> None:
        """Complex results want to be told where their gradient starts."""
        tf.gradients(parts, matrix, [tf.ones_like(part) for part in parts])

    for dtype in (tf.float32, tf.complex64):
        for shape in ([2, 3, 3], [4, 3], [3, 5]):
            a = tf.placeholder(dtype, shape)
            backward(tf.linalg.qr(a), a)
            backward(tf.linalg.svd(a), a)
    square = tf.placeholder(tf.float64, [3, 3])
    tf.gradients(tf.linalg.svd(square, full_matrices=True), square)
    whole = tf.placeholder(tf.complex64, [3, 3])
    backward([tf.raw_ops.Svd(input=whole, compute_uv=False)[0]], whole)
    for dtype, out in ((tf.float32, tf.complex64), (tf.complex128, tf.complex128)):
        a = tf.placeholder(dtype, [None, 3, 3])
        backward(tf.raw_ops.Eig(input=a, Tout=out, compute_v=True), a)
        values = tf.raw_ops.Eig(input=a, Tout=out, compute_v=False)[0]
        backward([values], a)


def least_squares(tf: ModuleType) -> None:
    """Least squares of tall, wide and unknown matrices; pseudo-inverses; ranks."""
    tall, wide = (tf.placeholder(tf.float32, [2, *s]) for s in ((4, 3), (3, 5)))
    rhs = tf.placeholder(tf.float32, [2, None, 2])
    unknown = tf.placeholder(tf.float64, [None, None])
    for matrix in (tall, wide):
        tf.gradients(tf.linalg.lstsq(matrix, rhs, l2_regularizer=0.5), [matrix, rhs])
        tf.matrix_solve_ls(matrix, rhs, name="plain")
        solved = tf.raw_ops.MatrixSolveLs(matrix=matrix, rhs=rhs, l2_regularizer=0.25)
        tf.gradients(solved, [matrix, rhs])
        tf.linalg.lstsq(matrix, rhs, fast=False)
        tf.linalg.pinv(matrix)
        tf.linalg.matrix_rank(matrix)
    tf.linalg.lstsq(unknown, unknown)
    some = tf.placeholder(tf.float64)
    tf.matrix_solve_ls(some, unknown)
    for matrix, other in ((some, unknown), (unknown, some)):
        tf.matrix_solve_ls(matrix, other, fast=False)
        tf.matrix_solve(matrix, other)
    tf.linalg.pinv(unknown, rcond=0.1, name="inverse")
    tf.linalg.pinv(unknown)
    tf.linalg.matrix_rank(unknown, tol=0.5)
    tf.linalg.matrix_rank(unknown)
    tf.linalg.pinv(tf.placeholder(tf.float32), validate_args=True)


def matrix_functions(tf: ModuleType) -> None:
    """Exponentials, logarithms and roots."""
    a = tf.placeholder(tf.float32, [2, 3, 3])
    tf.linalg.expm(a)
    tf.gradients(tf.linalg.expm(tf.placeholder(tf.float64, [None, 2, 2])), a)
    tf.linalg.expm(tf.zeros([0, 0]))
    tf.gradients(tf.linalg.sqrtm(a), a)
    tf.matrix_square_root(a, name="root")
    tf.linalg.logm(tf.placeholder(tf.complex64, [3, 3]))


def few_diagonals(tf: ModuleType) -> None:
    """Systems and products with few diagonals."""
    rhs = tf.placeholder(tf.float32, [2, 4, 3])
    vectors = tf.placeholder(tf.float32, [2, 4])
    compact = tf.placeholder(tf.float32, [2, 3, 4])
    sequence = [tf.placeholder(tf.float32, [2, n]) for n in (3, 4, 3)]
    whole = [tf.placeholder(tf.float32, [2, 4]) for _ in range(3)]
    matrix = tf.placeholder(tf.float32, [2, 4, 4])
    unknown = tf.placeholder(tf.float32, [None, 3, 4])
    solve, product = tf.linalg.tridiagonal_solve, tf.linalg.tridiagonal_matmul
    tf.gradients(solve(compact, rhs), [compact, rhs])
    tf.gradients(solve(unknown, rhs, partial_pivoting=False), [unknown, rhs])
    solve(compact, vectors, name="vectors")
    solve(sequence, rhs, diagonals_format="sequence")
    solve(matrix, rhs, diagonals_format="matrix", conjugate_rhs=True)
    solve(compact, tf.matrix_transpose(rhs), transpose_rhs=True, perturb_singular=True)
    tf.gradients(product(compact, rhs), [compact, rhs])
    product(whole, rhs, diagonals_format="sequence", name="whole")
    product(matrix, rhs, diagonals_format="matrix")
    for lower in (True, False):
        for bands in (compact, unknown):
            solved = tf.raw_ops.BandedTriangularSolve(
                matrix=bands, rhs=rhs, lower=lower, adjoint=not lower
            )
            tf.gradients(solved, [bands, rhs])


def lu_factors(tf: ModuleType) -> None:
    """What follows from LU factors."""
    a = tf.placeholder(tf.float32, [3, 3])
    batch = tf.placeholder(tf.float32, [None, 3, 3])
    for matrix in (a, batch):
        factors, order = tf.linalg.lu(matrix)
        tf.linalg.lu_solve(factors, order, matrix)
        tf.linalg.lu_matrix_inverse(factors, order, validate_args=True)
        tf.linalg.lu_reconstruct(factors, order, name="whole")


def matrix_norms(tf: ModuleType) -> None:
    """Spectral norms, and what is divided by its norm."""
    x = tf.placeholder(tf.float32, [2, 3, 4])
    tf.norm(x, ord=2, axis=[0, 2])
    tf.norm(x, ord=2, axis=(-2, -1), keepdims=True, name="spectral")
    tf.linalg.normalize(x)
    tf.linalg.normalize(x, ord=1, axis=1, name="unit")
    tf.linalg.l2_normalize(x, axis=0)


def tridiagonal_eigenvalues(tf: ModuleType) -> None:
    """Eigenvalues and eigenvectors of matrices with three diagonals."""
    eigh = tf.linalg.eigh_tridiagonal
    alpha, beta = tf.placeholder(tf.float32, [20]), tf.placeholder(tf.float32, [19])
    eigh(alpha, beta)
    eigh(alpha, beta, select="i", select_range=[2, 5], tol=0.1, name="some")
    eigh(alpha, beta, select="v", select_range=(-1.0, 1.0))
    diagonal, above = (tf.placeholder(tf.complex128, [n]) for n in (3, 2))
    eigh(diagonal, above, eigvals_only=False, name="complex")
    eigh([1.0], [])


PROGRAMS = (
    decomposition_gradients,
    least_squares,
    matrix_functions,
    few_diagonals,
    tridiagonal_eigenvalues,
    lu_factors,
    matrix_norms,
)
