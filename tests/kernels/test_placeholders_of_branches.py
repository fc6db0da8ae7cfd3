"""What stands for values that nobody reads, and for the device."""

from __future__ import annotations

import numpy as np

import metagraft.compat.v1 as tf


def test_shapes_of_what_nobody_reads() -> None:
    """A size that is not known is 0; without a rank it is a scalar."""
    with tf.Graph().as_default(), tf.Session() as session:
        for dtype, dims, expected in (
            (tf.float32, [2, 3], (2, 3)),
            (tf.float32, [2, None], (2, 0)),
            (tf.int32, None, ()),
        ):
            value = session.run(tf.raw_ops.FakeParam(dtype=dtype, shape=dims))
            assert np.shape(value) == expected
            assert value.dtype == dtype.as_numpy_dtype
        texts = session.run(tf.raw_ops.FakeParam(dtype=tf.string, shape=[2]))
        assert texts.tolist() == [b"", b""]


def test_places_of_the_device() -> None:
    """The place of the CPU; how many kinds there are if it is not among them."""
    with tf.Graph().as_default(), tf.Session() as session:
        for names, place in ((["CPU", "GPU"], 0), (["GPU", "CPU"], 1), (["GPU"], 1)):
            found = session.run(tf.raw_ops.DeviceIndex(device_names=names))
            assert found == place
