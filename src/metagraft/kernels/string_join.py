"""Strings put together, on the host; twin of `ops/string_join.py`."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError, OutOfRangeError
from metagraft.graph.attrs import Attrs
from metagraft.kernels.kernel import Array, Kernel


def string_join(attrs: Attrs, inputs: tuple[Array, ...]) -> tuple[Array]:
    separator: bytes = attrs["separator"]
    shapes = {np.shape(array) for array in inputs} - {()}
    if len(shapes) > 1:
        raise _invalid(f"Input shapes do not match: {', '.join(map(str, shapes))}")
    (shape,) = shapes or {()}
    spread = [np.broadcast_to(array, shape).ravel() for array in inputs]
    rows = zip(*spread, strict=True) if spread else [()]
    return (_joined(separator, rows).reshape(shape),)


def reduce_join(attrs: Attrs, inputs: Array, reduction_indices: Array) -> tuple[Array]:
    rank = np.ndim(inputs)
    axes = _axes(np.ravel(reduction_indices).tolist(), rank)
    shape = np.shape(inputs)
    kept = [axis for axis in range(rank) if axis not in axes]
    # The axis that is named first changes fastest.
    rows = np.transpose(inputs, [*kept, *reversed(axes)]).reshape(
        _size(shape, kept), _size(shape, axes)
    )
    if attrs["keep_dims"]:
        out = tuple(1 if axis in axes else shape[axis] for axis in range(rank))
    else:
        out = tuple(shape[axis] for axis in kept)
    return (_joined(attrs["separator"], rows).reshape(out),)


def _axes(indices: list[int], rank: int) -> list[int]:
    axes: list[int] = []
    for index in indices:
        if not -rank <= index < rank:
            raise OutOfRangeError(
                None,
                None,
                f"Invalid reduction dimension {index} for input with {rank} "
                "dimension(s)",
            )
        if index % rank in axes:
            raise _invalid(f"Duplicate reduction dimension {index}")
        axes.append(index % rank)
    return axes


def _size(shape: tuple[int, ...], axes: list[int]) -> int:
    return int(np.prod([shape[axis] for axis in axes], dtype=np.int64))


def unsorted_segment_join(
    attrs: Attrs, inputs: Array, segment_ids: Array, num_segments: Array
) -> tuple[Array]:
    count = _segment_count(np.shape(inputs), segment_ids, num_segments)
    suffix = np.shape(inputs)[np.ndim(segment_ids) :]
    columns = int(np.prod(suffix, dtype=np.int64))
    rows = np.reshape(inputs, (np.size(segment_ids), columns))
    ids = np.ravel(segment_ids)
    texts = rows[ids.argsort(kind="stable")].T.tolist()
    ends = np.bincount(ids, minlength=count).cumsum().tolist()
    joined = _joined(
        attrs["separator"],
        (
            _begun(column[start:end])
            for start, end in itertools.pairwise((0, *ends))
            for column in texts
        ),
    )
    return (joined.reshape(count, *suffix),)


def _begun(texts: list[bytes]) -> Iterator[bytes]:
    """Leave out empty texts at the front: a separator stands behind text only."""
    return itertools.dropwhile(lambda text: not text, texts)


def _segment_count(
    shape: tuple[int, ...], segment_ids: Array, num_segments: Array
) -> int:
    """Return the number of segments, all operands checked as TensorFlow does."""
    if np.ndim(num_segments):
        raise _invalid("Number of segments must be a scalar")
    count = int(num_segments)
    ids = np.shape(segment_ids)
    if count < 0:
        raise _invalid(f"Number of segments must be non-negative but got {count}")
    if not ids:
        raise _invalid("Segment_id cannot have rank 0")
    if len(ids) > len(shape):
        raise OutOfRangeError(
            None,
            None,
            f"Invalid segment_id rank {len(ids)} for input with {len(shape)}"
            " dimension(s)",
        )
    for axis, (size, input_size) in enumerate(zip(ids, shape, strict=False)):
        if size != input_size:
            # TF: it names the size of the ids twice.
            raise _invalid(
                f"Segment dimension is {size} while input dimension is {input_size} "
                f"in rank {axis}"
            )
    if np.any((segment_ids < 0) | (segment_ids >= count)):
        raise _invalid(
            "segment_ids are not allowed to exceed num_segments or to have negative "
            "values."
        )
    return count


def _joined(separator: bytes, rows: Iterable[Iterable[bytes]]) -> Array:
    texts = [separator.join(row) for row in rows]
    joined: np.ndarray[Any, Any] = np.empty(len(texts), dtype=object)
    joined[:] = texts
    return joined


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


KERNELS = {
    "ReduceJoin": Kernel(reduce_join, host=True),
    "StringJoin": Kernel(string_join, host=True),
    "UnsortedSegmentJoin": Kernel(unsorted_segment_join, host=True),
}
