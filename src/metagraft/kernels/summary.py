"""Summaries, on the host; twin of `ops/summary.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from google.protobuf.message import DecodeError

from metagraft.errors import InvalidArgumentError
from metagraft.graph.attrs import Attrs
from metagraft.kernels.histogram import histogram_of
from metagraft.kernels.kernel import Array, Kernel
from metagraft.proto import Summary, SummaryMetadata, TensorProto

if TYPE_CHECKING:
    from metagraft.graph.operation import Operation


def scalar_summary(_: Attrs, tags: Array, values: Array) -> tuple[Array]:
    if tags.shape == () == values.shape:
        summary = Summary()
        number = float(values.astype(np.float32))
        summary.value.add(tag=_text(tags.item()), simple_value=number)
        return (np.array(summary.SerializeToString(), object),)
    if tags.shape != np.shape(values):
        only = f" (tag '{_text(tags.item())}')" if tags.size == 1 else ""
        raise _invalid(
            "tags and values are not the same shape: "
            f"{_shown(tags)} != {_shown(values)}{only}"
        )
    with np.errstate(over="ignore"):
        numbers = np.asarray(values).astype(np.float32).ravel()
    return _serialized(
        Summary.Value(tag=_text(tag), simple_value=number)
        for tag, number in zip(tags.ravel(), numbers.tolist(), strict=True)
    )


def histogram_summary(_: Attrs, tag: Array, values: Array) -> tuple[Array]:
    if tag.shape:
        raise _invalid("tags must be scalar")
    name = _text(tag.item())
    numbers = np.asarray(values).astype(np.float64).ravel()
    if np.isnan(numbers).any():
        raise _invalid(f"Nan in summary histogram for: {name}")
    if np.isinf(numbers).any():
        raise _invalid(f"Infinity in Histogram for: {name}")
    return _serialized([Summary.Value(tag=name, histo=histogram_of(numbers))])


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
        merged.MergeFrom(summary)
    return (np.array(merged.SerializeToString(deterministic=True), object),)


def tensor_summary_v2(
    attrs: Attrs, tag: Array, tensor: Array, serialized_summary_metadata: Array
) -> tuple[Array]:
    if tag.shape:
        raise _invalid("tag must be scalar")
    if serialized_summary_metadata.shape:
        raise _invalid("serialized_summary_metadata must be scalar")
    value = Summary.Value(tag=_text(tag.item()), tensor=_message(attrs, tensor))
    value.metadata.CopyFrom(_metadata(serialized_summary_metadata.item()))
    return _serialized([value])


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


def _text(tag: bytes) -> str:
    try:
        return tag.decode()
    except UnicodeDecodeError as error:
        raise _invalid(f"Tag {tag!r} is not UTF-8: {error}") from error


def _shown(array: Array) -> str:
    return f"[{','.join(map(str, np.shape(array)))}]"


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


KERNELS = {
    "HistogramSummary": Kernel(histogram_summary, host=True),
    "MergeSummary": Kernel(merge_summary, host=True),
    "ScalarSummary": Kernel(scalar_summary, host=True),
    "TensorSummary": Kernel(tensor_summary, host=True, takes_op=True),
    "TensorSummaryV2": Kernel(tensor_summary_v2, host=True),
}
