"""The largest values and whether a class is among them; twin of `ops/top_k.py`.

Equal values keep their order: the lower index comes first.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import lax, namespace
from metagraft.kernels.native_loop import native, on_cpu
from metagraft.kernels.unordered_numbers import heaped_places, sorted_places

__all__ = ["KERNELS", "largest"]

# To sort all takes longer than to choose at first if so many times as many are there.
_FEW = 8

# How many bytes and numbers TensorFlow's CPU takes at once.
_VECTOR_BYTES, _VECTOR_MAX = 32, 8

_F = np.float32
# So many whole numbers are floating-point numbers of single precision.
_EXACT_MAX = 1 << 24


def largest(
    values: Array, k: int, index_dtype: Any, *, in_order: bool = True
) -> tuple[Array, Array]:
    """Return the k largest of every row and their places.

    Args:
        values: Numbers `[..., n]`.
        k: How many are wanted.
        index_dtype: The type of places.
        in_order: Whether TensorFlow sorts them. They are sorted here in any case, but
            in rows with NaN.
    """
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
    is_float = values.dtype.kind in "fV"
    if namespace(values) is not np:
        return _traced_largest(values, k, index_dtype, is_float)
    if is_float and k and np.any(has_nan := np.any(values != values, axis=-1)):
        return _largest_of_any(values, k, index_dtype, has_nan, in_order)
    # NumPy is slow with numbers of half precision.
    wide = values.astype(_F) if is_float and values.dtype.itemsize == 2 else values
    choose = _few_largest if k and _FEW * k < values.shape[-1] else _sorted_largest
    found, places = choose(wide, k, index_dtype)
    return found.astype(values.dtype), places


def _traced_largest(
    values: Array, k: int, index_dtype: Any, is_float: bool
) -> tuple[Array, Array]:
    """Choose in a compiled program.

    # TF: NaN is larger than all numbers here, while it misleads TensorFlow's heap.
    """
    if is_float and k == 1:
        places = _largest_place(values)
    else:
        ranked = _ranked(values) if is_float else values
        places = _chosen_places(ranked, k)
    found = namespace(values).take_along_axis(values, places, axis=-1)
    return found, places.astype(index_dtype)


def _chosen_places(values: Array, k: int) -> Array:
    """Return the places of the k largest of every row.

    XLA's CPU sorts all, but for numbers of single precision in some programs (256 rows
    of 1,024, 5 of each: 37 and 0.6 ms, one by one 1.0).
    """

    def sorted_places(values: Array) -> Array:
        return lax().top_k(values, k)[1]

    if not k or _FEW * k >= values.shape[-1]:
        return sorted_places(values)
    rows = values.reshape(-1, values.shape[-1])
    seek = native(partial(_sought_places, k))
    return on_cpu(seek, sorted_places)(rows).reshape(*values.shape[:-1], k)


def _sought_places(k: int, values: Array) -> Array:
    """Look at the numbers one by one, and keep the k largest in order (traced)."""
    xp = namespace(values)
    if values.dtype.itemsize < np.dtype(_F).itemsize:
        values = values.astype(_F)  # in which no processor is slow
    if values.dtype.kind == "f":
        # As whole numbers, among which NaN has a place: above infinity.
        whole = np.dtype(f"int{8 * values.dtype.itemsize}")
        bits = lax().bitcast_convert_type(values, whole)
        values = xp.where(bits < 0, bits ^ np.iinfo(whole).max, bits)
    count, size = values.shape
    every = np.arange(k, dtype=np.int32)

    def one_row(row: Array, places: Array) -> Array:
        numbers = values[row]

        def look(place: Array, kept: tuple[Array, Array]) -> tuple[Array, Array]:
            number = numbers[place]

            def put(kept: tuple[Array, Array]) -> tuple[Array, Array]:
                # What is as large came before and goes first.
                is_before = (kept[0] >= number) & (kept[1] >= 0)
                rank = xp.count_nonzero(is_before).astype(np.int32)
                moved = tuple(xp.concatenate([x[:1], x[:-1]]) for x in kept)
                new = number, place
                best, where = (
                    xp.where(every < rank, x, xp.where(every == rank, y, z))
                    for x, y, z in zip(kept, new, moved, strict=True)
                )
                return best, where

            is_larger = (number > kept[0][-1]) | (kept[1][-1] < 0)
            return lax().cond(is_larger, put, lambda kept: kept, kept)

        nothing = xp.zeros(k, values.dtype), xp.full(k, -1, np.int32)
        _, found = lax().fori_loop(np.int32(0), np.int32(size), look, nothing)
        return places.at[row].set(found, mode="promise_in_bounds")

    places = xp.zeros((count, k), np.int32)
    return lax().fori_loop(np.int32(0), np.int32(count), one_row, places)


def _ranked(values: Array) -> Array:
    """Return numbers for an order that knows signs of zeros and of NaN."""
    xp, number = namespace(values), values.dtype.type
    unsigned = xp.where(values == number(0), number(0), values)
    return xp.where(values != values, number(np.nan), unsigned)


def _largest_place(values: Array) -> Array:
    """Return where the maximum of every row is; the first place if it is NaN.

    TensorFlow's vectors pass over NaN, and the numbers left over beside them start
    anew after it.
    """
    xp, least = namespace(values), values.dtype.type(-np.inf)
    size = values.shape[-1]
    lanes = min(_VECTOR_BYTES // values.dtype.itemsize, _VECTOR_MAX)
    cut = size // lanes * lanes
    head, tail = values[..., :cut], values[..., cut:]
    later = xp.flip(xp.cumsum(xp.flip(tail != tail, -1), axis=-1), -1) > 0
    options = {"axis": -1, "keepdims": True, "initial": least}
    most = xp.max(xp.where(head != head, least, head), **options)
    last = xp.max(xp.where(later, least, tail), **options)
    if tail.shape[-1]:
        last = xp.where(xp.isnan(tail[..., -1:]), values.dtype.type(np.nan), last)
    is_most = values == xp.where(most > last, most, last)
    if xp is np:
        return np.argmax(is_most, axis=-1)[..., None]
    # XLA's own search takes twice as long.
    kind = np.dtype(np.float32 if size <= _EXACT_MAX else np.int32)
    places = lax().broadcasted_iota(kind, values.shape, values.ndim - 1)
    first = xp.min(xp.where(is_most, places, kind.type(size)), axis=-1, keepdims=True)
    return xp.where(first == size, 0, first).astype(np.int32)


def _largest_of_any(
    values: Array, k: int, index_dtype: Any, has_nan: Array, in_order: bool
) -> tuple[Array, Array]:
    """Choose where some rows have NaN, which misleads TensorFlow's heap and sort."""
    if k == 1:
        places = _largest_place(values)
    else:
        places = np.empty((*values.shape[:-1], k), np.int64)
        places[~has_nan] = largest(values[~has_nan], k, np.int64)[1]
        rows = values[has_nan].astype(np.float64)
        places[has_nan] = [_places_with_nan(row, k, in_order) for row in rows]
    found = np.take_along_axis(values, places, axis=-1)
    return found, places.astype(index_dtype)


def _places_with_nan(row: Array, k: int, in_order: bool) -> Any:
    if k < len(row):
        return heaped_places(row.tolist(), k, in_order=in_order)
    try:
        return sorted_places(row.tolist())
    except IndexError:
        # TF: its sort would change memory that is not the row's.
        return _sorted_largest(row, k, np.int64)[1]


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
    return largest(values, attrs["k"], np.int32, in_order=attrs["sorted"])


def top_k_v2(attrs: Any, values: Array, k: np.ndarray) -> tuple[Array, Array]:
    if k.ndim:
        raise InvalidArgumentError(
            None, None, f"k must be scalar, got shape {show(k.shape)}"
        )
    index_dtype = attrs["index_type"].as_numpy_dtype
    return largest(values, int(k), index_dtype, in_order=attrs["sorted"])


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
