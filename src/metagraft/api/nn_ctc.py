"""Connectionist temporal classification: losses, decoders, and label sequences.

Source: tensorflow python/ops/ctc_ops.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.array import sequence_mask, transpose
from metagraft.api.comparison import not_equal
from metagraft.api.functional import map_fn
from metagraft.api.nn_ctc_dense import ctc_loss_dense, size_of
from metagraft.api.reductions import reduce_max, reduce_sum
from metagraft.api.renamed_arguments import renamed_argument
from metagraft.api.unique import scatter_nd, unique
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.masks import boolean_mask
from metagraft.graph.build.math import cast, number_range, select
from metagraft.graph.build.pad import pad
from metagraft.graph.composite import SparseTensor
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "collapse_repeated",
    "ctc_beam_search_decoder",
    "ctc_beam_search_decoder_v2",
    "ctc_greedy_decoder",
    "ctc_loss",
    "ctc_loss_v2",
    "ctc_unique_labels",
]

Decoded = tuple[list[SparseTensor], Tensor]
_NARROW = (dtypes.float16, dtypes.bfloat16)


def ctc_loss(
    labels: Any,
    inputs: Any = None,
    sequence_length: Any = None,
    preprocess_collapse_repeated: bool = False,
    ctc_merge_repeated: bool = True,
    ignore_longer_outputs_than_inputs: bool = False,
    time_major: bool = True,
    logits: Any = None,
) -> Tensor:
    """Return the loss of label sequences that no one aligned to their inputs.

    Args:
        labels: A sparse `int32` tensor, a row for each sequence.
        inputs: Logits, `[time, batch, classes]`; the last class stands for no label.
        sequence_length: `[batch]`, how many time steps each sequence has.
        preprocess_collapse_repeated: Whether labels that repeat are one label.
        ctc_merge_repeated: Whether outputs that repeat are one label.
        ignore_longer_outputs_than_inputs: Whether sequences with more labels than
            time steps cost nothing; else they are an error.
        time_major: Whether time comes before the batch.
        logits: Another name of `inputs`.

    Returns:
        `[batch]`.

    Raises:
        TypeError: `labels` is not sparse.
        ValueError: The logits are given under both names.
    """
    if not isinstance(labels, SparseTensor):
        raise TypeError(
            "Expected argument `labels` to be a SparseTensor. Received"
            f" labels={labels} of type: {type(labels).__name__}"
        )
    given = renamed_argument("inputs", inputs, "logits", logits)
    tensor = convert_to_tensor(given, name="logits")
    if not time_major:
        tensor = transpose(tensor, [1, 0, 2])
    kind = tensor.dtype
    if kind in _NARROW:
        tensor = cast(tensor, dtypes.float32)
    loss, _ = op(
        "CTCLoss",
        inputs=tensor,
        labels_indices=labels.indices,
        labels_values=labels.values,
        sequence_length=sequence_length,
        preprocess_collapse_repeated=preprocess_collapse_repeated,
        ctc_merge_repeated=ctc_merge_repeated,
        ignore_longer_outputs_than_inputs=ignore_longer_outputs_than_inputs,
    )
    result: Tensor = cast(loss, kind) if kind in _NARROW else loss
    return result


def ctc_loss_v2(
    labels: Any,
    logits: Any,
    label_length: Any,
    logit_length: Any,
    logits_time_major: bool = True,
    unique: Any = None,
    blank_index: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Return the loss of dense or sparse labels; see `ctc_loss`.

    Args:
        labels: Sparse, or dense `[batch, longest]`.
        logits: `[time, batch, classes]`.
        label_length: `[batch]`, how many dense labels each sequence has.
        logit_length: `[batch]`, how many time steps it has.
        logits_time_major: Whether time comes before the batch.
        unique: What `ctc_unique_labels` gives for dense labels, to save work.
        blank_index: The class that stands for no label; negative from the end. By
            default it is 0; sparse labels have no default.
        name: Name of the scope for dense labels.

    Raises:
        ValueError: Labels are sparse, and `blank_index` is missing.
    """
    if not isinstance(labels, SparseTensor):
        return ctc_loss_dense(
            labels,
            logits,
            label_length,
            logit_length,
            time_major=logits_time_major,
            unique=unique,
            blank_index=0 if blank_index is None else blank_index,
            name=name,
        )
    if blank_index is None:
        raise ValueError(
            "Argument `blank_index` must be provided when labels is a SparseTensor."
        )
    blank: Any = blank_index
    if blank_index < 0:
        blank = blank + size_of(logits, 2)
    if blank != size_of(logits, 2) - 1:
        before, after = logits[:, :, :blank], logits[:, :, blank + 1 :]
        logits = array.concat([before, after, logits[:, :, blank : blank + 1]], axis=2)
        values = labels.values
        moved = select(values < blank, values, values - 1)
        labels = SparseTensor(labels.indices, moved, labels.dense_shape)
    return ctc_loss(
        labels=labels,
        inputs=logits,
        sequence_length=logit_length,
        time_major=logits_time_major,
    )


def ctc_greedy_decoder(
    inputs: Any,
    sequence_length: Any,
    merge_repeated: bool = True,
    blank_index: int | None = None,
) -> Decoded:
    """Take the most probable class at each time step.

    Args:
        inputs: `[time, batch, classes]`.
        sequence_length: `[batch]`.
        merge_repeated: Whether classes that repeat are one label.
        blank_index: The class that stands for no label; the last one by default.

    Returns:
        A list of one sparse tensor of labels, and `[batch, 1]`: the sum of the
        largest inputs, negative.
    """
    indices, values, shape, score = op(
        "CTCGreedyDecoder",
        inputs=inputs,
        sequence_length=sequence_length,
        merge_repeated=merge_repeated,
        blank_index=blank_index,
    )
    return [SparseTensor(indices, values, shape)], score


def ctc_beam_search_decoder(
    inputs: Any,
    sequence_length: Any,
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
) -> Decoded:
    """Search for the most probable label sequences.

    Args:
        inputs: Logits, `[time, batch, classes]`; the last class stands for no label.
        sequence_length: `[batch]`.
        beam_width: How many sequences are followed at a time.
        top_paths: How many to return.
        merge_repeated: Whether labels that repeat in the result become one.

    Returns:
        A sparse tensor of labels for each path, and `[batch, top_paths]`: the
        logarithms of their probabilities.
    """
    indices, values, shapes, score = op(
        "CTCBeamSearchDecoder",
        inputs=inputs,
        sequence_length=sequence_length,
        beam_width=beam_width,
        top_paths=top_paths,
        merge_repeated=merge_repeated,
    )
    parts = zip(indices, values, shapes, strict=True)
    return [SparseTensor(*part) for part in parts], score


def ctc_beam_search_decoder_v2(
    inputs: Any, sequence_length: Any, beam_width: int = 100, top_paths: int = 1
) -> Decoded:
    """As `ctc_beam_search_decoder`; labels that repeat are kept."""
    return ctc_beam_search_decoder(
        inputs, sequence_length, beam_width, top_paths, merge_repeated=False
    )


def collapse_repeated(
    labels: Any, seq_length: Any, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """Make one label of labels that repeat.

    Args:
        labels: `[batch, longest]`.
        seq_length: `[batch]`.
        name: Name of the scope.

    Returns:
        The labels, and how many there are in each row.
    """
    with name_scope(name, "collapse_repeated_labels", [labels, seq_length]):
        labels = convert_to_tensor(labels, name="labels")
        seq_length = convert_to_tensor(seq_length, name="seq_length")
        first = array.ones_like(labels[:, :1], dtypes.bool)
        is_new = array.concat([first, not_equal(labels[:, 1:], labels[:, :-1])], axis=1)
        inside = sequence_mask(seq_length, maxlen=size_of(labels, 1))
        is_new = op("LogicalAnd", x=is_new, y=inside)
        lengths = reduce_sum(cast(is_new, dtypes.int32), axis=1)
        longest = reduce_max(lengths)
        kept = sequence_mask(lengths, maxlen=longest)
        flat_labels = array.reshape(labels, [-1])
        flat_new = array.reshape(is_new, [-1])
        flat_kept = array.reshape(kept, [-1])
        places = number_range(size_of(flat_kept, 0))
        flat = scatter_nd(
            indices=array.expand_dims(boolean_mask(places, flat_kept), axis=1),
            updates=boolean_mask(flat_labels, flat_new),
            shape=array.shape(flat_kept),
        )
        batch = size_of(labels, 0)
        rows = array.reshape(flat, [batch, longest])
        return rows, cast(lengths, seq_length.dtype)


def ctc_unique_labels(labels: Any, name: str | None = None) -> Any:
    """Find the different labels of each row, for `ctc_loss_v2`.

    Args:
        labels: `[batch, longest]`.
        name: Name of the scope.

    Returns:
        The different labels with zeros after them, and where in them each label is.
    """
    with name_scope(name, "ctc_unique_labels", [labels]):
        labels = convert_to_tensor(labels, name="labels")

        def of_row(row: Tensor) -> list[Tensor]:
            found = unique(row)
            missing = size_of(found.idx, 0) - size_of(found.y, 0)
            padded = pad(found.y, [[0, missing]])
            return [cast(padded, dtypes.int64), found.idx]

        return map_fn(of_row, labels, dtype=[dtypes.int64, dtypes.int32])
