"""Programs that evaluate linear operators, and mistakes with them.

Each takes the module it calls `tf`.
"""

from __future__ import annotations

from contextlib import suppress
from types import ModuleType
from typing import Any

import numpy as np

NUMBERS = (
    "determinant",
    "log_abs_determinant",
    "to_dense",
    "diag_part",
    "trace",
    "eigvals",
    "shape_tensor",
)


def _random(*shape: int, dtype: Any = np.float64) -> Any:
    random = np.random.RandomState(sum(shape))
    values = random.randn(*shape)
    if np.dtype(dtype).kind == "c":
        values = values + 1j * random.randn(*shape)
    return values.astype(dtype)


def _positive(*shape: int) -> Any:
    root = _random(*shape)
    return root @ np.swapaxes(root, -1, -2) + np.eye(shape[-1])


def _evaluated(tf: ModuleType, operators: list[Any]) -> list[Any]:
    """Products, solutions and numbers of operators."""
    fetches: list[Any] = []
    for operator in operators:
        kind = operator.dtype.as_numpy_dtype
        x = _random(operator.shape.as_list()[-1], 2, dtype=kind)
        for adjoint in (False, True):
            fetches.append(operator.matmul(x, adjoint=adjoint))
            fetches.append(operator.matvec(x[:, 0], adjoint=adjoint))
            if operator.is_non_singular is not False:
                fetches.append(operator.solve(x, adjoint=adjoint))
                fetches.append(operator.solvevec(x[:, 0], adjoint=adjoint))
        for name in NUMBERS:
            with suppress(NotImplementedError):
                fetches.append(getattr(operator, name)())
    with tf.Session() as session:
        values: list[Any] = session.run(fetches)
        return values


def plain(tf: ModuleType) -> list[Any]:
    """Dense, triangular, diagonal matrices, identities and zeros."""
    linalg = tf.linalg
    return _evaluated(
        tf,
        [
            linalg.LinearOperatorDiag(_random(2, 3)),
            linalg.LinearOperatorDiag(_random(3, dtype=np.complex128)),
            linalg.LinearOperatorFullMatrix(_random(2, 3, 3)),
            linalg.LinearOperatorFullMatrix(
                _positive(2, 3, 3), is_self_adjoint=True, is_positive_definite=True
            ),
            linalg.LinearOperatorLowerTriangular(_random(2, 3, 3)),
            linalg.LinearOperatorIdentity(3, batch_shape=[2], dtype=tf.float64),
            linalg.LinearOperatorScaledIdentity(3, _random(2)),
            linalg.LinearOperatorZeros(3, dtype=tf.float64),
        ],
    )


def composed(tf: ModuleType) -> list[Any]:
    """Operators made of others."""
    linalg = tf.linalg
    full = linalg.LinearOperatorFullMatrix(_random(2, 3, 3))
    diag = linalg.LinearOperatorDiag(_random(3))
    small = linalg.LinearOperatorFullMatrix(_random(2, 2))
    wide = linalg.LinearOperatorFullMatrix(_random(2, 3))
    return _evaluated(
        tf,
        [
            full.matmul(diag),
            full.H,
            full.inverse(),
            linalg.LinearOperatorComposition([full, diag, full]),
            linalg.LinearOperatorLowRankUpdate(diag, _random(3, 2), _random(2) ** 2),
            linalg.LinearOperatorBlockDiag([full, small]),
            linalg.LinearOperatorBlockLowerTriangular([[full], [wide, small]]),
            linalg.LinearOperatorBlockLowerTriangular(
                [[full], [wide, small]]
            ).inverse(),
            linalg.LinearOperatorKronecker([small, full]),
        ],
    )


def special(tf: ModuleType) -> list[Any]:
    """Circulant, Toeplitz, tridiagonal matrices, reflections, permutations."""
    linalg = tf.linalg
    spectrum = _random(2, 2, 2, dtype=np.complex128)
    kinds = {"input_output_dtype": tf.complex128}
    return _evaluated(
        tf,
        [
            linalg.LinearOperatorCirculant(spectrum, **kinds),
            linalg.LinearOperatorCirculant2D(spectrum, **kinds),
            linalg.LinearOperatorCirculant3D(spectrum, **kinds),
            linalg.LinearOperatorToeplitz(_random(2, 4), _random(2, 4)),
            linalg.LinearOperatorTridiag(_random(3, 4)),
            linalg.LinearOperatorHouseholder(_random(2, 4)),
            linalg.LinearOperatorPermutation([2, 0, 3, 1], dtype=tf.float64),
        ],
    )


def step_by_step(tf: ModuleType) -> list[Any]:
    """Conjugate gradients, and eigenvalues of few diagonals."""
    operator = tf.linalg.LinearOperatorFullMatrix(
        _positive(2, 4, 4), is_self_adjoint=True, is_positive_definite=True
    )
    rhs = tf.constant(_random(2, 4))
    state = tf.linalg.experimental.conjugate_gradient(operator, rhs)
    alpha, beta = _random(20), _random(19)
    eigh = tf.linalg.eigh_tridiagonal
    values, vectors = eigh(alpha, beta, eigvals_only=False)
    fetches = [
        state.i,
        state.x,
        values,
        abs(vectors),
        eigh(alpha, beta, select="i", select_range=[2, 5]),
        eigh(alpha, beta, select="v", select_range=[-1.0, 1.0]),
    ]
    with tf.Session() as session:
        found: list[Any] = session.run(fetches)
        return found


def _operator(tf: ModuleType, kind: str, *arguments: Any, **hints: Any) -> Any:
    return getattr(tf.linalg, f"LinearOperator{kind}")(*arguments, **hints)


RUNS = {
    "plain": plain,
    "composed": composed,
    "special": special,
    "step_by_step": step_by_step,
}
MISTAKES = {
    "hints": lambda tf: _operator(
        tf, "FullMatrix", np.eye(2), is_positive_definite=True, is_non_singular=False
    ),
    "real_diagonal": lambda tf: _operator(tf, "Diag", [1.0], is_self_adjoint=False),
    "scalar": lambda tf: _operator(tf, "Diag", 1.0),
    "integers": lambda tf: _operator(tf, "FullMatrix", [[1]]),
    "another_type": lambda tf: _operator(tf, "Diag", [1.0]).matmul(np.eye(1)),
    "another_size": lambda tf: _operator(tf, "Diag", [1.0]).matmul(
        np.eye(2, dtype=np.float32)
    ),
    "operators": lambda tf: _operator(tf, "Diag", [1.0]).matmul(
        _operator(tf, "Identity", 2)
    ),
    "no_cholesky": lambda tf: _operator(tf, "FullMatrix", np.eye(2)).cholesky(),
    "no_inverse": lambda tf: _operator(tf, "Zeros", 2).inverse(),
    "zero_on_diagonal": lambda tf: _operator(
        tf, "Diag", [1.0, 0.0]
    ).assert_non_singular(),
    "not_positive": lambda tf: _operator(
        tf, "Diag", tf.placeholder_with_default([-1.0], [1])
    ).assert_positive_definite(),
    "no_permutation": lambda tf: _operator(tf, "Permutation", [0, 0]),
    "no_operators": lambda tf: _operator(tf, "BlockDiag", []),
    "no_factors": lambda tf: _operator(tf, "Kronecker", []),
    "transposed": lambda tf: tf.matmul(
        _operator(tf, "Identity", 2), np.eye(2, dtype=np.float32), transpose_a=True
    ),
    "format": lambda tf: _operator(
        tf, "Tridiag", np.ones((3, 3)), diagonals_format="rows"
    ),
    "negative": lambda tf: _operator(tf, "Identity", -2),
}
