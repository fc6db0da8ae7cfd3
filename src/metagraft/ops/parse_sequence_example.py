"""Examples of sequences taken apart; twin of `kernels/parse_sequence_example.py`.

Source: tensorflow core/ops/parsing_ops.cc, core/util/example_proto_helper.cc.
"""

from __future__ import annotations

from collections.abc import Sequence

from metagraft.graph.attrs import Attrs
from metagraft.graph.op_spec import OpSpec, Shapes
from metagraft.graph.shape_checks import with_rank, with_rank_at_most
from metagraft.graph.shapes import Dims
from metagraft.ops.example_attrs import (
    parse_sequence_attrs,
    parse_single_sequence_attrs,
)
from metagraft.ops.example_shapes import bounds_of, sparse_shapes

__all__ = ["OPS"]

_SOURCE = "tensorflow core/ops/parsing_ops.cc"


def parse_sequence_example_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A batch of sequences: those of the context, then those of each step."""
    batch = with_rank(inputs[0], 1)
    with_rank(inputs[1], 1)
    return _sequence_shapes(attrs, batch)


def parse_single_sequence_example_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """One sequence: its context, and the values of its steps."""
    with_rank(inputs[0], 0)
    with_rank(inputs[1], 1)
    lengths = len(attrs["feature_list_dense_types"])
    return _sequence_shapes(attrs, ())[: -lengths or None]


def parse_sequence_example_v2_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A batch of sequences, or a single one, which has no batch axis."""
    examples = with_rank_at_most(inputs[0], 1)
    with_rank_at_most(inputs[1], 1)
    context_ragged = len(attrs["context_ragged_value_types"])
    list_ragged = len(attrs["feature_list_ragged_value_types"])
    shapes = list(_sequence_shapes(attrs, examples))
    context_end = 3 * attrs["Ncontext_sparse"] + len(attrs["Tcontext_dense"])
    splits: Dims = (bounds_of(examples),)
    return (
        *shapes[:context_end],
        *[(None,)] * context_ragged,
        *[splits] * context_ragged,
        *shapes[context_end:],
        *[(None,)] * list_ragged,
        *[splits] * list_ragged,
        *[(None,)] * list_ragged,
    )


def _sequence_shapes(attrs: Attrs, batch: Dims) -> Sequence[Dims]:
    """What all three ops return: context, lists of features, and their lengths."""
    rank = None if batch is None else len(batch) + 1
    context: list[Dims] = [
        None if batch is None or dims is None else (*batch, *dims)
        for dims in attrs["context_dense_shapes"]
    ]
    steps: list[Dims] = [
        None if batch is None or dims is None else (*batch, None, *dims)
        for dims in attrs["feature_list_dense_shapes"]
    ]
    step_rank = None if rank is None else rank + 1
    return (
        *sparse_shapes(attrs["Ncontext_sparse"], rank),
        *context,
        *sparse_shapes(attrs["Nfeature_list_sparse"], step_rank),
        *steps,
        *[batch] * len(steps),
    )


OPS = (
    OpSpec(
        name="ParseSequenceExample",
        shape=parse_sequence_example_shape,
        attrs=parse_sequence_attrs,
        source=_SOURCE,
    ),
    OpSpec(
        name="ParseSequenceExampleV2",
        shape=parse_sequence_example_v2_shape,
        attrs=parse_sequence_attrs,
        source=_SOURCE,
    ),
    OpSpec(
        name="ParseSingleSequenceExample",
        shape=parse_single_sequence_example_shape,
        attrs=parse_single_sequence_attrs,
        source=_SOURCE,
    ),
)
