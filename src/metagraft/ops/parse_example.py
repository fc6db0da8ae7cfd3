"""Training examples taken apart; twin of `kernels/parse_example.py`.

Source: tensorflow core/ops/parsing_ops.cc, core/util/example_proto_helper.cc.
"""

from __future__ import annotations

from collections.abc import Sequence

from metagraft.graph.attrs import Attrs
from metagraft.graph.op_spec import OpSpec, Shapes
from metagraft.graph.shape_checks import with_rank, with_rank_at_most
from metagraft.graph.shapes import Dims
from metagraft.ops.example_attrs import parse_example_attrs, parse_single_example_attrs
from metagraft.ops.example_shapes import bounds_of, sparse_shapes

__all__ = ["OPS"]

_SOURCE = "tensorflow core/ops/parsing_ops.cc"


def parse_example_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A batch of examples: sparse matrices, and dense values with the batch first."""
    batch = with_rank(inputs[0], 1)
    with_rank(inputs[1], 1)
    dense = [(*batch, *dims) for dims in attrs["dense_shapes"]]
    return (*sparse_shapes(attrs["Nsparse"], 2), *dense)


def parse_example_v2_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A batch of examples, or a single one, which has no batch axis."""
    examples = with_rank_at_most(inputs[0], 1)
    for place in range(1, 5):
        with_rank_at_most(inputs[place], 1)
    rank = None if examples is None else len(examples) + 1
    dense: list[Dims] = [
        None if examples is None else (*examples, *dims)
        for dims in attrs["dense_shapes"]
    ]
    ragged = len(attrs["ragged_value_types"])
    return (
        *sparse_shapes(attrs["num_sparse"], rank),
        *dense,
        *[(None,)] * ragged,
        *[(bounds_of(examples),)] * ragged,
    )


def parse_single_example_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """One example: sparse vectors, and dense values."""
    with_rank(inputs[0], 0)
    return (*sparse_shapes(attrs["num_sparse"], 1), *attrs["dense_shapes"])


OPS = (
    OpSpec(
        name="ParseExample",
        shape=parse_example_shape,
        attrs=parse_example_attrs,
        source=_SOURCE,
    ),
    OpSpec(
        name="ParseExampleV2",
        shape=parse_example_v2_shape,
        attrs=parse_example_attrs,
        source=_SOURCE,
    ),
    OpSpec(
        name="ParseSingleExample",
        shape=parse_single_example_shape,
        attrs=parse_single_example_attrs,
        source=_SOURCE,
    ),
)
