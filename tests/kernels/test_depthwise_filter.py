"""The gradient of a depthwise filter, of rows that are taken apart in every way.

Against sums as the operation defines them, of whole numbers, which are exact.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from metagraft.kernels.depthwise_filter import filter_gradient

_Pair = tuple[int, int]


def _defined(
    image: Any, dy: Any, taps: _Pair, pads: list[_Pair], strides: _Pair, steps: _Pair
) -> Any:
    """Sum products of the result's gradient and of what lies under a place."""
    padded = np.pad(image, [(0, 0), *pads, (0, 0)])
    found = np.zeros((*taps, *dy.shape[3:]))
    height, width = dy.shape[1:3]
    for i, j in np.ndindex(*taps):
        rows = i * steps[0] + np.arange(height) * strides[0]
        columns = j * steps[1] + np.arange(width) * strides[1]
        under = padded[:, rows][:, :, columns]
        found[i, j] = np.einsum("nhwc,nhwcm->cm", under, dy)
    return found


@pytest.mark.parametrize(
    ("sizes", "multiplier", "taps", "pads", "strides", "steps"),
    [
        pytest.param(
            (1, 5, 251, 3), 1, (2, 3), [(1, 0), (1, 1)], (1, 1), (1, 1), id="pieces"
        ),
        pytest.param(
            (2, 59, 5, 2), 2, (3, 2), [(2, 1), (0, 1)], (1, 2), (1, 1), id="parts"
        ),
        pytest.param(
            (4, 9, 8, 3), 1, (2, 3), [(3, 4), (5, 3)], (2, 3), (3, 2), id="dilated"
        ),
        pytest.param(
            (3, 4, 9, 1), 3, (2, 2), [(0, 0), (0, 0)], (2, 4), (1, 3), id="left over"
        ),
    ],
)
def test_whole_numbers(
    sizes: tuple[int, ...],
    multiplier: int,
    taps: _Pair,
    pads: list[_Pair],
    strides: _Pair,
    steps: _Pair,
) -> None:
    """Pieces and parts end in zeros, and what strides leave over counts nothing."""
    import jax

    rng = np.random.default_rng(0)
    places = [
        (size + sum(pad) - (tap - 1) * step - 1) // stride + 1
        for size, pad, tap, step, stride in zip(
            sizes[1:3], pads, taps, steps, strides, strict=True
        )
    ]
    image = rng.integers(-9, 9, sizes).astype(np.float32)
    shape = (sizes[0], *places, sizes[3], multiplier)
    dy = rng.integers(-9, 9, shape).astype(np.float32)
    found = jax.jit(lambda x, y: filter_gradient(x, y, taps, pads, strides, steps))(
        image, dy
    )
    assert np.array_equal(found, _defined(image, dy, taps, pads, strides, steps))
