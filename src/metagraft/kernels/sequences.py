"""Evenly spaced numbers; twin of `ops/sequences.py`.

Operands are static and results are host arrays, also inside a compiled program, so
that what depends on them (axes, indices) stays known.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import namespace

__all__ = ["KERNELS"]


def _range_size(start: Any, limit: Any, delta: Any) -> int:
    """How many numbers `start, start + delta, ...` lie before `limit`."""
    if delta == 0:
        raise InvalidArgumentError(None, None, f"Requires delta != 0: {delta}")
    if delta > 0 and start > limit:
        raise InvalidArgumentError(
            None, None, f"Requires start <= limit when delta > 0: {start}/{limit}"
        )
    if delta < 0 and start < limit:
        raise InvalidArgumentError(
            None, None, f"Requires start >= limit when delta < 0: {start}/{limit}"
        )
    if delta.dtype.kind in "iu":
        return -(-abs(int(limit) - int(start)) // abs(int(delta)))
    return int(np.ceil(np.abs((limit - start) / delta)))


def number_range(
    _attrs: Any, start: np.ndarray, limit: np.ndarray, delta: np.ndarray
) -> tuple[Array]:
    operands = {"start": start, "limit": limit, "delta": delta}
    for name, operand in operands.items():
        # One number is taken for a scalar, as old graphs have it.
        if operand.ndim > 1 or operand.size != 1:
            raise InvalidArgumentError(
                None, None, f"{name} must be a scalar, not shape {show(operand.shape)}"
            )
    first, end, step = (x.reshape(())[()] for x in operands.values())
    steps = np.arange(_range_size(first, end, step)).astype(first.dtype)
    return (steps * step + first,)


def lin_space(_attrs: Any, start: Array, stop: Array, num: np.ndarray) -> tuple[Array]:
    for name, operand in (("start", start), ("stop", stop), ("num", num)):
        if operand.ndim:
            raise InvalidArgumentError(
                None, None, f"{name} must be a scalar, not shape {show(operand.shape)}"
            )
    count = int(num)
    if count <= 0:
        raise InvalidArgumentError(None, None, f"Requires num > 0: {count}")
    xp = namespace(start, stop)
    if count == 1:
        return (xp.reshape(start, (1,)),)
    step = (stop - start) / start.dtype.type(count - 1)
    inner = np.arange(1, count - 1).astype(start.dtype) * step + start
    ends = [xp.reshape(end, (1,)) for end in (start, stop)]
    return (xp.concatenate([ends[0], inner, ends[1]]),)


KERNELS = {
    "LinSpace": Kernel(lin_space, static=("num",)),
    "Range": Kernel(number_range, static=("start", "limit", "delta")),
}
