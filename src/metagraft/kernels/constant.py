"""Constants and placeholders with a default; twin of `ops/constant.py`."""

from __future__ import annotations

from metagraft.graph.attrs import Attrs
from metagraft.kernels.kernel import Array, Kernel
from metagraft.ops.constant import ConstAttrs


def const(attrs: ConstAttrs) -> tuple[Array]:
    return (attrs.array,)


def placeholder_with_default(_: Attrs, default: Array) -> tuple[Array]:
    return (default,)


KERNELS = {
    "Const": Kernel(const),
    "HostConst": Kernel(const),
    "PlaceholderWithDefault": Kernel(placeholder_with_default),
}
