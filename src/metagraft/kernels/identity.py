"""Ops that hand on their operand; twin of `ops/identity.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import lax, namespace


def identity(_: Attrs, tensor: Array) -> tuple[Array]:
    return (tensor,)


def identity_n(_: Attrs, tensors: tuple[Array, ...]) -> tuple[Array, ...]:
    return tuple(tensors)


def bitcast(attrs: Attrs, tensor: Array) -> tuple[Array]:
    """The same bytes as elements of another type."""
    dtype = attrs["type"].numpy_dtype
    width, new_width = tensor.dtype.itemsize, dtype.itemsize
    dims = tensor.shape
    if new_width > width and (not dims or dims[-1] * width != new_width):
        raise InvalidArgumentError(
            None,
            None,
            f"Cannot bitcast from {attrs['T'].as_datatype_enum} to "
            f"{attrs['type'].as_datatype_enum}: the last dimension of {show(dims)} is "
            f"not {new_width // width}",
        )
    if namespace(tensor) is not np:
        return (lax().bitcast_convert_type(tensor, dtype),)
    if width == new_width:
        out_dims: tuple[int, ...] = dims
    elif width > new_width:
        out_dims = (*dims, width // new_width)
    else:
        out_dims = dims[:-1]
    data: Any = np.ascontiguousarray(tensor).reshape(-1).view(dtype)
    return (data.reshape(out_dims),)


KERNELS = {
    "Identity": Kernel(identity),
    "Snapshot": Kernel(identity),
    "StopGradient": Kernel(identity),
    "PreventGradient": Kernel(identity),
    "GuaranteeConst": Kernel(identity),
    "DeepCopy": Kernel(identity),
    "DebugGradientIdentity": Kernel(identity),
    "IdentityN": Kernel(identity_n),
    "Bitcast": Kernel(bitcast),
}
