"""Writing slices by index into a copy; kernels in `kernels/scatter.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.attrs import Attrs
from metagraft.graph.build import array
from metagraft.graph.build.math import cast
from metagraft.graph.op_spec import GradientBuilder, OpSpec, Shapes
from metagraft.graph.operation import Operation
from metagraft.graph.shape_checks import merged, with_rank, with_rank_at_least
from metagraft.graph.shapes import Dims, element_count, show
from metagraft.graph.tensor import Tensor


def _check_not_empty(target: Dims, indices: Dims, updates: Dims) -> None:
    """Check that nothing is written where there is nothing."""
    counts = [element_count(dims) for dims in (target, indices, updates)]
    if counts[0] == 0 and (counts[1] or counts[2]):
        raise ValueError("Indices and updates specified for empty input")


def _check_parts(
    names: tuple[str, str], spans: tuple[range, range], shapes: tuple[Dims, Dims]
) -> None:
    """Demand that a part of one shape is like a part of another."""
    told, parts = [], []
    for name, span, dims in zip(names, spans, shapes, strict=True):
        part = None if dims is None else dims[span.start : span.stop]
        told.append(
            f"imensions [{span.start},{span.stop}) of {name}[shape={show(dims)}] ="
            f" {show(part)}"
        )
        parts.append(part)
    try:
        merged(*parts)
    except ValueError as error:
        raise ValueError(f"D{told[0]} must match d{told[1]}: {error}") from error


def check_slices(target: Dims, indices: Dims, updates: Dims) -> None:
    """Check what is written where; a target may be without axes if indices allow it.

    Raises:
        ValueError: Slices do not fit what they are written to, or their number the
            number of indices.
    """
    _check_not_empty(target, indices, updates)
    if not indices or not updates or indices[-1] is None:
        return
    depth, outer = indices[-1], range(len(indices) - 1)
    _check_parts(("indices", "updates"), (outer, outer), (indices, updates))
    if target is not None:
        spans = range(depth, len(target)), range(len(outer), len(updates))
        _check_parts(("input", "updates"), spans, (target, updates))


def scatter_nd_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The requested shape."""
    del attrs
    with_rank_at_least(inputs[0], 1)
    with_rank_at_least(inputs[1], 1)
    (rank,) = with_rank(inputs[2], 1)
    # TensorFlow checks once before it looks at values, and with them.
    check_slices(None if rank is None else (None,) * rank, inputs[0], inputs[1])
    target = inputs.as_dims(2)
    check_slices(target, inputs[0], inputs[1])
    return (target,)


def tensor_scatter_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The shape of what is written to."""
    del attrs
    with_rank_at_least(inputs[0], 1)
    with_rank_at_least(inputs[1], 1)
    check_slices(inputs[0], inputs[1], inputs[2])
    return (inputs[0],)


def _picked(g: GradientBuilder, dy: Any, indices: Tensor) -> Any:
    return g.op("GatherNd", params=dy, indices=indices)


def scatter_nd_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """What lies at the indices."""
    return (None, _picked(g, dy, op.inputs[0]), None)


def tensor_scatter_update_gradient(
    g: GradientBuilder, op: Operation, dy: Any
) -> Sequence[Any]:
    """The updates get what lies at the indices, the tensor the rest."""
    _, indices, updates = op.inputs
    updates_gradient = _picked(g, dy, indices)
    rest = g.op(
        "TensorScatterUpdate",
        tensor=array.identity(dy),
        indices=indices,
        updates=array.zeros_like(updates, dtype=dy.dtype),
    )
    return (rest, None, updates_gradient)


def tensor_scatter_add_gradient(
    g: GradientBuilder, op: Operation, dy: Any
) -> Sequence[Any]:
    """The tensor gets all, the updates what lies at the indices."""
    updates_gradient = _picked(g, dy, op.inputs[1])
    return (array.identity(dy), None, updates_gradient)


def tensor_scatter_sub_gradient(
    g: GradientBuilder, op: Operation, dy: Any
) -> Sequence[Any]:
    """The tensor gets all, the updates the negative of what lies at the indices."""
    updates_gradient = _picked(g, dy, op.inputs[1])
    return (array.identity(dy), None, -updates_gradient)


def scatter_nd_non_aliasing_add_gradient(
    g: GradientBuilder, op: Operation, dy: Any
) -> Sequence[Any]:
    """The tensor gets all, the updates what lies at the indices."""
    return (dy, None, _picked(g, dy, op.inputs[1]))


def tensor_scatter_extremum_gradient(
    g: GradientBuilder, op: Operation, dy: Any
) -> Sequence[Any]:
    """Shared equally among all that equal the result."""
    x, indices, y = op.inputs
    output = op.outputs[0]
    policy = op.attrs["bad_indices_policy"]

    def pick(values: Any) -> Any:
        return g.op(
            "GatherNd", params=values, indices=indices, bad_indices_policy=policy
        )

    x_equal = cast(g.op("Equal", x=x, y=output), dy.dtype)
    y_equal = cast(g.op("Equal", x=y, y=pick(output)), dy.dtype)
    spread = g.op(
        "ScatterNd",
        indices=indices,
        updates=y_equal,
        shape=array.shape(x, out_type=indices.dtype),
        bad_indices_policy=policy,
    )
    count = x_equal + spread
    x_gradient = dy * x_equal / count
    y_gradient = pick(dy / count) * y_equal
    return (x_gradient, None, y_gradient)


_SOURCE = "tensorflow core/ops/array_ops.cc"
_TENSOR_SCATTERS = {
    "TensorScatterUpdate": tensor_scatter_update_gradient,
    "TensorScatterAdd": tensor_scatter_add_gradient,
    "TensorScatterSub": tensor_scatter_sub_gradient,
    "TensorScatterMin": tensor_scatter_extremum_gradient,
    "TensorScatterMax": tensor_scatter_extremum_gradient,
    "ScatterNdNonAliasingAdd": scatter_nd_non_aliasing_add_gradient,
}

OPS = (
    OpSpec(
        name="ScatterNd",
        shape=scatter_nd_shape,
        gradient=scatter_nd_gradient,
        source=_SOURCE,
    ),
    *(
        OpSpec(name=name, shape=tensor_scatter_shape, gradient=gradient, source=_SOURCE)
        for name, gradient in _TENSOR_SCATTERS.items()
    ),
)
