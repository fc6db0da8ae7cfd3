"""`tf.summary`: ops that report values of a run.

Each makes a serialised `Summary` and goes to the collection of summaries, from where
`merge_all` takes it.

Source: tensorflow python/summary/summary.py, python/ops/summary_op_util.py.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, TypeVar, cast

from google.protobuf import json_format

from metagraft.api import logging
from metagraft.graph import dtypes
from metagraft.graph.apply_op import op
from metagraft.graph.conversion import constant, convert_to_tensor
from metagraft.graph.defaults import executing_eagerly
from metagraft.graph.keys import GraphKeys
from metagraft.graph.scopes import add_to_collection, get_collection, name_scope
from metagraft.graph.tensor import Tensor
from metagraft.proto import NodeDef, SummaryDescription, SummaryMetadata
from metagraft.proto.coercion import as_message

__all__ = [
    "audio",
    "get_summary_description",
    "histogram",
    "image",
    "merge",
    "merge_all",
    "scalar",
    "tensor_summary",
    "text",
]

_INVALID_IN_TAGS: Final = re.compile(r"[^-/\w\.]")
_NO_EAGER: Final = (
    "Merging tf.summary.* ops is not compatible with eager execution. Use"
    " tf.contrib.summary instead."
)
# Whether summaries are left out, as they are of what is compiled.
are_skipped: Final = ContextVar("are_skipped", default=False)
_Summary = TypeVar("_Summary", bound=Callable[..., Any])


def _may_be_skipped(summary: _Summary) -> _Summary:
    """Let a function return an empty string where summaries are left out."""

    @functools.wraps(summary)
    def call(*args: Any, **kwargs: Any) -> Any:
        return constant("") if are_skipped.get() else summary(*args, **kwargs)

    return cast("_Summary", call)


@_may_be_skipped
def scalar(
    name: str, tensor: Any, collections: Any = None, family: str | None = None
) -> Tensor:
    """Report a number.

    Args:
        name: Name of the op and, with the scopes around it, the tag.
        tensor: A real number.
        collections: Where the op goes; by default `GraphKeys.SUMMARIES`.
        family: Prefix of the tag, by which viewers group.

    Returns:
        A serialised `Summary`.
    """
    with _summary_scope(name, family, values=[tensor]) as (tag, scope):
        value: Tensor = op("ScalarSummary", tags=tag, values=tensor, name=scope)
        _collect(value, collections, [GraphKeys.SUMMARIES])
    return value


@_may_be_skipped
def histogram(
    name: str | None, values: Any, collections: Any = None, family: str | None = None
) -> Tensor:
    """Report how the elements of a tensor are distributed.

    The arguments are those of `scalar`; `values` has any shape.
    """
    with _summary_scope(name, family, "HistogramSummary", [values]) as (tag, scope):
        value: Tensor = op("HistogramSummary", tag=tag, values=values, name=scope)
        _collect(value, collections, [GraphKeys.SUMMARIES])
    return value


@_may_be_skipped
def image(
    name: str,
    tensor: Any,
    max_outputs: int = 3,
    collections: Any = None,
    family: str | None = None,
) -> Tensor:
    """Report images `[batch, height, width, channels]`.

    Args:
        name: As in `scalar`.
        tensor: `uint8` or floating, with 1, 3 or 4 channels.
        max_outputs: How many images of a batch.
        collections: As in `scalar`.
        family: As in `scalar`.
    """
    with _summary_scope(name, family, values=[tensor]) as (tag, scope):
        value: Tensor = op(
            "ImageSummary", tag=tag, tensor=tensor, max_images=max_outputs, name=scope
        )
        _collect(value, collections, [GraphKeys.SUMMARIES])
    return value


@_may_be_skipped
def audio(
    name: str,
    tensor: Any,
    sample_rate: Any,
    max_outputs: int = 3,
    collections: Any = None,
    family: str | None = None,
) -> Tensor:
    """Report sounds `[batch, frames, channels]` or `[batch, frames]`.

    Args:
        name: As in `scalar`.
        tensor: Samples from -1 to 1.
        sample_rate: Samples per second.
        max_outputs: How many sounds of a batch.
        collections: As in `scalar`.
        family: As in `scalar`.
    """
    with _summary_scope(name, family, values=[tensor]) as (tag, scope):
        sample_rate = convert_to_tensor(
            sample_rate, dtype=dtypes.float32, name="sample_rate"
        )
        value: Tensor = op(
            "AudioSummaryV2",
            tag=tag,
            tensor=tensor,
            max_outputs=max_outputs,
            sample_rate=sample_rate,
            name=scope,
        )
        _collect(value, collections, [GraphKeys.SUMMARIES])
    return value


def text(name: str, tensor: Any, collections: Any = None) -> Tensor:
    """Report strings, which viewers read as Markdown.

    Raises:
        ValueError: `tensor` holds no strings.
    """
    if tensor.dtype != dtypes.string:
        raise ValueError(
            f"Expected tensor {tensor.name} to have dtype string, got {tensor.dtype}"
        )
    plugin = SummaryMetadata.PluginData(plugin_name="text")
    return tensor_summary(
        name,
        tensor,
        summary_metadata=SummaryMetadata(plugin_data=plugin),
        collections=collections,
    )


@_may_be_skipped
def tensor_summary(
    name: str,
    tensor: Any,
    summary_description: Any = None,
    collections: Any = None,
    summary_metadata: Any = None,
    family: str | None = None,
    display_name: str | None = None,
) -> Tensor:
    """Report a tensor as it is.

    Args:
        name: As in `scalar`.
        tensor: Of any type and shape.
        summary_description: What viewers tell about it, as Markdown.
        collections: As in `scalar`.
        summary_metadata: A `SummaryMetadata` that tells viewers what it is.
        family: As in `scalar`.
        display_name: What viewers call it.
    """
    metadata = SummaryMetadata()
    if summary_metadata is not None:
        metadata.CopyFrom(as_message(summary_metadata, SummaryMetadata))
    if summary_description is not None:
        metadata.summary_description = summary_description
    if display_name is not None:
        metadata.display_name = display_name
    with _summary_scope(name, family, values=[tensor]) as (tag, scope):
        value: Tensor = op(
            "TensorSummaryV2",
            tensor=tensor,
            tag=tag,
            name=scope,
            serialized_summary_metadata=metadata.SerializeToString(deterministic=True),
        )
        _collect(value, collections, [GraphKeys.SUMMARIES])
    return value


@_may_be_skipped
def merge(inputs: Sequence[Any], collections: Any = None, name: Any = None) -> Tensor:
    """Put summaries together into one.

    Args:
        inputs: Serialised summaries; no tag may occur twice.
        collections: Where the op goes; by default nowhere.
        name: Name of the op.

    Raises:
        RuntimeError: Execution is eager.
    """
    if executing_eagerly():
        raise RuntimeError(_NO_EAGER)
    name = _clean_tag(name)
    with name_scope(name, "Merge", inputs):
        value: Tensor = op("MergeSummary", inputs=inputs, name=name)
        _collect(value, collections, [])
    return value


def merge_all(
    key: Any = GraphKeys.SUMMARIES, scope: str | None = None, name: str | None = None
) -> Tensor | None:
    """Put all summaries of a collection together; None if there are none.

    Args:
        key: The collection.
        scope: Only summaries whose names match it.
        name: Name of the op.

    Raises:
        RuntimeError: Execution is eager.
    """
    if executing_eagerly():
        raise RuntimeError(_NO_EAGER)
    summaries = get_collection(key, scope=scope)
    return merge(summaries, name=name) if summaries else None


def get_summary_description(node_def: Any) -> SummaryDescription:
    """Return the description in a node of type TensorSummary.

    Raises:
        ValueError: The node is of another type.
    """
    node = as_message(node_def, NodeDef)
    if node.op != "TensorSummary":
        raise ValueError(f"Can't get_summary_description on {node.op}")
    description = SummaryDescription()
    json_format.Parse(node.attr["description"].s.decode(), description)
    return description


def _collect(value: Tensor, collections: Any, default: Sequence[str]) -> None:
    for key in default if collections is None else collections:
        add_to_collection(key, value)


def _clean_tag(name: str | None) -> str | None:
    if name is None:
        return None
    cleaned = _INVALID_IN_TAGS.sub("_", name).lstrip("/")
    if cleaned != name:
        logging.info("Summary name %s is illegal; using %s instead.", name, cleaned)
    return cleaned


@contextmanager
def _summary_scope(
    name: str | None,
    family: str | None,
    default_name: str | None = None,
    values: Sequence[Any] | None = None,
) -> Iterator[tuple[str, str]]:
    """Open the scope of a summary and yield its tag and the scope's name."""
    name, family = _clean_tag(name), _clean_tag(family)
    scope_name = name if family is None else f"{family}/{name}"
    with name_scope(scope_name, default_name, values) as scope:
        tag = scope.rstrip("/")
        yield (tag if family is None else f"{family}/{tag}"), scope
