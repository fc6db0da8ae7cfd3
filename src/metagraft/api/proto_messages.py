"""`tf.io`: messages of protobuf as tensors.

Source: tensorflow python/ops/proto_ops.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from metagraft.graph.apply_op import op
from metagraft.graph.tensor import Tensor

__all__ = ["decode_proto", "encode_proto"]


class DecodeProtoV2(NamedTuple):
    """How many values the fields of each message have, and the values."""

    sizes: Tensor
    values: list[Tensor]


def decode_proto(
    bytes: Any,
    message_type: str,
    field_names: Sequence[str],
    output_types: Sequence[Any],
    descriptor_source: str | bytes = "local://",
    message_format: str = "binary",
    sanitize: bool = False,
    name: str | None = None,
) -> DecodeProtoV2:
    """Read fields of messages.

    Args:
        bytes: The messages, strings.
        message_type: Their type, as `tensorflow.Example`.
        field_names: The fields.
        output_types: The type of each field's tensor.
        descriptor_source: `local://` for types of this process, or `bytes://` and a
            serialized `FileDescriptorSet`.
        message_format: `binary` or `text`.
        sanitize: Whether messages are written anew before they are read.
        name: Name of the operation.

    Returns:
        `sizes`, `[..., fields]`, and `values`, each `[..., values]`.
    """
    sizes, values = op(
        "DecodeProtoV2",
        bytes=bytes,
        message_type=message_type,
        field_names=field_names,
        output_types=output_types,
        descriptor_source=descriptor_source,
        message_format=message_format,
        sanitize=sanitize,
        name=name,
    )
    return DecodeProtoV2(sizes, values)


def encode_proto(
    sizes: Any,
    values: Sequence[Any],
    field_names: Sequence[str],
    message_type: str,
    descriptor_source: str | bytes = "local://",
    name: str | None = None,
) -> Tensor:
    """Write messages of fields; see `decode_proto`.

    Args:
        sizes: How many values each field has, `[..., fields]`.
        values: The values of each field, `[..., values]`.
        field_names: The fields.
        message_type: The type of the messages.
        descriptor_source: What describes the type.
        name: Name of the operation.
    """
    result: Tensor = op(
        "EncodeProto",
        sizes=sizes,
        values=values,
        field_names=field_names,
        message_type=message_type,
        descriptor_source=descriptor_source,
        name=name,
    )
    return result
