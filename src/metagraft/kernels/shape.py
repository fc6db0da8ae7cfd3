"""Shapes as values; twin of `ops/shape.py`.

Shape, Size and Rank answer with host arrays also while a program is traced, so that
whatever is computed from a shape stays known.
"""

from __future__ import annotations

import math

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.graph.shapes import dims_compatible, show
from metagraft.kernels.kernel import FIRST_INPUT, Array, Kernel


def shape(attrs: Attrs, tensor: Array) -> tuple[Array]:
    return (np.array(np.shape(tensor), attrs["out_type"].numpy_dtype),)


def shape_n(attrs: Attrs, tensors: tuple[Array, ...]) -> tuple[Array, ...]:
    dtype = attrs["out_type"].numpy_dtype
    return tuple(np.array(np.shape(tensor), dtype) for tensor in tensors)


def size(attrs: Attrs, tensor: Array) -> tuple[Array]:
    return (np.array(math.prod(np.shape(tensor)), attrs["out_type"].numpy_dtype),)


def rank(_: Attrs, tensor: Array) -> tuple[Array]:
    return (np.array(len(np.shape(tensor)), np.int32),)


def broadcast_args(_: Attrs, s0: Array, s1: Array) -> tuple[Array]:
    for place, sizes in enumerate((s0, s1)):
        if np.ndim(sizes) != 1:
            raise InvalidArgumentError(
                None, None, f"In[{place}] must be a vector.{show(np.shape(sizes))}"
            )
    try:
        dims = np.broadcast_shapes(_as_tuple(s0), _as_tuple(s1))
    except ValueError:
        raise InvalidArgumentError(
            None,
            None,
            f"Incompatible shapes: {show(_as_tuple(s0))} vs {show(_as_tuple(s1))}",
        ) from None
    return (np.array(dims, s0.dtype),)


def ensure_shape(attrs: Attrs, tensor: Array) -> tuple[Array]:
    if not dims_compatible(np.shape(tensor), attrs["shape"]):
        raise InvalidArgumentError(
            None,
            None,
            f"Shape of tensor {FIRST_INPUT} {show(np.shape(tensor))} is not compatible"
            f" with expected shape {show(attrs['shape'])}.",
        )
    return (tensor,)


def _as_tuple(dims: Array) -> tuple[int, ...]:
    return tuple(int(d) for d in dims)


KERNELS = {
    "Shape": Kernel(shape),
    "ShapeN": Kernel(shape_n),
    "Size": Kernel(size),
    "Rank": Kernel(rank),
    "BroadcastArgs": Kernel(broadcast_args, static=("s0", "s1")),
    "EnsureShape": Kernel(ensure_shape),
}
