"""Summaries, on the host; twin of `ops/summary.py`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from google.protobuf.message import DecodeError

from metagraft.errors import InvalidArgumentError
from metagraft.formats.varint import encode_varint
from metagraft.graph.attrs import Attrs
from metagraft.kernels.histogram import histogram_of
from metagraft.kernels.kernel import Array, Kernel
from metagraft.proto import Summary, SummaryMetadata, TensorProto

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation

# Fields of Summary and of its values, and how bytes are marked on the wire.
_VALUE: Final = Summary.DESCRIPTOR.fields_by_name["value"].number
_TAG: Final = Summary.Value.DESCRIPTOR.fields_by_name["tag"].number
_BYTES: Final = 2


def scalar_summary(_: Attrs, tags: Array, values: Array) -> tuple[Array]:
    if tags.shape == () == values.shape:
        number = float(values.astype(np.float32))
        return tagged([(tags.item(), Summary.Value(simple_value=number))])
    if tags.shape != np.shape(values):
        only = f" (tag '{_shown_tag(tags.item())}')" if tags.size == 1 else ""
        raise _invalid(
            "tags and values are not the same shape: "
            f"{_shown(tags)} != {_shown(values)}{only}"
        )
    with np.errstate(over="ignore"):
        numbers = np.asarray(values).astype(np.float32).ravel()
    return tagged(
        (tag, Summary.Value(simple_value=number))
        for tag, number in zip(tags.ravel(), numbers.tolist(), strict=True)
    )


def histogram_summary(op: Operation, tag: Array, values: Array) -> tuple[Array]:
    if tag.shape:
        raise _invalid("tags must be scalar")
    return tagged_histogram(tag.item(), values, op.name)


def tagged_histogram(tag: bytes, values: Array, owner: str) -> tuple[Array]:
    """Return a summary of numbers; an error names its owner."""
    numbers = np.asarray(values).astype(np.float64).ravel()
    if np.isnan(numbers).any():
        raise _invalid(f"Nan in summary histogram for: {owner}")
    if np.isinf(numbers).any():
        raise _invalid(f"Infinity in Histogram for: {owner}")
    return tagged([(tag, Summary.Value(histo=histogram_of(numbers)))])


def merge_summary(_: Attrs, inputs: tuple[Array, ...]) -> tuple[Array]:
    merged = Summary()
    tags: set[str] = set()
    for serialized in (text for array in inputs for text in array.ravel()):
        try:
            summary = Summary.FromString(serialized)
        except DecodeError as error:
            raise _invalid("Could not parse one of the summary inputs") from error
        for value in summary.value:
            tag = value.tag
            if tag and tag in tags:
                raise _invalid(f"Duplicate tag {tag} found in summary inputs ")
            tags.add(tag)
        merged.value.extend(summary.value)
    return (np.array(merged.SerializeToString(deterministic=True), object),)


def tensor_summary_v2(
    attrs: Attrs, tag: Array, tensor: Array, serialized_summary_metadata: Array
) -> tuple[Array]:
    if tag.shape:
        raise _invalid("tag must be scalar")
    if serialized_summary_metadata.shape:
        raise _invalid("serialized_summary_metadata must be scalar")
    value = Summary.Value(tensor=_message(attrs, tensor))
    value.metadata.CopyFrom(_metadata(serialized_summary_metadata.item()))
    return tagged([(tag.item(), value)])


def tensor_summary(op: Operation, tensor: Array) -> tuple[Array]:
    # What the attributes say is not kept, as in TensorFlow.
    value = Summary.Value(node_name=op.name, tensor=_message(op.attrs, tensor))
    return _serialized([value])


def _metadata(serialized: bytes) -> SummaryMetadata:
    try:
        return SummaryMetadata.FromString(serialized)
    except DecodeError:  # as in TensorFlow
        return SummaryMetadata()


def _message(attrs: Mapping[str, Any], tensor: Array) -> TensorProto:
    message = TensorProto(dtype=attrs["T"].as_datatype_enum)
    message.tensor_shape.SetInParent()
    for size in np.shape(tensor):
        message.tensor_shape.dim.add(size=size)
    if np.asarray(tensor).dtype == object:
        message.string_val.extend(np.ravel(tensor).tolist())
    else:
        message.tensor_content = np.asarray(tensor).tobytes()
    return message


def _serialized(values: Any) -> tuple[Array]:
    summary = Summary(value=values)
    return (np.array(summary.SerializeToString(deterministic=True), object),)


def tagged(values: Iterable[tuple[bytes, Summary.Value]]) -> tuple[Array]:
    """Return a summary of values with their tags, which need not be UTF-8.

    Python's messages would refuse such a tag, so it is written in front of the rest.
    """
    serialized = b""
    for tag, value in values:
        rest = value.SerializeToString(deterministic=True)
        whole = (_field(_TAG, tag) if tag else b"") + rest
        serialized += _field(_VALUE, whole)
    return (np.array(serialized, object),)


def _field(number: int, content: bytes) -> bytes:
    return encode_varint(number << 3 | _BYTES) + encode_varint(len(content)) + content


def _shown_tag(tag: bytes) -> str:
    """Return a tag as an error shows it: up to the first zero."""
    return tag.partition(b"\0")[0].decode("utf-8", "backslashreplace")


def _shown(array: Array) -> str:
    return f"[{','.join(map(str, np.shape(array)))}]"


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


KERNELS = {
    "HistogramSummary": Kernel(histogram_summary, host=True, takes_op=True),
    "MergeSummary": Kernel(merge_summary, host=True),
    "ScalarSummary": Kernel(scalar_summary, host=True),
    "TensorSummary": Kernel(tensor_summary, host=True, takes_op=True),
    "TensorSummaryV2": Kernel(tensor_summary_v2, host=True),
}
