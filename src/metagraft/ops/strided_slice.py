"""Slices with strides; kernels in `kernels/strided_slice.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.build import array
from metagraft.graph.build.reductions import reduce_tensor
from metagraft.graph.constant_value import constant_value
from metagraft.graph.narrow_attrs import check_widths
from metagraft.graph.op_spec import GradientBuilder, OpSpec, Shapes
from metagraft.graph.operation import Operation
from metagraft.graph.shape_checks import merged, with_rank
from metagraft.graph.shapes import Dims
from metagraft.graph.strided_slice_spec import SliceMasks, resolve_strided_slice
from metagraft.graph.tensor import Tensor

_MASKS = (
    "begin_mask",
    "end_mask",
    "ellipsis_mask",
    "new_axis_mask",
    "shrink_axis_mask",
)


def _check_specification(inputs: Shapes) -> None:
    """Demand three vectors of one length."""
    known: Dims = with_rank(inputs[1], 1)
    for i in (2, 3):
        known = merged(known, with_rank(inputs[i], 1))


def strided_slice_shape(masks: SliceMasks, inputs: Shapes) -> Sequence[Dims]:
    """What the specification selects."""
    _check_specification(inputs)
    dims, strides = inputs[0], inputs.value(3)
    if dims is None or strides is None:
        return (None,)
    check_widths(inputs.op, "kernel")
    begin, end = inputs.value(1), inputs.value(2)
    spec = resolve_strided_slice(
        dims,
        None if begin is None else begin.tolist(),
        None if end is None else end.tolist(),
        strides.tolist(),
        masks,
    )
    return (spec.final,)


def strided_slice_gradient_shape(masks: SliceMasks, inputs: Shapes) -> Sequence[Dims]:
    """The first operand's value."""
    del masks
    with_rank(inputs[0], 1)
    return (inputs.as_dims(0),)


def unchanged_shape(masks: SliceMasks, inputs: Shapes) -> Sequence[Dims]:
    """The shape of what is written to."""
    del masks
    return (inputs[0],)


def no_outputs(masks: SliceMasks, inputs: Shapes) -> Sequence[Dims]:
    """Nothing comes out."""
    del masks, inputs
    return ()


def _mask_arguments(op: Operation) -> dict[str, Any]:
    return {name: op.attrs[name] for name in _MASKS}


def _static(tensor: Tensor) -> Any:
    """The value if it is constant: it then becomes a constant of the gradient."""
    value = constant_value(tensor)
    return tensor if value is None else value


def strided_slice_gradient(g: GradientBuilder, op: Operation, dy: Any) -> Sequence[Any]:
    """The gradient at the selected places, zeros elsewhere."""
    tensor, begin, end, strides = op.inputs
    whole = array.shape(tensor, out_type=begin.dtype)
    gradient = g.op(
        "StridedSliceGrad",
        shape=_static(whole),
        begin=_static(begin),
        end=_static(end),
        strides=_static(strides),
        dy=dy,
        **_mask_arguments(op),
    )
    return (gradient, None, None, None)


def strided_slice_grad_gradient(
    g: GradientBuilder, op: Operation, dy: Any
) -> Sequence[Any]:
    """The selected places."""
    del g
    _, begin, end, strides, _ = op.inputs
    selected = array.strided_slice(dy, begin, end, strides, **_mask_arguments(op))
    return (None, None, None, None, selected)


def tensor_strided_slice_update_gradient(
    g: GradientBuilder, op: Operation, dy: Any
) -> Sequence[Any]:
    """The written value gets what is selected, the tensor the rest."""
    _, begin, end, strides, value = op.inputs
    masks = _mask_arguments(op)
    selected = array.strided_slice(dy, begin, end, strides, **masks)
    rest = g.op(
        "TensorStridedSliceUpdate",
        input=dy,
        begin=begin,
        end=end,
        strides=strides,
        value=array.zeros_like(selected),
        **masks,
    )
    slice_shape = array.shape(selected, out_type=begin.dtype)
    value_shape = array.shape(value, out_type=slice_shape.dtype)
    _, axes = g.op("BroadcastGradientArgs", s0=slice_shape, s1=value_shape)
    summed = reduce_tensor("Sum", selected, axes, keepdims=True)
    return (rest, None, None, None, array.reshape(summed, value_shape))


_SOURCE = "tensorflow core/ops/array_ops.cc"

OPS = (
    OpSpec(
        name="StridedSlice",
        attrs=SliceMasks.read,
        shape=strided_slice_shape,
        gradient=strided_slice_gradient,
        source=_SOURCE,
    ),
    OpSpec(
        name="StridedSliceGrad",
        attrs=SliceMasks.read,
        shape=strided_slice_gradient_shape,
        gradient=strided_slice_grad_gradient,
        source=_SOURCE,
    ),
    OpSpec(
        name="TensorStridedSliceUpdate",
        attrs=SliceMasks.read,
        shape=unchanged_shape,
        gradient=tensor_strided_slice_update_gradient,
        source=_SOURCE,
    ),
    OpSpec(
        name="StridedSliceAssign",
        attrs=SliceMasks.read,
        shape=unchanged_shape,
        source=_SOURCE,
    ),
    OpSpec(
        name="ResourceStridedSliceAssign",
        attrs=SliceMasks.read,
        shape=no_outputs,
        source=_SOURCE,
    ),
)
