"""Partitions and their reunion; twin of `ops/dynamic_stitch.py`."""

from __future__ import annotations

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import namespace


def dynamic_partition(
    attrs: Attrs, data: Array, partitions: Array
) -> tuple[Array, ...]:
    count = int(attrs["num_partitions"])
    if data.shape[: partitions.ndim] != partitions.shape:
        raise InvalidArgumentError(
            None,
            None,
            "data.shape must start with partitions.shape, got data.shape ="
            f" {show(data.shape)}, partitions.shape = {show(partitions.shape)}",
        )
    bad = (partitions < 0) | (partitions >= count)
    if np.any(bad):
        place = tuple(np.argwhere(bad)[0])
        where = f"[{','.join(str(int(p)) for p in place)}]" if place else ""
        raise InvalidArgumentError(
            None,
            None,
            f"partitions{where} = {partitions[place]} is not in [0, {count})",
        )
    if np.ndim(partitions) == 1:
        # Several times as fast as to index with truth values.
        places = [(partitions == i).nonzero()[0] for i in range(count)]
        return tuple(data.take(place, axis=0) for place in places)
    return tuple(data[partitions == i] for i in range(count))


def dynamic_stitch(
    _: Attrs, indices: tuple[Array, ...], data: tuple[Array, ...]
) -> tuple[Array]:
    """Later pieces win where indices repeat."""
    xp = namespace(data)
    rank = np.ndim(indices[0])
    dims = tuple(np.shape(data[0]))[rank:]
    flat = np.concatenate([np.reshape(i, -1) for i in indices])
    count = int(flat.max()) + 1 if flat.size else 0
    for i, (places, pieces) in enumerate(zip(indices, data, strict=True)):
        if np.shape(pieces)[: np.ndim(places)] != np.shape(places):
            raise InvalidArgumentError(
                None,
                None,
                f"data[{i}].shape = {show(np.shape(pieces))} does not start with"
                f" indices[{i}].shape = {show(np.shape(places))}",
            )
        if np.shape(pieces)[np.ndim(places) :] != dims:
            raise InvalidArgumentError(
                None,
                None,
                f"Need data[0].shape[{rank}:] = data[{i}].shape[{np.ndim(places)}:],"
                f" got data[0].shape = {show(np.shape(data[0]))}, data[{i}].shape ="
                f" {show(np.shape(pieces))}, indices[0].shape ="
                f" {show(np.shape(indices[0]))}, indices[{i}].shape ="
                f" {show(np.shape(places))}",
            )
    if np.any(flat < 0):
        raise InvalidArgumentError(
            None, None, f"indices[{np.flatnonzero(flat < 0)[0]}] is out of range"
        )
    pairs = zip(indices, data, strict=True)
    rows = xp.concatenate([xp.reshape(d, (np.size(i), *dims)) for i, d in pairs])
    source = np.full(count, -1, np.int64)
    source[flat] = np.arange(len(flat))
    # Rows that no index names are unspecified; they are zero here.
    taken = rows[np.maximum(source, 0)] if len(flat) else rows
    if np.all(source >= 0):
        return (taken,)
    named = (source >= 0).reshape((-1,) + (1,) * len(dims))
    if taken.dtype == np.dtype(object):
        return (np.where(named, taken, b""),)
    return (xp.where(named, taken, xp.zeros_like(taken)),)


KERNELS = {
    "DynamicPartition": Kernel(dynamic_partition, host=True),
    "DynamicStitch": Kernel(dynamic_stitch, static=("indices",)),
    "ParallelDynamicStitch": Kernel(dynamic_stitch, static=("indices",)),
}
