"""Conditions of any type as booleans; twin of `ops/functional.py`.

What takes functions is replaced by their nodes before a run, see
`runtime/function_lowering.py`.
"""

from __future__ import annotations

import numpy as np

from metagraft.graph.attrs import Attrs
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import namespace


def to_bool(_: Attrs, value: Array) -> tuple[Array]:
    """A scalar is true unless it is zero or empty; an array unless it is empty."""
    if value.shape:
        return (np.bool_(value.size > 0),)
    if value.dtype == object:
        return (np.bool_(len(value.item()) > 0),)
    zero = namespace(value).zeros((), value.dtype)
    return (value != zero,)


KERNELS: dict[str, Kernel] = {"ToBool": Kernel(to_bool)}
