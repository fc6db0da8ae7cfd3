"""Strings; twin of `kernels/string.py`.

Source: tensorflow core/ops/string_ops.cc; python/ops/string_ops.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.op_spec import NOT_DIFFERENTIABLE, OpSpec, Shapes
from metagraft.graph.shape_checks import merged, with_rank
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]

_SOURCE = "tensorflow core/ops/string_ops.cc"


def unchanged_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """One result for each string."""
    return (inputs[0],)


def regex_full_match_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """One result for each string; the pattern is a scalar."""
    with_rank(inputs[1], 0)
    return (inputs[0],)


def string_join_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Scalars are joined to every string of the others, which have one shape."""
    if all(dims == () for dims in inputs):
        return ((),)
    out: Dims = None
    for dims in inputs:
        if dims:
            out = merged(out, dims)
    return (out,)


OPS = (
    OpSpec(
        name="StaticRegexFullMatch",
        shape=unchanged_shape,
        source=_SOURCE,
    ),
    OpSpec(
        name="RegexFullMatch",
        shape=regex_full_match_shape,
        source=_SOURCE,
    ),
    OpSpec(
        name="StringJoin",
        shape=string_join_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
)
