"""Gradients of mathematics against differences of the function itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import metagraft.compat.v1 as tf

STEP = 1e-6
Function = Callable[..., Any]

# Functions of one tensor, by the numbers they are defined for.
REAL = [
    "abs",
    "asinh",
    "atan",
    "cos",
    "cosh",
    "erf",
    "erfc",
    "exp",
    "expm1",
    "log_sigmoid",
    "negative",
    "sigmoid",
    "sin",
    "sinh",
    "softplus",
    "square",
    "tan",
    "tanh",
    "reciprocal",
    "reciprocal_no_nan",
    "bessel_i0e",
    "bessel_i1e",
]
POSITIVE = ["digamma", "lgamma", "log", "log1p", "rsqrt", "sqrt"]
UNIT = ["acos", "asin", "atanh", "erfinv"]
BINARY = [
    "add",
    "subtract",
    "multiply",
    "divide",
    "truediv",
    "maximum",
    "minimum",
    "pow",
    "squared_difference",
    "atan2",
    "divide_no_nan",
    "multiply_no_nan",
    "xdivy",
    "xlogy",
    "xlog1py",
    "floormod",
]
REDUCTIONS = [
    "sum",
    "mean",
    "prod",
    "max",
    "min",
    "logsumexp",
    "euclidean_norm",
    "variance",
    "std",
]


def _cases() -> dict[str, tuple[Function, list[Any]]]:
    """Functions with operands at which they are smooth."""
    rng = np.random.RandomState(3)
    real = rng.uniform(0.3, 1.4, (2, 3)) * np.array([[1, -1, 1], [-1, 1, -1]])
    unit = rng.uniform(-0.9, 0.9, (2, 3))
    positive = rng.uniform(0.5, 2.5, (2, 3))
    row = rng.uniform(0.5, 2.5, (3,))
    cases: dict[str, tuple[Function, list[Any]]] = {}
    for names, x in ((REAL, real), (POSITIVE, positive), (UNIT, unit)):
        for name in names:
            cases[name] = (getattr(tf.math, name), [x])
    cases["acosh"] = (tf.acosh, [positive + 1])
    cases["ndtri"] = (tf.math.ndtri, [(unit + 1) / 2])
    for name in BINARY:
        cases[name] = (getattr(tf.math, name), [positive, row])
        cases[f"{name} of columns"] = (
            getattr(tf.math, name),
            [row[:2, None], positive],
        )
    for name in REDUCTIONS:
        reduce = getattr(tf.math, f"reduce_{name}")
        cases[f"reduce_{name}"] = (reduce, [positive])
        cases[f"reduce_{name} of rows"] = (_along(reduce, 1), [positive])
    cases.update(_matrix_cases(rng))
    cases.update(_row_cases(rng, positive))
    return cases


def _along(function: Function, axis: int, **options: Any) -> Function:
    def along(x: Any) -> Any:
        return function(x, axis=axis, **options)

    return along


def _matrix_cases(rng: Any) -> dict[str, tuple[Function, list[Any]]]:
    a, b = rng.randn(3, 3), rng.randn(3, 3)
    batch = rng.randn(2, 3, 3)
    spread = a @ a.T + 3 * np.eye(3)

    def symmetric(x: Any) -> Any:
        return (x + tf.transpose(x)) / 2.0

    cases: dict[str, tuple[Function, list[Any]]] = {
        "batch matmul": (tf.matmul, [batch, batch[:1]]),
        "tensordot": (lambda x, y: tf.tensordot(x, y, [[0], [1]]), [batch[0], a]),
        "einsum": (lambda x, y: tf.einsum("bij,jk->bki", x, y), [batch, a]),
        "einsum of one": (lambda x: tf.einsum("bij->bi", x), [batch]),
        "cross": (tf.cross, [a, b]),
        "inverse": (tf.matrix_inverse, [spread]),
        "determinant": (tf.matrix_determinant, [spread]),
        "slogdet": (lambda x: tf.linalg.slogdet(x)[1], [spread]),
        "cholesky": (lambda x: tf.cholesky(symmetric(x)), [spread]),
        "solve": (tf.matrix_solve, [spread, b]),
        "triangular_solve": (tf.matrix_triangular_solve, [spread, b]),
        "eigenvalues": (lambda x: tf.self_adjoint_eigvals(symmetric(x)), [spread]),
        "singular values": (lambda x: tf.svd(x, compute_uv=False), [a]),
        "svd": (lambda x: tf.square(tf.svd(x)[1]), [a[:2]]),
    }
    for left in (False, True):
        for right in (False, True):
            cases[f"matmul {left} {right}"] = (_product(left, right), [a, b])
    return cases


def _product(left: bool, right: bool) -> Function:
    def product(x: Any, y: Any) -> Any:
        return tf.matmul(x, y, transpose_a=left, transpose_b=right)

    return product


def _row_cases(rng: Any, positive: Any) -> dict[str, tuple[Function, list[Any]]]:
    data = rng.uniform(0.5, 2.0, (4, 2))
    ids = [0, 0, 1, 3]
    loose = [1, -1, 0, 1]
    cases: dict[str, tuple[Function, list[Any]]] = {
        "where": (lambda x, y: tf.where(x > 1.0, x, y), [positive, positive[::-1]]),
        "where_v2": (lambda x, y: tf.where_v2(x > 1.0, x, y), [positive, positive[0]]),
        "clip_by_value": (lambda x: tf.clip_by_value(x, 0.6, 1.8), [positive]),
        "clip_by_norm": (lambda x: tf.clip_by_norm(x, 1.0), [positive]),
        "add_n": (lambda x, y: tf.add_n([x, y, x]), [positive, positive + 1]),
        "cast": (lambda x: tf.cast(tf.cast(x, tf.float64), tf.float64), [positive]),
        "lbeta": (tf.lbeta, [positive]),
    }
    for name in ["cumsum", "cumprod", "cumulative_logsumexp"]:
        run = getattr(tf.math, name)
        cases[name] = (_along(run, 1), [positive])
        cases[f"{name} reversed"] = (_along(run, -1, reverse=True), [positive])
        if name != "cumulative_logsumexp":
            cases[f"{name} exclusive"] = (_along(run, 0, exclusive=True), [positive])
    for name in ["sum", "mean", "prod", "max", "min"]:
        cases[f"segment_{name}"] = (_segments(f"segment_{name}", ids), [data])
    for name in ["sum", "mean", "prod", "max", "min", "sqrt_n"]:
        cases[f"unsorted_segment_{name}"] = (
            _segments(f"unsorted_segment_{name}", loose, 2),
            [data],
        )
    for name in ["sum", "mean", "sqrt_n"]:
        cases[f"sparse_segment_{name}"] = (
            _segments(f"sparse_segment_{name}", [3, 0, 0, 1], ids),
            [data],
        )
    return cases


def _segments(name: str, *others: Any) -> Function:
    def reduce(data: Any) -> Any:
        return getattr(tf, name)(data, *others)

    return reduce


def _dense(gradient: Any, like: Any) -> Any:
    return tf.zeros_like(like) if gradient is None else tf.convert_to_tensor(gradient)


@pytest.fixture(scope="module")
def slopes() -> dict[str, tuple[float, float]]:
    """For each case the slope in one direction: by its gradient, by differences."""
    rng = np.random.RandomState(5)
    losses, products, here, there, back = {}, {}, {}, {}, {}
    with tf.Graph().as_default(), tf.Session() as session:
        for name, (function, operands) in _cases().items():
            xs = [tf.placeholder(tf.float64, x.shape) for x in operands]
            ways = [rng.randn(*x.shape) for x in operands]
            y = function(*xs)
            shape = y.shape.as_list() if y.shape.is_fully_defined() else [4, 2]
            weights = tf.constant(rng.randn(*shape), tf.float64)
            losses[name] = tf.reduce_sum(y * weights)
            found = tf.gradients(losses[name], xs)
            products[name] = tf.add_n(
                [
                    tf.reduce_sum(_dense(g, x) * tf.constant(way))
                    for g, x, way in zip(found, xs, ways, strict=True)
                ]
            )
            for x, value, way in zip(xs, operands, ways, strict=True):
                here[x] = value
                there[x] = value + STEP * way
                back[x] = value - STEP * way
        slope = session.run(products, here)
        after, before = session.run(losses, there), session.run(losses, back)
    return {
        name: (float(slope[name]), float((after[name] - before[name]) / (2 * STEP)))
        for name in slope
    }


@pytest.mark.parametrize("name", sorted(_cases()))
def test_slope(name: str, slopes: dict[str, tuple[float, float]]) -> None:
    """The gradient gives the slope of the function in any direction."""
    by_gradient, by_difference = slopes[name]
    assert by_gradient == pytest.approx(by_difference, rel=2e-6, abs=2e-7)
