"""Contiguous slices; twin of `ops/slice.py`."""

from __future__ import annotations

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import lax, namespace


def slice_(_: Attrs, tensor: Array, begin: Array, size: Array) -> tuple[Array]:
    dims = np.shape(tensor)
    if len(size) != len(dims) or len(begin) != len(dims):
        raise InvalidArgumentError(
            None,
            None,
            f"Expected begin and size arguments to be 1-D tensors of size {len(dims)},"
            f" but got shapes {np.shape(begin)} and {np.shape(size)} instead.",
        )
    starts = [int(b) for b in begin]
    counts = [
        d - b if s == -1 else int(s) for d, b, s in zip(dims, starts, size, strict=True)
    ]
    for i, (d, b, s) in enumerate(zip(dims, starts, counts, strict=True)):
        if not 0 <= b <= d:
            raise InvalidArgumentError(
                None, None, f"Expected begin[{i}] in [0, {d}], but got {b}"
            )
        if not 0 <= s <= d - b:
            raise InvalidArgumentError(
                None, None, f"Expected size[{i}] in [0, {d - b}], but got {s}"
            )
    stops = [b + s for b, s in zip(starts, counts, strict=True)]
    if namespace(tensor) is np:
        ranges = tuple(slice(a, b) for a, b in zip(starts, stops, strict=True))
        return (np.asarray(tensor)[ranges],)
    return (lax().slice(tensor, starts, stops),)


KERNELS = {"Slice": Kernel(slice_, static=("begin", "size"))}
