"""Contiguous slices; twin of `ops/slice.py`."""

from __future__ import annotations

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.graph.folding import folded_value
from metagraft.graph.operation import Operation
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import is_host, jax_numpy, lax, namespace


def slice_(_: Attrs, tensor: Array, begin: Array, size: Array) -> tuple[Array]:
    dims = np.shape(tensor)
    if len(size) != len(dims) or np.shape(begin) != (len(dims),):
        raise InvalidArgumentError(
            None,
            None,
            f"Expected begin and size arguments to be 1-D tensors of size {len(dims)},"
            f" but got shapes {show(np.shape(begin))} and {show(np.shape(size))}"
            " instead.",
        )
    if not is_host(begin):
        # A begin beyond the end is moved back; on the host it is an error.
        sizes = [int(s) for s in size]
        _check_sizes(dims, [0] * len(dims), sizes)
        operand = jax_numpy().asarray(tensor)
        return (lax().dynamic_slice(operand, list(begin), sizes),)
    starts = [int(b) for b in begin]
    counts = [
        d - b if s == -1 else int(s) for d, b, s in zip(dims, starts, size, strict=True)
    ]
    _check_sizes(dims, starts, counts)
    stops = [b + s for b, s in zip(starts, counts, strict=True)]
    if namespace(tensor) is np:
        ranges = tuple(slice(a, b) for a, b in zip(starts, stops, strict=True))
        return (np.asarray(tensor)[ranges],)
    return (lax().slice(tensor, starts, stops),)


def _check_sizes(dims: tuple[int, ...], starts: list[int], sizes: list[int]) -> None:
    for i, (d, b, s) in enumerate(zip(dims, starts, sizes, strict=True)):
        if not 0 <= b <= d:
            raise InvalidArgumentError(
                None, None, f"Expected begin[{i}] in [0, {d}], but got {b}"
            )
        if not 0 <= s <= d - b:
            raise InvalidArgumentError(
                None, None, f"Expected size[{i}] in [0, {d - b}], but got {s}"
            )


def _static(op: Operation) -> tuple[str, ...]:
    """Where the slice begins may be unknown if its size does not depend on it."""
    size = folded_value(op.inputs[2])
    if op.inputs[1].op.type == "Const" or size is None or (size < 0).any():
        return ("begin", "size")
    return ("size",)


KERNELS = {"Slice": Kernel(slice_, static=("begin", "size"), static_for=_static)}
