"""Ops that TensorFlow's CPU has no kernel for, against ops that do the same there."""

from __future__ import annotations

from typing import Any

import numpy as np

import metagraft.compat.v1 as tf

RNG = np.random.RandomState(7)


def normal(*shape: int) -> Any:
    """Return normal numbers."""
    return RNG.standard_normal(shape).astype(np.float32)


def equal(build: Any) -> None:
    """Run what `build` returns, pairs of tensors, and compare them."""
    with tf.Graph().as_default(), tf.Session() as session:
        for found, expected in session.run(build()):
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_convolution_gradients_take_operands_for_their_shapes() -> None:
    """The second versions do what the first do with the shapes themselves."""

    def build() -> Any:
        image, kernel, dy = normal(1, 5, 6, 2), normal(3, 2, 2, 3), normal(1, 3, 3, 3)
        attrs = {"strides": [1, 2, 2, 1], "padding": "SAME", "out_backprop": dy}
        new = tf.raw_ops
        return [
            (
                new.Conv2DBackpropInputV2(input=image, filter=kernel, **attrs),
                new.Conv2DBackpropInput(
                    input_sizes=image.shape, filter=kernel, **attrs
                ),
            ),
            (
                new.Conv2DBackpropFilterV2(input=image, filter=kernel, **attrs),
                new.Conv2DBackpropFilter(
                    input=image, filter_sizes=kernel.shape, **attrs
                ),
            ),
        ]

    equal(build)


def test_second_gradients_of_pooling_may_use_remembered_places() -> None:
    """They take the same values as those that look for the largest again."""

    def build() -> Any:
        image, slope = normal(2, 5, 6, 2), normal(2, 5, 6, 2)
        attrs = {"ksize": [1, 2, 3, 1], "strides": [1, 2, 2, 1], "padding": "SAME"}
        pooled, places = tf.raw_ops.MaxPoolWithArgmax(input=image, **attrs)
        found = tf.raw_ops.MaxPoolGradGradWithArgmax(
            input=image, grad=slope, argmax=places, **attrs
        )
        expected = tf.raw_ops.MaxPoolGradGrad(
            orig_input=image, orig_output=pooled, grad=slope, **attrs
        )
        return [(found, expected)]

    equal(build)


def test_the_first_class_may_be_the_blank() -> None:
    """The second version of the CTC loss is the first with the classes moved."""

    def build() -> Any:
        logits = normal(6, 2, 4)
        places = np.array([[0, 0], [0, 1], [1, 0]], np.int64)
        given = {"labels_indices": places, "sequence_length": [6, 4]}
        first = tf.raw_ops.CTCLossV2(inputs=logits, labels_values=[1, 3, 2], **given)
        moved = np.roll(logits, -1, axis=2)
        last = tf.raw_ops.CTCLoss(inputs=moved, labels_values=[0, 2, 1], **given)
        return [
            (first.loss, last.loss),
            (first.gradient, tf.roll(last.gradient, 1, axis=2)),
        ]

    equal(build)


def test_quantised_tensors_join_along_an_axis_given_last() -> None:
    """The second version has other places of operands; clamping takes any limit."""

    def build() -> Any:
        x = tf.constant([[0, 100, 255]], tf.quint8)
        low, high = tf.constant(-1.0), tf.constant(5.0)
        both = {"input_mins": [low, low], "input_maxes": [high, low + 9.0]}
        one = tf.raw_ops.QuantizedConcat(concat_dim=0, values=[x, x], **both)
        two = tf.raw_ops.QuantizedConcatV2(axis=0, values=[x, x], **both)
        six = tf.raw_ops.QuantizedRelu6(features=x, min_features=low, max_features=9.0)
        top = tf.nn.quantized_relu_x(x, 6.0, low, 9.0)
        pairs = [*zip(one, two, strict=True), *zip(six, top, strict=True)]
        return [(tf.cast(a, tf.float32), tf.cast(b, tf.float32)) for a, b in pairs]

    equal(build)
