"""Values as text, in the two ways in which TensorFlow shows tensors.

Source: tensorflow core/framework/tensor.cc SummarizeArray, PrintOneDim, PrintOneDimV2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np

__all__ = ["summarize", "summarize_flat"]

HostArray = np.ndarray[Any, Any]
_ESCAPES: Final = {
    ord("\n"): "\\n",
    ord("\r"): "\\r",
    ord("\t"): "\\t",
    ord('"'): '\\"',
    ord("'"): "\\'",
    ord("\\"): "\\\\",
}


def summarize_flat(value: Any, limit: int) -> str:
    """Show the first `limit` elements (all if negative): `[1 2][3...]`.

    This is how Assert and Print show tensors; a vector has no brackets.
    """
    array = np.asarray(value)
    limit = array.size if limit < 0 else min(limit, array.size)
    if array.ndim == 0:
        return element_text(array[()]) if limit else "..."
    left = [limit]
    text = "".join(_flat_axis(array, 0, left))
    return text + ("..." if array.size > limit else "")


def _flat_axis(array: HostArray, depth: int, left: list[int]) -> Iterator[str]:
    if left[0] <= 0:
        return
    if array.ndim == 1:
        for i, item in enumerate(array):
            if left[0] <= 0:
                if depth:
                    yield "..."
                return
            left[0] -= 1
            yield (" " if i else "") + element_text(item)
        return
    for item in array:
        is_open = left[0] > 0
        if is_open:
            yield "["
        yield from _flat_axis(item, depth + 1, left)
        if is_open or left[0] > 0:
            yield "]"


def summarize(value: Any, count_at_ends: int) -> str:
    """Show the first and last elements of every axis (all if negative).

    This is how `tf.print` shows tensors: `[1 2 3 ... 7 8 9]`, strings quoted.
    """
    array = np.asarray(value)
    if count_at_ends == 0 and array.ndim == 0:
        return "..."
    count = max(array.shape, default=0) if count_at_ends < 0 else count_at_ends
    return "".join(_nested_axis(array, 0, array.ndim, count))


def _nested_axis(array: HostArray, depth: int, rank: int, count: int) -> Iterator[str]:
    if depth == rank:
        yield element_text(array[()], quoted=True)
        return
    size = array.shape[0]
    space = " " if depth == rank - 1 else "\n" * (rank - depth - 1) + " " * (depth + 1)
    yield "["
    for i in range(min(count, size)):
        yield space if i else ""
        yield from _nested_axis(np.asarray(array[i]), depth + 1, rank, count)
    if size > 2 * count:
        yield space + "..."
    for i in range(max(count, size - count), size):
        yield space
        yield from _nested_axis(np.asarray(array[i]), depth + 1, rank, count)
    yield "]"


def element_text(item: Any, *, quoted: bool = False) -> str:
    """Show one element; bytes with escapes, numbers as short as they are exact.

    Quoted bytes that are no UTF-8 come as lone surrogates, others as escapes.
    """
    if isinstance(item, bytes):
        escaped = b"".join(map(_byte_text, item))
        if quoted:
            return f'"{escaped.decode("utf-8", "surrogateescape")}"'
        return escaped.decode("utf-8", "backslashreplace")
    if isinstance(item, bool | np.bool_):
        return str(int(item))
    if isinstance(item, complex | np.complexfloating):
        return f"({element_text(item.real)},{element_text(item.imag)})"
    if isinstance(item, int | np.integer):
        return str(int(item))
    return _float_text(item)


def _byte_text(byte: int) -> bytes:
    if byte in _ESCAPES:
        return _ESCAPES[byte].encode()
    # What is no ASCII is part of a letter.
    if 32 <= byte < 127 or byte >= 128:
        return bytes([byte])
    return f"\\{byte:03o}".encode()


def _float_text(item: Any) -> str:
    dtype: Any = np.float64 if isinstance(item, float | np.float64) else np.float32
    digits, most = (15, 17) if dtype is np.float64 else (6, 9)
    number = dtype(item)
    short = f"{number:.{digits}g}"
    is_exact = np.isnan(number) or dtype(short) == number
    return short if is_exact else f"{number:.{most}g}"
