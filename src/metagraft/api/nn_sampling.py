"""Losses over a sample of the classes (`tf.nn.nce_loss`, `tf.nn.sampled_softmax_loss`).

Source: tensorflow python/ops/nn_impl.py, candidate_sampling_ops.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.api.nn_embedding import embedding_lookup
from metagraft.api.nn_softmax import (
    sigmoid_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits_v2,
)
from metagraft.api.partitioned_variable import PartitionedVariable
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import cast
from metagraft.graph.build.matmul import matmul
from metagraft.graph.random_seed import seed_attributes
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "all_candidate_sampler",
    "compute_accidental_hits",
    "fixed_unigram_candidate_sampler",
    "learned_unigram_candidate_sampler",
    "log_uniform_candidate_sampler",
    "nce_loss",
    "sampled_softmax_loss",
    "uniform_candidate_sampler",
]

_MOST_CLASSES = 2**31 - 1
Sampled = tuple[Tensor, Tensor, Tensor]


def uniform_candidate_sampler(
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    seed: int | None = None,
    name: str | None = None,
) -> Sampled:
    """Draw classes, each with the same probability.

    Args:
        true_classes: `[batch, num_true]`, int64.
        num_true: How many classes of an example are right.
        num_sampled: How many classes to draw.
        unique: Whether no class is drawn twice.
        range_max: How many classes there are.
        seed: Seed of the operation.
        name: Name of the operation.

    Returns:
        The drawn classes, and how often the true and the drawn ones are expected.
    """
    sampled: Sampled = op(
        "UniformCandidateSampler",
        true_classes=true_classes,
        num_true=num_true,
        num_sampled=num_sampled,
        unique=unique,
        range_max=range_max,
        **seed_attributes(seed),
        name=name,
    )
    return sampled


def log_uniform_candidate_sampler(
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    seed: int | None = None,
    name: str | None = None,
) -> Sampled:
    """Draw classes, low numbers more often; see `uniform_candidate_sampler`."""
    sampled: Sampled = op(
        "LogUniformCandidateSampler",
        true_classes=true_classes,
        num_true=num_true,
        num_sampled=num_sampled,
        unique=unique,
        range_max=range_max,
        **seed_attributes(seed),
        name=name,
    )
    return sampled


def all_candidate_sampler(
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    seed: int | None = None,
    name: str | None = None,
) -> Sampled:
    """Take every class; see `uniform_candidate_sampler`."""
    sampled: Sampled = op(
        "AllCandidateSampler",
        true_classes=true_classes,
        num_true=num_true,
        num_sampled=num_sampled,
        unique=unique,
        **seed_attributes(seed),
        name=name,
    )
    return sampled


def learned_unigram_candidate_sampler(
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    seed: int | None = None,
    name: str | None = None,
) -> Sampled:
    """Draw classes by how often the op saw them; see `uniform_candidate_sampler`.

    Raises:
        ValueError: There are too many classes.
    """
    seeds = seed_attributes(seed)
    if range_max > _MOST_CLASSES:
        raise ValueError(f"Value of range_max:{range_max} is too large to handle")
    sampled: Sampled = op(
        "LearnedUnigramCandidateSampler",
        true_classes=true_classes,
        num_true=num_true,
        num_sampled=num_sampled,
        unique=unique,
        range_max=range_max,
        **seeds,
        name=name,
    )
    return sampled


def fixed_unigram_candidate_sampler(
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    vocab_file: str = "",
    distortion: float = 1.0,
    num_reserved_ids: int = 0,
    num_shards: int = 1,
    shard: int = 0,
    unigrams: Sequence[float] = (),
    seed: int | None = None,
    name: str | None = None,
) -> Sampled:
    """Draw classes by given frequencies; see `uniform_candidate_sampler`.

    Args:
        true_classes: `[batch, num_true]`, int64.
        num_true: How many classes of an example are right.
        num_sampled: How many classes to draw.
        unique: Whether no class is drawn twice.
        range_max: How many classes there are.
        vocab_file: A file with a line for each class, the frequency in its last column
            between commas.
        distortion: Exponent of the frequencies.
        num_reserved_ids: How many classes come first that are never drawn.
        num_shards: Into how many parts the classes are dealt.
        shard: Which part this is.
        unigrams: The frequencies, instead of the file.
        seed: Seed of the operation.
        name: Name of the operation.
    """
    sampled: Sampled = op(
        "FixedUnigramCandidateSampler",
        true_classes=true_classes,
        num_true=num_true,
        num_sampled=num_sampled,
        unique=unique,
        range_max=range_max,
        vocab_file=vocab_file,
        distortion=distortion,
        num_reserved_ids=num_reserved_ids,
        num_shards=num_shards,
        shard=shard,
        unigrams=list(unigrams),
        **seed_attributes(seed),
        name=name,
    )
    return sampled


def compute_accidental_hits(
    true_classes: Any,
    sampled_candidates: Any,
    num_true: int,
    seed: int | None = None,
    name: str | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Find drawn classes that are right: rows, places, and very low weights."""
    hits: tuple[Tensor, Tensor, Tensor] = op(
        "ComputeAccidentalHits",
        true_classes=true_classes,
        sampled_candidates=sampled_candidates,
        num_true=num_true,
        **seed_attributes(seed),
        name=name,
    )
    return hits


def nce_loss(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: int,
    num_classes: int,
    num_true: int = 1,
    sampled_values: Sampled | None = None,
    remove_accidental_hits: bool = False,
    partition_strategy: str = "mod",
    name: str = "nce_loss",
) -> Tensor:
    """The loss of telling the right classes from drawn ones.

    Args:
        weights: `[num_classes, size]`, or a list of tables that together are one.
        biases: `[num_classes]`.
        labels: `[batch, num_true]`, the right classes.
        inputs: `[batch, size]`.
        num_sampled: How many classes to draw.
        num_classes: How many classes there are.
        num_true: How many classes of an example are right.
        sampled_values: What a candidate sampler returned; drawn here if None.
        remove_accidental_hits: Whether drawn classes that are right do not count.
        partition_strategy: How rows are dealt to several tables.
        name: Name of the scope.

    Returns:
        `[batch]`.
    """
    logits, targets = _sampled_logits(
        weights,
        biases,
        labels,
        inputs,
        num_sampled,
        num_classes,
        num_true,
        sampled_values,
        remove_accidental_hits=remove_accidental_hits,
        partition_strategy=partition_strategy,
        name=name,
        seed=None,
    )
    losses = sigmoid_cross_entropy_with_logits(
        labels=targets, logits=logits, name="sampled_losses"
    )
    return _row_sums(losses)


def sampled_softmax_loss(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: int,
    num_classes: int,
    num_true: int = 1,
    sampled_values: Sampled | None = None,
    remove_accidental_hits: bool = True,
    partition_strategy: str = "mod",
    name: str = "sampled_softmax_loss",
    seed: int | None = None,
) -> Tensor:
    """The softmax cross entropy over the right classes and drawn ones.

    The arguments are those of `nce_loss`.
    """
    logits, targets = _sampled_logits(
        weights,
        biases,
        labels,
        inputs,
        num_sampled,
        num_classes,
        num_true,
        sampled_values,
        remove_accidental_hits=remove_accidental_hits,
        partition_strategy=partition_strategy,
        name=name,
        seed=seed,
    )
    targets = op("StopGradient", input=targets, name="labels_stop_gradient")
    return softmax_cross_entropy_with_logits_v2(labels=targets, logits=logits)


def _row_sums(x: Tensor) -> Tensor:
    columns = array.shape(x)[1]
    ones = array.ones(array.stack([columns, 1]), x.dtype)
    return array.reshape(matmul(x, ones), [-1])


def _sampled_logits(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: int,
    num_classes: int,
    num_true: int,
    sampled_values: Sampled | None,
    *,
    remove_accidental_hits: bool,
    partition_strategy: str,
    name: str | None,
    seed: int | None,
) -> tuple[Tensor, Tensor]:
    """Return logits and labels of the right classes and the drawn ones."""
    if isinstance(weights, PartitionedVariable):
        weights = list(weights)
    tables = weights if isinstance(weights, list) else [weights]
    with name_scope(name, "compute_sampled_logits", [*tables, biases, inputs, labels]):
        if labels.dtype != dtypes.int64:
            labels = cast(labels, dtypes.int64)
        flat = array.reshape(labels, [-1])
        if sampled_values is None:
            sampled_values = log_uniform_candidate_sampler(
                labels, num_true, num_sampled, True, num_classes, seed=seed
            )
        sampled, true_count, sampled_count = (
            op("StopGradient", input=value) for value in sampled_values
        )
        sampled = cast(sampled, dtypes.int64)
        ids = array.concat([flat, sampled], 0)
        lookup = _Lookup(ids, flat, inputs.dtype, partition_strategy)
        true_w, sampled_w = lookup.rows(tables)
        sampled_logits = matmul(inputs, sampled_w, transpose_b=True)
        true_b, sampled_b = lookup.numbers(biases)
        true_logits = _true_logits(inputs, true_w, num_true)
        true_logits = true_logits + array.reshape(true_b, [-1, num_true])
        sampled_logits = sampled_logits + sampled_b
        if remove_accidental_hits:
            sampled_logits = sampled_logits + _hits(
                labels, sampled, num_true, num_sampled, sampled_logits
            )
        true_logits = true_logits - op("Log", x=true_count)
        sampled_logits = sampled_logits - op("Log", x=sampled_count)
        logits = array.concat([true_logits, sampled_logits], 1)
        right = array.ones_like(true_logits) / num_true
        targets = array.concat([right, array.zeros_like(sampled_logits)], 1)
        return logits, targets


class _Lookup:
    """Looks rows up once for the right classes and the drawn ones."""

    def __init__(
        self, ids: Tensor, flat: Tensor, dtype: Any, partition_strategy: str
    ) -> None:
        self._ids = ids
        self._flat = flat
        self._dtype = dtype
        self._strategy = partition_strategy

    def _found(self, tables: Any) -> Tensor:
        found = embedding_lookup(tables, self._ids, partition_strategy=self._strategy)
        result: Tensor = (
            found if found.dtype == self._dtype else cast(found, self._dtype)
        )
        return result

    def rows(self, tables: Any) -> tuple[Tensor, Tensor]:
        found = self._found(tables)
        true_size = array.stack([array.shape(self._flat)[0], -1])
        true_rows = array.slice_(found, [0, 0], true_size)
        start = array.stack([array.shape(self._flat)[0], 0])
        return true_rows, array.slice_(found, start, [-1, -1])

    def numbers(self, tables: Any) -> tuple[Tensor, Tensor]:
        found = self._found(tables)
        true_part = array.slice_(found, [0], array.shape(self._flat))
        return true_part, array.slice_(found, array.shape(self._flat), [-1])


def _true_logits(inputs: Any, true_w: Tensor, num_true: int) -> Tensor:
    size = array.shape(true_w)[1:2]
    shape = array.concat([[-1, num_true], size], 0)
    columns = array.expand_dims(inputs, 1)
    dots = op("Mul", x=columns, y=array.reshape(true_w, shape))
    rows = array.reshape(dots, array.concat([[-1], size], 0))
    return array.reshape(_row_sums(rows), [-1, num_true])


def _hits(
    labels: Any, sampled: Tensor, num_true: int, num_sampled: int, logits: Tensor
) -> Tensor:
    """Return very low numbers for drawn classes that are right, 0 elsewhere."""
    rows, ids, low = compute_accidental_hits(labels, sampled, num_true=num_true)
    rows_2d = array.reshape(rows, [-1, 1])
    ids_2d = array.reshape(cast(ids, dtypes.int32), [-1, 1])
    places = array.concat([rows_2d, ids_2d], 1, "sparse_indices")
    batch = array.shape(labels)[:1]
    shape = array.concat([batch, array.expand_dims(num_sampled, 0)], 0)
    if logits.dtype != low.dtype:
        low = cast(low, logits.dtype)
    dense: Tensor = op(
        "SparseToDense",
        sparse_indices=places,
        output_shape=shape,
        sparse_values=low,
        default_value=0.0,
        validate_indices=False,
    )
    return dense
