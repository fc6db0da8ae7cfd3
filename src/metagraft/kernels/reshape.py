"""The same elements in another arrangement; twin of `ops/reshape.py`."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import namespace

_MOST_DIMS: Final = 254


def reshape(_: Attrs, tensor: Array, shape: Array) -> tuple[Array]:
    if np.ndim(shape) > 1:
        raise InvalidArgumentError(
            None, None, f"sizes input must be 1-D, not {show(np.shape(shape))}"
        )
    dims: list[int] = np.reshape(shape, -1).tolist()  # a number is a vector, too
    if len(dims) >= _MOST_DIMS:
        raise InvalidArgumentError(
            None,
            None,
            f"too many dimensions: must be < {_MOST_DIMS}, but received {len(dims)}",
        )
    count = math.prod(np.shape(tensor))
    if min(dims, default=0) >= 0 and math.prod(dims) == count:
        return (namespace(tensor).reshape(tensor, tuple(dims)),)
    unknown = [i for i, d in enumerate(dims) if d == -1]
    if len(unknown) > 1:
        raise InvalidArgumentError(
            None,
            None,
            f"Only one input size may be -1, not both {unknown[0]} and {unknown[1]}",
        )
    for i, d in enumerate(dims):
        if d < -1:
            raise InvalidArgumentError(
                None, None, f"Size {i} must be non-negative, not {d}"
            )
    if unknown:
        dims[unknown[0]] = _missing_dim(np.shape(tensor), dims, unknown[0])
    if math.prod(dims) != count:
        raise InvalidArgumentError(
            None,
            None,
            f"Input to reshape is a tensor with {count} values, but the requested"
            f" shape has {math.prod(dims)}",
        )
    return (namespace(tensor).reshape(tensor, tuple(dims)),)


def _missing_dim(given: tuple[int, ...], dims: list[int], position: int) -> int:
    known = math.prod(d for i, d in enumerate(dims) if i != position)
    if known == 0:
        # TF: for a tensor of nothing, sizes of zero are left out of account.
        sizes = math.prod(size for size in given if size)
        return sizes // math.prod(d for d in dims if d > 0)
    count = math.prod(given)
    if count % known:
        raise InvalidArgumentError(
            None,
            None,
            f"Input to reshape is a tensor with {count} values, but the requested"
            f" shape requires a multiple of {known}",
        )
    return count // known


def expand_dims(_: Attrs, tensor: Array, dim: Array) -> tuple[Array]:
    if np.size(dim) != 1:
        raise InvalidArgumentError(
            None, None, "'dim' must be a tensor with a single value"
        )
    rank = len(np.shape(tensor))
    axis = int(np.reshape(dim, ()))
    if not -rank - 1 <= axis <= rank:
        raise InvalidArgumentError(
            None,
            None,
            f"Tried to expand dim index {axis} for tensor with {rank} dimensions.",
        )
    return (namespace(tensor).expand_dims(tensor, axis),)


def squeeze(attrs: Attrs, tensor: Array) -> tuple[Array]:
    dims = np.shape(tensor)
    axes = [int(a) for a in attrs["squeeze_dims"]]
    for axis in axes:
        if not -len(dims) <= axis < len(dims):
            raise InvalidArgumentError(
                None,
                None,
                f"Tried to squeeze dim index {axis} for tensor with {len(dims)}"
                " dimensions.",
            )
        if dims[axis] != 1:
            raise InvalidArgumentError(
                None,
                None,
                f"Can not squeeze dim[{axis}], expected a dimension of 1, got"
                f" {dims[axis]}",
            )
    chosen = {a % len(dims) for a in axes} or {i for i, d in enumerate(dims) if d == 1}
    kept = tuple(d for i, d in enumerate(dims) if i not in chosen)
    return (namespace(tensor).reshape(tensor, kept),)


def _permutation(rank: int, axes: list[int]) -> list[int]:
    if len(axes) != rank:
        raise InvalidArgumentError(
            None,
            None,
            f"transpose expects a vector of size {rank}. But input(1) is a vector of"
            f" size {len(axes)}",
        )
    for axis in axes:
        if not -rank <= axis < rank:
            raise InvalidArgumentError(
                None, None, f"{axis} is out of range [0 .. {rank})"
            )
    places = [axis % rank for axis in axes]
    missing = [axis for axis in range(rank) if axis not in places]
    if missing:
        raise InvalidArgumentError(
            None,
            None,
            f"{missing[0]} is missing from {{{','.join(map(str, axes))}}}.",
        )
    return places


def transpose(_: Attrs, tensor: Array, perm: Array) -> tuple[Array]:
    rank = len(np.shape(tensor))
    if np.ndim(perm) != 1:
        raise InvalidArgumentError(
            None, None, f"perm must be rank 1, got shape {show(perm.shape)}"
        )
    axes = _permutation(rank, [int(a) for a in perm])
    return (namespace(tensor).transpose(tensor, axes),)


def conjugate_transpose(attrs: Attrs, tensor: Array, perm: Array) -> tuple[Array]:
    (transposed,) = transpose(attrs, tensor, perm)
    if not attrs["T"].is_complex:
        return (transposed,)
    return (namespace(transposed).conjugate(transposed),)


def invert_permutation(_: Attrs, perm: Array) -> tuple[Array]:
    xp = namespace(perm)
    positions = xp.arange(perm.shape[0], dtype=perm.dtype)
    if xp is not np:
        return (xp.zeros_like(perm).at[perm].set(positions),)
    outside = perm[(perm < 0) | (perm >= len(perm))]
    if outside.size:
        raise InvalidArgumentError(
            None, None, f"{outside[0]} is not between 0 and {len(perm)}"
        )
    counts = np.bincount(perm, minlength=len(perm))
    if np.any(counts > 1):
        again = next(v for i, v in enumerate(perm) if v in perm[:i])
        raise InvalidArgumentError(None, None, f"{again} is duplicated in the input.")
    inverse = np.empty_like(perm)
    inverse[perm] = positions
    return (inverse,)


KERNELS = {
    "Reshape": Kernel(reshape, static=("shape",)),
    "ExpandDims": Kernel(expand_dims, static=("dim",)),
    "Squeeze": Kernel(squeeze),
    "Transpose": Kernel(transpose, static=("perm",)),
    "ConjugateTranspose": Kernel(conjugate_transpose, static=("perm",)),
    "InvertPermutation": Kernel(invert_permutation),
}
