"""Convolutions against what is worked out by hand, as sessions run them."""

from __future__ import annotations

import numpy as np
import pytest

import metagraft.compat.v1 as tf
from metagraft.errors import ResourceExhaustedError
from metagraft.kernels import convolution


def test_gradients_of_doubles_are_doubles() -> None:
    """Nothing is rounded to single precision, also where nothing is compiled.

    One value of the filter moves the only output by the value of the image under it.
    """
    third = 1.0 / 3.0  # no float32
    image = np.full((1, 2, 2, 1), third)
    kernel = np.full((2, 2, 1, 1), 1.0 + third)
    with tf.Graph().as_default(), tf.Session() as session:
        x, k = tf.constant(image), tf.constant(kernel)
        y = tf.nn.conv2d(x, k, [1, 1, 1, 1], "VALID")
        d_x, d_k = session.run(tf.gradients(y, [x, k]))
    assert (d_x.dtype, d_k.dtype) == (np.float64, np.float64)
    assert d_x.tolist() == kernel.reshape(1, 2, 2, 1).tolist()
    assert d_k.tolist() == image.reshape(2, 2, 1, 1).tolist()


@pytest.mark.parametrize(("taken", "filters"), [(3, 5), (5, 3)])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradient_of_a_filter_of_one_point(
    taken: int, filters: int, stride: int, dtype: type[np.floating]
) -> None:
    """It sums products of what is under the filter and of changes."""
    numbers = np.random.default_rng(0)
    image = numbers.standard_normal((2, 7, 6, taken)).astype(dtype)
    seen = image[:, ::stride, ::stride]
    changes = numbers.standard_normal((*seen.shape[:3], filters)).astype(dtype)
    with tf.Graph().as_default(), tf.Session() as session:
        x, dy = tf.placeholder(dtype, image.shape), tf.placeholder(dtype, changes.shape)
        gradient = tf.nn.conv2d_backprop_filter(
            x, [1, 1, taken, filters], dy, [1, stride, stride, 1], "SAME"
        )
        found = session.run(gradient, {x: image, dy: changes})
    assert found.dtype == dtype
    expected = np.einsum("nhwc,nhwo->co", seen, changes)
    np.testing.assert_allclose(found[0, 0], expected, rtol=1e-4, atol=1e-5)


def _by_hand(
    image: np.ndarray, kernel: np.ndarray, stride: int, dilation: int
) -> np.ndarray:
    """Sum the products under each place of a filter that stays inside the image."""
    span = [(size - 1) * dilation for size in kernel.shape[:2]]
    rows, columns = (
        (image.shape[1 + axis] - span[axis] - 1) // stride + 1 for axis in (0, 1)
    )
    result = np.zeros((len(image), rows, columns, kernel.shape[-1]))
    for i, j in np.ndindex(rows, columns):
        top, left = i * stride, j * stride
        under = image[:, top : top + span[0] + 1, left : left + span[1] + 1]
        products = np.einsum("nhwc,hwco->no", under[:, ::dilation, ::dilation], kernel)
        result[:, i, j] = products
    return result


@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (1, 2), (3, 2)])
@pytest.mark.parametrize("channels", [1, 3, 40])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_place_at_a_time(
    channels: int, stride: int, dilation: int, layout: str, dtype: type[np.floating]
) -> None:
    """Compiled (the third run is), a place at a time gives the sums of products."""
    numbers = np.random.default_rng(0)
    image = numbers.standard_normal((2, 9, 8, channels)).astype(dtype)
    kernel = numbers.standard_normal((3, 2, channels, 5)).astype(dtype)
    expected = _by_hand(image, kernel, stride, dilation)
    spread = [stride if letter in "HW" else 1 for letter in layout]
    apart = [dilation if letter in "HW" else 1 for letter in layout]
    if layout == "NCHW":
        image, expected = (x.transpose(0, 3, 1, 2) for x in (image, expected))
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(dtype, image.shape)
        y = tf.nn.conv2d(
            x, kernel, spread, "VALID", data_format=layout, dilations=apart
        )
        for _ in range(3):
            found = session.run(y, {x: image})
            assert found.dtype == dtype
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_few_weights_below_zero() -> None:
    """Sums begin with 0: of -0 alone they are 0. Padding takes part in them."""
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [1, 2, 2, 1])
        kernel = np.full((2, 2, 1, 2), -1, np.float32)
        kernel[..., 1] = -np.inf
        y = tf.nn.conv2d(x, kernel, 1, "SAME")
        for _ in range(3):
            found = session.run(y, {x: np.zeros((1, 2, 2, 1))})
            assert not np.signbit(found[..., 0]).any()
            assert np.isnan(found[..., 1]).all()


@pytest.mark.parametrize("added", [2**39, 2**41, 2**62])
def test_paddings_that_no_memory_holds(added: int) -> None:
    """They end in an error, not the process."""
    paddings = [0, 0, added, 0, 0, 0, 0, 0]
    with tf.Graph().as_default(), tf.Session() as session:
        image = tf.placeholder(tf.float32)
        y = tf.raw_ops.Conv2D(
            input=image,
            filter=tf.ones([1, 1, 1, 1]),
            strides=[1, 1, 1, 1],
            padding="EXPLICIT",
            explicit_paddings=paddings,
        )
        with pytest.raises(ResourceExhaustedError):
            session.run(y, {image: np.ones((1, 1, 1, 1))})


@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize("padding", ["VALID", "SAME"])
def test_a_filter_over_whole_rows(
    step: int, padding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gradient of texts takes a row of words as one place."""
    seen = []
    as_places = convolution.rows_as_places
    monkeypatch.setattr(
        convolution,
        "rows_as_places",
        lambda dims, kernel: seen.append(dims) or as_places(dims, kernel),
    )
    rng = np.random.default_rng(step)
    kernel = rng.standard_normal((2, 4, 3, 6)).astype(np.float32)
    height = (4 if padding == "VALID" else 5) // step + (padding == "SAME" and step > 1)
    dy = rng.standard_normal((2, height, 1, 6)).astype(np.float32)
    with tf.Graph().as_default(), tf.Session() as session:
        found = session.run(
            tf.raw_ops.Conv2DBackpropInput(
                input_sizes=[2, 5, 4, 3],
                filter=kernel,
                out_backprop=dy,
                strides=[1, step, 4, 1],
                padding=padding,
            )
        )
    expected = np.zeros((2, 6, 4, 3), np.float32)
    for place in range(height):
        for tap in range(2):
            expected[:, place * step + tap] += np.einsum(
                "no,wco->nwc", dy[:, place, 0], kernel[tap]
            )
    np.testing.assert_allclose(found, expected[:, :5], rtol=1e-5, atol=1e-5)
    assert seen == [(2, 5, 4, 3)]
