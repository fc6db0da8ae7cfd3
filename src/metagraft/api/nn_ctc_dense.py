"""The CTC loss of dense labels: probabilities forward and backward, as loops.

A sequence of n labels has 2 (n + 1) states: one before all labels, one for each label,
then the blanks after them. The states' probabilities are logarithms.

Source: tensorflow python/ops/ctc_ops.py ctc_loss_dense.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from typing import cast as cast_type

from metagraft.api.array import one_hot, sequence_mask, tile, transpose
from metagraft.api.comparison import equal
from metagraft.api.custom_gradient import custom_gradient
from metagraft.api.defun import DefinedFunction, Defun
from metagraft.api.function_ops import While
from metagraft.api.nn_softmax import log_softmax
from metagraft.api.reductions import reduce_logsumexp, reduce_max, reduce_sum
from metagraft.api.unique import scatter_nd
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.eye import eye
from metagraft.graph.build.math import cast, number_range, select
from metagraft.graph.build.pad import pad
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import dimension_value
from metagraft.graph.tensor import Tensor

__all__ = ["ctc_loss_dense", "size_of"]

_NARROW = (dtypes.float16, dtypes.bfloat16)
_TINY = 1e-307


def size_of(tensor: Tensor, axis: int) -> Any:
    """Return a size as a number if it is known and not 0, else as a tensor."""
    return dimension_value(tensor.shape[axis]) or array.shape(tensor)[axis]


def ctc_loss_dense(
    labels: Any,
    logits: Any,
    label_length: Any,
    logit_length: Any,
    *,
    time_major: bool,
    unique: Any,
    blank_index: Any,
    name: str | None,
) -> Tensor:
    """Return the loss `[batch]` of dense labels; see `nn_ctc.ctc_loss_v2`."""
    given = [logits, labels, label_length, logit_length]
    with name_scope(name, "ctc_loss_dense", given):
        logits = convert_to_tensor(logits, name="logits")
        labels = convert_to_tensor(labels, name="labels")
        label_length = convert_to_tensor(label_length, name="label_length")
        logit_length = convert_to_tensor(logit_length, name="logit_length")
        kind = logits.dtype
        if kind in _NARROW:
            logits = cast(logits, dtypes.float32)
        if not time_major:
            logits = transpose(logits, perm=[1, 0, 2])
        is_moved = blank_index != 0
        if is_moved:
            blank = blank_index
            if blank < 0:
                blank = blank + size_of(logits, 2)
            logits, labels = _with_blank_first(logits, labels, blank)
        arguments = [logits, labels, label_length, logit_length]
        if unique:
            values, places = unique
            if is_moved:
                values = _moved_values(values, places, blank)
            arguments += [values, places]
        loss = _differentiable_loss(arguments)
        result: Tensor = cast(loss, kind) if kind in _NARROW else loss
        return result


def _with_blank_first(
    logits: Tensor, labels: Tensor, blank: Any
) -> tuple[Tensor, Tensor]:
    first = logits[:, :, blank : blank + 1]
    before, after = logits[:, :, :blank], logits[:, :, blank + 1 :]
    moved = array.concat([first, before, after], axis=2)
    return moved, select(labels < blank, labels + 1, labels)


def _moved_values(values: Any, places: Any, blank: Any) -> Tensor:
    values = select(values < blank, values + 1, values)
    lengths = reduce_max(places, axis=1) + 1
    mask = sequence_mask(lengths, size_of(values, 1))
    return select(mask, values, array.zeros_like(values))


def _differentiable_loss(arguments: Sequence[Tensor]) -> Tensor:
    """Compute loss and gradient at once, and give that to who differentiates."""
    known = arguments[:4]

    @custom_gradient
    def loss_of(*tensors: Tensor) -> Any:
        for tensor, like in zip(tensors, known, strict=False):
            tensor.set_shape(like.shape)
        loss, gradient = _loss_and_gradient(*tensors)

        def rule(d_loss: Tensor) -> list[Tensor | None]:
            first = array.reshape(d_loss, [1, -1, 1]) * gradient
            return [first, *[None] * (len(arguments) - 1)]

        return loss, rule

    result: Tensor = loss_of(*arguments)
    return result


def _loss_and_gradient(
    logits: Tensor,
    labels: Tensor,
    label_length: Tensor,
    logit_length: Tensor,
    *unique: Tensor,
) -> tuple[Tensor, Tensor]:
    classes = size_of(logits, 2)
    longest = size_of(labels, 1)
    class_logs = log_softmax(logits)
    state_logs = _logs_of_states(labels, classes, class_logs)
    transitions = _transitions(labels)
    first, last = _first_and_last(label_length, longest)
    both, likelihood = _forward_backward(
        op("Log", x=transitions), first, last, state_logs, logit_length
    )
    if unique:
        seen = _logs_of_unique_classes(labels, classes, both, unique)
    else:
        seen = _logs_of_classes(labels, classes, both)
    gradient = op("Exp", x=class_logs) - op("Exp", x=seen)
    mask = sequence_mask(logit_length, size_of(logits, 0), dtypes.float32)
    mask = transpose(mask, perm=[1, 0])
    gradient = gradient * array.expand_dims(mask, axis=2)
    return -likelihood, gradient


def _transitions(labels: Tensor) -> Tensor:
    """Return which states may follow which, `[batch, states, states]`."""
    with name_scope(None, "ctc_state_trans"):
        labels = convert_to_tensor(labels, name="label_seq")
        batch, count = size_of(labels, 0), size_of(labels, 1)
        label_count = count + 1
        states = 2 * label_count
        label_states = number_range(label_count)
        blank_states = label_states + label_count
        start = [[1, 0]]
        to_label = array.stack([label_states[1:], blank_states[:-1]], 1)
        to_blank = array.stack([blank_states, label_states], 1)
        indices = array.concat([start, to_label, to_blank], 0)
        values = array.ones([size_of(indices, 0)])
        common = scatter_nd(indices, values, shape=[states, states])
        common = common + eye(states)
        row = array.zeros_like(label_states[2:])
        indices = array.stack([row, label_states[2:], label_states[1:-1]], 1)
        indices = tile(array.expand_dims(indices, 0), [batch, 1, 1])
        rows = array.expand_dims(number_range(batch), 1) * [1, 0, 0]
        indices = indices + array.expand_dims(rows, 1)
        repeats = equal(labels[:, :-1], labels[:, 1:])
        values = 1.0 - cast(repeats, dtypes.float32)
        between = scatter_nd(indices, values, [batch, states, states])
        return array.expand_dims(common, 0) + between


def _first_and_last(lengths: Tensor, longest: Any) -> tuple[Tensor, Tensor]:
    """Return in which states a sequence may start and end, as logarithms."""
    batch = size_of(lengths, 0)
    label_count = longest + 1
    states = 2 * label_count
    zero = op("Log", x=cast(0, dtypes.float64) + _TINY)
    log_zero = cast(zero, dtypes.float32)
    first = one_hot(
        indices=array.zeros([batch], dtype=dtypes.int32),
        depth=states,
        on_value=0.0,
        off_value=log_zero,
        axis=1,
    )
    label_mask = one_hot(lengths, depth=label_count, axis=0)
    mask = array.ones([2, 1, batch]) * label_mask
    last = (1.0 - mask) * log_zero
    last = array.reshape(last, [states, batch])
    return first, transpose(last)


def _logs_of_states(labels: Tensor, classes: Any, class_logs: Tensor) -> Tensor:
    """Pick for each state the logarithm of its class."""
    count = size_of(labels, 1)
    blank = tile(class_logs[:, :, :1], [1, 1, count + 1])
    chosen = array.expand_dims(one_hot(labels, depth=classes), axis=0)
    wide = array.expand_dims(class_logs, axis=2)
    states = reduce_sum(wide * chosen, axis=3)
    states = array.concat([states, blank], axis=2)
    return pad(states, [[0, 0], [0, 0], [1, 0]], constant_values=op("Log", x=0.0))


def _split_states(labels: Tensor, states: Tensor) -> tuple[Tensor, Tensor]:
    """Return the states of labels and of blanks."""
    count = size_of(labels, 1) + 1
    return states[:, :, 1:count], states[:, :, count:]


def _logs_of_classes(labels: Tensor, classes: Any, states: Tensor) -> Tensor:
    label_states, blank_states = _split_states(labels, states)
    chosen = one_hot(
        labels - 1, depth=classes - 1, on_value=0.0, off_value=op("Log", x=0.0)
    )
    chosen = array.expand_dims(chosen, axis=0)
    label_states = array.expand_dims(label_states, axis=3)
    of_labels = reduce_logsumexp(label_states + chosen, axis=2)
    of_blank = reduce_logsumexp(blank_states, axis=2, keepdims=True)
    return array.concat([of_blank, of_labels], axis=-1)


def _logs_of_unique_classes(
    labels: Tensor, classes: Any, states: Tensor, unique: Sequence[Tensor]
) -> Tensor:
    count = size_of(labels, 1) + 1
    label_states, blank_states = states[:, :, 1:count], states[:, :, count:]
    values, places = unique
    summed = _summed_states(places, label_states)
    frames, batch = size_of(states, 0), size_of(states, 1)
    labels_count = count - 1
    by_row = transpose(summed, perm=[1, 2, 0])
    by_row = array.reshape(by_row, [batch * labels_count, frames])
    starts = number_range(batch, dtype=values.dtype) * classes
    indices = values + array.expand_dims(starts, axis=-1)
    indices = array.reshape(indices, [-1, 1])
    shape = [batch * classes, frames]
    found = scatter_nd(indices=indices, updates=by_row, shape=shape)
    found = array.reshape(found, [batch, classes, frames])
    mask = array.ones_like(by_row, dtype=dtypes.bool)
    mask = scatter_nd(indices=indices, updates=mask, shape=shape)
    mask = array.reshape(mask, [batch, classes, frames])
    nothing = array.fill(array.shape(found), op("Log", x=0.0))
    found = select(mask, found, nothing)
    of_labels = transpose(found, [2, 0, 1])[:, :, 1:]
    of_blank = reduce_logsumexp(blank_states, axis=2, keepdims=True)
    return array.concat([of_blank, of_labels], axis=-1)


def _summed_states(places: Any, states: Tensor) -> Tensor:
    with name_scope(None, "sum_states"):
        places = convert_to_tensor(places, name="idx")
        count = size_of(states, 2)
        states = array.expand_dims(states, axis=2)
        chosen = one_hot(
            places, depth=count, on_value=0.0, off_value=op("Log", x=0.0), axis=1
        )
        return reduce_logsumexp(states + chosen, axis=-1)


def _forward_backward(
    transitions: Tensor,
    first: Tensor,
    last: Tensor,
    observed: Tensor,
    lengths: Tensor,
) -> tuple[Tensor, Tensor]:
    """Return each state's share at each time, and the likelihood, as logarithms."""
    backward_transitions = transpose(transitions, [0, 2, 1])
    batch = size_of(observed, 1)

    def forward(carried: Sequence[Tensor], row: Sequence[Tensor]) -> list[Tensor]:
        state = array.expand_dims(carried[0], axis=1) + transitions
        state = reduce_logsumexp(state, axis=-1) + row[0]
        return [state - reduce_logsumexp(state, axis=-1, keepdims=True)]

    (ahead,) = _scan(forward, [observed], [first])

    def backward(carried: Sequence[Tensor], row: Sequence[Tensor]) -> list[Tensor]:
        state, total = carried
        now, mask = row
        state = array.expand_dims(state + now, axis=1) + backward_transitions
        state = reduce_logsumexp(state, axis=-1)
        scale = reduce_logsumexp(state, axis=-1, keepdims=True)
        state = state - scale
        total = total + array.squeeze(scale, axis=[-1]) * mask
        wide = array.expand_dims(mask, axis=1)
        state = state * wide
        return [state + last * (1.0 - wide), total]

    nothing = array.zeros([batch])
    mask = sequence_mask(lengths, size_of(observed, 0), dtypes.float32)
    mask = transpose(mask, perm=[1, 0])
    behind, totals = _scan(backward, [observed, mask], [last, nothing], backwards=True)
    both = ahead[1:] + behind[1:]
    both = both - reduce_logsumexp(both, axis=2, keepdims=True)
    both = both + op("Log", x=array.expand_dims(mask, axis=2))
    return both, behind[0, :, 0] + totals[0]


_Step = Callable[[Sequence[Tensor], Sequence[Tensor]], list[Tensor]]


def _scan(
    step: _Step,
    elems: Sequence[Tensor],
    initial: Sequence[Tensor],
    *,
    backwards: bool = False,
) -> list[Tensor]:
    """Return what is carried after each step and, on its side, before the first."""
    count = array.shape(elems[0])[0]
    kinds = [tensor.dtype for tensor in initial]
    width = len(initial)

    # Names of arguments, and what describes `body`, are part of the functions' names.
    def cond(i: Tensor, num_elems: Tensor, *args: Tensor) -> Tensor:
        del args
        return i >= 0 if backwards else i < num_elems

    def body(i: Tensor, num_elems: Tensor, *args: Tensor) -> list[Tensor]:
        """Loop body."""
        i.set_shape([])
        outputs, carried = args[:width], args[width:]
        row = [array.gather(elem, i) for elem in elems]
        new = step(carried, row)
        place = i if backwards else i + 1
        outputs = tuple(
            op("TensorScatterUpdate", tensor=x, indices=[[place]], updates=[y])
            for x, y in zip(outputs, new, strict=True)
        )
        i = i - 1 if backwards else i + 1
        return [i, num_elems, *outputs, *new]

    start = array.shape(elems[0])[0] - 1 if backwards else array.constant(0)
    outputs = _outputs(elems[0], initial, start, backwards=backwards)
    loop = [start, count, *outputs, *initial]
    on_host = [i for i, x in enumerate(loop) if x.dtype in _COUNTERS]
    types = [dtypes.int32, dtypes.int32, *kinds, *kinds]
    condition = cast_type(DefinedFunction, Defun(*types)(cond))
    function = cast_type(DefinedFunction, Defun(*types)(body))
    results = While(loop, condition, function, hostmem=on_host)
    return list(results[2 : width + 2])


_COUNTERS = (dtypes.int32, dtypes.int64)


def _outputs(
    elems: Tensor, initial: Sequence[Tensor], start: Tensor, *, backwards: bool
) -> list[Tensor]:
    """Return arrays for the results, with the initial values in them."""
    count = array.shape(elems)[0] + 1
    outputs = []
    for value in initial:
        shape = array.concat([[count], array.shape(value)], 0)
        empty = op("Empty", shape=shape, dtype=value.dtype, init=True)
        place = start + (1 if backwards else 0)
        outputs.append(
            op("TensorScatterAdd", tensor=empty, indices=[[place]], updates=[value])
        )
    return outputs
