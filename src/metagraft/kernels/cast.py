"""Changes of the element type; twin of `ops/cast.py`."""

from __future__ import annotations

from typing import Any, Final

import ml_dtypes
import numpy as np

from metagraft.errors import UnimplementedError
from metagraft.graph.dtypes import kernel_name
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import lax, namespace

__all__ = ["KERNELS"]

# The kinds of NumPy's types that hold strings.
_TEXT: Final = "OSU"


def _is_float(dtype: Any) -> bool:
    # The kind of the narrow floats that NumPy does not know is V.
    return dtype.kind in "fV"


def _with_cleared_bits(x: Array, count: int) -> Array:
    """Clear the lowest `count` bits of every element."""
    unsigned = np.dtype(f"u{x.dtype.itemsize}")
    mask = unsigned.type(np.iinfo(unsigned).max - (2**count - 1))
    if namespace(x) is np:
        return (x.view(unsigned) & mask).view(x.dtype)
    bits = lax().bitcast_convert_type(x, unsigned) & mask
    return lax().bitcast_convert_type(bits, x.dtype)


def cast(attrs: Any, x: Array) -> tuple[Array]:
    source = x.dtype
    target = attrs["DstT"].numpy_dtype
    if (source.kind in _TEXT) != (target.kind in _TEXT):
        raise UnimplementedError(
            None,
            None,
            f"Cast {kernel_name(attrs['SrcT'])} to {kernel_name(attrs['DstT'])} is not"
            " supported",
        )
    if source.kind == "c" and target.kind != "c":
        x = x.real
    if target.kind == "b":
        return (x != x.dtype.type(0),)
    if attrs["Truncate"] and _is_float(source) and _is_float(target):
        describe: Any = ml_dtypes.finfo
        surplus = describe(source).nmant - describe(target).nmant
        if surplus > 0:
            x = _with_cleared_bits(x, surplus)
    return (x.astype(target),)


KERNELS = {"Cast": Kernel(cast)}
