"""Mistakes in branches and loops are reported as TensorFlow reports them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import metagraft.compat.v1 as tf
from metagraft.api.cond import smart_cond


@pytest.fixture(autouse=True)
def _graph() -> Iterator[None]:
    with tf.Graph().as_default():
        yield


def predicate() -> Any:
    """Return a placeholder for a predicate."""
    return tf.placeholder(tf.bool, [], name="p")


def test_cond_arguments() -> None:
    """Branches have to be there and to be functions; a predicate is a tensor."""
    p, x = predicate(), tf.constant(1.0)
    with pytest.raises(TypeError, match=r"cond\(\): 'false_fn' argument required"):
        tf.cond(p, lambda: x)
    with pytest.raises(TypeError, match="'true_fn' must be callable"):
        tf.cond(p, x, lambda: x)
    with pytest.raises(TypeError, match="may not be set simultaneously"):
        tf.cond(p, lambda: x, lambda: x, fn1=lambda: x)
    with pytest.raises(TypeError, match="'pred' must not be a Python bool"):
        tf.cond(True, lambda: x, lambda: x)
    with pytest.raises(TypeError, match="does not match expected type of bool"):
        tf.cond(x, lambda: x, lambda: x)


def test_branches_with_other_composite_tensors() -> None:
    """Slices and a tensor, or slices with and without a shape, are told as such."""
    with tf.Graph().as_default():
        p = tf.placeholder(tf.bool, [])
        slices = tf.IndexedSlices(tf.constant([[1.0]]), [0], tf.constant([3, 1]))
        shapeless = tf.IndexedSlices(tf.constant([[1.0]]), tf.constant([0]))
        for other in (tf.constant([1.0]), shapeless):
            with pytest.raises(
                ValueError, match="Incompatible return values of 'true_fn' and"
            ):
                tf.cond(p, lambda: slices, lambda other=other: other)


def test_cond_results() -> None:
    """Branches return something, of the same structure and types."""
    p, x = predicate(), tf.constant(1.0)
    with pytest.raises(ValueError, match="'true_fn' must have a return value"):
        tf.cond(p, lambda: None, lambda: x)
    with pytest.raises(ValueError, match="must return at least one result"):
        tf.cond(p, list, list)
    with pytest.raises(ValueError, match="don't have the same nested structure"):
        tf.cond(p, lambda: [x, x], lambda: x)
    with pytest.raises(TypeError, match="don't have the same sequence type"):
        tf.cond(p, lambda: [x, x], lambda: (x, x))
    with pytest.raises(ValueError, match="don't have the same set of keys"):
        tf.cond(p, lambda: {"a": x}, lambda: {"b": x})
    with pytest.raises(ValueError, match="Received float32 from 'true_fn' and int32"):
        tf.cond(p, lambda: x, lambda: 1)


def test_smart_cond() -> None:
    """A predicate that is known chooses while the graph is built."""
    p = predicate()
    known = tf.logical_and(tf.constant(True), tf.constant(False))
    assert smart_cond(known, lambda: 1, lambda: 2) == 2
    assert smart_cond(1, lambda: 1, lambda: 2) == 1
    assert smart_cond(p, lambda: 1, lambda: 2).op.type == "Merge"
    with pytest.raises(TypeError, match="must be a Tensor, or a Python bool, or 1 or"):
        smart_cond(3, lambda: 1, lambda: 2)
    with pytest.raises(TypeError, match="Argument `true_fn` must be callable"):
        smart_cond(p, 1, lambda: 2)  # type: ignore[arg-type]


def test_case_arguments() -> None:
    """Cases are pairs of a predicate and a function."""
    p, x = predicate(), tf.constant(1.0)
    with pytest.raises(TypeError, match="must be a list, tuple, or dict"):
        tf.case(p)
    with pytest.raises(TypeError, match="must be a 2-tuple"):
        tf.case([p])
    with pytest.raises(TypeError, match="pred must be a Tensor"):
        tf.case([(1, lambda: x)])
    with pytest.raises(TypeError, match="pred must be Tensor of type bool"):
        tf.case([(x, lambda: x)])
    with pytest.raises(TypeError, match="must be callable"):
        tf.case([(p, x)])


def test_while_loop_arguments() -> None:
    """A loop has functions and variables."""
    with pytest.raises(TypeError, match="'cond' must be callable"):
        tf.while_loop(1, lambda i: i, [0])
    with pytest.raises(TypeError, match="'body' must be callable"):
        tf.while_loop(lambda i: i, 1, [0])
    with pytest.raises(TypeError, match="must be a positive integer"):
        tf.while_loop(lambda i: i, lambda i: i, [0], parallel_iterations=0)
    with pytest.raises(ValueError, match="'loop_vars' must be provided"):
        tf.while_loop(lambda: True, lambda: None, [])
    with pytest.raises(ValueError, match="'maximum_iterations' must be a scalar"):
        tf.while_loop(lambda i: i < 3, lambda i: i, [0], maximum_iterations=[3])


def test_loop_variables_keep_their_shape() -> None:
    """A shape may only change where an invariant allows it."""
    x = tf.placeholder(tf.float32, [2], name="x")

    def grow(v: Any) -> Any:
        return tf.concat([v, v], 0)

    with pytest.raises(ValueError, match=r"enters the loop with shape \(2,\), but has"):
        tf.while_loop(lambda v: v[0] < 1.0, grow, [x])
    with pytest.raises(ValueError, match="not compatible with the initial shape"):
        tf.while_loop(
            lambda v: v[0] < 1.0, grow, [x], shape_invariants=[tf.TensorShape([3])]
        )


def test_gradients_that_loops_do_not_have() -> None:
    """Second order gradients and those through an initial value are refused."""
    x = tf.placeholder(tf.float32, [], name="x")
    y = tf.while_loop(lambda v: v < 9.0, lambda v: v * x, [x])
    (first,) = tf.gradients(y, x)
    with pytest.raises(TypeError, match="Second-order gradient for while loops"):
        tf.gradients(first, x)

    def body(v: Any) -> Any:
        return v + tf.gradients(v * v, x)[0]

    with pytest.raises(ValueError, match="Cannot compute gradient inside while loop"):
        tf.while_loop(lambda v: v < 9.0, body, [x * 2.0])


def test_tensor_array_arguments() -> None:
    """An array has a size or a handle, and elements of one shape."""
    with pytest.raises(ValueError, match="`size` must be provided"):
        tf.TensorArray(tf.float32)
    array = tf.TensorArray(tf.float32, size=2)
    with pytest.raises(ValueError, match="flow must not be None"):
        tf.TensorArray(tf.float32, handle=array.handle)
    with pytest.raises(ValueError, match="both a `handle` and `size`"):
        tf.TensorArray(tf.float32, handle=array.handle, size=1)
    with pytest.raises(ValueError, match="Inconsistent shapes: saw"):
        array.write(0, [1.0]).write(1, [1.0, 2.0])


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda a: a.write(2, 1.0), "Tried to write to index 2 but array is not"),
        (lambda a: a.write(0, 1.0).write(0, 2.0), "it has already been written to"),
        (lambda a: a.split([1.0, 2.0], [1]), "Expected sum of lengths to be equal"),
        (lambda a: a.scatter([0], [1.0, 2.0]), "Expected len"),
    ],
)
def test_tensor_array_writes(build: Any, message: str) -> None:
    """Writes that do not fit fail when they run."""
    array = build(tf.TensorArray(tf.float32, size=2, infer_shape=False))
    with (
        tf.Session() as session,
        pytest.raises(tf.errors.InvalidArgumentError, match=message),
    ):
        session.run(array.flow)


def test_tensor_array_reads() -> None:
    """An element is read once, unless the array keeps it; unwritten ones are zeros."""
    array = tf.TensorArray(tf.float32, size=2, element_shape=[2]).write(0, [1.0, 2.0])
    value = array.read(0)
    with tf.control_dependencies([value]):
        again = array.read(0)
    with tf.Session() as session:
        np.testing.assert_array_equal(session.run(array.read(1)), [0.0, 0.0])
        with pytest.raises(
            tf.errors.InvalidArgumentError, match="Could not read index"
        ):
            session.run([value, again])
        with pytest.raises(tf.errors.InvalidArgumentError, match="Tried to read from"):
            session.run(array.read(5))
