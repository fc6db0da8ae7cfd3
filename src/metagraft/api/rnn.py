"""`tf.nn.dynamic_rnn` and its kin: recurrent networks as loops.

Source: tensorflow python/ops/rnn.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from metagraft.api.assertion import assert_
from metagraft.api.cond import cond
from metagraft.api.rnn_cell import check_cell
from metagraft.api.rnn_shapes import (
    joined_shape,
    joined_static_shape,
    state_dtype,
    swap_batch_and_time,
)
from metagraft.api.variable_scope import variable_scope
from metagraft.api.while_loop import while_loop
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import cast, equal, select
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.constant_value import constant_value
from metagraft.graph.conversion import constant, convert_to_tensor
from metagraft.graph.defaults import get_default_graph
from metagraft.graph.function_graph import FunctionGraph
from metagraft.graph.scopes import colocate_with, control_dependencies, name_scope
from metagraft.graph.shapes import TensorShape, dimension_at_index
from metagraft.graph.structure import (
    check_same_structure,
    flatten,
    map_structure,
    pack_like,
)
from metagraft.graph.tensor import Tensor
from metagraft.graph.tensor_array import TensorArray

__all__ = ["bidirectional_dynamic_rnn", "dynamic_rnn", "raw_rnn"]


def dynamic_rnn(
    cell: Any,
    inputs: Any,
    sequence_length: Any = None,
    initial_state: Any = None,
    dtype: Any = None,
    parallel_iterations: int | None = None,
    swap_memory: bool = False,
    time_major: bool = False,
    scope: Any = None,
) -> tuple[Any, Any]:
    """Run a cell over sequences, in a loop.

    Args:
        cell: An `RNNCell`.
        inputs: `[batch, time, ...]`, or a structure of such tensors.
        sequence_length: How long each sequence is, `[batch]`; behind its end outputs
            are zero and the state stays.
        initial_state: The state to begin with; zeros if None.
        dtype: Element type of state and outputs; needed without `initial_state`.
        parallel_iterations: How many steps may run at a time; 32 if None.
        swap_memory: Whether what gradients need may be kept on the host.
        time_major: Whether inputs and outputs are `[time, batch, ...]`.
        scope: Variable scope; "rnn" if None.

    Returns:
        The outputs `[batch, time, output size]` and the last state.

    Raises:
        ValueError: Sizes are not known or do not fit, or an argument is missing.
        TypeError: `cell` is no cell.
    """
    check_cell("cell", cell)
    with variable_scope(scope or "rnn") as opened:
        cache_variables(opened)
        flat_inputs = flatten(inputs)
        if not time_major:
            flat_inputs = [convert_to_tensor(item) for item in flat_inputs]
            flat_inputs = [swap_batch_and_time(item) for item in flat_inputs]
        if sequence_length is not None:
            sequence_length = cast(sequence_length, dtypes.int32)
            if sequence_length.shape.ndims not in (None, 1):
                raise ValueError(
                    "Argument sequence_length must be a vector of length batch_size. "
                    f"Received sequence_length={sequence_length} of shape: "
                    f"{sequence_length.shape}"
                )
            sequence_length = array.identity(sequence_length, name="sequence_length")
        batch_size = _batch_size(flat_inputs)
        state = initial_state
        if state is None:
            state = first_state(cell, batch_size, dtype)
        if sequence_length is not None:
            checked = _assert_shape(sequence_length, [batch_size])
            with control_dependencies([checked]):
                sequence_length = array.identity(sequence_length, name="CheckSeqLen")
        outputs, last = _loop(
            cell,
            pack_like(inputs, flat_inputs),
            state,
            parallel_iterations or 32,
            swap_memory,
            sequence_length,
            dtype,
        )
        if not time_major:
            outputs = map_structure(swap_batch_and_time, outputs)
        return outputs, last


def cache_variables(scope: Any) -> None:
    """Read variables once, outside the loop, where the reader is."""
    # A graph's context is TensorFlow's way to say where nodes are being added.
    graph = get_default_graph()
    context = graph._get_control_flow_context()  # noqa: SLF001
    inside = context is not None and context.while_context() is not None
    inside = inside or (isinstance(graph, FunctionGraph) and graph.is_loop_body)
    if not inside and scope.caching_device is None:
        scope.set_caching_device(lambda operation: operation.device)


def first_state(cell: Any, batch_size: Any, dtype: Any) -> Any:
    """Return a cell's state of zeros.

    Raises:
        ValueError: There is no element type.
    """
    if not dtype:
        raise ValueError(
            "If no initial_state is provided, argument `dtype` must be specified"
        )
    if getattr(cell, "get_initial_state", None) is not None:
        return cell.get_initial_state(inputs=None, batch_size=batch_size, dtype=dtype)
    return cell.zero_state(batch_size, dtype)


def _batch_size(flat_inputs: list[Tensor]) -> Any:
    for item in flat_inputs:
        shape = item.shape
        if shape.dims is None:
            continue
        if len(shape.dims) < 2:
            raise ValueError(
                f"Input tensor should have rank >= 2. Received input={item} of rank "
                f"{shape.ndims}"
            )
        if shape.dims[1].value is not None:
            return shape.dims[1].value
    return array.shape(flat_inputs[0])[1]


def _assert_shape(x: Tensor, shape: list[Any]) -> Any:
    found = array.shape(x)
    wanted = array.stack(shape)
    return assert_(
        reduce_tensor("All", equal(found, wanted)),
        [f"Expected shape for Tensor {x.name} is ", wanted, " but saw shape: ", found],
    )


def _loop(
    cell: Any,
    inputs: Any,
    state: Any,
    parallel_iterations: int,
    swap_memory: bool,
    sequence_length: Any,
    dtype: Any,
) -> tuple[Any, Any]:
    flat_inputs = flatten(inputs)
    flat_output_sizes = flatten(cell.output_size)
    time_steps = array.shape(flat_inputs[0])[0]
    batch_size = _batch_size(flat_inputs)
    shapes = _checked_shapes(flat_inputs)
    steps, batch = shapes[0].as_list()[:2]
    flat_zeros = [
        array.zeros(
            array.stack(joined_shape(batch_size, size)), state_dtype(dtype, state)
        )
        for size in flat_output_sizes
    ]
    zero_output = pack_like(cell.output_size, flat_zeros)
    shortest, longest = None, time_steps
    if sequence_length is not None:
        shortest = reduce_tensor("Min", sequence_length)
        longest = reduce_tensor("Max", sequence_length)
    time = constant(0, dtype=dtypes.int32, name="time")
    with name_scope("dynamic_rnn") as base_name:
        pass
    outputs = tuple(
        TensorArray(
            dtype=state_dtype(dtype, state),
            size=time_steps,
            element_shape=TensorShape([batch]).concatenate(_static(size)),
            tensor_array_name=f"{base_name}output_{index}",
        )
        for index, size in enumerate(flat_output_sizes)
    )
    sources = tuple(
        TensorArray(
            dtype=item.dtype,
            size=time_steps,
            element_shape=item.shape[1:],
            tensor_array_name=f"{base_name}input_{index}",
        )
        for index, item in enumerate(flat_inputs)
    )
    sources = tuple(
        source.unstack(item) for source, item in zip(sources, flat_inputs, strict=True)
    )

    def step(time: Any, outputs: Any, state: Any) -> Any:
        read = [source.read(time) for source in sources]
        for item, shape in zip(read, shapes, strict=True):
            item.set_shape(shape[1:])
        current = pack_like(inputs, read)
        if sequence_length is None:
            output, new_state = cell(current, state)
        else:
            output, new_state = masked_step(
                time,
                sequence_length,
                (shortest, longest),
                zero_output,
                state,
                lambda: cell(current, state),
                skips_conditionals=True,
            )
        written = tuple(
            target.write(time, item)
            for target, item in zip(outputs, flatten(output), strict=True)
        )
        return time + 1, written, new_state

    bound = op("Minimum", x=time_steps, y=op("Maximum", x=1, y=longest))
    _, outputs, last = while_loop(
        cond=lambda time, *_: time < bound,
        body=step,
        loop_vars=(time, outputs, state),
        parallel_iterations=parallel_iterations,
        maximum_iterations=time_steps,
        swap_memory=swap_memory,
    )
    stacked = [target.stack() for target in outputs]
    for output, size in zip(stacked, flat_output_sizes, strict=True):
        output.set_shape(joined_static_shape([steps, batch], size))
    return pack_like(cell.output_size, stacked), last


def _checked_shapes(flat_inputs: list[Tensor]) -> list[TensorShape]:
    shapes = [item.shape.with_rank_at_least(3) for item in flat_inputs]
    for item, shape in zip(flat_inputs, shapes, strict=True):
        if not shape[2:].is_fully_defined():
            raise ValueError(
                "Input size (depth of inputs) must be accessible via shape inference, "
                f"but saw value None for input={item}."
            )
        for axis, name in enumerate(("Time steps", "Batch_size")):
            if shape.as_list()[axis] != shapes[0].as_list()[axis]:
                raise ValueError(
                    f"{name} is not the same for all the elements in the input. "
                    f"Received {shape.as_list()[axis]} for input={item}."
                )
    return shapes


def _static(size: Any) -> Any:
    return TensorShape(constant_value(size)) if isinstance(size, Tensor) else size


def masked_step(
    time: Any,
    sequence_length: Any,
    shortest_and_longest: tuple[Any, Any],
    zero_output: Any,
    state: Any,
    call_cell: Callable[[], Any],
    *,
    skips_conditionals: bool = False,
) -> tuple[Any, Any]:
    """Add a step after whose sequences' ends outputs are zero and the state stays.

    Args:
        time: The number of the step.
        sequence_length: How long each sequence is, `[batch]`.
        shortest_and_longest: The shortest and the longest of them.
        zero_output: Outputs behind the end.
        state: The state before the step.
        call_cell: Adds the step itself.
        skips_conditionals: Whether the cell runs even when all sequences have ended.
    """
    shortest, longest = shortest_and_longest
    flat_state, flat_zeros = flatten(state), flatten(zero_output)
    has_ended = time >= sequence_length

    def called() -> tuple[list[Any], list[Any]]:
        new_output, new_state = call_cell()
        check_same_structure(zero_output, new_output)
        check_same_structure(state, new_state)
        return flatten(new_output), flatten(new_state)

    def kept(new_output: list[Any], new_state: list[Any]) -> list[Any]:
        before, after = flat_zeros + flat_state, new_output + new_state
        return [
            _kept_if(has_ended, old, new)
            for old, new in zip(before, after, strict=True)
        ]

    def some_kept() -> Any:
        new_output, new_state = called()
        return cond(
            time < shortest,
            lambda: new_output + new_state,
            lambda: kept(new_output, new_state),
        )

    if skips_conditionals:
        found = kept(*called())
    else:
        found = cond(time >= longest, lambda: flat_zeros + flat_state, some_kept)
    count = len(flat_zeros)
    for new, old in zip(found, flat_zeros + flat_state, strict=True):
        if not isinstance(new, TensorArray):
            new.set_shape(old.shape)
    return pack_like(zero_output, found[:count]), pack_like(state, found[count:])


def _kept_if(has_ended: Any, old: Any, new: Any) -> Any:
    if isinstance(old, TensorArray) or old.shape.ndims == 0:
        return new
    with colocate_with(new):
        return select(has_ended, old, new)


def bidirectional_dynamic_rnn(
    cell_fw: Any,
    cell_bw: Any,
    inputs: Any,
    sequence_length: Any = None,
    initial_state_fw: Any = None,
    initial_state_bw: Any = None,
    dtype: Any = None,
    parallel_iterations: int | None = None,
    swap_memory: bool = False,
    time_major: bool = False,
    scope: Any = None,
) -> tuple[Any, Any]:
    """Run one cell over sequences forwards and another backwards.

    Args:
        cell_fw: The cell that runs forwards.
        cell_bw: The cell that runs backwards.
        inputs: `[batch, time, ...]`.
        sequence_length: How long each sequence is, `[batch]`.
        initial_state_fw: The state to begin with forwards; zeros if None.
        initial_state_bw: The state to begin with backwards; zeros if None.
        dtype: Element type of states and outputs.
        parallel_iterations: How many steps may run at a time; 32 if None.
        swap_memory: Whether what gradients need may be kept on the host.
        time_major: Whether inputs and outputs are `[time, batch, ...]`.
        scope: Variable scope; "bidirectional_rnn" if None.

    Returns:
        The outputs of both, and the last states of both.
    """
    check_cell("cell_fw", cell_fw)
    check_cell("cell_bw", cell_bw)
    time_axis, batch_axis = (0, 1) if time_major else (1, 0)

    def reversed_in_time(item: Any) -> Any:
        if sequence_length is None:
            return op("ReverseV2", tensor=item, axis=[time_axis])
        return op(
            "ReverseSequence",
            input=item,
            seq_lengths=sequence_length,
            seq_dim=time_axis,
            batch_dim=batch_axis,
        )

    def run(cell: Any, items: Any, state: Any, opened: Any) -> tuple[Any, Any]:
        return dynamic_rnn(
            cell,
            items,
            sequence_length,
            state,
            dtype,
            parallel_iterations,
            swap_memory,
            time_major,
            opened,
        )

    with variable_scope(scope or "bidirectional_rnn"):
        with variable_scope("fw") as opened:
            output_fw, state_fw = run(cell_fw, inputs, initial_state_fw, opened)
        with variable_scope("bw") as opened:
            backwards = map_structure(reversed_in_time, inputs)
            output_bw, state_bw = run(cell_bw, backwards, initial_state_bw, opened)
    return (output_fw, reversed_in_time(output_bw)), (state_fw, state_bw)


def raw_rnn(
    cell: Any,
    loop_fn: Callable[[Any, Any, Any, Any], Any],
    parallel_iterations: int | None = None,
    swap_memory: bool = False,
    scope: Any = None,
) -> tuple[Any, Any, Any]:
    """Run a cell in a loop that a function steers.

    Args:
        cell: An `RNNCell`.
        loop_fn: Takes the step's number, the cell's outputs, its state and the loop's
            own state (all but the first None before the first step); returns which
            sequences have ended, the next inputs, the next state, what to emit, and
            the loop's next state.
        parallel_iterations: How many steps may run at a time; 32 if None.
        swap_memory: Whether what gradients need may be kept on the host.
        scope: Variable scope; "rnn" if None.

    Returns:
        What was emitted, as `TensorArray`s; the last state; the loop's last state.

    Raises:
        TypeError: `cell` is no cell, or `loop_fn` no function.
    """
    check_cell("cell", cell)
    if not callable(loop_fn):
        raise TypeError(f"Argument `loop_fn` must be a callable. Received: {loop_fn}.")
    with variable_scope(scope or "rnn") as opened:
        cache_variables(opened)
        time = constant(0, dtype=dtypes.int32)
        ended, inputs, state, emitted, first = loop_fn(time, None, None, None)
        flat_inputs = flatten(inputs)
        loop_state = constant(0, dtype=dtypes.int32) if first is None else first
        static_batch = dimension_at_index(flat_inputs[0].shape, 0)
        for item in flat_inputs:
            static_batch.assert_is_compatible_with(dimension_at_index(item.shape, 0))
        batch = static_batch.value
        batch_size = array.shape(flat_inputs[0])[0] if batch is None else batch
        check_same_structure(state, cell.state_size)
        state = pack_like(state, [convert_to_tensor(item) for item in flatten(state)])
        arrays, zeros = _emission(cell, emitted, state, batch, batch_size)

        def step(
            time: Any, ended: Any, inputs: Any, arrays: Any, state: Any, loop_state: Any
        ) -> Any:
            output, cell_state = cell(inputs, state)
            check_same_structure(state, cell_state)
            check_same_structure(cell.output_size, output)
            next_time = time + 1
            now_ended, next_inputs, next_state, emit, next_loop = loop_fn(
                next_time, output, cell_state, loop_state
            )
            check_same_structure(state, next_state)
            check_same_structure(inputs, next_inputs)
            check_same_structure(arrays, emit)

            def kept(old: Any, new: Any) -> Any:
                return map_structure(lambda a, b: _kept_if(ended, a, b), old, new)

            emit = kept(zeros, emit)
            next_state = kept(state, next_state)
            arrays = map_structure(lambda a, item: a.write(time, item), arrays, emit)
            ended = op("LogicalOr", x=ended, y=now_ended)
            if next_loop is not None:
                loop_state = next_loop
            return next_time, ended, next_inputs, arrays, next_state, loop_state

        found = while_loop(
            lambda _, ended, *__: op("LogicalNot", x=reduce_tensor("All", ended)),
            step,
            loop_vars=[time, ended, inputs, arrays, state, loop_state],
            parallel_iterations=parallel_iterations or 32,
            swap_memory=swap_memory,
        )
        return found[3], found[4], None if first is None else found[5]


def _emission(
    cell: Any, emitted: Any, state: Any, batch: int | None, batch_size: Any
) -> tuple[Any, Any]:
    """Return arrays for what is emitted, and what stands for nothing."""
    if emitted is None:
        form = cell.output_size
        sizes: list[Any] = flatten(form)
        kinds = [flatten(state)[0].dtype] * len(sizes)
    else:
        form = emitted
        items = flatten(form)
        sizes = [
            item.shape if item.shape.is_fully_defined() else array.shape(item)
            for item in items
        ]
        kinds = [item.dtype for item in items]
    arrays = [
        TensorArray(
            dtype=dtype,
            dynamic_size=True,
            element_shape=TensorShape([batch]).concatenate(_static(size)),
            size=0,
            name=f"rnn_output_{index}",
        )
        for index, (dtype, size) in enumerate(zip(kinds, sizes, strict=True))
    ]
    zeros = [
        array.zeros(joined_shape(batch_size, size), dtype)
        for size, dtype in zip(sizes, kinds, strict=True)
    ]
    return pack_like(form, arrays), pack_like(form, zeros)
