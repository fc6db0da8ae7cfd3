"""Records of many files in random order; twin of `kernels/record_input.py`.

Source: tensorflow core/ops/data_flow_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence

from metagraft.graph.attrs import Attrs
from metagraft.graph.op_spec import OpSpec, Shapes
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]


def records_shape(_attrs: Attrs, _inputs: Shapes) -> Sequence[Dims]:
    """Records, of which TensorFlow tells no shape."""
    return (None,)


OPS = (
    OpSpec(
        name="RecordInput",
        shape=records_shape,
        source="tensorflow core/ops/data_flow_ops.cc",
    ),
)
