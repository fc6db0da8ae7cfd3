"""Ragged tensors as variants, whole or row by row; twin of `kernels/`.

Source: tensorflow core/ops/ragged_conversion_ops.cc,
python/ops/ragged/ragged_conversion_ops.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from metagraft.graph.attrs import Attrs
from metagraft.graph.build import array
from metagraft.graph.op_spec import GradientBuilder, OpSpec, Shapes
from metagraft.graph.operation import Operation
from metagraft.graph.shape_checks import with_rank, with_rank_at_least
from metagraft.graph.shapes import Dims
from metagraft.graph.tensor import Tensor

__all__ = ["OPS"]

_SOURCE: Final = "tensorflow core/ops/ragged_conversion_ops.cc"


def to_variant_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """One variant, or one for each row."""
    count = attrs["RAGGED_RANK"]
    for place in range(count):
        with_rank(inputs[place], 1)
    with_rank_at_least(inputs[count], 1)
    if not attrs["batched_input"]:
        return ((),)
    outer = inputs[0]
    size = None if not outer else outer[0]
    # TF: takes one away from the rows of a tensor without splits, too.
    if count and size is not None:
        size -= 1
    return ((size,),)


def to_variant_gradient(
    g: GradientBuilder, op: Operation, d_encoded: Tensor
) -> Sequence[Any]:
    """The gradient of the values, put together."""
    *nested, values = op.inputs
    d_values = g.op(
        "RaggedTensorToVariantGradient",
        encoded_ragged_grad=d_encoded,
        row_splits=nested[0] if nested else 0,
        dense_values_shape=array.shape(values),
        Tvalues=values.dtype.base_dtype,
    )
    return [*[None for _ in nested], d_values]


def from_variant_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Splits for each ragged axis, and values."""
    count, encoded = attrs["output_ragged_rank"], inputs[0]
    given = attrs["input_ragged_rank"]
    if encoded is not None and given >= 0 and count != given + len(encoded):
        raise ValueError(
            f"Shape must be rank {count - given} but is rank {len(encoded)}"
        )
    return (*[(None,)] * count, None)


def from_variant_gradient(
    g: GradientBuilder, op: Operation, *gradients: Any
) -> Sequence[Any]:
    """The gradient of the values, as variants."""
    rank = op.inputs[0].shape.ndims
    if rank is None:
        is_batch = op.record["output_ragged_rank"] > 0
    elif rank > 1:
        raise ValueError(
            "Unable to compute gradient: RaggedTensorToVariant can currently only"
            " generate 0D or 1D output."
        )
    else:
        is_batch = rank == 1
    encoded = g.op(
        "RaggedTensorToVariant",
        rt_nested_splits=op.outputs[:-1],
        rt_dense_values=gradients[-1],
        batched_input=is_batch,
    )
    return [encoded]


def gradient_shape(_attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """The shape of the values."""
    return (inputs.told_dims(2),)


OPS = (
    OpSpec(
        name="RaggedTensorToVariant",
        shape=to_variant_shape,
        gradient=to_variant_gradient,
        source=_SOURCE,
    ),
    OpSpec(
        name="RaggedTensorFromVariant",
        shape=from_variant_shape,
        gradient=from_variant_gradient,
        source=_SOURCE,
    ),
    OpSpec(name="RaggedTensorToVariantGradient", shape=gradient_shape, source=_SOURCE),
)
