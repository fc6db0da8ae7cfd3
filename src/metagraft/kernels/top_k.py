"""The largest values and whether a class is among them; twin of `ops/top_k.py`.

Equal values keep their order: the lower index comes first.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import lax, namespace

__all__ = ["KERNELS", "largest"]

# To sort all takes longer than to choose at first if so many times as many are there.
_FEW = 8


def largest(values: Array, k: int, index_dtype: Any) -> tuple[Array, Array]:
    if k < 0:
        raise InvalidArgumentError(None, None, f"Need k >= 0, got {k}")
    if not values.ndim:
        raise InvalidArgumentError(None, None, "input must be >= 1-D, got shape []")
    if values.shape[-1] < k:
        raise InvalidArgumentError(
            None,
            None,
            f"input must have at least k columns. Had {values.shape[-1]}, needed {k}",
        )
    if namespace(values) is not np:
        found, indices = lax().top_k(values, k)
        return found, indices.astype(index_dtype)
    if k and _FEW * k < values.shape[-1] and not np.any(values != values):  # no NaN
        return _few_largest(values, k, index_dtype)
    return _sorted_largest(values, k, index_dtype)


def _few_largest(values: Array, k: int, index_dtype: Any) -> tuple[Array, Array]:
    """Sort only the elements that are among the largest."""
    least = np.partition(values, -k, axis=-1)[..., -k, None]
    chosen, equal = values > least, values == least
    missing = k - chosen.sum(axis=-1, keepdims=True)
    chosen |= equal & (equal.cumsum(axis=-1) <= missing)
    places = chosen.nonzero()[-1].reshape(*values.shape[:-1], k)
    found, order = _sorted_largest(
        np.take_along_axis(values, places, axis=-1), k, np.int64
    )
    return found, np.take_along_axis(places, order, axis=-1).astype(index_dtype)


def _sorted_largest(values: Array, k: int, index_dtype: Any) -> tuple[Array, Array]:
    # A stable sort of the mirrored values, mirrored back, puts equal ones in order.
    order = np.argsort(values[..., ::-1], axis=-1, kind="stable")[..., ::-1]
    indices = (values.shape[-1] - 1 - order)[..., :k]
    return np.take_along_axis(values, indices, axis=-1), indices.astype(index_dtype)


def top_k(attrs: Any, values: Array) -> tuple[Array, Array]:
    return largest(values, attrs["k"], np.int32)


def top_k_v2(attrs: Any, values: Array, k: np.ndarray) -> tuple[Array, Array]:
    if k.ndim:
        raise InvalidArgumentError(
            None, None, f"k must be scalar, got shape {show(k.shape)}"
        )
    return largest(values, int(k), attrs["index_type"].as_numpy_dtype)


def _in_top_k(predictions: Array, targets: Array, k: Array) -> tuple[Array]:
    """Whether fewer than k classes are more probable than the target."""
    xp = namespace(predictions, targets, k)
    if predictions.ndim != 2:
        raise InvalidArgumentError(None, None, "predictions must be 2-dimensional")
    if targets.ndim != 1:
        raise InvalidArgumentError(None, None, "targets must be 1-dimensional")
    if len(predictions) != len(targets):
        raise InvalidArgumentError(
            None,
            None,
            f"First dimension of predictions {len(predictions)} must match length of"
            f" targets {len(targets)}",
        )
    classes = predictions.shape[1]
    if not classes:
        return (xp.zeros(targets.shape, np.bool_),)
    zero = targets.dtype.type(0)
    known = (targets >= zero) & (targets < targets.dtype.type(classes))
    safe = xp.where(known, targets, zero)[:, None]
    target_value = xp.take_along_axis(predictions, safe, axis=1)
    known = known & xp.isfinite(target_value[:, 0])
    known = known & xp.all(xp.isfinite(predictions), axis=1)
    more = xp.sum(predictions > target_value, axis=1, dtype=np.int64)
    return (known & (more < k),)


def in_top_k(attrs: Any, predictions: Array, targets: Array) -> tuple[Array]:
    return _in_top_k(predictions, targets, np.int64(attrs["k"]))


def in_top_k_v2(
    _attrs: Any, predictions: Array, targets: Array, k: Array
) -> tuple[Array]:
    if k.ndim:
        raise InvalidArgumentError(
            None, None, f"k must be 0-D, got shape {show(k.shape)}"
        )
    return _in_top_k(predictions, targets, k.astype(np.int64))


KERNELS = {
    "TopK": Kernel(top_k),
    "TopKV2": Kernel(top_k_v2, static=("k",)),
    "InTopK": Kernel(in_top_k),
    "InTopKV2": Kernel(in_top_k_v2),
}
