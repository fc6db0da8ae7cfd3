"""`tf.nn.static_rnn` and its kin: recurrent networks with a copy of the cell a step.

Source: tensorflow python/ops/rnn.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.api.rnn import cache_variables, first_state, masked_step
from metagraft.api.rnn_cell import check_cell
from metagraft.api.rnn_shapes import joined_shape, joined_static_shape, state_dtype
from metagraft.api.variable_scope import variable_scope
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import cast
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import control_dependencies
from metagraft.graph.shapes import Dimension, dimension_at_index, unknown_shape
from metagraft.graph.structure import flatten, is_nested, map_structure, pack_like
from metagraft.graph.tensor import Tensor

__all__ = ["static_bidirectional_rnn", "static_rnn", "static_state_saving_rnn"]


def static_rnn(
    cell: Any,
    inputs: Sequence[Any],
    initial_state: Any = None,
    dtype: Any = None,
    sequence_length: Any = None,
    scope: Any = None,
) -> tuple[list[Any], Any]:
    """Run a cell over a list of inputs.

    Args:
        cell: An `RNNCell`.
        inputs: One tensor `[batch, input size]` a step, or structures of them.
        initial_state: The state to begin with; zeros if None.
        dtype: Element type of state and outputs; needed without `initial_state`.
        sequence_length: How long each sequence is, `[batch]`; behind its end outputs
            are zero and the state stays.
        scope: Variable scope; "rnn" if None.

    Returns:
        The outputs, one `[batch, output size]` a step, and the last state.

    Raises:
        ValueError: Sizes are not known or do not fit, or an argument is missing.
        TypeError: `cell` is no cell, or `inputs` no list.
    """
    check_cell("cell", cell)
    _check_inputs(inputs)
    outputs = []
    with variable_scope(scope or "rnn") as opened:
        cache_variables(opened)
        first: Any = flatten(inputs)[0]
        fixed_batch = _fixed_batch_size(inputs, first)
        batch_size = fixed_batch.value or array.shape(first)[0]
        state = initial_state
        if state is None:
            state = first_state(cell, batch_size, dtype)
        mask = None
        if sequence_length is not None:
            mask = _Mask(cell, sequence_length, batch_size, fixed_batch, dtype, state)
        for time, item in enumerate(inputs):
            if time > 0:
                opened.reuse_variables()
            if mask is None:
                output, state = cell(item, state)
            else:
                output, state = mask.step(time, item, state)
            outputs.append(output)
        return outputs, state


class _Mask:
    """What steps behind the ends of sequences give."""

    def __init__(
        self,
        cell: Any,
        sequence_length: Any,
        batch_size: Any,
        fixed_batch: Dimension,
        dtype: Any,
        state: Any,
    ) -> None:
        lengths = convert_to_tensor(sequence_length, name="sequence_length")
        if lengths.shape.ndims not in (None, 1):
            raise ValueError(
                "Argument `sequence_length` must be a vector of length "
                f"{batch_size}. Received sequence_length={lengths}."
            )

        def zero_output(size: Any) -> Tensor:
            shape = array.stack(joined_shape(batch_size, size))
            made = array.zeros(shape, state_dtype(dtype, state))
            made.set_shape(joined_static_shape(fixed_batch.value, size))
            return made

        self._cell = cell
        self._zero_output = map_structure(zero_output, cell.output_size)
        self._lengths = cast(lengths, dtypes.int32)
        shortest = reduce_tensor("Min", self._lengths)
        self._bounds = shortest, reduce_tensor("Max", self._lengths)

    def step(self, time: int, item: Any, state: Any) -> tuple[Any, Any]:
        return masked_step(
            time,
            self._lengths,
            self._bounds,
            self._zero_output,
            state,
            lambda: self._cell(item, state),
        )


def _check_inputs(inputs: Any) -> None:
    if not is_nested(inputs):
        raise TypeError(f"Argument `inputs` must be a sequence. Received: {inputs}")
    if not inputs:
        raise ValueError("Argument `inputs` must not be empty.")


def _fixed_batch_size(inputs: Any, first: Any) -> Dimension:
    if first.shape.ndims == 1:
        return dimension_at_index(first.shape, 0)
    fixed = dimension_at_index(first.shape.with_rank_at_least(2), 0)
    for item in flatten(inputs):
        shape = item.shape.with_rank_at_least(2)
        fixed.assert_is_compatible_with(dimension_at_index(shape, 0))
        for index, size in enumerate(shape[1:].as_list()):
            if size is None:
                raise ValueError(
                    f"Input size (dimension {index} of input {item}) must be "
                    "accessible via shape inference, but saw value None."
                )
    return fixed


def static_state_saving_rnn(
    cell: Any,
    inputs: Sequence[Any],
    state_saver: Any,
    state_name: Any,
    sequence_length: Any = None,
    scope: Any = None,
) -> tuple[list[Any], Any]:
    """Run a cell over a list of inputs; the state comes from and goes to a keeper.

    Args:
        cell: An `RNNCell`.
        inputs: One tensor `[batch, input size]` a step.
        state_saver: Has `state(name)` and `save_state(name, value)`.
        state_name: The name of the state there, or a tuple of them.
        sequence_length: How long each sequence is, `[batch]`.
        scope: Variable scope; "rnn" if None.

    Returns:
        The outputs and the last state.

    Raises:
        ValueError: `state_name` does not have the form of the cell's state.
    """
    size = cell.state_size
    if is_nested(size) != is_nested(state_name):
        raise ValueError(
            "Argument `state_name` should be the same type as `cell.state_size`. "
            f"Received: state_name={state_name!s}, cell.state_size={size!s}."
        )
    names = flatten(state_name)
    if len(names) != len(flatten(size)):
        raise ValueError(
            "Number of elements in argument `state_name` and `cell.state_size` are "
            f"mismatched. Received state_name={state_name} with {len(names)} elements "
            f"and cell.state_size={size} with {len(flatten(size))} elements."
        )
    initial = pack_like(size, [state_saver.state(name) for name in names])
    outputs, state = static_rnn(
        cell,
        inputs,
        initial_state=initial,
        sequence_length=sequence_length,
        scope=scope,
    )
    saved = [
        state_saver.save_state(name, part)
        for name, part in zip(names, flatten(state), strict=True)
    ]
    with control_dependencies(saved):
        outputs[-1] = map_structure(array.identity, outputs[-1])
        return outputs, map_structure(array.identity, state)


def static_bidirectional_rnn(
    cell_fw: Any,
    cell_bw: Any,
    inputs: Sequence[Any],
    initial_state_fw: Any = None,
    initial_state_bw: Any = None,
    dtype: Any = None,
    sequence_length: Any = None,
    scope: Any = None,
) -> tuple[Any, Any, Any]:
    """Run one cell over a list of inputs forwards and another backwards.

    Args:
        cell_fw: The cell that runs forwards.
        cell_bw: The cell that runs backwards.
        inputs: One tensor `[batch, input size]` a step.
        initial_state_fw: The state to begin with forwards; zeros if None.
        initial_state_bw: The state to begin with backwards; zeros if None.
        dtype: Element type of states and outputs.
        sequence_length: How long each sequence is, `[batch]`.
        scope: Variable scope; "bidirectional_rnn" if None.

    Returns:
        The outputs of both joined, one a step; the last state of each.
    """
    check_cell("cell_fw", cell_fw)
    check_cell("cell_bw", cell_bw)
    _check_inputs(inputs)
    with variable_scope(scope or "bidirectional_rnn"):
        with variable_scope("fw") as opened:
            output_fw, state_fw = static_rnn(
                cell_fw, inputs, initial_state_fw, dtype, sequence_length, scope=opened
            )
        with variable_scope("bw") as opened:
            backwards, state_bw = static_rnn(
                cell_bw,
                _reversed(inputs, sequence_length),
                initial_state_bw,
                dtype,
                sequence_length,
                scope=opened,
            )
    output_bw = _reversed(backwards, sequence_length)
    pairs = zip(flatten(output_fw), flatten(output_bw), strict=True)
    joined = [array.concat([fw, bw], 1) for fw, bw in pairs]
    return pack_like(output_fw, joined), state_fw, state_bw


def _reversed(items: Sequence[Any], lengths: Any) -> list[Any]:
    """Reverse a list in time, each sequence within its length."""
    if lengths is None:
        return list(reversed(items))
    results: list[list[Tensor]] = [[] for _ in items]
    for sequence in zip(*(flatten(item) for item in items), strict=True):
        shape = unknown_shape(sequence[0].shape.ndims)
        for item in sequence:
            shape.assert_is_compatible_with(item.shape)
            item.set_shape(shape)
        turned = op(
            "ReverseSequence",
            input=array.stack(sequence),
            seq_lengths=lengths,
            seq_dim=0,
            batch_dim=1,
        )
        for result, part in zip(results, array.unstack(turned), strict=True):
            part.set_shape(shape)
            result.append(part)
    return [
        pack_like(item, result) for item, result in zip(items, results, strict=True)
    ]
