"""Connected parts of images; twin of `kernels/image_components.py`.

Source: tensorflow contrib/image/ops/image_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.op_spec import OpSpec, Shapes
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]


def components_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """A number for every pixel."""
    return (inputs[0],)


OPS = (
    OpSpec(
        name="ImageConnectedComponents",
        shape=components_shape,
        source="tensorflow contrib/image/ops/image_ops.cc",
    ),
)
