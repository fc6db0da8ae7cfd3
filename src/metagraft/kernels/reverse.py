"""Reversing and rolling; twin of `ops/reverse.py`."""

from __future__ import annotations

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import is_host, namespace


def _axes(values: Array, rank: int) -> tuple[int, ...]:
    axes = tuple(int(v) for v in np.reshape(values, -1))
    for place, axis in enumerate(axes):
        if not -rank <= axis < rank:
            raise InvalidArgumentError(
                None,
                None,
                f"'axis'[{place}] = {axis} is out of valid range [0, {rank - 1}",
            )
    return tuple(axis % rank for axis in axes)


def _check_vector(dims: Array) -> None:
    if np.ndim(dims) != 1:
        raise InvalidArgumentError(
            None, None, f"'dims' must be 1-dimension, not {np.ndim(dims)}"
        )


def reverse(_: Attrs, tensor: Array, dims: Array) -> tuple[Array]:
    rank = len(np.shape(tensor))
    if not rank:
        return (tensor,)
    _check_vector(dims)
    if len(dims) != rank:
        raise InvalidArgumentError(
            None,
            None,
            "'dims' must have the same number of values as 'input' has dimensions. "
            f"'input' has {rank}'dims' has {len(dims)} values",
        )
    axes = tuple(i for i, flag in enumerate(dims) if flag)
    return (namespace(tensor).flip(tensor, axes) if axes else tensor,)


def reverse_v2(_: Attrs, tensor: Array, axis: Array) -> tuple[Array]:
    if not np.ndim(tensor) or not np.size(tensor):
        return (tensor,)
    _check_vector(axis)
    axes = _axes(axis, len(np.shape(tensor)))
    for axis in axes:
        if axes.count(axis) > 1:
            raise InvalidArgumentError(
                None, None, f"axis {axis} specified more than once."
            )
    return (namespace(tensor).flip(tensor, axes) if axes else tensor,)


def _check_sequences(
    dims: tuple[int, ...], lengths: Array, seq_dim: int, batch_dim: int
) -> None:
    """Check what `ReverseSequence` is given.

    Raises:
        InvalidArgumentError: Axes do not exist, or lengths do not fit.
    """
    rank = len(dims)
    for name, axis in (("seq_dim", seq_dim), ("batch_dim", batch_dim)):
        if axis >= rank:
            raise InvalidArgumentError(
                None, None, f"{name} must be < input rank ( {axis} vs. {rank})"
            )
        if axis < 0:
            raise InvalidArgumentError(None, None, f"Invalid {name} {axis}")
    if batch_dim == seq_dim:
        raise InvalidArgumentError(None, None, f"batch_dim == seq_dim == {seq_dim}")
    if lengths.shape[0] != dims[batch_dim]:
        raise InvalidArgumentError(
            None,
            None,
            f"Length of seq_lengths != input.dims({batch_dim}),"
            f" ({lengths.shape[0]} vs. {dims[batch_dim]})",
        )
    if not is_host(lengths):
        return
    for wrong, relation in (
        (lengths < 0, "< 0"),
        (lengths > dims[seq_dim], f"> input.dims({seq_dim})"),
    ):
        if np.any(wrong):
            place = np.flatnonzero(wrong)[0]
            raise InvalidArgumentError(None, None, f"seq_lens({place}) {relation}")


def reverse_sequence(attrs: Attrs, tensor: Array, seq_lengths: Array) -> tuple[Array]:
    xp = namespace(tensor, seq_lengths)
    seq_dim, batch_dim = int(attrs["seq_dim"]), int(attrs["batch_dim"])
    rank = len(np.shape(tensor))
    _check_sequences(np.shape(tensor), seq_lengths, seq_dim, batch_dim)
    size = np.shape(tensor)[seq_dim]

    def along(vector: Array, dim: int) -> Array:
        dims = [1] * rank
        dims[dim] = -1
        return xp.reshape(vector, dims)

    position = along(xp.arange(size, dtype=seq_lengths.dtype), seq_dim)
    length = along(seq_lengths, batch_dim)
    source = xp.where(position < length, length - 1 - position, position)
    return (xp.take_along_axis(xp.asarray(tensor), source, axis=seq_dim),)


def _check_roll(rank: int, shift: tuple[int, ...], axis: tuple[int, ...]) -> None:
    if rank < 1:
        raise InvalidArgumentError(None, None, "input must be 1-D or higher")
    for name, shape in (("shift", shift), ("axis", axis)):
        if len(shape) > 1:
            raise InvalidArgumentError(
                None,
                None,
                f"{name} must be a scalar or a 1-D vector. Found: {show(shape)}",
            )
    if shift != axis:
        raise InvalidArgumentError(None, None, "shift and axis must have the same size")


def roll(_: Attrs, tensor: Array, shift: Array, axis: Array) -> tuple[Array]:
    xp = namespace(tensor, shift)
    rank = len(np.shape(tensor))
    _check_roll(rank, np.shape(shift), np.shape(axis))
    axes = [int(position) for position in np.reshape(axis, -1)]
    for position in axes:
        if not -rank <= position < rank:
            wrong = position + rank if position < 0 else position
            raise InvalidArgumentError(None, None, f"axis {wrong} is out of range")
    shifts = xp.reshape(shift, -1)
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
