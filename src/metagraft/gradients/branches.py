"""Zeros for the output of a Switch that nothing depends on.

They must be there exactly when the other branch is taken: a Switch of its own guards
them.

Source: tensorflow python/ops/control_flow_state.py ZerosLike.
"""

from __future__ import annotations

from metagraft.graph import dtypes
from metagraft.graph.apply_op import op as apply_op
from metagraft.graph.build.array import identity, shape, zeros, zeros_like
from metagraft.graph.build.switches import switch
from metagraft.graph.cond_context import CondContext
from metagraft.graph.constant_value import variable_behind
from metagraft.graph.control_flow_context import context_of
from metagraft.graph.operation import Operation
from metagraft.graph.scopes import control_dependencies
from metagraft.graph.tensor import Tensor


def zeros_of_switch(op: Operation, index: int) -> Tensor | None:
    """Return zeros like output `index` of a Switch, there when that output is not."""
    output = op.outputs[index]
    context = context_of(op)
    if not isinstance(context, CondContext):
        like: Tensor = zeros_like(output, optimize=False)
        return like
    guarded = switch(op.inputs[0], context.pred)[1 - context.branch]
    pivot = identity(guarded)
    if output.dtype == dtypes.resource:
        behind = variable_behind(output)
        if behind is None:
            return None
        with control_dependencies([pivot]):
            return zeros(apply_op("VariableShape", input=guarded), dtype=behind[1])
    sizes = shape(guarded, optimize=False)
    with control_dependencies([pivot]):
        return zeros(sizes, dtype=output.dtype)
