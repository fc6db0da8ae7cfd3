"""Contiguous slices; kernels in `kernels/slice.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.attrs import Attrs
from metagraft.graph.build import array
from metagraft.graph.build.pad import pad
from metagraft.graph.op_spec import GradientBuilder, OpSpec, Shapes
from metagraft.graph.operation import Operation
from metagraft.graph.shape_checks import merged, with_rank
from metagraft.graph.shapes import Dims


def slice_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The sizes; -1 is what is left of the dimension."""
    del attrs
    dims = inputs[0]
    lengths = merged(with_rank(inputs[1], 1), with_rank(inputs[2], 1))
    rank = None if lengths is None else lengths[0]
    if dims is not None:
        if rank is not None and rank != len(dims):
            raise ValueError(f"Shape must be rank {rank} but is rank {len(dims)}")
        rank = len(dims)
    begin, size = inputs.as_dims(1), inputs.value(2)
    if size is None:
        partial = inputs.as_dims(2)
        if partial is None or len(partial) != rank:
            return (None if rank is None else (None,) * rank,)
        # A size that is not constant may be -1; the constant ones may be, too.
        return (partial,)
    sizes = [int(s) for s in size]
    known: Dims = (None,) * len(sizes) if dims is None else dims
    assert known is not None
    starts: Dims = (None,) * len(sizes) if begin is None else begin
    assert starts is not None
    return (
        tuple(
            _size(i, d, b, s)
            for i, (d, b, s) in enumerate(zip(known, starts, sizes, strict=True))
        ),
    )


def _size(axis: int, dim: int | None, begin: int | None, size: int) -> int | None:
    if size == -1:
        if dim is None or begin is None:
            return None
        if begin > dim:
            raise ValueError(f"begin[{axis}] must be at most {dim}, but is {begin}")
        return dim - begin
    if size < -1:
        raise ValueError(f"size[{axis}] must be >= -1, but is {size}")
    return size


def slice_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """The gradient with zeros around it."""
    del g
    tensor, begin, _ = op.inputs
    rank = array.rank(tensor)
    size = array.shape(op.outputs[0], out_type=begin.dtype)
    column = array.stack([rank, 1])
    before = array.reshape(begin, column)
    whole = array.shape(tensor, out_type=begin.dtype)
    after = array.reshape(whole - size - begin, column)
    paddings = array.concat([before, after], 1)
    return (pad(dy, paddings), None, None)


OPS = (
    OpSpec(
        name="Slice",
        shape=slice_shape,
        gradient=slice_gradient,
        source="tensorflow core/ops/array_ops.cc",
    ),
)
