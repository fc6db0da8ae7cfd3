"""Nodes of loops: Enter, Exit, NextIteration, LoopCond.

Source: tensorflow python/ops/control_flow_ops.py _Enter, exit, _NextIteration.
"""

from __future__ import annotations

from typing import Any

from metagraft.graph.apply_op import op as apply_op
from metagraft.graph.composite import IndexedSlices, SparseTensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.structure import map_structure
from metagraft.graph.tensor import Tensor

__all__ = ["close_cycle", "enter", "exit_frame", "loop_cond", "next_iteration"]


def enter(
    value: Any,
    frame_name: str,
    *,
    is_constant: bool = False,
    parallel_iterations: int = 10,
    keeps_shape: bool = True,
    name: str | None = None,
) -> Any:
    """Let a tensor, or the parts of a composite value, into a frame.

    Args:
        value: What is let in.
        frame_name: Which frame.
        is_constant: Whether the value stays the same in all iterations.
        parallel_iterations: How many iterations may run at a time.
        keeps_shape: Whether the static shape holds in all iterations.
        name: Name of the operation.
    """
    if isinstance(value, IndexedSlices | SparseTensor):
        return map_structure(
            lambda part: enter(
                part,
                frame_name,
                is_constant=is_constant,
                parallel_iterations=parallel_iterations,
                keeps_shape=keeps_shape,
            ),
            value,
        )
    tensor = convert_to_tensor(value, as_ref=True)
    entered: Tensor = apply_op(
        "RefEnter" if tensor.dtype.is_ref else "Enter",
        data=tensor,
        frame_name=frame_name,
        is_constant=is_constant,
        parallel_iterations=parallel_iterations,
        name=name,
    )
    if keeps_shape:
        entered.set_shape(tensor.shape)
    return entered


def exit_frame(value: Any, name: str | None = None) -> Any:
    """Let the final value of a loop variable out of its frame."""
    if isinstance(value, IndexedSlices | SparseTensor):
        return map_structure(exit_frame, value)
    tensor = convert_to_tensor(value, as_ref=True)
    op_type = "RefExit" if tensor.dtype.is_ref else "Exit"
    return apply_op(op_type, data=tensor, name=name)


def next_iteration(value: Any, name: str | None = None) -> Any:
    """Hand the value of a loop variable to the next iteration."""
    if isinstance(value, IndexedSlices | SparseTensor):
        return map_structure(next_iteration, value)
    tensor = convert_to_tensor(value, as_ref=True)
    op_type = "RefNextIteration" if tensor.dtype.is_ref else "NextIteration"
    return apply_op(op_type, data=tensor, name=name)


def body_value(tensor: Tensor) -> Tensor:
    """Return what a loop variable is in the body; a reference stays one."""
    op_type = "RefIdentity" if tensor.dtype.is_ref else "Identity"
    inside: Tensor = apply_op(op_type, input=tensor)
    return inside


def close_cycle(merged: Tensor, following: Tensor) -> None:
    """Make a Merge, so far with one input twice, get what the last iteration gave."""
    merged.op._update_input(1, following)  # noqa: SLF001 - TensorFlow's name


def loop_cond(pred: Any, name: str | None = None) -> Tensor:
    """Say whether the loop goes on."""
    going_on: Tensor = apply_op("LoopCond", input=pred, name=name)
    return going_on
