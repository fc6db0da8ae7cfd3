"""Programs with sparse matrices in rows, and mistakes with them.

Each takes the module it calls `tf`.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

TYPES = (np.float32, np.float64, np.complex64, np.complex128)


def _matrix(seed: int, shape: tuple[int, ...], dtype: Any = np.float32) -> Any:
    """A dense matrix, or a batch of them, with many zeros."""
    random = np.random.RandomState(seed)
    values = random.randint(-4, 5, shape).astype(dtype)
    if np.dtype(dtype).kind == "c":
        values = values + 1j * random.randint(-4, 5, shape).astype(values.real.dtype)
    values[random.rand(*shape) < 0.5] = 0
    return values.astype(dtype)


def _sparse(tf: ModuleType, dense: Any, pattern: Any = None) -> Any:
    places = np.argwhere(dense if pattern is None else pattern)
    return tf.raw_ops.DenseToCSRSparseMatrix(dense_input=dense, indices=places)


def _dense(tf: ModuleType, matrix: Any, dtype: Any) -> Any:
    dtype = tf.as_dtype(dtype)
    return tf.raw_ops.CSRSparseMatrixToDense(sparse_input=matrix, type=dtype)


def conversions(tf: ModuleType) -> list[Any]:
    """To and from dense matrices and sparse tensors, single and in batches."""
    ops, fetches = tf.raw_ops, []
    for dtype in TYPES:
        for shape in ((3, 4), (2, 3, 4), (0, 3), (2, 3, 0)):
            dense = _matrix(len(shape), shape, dtype)
            matrix = _sparse(tf, dense)
            kind = tf.as_dtype(dtype)
            fetches += ops.CSRSparseMatrixToSparseTensor(
                sparse_matrix=matrix, type=kind
            )
            fetches.append(ops.SparseMatrixNNZ(sparse_matrix=matrix))
            for conjugate in (False, True):
                turned = ops.SparseMatrixTranspose(
                    input=matrix, type=kind, conjugate=conjugate
                )
                fetches.append(_dense(tf, turned, dtype))
                fetches += (
                    ops.CSRSparseMatrixComponents(
                        csr_sparse_matrix=turned, index=len(shape) - 2, type=kind
                    )
                    if len(shape) == 3 and shape[0] > 1
                    else []
                )
    return _fetched(tf, fetches)


def odd_elements(tf: ModuleType) -> list[Any]:
    """Elements in no order, twice, or zero."""
    ops, fetches = tf.raw_ops, []
    for places in ([[1, 2], [0, 1]], [[0, 1], [0, 1]], [[2, 0], [0, 2], [2, 1]]):
        matrix = ops.SparseTensorToCSRSparseMatrix(
            indices=np.array(places),
            values=np.arange(float(len(places))),
            dense_shape=np.array([3, 3]),
        )
        fetches += ops.CSRSparseMatrixComponents(
            csr_sparse_matrix=matrix, index=0, type=tf.float64
        )
        fetches.append(_dense(tf, matrix, np.float64))
    return _fetched(tf, fetches)


_FLAGS = ("transpose_a", "transpose_b", "adjoint_a", "adjoint_b")


def _flags() -> list[dict[str, bool]]:
    found = []
    for number in range(16):
        flags = {name: bool(number >> i & 1) for i, name in enumerate(_FLAGS)}
        if not any(flags[f"transpose_{n}"] and flags[f"adjoint_{n}"] for n in "ab"):
            found.append(flags)
    return found


def products(tf: ModuleType) -> list[Any]:
    """Sparse times dense and sparse times sparse, transposed in every way."""
    ops, fetches = tf.raw_ops, []
    for dtype in (np.float32, np.complex128):
        kind = tf.as_dtype(dtype)
        for shape in ((3, 3), (2, 3, 3)):
            a, b = _matrix(1, shape, dtype), _matrix(2, shape, dtype)
            for flags in _flags():
                sparse = ops.SparseMatrixSparseMatMul(
                    a=_sparse(tf, a), b=_sparse(tf, b), type=kind, **flags
                )
                fetches += ops.CSRSparseMatrixComponents(
                    csr_sparse_matrix=sparse, index=0, type=kind
                )
                for output in (
                    {},
                    {"transpose_output": True, "conjugate_output": True},
                ):
                    fetches.append(
                        ops.SparseMatrixMatMul(a=_sparse(tf, a), b=b, **flags, **output)
                    )
    a, b = _matrix(3, (2, 4, 3)), _matrix(4, (1, 3, 5))
    product = ops.SparseMatrixSparseMatMul(
        a=_sparse(tf, a), b=_sparse(tf, b), type=tf.float32
    )
    fetches.append(_dense(tf, product, np.float32))
    fetches.append(ops.SparseMatrixMatMul(a=_sparse(tf, a[0]), b=b[0, :, :1]))
    return _fetched(tf, fetches)


def factorizations(tf: ModuleType) -> list[Any]:
    """Triangular factors of permuted matrices."""
    fetches = []
    order = np.array([2, 0, 3, 4, 1], np.int32)
    for dtype in TYPES:
        low = np.tril(_matrix(5, (5, 5), dtype), -1)
        whole = (low + low.conj().T + 40 * np.eye(5)).astype(dtype)
        for dense, orders in (
            (whole, order),
            (np.stack([whole, 2 * whole]), [order] * 2),
        ):
            factor = tf.raw_ops.SparseMatrixSparseCholesky(
                input=_sparse(tf, dense),
                permutation=np.array(orders),
                type=tf.as_dtype(dtype),
            )
            fetches.append(_dense(tf, factor, dtype))
    return _fetched(tf, fetches)


def gradients(tf: ModuleType) -> list[Any]:
    """Gradients through products and conversions."""
    return _fetched(tf, gradient_graph(tf))


def gradient_graph(tf: ModuleType) -> list[Any]:
    """Add all gradients that run on the CPU."""
    ops, fetches = tf.raw_ops, []
    full = np.ones((3, 3))
    for dtype in (np.float64, np.complex128):
        kind = tf.as_dtype(dtype)
        x, y = (tf.constant(_matrix(i, (3, 3), dtype)) for i in (6, 7))
        for flags in _flags():
            a, b = (_sparse(tf, one, full) for one in (x, y))
            sparse = ops.SparseMatrixSparseMatMul(a=a, b=b, type=kind, **flags)
            outputs = [_dense(tf, sparse, dtype)]
            outputs += [
                ops.SparseMatrixMatMul(
                    a=a,
                    b=y,
                    transpose_output=output,
                    conjugate_output=output,
                    **flags,
                )
                for output in (False, True)
            ]
            for output in outputs:
                fetches += tf.gradients(output, [x, y], x @ y)
    x = tf.constant(_matrix(8, (2, 3, 3)))
    matrix = _sparse(tf, x, np.ones((2, 3, 3)))
    turned = ops.SparseMatrixTranspose(input=matrix, type=tf.float32)
    parts = ops.CSRSparseMatrixToSparseTensor(sparse_matrix=turned, type=tf.float32)
    back = ops.SparseTensorToCSRSparseMatrix(
        indices=parts.indices, values=parts.values * 2, dense_shape=[2, 3, 3]
    )
    product = ops.SparseMatrixMatMul(a=back, b=x, transpose_a=True)
    fetches += tf.gradients(product, [x], x)
    return fetches


def accelerator_gradients(tf: ModuleType) -> list[Any]:
    """Add gradients of ops that TensorFlow runs on other devices only."""
    ops = tf.raw_ops
    x, y = (tf.constant(_matrix(i, (3, 3))) for i in (9, 10))
    a, b = (_sparse(tf, one, np.ones((3, 3))) for one in (x, y))
    added = ops.SparseMatrixAdd(a=a, b=b, alpha=2.0, beta=3.0)
    softmax = ops.SparseMatrixSoftmax(logits=added, type=tf.float32)
    return list(tf.gradients(_dense(tf, softmax, np.float32), [x, y]))


def _fetched(tf: ModuleType, fetches: list[Any]) -> list[Any]:
    with tf.Session() as session:
        return list(session.run(fetches))


RUNS: dict[str, Callable[[ModuleType], list[Any]]] = {
    run.__name__: run
    for run in (conversions, odd_elements, products, factorizations, gradients)
}


def sparse_matrix_gradients(tf: ModuleType) -> list[Any]:
    """Build all gradients of sparse matrices."""
    return [*gradient_graph(tf), *accelerator_gradients(tf)]


PROGRAMS = (sparse_matrix_gradients,)


def _index(tf: ModuleType, index: int) -> Any:
    matrix = _sparse(tf, _matrix(1, (2, 3, 3)))
    return tf.raw_ops.CSRSparseMatrixComponents(
        csr_sparse_matrix=matrix, index=index, type=tf.float32
    )


def _given(
    tf: ModuleType, places: list[list[int]], sizes: tuple[int, ...] = (3, 3)
) -> Any:
    return tf.raw_ops.SparseMatrixNNZ(
        sparse_matrix=tf.raw_ops.SparseTensorToCSRSparseMatrix(
            indices=np.array(places), values=[1.0], dense_shape=np.array(sizes)
        )
    )


def _unknown(tf: ModuleType, dense: Any) -> Any:
    return tf.placeholder_with_default(dense, None)


MISTAKES: dict[str, Callable[[ModuleType], Any]] = {
    "index": lambda tf: _index(tf, 2),
    "negative_index": lambda tf: _index(tf, -1),
    "row": lambda tf: _given(tf, [[3, 0]]),
    "column": lambda tf: _given(tf, [[0, -1]]),
    "rows": lambda tf: _given(tf, [[0, 0]], (2**31, 2)),
    "batch": lambda tf: _given(tf, [[0, 0, 0]], (2**31 - 1, 2, 2)),
    "batch_and_rows": lambda tf: _given(tf, [[0, 0, 0]], (2**20, 2**11, 2)),
    "type": lambda tf: _dense(tf, _sparse(tf, _matrix(1, (3, 3))), np.float64),
    "no_shape": lambda tf: _dense(tf, tf.placeholder(tf.variant), np.float64),
    "product_types": lambda tf: tf.raw_ops.SparseMatrixMatMul(
        a=_sparse(tf, _matrix(1, (3, 3))), b=_matrix(1, (3, 3), np.float64)
    ),
    "product_sizes": lambda tf: tf.raw_ops.SparseMatrixMatMul(
        a=_sparse(tf, _matrix(1, (3, 3))), b=_unknown(tf, _matrix(1, (2, 3)))
    ),
    "product_shapes": lambda tf: tf.raw_ops.SparseMatrixMatMul(
        a=_sparse(tf, _matrix(1, (3, 3))), b=_matrix(1, (2, 3))
    ),
    "both_flags": lambda tf: tf.raw_ops.SparseMatrixMatMul(
        a=_sparse(tf, _matrix(1, (3, 3))),
        b=_matrix(1, (3, 3)),
        transpose_a=True,
        adjoint_a=True,
    ),
    "not_positive": lambda tf: _dense(
        tf,
        tf.raw_ops.SparseMatrixSparseCholesky(
            input=_sparse(tf, -np.eye(3)), permutation=[0, 1, 2], type=tf.float64
        ),
        np.float64,
    ),
}
