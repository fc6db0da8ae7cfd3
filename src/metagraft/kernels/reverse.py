"""Reversing and rolling; twin of `ops/reverse.py`."""

from __future__ import annotations

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import namespace


def _axes(values: Array, rank: int) -> tuple[int, ...]:
    axes = tuple(int(v) for v in np.reshape(values, -1))
    for axis in axes:
        if not -rank <= axis < rank:
            raise InvalidArgumentError(
                None,
                None,
                f"'axis' {axis} is out of valid range [{-rank}, {rank - 1}]",
            )
    return tuple(axis % rank for axis in axes)


def reverse(_: Attrs, tensor: Array, dims: Array) -> tuple[Array]:
    axes = tuple(i for i, flag in enumerate(dims) if flag)
    return (namespace(tensor).flip(tensor, axes) if axes else tensor,)


def reverse_v2(_: Attrs, tensor: Array, axis: Array) -> tuple[Array]:
    axes = _axes(axis, len(np.shape(tensor)))
    if len(set(axes)) < len(axes):
        raise InvalidArgumentError(None, None, f"axis {axes} specified more than once.")
    return (namespace(tensor).flip(tensor, axes) if axes else tensor,)


def reverse_sequence(attrs: Attrs, tensor: Array, seq_lengths: Array) -> tuple[Array]:
    xp = namespace(tensor, seq_lengths)
    seq_dim, batch_dim = int(attrs["seq_dim"]), int(attrs["batch_dim"])
    rank, size = len(np.shape(tensor)), np.shape(tensor)[seq_dim]
    if xp is np and np.any((seq_lengths < 0) | (seq_lengths > size)):
        raise InvalidArgumentError(
            None, None, f"seq_lengths must be in [0, {size}], got {seq_lengths}"
        )

    def along(vector: Array, dim: int) -> Array:
        dims = [1] * rank
        dims[dim] = -1
        return xp.reshape(vector, dims)

    position = along(xp.arange(size, dtype=seq_lengths.dtype), seq_dim)
    length = along(seq_lengths, batch_dim)
    source = xp.where(position < length, length - 1 - position, position)
    return (xp.take_along_axis(xp.asarray(tensor), source, axis=seq_dim),)


def roll(_: Attrs, tensor: Array, shift: Array, axis: Array) -> tuple[Array]:
    xp = namespace(tensor, shift)
    axes = _axes(axis, len(np.shape(tensor)))
    shifts = xp.reshape(shift, -1)
    if shifts.shape[0] != len(axes):
        raise InvalidArgumentError(
            None, None, f"shift and axis must have the same size: {shift} and {axis}"
        )
    rolled = tensor
    for i, position in enumerate(axes):
        rolled = xp.roll(rolled, shifts[i], axis=position)
    return (rolled,)


KERNELS = {
    "Reverse": Kernel(reverse, static=("dims",)),
    "ReverseV2": Kernel(reverse_v2, static=("axis",)),
    "ReverseSequence": Kernel(reverse_sequence),
    "Roll": Kernel(roll, static=("axis",)),
}
