"""Reductions of slices, connected parts and colours, as TensorFlow 1.15 has them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import metagraft.compat.v1 as tf
from metagraft.graph.apply_op import op


def run(op_type: str, **arguments: Any) -> Any:
    """Run one operation."""
    with tf.Graph().as_default(), tf.Session() as session:
        return session.run(op(op_type, **arguments))


DATA = np.arange(20.0).reshape(5, 4)
PAIRS = np.array([[0, 2], [1, 1], [3, 9], [2, 5], [4, 2], [-1, 2]], np.int32)


def test_sums_of_pairs_of_places() -> None:
    """Slices are cut at the ends; those without elements give zero."""
    expected = [
        [4, 6, 8, 10],
        [0, 0, 0, 0],
        [28, 30, 32, 34],
        [36, 39, 42, 45],
        [0, 0, 0, 0],
        [4, 6, 8, 10],
    ]
    found = run("ReduceSliceSum", data=DATA, indices=PAIRS, axis=np.int64(0))
    assert found.tolist() == expected
    columns = np.array([[0, 2], [1, 3]])
    found = run("ReduceSliceSum", data=DATA, indices=columns, axis=np.int64(1))
    assert found.tolist() == [[1, 3], [9, 11], [17, 19], [25, 27], [33, 35]]


def test_sums_between_places() -> None:
    """Places in a row: each slice ends where the next one begins."""
    for places, last in (
        ([0, 2, 2, 5], [36, 39, 42, 45]),
        ([0, 2, 3, 9], [28, 30, 32, 34]),
    ):
        indices = np.array(places, np.int32)
        found = run("ReduceSliceSum", data=DATA, indices=indices, axis=np.int64(0))
        assert found.shape == (3, 4)
        assert found[-1].tolist() == last


@pytest.mark.parametrize(
    ("how", "first", "nothing"),
    [
        ("Max", [4, 5, 6, 7], -(2**31)),
        ("Min", [0, 1, 2, 3], 2**31 - 1),
        ("Prod", [0, 5, 12, 21], 1),
    ],
)
def test_other_reductions(how: str, first: list[int], nothing: int) -> None:
    """A slice without elements gives what changes nothing."""
    data, indices = DATA.astype(np.int32), PAIRS[:2]
    found = run(f"ReduceSlice{how}", data=data, indices=indices, axis=np.int64(0))
    assert found.tolist() == [first, [nothing] * 4]
    if how != "Prod":
        found = run(f"ReduceSlice{how}", data=DATA, indices=indices, axis=np.int64(0))
        assert np.isinf(found[1]).all()


def test_connected_parts() -> None:
    """Parts of equal neighbours are numbered by their first pixels, over a batch."""
    images: Any = np.array(
        [
            [[1, 1, 0, 2], [0, 1, 2, 2], [3, 0, 0, 2], [3, 3, 1, 1]],
            [[0, 0, 0, 0], [5, 5, 0, 5], [0, 5, 0, 5], [5, 5, 5, 5]],
        ],
        np.int32,
    )
    assert run("ImageConnectedComponents", image=images).tolist() == [
        [[1, 1, 0, 2], [0, 1, 2, 2], [3, 0, 0, 2], [3, 3, 4, 4]],
        [[0, 0, 0, 0], [5, 5, 0, 5], [0, 5, 0, 5], [5, 5, 5, 5]],
    ]
    texts = np.array([[["a", "a", ""], ["b", "a", "b"]]], object)
    found = run("ImageConnectedComponents", image=texts)
    assert found.tolist() == [[[1, 1, 0], [2, 1, 3]]]


def test_colours_in_yiq() -> None:
    """Hue, saturation and value are changed at once."""
    image = np.array([[[0.5488135, 0.71518934, 0.60276335]]], np.float32)
    for change, expected in (
        ((0.3, 1.0, 1.0), [0.5617193, 0.7187738, 0.5504574]),
        ((0.0, 0.5, 1.0), [0.60072, 0.68390787, 0.6276948]),
        ((0.7, 1.3, 0.6), [0.34370393, 0.43974555, 0.26910305]),
    ):
        names = ("delta_h", "scale_s", "scale_v")
        arguments = dict(zip(names, np.array(change, np.float32), strict=True))
        found = run("AdjustHsvInYiq", images=image, **arguments)
        np.testing.assert_allclose(found[0, 0], expected, atol=3e-7)
    with pytest.raises(tf.errors.InvalidArgumentError, match="3 channels but instead"):
        run("AdjustHsvInYiq", images=image[..., :2], **arguments)
