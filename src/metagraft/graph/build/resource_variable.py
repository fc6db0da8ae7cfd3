"""Nodes about the variable behind a resource handle."""

from __future__ import annotations

from typing import Any

from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.constant_value import variable_behind
from metagraft.graph.conversion import constant
from metagraft.graph.shapes import is_static
from metagraft.graph.tensor import Tensor


def variable_shape(handle: Tensor, out_type: Any = dtypes.int32) -> Tensor:
    """Return the shape of a variable, as a constant if it is fully known.

    Source: tensorflow python/ops/resource_variable_ops.py variable_shape.
    """
    behind = variable_behind(handle)
    if behind is not None and is_static(behind[0]):
        return constant(list(behind[0] or ()), dtype=out_type)
    result: Tensor = op("VariableShape", input=handle, out_type=out_type)
    return result
