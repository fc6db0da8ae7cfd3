"""Qr: decompose matrices into an orthogonal and a triangular one; twin of the kernel.

Source: tensorflow core/ops/linalg_ops.cc QrShapeFn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.op_spec import NO_RULE_YET, OpSpec, Shapes
from metagraft.graph.shape_checks import with_rank_at_least
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]


def qr_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """`[..., m, n]` gives `[..., m, p]` and `[..., p, n]`; p is m or min(m, n)."""
    dims = with_rank_at_least(inputs[0], 2)
    if dims is None:
        return (None, None)
    *batch, m, n = dims
    smaller = None if m is None or n is None else min(m, n)
    p = m if attrs["full_matrices"] else smaller
    return ((*batch, m, p), (*batch, p, n))


OPS = (
    OpSpec(
        name="Qr",
        shape=qr_shape,
        gradient=NO_RULE_YET,
        source="tensorflow core/ops/linalg_ops.cc",
    ),
)
