"""Values that stay in the session between runs; twin of `kernels/session_tensors.py`.

Source: tensorflow core/ops/data_flow_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from metagraft.graph.attrs import Attrs
from metagraft.graph.op_spec import NOT_DIFFERENTIABLE, OpSpec, Shapes
from metagraft.graph.shapes import Dims

_SOURCE: Final = "tensorflow core/ops/data_flow_ops.cc"


def handle_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A scalar."""
    del attrs, inputs
    return ((),)


def value_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Unknown."""
    del attrs, inputs
    return (None,)


OPS = tuple(
    OpSpec(
        name=name,
        shape=shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
        ranks="" if shape is handle_shape else "0",
    )
    for name, shape in (
        ("DeleteSessionTensor", None),
        ("GetSessionHandle", handle_shape),
        ("GetSessionHandleV2", handle_shape),
        ("GetSessionTensor", value_shape),
    )
)
