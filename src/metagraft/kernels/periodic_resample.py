"""Channels dealt out to pixels; twin of `ops/periodic_resample.py`.

Source: tensorflow 1.15 contrib/periodic_resample/kernels/periodic_resample_op.h.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import namespace


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, f"periodic_resample {message}")


def resample(attrs: Any, values: Array) -> tuple[Array]:
    shape, places = _places(values.shape, attrs["shape"])
    return (values.reshape(-1)[places].reshape(shape),)


def resample_gradient(attrs: Any, grad: Array) -> tuple[Array]:
    shape = tuple(attrs["original_shape"])
    _, places = _places(shape, attrs["desired_shape"])
    xp = namespace(grad)
    flat = grad.reshape(-1)
    # TF: what nothing was taken from is left as it was in memory.
    found = xp.zeros(math.prod(shape), grad.dtype)
    if xp is np:
        found[places] = flat
    else:
        found = found.at[places].set(flat)
    return (found.reshape(shape),)


def _places(
    given: Sequence[int], wanted: Sequence[int | None]
) -> tuple[tuple[int, ...], Array]:
    """Return the shape of the result, and where each of its elements comes from.

    Raises:
        InvalidArgumentError: The shapes do not fit.
    """
    shape, free = _target(given, wanted)
    steps = [-(-new // old) for new, old in zip(shape, given, strict=True)]
    strides = np.cumprod([1, *steps[:-1]])
    index = np.indices(shape).reshape(len(shape), -1)
    rounds = sum(
        strides[axis] * (index[axis] % step)
        for axis, step in enumerate(steps)
        if axis != free
    )
    source = index // np.array(steps)[:, None]
    source[free] = rounds * shape[free] + index[free]
    factors = np.cumprod([1, *given[:0:-1]])[::-1]
    places = factors @ source
    if len(places) and places.max() >= math.prod(given):
        raise _invalid("found too few elements to take")
    return shape, places


def _target(
    given: Sequence[int], wanted: Sequence[int | None]
) -> tuple[tuple[int, ...], int]:
    """Return the shape of the result, and the axis whose size was left open."""
    if len(given) != len(wanted):
        raise _invalid(
            f"expects the rank of the input tensor, {len(given)}, to be the same as "
            f"the length of the desired shape, {len(wanted)}."
        )
    free = [axis for axis, size in enumerate(wanted) if not size or size < 1]
    if len(free) > 1:
        raise _invalid("expects only one index to be marked as adjustable.")
    if not free:
        raise _invalid("expects at least one index to be marked as adjustable.")
    for axis, (old, new) in enumerate(zip(given, wanted, strict=True)):
        if axis != free[0] and new is not None and new < old:
            raise _invalid(
                "expects the size of non-adjustable dimensions be at least as large as "
                f"size of input tensor. Dimension {axis} input tensor has size {old}, "
                f"desired shape has size {new}."
            )
    fixed = math.prod(size for i, size in enumerate(wanted) if size and i != free[0])
    rest = math.prod(given) // fixed
    if rest < 1:
        raise _invalid(
            f"found that the adjustable dimension, {free[0]}, isn't greater than zero, "
            f"{rest}."
        )
    shape = (rest if i == free[0] else size or 0 for i, size in enumerate(wanted))
    return tuple(shape), free[0]


KERNELS = {
    "PeriodicResample": Kernel(resample),
    "PeriodicResampleOpGrad": Kernel(resample_gradient),
}
