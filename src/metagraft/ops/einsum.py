"""Einstein summation; twin of `kernels/einsum.py`.

Source: tensorflow core/framework/common_shape_fns.cc EinsumShape,
python/ops/linalg_grad.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.build.math import conj
from metagraft.graph.build.reductions import reduce_tensor, reduced_shape
from metagraft.graph.op_spec import GradientBuilder, OpSpec, Shapes
from metagraft.graph.operation import Operation
from metagraft.graph.shape_checks import merge_dim, with_rank, with_rank_at_least
from metagraft.graph.shapes import Dims, broadcast_dims
from metagraft.graph.tensor import Tensor

__all__ = ["OPS"]

ELLIPSIS = "..."


def einsum_shape(attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Every label has one size; the broadcast part stands where `...` stands."""
    equation = attrs["equation"].decode()
    if equation.count("->") != 1:
        raise ValueError(f"Expecting exactly one '->' in einsum equation: {equation}")
    terms, _, output = equation.partition("->")
    labels = terms.split(",")
    if len(labels) != len(inputs):
        raise ValueError(
            f"Expected {len(inputs)} input subscripts in the equation, got"
            f" {len(labels)}: {attrs['equation'].decode()}"
        )
    sizes: dict[str, int | None] = {}
    batch: Dims = ()
    for i, (subscripts, dims) in enumerate(zip(labels, inputs, strict=True)):
        try:
            _check_rank(subscripts, dims)
        except ValueError as error:
            raise ValueError(
                f"{error}\n\t for {i}th input and equation: {equation}"
            ) from error
        middle = _bind(subscripts, dims, sizes)
        batch = broadcast_dims(batch, middle)
    head, ellipsis, tail = output.partition(ELLIPSIS)
    if ellipsis and batch is None:
        return (None,)
    if batch and not ellipsis:
        raise ValueError(f"Shape must be at most rank 0 but is rank {len(batch)}")
    middle_dims = batch if ellipsis and batch is not None else ()
    return ((*(sizes[s] for s in head), *middle_dims, *(sizes[s] for s in tail)),)


def _check_rank(subscripts: str, dims: Dims) -> None:
    count = len(subscripts.replace(ELLIPSIS, ""))
    if ELLIPSIS in subscripts:
        with_rank_at_least(dims, count)
    else:
        with_rank(dims, count)


def _bind(subscripts: str, dims: Dims, sizes: dict[str, int | None]) -> Dims:
    """Note the sizes of the labels; return the dimensions under the ellipsis."""
    head, ellipsis, tail = subscripts.partition(ELLIPSIS)
    if dims is None:
        for label in head + tail:
            sizes.setdefault(label, None)
        return None if ellipsis else ()
    end = len(dims) - len(tail)
    outer = dims[: len(head)] + dims[end:]
    for label, size in zip(head + tail, outer, strict=True):
        sizes[label] = merge_dim(sizes.get(label), size)
    return dims[len(head) : end]


def _axis_of(subscripts: str, label: str) -> int:
    """The axis of a label, counted from the end if it stands after the ellipsis."""
    head, _, tail = subscripts.partition(ELLIPSIS)
    place = head.find(label)
    return place if place != -1 else tail.find(label) - len(tail)


def _ellipsis_bounds(subscripts: str) -> tuple[int, int | None]:
    """The slice of axes that the ellipsis stands for; `(0, 0)` without one."""
    start = subscripts.find(ELLIPSIS)
    if start == -1:
        return 0, 0
    after = len(subscripts) - (start + len(ELLIPSIS))
    return start, -after if after > 0 else None


def _unreduced(
    g: GradientBuilder,
    dy: Tensor,
    output: str,
    subscripts: str,
    shape: Tensor,
    labels: str,
) -> Tensor:
    """The gradient of a sum over `labels`: `dy` repeated along their axes."""
    axes = [_axis_of(subscripts, label) for label in labels]
    sizes = array.stack([shape[axis] for axis in axes])
    has_repeats = len(set(subscripts)) + len(set(output)) < len(subscripts) + len(
        output
    )
    remaining = "".join(s for s in subscripts if s not in labels)
    spread: Tensor
    if not has_repeats and remaining == output:
        kept = reduced_shape(shape, array.constant(axes))
        spread = g.op("BroadcastTo", input=array.reshape(dy, kept), shape=shape)
        return spread
    full = array.concat([sizes, array.shape(dy)], axis=0)
    ones = array.ones(len(labels), dtype=dtypes.int32)
    kept = array.concat([ones, array.shape(dy)], axis=0)
    repeated = g.op("BroadcastTo", input=array.reshape(dy, kept), shape=full)
    equation = f"{labels + output}->{subscripts}"
    spread = g.op("Einsum", inputs=[repeated], equation=equation)
    return spread


def _gradient_of(
    g: GradientBuilder,
    dy: Tensor,
    other: Tensor,
    shape: Tensor,
    terms: tuple[str, str, str],
) -> Tensor:
    """The gradient for one of two operands, before broadcast axes are summed.

    Args:
        g: Adds the nodes.
        dy: The gradient of the result.
        other: The other operand.
        shape: The shape of this operand.
        terms: The subscripts of this operand, the other and the result.
    """
    subscripts, other_subscripts, output = terms
    known = set(output + other_subscripts + ".")
    # TF: the order of these labels is that of a Python set, so any will do.
    summed = "".join(dict.fromkeys(s for s in subscripts if s not in known))
    left = "".join(s for s in subscripts if s not in summed)
    equation = f"{output},{other_subscripts}->{left}"
    dx: Tensor = g.op("Einsum", inputs=[dy, other], equation=equation)
    return dx if not summed else _unreduced(g, dx, left, subscripts, shape, summed)


def einsum_gradient(g: GradientBuilder, op: Operation, dy: Tensor) -> Sequence[Any]:
    """A product of the other operand and `dy`, labels changing places."""
    terms, _, output = op.get_attr("equation").decode().partition("->")
    if len(op.inputs) == 1:
        return (_unary_gradient(g, op, dy, terms, output),)
    x_terms, y_terms = terms.split(",")
    if ELLIPSIS in output:
        x_terms += "" if ELLIPSIS in x_terms else ELLIPSIS
        y_terms += "" if ELLIPSIS in y_terms else ELLIPSIS
    x, y = op.inputs
    if dy.dtype.is_complex:
        x, y = conj(x), conj(y)
    x_shape, y_shape = array.shape(x), array.shape(y)
    dx = _gradient_of(g, dy, y, x_shape, (x_terms, y_terms, output))
    dz = _gradient_of(g, dy, x, y_shape, (y_terms, x_terms, output))
    if ELLIPSIS not in output:
        return dx, dz
    x_start, x_end = _ellipsis_bounds(x_terms)
    y_start, y_end = _ellipsis_bounds(y_terms)
    if _same_static(x.dims, y.dims, (x_start, x_end), (y_start, y_end)):
        return dx, dz
    x_axes, y_axes = g.op(
        "BroadcastGradientArgs", s0=x_shape[x_start:x_end], s1=y_shape[y_start:y_end]
    )
    dx = array.reshape(reduce_tensor("Sum", dx, x_start + x_axes), x_shape)
    dz = array.reshape(reduce_tensor("Sum", dz, y_start + y_axes), y_shape)
    return dx, dz


def _same_static(
    x: Dims, y: Dims, x_part: tuple[int, int | None], y_part: tuple[int, int | None]
) -> bool:
    if x is None or y is None or None in x or None in y:
        return False
    return x[slice(*x_part)] == y[slice(*y_part)]


def _unary_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor, subscripts: str, output: str
) -> Tensor:
    shape = array.shape(op.inputs[0])
    known = set(output + ELLIPSIS)
    summed = "".join(dict.fromkeys(s for s in subscripts if s not in known))
    if summed:
        return _unreduced(g, dy, output, subscripts, shape, summed)
    dx: Tensor = g.op("Einsum", inputs=[dy], equation=f"{output}->{subscripts}")
    return dx


OPS = (
    OpSpec(
        name="Einsum",
        shape=einsum_shape,
        gradient=einsum_gradient,
        source="tensorflow core/ops/linalg_ops.cc",
    ),
)
