"""Conditions of any type as booleans; twin of `ops/functional.py`.

What takes functions is replaced by their nodes before a run, see
`runtime/function_lowering.py`.
"""

from __future__ import annotations

import numpy as np

from metagraft.graph.attrs import Attrs
from metagraft.graph.dtypes import string
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


def fake_param(attrs: Attrs) -> tuple[Array]:
    """What stands for a value that nobody reads; a size that is not known is 0."""
    sizes = tuple(size or 0 for size in attrs["shape"] or ())
    kind = attrs["dtype"].numpy_dtype
    if attrs["dtype"] == string:
        return (np.full(sizes, b"", object),)
    return (np.zeros(sizes, kind),)


def device_index(attrs: Attrs) -> tuple[Array]:
    """Where the CPU is among kinds of devices, or how many there are without it.

    # TF: looks for the kind of device that it runs on.
    """
    names = [name.decode() for name in attrs["device_names"]]
    return (np.int32(names.index("CPU") if "CPU" in names else len(names)),)


KERNELS: dict[str, Kernel] = {
    "DeviceIndex": Kernel(device_index),
    "FakeParam": Kernel(fake_param),
    "ToBool": Kernel(to_bool),
}
