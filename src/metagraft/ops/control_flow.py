"""Branches and loops of version 1: Switch, Merge, frames; see runtime/control_flow.py.

The gradient of a Switch is a Merge and the other way round; a loop has another loop as
its gradient, whose state `graph/loop_gradient.py` keeps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.attrs import Attrs
from metagraft.graph.build.frames import enter, exit_frame
from metagraft.graph.build.math import equal
from metagraft.graph.build.switches import merge, switch, switch_in_place
from metagraft.graph.composite import IndexedSlices, SparseTensor
from metagraft.graph.cond_context import CondContext
from metagraft.graph.control_flow_context import context_of, output_context
from metagraft.graph.defaults import get_default_graph
from metagraft.graph.dtypes import resource
from metagraft.graph.op_spec import (
    NOT_DIFFERENTIABLE,
    GradientBuilder,
    OpSpec,
    Shapes,
)
from metagraft.graph.operation import Operation
from metagraft.graph.shape_checks import with_rank
from metagraft.graph.shapes import Dims, is_static
from metagraft.graph.structure import flatten
from metagraft.graph.tensor import Tensor

# -- shapes ----------------------------------------------------------------------------


def switch_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Both outputs have the shape of the value; the predicate is a scalar."""
    del attrs
    with_rank(inputs[1], 0)
    return (inputs[0], inputs[0])


def merge_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """What all inputs have in common; then the scalar position."""
    del attrs
    common = inputs[0]
    for dims in inputs[1:]:
        if common is None or dims is None or len(dims) != len(common):
            common = None
            break
        pairs = zip(common, dims, strict=True)
        common = tuple(a if a == b else None for a, b in pairs)
    return (common, ())


def enter_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Known if the value stays the same in all iterations."""
    if inputs.dtype(0) == resource and inputs.handle(0) is not None:
        return (None,)
    return (inputs[0] if attrs["is_constant"] else None,)


def unchanged_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The shape of the operand."""
    del attrs
    return (inputs[0],)


def ref_select_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """That of all variables, if they have one; the index is a scalar."""
    del attrs
    with_rank(inputs[0], 0)
    first = inputs[1]
    alike = is_static(first) and all(dims == first for dims in inputs[2:])
    return (first if alike else None,)


def loop_cond_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A scalar."""
    del attrs
    return (with_rank(inputs[0], 0),)


def no_outputs(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Nothing."""
    del attrs, inputs
    return ()


# -- gradients of branches -------------------------------------------------------------


def switch_gradient(g: GradientBuilder, op: Operation, *dys: Any) -> Sequence[Any]:
    """Merge the gradients of both outputs.

    The Switch of a loop is visited twice: first from the exit, when the Merge is made,
    then from the body, when the Merge gets the value of the next iteration.
    """
    del g
    context = context_of(op)
    if context is None:
        pred = op.inputs[1]
        on_false, on_true = switch(dys[0], pred)[0], switch(dys[1], pred)[1]
        return [merge([on_false, on_true])[0], None]
    if isinstance(context, CondContext):
        if dys[1 - context.branch] is not None:
            return [merge(dys, name="cond_grad")[0], None]
        if op.inputs[0].dtype != resource:
            return [None, None]
        # There are no zeros for a variable behind a handle: both inputs are one.
        both = [dys[context.branch]] * 2
        return [merge(both, name="cond_resource_grad")[0], None]
    return _loop_switch_gradient(op, *dys)


def _loop_switch_gradient(op: Operation, *dys: Any) -> Sequence[Any]:
    from metagraft.graph.while_context import add_back_edge

    context = get_default_graph().scopes.context
    assert context is not None, op.name
    merges = context.grad_state.switch_map
    merged = merges.get(op)
    if merged is not None:
        if dys[1] is not None:
            add_back_edge(merged, dys[1], enforce_shape_invariant=False)
        return [None, None]
    if dys[0] is None:
        return [None, None]
    merged = merge([dys[0], dys[0]], name="b_switch")[0]
    merges[op] = merged
    return [merged, None]


def merge_gradient(g: GradientBuilder, op: Operation, *dys: Any) -> Sequence[Any]:
    """Send the gradient to the input that was taken."""
    del g
    dy = dys[0]
    inner = output_context(op.inputs[0].op)
    context = get_default_graph().scopes.context
    if inner is None:
        taken = [equal(op.outputs[1], i) for i in range(len(op.inputs))]
        return [switch_in_place(dy, pred)[1] for pred in taken]
    if not isinstance(inner, CondContext):
        assert context is not None, op.name
        return switch_in_place(dy, context.pivot)  # type: ignore[attr-defined]
    pred = inner.pred
    if context is not None and context.grad_state is not None:
        pred = context.grad_state.predicate_history(pred)
    return switch_in_place(dy, pred, name="cond_grad")


# -- gradients of loops ----------------------------------------------------------------


def exit_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """Let the gradient into the loop of the gradient.

    Raises:
        TypeError: The loop is itself one of a gradient.
    """
    del g
    forward, context = context_of(op), get_default_graph().scopes.context
    if context is None or not context.back_prop:
        return [None]
    if forward is not None and forward.grad_state is not None:
        raise TypeError("Second-order gradient for while loops not supported.")
    if not isinstance(dy, Tensor | IndexedSlices | SparseTensor):
        raise TypeError(
            f"Type {type(dy)} not supported, must be either`indexed_slices."
            "IndexedSlices` or `SparseTensor`."
        )
    context.values.update(tensor.name for tensor in flatten(dy))
    loop = context.while_context()
    assert loop is not None, op.name
    loop.enter()
    entered = enter(
        dy,
        loop.name,
        parallel_iterations=loop.parallel_iterations,
        name="b_exit",
    )
    loop.loop_enters.append(entered)
    loop.exit()
    return [entered]


def enter_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """Let the gradient out of the loop; that of a loop invariant is a sum."""
    del g
    context = get_default_graph().scopes.context
    if context is None or not context.back_prop or context.grad_state is None:
        return [dy]
    loop = context.while_context()
    assert loop is not None, op.name
    if op.attrs["is_constant"]:
        from metagraft.graph.loop_accumulators import accumulated, accumulated_slices

        if isinstance(dy, IndexedSlices):
            return [accumulated_slices(loop, op, dy)]
        if not isinstance(dy, Tensor):
            raise TypeError(
                f"Type {type(dy)} not supported,must be Tensor or Indexed Slices"
            )
        return [accumulated(loop, op, dy)]
    result = exit_frame(dy)
    loop.loop_exits.append(result)
    loop.exit_result(flatten(result))
    return [result]


def next_iteration_gradient(
    g: GradientBuilder, op: Operation, dy: Any
) -> Sequence[Any]:
    """Unchanged: the gradient of Switch adds the NextIteration."""
    del g, op
    return [dy]


_SOURCE = "tensorflow core/ops/control_flow_ops.cc"

OPS = (
    *(
        OpSpec(name=name, shape=switch_shape, gradient=switch_gradient, source=_SOURCE)
        for name in ("Switch", "RefSwitch")
    ),
    *(
        OpSpec(name=name, shape=merge_shape, gradient=merge_gradient, source=_SOURCE)
        for name in ("Merge", "RefMerge")
    ),
    OpSpec(name="Enter", shape=enter_shape, gradient=enter_gradient, source=_SOURCE),
    OpSpec(
        name="RefEnter", shape=unchanged_shape, gradient=enter_gradient, source=_SOURCE
    ),
    *(
        OpSpec(name=name, shape=unchanged_shape, gradient=exit_gradient, source=_SOURCE)
        for name in ("Exit", "RefExit")
    ),
    *(
        OpSpec(
            name=name,
            shape=unchanged_shape,
            gradient=next_iteration_gradient,
            source=_SOURCE,
        )
        for name in ("NextIteration", "RefNextIteration")
    ),
    OpSpec(
        name="LoopCond",
        shape=loop_cond_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
    OpSpec(name="RefSelect", shape=ref_select_shape, source=_SOURCE),
    OpSpec(name="ControlTrigger", shape=no_outputs, source=_SOURCE),
)
