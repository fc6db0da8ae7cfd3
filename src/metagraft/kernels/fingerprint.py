"""Hashes of rows, on the host; twin of `ops/fingerprint.py`.

Source: tensorflow core/kernels/fingerprint_op.cc.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.graph.shapes import show
from metagraft.kernels.hashes import fingerprint64
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
    rows = data.reshape(data.shape[0], -1) if data.size else data
    if data.dtype != object:
        return (_hashed(row.tobytes() for row in rows),)
    if data.size == data.shape[0]:
        return (_hashed(rows.reshape(-1).tolist()),)
    # The strings of a row are hashed one by one, then their hashes together.
    inner = _hashed(rows.reshape(-1).tolist())
    return (_hashed(row.tobytes() for row in inner.reshape(data.shape[0], -1)),)


def _hashed(texts: Iterable[bytes]) -> Array:
    """Return the fingerprint of every text, `uint8[texts, 8]`."""
    numbers = np.array([fingerprint64(text) for text in texts], "<u8")
    return numbers.view(np.uint8).reshape(-1, 8)


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


KERNELS = {"Fingerprint": Kernel(fingerprint, host=True)}
