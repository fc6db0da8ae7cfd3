"""The largest values, when some may be missed."""

from __future__ import annotations

import numpy as np
import pytest

import metagraft.compat.v1 as tf


@pytest.mark.parametrize("aggregates", [True, False])
def test_none_is_missed(aggregates: bool) -> None:
    """TensorFlow's CPU gives these k values, whether told to aggregate or not."""
    values = np.random.RandomState(0).rand(2, 10).astype(np.float32)
    with tf.Graph().as_default(), tf.Session() as session:
        found, places = session.run(
            list(tf.approx_top_k(values, 3, aggregate_to_topk=aggregates))
        )
    np.testing.assert_allclose(found[0], [0.96366274, 0.891773, 0.71518934])
    assert places[0].tolist() == [8, 7, 1]
