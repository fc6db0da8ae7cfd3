"""The same elements in another arrangement; kernels in `kernels/reshape.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.attrs import Attrs
from metagraft.graph.build import array
from metagraft.graph.build.indexed_slices import as_dense
from metagraft.graph.op_spec import (
    NOT_DIFFERENTIABLE,
    GradientBuilder,
    OpSpec,
    Shapes,
)
from metagraft.graph.operation import Operation
from metagraft.graph.shape_checks import with_rank, with_size
from metagraft.graph.shapes import Dims, element_count, is_static, num_elements


def reshape_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The requested shape; a size of -1 follows from the number of elements."""
    del attrs
    if inputs[1] is not None and len(inputs[1]) != 1:
        raise ValueError(f"Shape must be rank 1 but is rank {len(inputs[1])}")
    wanted = inputs.as_dims(1)
    value = inputs.value(1)
    if value is None or _is_shape_of_unknown(inputs, wanted):
        if wanted == ():
            _check_count(num_elements(inputs[0]), [])
        return (_refined(inputs[0], wanted),)
    sizes = [int(v) for v in value]
    if any(s < -1 for s in sizes):
        raise ValueError(
            f"Dimension size, given by scalar input must be >= -1: {sizes}"
        )
    if sizes.count(-1) > 1:
        # TF: only the run refuses this.
        return (tuple(None if s == -1 else s for s in sizes),)
    if -1 not in sizes:
        _check_count(num_elements(inputs[0]), sizes)
        return (tuple(sizes),)
    return (_with_missing(inputs[0], sizes),)


def _is_shape_of_unknown(inputs: Shapes, wanted: Dims) -> bool:
    """Whether the shape is that of a tensor whose shape only its value tells."""
    return inputs.tensor(1).op.type == "Shape" and not is_static(wanted)


def _refined(dims: Dims, wanted: Dims) -> Dims:
    """A shape of which one size is unknown follows from the number of elements."""
    if wanted is None or wanted.count(None) != 1 or num_elements(dims) is None:
        return wanted
    count = num_elements(dims)
    known = _product(d for d in wanted if d is not None)
    if known == 0 or count is None or count % known:
        return wanted
    return tuple(count // known if d is None else d for d in wanted)


def _product(sizes: Any) -> int:
    product = 1
    for size in sizes:
        product *= size
    return product


def _check_count(count: int | None, sizes: list[int]) -> None:
    wanted = _product(sizes)
    if count is not None and count != wanted:
        raise ValueError(
            f"Cannot reshape a tensor with {count} elements to shape"
            f" [{','.join(map(str, sizes))}] ({wanted} elements)"
        )


def _with_missing(dims: Dims, sizes: list[int]) -> Dims:
    known = _product(s for s in sizes if s != -1)
    count = num_elements(dims)
    missing: int | None = None
    if count is not None and known:
        if count % known:
            raise ValueError(
                f"Dimension size must be evenly divisible by {known} but is {count}"
            )
        missing = count // known
    elif dims is not None and known and dims.count(None) == 1:
        # [?, a, b] to [-1, a * b] keeps an unknown size, which may be anything.
        missing = None
    return tuple(missing if s == -1 else s for s in sizes)


def reshape_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """Back to the operand's shape; a single unknown size is written as -1."""
    del g
    dims = op.inputs[0].dims
    if dims is not None and dims.count(None) == 1 and 0 not in dims:
        sizes = [-1 if d is None else d for d in dims]
        return (array.reshape(as_dense(dy), sizes), None)
    return (_like_input(op, dy), None)


def _like_input(op: Operation, dy: Any) -> Any:
    return array.reshape(as_dense(dy), array.shape(op.inputs[0]))


def expand_dims_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A dimension of 1 is inserted at the axis."""
    del attrs
    dims = inputs[0]
    value = inputs.value(1)
    if value is not None and value.size != 1:
        raise ValueError("'dim' input must be a tensor with a single value")
    if dims is None:
        return (None,)
    if value is None:
        return ((None,) * (len(dims) + 1),)
    axis = int(value.reshape(()))
    rank = len(dims)
    if not -1 - rank <= axis <= rank:
        raise ValueError(f"dim {axis} not in the interval [{-1 - rank}, {rank}].")
    axis += rank + 1 if axis < 0 else 0
    return ((*dims[:axis], 1, *dims[axis:]),)


def expand_dims_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """Back to the operand's shape."""
    del g
    return (_like_input(op, dy), None)


def squeeze_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Without the named dimensions of 1, or without all of them."""
    dims = inputs[0]
    axes: list[int] = attrs["squeeze_dims"]
    if dims is None:
        return (None,)
    rank = len(dims)
    for axis in axes:
        if not -rank <= axis < rank:
            raise ValueError(f"dim {axis} not in the interval [{-rank}, {rank}).")
        if dims[axis] not in (None, 1):
            raise ValueError(
                f"Can not squeeze dim[{axis % rank}], expected a dimension of 1, got"
                f" {dims[axis]}"
            )
    if axes:
        gone = {axis % rank for axis in axes}
        return (tuple(d for i, d in enumerate(dims) if i not in gone),)
    if None in dims:
        return (None,)
    return (tuple(d for d in dims if d != 1),)


def squeeze_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """Back to the operand's shape."""
    del g
    return (_like_input(op, dy),)


def transpose_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Dimension i is dimension `perm[i]` of the operand."""
    del attrs
    dims, sizes, value = inputs[0], inputs[1], inputs.value(1)
    count = element_count(sizes)
    if dims is not None:
        rank = len(dims)
    elif value is not None:
        rank = value.size
    elif count is not None:
        rank = count
    else:
        return (None,)
    if dims is None and rank < 2:
        return (None,)  # one number may also stand for a scalar
    known = with_rank(dims, rank)
    with_size(with_rank(sizes, 1)[0], rank)
    if value is None:
        return (known if rank < 2 else (None,) * rank,)
    axes = [int(v) for v in value]
    for axis in axes:
        if not -rank <= axis < rank:
            raise ValueError(f"perm dim {axis} is out of range of input rank {rank}")
    return (tuple(known[axis] for axis in axes),)


def transpose_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """The inverse permutation."""
    inverse = g.op("InvertPermutation", x=op.inputs[1])
    return (array.transpose(dy, inverse), None)


def conjugate_transpose_gradient(
    g: GradientBuilder, op: Operation, dy: Any
) -> Sequence[Any]:
    """The inverse permutation, conjugated."""
    inverse = g.op("InvertPermutation", x=op.inputs[1])
    return (array.transpose(dy, inverse, conjugate=True), None)


def vector_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """A vector as long as the operand."""
    del attrs
    return (with_rank(inputs[0], 1),)


_SOURCE = "tensorflow core/ops/array_ops.cc"

OPS = (
    OpSpec(
        name="Reshape", shape=reshape_shape, gradient=reshape_gradient, source=_SOURCE
    ),
    OpSpec(
        name="ExpandDims",
        shape=expand_dims_shape,
        gradient=expand_dims_gradient,
        source=_SOURCE,
    ),
    OpSpec(
        name="Squeeze", shape=squeeze_shape, gradient=squeeze_gradient, source=_SOURCE
    ),
    OpSpec(
        name="Transpose",
        shape=transpose_shape,
        gradient=transpose_gradient,
        source=_SOURCE,
    ),
    OpSpec(
        name="ConjugateTranspose",
        shape=transpose_shape,
        gradient=conjugate_transpose_gradient,
        source=_SOURCE,
    ),
    OpSpec(
        name="InvertPermutation",
        shape=vector_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
)
