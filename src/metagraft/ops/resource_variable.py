"""Resource variables: a handle, and ops that read or write the value behind it.

The twin is `kernels/state.py`; what touches the session's store (VarHandleOp,
AssignVariableOp, VarIsInitializedOp, DestroyResourceOp) is interpreted by the runtime.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from metagraft.graph.dtypes import DType, variant
from metagraft.graph.op_spec import (
    NOT_DIFFERENTIABLE,
    GradientBuilder,
    OpSpec,
    Shapes,
)
from metagraft.graph.shape_checks import merged, with_rank, with_rank_at_least
from metagraft.graph.shapes import Dims, show

if TYPE_CHECKING:
    from metagraft.graph.composite import IndexedSlices
    from metagraft.graph.operation import Operation
    from metagraft.graph.tensor import Tensor

Attributes = Mapping[str, Any]
SOURCE = "tensorflow core/ops/resource_variable_ops.cc"


def _behind(inputs: Shapes, expected: DType | None) -> Dims:
    """Return the shape behind the handle, demanding a type."""
    behind = inputs.handle(0)
    if behind is None:
        return None
    dims, dtype = behind
    if expected is not None and dtype != expected and expected != variant:
        raise ValueError(
            f"Trying to read variable with wrong dtype. Expected {dtype.name} got "
            f"{expected.name}"
        )
    return dims


def handle_shape(_: Attributes, __: Shapes) -> tuple[Dims]:
    """A scalar."""
    return ((),)


def read_shape(attrs: Attributes, inputs: Shapes) -> tuple[Dims]:
    """The shape of the variable."""
    return (_behind(inputs, attrs["dtype"]),)


def read_gradient(
    _: GradientBuilder, __: Operation, dy: Tensor | IndexedSlices
) -> Sequence[Tensor | IndexedSlices]:
    """The gradient of the handle is the gradient of the value."""
    return (dy,)


def assign_shape(attrs: Attributes, inputs: Shapes) -> tuple[Dims, ...]:
    """No output; variable and value must agree."""
    merged(_behind(inputs, attrs["dtype"]), inputs[1])
    return ()


def variable_shape_shape(_: Attributes, inputs: Shapes) -> tuple[Dims]:
    """`[rank]`."""
    dims = _behind(inputs, None)
    return ((None if dims is None else len(dims),),)


def gather_shape(attrs: Attributes, inputs: Shapes) -> tuple[Dims]:
    """`[*variable[:b], *indices[b:], *variable[b + 1:]]`, where b is `batch_dims`."""
    batch: int = attrs["batch_dims"]
    if batch < 0:
        raise ValueError(f"batch_dims is negative ({batch})")
    dims = with_rank_at_least(_behind(inputs, attrs["dtype"]), batch + 1)
    indices = with_rank_at_least(inputs[1], batch)
    if dims is None or indices is None:
        return (None,)
    return ((*dims[:batch], *indices[batch:], *dims[batch + 1 :]),)


def gather_nd_shape(attrs: Attributes, inputs: Shapes) -> tuple[Dims]:
    """`[*indices[:-1], *variable[indices[-1]:]]`."""
    dims = _behind(inputs, attrs["dtype"])
    indices = with_rank_at_least(inputs[1], 1)
    if dims is None or indices is None or indices[-1] is None:
        return (None,)
    if indices[-1] > len(dims):
        raise ValueError(
            "indices.shape[-1] must be <= params.rank, but saw indices shape: "
            f"{show(indices)} and params shape: {show(dims)}"
        )
    return ((*indices[:-1], *dims[indices[-1] :]),)


def gather_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Sequence[IndexedSlices | None]:
    """The rows of `dy`, added to the rows that were taken.

    Source: tensorflow python/ops/resource_variable_ops.py _GatherGrad.
    """
    from metagraft.graph.build import array
    from metagraft.graph.build.resource_variable import variable_shape
    from metagraft.graph.composite import IndexedSlices

    handle, indices = op.inputs
    params_shape = variable_shape(handle)
    size = array.expand_dims(array.size(indices), 0)
    values_shape = array.concat([size, params_shape[1:]], 0)
    values = g.op("Reshape", tensor=dy, shape=values_shape)
    rows = g.op("Reshape", tensor=indices, shape=size)
    return (IndexedSlices(values, rows, params_shape), None)


def gather_nd_gradient(
    g: GradientBuilder, op: Operation, dy: Tensor
) -> Sequence[IndexedSlices | Tensor | None]:
    """The slices with their indices, or scattered into zeros.

    Source: tensorflow python/ops/array_grad.py _ResourceGatherNdGrad.
    """
    from metagraft.graph.build import array
    from metagraft.graph.composite import IndexedSlices

    handle, indices = op.inputs
    shape = g.op("VariableShape", input=handle, out_type=indices.dtype)
    dims = indices.dims
    if dims is not None and len(dims) == 2 and dims[-1] == 1:
        rows = array.squeeze(indices, axis=-1)
        return (IndexedSlices(dy, rows, shape), None)
    return (g.op("ScatterNd", indices=indices, updates=dy, shape=shape), None)


def count_up_to_shape(_: Attributes, inputs: Shapes) -> tuple[Dims]:
    """A scalar variable gives a scalar."""
    return (with_rank(_behind(inputs, None), 0),)


def no_output_shape(_: Attributes, __: Shapes) -> tuple[Dims, ...]:
    """There is no output."""
    return ()


OPS = (
    OpSpec(name="VarHandleOp", shape=handle_shape, source=SOURCE),
    OpSpec(
        name="VarIsInitializedOp",
        shape=handle_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=SOURCE,
    ),
    OpSpec(
        name="ReadVariableOp", shape=read_shape, gradient=read_gradient, source=SOURCE
    ),
    OpSpec(
        name="VariableShape",
        shape=variable_shape_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=SOURCE,
    ),
    OpSpec(name="AssignVariableOp", shape=assign_shape, source=SOURCE),
    OpSpec(name="AssignAddVariableOp", shape=assign_shape, source=SOURCE),
    OpSpec(name="AssignSubVariableOp", shape=assign_shape, source=SOURCE),
    OpSpec(name="DestroyResourceOp", shape=no_output_shape, source=SOURCE),
    OpSpec(name="DisableCopyOnRead", shape=no_output_shape, source=SOURCE),
    OpSpec(
        name="ResourceGather",
        shape=gather_shape,
        gradient=gather_gradient,
        source=SOURCE,
    ),
    OpSpec(
        name="ResourceGatherNd",
        shape=gather_nd_shape,
        gradient=gather_nd_gradient,
        source=SOURCE,
    ),
    OpSpec(name="ResourceCountUpTo", shape=count_up_to_shape, source=SOURCE),
)
