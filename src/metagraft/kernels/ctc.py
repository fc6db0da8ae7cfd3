"""CTC loss and the greedy decoder; twin of `ops/ctc.py`.

The loss is a loop over time that works on all sequences at once. Where the labels are
known their longest sequence says how many states there are; in a compiled program only
their number and the time bound it.

TF: adds probabilities of doubles up in single precision; these are exact here.

Labels that TensorFlow refuses are refused where they are seen, and their loss is NaN in
a compiled program.

Source: tensorflow core/util/ctc/ctc_loss_calculator.cc, core/kernels/ctc_loss_op.cc,
ctc_decoder_ops.cc.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from metagraft.errors import FailedPreconditionError, InvalidArgumentError
from metagraft.graph.shapes import show
from metagraft.kernels.ctc_beam_search import beam_search
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.namespace import is_host, namespace
from metagraft.kernels.time_loop import loop_over_time

__all__ = ["KERNELS"]


def _require(holds: bool, text: str) -> None:
    if not holds:
        raise InvalidArgumentError(None, None, text)


@dataclass(frozen=True, slots=True)
class _Labels:
    """Labels laid out densely.

    Attributes:
        values: `[batch, longest]`; what lies after the end means nothing.
        counts: `[batch]`, how many labels are left of each row.
        given: `[batch]`, how many there were at first.
        is_valid: `[batch]`, whether TensorFlow takes the row.
    """

    values: Array
    counts: Array
    given: Array
    is_valid: Array


def _dense_labels(
    attrs: Any,
    blank: int,
    sizes: tuple[int, int, int],
    indices: Array,
    values: Array,
) -> _Labels:
    """Lay labels out; leave out blanks at the end, and, if so asked, repetitions."""
    time, batch, classes = sizes
    xp = namespace(indices, values)
    rows = indices[:, 0]
    every_row = np.arange(batch, dtype=np.int64)
    starts = xp.searchsorted(rows, every_row, side="left").astype(np.int64)
    given = xp.searchsorted(rows, every_row, side="right").astype(np.int64) - starts
    longest = int(given.max(initial=0)) if xp is np else min(values.shape[0], time)
    columns = np.arange(longest, dtype=np.int64)
    inside = columns < given[:, None]
    last = max(values.shape[0] - 1, 0)
    places = xp.clip(starts[:, None] + columns, 0, last)
    dense = values[places] if values.shape[0] else xp.zeros((batch, longest), np.int32)
    kept = inside
    if attrs["preprocess_collapse_repeated"] and longest:
        is_new = xp.concatenate(
            [xp.ones((batch, 1), bool), dense[:, 1:] != dense[:, :-1]], axis=1
        )
        kept = kept & is_new
    if blank:  # what follows the classes ends a sequence
        is_null = kept & (dense >= classes - 1)
        after_null = xp.cumsum(is_null, axis=1) > 0
        kept = kept & ~is_null
        is_valid = ~(kept & after_null).any(axis=1)
    else:
        is_valid = ~(kept & ((dense >= classes) | (dense == 0))).any(axis=1)
    is_valid = is_valid & ~(kept & (dense < 0)).any(axis=1)
    # The labels that stay come first, in their order.
    order = xp.argsort(~kept, axis=1, stable=True)
    dense = xp.take_along_axis(dense, order, axis=1)
    return _Labels(dense, kept.sum(1), given, is_valid)


def _check_operands(
    inputs: Array, indices: Array, values: Array, lengths: Array
) -> None:
    _require(inputs.ndim == 3, "inputs is not a 3-Tensor")
    _require(lengths.ndim == 1, "sequence_length is not a vector")
    _require(indices.ndim == 2, "labels_indices is not a matrix")
    _require(values.ndim == 1, "labels_values is not a vector")
    time, batch, classes = inputs.shape
    _require(classes > 0, "num_classes cannot be 0")
    _require(
        batch == lengths.shape[0],
        f"len(sequence_length) != batch_size.  len(sequence_length):  "
        f"{lengths.shape[0]} batch_size: {batch}",
    )
    _require(
        indices.shape[0] == values.shape[0],
        "labels_indices and labels_values must contain the same number of rows, but"
        f" saw shapes: {show(indices.shape)} vs. {show(values.shape)}",
    )
    _require(batch != 0, "batch_size must not be 0")
    if is_host(lengths):
        for row, length in enumerate(lengths.tolist()):
            _require(length <= time, f"sequence_length({row}) <= {time}")
            _require(length >= 0, f"seq_len({row}) < 0")
    if is_host(indices) and indices.size:
        _check_indices(indices, batch)


def _check_indices(indices: np.ndarray, batch: int) -> None:
    steps = np.diff(indices, axis=0)
    in_order = (steps[:, 0] > 0) | ((steps[:, 0] == 0) & (steps[:, 1] > 0))
    inside = (indices >= 0).all(1) & (indices[:, 0] < batch)
    for place in np.flatnonzero(~inside)[:1]:
        found = ",".join(map(str, indices[place].tolist()))
        _require(
            False,
            f"label SparseTensor is not valid: indices[{place}] = [{found}] is out of"
            f" bounds: need 0 <= index < [{batch},{indices[:, 1].max() + 1}]",
        )
    for place in np.flatnonzero(~in_order)[:1]:
        found = ",".join(map(str, indices[place + 1].tolist()))
        kind = "repeated" if not steps[place].any() else "out of order"
        _require(
            False,
            f"label SparseTensor is not valid: indices[{place + 1}] = [{found}] is"
            f" {kind}. Many sparse ops require sorted indices.\n    Use"
            " `tf.sparse.reorder` to create a correctly ordered copy.\n\n",
        )


def _ctc_loss(*, blank_is_last: bool) -> Any:
    def ctc_loss(
        attrs: Any, inputs: Array, indices: Array, values: Array, lengths: Array
    ) -> tuple[Array, Array]:
        _check_operands(inputs, indices, values, lengths)
        blank = inputs.shape[2] - 1 if blank_is_last else 0
        labels = _dense_labels(attrs, blank, inputs.shape, indices, values)
        xp = namespace(inputs, indices, values, lengths)
        wide = lengths.astype(np.int64)
        ignores = attrs["ignore_longer_outputs_than_inputs"]
        is_skipped = wide == 0
        is_valid = labels.is_valid
        if ignores:
            is_skipped = is_skipped | (labels.given > wide)
        else:
            is_valid = is_valid & (labels.given <= wide)
        if xp is np:
            _check_labels(labels, wide, ignores=ignores, inputs=inputs)
        loss, gradient = _Paths.of(attrs, blank, inputs, labels, wide).loss(xp)
        nan = np.asarray(np.nan, inputs.dtype)
        zero = np.asarray(0, inputs.dtype)
        loss = xp.where(is_skipped, zero, xp.where(is_valid, loss, nan))
        gradient = xp.where(is_skipped[None, :, None], zero, gradient)
        return loss, gradient

    return ctc_loss


def _check_labels(
    labels: _Labels, lengths: np.ndarray, *, ignores: bool, inputs: np.ndarray
) -> None:
    classes = inputs.shape[2]
    for row in np.flatnonzero(~labels.is_valid)[:1]:
        _require(
            False,
            "All labels must be nonnegative integers, and none but the last ones"
            f" may be num_classes - 1 or more, batch: {row} num_classes: {classes}"
            f" labels: {','.join(map(str, labels.values[row].tolist()))}",
        )
    if ignores:
        return
    for row in np.flatnonzero(labels.given > lengths)[:1]:
        _require(
            False,
            "Not enough time for target transition sequence (required:"
            f" {labels.given[row]}, available: {lengths[row]}){row}You can turn this"
            " error into a warning by using the flag"
            " ignore_longer_outputs_than_inputs",
        )


@dataclass(frozen=True, slots=True)
class _Paths:
    """All paths of labels with blanks between them, `[batch, 2 * longest + 1]` states.

    Attributes:
        blank: The class that stands for no label.
        merges: Whether a label that is repeated is the same label.
        probabilities: `[time, batch, classes]`.
        states: `[batch, states]`, the class of each.
        count: `[batch]`, how many states there are.
        lengths: `[batch]`.
    """

    blank: int
    merges: bool
    probabilities: Array
    states: Array
    count: Array
    lengths: Array

    @classmethod
    def of(
        cls, attrs: Any, blank: int, inputs: Array, labels: _Labels, lengths: Array
    ) -> _Paths:
        """Put blanks around the labels."""
        xp = namespace(inputs, labels.values, lengths)
        powers = xp.exp(inputs - inputs.max(axis=2, keepdims=True))
        batch, longest = labels.values.shape
        last = inputs.shape[2] - 1
        known = xp.clip(labels.values, 0, last).astype(np.int32)
        blanks = xp.full((batch, longest), blank, np.int32)
        pairs = xp.stack([blanks, known], axis=2).reshape(batch, 2 * longest)
        return cls(
            blank=blank,
            merges=attrs["ctc_merge_repeated"],
            probabilities=powers / powers.sum(axis=2, keepdims=True),
            states=xp.concatenate([pairs, xp.full((batch, 1), blank, np.int32)], 1),
            count=2 * labels.counts.astype(np.int64) + 1,
            lengths=lengths,
        )

    def loss(self, xp: Any) -> tuple[Array, Array]:
        """Return the loss `[batch]` and its gradient `[time, batch, classes]`."""
        if self.probabilities.shape[0] == 0:
            batch = self.probabilities.shape[1]
            zeros = xp.zeros(batch, self.probabilities.dtype)
            return zeros, xp.zeros_like(self.probabilities)
        emitted = self._emitted(xp)
        alpha, beta = self._alpha(xp, emitted), self._beta(xp, emitted)
        both = alpha + beta
        log_p = _log_sum(xp, both[0])
        least = _lowest(both.dtype)
        is_possible = log_p > least
        safe = xp.where(is_possible, log_p, np.asarray(0, log_p.dtype))
        expected = self._by_class(xp, xp.exp(both - safe[:, None]))
        gradient = self.probabilities - expected
        rows = np.arange(both.shape[0], dtype=np.int64)
        inside = rows[:, None] < self.lengths
        gradient = xp.where(inside[:, :, None], gradient, np.asarray(0, gradient.dtype))
        return -log_p, gradient

    def _emitted(self, xp: Any) -> Array:
        """Return the logarithm of each state's probability, `[time, batch, states]`."""
        logs = _log(xp, self.probabilities)
        return xp.take_along_axis(logs, self.states[None], axis=2)

    def _is_state(self) -> Array:
        numbers = np.arange(self.states.shape[1], dtype=np.int64)
        return numbers < self.count[:, None]

    def _may_stay(self, xp: Any) -> Array:
        if self.merges:
            return xp.ones(self.states.shape, bool)
        return self.states == self.blank

    def _may_skip(self, xp: Any) -> Array:
        """Whether a path may come to a state from two states before."""
        may = self.states[:, 2:] != self.blank
        if self.merges:
            may = may & (self.states[:, 2:] != self.states[:, :-2])
        return xp.concatenate(
            [xp.zeros((may.shape[0], self.states.shape[1] - may.shape[1]), bool), may],
            axis=1,
        )

    def _alpha(self, xp: Any, emitted: Array) -> Array:
        least = _lowest(emitted.dtype)
        is_state, stay, skip = self._is_state(), self._may_stay(xp), self._may_skip(xp)
        is_first = np.arange(self.states.shape[1]) < 2
        first = xp.where(is_first & is_state, emitted[0], least)

        def step(carried: tuple[Array, ...], row: tuple[Array, ...]) -> Any:
            (before,) = carried
            total = xp.where(stay, before, least)
            total = xp.logaddexp(total, _shifted(xp, before, 1))
            two = xp.where(skip, _shifted(xp, before, 2), least)
            now = xp.where(is_state, row[0] + xp.logaddexp(total, two), least)
            return (now,), (now,)

        if emitted.shape[0] == 1:
            return first[None]
        _, (rest,) = loop_over_time(xp, step, (first,), (emitted[1:],))
        return xp.concatenate([first[None], rest])

    def _beta(self, xp: Any, emitted: Array) -> Array:
        least = _lowest(emitted.dtype)
        is_state, stay, skip = self._is_state(), self._may_stay(xp), self._may_skip(xp)
        skip_next = xp.concatenate(
            [skip[:, 2:], xp.zeros((skip.shape[0], min(2, skip.shape[1])), bool)], 1
        )
        numbers = np.arange(self.states.shape[1], dtype=np.int64)
        is_end = is_state & (numbers >= self.count[:, None] - 2)
        at_end = xp.where(is_end, np.asarray(0, emitted.dtype), least)
        nothing = xp.full(self.states.shape, least, emitted.dtype)
        rows = np.arange(emitted.shape[0], dtype=np.int64)

        def step(carried: tuple[Array, ...], row: tuple[Array, ...]) -> Any:
            after, emitted_after = carried
            now, time = row
            given = after + emitted_after
            total = xp.where(stay, given, least)
            total = xp.logaddexp(total, _shifted(xp, given, -1))
            two = xp.where(skip_next, _shifted(xp, given, -2), least)
            total = xp.where(is_state, xp.logaddexp(total, two), least)
            last = (self.lengths - 1)[:, None]
            beta = xp.where(time == last, at_end, xp.where(time < last, total, least))
            return (beta, now), (beta,)

        first = (nothing, xp.zeros_like(emitted[0]))
        _, (beta,) = loop_over_time(xp, step, first, (emitted, rows), backwards=True)
        return beta

    def _by_class(self, xp: Any, weights: Array) -> Array:
        """Add weights of states of the same class up."""
        time, batch, classes = self.probabilities.shape
        starts = np.arange(batch, dtype=np.int64)[:, None] * classes
        places = (self.states.astype(np.int64) + starts).reshape(-1)
        columns = weights.transpose(1, 2, 0).reshape(-1, time)
        total = xp.zeros((batch * classes, time), weights.dtype)
        if xp is np:
            np.add.at(total, places, columns)
        else:
            total = total.at[places].add(columns)
        return total.reshape(batch, classes, time).transpose(2, 0, 1)


def _lowest(dtype: Any) -> Any:
    return np.asarray(-np.inf, dtype)


def _log(xp: Any, x: Array) -> Array:
    if xp is np:
        with np.errstate(divide="ignore"):
            return np.log(x)
    return xp.log(x)


def _log_sum(xp: Any, x: Array) -> Array:
    """Add up along the last axis what the logarithms stand for."""
    largest = x.max(axis=1, keepdims=True)
    is_finite = largest > _lowest(x.dtype)
    safe = xp.where(is_finite, largest, np.asarray(0, x.dtype))
    return safe[:, 0] + _log(xp, xp.exp(x - safe).sum(axis=1))


def _shifted(xp: Any, x: Array, count: int) -> Array:
    """Move states up by `count`, and put impossible ones in."""
    width = min(abs(count), x.shape[1])
    edge = xp.full((x.shape[0], width), _lowest(x.dtype), x.dtype)
    if count > 0:
        return xp.concatenate([edge, x[:, : x.shape[1] - width]], axis=1)
    return xp.concatenate([x[:, width:], edge], axis=1)


# Decoders.


def _check_decoder(inputs: np.ndarray, lengths: np.ndarray) -> None:
    _require(inputs.ndim == 3, "inputs is not a 3-Tensor")
    time, batch, classes = inputs.shape
    _require(time != 0, "max_time is 0")
    _require(classes != 0, "num_classes must not be 0")
    _require(lengths.ndim == 1, "sequence_length is not a vector")
    if batch != lengths.shape[0]:
        raise FailedPreconditionError(
            None,
            None,
            "len(sequence_length) != batch_size.  len(sequence_length):  "
            f"{lengths.shape[0]} batch_size: {batch}",
        )
    for row in np.flatnonzero(lengths > time)[:1]:
        raise FailedPreconditionError(None, None, f"sequence_length({row}) <= {time}")


def _sparse(sequences: list[list[int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return indices, values and shape of ragged rows."""
    places = [
        (row, place) for row, s in enumerate(sequences) for place in range(len(s))
    ]
    values = [value for sequence in sequences for value in sequence]
    longest = max(map(len, sequences), default=0)
    return (
        np.array(places, np.int64).reshape(-1, 2),
        np.array(values, np.int64),
        np.array([len(sequences), longest], np.int64),
    )


def ctc_greedy_decoder(
    attrs: Any, inputs: np.ndarray, lengths: np.ndarray
) -> tuple[Array, ...]:
    """Take the largest class at each time."""
    _check_decoder(inputs, lengths)
    classes = inputs.shape[2]
    blank = attrs["blank_index"]
    blank = blank + classes if blank < 0 else blank
    _require(
        0 <= blank < classes,
        f"blank_index expected to be in [{-classes}, {classes}), got"
        f" {attrs['blank_index']}",
    )
    best = inputs.argmax(axis=2)
    firsts = np.arange(0, inputs.size, classes).reshape(best.shape)
    largest = inputs.reshape(-1)[firsts + best]
    lengths = np.maximum(lengths, 0)
    times = np.arange(len(best))[:, None]
    kept = (best != blank) & (times < lengths)
    if attrs["merge_repeated"]:
        kept[1:] &= best[1:] != best[:-1]
    steps = np.zeros((len(best) + 1, len(lengths)), inputs.dtype)
    np.negative(largest, out=steps[1:])
    sums = steps.cumsum(axis=0, dtype=inputs.dtype)
    score = sums[lengths, np.arange(len(lengths))][:, None]
    rows, at = kept.T.nonzero()
    counts = np.bincount(rows, minlength=len(lengths))
    indices = np.empty((len(rows), 2), np.int64)
    indices[:, 0] = rows
    indices[:, 1] = np.arange(len(rows)) - np.repeat(counts.cumsum() - counts, counts)
    values = best[at, rows].astype(np.int64, copy=False)
    shape = np.array([len(lengths), counts.max(initial=0)], np.int64)
    return indices, values, shape, score


def ctc_beam_search_decoder(
    attrs: Any, inputs: np.ndarray, lengths: np.ndarray
) -> tuple[Array, ...]:
    """Return the most probable paths; see `ctc_beam_search.py`."""
    _check_decoder(inputs, lengths)
    paths, merges = attrs["top_paths"], attrs["merge_repeated"]
    score = np.zeros((inputs.shape[1], paths), inputs.dtype)
    found: list[list[list[int]]] = [[] for _ in range(paths)]
    with np.errstate(invalid="ignore", over="ignore"):
        beams = beam_search(inputs, lengths.tolist(), attrs["beam_width"])
        for row, beam in enumerate(beams):
            best = beam.top_paths(paths, merges=merges)
            for path, (labels, value) in enumerate(best):
                found[path].append(labels)
                score[row, path] = value
    parts = [_sparse(sequences) for sequences in found]
    indices, values, shapes = zip(*parts, strict=True)
    return (*indices, *values, *shapes, score)


KERNELS = {
    "CTCLoss": Kernel(_ctc_loss(blank_is_last=True)),
    "CTCLossV2": Kernel(_ctc_loss(blank_is_last=False)),
    "CTCGreedyDecoder": Kernel(ctc_greedy_decoder, host=True),
    "CTCBeamSearchDecoder": Kernel(ctc_beam_search_decoder, host=True),
}
