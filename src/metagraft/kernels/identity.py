"""Ops that hand on their operand; twin of `ops/identity.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import lax, namespace


def identity(_: Attrs, tensor: Array) -> tuple[Array]:
    return (tensor,)


def identity_n(_: Attrs, tensors: tuple[Array, ...]) -> tuple[Array, ...]:
    return tuple(tensors)


def _bitcast_of_parts(tensor: Array, dtype: Any, dims: tuple[int, ...]) -> Array:
    """Reinterpret in a program: XLA does so for numbers that are not complex."""
    xp, convert = namespace(tensor), lax().bitcast_convert_type
    parts = tensor
    if tensor.dtype.kind == "c":
        parts = xp.stack([xp.real(tensor), xp.imag(tensor)], axis=-1)
    data = convert(parts, np.uint8)
    if dtype.kind != "c":
        return convert(data.reshape(*dims, dtype.itemsize), dtype).reshape(dims)
    number = np.dtype(f"f{dtype.itemsize // 2}")
    pairs = convert(data.reshape(*dims, 2, number.itemsize), number)
    return lax().complex(pairs[..., 0], pairs[..., 1])


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
            f"{attrs['type'].as_datatype_enum}",
        )
    if width == new_width:
        out_dims: tuple[int, ...] = dims
    elif width > new_width:
        out_dims = (*dims, width // new_width)
    else:
        out_dims = dims[:-1]
    if namespace(tensor) is not np:
        if "c" in tensor.dtype.kind + dtype.kind:
            return (_bitcast_of_parts(tensor, dtype, out_dims),)
        return (lax().bitcast_convert_type(tensor, dtype),)
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
