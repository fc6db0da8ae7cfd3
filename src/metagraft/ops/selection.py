"""Values by their place in order, and isotonic regression; twin of the kernels.

Source: tensorflow core/ops/nn_ops.cc, python/ops/nn_grad.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from metagraft.graph.build import array
from metagraft.graph.build.math import cast, divide, equal, number_range
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.op_spec import GradientBuilder, OpSpec, Shapes
from metagraft.graph.scopes import name_scope
from metagraft.graph.shape_checks import with_rank_at_least
from metagraft.graph.shapes import Dims

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation
    from metagraft.graph.tensor import Tensor

__all__ = ["OPS"]

_SOURCE = "tensorflow core/ops/nn_ops.cc"


def nth_element_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """The last axis is gone.

    Raises:
        ValueError: There are not so many values, or `n` is no count.
    """
    dims, n = with_rank_at_least(inputs[0], 1), inputs.value(1)
    if inputs[1] and n is not None:
        raise ValueError(f"Input must be scalar but has rank {len(inputs[1])}")
    if n is not None and n < 0:
        raise ValueError(
            "Dimension size, given by scalar input 1, must be non-negative but is"
            f" {int(n)}"
        )
    if dims is None:
        return (None,)
    if n is not None and dims[-1] is not None and dims[-1] <= int(n):
        raise ValueError(
            f"Input must have last dimension > n = {int(n)} but is {dims[-1]}"
        )
    return (dims[:-1],)


def nth_element_gradient(
    _g: GradientBuilder, op: Operation, dy: Tensor
) -> Sequence[Any]:
    """Divided between the values that are equal to the one that was chosen."""
    values, chosen = op.inputs[0], op.outputs[0]
    is_chosen = cast(equal(array.expand_dims(chosen, -1), values), dy.dtype)
    dy = array.expand_dims(dy, -1)
    count = array.expand_dims(reduce_tensor("Sum", is_chosen, -1), -1)
    return (divide(is_chosen, count) * dy, None)


def approx_top_k_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """One axis becomes k long, or as long as an accelerator leaves it.

    Raises:
        ValueError: There is no such axis, it is too short or not known, or the share
            that is to be found is none.
    """
    dims = with_rank_at_least(inputs[0], 1)
    # The rank and size that are not known are -1, which fits nothing.
    rank = -1 if dims is None else len(dims)
    axis, k = attrs["reduction_dimension"], attrs["k"]
    if dims is None or not -rank <= axis < rank:
        raise ValueError(
            f"Invalid reduction dimension: {axis}. Must be within the range of"
            f" [{-rank}, {rank - 1}]"
        )
    axis = axis + rank if axis < 0 else axis
    size = -1 if dims[axis] is None else int(dims[axis])
    if size < k:
        raise ValueError(f"input must have last dimension >= k = {k} but was {size}")
    if not 0 < attrs["recall_target"] <= 1:
        raise ValueError(
            f"Invalid recall target: {attrs['recall_target']:g}. Valid value range in"
            " : [0, 1.0]."
        )
    out = (*dims[:axis], _approx_count(attrs, size, rank), *dims[axis + 1 :])
    return (out, out)


def _approx_count(attrs: Any, size: int, rank: int) -> int:
    """Return how many of `size` values an accelerator finds, k or some blocks of them.

    Source: tensorflow core/ops/nn_ops.cc ApproxTopKShape.
    """
    k: int = attrs["k"]
    if attrs["aggregate_to_topk"]:
        return k
    block = 1024 if rank == 1 else 128
    if size <= block or attrs["recall_target"] == 1:
        return size
    if k == 1:
        return block
    # A negative count is taken for a very large one.
    fewest = int((1 - k) / math.log(attrs["recall_target"])) if k else size
    least = min(max(fewest, block), size)
    whole: int = attrs["reduction_input_size_override"]
    halvings = ((size if whole < 0 else whole) // least).bit_length() - 1
    if halvings <= 0:
        return size
    halvings = min(halvings, (size // block - 1).bit_length())
    blocks = math.ceil(size / block)
    return math.ceil(blocks / (1 << halvings)) * block


def approx_top_k_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor, _d_indices: Any
) -> Sequence[Any]:
    """Scattered to where the values came from."""
    indices = op.outputs[1]
    dims: Any = indices.shape.as_list()
    rank = len(dims)
    axis = op.get_attr("reduction_dimension")
    axis = axis + rank if axis < 0 else axis
    lifted = [*dims, 1]

    def along(place: int) -> Any:
        if place == axis:
            return array.reshape(indices, lifted)
        shape: list[Any] = [1] * (rank + 1)
        shape[place] = dims[place]
        numbers = array.reshape(number_range(dims[place]), shape)
        return g.op("BroadcastTo", input=numbers, shape=lifted)

    places = array.concat([along(place) for place in range(rank)], axis=rank)
    count = math.prod(dims)
    places = array.reshape(places, [count, rank])
    updates = array.reshape(dy, [count])
    shape = op.inputs[0].shape
    return (g.op("ScatterNd", indices=places, updates=updates, shape=shape),)


def isotonic_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Values and numbers of segments, both like the input."""
    return (inputs[0], inputs[0])


def isotonic_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor, _d_segments: Any
) -> Sequence[Any]:
    """The mean of the gradient over each segment, row by row."""
    segments = op.outputs[1]
    rows = dy.shape[0]
    pairs = zip(
        array.split(dy, rows), array.split(segments, segments.shape[0]), strict=True
    )
    found = []
    for values, ids in pairs:
        count = reduce_tensor("Max", ids) + 1
        means = array.gather(_segment_means(g, values, ids, count), ids)
        found.append(array.reshape(means, [-1]))
    return (array.stack(found, axis=0),)


def _segment_means(
    g: GradientBuilder, values: Tensor, ids: Tensor, count: Tensor
) -> Tensor:
    with name_scope(None, "UnsortedSegmentMean"):
        ones = array.ones(array.shape_or_constant(ids, True), dtype=values.dtype)
        sizes = g.op(
            "UnsortedSegmentSum", data=ones, segment_ids=ids, num_segments=count
        )
        first = count[None]
        trailing = array.ones([array.rank(values) - array.rank(ids)], dtype=count.dtype)
        sizes = array.reshape(sizes, array.concat([first, trailing], axis=0))
        sizes = g.op("Maximum", x=sizes, y=1)
        total = g.op(
            "UnsortedSegmentSum", data=values, segment_ids=ids, num_segments=count
        )
        mean: Tensor = total / sizes
        return mean


OPS = (
    OpSpec(
        name="NthElement",
        shape=nth_element_shape,
        gradient=nth_element_gradient,
        source=_SOURCE,
    ),
    OpSpec(
        name="ApproxTopK",
        shape=approx_top_k_shape,
        gradient=approx_top_k_gradient,
        source=_SOURCE,
    ),
    OpSpec(
        name="IsotonicRegression",
        shape=isotonic_shape,
        gradient=isotonic_gradient,
        source=_SOURCE,
    ),
)
