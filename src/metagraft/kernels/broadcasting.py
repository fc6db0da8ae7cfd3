"""How shapes broadcast; twin of `ops/broadcasting.py`.

Shapes are known while a program is traced: all of this is host arithmetic.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Kernel

__all__ = ["KERNELS"]


def reduced_axes(
    first: tuple[int, ...], second: tuple[int, ...]
) -> tuple[list[int], list[int]]:
    """Return the axes over which each operand's gradient has to be summed.

    An axis that is 1 in both is summed for both, as in TensorFlow.

    Raises:
        InvalidArgumentError: The shapes do not broadcast.

    Source: tensorflow core/util/bcast.h BCastList.
    """
    rank = max(len(first), len(second))
    padded = [(1,) * (rank - len(s)) + tuple(s) for s in (first, second)]
    axes: tuple[list[int], list[int]] = ([], [])
    for axis, (a, b) in enumerate(zip(*padded, strict=True)):
        if a != b and 1 not in (a, b):
            raise InvalidArgumentError(
                None, None, f"Incompatible shapes: {list(first)} vs. {list(second)}"
            )
        if a == 1:
            axes[0].append(axis)
        if b == 1:
            axes[1].append(axis)
    return axes


def broadcast_gradient_args(
    _attrs: Any, s0: np.ndarray, s1: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    for place, given in enumerate((s0, s1)):
        if given.ndim != 1:
            raise InvalidArgumentError(
                None, None, f"In[{place}] must be a vector.{show(given.shape)}"
            )
    first, second = tuple(s0.tolist()), tuple(s1.tolist())
    if first == second:
        axes: tuple[list[int], list[int]] = ([], [])
    else:
        axes = reduced_axes(first, second)
    return np.array(axes[0], s0.dtype), np.array(axes[1], s0.dtype)


KERNELS = {
    "BroadcastGradientArgs": Kernel(broadcast_gradient_args, static=("s0", "s1")),
}
