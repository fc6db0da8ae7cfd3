"""Crosses, factorizations and LIBSVM files give what TensorFlow 1.15 does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import metagraft.compat.v1 as tf
from metagraft.graph.apply_op import op

STORED = Path(__file__).parents[1] / "golden" / "contrib_kernels" / "values.npz"
PLACES = np.array([[0, 1], [0, 3], [1, 0], [3, 2], [3, 4]])

pytestmark = pytest.mark.golden


@pytest.fixture(scope="module")
def stored() -> Iterator[Any]:
    """Return the recorded arrays."""
    with np.load(STORED) as values:
        yield values


def run(op_type: str, **arguments: Any) -> list[Any]:
    """Run one operation and return its outputs."""
    with tf.Graph().as_default(), tf.Session() as session:
        fetches = op(op_type, **arguments)
        return session.run(
            list(fetches) if isinstance(fetches, tuple | list) else [fetches]
        )


def compare(stored: Any, name: str, found: list[Any]) -> None:
    """Compare all outputs of an operation with what was recorded."""
    assert f"{name}.{len(found)}" not in stored
    for place, one in enumerate(found):
        value = one.astype(bytes) if one.dtype == object else one
        expected = stored[f"{name}.{place}"]
        assert value.dtype == expected.dtype, place
        if value.dtype.kind == "f":
            np.testing.assert_allclose(value, expected, 1e-5, 1e-6)
        else:
            np.testing.assert_array_equal(value, expected)


def cross(version: str, **attrs: Any) -> list[Any]:
    """Cross words and numbers, sparse and dense."""
    return run(
        f"SparseFeatureCross{version}",
        indices=[
            np.array([[0, 0], [0, 1], [1, 0]]),
            np.array([[0, 0], [1, 0], [1, 1]]),
        ],
        values=[[b"a", b"b", b"c"], np.array([5, 7, -9])],
        shapes=[np.array([2, 2])] * 2,
        dense=[np.array([[b"d"], [b"e"]], object), np.array([[3, -4], [1, 2]])],
        internal_type=tf.int64,
        **attrs,
    )


@pytest.mark.parametrize("buckets", [0, 1000])
def test_hashed_crosses(stored: Any, buckets: int) -> None:
    """Crosses are hashed, into buckets or not."""
    attrs = {"hashed_output": True, "num_buckets": buckets, "out_type": tf.int64}
    compare(stored, f"cross.{buckets}", cross("", **attrs))
    found = cross("V2", hash_key=956888297470, **attrs)
    compare(stored, f"cross_v2.{buckets}", found)


def test_crosses_as_texts(stored: Any) -> None:
    """Crosses are joined texts."""
    attrs = {"hashed_output": False, "num_buckets": 0, "out_type": tf.string}
    compare(stored, "cross.texts", cross("", **attrs))
    compare(stored, "cross.texts", cross("V2", hash_key=1, **attrs))


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("kind", ["factor", "entry"])
def test_normal_equations(stored: Any, turned: bool, kind: str) -> None:
    """Equations of rows and of columns, weighted in both ways."""
    factors, by_factor, by_row, values, by_entry = (
        stored[f"wals.given.{place}"] for place in range(5)
    )
    none = np.zeros(0, np.float32)
    found = run(
        "WALSComputePartialLhsAndRhs",
        factors=factors,
        factor_weights=by_factor if kind == "factor" else none,
        unobserved_weights=np.float32(0.1),
        input_weights=by_row if kind == "factor" else none,
        input_indices=PLACES[:, ::-1] if turned else PLACES,
        input_values=values,
        entry_weights=by_entry if kind == "entry" else none,
        input_block_size=np.int64(4),
        input_is_transpose=turned,
    )
    compare(stored, f"wals.{'columns' if turned else 'rows'}.{kind}", found)


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("second", [False, True])
def test_elements_of_products(stored: Any, first: bool, second: bool) -> None:
    """Some elements of a product, of factors that may be transposed."""
    a, b = stored["product.given.0"], stored["product.given.1"]
    found = run(
        "MaskedMatmul",
        a=a.T if first else a,
        b=b.T if second else b,
        mask_indices=PLACES,
        transpose_a=first,
        transpose_b=second,
    )
    compare(stored, f"product.{first:d}.{second:d}", found)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("label", ["int64", "float32"])
def test_lines(stored: Any, dtype: str, label: str) -> None:
    """Labels and features of lines."""
    text = [["1 1:3.4 2:0.5", " -1 9:2.5e3"], ["7", "3\t2:-1 3:4 "]]
    attrs = {"num_features": 6, "dtype": dtype, "label_dtype": label}
    compare(stored, f"libsvm.{dtype}.{label}", run("DecodeLibsvm", input=text, **attrs))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", 'No label found for input[0]: ""'),
        ("x 1:2", "Label format incorrect: x"),
        ("1 1", 'Invalid feature "1"'),
        ("1 1:a", "Feature format incorrect: 1:a"),
        ("1 1:2:3", "Feature format incorrect: 1:2:3"),
        ("1 -1:2", "Feature index should be >= 0, got -1"),
    ],
)
def test_broken_lines(line: str, message: str) -> None:
    """What TensorFlow 1.15 says of lines that are none."""
    with pytest.raises(tf.errors.InvalidArgumentError) as error:
        run("DecodeLibsvm", input=[line], num_features=6)
    assert error.value.message.startswith(message)


SHAPES = (
    ((2, 3, 8), (4, 6, None)),
    ((2, 2, 2, 9), (2, 6, 6, None)),
    ((4, 3), (None, 6)),
    ((2, 3, 5), (3, 5, None)),
)


@pytest.mark.parametrize("dtype", ["float32", "int32"])
@pytest.mark.parametrize(("given", "wanted"), SHAPES)
def test_resampled(stored: Any, dtype: str, given: Any, wanted: Any) -> None:
    """Channels are dealt out to pixels, and gradients go back."""
    shown = "x".join(map(str, given))
    x = np.arange(np.prod(given)).reshape(given).astype(dtype)
    found = run("PeriodicResample", values=x, shape=wanted)
    compare(stored, f"resample.{dtype}.{shown}", found)
    if given != (2, 3, 5):
        dy = np.arange(x.size).reshape(found[0].shape).astype(dtype)
        shapes = {"original_shape": given, "desired_shape": wanted}
        back = run("PeriodicResampleOpGrad", grad=dy, **shapes)
        compare(stored, f"resample_grad.{dtype}.{shown}", back)


def test_gradient_of_resampling() -> None:
    """The gradient is the op of that name; what is left over takes none."""
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.constant(np.arange(30.0).reshape(2, 3, 5))
        y = op("PeriodicResample", values=x, shape=[3, 5, None])
        assert y.shape.as_list() == [3, 5, 2]
        (dx,) = tf.gradients(y, x)
        assert dx.op.type == "PeriodicResampleOpGrad"
        taken = session.run(y).astype(int).reshape(-1)
        expected = np.bincount(taken, minlength=30).reshape(2, 3, 5) > 0
        np.testing.assert_array_equal(session.run(dx), expected)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ((4, 6, 2), "expects at least one index"),
        ((None, 6, None), "expects only one index"),
        ((1, 6, None), "Dimension 0 input tensor has size 2"),
        ((40, 60, None), "isn't greater than zero, 0"),
    ],
)
def test_shapes_that_do_not_fit(wanted: Any, message: str) -> None:
    """What TensorFlow 1.15 says of shapes."""
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        run("PeriodicResample", values=np.zeros((2, 3, 8)), shape=wanted)
