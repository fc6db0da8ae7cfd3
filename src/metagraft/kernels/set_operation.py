"""Sets of values along the last axis; twin of `ops/set_operation.py`.

How many values a set has depends on the values, so this runs on the host.

Source: tensorflow core/kernels/set_kernels.cc.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from metagraft.errors import InternalError
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.sparse_indices import (
    broken_rule,
    check_parts,
    check_valid,
    row_major_places,
    shown_dims,
)

__all__ = ["KERNELS"]


def _distinct(keys: Any) -> Any:
    """Return each number once, in order."""
    ordered = np.sort(keys)
    if not len(ordered):
        return ordered
    return ordered[np.append(True, ordered[1:] != ordered[:-1])]


# Of numbers in order, none twice.
_OPERATIONS: dict[bytes, Callable[[Any, Any], Any]] = {
    b"a-b": lambda a, b: np.setdiff1d(a, b, assume_unique=True),
    b"b-a": lambda a, b: np.setdiff1d(b, a, assume_unique=True),
    b"intersection": lambda a, b: np.intersect1d(a, b, assume_unique=True),
    b"union": lambda a, b: _distinct(np.concatenate([a, b])),
}


@dataclass(frozen=True, slots=True)
class _Sets:
    """Values and the set that each belongs to.

    Attributes:
        outer: The sizes of all axes but the last.
        rows: The number of its set for each value, `int64[n]`.
        values: `[n]`.
    """

    outer: tuple[int, ...]
    rows: Array
    values: Array


def _dense(sets: Array) -> _Sets:
    dims = sets.shape
    if len(dims) < 2:
        raise broken_rule(f"Shape {shown_dims(dims)} has rank {len(dims)} < 2")
    rows = np.repeat(np.arange(math.prod(dims[:-1])), dims[-1])
    return _Sets(dims[:-1], rows, sets.reshape(-1))


def _sparse(attrs: Any, indices: Array, values: Array, shape: Array) -> _Sets:
    if shape.ndim != 1:
        raise broken_rule("Shape must be a 1D tensor.")
    if shape.shape[0] < 2:
        raise broken_rule(f"Invalid rank {shape.shape[0]}.")
    check_parts(indices, values, shape)
    if attrs["validate_indices"]:
        check_valid(indices, shape)
    elif (indices >= shape).any() or (indices[:, :-1] < 0).any():
        # TF: its kernel reads and writes beyond its arrays where these are outside.
        row = int(np.argmax(((indices >= shape) | (indices < 0)).any(axis=1)))
        raise InternalError(
            None,
            None,
            f"indices[{row}] expected < {shown_dims(shape)}, got"
            f" {shown_dims(indices[row])}.",
        )
    outer = tuple(int(size) for size in shape[:-1])
    return _Sets(outer, row_major_places(indices[:, :-1], outer), values)


@dataclass(frozen=True, slots=True)
class _Coded:
    """Pairs of a row and a value as numbers in the same order.

    Attributes:
        keys: `row * width + code`.
        width: More than any code.
        low: What is taken from a value to make its code.
        known: The values in order where codes are places among these.
    """

    keys: Array
    width: int
    low: int = 0
    known: Array | None = None

    @classmethod
    def of(cls, values: Array, rows: Array) -> _Coded:
        """Write values with their rows as numbers."""
        if values.dtype.kind in "iu" and len(values):
            low = int(values.min())
            width = int(values.max()) - low + 1
            if width * (int(rows.max()) + 1) <= np.iinfo(np.int64).max:
                codes = values.astype(np.int64) - low
                return cls(rows * width + codes, width, low)
        known, codes = np.unique(values, return_inverse=True)
        width = max(len(known), 1)
        return cls(rows * width + codes, width, known=known)

    def apart(self, keys: Array) -> tuple[Array, Array]:
        """Return the rows and the values of some keys."""
        rows, codes = np.divmod(keys, self.width)
        return rows, codes + self.low if self.known is None else self.known[codes]


def _combined(attrs: Any, first: _Sets, second: _Sets) -> tuple[Array, Array, Array]:
    """Combine the sets of one number; the result is a sparse tensor, in order."""
    if first.outer != second.outer:
        raise broken_rule(
            f"Mismatched shapes {shown_dims(first.outer)} vs {shown_dims(second.outer)}"
        )
    operation = _OPERATIONS.get(attrs["set_operation"].lower())
    if operation is None:
        name = attrs["set_operation"].lower().decode()
        raise broken_rule(f"Invalid set_operation {name}.")
    values, rows = (
        np.concatenate([getattr(one, part) for one in (first, second)])
        for part in ("values", "rows")
    )
    coded = _Coded.of(values, rows)
    count = len(first.values)
    found = operation(_distinct(coded.keys[:count]), _distinct(coded.keys[count:]))
    found_rows, found_values = coded.apart(found)
    sizes = np.bincount(found_rows, minlength=1) if len(found) else np.zeros(1, int)
    starts = np.cumsum(sizes) - sizes
    within = np.arange(len(found)) - starts[found_rows]
    outer = np.unravel_index(found_rows, first.outer) if len(found) else ()
    indices = np.stack([*outer, within], axis=1) if len(found) else np.zeros((0, 0))
    rank = len(first.outer) + 1
    return (
        indices.astype(np.int64).reshape(-1, rank),
        found_values.astype(values.dtype, copy=False),
        np.array([*first.outer, sizes.max()], np.int64),
    )


def dense_to_dense(attrs: Any, first: Array, second: Array) -> tuple[Array, ...]:
    return _combined(attrs, _dense(first), _dense(second))


def dense_to_sparse(
    attrs: Any, first: Array, indices: Array, values: Array, shape: Array
) -> tuple[Array, ...]:
    return _combined(attrs, _dense(first), _sparse(attrs, indices, values, shape))


def sparse_to_sparse(attrs: Any, *parts: Array) -> tuple[Array, ...]:
    first, second = _sparse(attrs, *parts[:3]), _sparse(attrs, *parts[3:])
    return _combined(attrs, first, second)


def set_size(attrs: Any, indices: Array, values: Array, shape: Array) -> tuple[Array]:
    sets = _sparse(attrs, indices, values, shape)
    coded = _Coded.of(sets.values, sets.rows)
    count = math.prod(sets.outer)
    found_rows = _distinct(coded.keys) // coded.width
    sizes = np.bincount(found_rows, minlength=count)
    return (sizes[:count].astype(np.int32).reshape(sets.outer),)


KERNELS = {
    "DenseToDenseSetOperation": Kernel(dense_to_dense, host=True),
    "DenseToSparseSetOperation": Kernel(dense_to_sparse, host=True),
    "SetSize": Kernel(set_size, host=True),
    "SparseToSparseSetOperation": Kernel(sparse_to_sparse, host=True),
}
