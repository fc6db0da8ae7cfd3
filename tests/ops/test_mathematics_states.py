"""Whether an op of mathematics has a gradient is what TensorFlow registers for it."""

from __future__ import annotations

from typing import Any

import pytest

from metagraft.graph import catalogue
from metagraft.graph.op_spec import NO_RULE_YET, NOT_DIFFERENTIABLE, OpSpec
from metagraft.ops import (
    arithmetic,
    broadcasting,
    cast,
    comparison,
    complex_numbers,
    counting,
    cumulative,
    einsum,
    elementwise,
    linear_algebra,
    matmul,
    reduction,
    segment,
    sequences,
    sparse_segment,
    special_functions,
)

FAMILIES: tuple[Any, ...] = (
    arithmetic,
    broadcasting,
    cast,
    comparison,
    complex_numbers,
    counting,
    cumulative,
    einsum,
    elementwise,
    linear_algebra,
    matmul,
    reduction,
    segment,
    sequences,
    sparse_segment,
    special_functions,
)


def _state(spec: OpSpec) -> str:
    if spec.gradient is NOT_DIFFERENTIABLE:
        return "not_differentiable"
    return "none_registered" if spec.gradient is NO_RULE_YET else "function"


@pytest.mark.parametrize(
    "family", FAMILIES, ids=lambda f: f.__name__.rpartition(".")[2]
)
def test_gradient_state(family: Any) -> None:
    """An op has a rule, is not differentiable, or has neither."""
    for spec in family.OPS:
        definition = catalogue.get(spec.name)
        assert definition is not None, spec.name
        # Of removed ops nothing is recorded.
        expected = definition.gradient or _state(spec)
        assert _state(spec) == expected, spec.name
