"""Constants and placeholders with a default; twin of `ops/constant.py`."""

from __future__ import annotations

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.formats.files import read_bytes
from metagraft.formats.names import decode_name
from metagraft.graph.attrs import Attrs
from metagraft.graph.shapes import show
from metagraft.kernels.kernel import Array, Kernel
from metagraft.ops.constant import ConstAttrs


def const(attrs: ConstAttrs) -> tuple[Array]:
    return (attrs.array,)


def immutable_const(attrs: Attrs) -> tuple[Array]:
    """Return what a file holds.

    Raises:
        InvalidArgumentError: It has too few bytes.
    """
    dtype, shape = np.dtype(attrs["dtype"].as_numpy_dtype), attrs["shape"]
    name = decode_name(attrs["memory_region_name"])
    content = read_bytes(name)
    wanted = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    if dtype.hasobject or len(content) < wanted:
        raise InvalidArgumentError(
            None,
            None,
            f"Region '{name}' has {len(content)} bytes, not the {wanted} of a tensor "
            f"of type {dtype} and shape {show(shape)}.",
        )
    return (np.frombuffer(content[:wanted], dtype).reshape(shape),)


def placeholder_with_default(_: Attrs, default: Array) -> tuple[Array]:
    return (default,)


KERNELS = {
    "Const": Kernel(const),
    "HostConst": Kernel(const),
    "ImmutableConst": Kernel(immutable_const, host=True, files=True),
    "PlaceholderWithDefault": Kernel(placeholder_with_default),
}
