"""What `gradients` refuses, and how programs supply rules of their own."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import metagraft
import metagraft.compat.v1 as tf
from metagraft.gradients.registry import place_of_gradient


@pytest.fixture(autouse=True)
def graph() -> Iterator[tf.Graph]:
    """A graph of its own for every test."""
    with tf.Graph().as_default() as opened:
        yield opened


def run(fetches: object) -> object:
    """Evaluate in a fresh session."""
    with tf.Session() as session:
        return session.run(fetches)


def test_an_op_without_rule_is_named() -> None:
    """The operation, its type and the way out are in the message."""
    x = tf.constant([1.0, 2.0])
    y = tf.raw_ops.Roll(input=x, shift=0, axis=0, name="rolled")
    z = tf.raw_ops.Betainc(a=y, b=y, x=y, name="beta")
    z = tf.raw_ops.Cumprod(x=z, axis=0, name="product")
    signature = """
        name: "Ruleless" input_arg { name: "x" type: DT_FLOAT }
        output_arg { name: "y" type: DT_FLOAT }
    """
    with metagraft.register_op(signature):
        last = tf.raw_ops.Ruleless(x=z, name="last")
        with pytest.raises(LookupError, match=r"'last'.*Ruleless.*RegisterGradient"):
            tf.gradients(last, x)


def test_an_op_that_is_not_differentiable_gives_none() -> None:
    """No gradient is not an error."""
    x = tf.constant([1.0, 2.0])
    assert tf.gradients(tf.argmax(x), x) == [None]
    assert tf.gradients(tf.floor(x), x) == [None]


def test_ops_that_tensorflow_has_no_entry_for_are_refused() -> None:
    """They cannot be differentiated, and programs hear of it."""
    images = tf.placeholder(tf.float32, [1, 2, 2, 3])
    for op, result in {
        "AdjustHue": tf.image.adjust_hue(images, 0.1),
        "DrawBoundingBoxesV2": tf.raw_ops.DrawBoundingBoxesV2(
            images=images, boxes=tf.zeros([1, 1, 4]), colors=tf.zeros([1, 3])
        ),
    }.items():
        with pytest.raises(LookupError, match=f"No gradient defined.*{op}"):
            tf.gradients(result, images)
        assert place_of_gradient(op) is None  # so that programs can register one


def test_a_registered_rule_replaces_the_built_in_one() -> None:
    """`gradient_override_map` chooses a rule by name."""

    @tf.RegisterGradient("TripledForTest")
    def tripled(op: tf.Operation, dy: tf.Tensor) -> tf.Tensor:
        assert op.type == "Square"
        return dy * 3.0

    x = tf.constant([1.0, 2.0])
    with tf.get_default_graph().gradient_override_map({"Square": "TripledForTest"}):
        y = tf.square(x)
    np.testing.assert_array_equal(run(tf.gradients(y, x)[0]), [3.0, 3.0])


def test_a_program_brings_the_rule_of_an_op_of_contrib(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """TensorFlow has none for it, so sources of contrib register theirs."""
    monkeypatch.setattr("metagraft.gradients.registry._registered", {})

    @tf.RegisterGradient("GRUBlockCell")
    def doubled(op: tf.Operation, *dys: tf.Tensor) -> list[tf.Tensor | None]:
        return [dys[-1] * 2.0, *[None] * (len(op.inputs) - 1)]

    x = tf.ones([1, 2])
    state = tf.ones([1, 2])
    w = tf.ones([4, 4])
    h = tf.raw_ops.GRUBlockCell(
        x=x, h_prev=state, w_ru=w, w_c=w[:, :2], b_ru=w[0], b_c=w[0, :2]
    ).h
    np.testing.assert_array_equal(run(tf.gradients(h, x)[0]), [[2.0, 2.0]])


@pytest.mark.parametrize(
    "op_type", ["Mul", "While", "SdcaFprint", "RegisteredTwiceForTest"]
)
def test_a_rule_is_registered_once(op_type: str) -> None:
    """A second registration, also of an op of TensorFlow's, names the first."""
    if op_type == "RegisteredTwiceForTest":
        tf.NotDifferentiable(op_type)
    with pytest.raises(KeyError, match=f"two gradient with name '{op_type}'"):
        tf.RegisterGradient(op_type)(lambda op, dy: dy)


def test_a_rule_must_give_a_gradient_for_every_input() -> None:
    """The counts are compared, and both are shown."""

    @tf.RegisterGradient("TooFewForTest")
    def too_few(op: tf.Operation, dy: tf.Tensor) -> list[tf.Tensor]:
        return [dy]

    x = tf.constant(1.0)
    with tf.get_default_graph().gradient_override_map({"Mul": "TooFewForTest"}):
        y = tf.multiply(x, x)
    with pytest.raises(ValueError, match=r"(?s)Num gradients 1 .* num inputs 2"):
        tf.gradients(y, x)


def test_a_gradient_has_the_shape_of_its_input() -> None:
    """A rule that returns another shape is caught where it returns."""

    @tf.RegisterGradient("WrongShapeForTest")
    def wrong_shape(op: tf.Operation, dy: tf.Tensor) -> tf.Tensor:
        return tf.zeros([3])

    x = tf.constant([1.0, 2.0])
    with tf.get_default_graph().gradient_override_map({"Square": "WrongShapeForTest"}):
        y = tf.square(x, name="sq")
    with pytest.raises(ValueError, match=r"Forward operation: sq.*\(2,\).*\(3,\)"):
        tf.gradients(y, x)


def test_grad_ys_fit_the_ys() -> None:
    """There is one for every y, and complex ys need one."""
    x = tf.constant(1.0)
    with pytest.raises(ValueError, match="Passed 2 grad_ys for 1 ys"):
        tf.gradients(x * 2.0, x, grad_ys=[1.0, 2.0])
    with pytest.raises(TypeError, match="must set grad_ys"):
        tf.gradients(tf.complex(x, x), x)
    with pytest.raises(TypeError, match=r"string.*must be real or integer"):
        tf.gradients(x * 2.0, x, grad_ys=tf.constant("text"))


def test_options_are_checked() -> None:
    """Unknown ways to sum or to treat unconnected xs are refused."""
    x = tf.constant(1.0)
    with pytest.raises(ValueError, match="`aggregation_method` specified 9"):
        tf.gradients(x * 2.0, x, aggregation_method=9)
    with pytest.raises(ValueError, match="unconnected_gradients: 'some'"):
        tf.gradients(x * 2.0, x, unconnected_gradients="some")


def test_sums_of_slices_stay_slices() -> None:
    """Gradients of two lookups are put behind each other; with a dense one, added."""
    table = tf.Variable(np.eye(3, dtype=np.float32))
    rows = tf.nn.embedding_lookup(table, [0, 1])
    again = tf.nn.embedding_lookup(table, tf.constant([2, 2], tf.int64))
    (sparse,) = tf.gradients([rows, again], table)
    assert isinstance(sparse, tf.IndexedSlices)
    assert sparse.indices.dtype == tf.int64
    np.testing.assert_array_equal(run(sparse.indices), [0, 1, 2, 2])
    (dense,) = tf.gradients([rows, again, table * 2.0], table)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        np.testing.assert_array_equal(session.run(dense)[:, 0], [3.0, 3.0, 4.0])
