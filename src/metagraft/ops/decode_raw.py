"""Bytes read as numbers or decompressed; twin of `kernels/decode_raw.py`.

Source: tensorflow core/ops/parsing_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.attrs import Attrs
from metagraft.graph.dtypes import as_dtype
from metagraft.graph.op_spec import NOT_DIFFERENTIABLE, OpSpec, Shapes
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]

_SOURCE = "tensorflow core/ops/parsing_ops.cc"


def decode_raw_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Every string becomes a vector, of a length that only a run knows."""
    return (None if inputs[0] is None else (*inputs[0], None),)


def decode_padded_raw_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """Every string becomes a vector of the given length in bytes."""
    value = inputs.value(1)
    if value is not None and inputs[1]:
        raise ValueError(f"Input must be scalar but has rank {len(inputs[1])}")
    size = None if value is None else int(value)
    if size is not None and size < 0:
        raise ValueError(
            "Dimension size, given by scalar input 1, must be non-negative but is "
            f"{size}"
        )
    each = as_dtype(attrs["out_type"]).size
    if size is not None and size % each:
        raise ValueError(
            f"Dimension size must be evenly divisible by {each} but is {size}"
        )
    if inputs[0] is None:
        return (None,)
    count = None if size is None else size // each
    return ((*inputs[0], count),)


def decode_compressed_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Every string becomes one."""
    return (inputs[0],)


OPS = (
    OpSpec(name="DecodeCompressed", shape=decode_compressed_shape, source=_SOURCE),
    OpSpec(
        name="DecodeRaw",
        shape=decode_raw_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
    OpSpec(
        name="DecodePaddedRaw",
        shape=decode_padded_raw_shape,
        gradient=NOT_DIFFERENTIABLE,
        source=_SOURCE,
    ),
)
