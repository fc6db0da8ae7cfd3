"""Sets of values along the last axis; twin of `ops/set_operation.py`.

How many values a set has depends on the values, so this runs on the host.

Source: tensorflow core/kernels/set_kernels.cc.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from metagraft.kernels.kernel import Array, Kernel

__all__ = ["KERNELS"]

_OPERATIONS: dict[bytes, Callable[[set[Any], set[Any]], set[Any]]] = {
    b"a-b": lambda a, b: a - b,
    b"b-a": lambda a, b: b - a,
    b"intersection": lambda a, b: a & b,
    b"union": lambda a, b: a | b,
}


def dense_to_dense(attrs: Any, first: Array, second: Array) -> tuple[Array, ...]:
    """Combine the sets group by group; the result is a sparse tensor."""
    combine = _OPERATIONS[attrs["set_operation"].lower()]
    groups = first.shape[:-1]
    indices: list[tuple[int, ...]] = []
    values: list[Any] = []
    largest = 0
    for group in np.ndindex(*groups):
        found = sorted(combine(set(first[group].tolist()), set(second[group].tolist())))
        indices.extend((*group, place) for place in range(len(found)))
        values.extend(found)
        largest = max(largest, len(found))
    return (
        np.array(indices, np.int64).reshape(-1, first.ndim),
        np.array(values, first.dtype),
        np.array([*groups, largest], np.int64),
    )


KERNELS = {"DenseToDenseSetOperation": Kernel(dense_to_dense, host=True)}
