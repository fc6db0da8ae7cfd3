"""`tf.fingerprint`: hashes of rows.

Source: tensorflow python/ops/array_ops.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.graph.apply_op import op
from metagraft.graph.tensor import Tensor

__all__ = ["fingerprint"]


def fingerprint(
    data: Any, method: Any = "farmhash64", name: str | None = None
) -> Tensor:
    """Return a hash of every row, `uint8[rows, 8]`, the same on all machines.

    Args:
        data: `[rows, ...]` of any type.
        method: Only `farmhash64` is known.
        name: Name of the operation.
    """
    result: Tensor = op("Fingerprint", data=data, method=method, name=name)
    return result
