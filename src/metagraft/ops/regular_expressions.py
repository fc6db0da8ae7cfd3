"""Patterns in strings; twin of `kernels/regular_expressions.py`.

Source: tensorflow core/ops/string_ops.cc; python/ops/string_ops.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.op_spec import NOT_DIFFERENTIABLE, OpSpec, Shapes
from metagraft.graph.shape_checks import with_rank
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]

_SOURCE = "tensorflow core/ops/string_ops.cc"


def regex_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """One result for each string; pattern and rewrite are scalars."""
    for dims in inputs[1:]:
        with_rank(dims, 0)
    return (inputs[0],)


OPS = (
    OpSpec(name="StaticRegexFullMatch", shape=regex_shape, source=_SOURCE),
    OpSpec(name="RegexFullMatch", shape=regex_shape, source=_SOURCE),
    OpSpec(name="StaticRegexReplace", shape=regex_shape, source=_SOURCE),
    OpSpec(
        name="RegexReplace",
        shape=regex_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
)
