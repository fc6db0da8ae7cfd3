"""Hashes of rows; twin of `kernels/fingerprint.py`.

Source: tensorflow core/ops/array_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.op_spec import OpSpec, Shapes
from metagraft.graph.shape_checks import with_rank, with_rank_at_least
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]

_SIZE = 8


def fingerprint_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """`[rows, ...]` -> `[rows, 8]`."""
    dims = with_rank_at_least(inputs[0], 1)
    with_rank(inputs[1], 0)
    method = inputs.value(1)
    if method is not None and method.item() != b"farmhash64":
        raise ValueError(f"Unsupported method: {method.item().decode()}")
    size = None if method is None else _SIZE
    return ((None if dims is None else dims[0], size),)


OPS = (
    OpSpec(
        name="Fingerprint",
        shape=fingerprint_shape,
        source="tensorflow core/ops/array_ops.cc",
    ),
)
