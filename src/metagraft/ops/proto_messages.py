"""Messages of protobuf as tensors; twin of `kernels/proto_messages.py`.

Source: tensorflow core/ops/encode_proto_ops.cc, core/ops/decode_proto_ops.cc;
python/ops/proto_ops.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metagraft.graph.attrs import Attrs
from metagraft.graph.op_spec import NOT_DIFFERENTIABLE, OpSpec, Shapes
from metagraft.graph.shape_checks import merged, with_rank_at_least
from metagraft.graph.shapes import Dims

__all__ = ["OPS"]


def encode_proto_shape(_attrs: Any, inputs: Shapes) -> Sequence[Dims]:
    """Every field is `[..., values]`; there is one message for each of the rest."""
    messages: Dims = None
    for dims in reversed(inputs[1:]):
        known = with_rank_at_least(dims, 2)
        messages = merged(None if known is None else known[:-1], messages)
    return (messages,)


def decode_proto_shape(attrs: Attrs, inputs: Shapes) -> Sequence[Dims]:
    """How many values each field has, and the values, each `[..., values]`."""
    messages = inputs[0]
    count = len(attrs["output_types"])
    if messages is None:
        return (None,) * (1 + count)
    return ((*messages, count), *[(*messages, None)] * count)


OPS = (
    OpSpec(
        name="DecodeProtoV2",
        shape=decode_proto_shape,
        gradient=NOT_DIFFERENTIABLE,
        source="tensorflow core/ops/decode_proto_ops.cc",
    ),
    OpSpec(
        name="EncodeProto",
        shape=encode_proto_shape,
        gradient=NOT_DIFFERENTIABLE,
        source="tensorflow core/ops/encode_proto_ops.cc",
    ),
)
