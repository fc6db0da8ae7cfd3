"""Values by their place in order, and isotonic regression; twin of `ops/selection.py`.

Source: tensorflow core/kernels/nth_element_op.cc, approx_topk.cc,
isotonic_regression_op.cc.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import namespace
from metagraft.kernels.top_k import largest
from metagraft.kernels.unordered_numbers import nth_number

__all__ = ["KERNELS"]


def _require(holds: bool, text: str) -> None:
    if not holds:
        raise InvalidArgumentError(None, None, text)


def nth_element(attrs: Any, values: Array, n: np.ndarray) -> tuple[Array]:
    xp = namespace(values)
    _require(n.ndim == 0, f"N must be scalar but has rank {n.ndim}")
    place = int(n)
    _require(place >= 0, f"n must be non-negative but is {place}")
    _require(values.ndim >= 1, "Input must be at least rank 1 but is rank 0")
    _require(values.shape[-1] > place, f"Input must have last dimension > n = {place}")
    if attrs["reverse"]:
        place = values.shape[-1] - place - 1
    found = xp.sort(values, axis=-1)[..., place]
    if xp is np and values.dtype.kind in "fV":
        has_nan = np.any(values != values, axis=-1)
        if np.any(has_nan):
            rows = values[has_nan].astype(np.float64)
            found = np.array(found)
            found[has_nan] = [_nth_with_nan(row, place) for row in rows]
    return (found,)


def _nth_with_nan(row: Array, place: int) -> float:
    """Return what TensorFlow's selection, misled by NaN, brings to a place.

    # TF: compiled programs have NaN behind all numbers.
    """
    try:
        return nth_number(row.tolist(), place)
    except IndexError:
        # TF: its selection would change memory that is not the row's.
        return float(np.sort(row)[place])


def approx_top_k(attrs: Any, values: Array) -> tuple[Array, Array]:
    """Return the exact result, which is as close as can be.

    Without `aggregate_to_topk` the shapes of the graph say that there are more values,
    but TensorFlow's CPU returns k then, too.
    """
    xp = namespace(values)
    axis = attrs["reduction_dimension"]
    moved = xp.moveaxis(values, axis, -1)
    signed = moved if attrs["is_max_k"] else -moved
    found, places = largest(signed, attrs["k"], np.int32)
    found = found if attrs["is_max_k"] else -found
    return xp.moveaxis(found, -1, axis), xp.moveaxis(places, -1, axis)


def isotonic_regression(
    attrs: Any, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the nearest values that do not increase, row by row.

    Neighbours in the wrong order are replaced by their mean, again and again.
    """
    shape = values.shape
    # All axes but the last are of rows; a number is a row of one.
    values = values.reshape(int(np.prod(shape[:-1])), shape[-1] if shape else 1)
    output = np.zeros(values.shape, attrs["output_dtype"].as_numpy_dtype)
    segments = np.zeros(values.shape, np.int32)
    for row, numbers in enumerate(values.astype(np.float64).tolist()):
        sums: list[float] = []
        counts: list[int] = []
        for number in numbers:
            sums.append(number)
            counts.append(1)
            while len(sums) > 1 and sums[-2] * counts[-1] < sums[-1] * counts[-2]:
                last_sum, last_count = sums.pop(), counts.pop()
                sums[-1] += last_sum
                counts[-1] += last_count
        means = [total / count for total, count in zip(sums, counts, strict=True)]
        output[row] = np.repeat(means, counts)
        segments[row] = np.repeat(np.arange(len(counts)), counts)
    return output.reshape(shape), segments.reshape(shape)


KERNELS = {
    "NthElement": Kernel(nth_element, static=("n",)),
    "ApproxTopK": Kernel(approx_top_k),
    "IsotonicRegression": Kernel(isotonic_regression, host=True),
}
