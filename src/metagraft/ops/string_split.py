"""Parts of strings; twin of `kernels/string_split.py`.

Source: tensorflow core/ops/string_ops.cc; python/ops/string_ops.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.op_spec import NOT_DIFFERENTIABLE, OpSpec, Shapes
from metagraft.graph.shape_checks import with_rank
from metagraft.graph.shapes import Dims, broadcast_dims, show

__all__ = ["OPS"]

_SOURCE = "tensorflow core/ops/string_ops.cc"


def string_split_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """A sparse matrix: indices `[n, 2]`, values `[n]`, shape `[2]`."""
    with_rank(inputs[0], 1)
    with_rank(inputs[1], 0)
    return ((None, 2), (None,), (2,))


def substr_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Positions and lengths have one shape, which broadcasts with the strings'."""
    _, pos, length = inputs
    if length is not None:
        with_rank(pos, len(length))
    # What is known of one of them only is a mismatch, too.
    if pos is not None and pos != (length or (None,) * len(pos)):
        shown = "?" if length is None else show(length)
        raise ValueError(f"pos and len shapes must match: {show(pos)} vs. {shown}")
    return (broadcast_dims(inputs[0], pos),)


OPS = (
    OpSpec(
        name="StringSplit",
        shape=string_split_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
    OpSpec(name="StringSplitV2", shape=string_split_shape, source=_SOURCE),
    OpSpec(name="Substr", shape=substr_shape, source=_SOURCE),
)
