"""Rows of a tensor changed in its own memory; twin of `kernels/inplace.py`.

Source: tensorflow core/ops/array_ops.cc, core/kernels/inplace_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.op_spec import OpSpec, Shapes
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]


def first_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The tensor keeps its shape."""
    return (inputs[0],)


OPS = tuple(
    OpSpec(name=name, shape=first_shape, source="tensorflow core/ops/array_ops.cc")
    for name in ("InplaceAdd", "InplaceSub", "InplaceUpdate")
)
