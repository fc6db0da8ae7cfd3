"""Counters and sums inside of loops, made for gradients.

A loop with gradients counts its iterations; the loop of the gradient counts down from
there. The gradient of a loop invariant is summed up over the iterations.

Source: tensorflow python/ops/control_flow_ops.py WhileContext.AddForwardLoopCounter,
AddBackpropLoopCounter, AddBackpropAccumulator, AddBackpropIndexedSlicesAccumulator.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from metagraft.graph import dtypes
from metagraft.graph.apply_op import op as apply_op
from metagraft.graph.build.array import concat, shape, zeros, zeros_like
from metagraft.graph.build.frames import (
    close_cycle,
    enter,
    exit_frame,
    loop_cond,
    next_iteration,
)
from metagraft.graph.build.math import add
from metagraft.graph.build.switches import merge, switch
from metagraft.graph.composite import IndexedSlices
from metagraft.graph.constant_value import variable_behind
from metagraft.graph.control_flow_context import ControlFlowContext
from metagraft.graph.conversion import constant
from metagraft.graph.operation import Operation
from metagraft.graph.shapes import Dims, is_static
from metagraft.graph.tensor import Tensor

if TYPE_CHECKING:
    from metagraft.graph.loop_gradient import LoopGradient
    from metagraft.graph.while_context import WhileContext


@contextmanager
def inside(context: ControlFlowContext | None) -> Iterator[None]:
    """Open a block in a context; None changes nothing."""
    if context is None:
        yield
        return
    context.enter()
    try:
        yield
    finally:
        context.exit()


@contextmanager
def outside(context: ControlFlowContext) -> Iterator[None]:
    """Open a block outside of the current context."""
    context.exit()
    try:
        yield
    finally:
        context.enter()


# -- counters --------------------------------------------------------------------------


def count_iterations(
    loop: WhileContext, outer_state: LoopGradient | None
) -> tuple[Tensor, Tensor]:
    """Add a variable that counts the iterations of a loop.

    Returns:
        The number of iterations, outside, and the count for the next one, inside.
    """
    start = constant(0, name="f_count")
    if outer_state is not None:
        # What one run of an inner loop keeps comes before what the next run keeps.
        start.op._add_control_input(_adding(outer_state.forward_index))  # noqa: SLF001
    with inside(loop):
        entered = _entered(loop, start, "f_count")
        merged = merge([entered, entered])[0]
        on_false, on_true = switch(merged, loop.pivot)
        following: Tensor = next_iteration(add(on_true, 1))
        close_cycle(merged, following)
        total: Tensor = exit_frame(on_false, name="f_count")
        loop.loop_exits.append(total)
        loop.exit_result([total])
    return total, following


def count_down(
    loop: WhileContext, count: Tensor, outer_state: LoopGradient | None
) -> Tensor:
    """Add the variable that ends the loop of a gradient after `count` iterations.

    Returns:
        The count for the next iteration.
    """
    one = constant(1, name="b_count")
    with inside(loop):
        entered = _entered(loop, count, "b_count")
        merged = merge([entered, entered])[0]
        loop.pivot_for_pred = merged
        goes_on = apply_op("GreaterEqual", x=merged, y=one)
        loop.pivot = loop_cond(goes_on, name="b_count")
        on_false, on_true = switch(merged, loop.pivot)
        index: Tensor = apply_op("Sub", x=on_true, y=one)
        loop.pivot_for_body = index
        following: Tensor = next_iteration(index)
        close_cycle(merged, following)
        final: Tensor = exit_frame(on_false, name="b_count")
        loop.loop_exits.append(final)
        if outer_state is not None:
            # What one run of an inner loop takes comes before what the next run takes.
            outer_state.grad_sync._add_control_input(final.op)  # noqa: SLF001
        loop.exit_result([final])
    return following


def _entered(
    loop: WhileContext, tensor: Tensor, name: str, *, keeps_shape: bool = True
) -> Tensor:
    """Let the first value of a new loop variable into its loop."""
    loop.values.add(tensor.name)
    entered: Tensor = enter(
        tensor,
        loop.name,
        parallel_iterations=loop.parallel_iterations,
        keeps_shape=keeps_shape,
        name=name,
    )
    loop.loop_enters.append(entered)
    return entered


def _adding(index: Tensor) -> Operation:
    """The addition behind the NextIteration of a counter."""
    return index.op.inputs[0].op


# -- sums ------------------------------------------------------------------------------


def accumulated(loop: WhileContext, op: Operation, grad: Tensor) -> Tensor:
    """Sum the gradient of the loop invariant that enters with `op`.

    Called inside of the loop of the gradient.
    """
    loop.exit()
    start = _start_of_sum(loop, op, grad)
    loop.enter()
    entered = _entered(loop, start, "b_acc")
    merged = merge([entered, entered], name="b_acc")[0]
    on_false, on_true = switch(merged, loop.pivot)
    following: Tensor = next_iteration(add(on_true, grad))
    close_cycle(merged, following)
    total: Tensor = exit_frame(on_false, name="b_acc")
    loop.loop_exits.append(total)
    loop.exit_result([total])
    return total


def _start_of_sum(loop: WhileContext, op: Operation, grad: Tensor) -> Tensor:
    """Return zeros outside of the loop; they are the sum if it has no iteration."""
    outer = loop.outer_context
    if is_static(grad.dims):
        with inside(outer):
            return constant(0, grad.dtype, shape=grad.dims, name="b_acc")
    value = op.inputs[0]
    if outer is None or not outer.is_while_context or outer.grad_state is None:
        with inside(outer):
            return zeros(shape(value, optimize=False), grad.dtype)
    # The outer loop, too, has a gradient: the shape comes from its history.
    state = loop.grad_state
    assert state is not None, loop.name
    outer_state = state.outer_state
    assert outer_state is not None, loop.name
    with inside(state.forward_context.outer_context):
        sizes = shape(value, optimize=False)
    history = outer_state.keep(sizes)
    with inside(outer):
        return zeros(outer_state.take(history, sizes), grad.dtype)


def accumulated_slices(
    loop: WhileContext, op: Operation, grad: IndexedSlices
) -> IndexedSlices:
    """Put the sliced gradients of a loop invariant of all iterations together.

    Called inside of the loop of the gradient.
    """
    loop.exit()
    starts = _starts_of_slices(loop, op, grad)
    loop.enter()
    loop.values.update(start.name for start in starts)
    entered = [_entered(loop, start, "b_acc", keeps_shape=False) for start in starts]
    # Both grow with every iteration.
    entered[0].set_shape([None])
    if starts[1].dims is not None:
        entered[1].set_shape([None, *starts[1].dims[1:]])
    merges = [merge([tensor, tensor], name="b_acc")[0] for tensor in entered]
    switches = [switch(merged, loop.pivot) for merged in merges]
    nexts = [
        concat([switches[0][1], grad.indices], 0),
        concat([switches[1][1], grad.values], 0),
    ]
    if grad.dense_shape is not None:
        nexts.append(apply_op("Maximum", x=grad.dense_shape, y=switches[2][1]))
    followings = [next_iteration(tensor) for tensor in nexts]
    for merged, following in zip(merges, followings, strict=True):
        close_cycle(merged, following)
    exits = [exit_frame(on_false, name="b_acc") for on_false, _ in switches]
    loop.loop_exits.extend(exits)
    loop.exit_result(exits)
    return IndexedSlices(
        indices=exits[0],
        values=exits[1],
        dense_shape=exits[2] if len(exits) > 2 else None,
    )


def _starts_of_slices(
    loop: WhileContext, op: Operation, grad: IndexedSlices
) -> Sequence[Tensor]:
    """Return indices, values and shape outside of the loop: one row of zeros."""
    outer = loop.outer_context
    values, dense_shape = grad.values, grad.dense_shape
    with inside(outer):
        if is_static(values.dims):
            assert values.dims is not None
            with inside(outer):
                start = constant(
                    0, values.dtype, shape=(1, *values.dims[1:]), name="b_acc"
                )
        else:
            row = _sizes_of(op.inputs[0])[1:]
            start = zeros(concat([[1], row], 0), dtype=values.dtype)
        starts = [constant([0], grad.indices.dtype), start]
        if dense_shape is not None:
            starts.append(_start_of_shape(outer, op, dense_shape))
    return starts


def _start_of_shape(
    outer: ControlFlowContext | None, op: Operation, dense_shape: Tensor
) -> Tensor:
    if is_static(dense_shape.dims):
        with inside(outer):
            return constant(0, dense_shape.dtype, shape=dense_shape.dims)
    sizes = shape(op.inputs[0], optimize=False, out_type=dense_shape.dtype)
    like: Tensor = zeros_like(sizes, optimize=False)
    return like


def _sizes_of(tensor: Tensor) -> Any:
    """Return the shape of a value, or the sizes of the variable behind a handle."""
    if tensor.dtype != dtypes.resource:
        return shape(tensor, optimize=False)
    behind = variable_behind(tensor)
    dims: Dims = None if behind is None else behind[0]
    if dims is None or not is_static(dims):
        raise ValueError(
            f"The gradient of a loop needs the shape of the variable behind "
            f"'{tensor.name}', which is {dims}."
        )
    return list(dims)
