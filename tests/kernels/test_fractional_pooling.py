"""Pooling over windows of random sizes, in sessions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import metagraft.compat.v1 as tf
from metagraft.errors import InvalidArgumentError


@pytest.mark.parametrize("is_pseudo_random", [True, False])
def test_windows_differ_from_run_to_run(is_pseudo_random: bool) -> None:
    """Without seeds they are new each time; they cover the image once."""
    image = np.arange(30.0 * 30.0, dtype=np.float32).reshape(1, 30, 30, 1)
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, image.shape)
        y, rows, columns = tf.nn.fractional_max_pool(
            x, [1.0, 1.4, 1.4, 1.0], pseudo_random=is_pseudo_random
        )
        (slope,) = tf.gradients(y, x)
        runs = [session.run([y, rows, columns, slope], {x: image}) for _ in range(6)]
    for pooled, *starts, gradient in runs:
        for sequence in starts:
            assert (sequence[0], sequence[-1]) == (0, 30)
            assert set(np.diff(sequence)) <= {1, 2}
        # Numbers grow, so the largest is the last of each window.
        lasts = np.ix_(starts[0][1:] - 1, starts[1][1:] - 1)
        assert pooled[0, :, :, 0].tolist() == image[0, :, :, 0][lasts].tolist()
        assert gradient.sum() == pooled.size
    assert len({tuple(rows) for _, rows, *_ in runs}) > 1


def test_maxima_without_numbers() -> None:
    """NaN is left out; windows of nothing have the lowest number, as TensorFlow's."""
    image = np.float32([[np.nan, 1.0, -np.inf, np.nan]]).reshape(1, 1, 4, 1)
    least = np.finfo(np.float32).min
    with tf.Graph().as_default(), tf.Session() as session:
        ratios = [1.0, 1.0, 2.0, 1.0]
        pooled, _, columns = session.run(
            tf.raw_ops.FractionalMaxPool(value=image, pooling_ratio=ratios)
        )
    assert columns.tolist() == [0, 2, 4]
    assert pooled.reshape(-1).tolist() == [1.0, least]


@pytest.mark.parametrize(
    ("attrs", "text"),
    [
        ({"seed": 3}, "Both seed and seed2 should be 0"),
        (
            {"pooling_ratio": [1.0, 9.0, 1.0, 1.0]},
            "Pooling ratio is higher than input dimension size for dimension 1",
        ),
    ],
)
def test_choices_that_do_not_fit(attrs: dict[str, Any], text: str) -> None:
    """The error says what was found."""
    arguments = {"pooling_ratio": [1.0, 1.5, 1.5, 1.0], **attrs}
    with tf.Graph().as_default(), tf.Session() as session:
        pooled = tf.nn.fractional_avg_pool(tf.ones([1, 5, 5, 1]), **arguments)
        with pytest.raises(InvalidArgumentError, match=text):
            session.run(pooled[0])
