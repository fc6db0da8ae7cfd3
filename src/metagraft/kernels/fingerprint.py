"""Hashes of rows, on the host; twin of `ops/fingerprint.py`.

Source: tensorflow core/kernels/fingerprint_op.cc.
"""

from __future__ import annotations

import math

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.graph.shapes import show
from metagraft.kernels.hash_arrays import fingerprints64, row_fingerprints64
from metagraft.kernels.kernel import Array, Kernel


def fingerprint(_attrs: Attrs, data: Array, method: Array) -> tuple[Array]:
    if np.ndim(method):
        raise _invalid(f"`method` should be a scalar string: {show(method.shape)}")
    if method.item() != b"farmhash64":
        name = method.item().decode("utf-8", "backslashreplace")
        raise _invalid(f"Unsupported fingerprint method: {name}")
    if not np.ndim(data):
        raise _invalid(
            f"`data` should have at least one dimension: {show(np.shape(data))}"
        )
    if data.dtype != object:
        return (_shown(_of_rows(data)),)
    inner = fingerprints64(data.reshape(-1).tolist())
    if data.size == data.shape[0]:
        return (_shown(inner),)
    # The strings of a row are hashed one by one, then their hashes together.
    return (_shown(_of_rows(inner.astype("<u8").reshape(data.shape))),)


def _of_rows(data: Array) -> Array:
    """Return the fingerprints of the bytes of each row."""
    size = data.itemsize * math.prod(data.shape[1:])
    content = np.ascontiguousarray(data).reshape(-1).view(np.uint8)
    return row_fingerprints64(content.reshape(data.shape[0], size))


def _shown(numbers: Array) -> Array:
    """Return numbers as their bytes, `uint8[n, 8]`."""
    return numbers.astype("<u8").view(np.uint8).reshape(-1, 8)


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


KERNELS = {"Fingerprint": Kernel(fingerprint, host=True)}
