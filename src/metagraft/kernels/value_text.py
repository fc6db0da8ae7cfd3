"""Values as text, in the two ways in which TensorFlow shows tensors.

Source: tensorflow core/framework/tensor.cc SummarizeArray, PrintOneDim, PrintOneDimV2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
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
    shown = array
    for axis, size in enumerate(array.shape):
        if size > 2 * count:
            ends = [*range(count), *range(size - count, size)]
            shown = np.take(shown, ends, axis)
    texts = iter(_quoted_texts(shown.reshape(-1)))
    return "".join(_nested_axis(texts, array.shape, 0, count))


def _nested_axis(
    texts: Iterator[str], dims: tuple[int, ...], depth: int, count: int
) -> Iterator[str]:
    inner = len(dims) - depth
    if not inner:
        yield next(texts)
        return
    size = dims[depth]
    space = " " if inner == 1 else "\n" * (inner - 1) + " " * (depth + 1)
    dots = [space, "..."] if size > 2 * count else []
    first, last = min(count, size), size - max(count, size - count)
    if inner == 1:
        before, after = islice(texts, first), islice(texts, max(last, 0))
        yield "[" + space.join(before)
        yield "".join([*dots, *(space + text for text in after), "]"])
        return
    yield "["
    for i in range(first):
        yield space if i else ""
        yield from _nested_axis(texts, dims, depth + 1, count)
    yield from dots
    for _ in range(last):
        yield space
        yield from _nested_axis(texts, dims, depth + 1, count)
    yield "]"


def _quoted_texts(items: HostArray) -> list[str]:
    """Show every element of `[n]`, strings quoted: many at once where it matters."""
    kind = items.dtype
    values = items.tolist()
    if kind.kind in "iu":
        return list(map(str, values))
    if kind in (np.float32, np.float64) and values:
        return _float_texts(items, values)
    if kind.kind == "O" and all(isinstance(value, bytes) for value in values):
        joined = b"\n".join(values)
        if joined.count(b"\n") == len(values) - 1 and not _ESCAPED.search(joined):
            plain = joined.decode("utf-8", "surrogateescape").split("\n")
            return [f'"{text}"' for text in plain]
    return [element_text(item, quoted=True) for item in items]


def _float_texts(items: HostArray, values: list[float]) -> list[str]:
    digits, most = _DIGITS[items.dtype.itemsize]
    short = _formatted(f"%.{digits}g", values)
    with np.errstate(over="ignore"):
        read = np.array(list(map(float, short))).astype(items.dtype)
    longer = ((read != items) & ~np.isnan(items)).nonzero()[0].tolist()
    if longer:
        full = _formatted(f"%.{most}g", [values[place] for place in longer])
        for place, text in zip(longer, full, strict=True):
            short[place] = text
    return short


def _formatted(form: str, values: list[float]) -> list[str]:
    return (" ".join([form] * len(values)) % tuple(values)).split(" ")


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


# What `_byte_text` does not leave as it is, but for the ends of lines.
_ESCAPED: Final = re.compile(rb"[\x00-\x09\x0b-\x1f\x7f\"'\\]")
# How many digits are tried first, and how many always tell numbers apart, by bytes.
_DIGITS: Final = {4: (6, 9), 8: (15, 17)}


def _byte_text(byte: int) -> bytes:
    if byte in _ESCAPES:
        return _ESCAPES[byte].encode()
    # What is no ASCII is part of a letter.
    if 32 <= byte < 127 or byte >= 128:
        return bytes([byte])
    return f"\\{byte:03o}".encode()


def _float_text(item: Any) -> str:
    dtype: Any = np.float64 if isinstance(item, float | np.float64) else np.float32
    number = dtype(item)
    digits, most = _DIGITS[number.itemsize]
    short = f"{number:.{digits}g}"
    is_exact = np.isnan(number) or dtype(short) == number
    return short if is_exact else f"{number:.{most}g}"
