"""Updates of parts of a variable; twin of `kernels/variable_scatter.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from metagraft.graph.dtypes import resource
from metagraft.graph.op_spec import (
    NO_RULE_YET,
    NOT_DIFFERENTIABLE,
    NoGradient,
    OpSpec,
    Shapes,
)
from metagraft.graph.shape_checks import merged, with_rank_at_least
from metagraft.graph.shapes import Dims
from metagraft.ops.scatter import check_slices

Attributes = Mapping[str, Any]
SOURCE = "tensorflow core/ops/state_ops.cc"


def _variable(inputs: Shapes) -> Dims:
    if inputs.dtype(0).base_dtype != resource:
        return inputs[0]
    behind = inputs.handle(0)
    return None if behind is None else behind[0]


def _result(inputs: Shapes, variable: Dims) -> tuple[Dims, ...]:
    return (variable,) if inputs.dtype(0).base_dtype != resource else ()


def scatter_rows_shape(_: Attributes, inputs: Shapes) -> tuple[Dims, ...]:
    """`updates` is a scalar or has shape `[*indices, *variable[1:]]`."""
    variable = _variable(inputs)
    indices, updates = inputs[1], inputs[2]
    if updates != () and variable is not None and indices is not None:
        merged(updates, (*indices, *variable[1:]))
    return _result(inputs, variable)


def scatter_slices_shape(_: Attributes, inputs: Shapes) -> tuple[Dims, ...]:
    """`updates` has shape `[*indices[:-1], *variable[indices[-1]:]]`."""
    variable = _variable(inputs)
    indices, updates = (with_rank_at_least(inputs[i], 1) for i in (1, 2))
    check_slices(variable, indices, updates)
    return _result(inputs, variable)


# Combination -> what TensorFlow registers as the gradient of the op on references
_ROWS: dict[str, NoGradient] = {
    "Update": NO_RULE_YET,
    "Add": NOT_DIFFERENTIABLE,
    "Sub": NOT_DIFFERENTIABLE,
    "Mul": NOT_DIFFERENTIABLE,
    "Div": NOT_DIFFERENTIABLE,
    "Min": NO_RULE_YET,
    "Max": NO_RULE_YET,
}
_SLICES: dict[str, NoGradient] = {
    "Update": NOT_DIFFERENTIABLE,
    "Add": NOT_DIFFERENTIABLE,
    "Sub": NOT_DIFFERENTIABLE,
    "Min": NO_RULE_YET,
    "Max": NO_RULE_YET,
}
_SLICE_RANKS = "-pp"

OPS = (
    *(
        OpSpec(
            name=f"Scatter{combine}",
            shape=scatter_rows_shape,
            gradient=gradient,
            source=SOURCE,
        )
        for combine, gradient in _ROWS.items()
    ),
    *(
        OpSpec(
            name=f"ScatterNd{combine}",
            shape=scatter_slices_shape,
            ranks=_SLICE_RANKS,
            gradient=gradient,
            source=SOURCE,
        )
        for combine, gradient in _SLICES.items()
    ),
    *(
        OpSpec(
            name=f"ResourceScatter{combine}",
            shape=scatter_rows_shape,
            source="tensorflow core/ops/resource_variable_ops.cc",
        )
        for combine in _ROWS
    ),
    *(
        OpSpec(
            name=f"ResourceScatterNd{combine}",
            shape=scatter_slices_shape,
            ranks=_SLICE_RANKS,
            source=SOURCE,
        )
        for combine in _SLICES
    ),
)
