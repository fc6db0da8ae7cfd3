"""Assert, Print and the check for numbers; twin of `ops/checks.py`."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.kernels.kernel import Array, Kernel


def summarize(value: Array, limit: int) -> str:
    """Format the first `limit` elements per axis as TensorFlow does: `[[1 2...]...]`.

    A negative limit means all.

    Source: tensorflow core/framework/tensor.cc Tensor::SummarizeValue (print_v2 off).
    """
    array = np.asarray(value)
    if array.ndim == 0:
        return _show(array[()])
    most = array.size if limit < 0 else limit
    left = [most]
    return _summarize_axis(array, left)


def _summarize_axis(array: np.ndarray[Any, Any], left: list[int]) -> str:
    parts: list[str] = []
    for item in array:
        if left[0] <= 0:
            return "[" + _joined(parts, array.ndim) + "...]"
        if array.ndim == 1:
            parts.append(_show(item))
            left[0] -= 1
        else:
            parts.append(_summarize_axis(item, left))
    return "[" + _joined(parts, array.ndim) + "]"


def _joined(parts: list[str], rank: int) -> str:
    return (" " if rank == 1 else "").join(parts)


def _show(item: Any) -> str:
    if isinstance(item, bytes):
        return '"' + item.decode("utf-8", "backslashreplace") + '"'
    if isinstance(item, bool | np.bool_):
        return str(int(item))
    if isinstance(item, complex | np.complexfloating):
        return f"({_show(item.real)},{_show(item.imag)})"
    if isinstance(item, float | np.floating):
        return f"{float(item):.9g}"
    return str(item)


def assert_(attrs: Attrs, condition: Array, data: tuple[Array, ...]) -> tuple[()]:
    if np.size(condition) != 1:
        raise InvalidArgumentError(
            None, None, f"In[0] should be a scalar: {list(np.shape(condition))}"
        )
    if not np.reshape(condition, ()):
        limit = int(attrs["summarize"])
        parts = [f"[{_plain(value, limit)}]" for value in data]
        raise InvalidArgumentError(None, None, "assertion failed: " + " ".join(parts))
    return ()


def _plain(value: Array, limit: int) -> str:
    text = summarize(value, limit)
    array = np.asarray(value)
    if array.dtype == np.dtype(object):
        return text.replace('"', "") if array.ndim == 0 else text
    return text


def print_(attrs: Attrs, tensor: Array, data: tuple[Array, ...]) -> tuple[Array]:
    """Write the values to the standard error stream, and hand on the tensor."""
    limit = int(attrs["summarize"])
    message = attrs["message"].decode("utf-8", "backslashreplace")
    text = message + "".join(f"[{_plain(value, limit)}]" for value in data)
    sys.stderr.write(text + "\n")
    return (tensor,)


def check_numerics(attrs: Attrs, tensor: Array) -> tuple[Array]:
    return _checked(attrs, tensor, {"Inf": np.isinf(tensor), "NaN": np.isnan(tensor)})


def check_numerics_v2(attrs: Attrs, tensor: Array) -> tuple[Array]:
    found = {
        "-Inf": np.isneginf(tensor),
        "+Inf": np.isposinf(tensor),
        "NaN": np.isnan(tensor),
    }
    return _checked(attrs, tensor, found)


def _checked(attrs: Attrs, tensor: Array, found: dict[str, Array]) -> tuple[Array]:
    names = [name for name, places in found.items() if np.any(places)]
    if names:
        listed = " and ".join(
            [", ".join(names[:-1]), names[-1]] if len(names) > 1 else names
        )
        message = attrs["message"].decode("utf-8", "backslashreplace")
        raise InvalidArgumentError(
            None, None, f"{message} : Tensor had {listed} values"
        )
    return (tensor,)


KERNELS = {
    "Assert": Kernel(assert_, host=True),
    "CheckNumerics": Kernel(check_numerics, host=True),
    "CheckNumericsV2": Kernel(check_numerics_v2, host=True),
    "Print": Kernel(print_, host=True),
}
