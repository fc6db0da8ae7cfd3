"""Single strings: their length, case and white space; twin of `kernels/string.py`.

Source: tensorflow core/ops/string_ops.cc; python/ops/string_ops.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.op_spec import NOT_DIFFERENTIABLE, OpSpec, Shapes
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]

_SOURCE = "tensorflow core/ops/string_ops.cc"


def unchanged_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """One result for each string."""
    return (inputs[0],)


def each_string(name: str) -> OpSpec:
    """Return the row of an op that looks at every string by itself."""
    return OpSpec(name=name, shape=unchanged_shape, source=_SOURCE)


OPS = (
    each_string("StringLength"),
    each_string("StringLower"),
    each_string("StringStrip"),
    each_string("StringUpper"),
    OpSpec(
        name="EncodeBase64",
        shape=unchanged_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
    OpSpec(
        name="DecodeBase64",
        shape=unchanged_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
)
