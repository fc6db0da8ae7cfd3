"""The text of ragged tensors, and their strings joined.

Source: tensorflow python/ops/ragged/ragged_string_ops.py.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from metagraft.api import strings
from metagraft.api.cond import cond
from metagraft.api.functional import map_fn
from metagraft.api.ragged_factories import as_values
from metagraft.api.ragged_reductions import aggregated
from metagraft.api.ragged_tensor import RaggedTensor, is_ragged
from metagraft.api.renamed_arguments import renamed_argument
from metagraft.graph import dtypes
from metagraft.graph.build import array
from metagraft.graph.composite import SparseTensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor
from metagraft.graph.tensor_spec import TensorSpec

__all__ = ["reduce_join", "string_format"]


def reduce_join(
    inputs: Any,
    axis: Any = None,
    keep_dims: bool | None = None,
    separator: str = "",
    name: str | None = None,
    reduction_indices: Any = None,
    keepdims: bool | None = None,
) -> Any:
    """Join the strings along axes, all of them if none is given.

    Raises:
        ValueError: An argument is given under its old and its new name.
    """
    keeps = renamed_argument("keepdims", keepdims, "keep_dims", keep_dims)
    axis = renamed_argument("axis", axis, "reduction_indices", reduction_indices)

    def of_rows(values: Any, axis: Any, keepdims: Any, name: str | None = None) -> Any:
        return strings.reduce_join(
            values, axis, separator=separator, name=name, keepdims=keepdims
        )

    def of_segments(values: Any, ids: Any, count: Any, name: str | None) -> Any:
        return strings.unsorted_segment_join(values, ids, count, separator, name)

    name = name or "RaggedSegmentJoin"
    return aggregated(of_rows, of_segments, inputs, axis, keeps, name)


def string_format(
    template: str,
    inputs: Any,
    placeholder: str = "{}",
    summarize: int = 3,
    name: str | None = None,
) -> Any:
    """Put the text of tensors, ragged ones among them, where the placeholders are.

    Raises:
        ValueError: There are more or fewer placeholders than tensors.
    """
    if isinstance(inputs, Tensor | SparseTensor) or is_ragged(inputs):
        inputs = [inputs]
    first, *others = template.split(placeholder)
    if len(inputs) != len(others):
        raise ValueError(
            "num placeholders in template and num inputs must match:"
            f" {len(others)} vs {len(inputs)}"
        )
    with name_scope(name, "StringFormat", [inputs]):
        pieces = [array.constant(first)]
        for value, text in zip(inputs, others, strict=True):
            if is_ragged(value):
                pieces.append(_text(value, summarize))
            else:
                pieces.append(strings.string_format("{}", [value], summarize=summarize))
            pieces.append(array.constant(text))
        return strings.reduce_join(pieces) if len(pieces) > 1 else pieces[0]


def _text(value: Any, summarize: int | None) -> Tensor:
    """Return the text of a ragged tensor, of long rows their ends.

    Raises:
        ValueError: The rank is not known, or the ends have no length.
    """
    is_all = summarize is None or summarize == -1
    if not is_all and not (isinstance(summarize, int) and summarize > 0):
        raise ValueError(
            f"Expected summarize to be -1 or a positive int, got {summarize!r}"
        )
    with name_scope(None, "AsString", [value]):
        ragged = as_values(value)
        if ragged.shape.rank is None:
            raise ValueError(
                "RaggedTensor to_string requires that rt.shape.rank is not None."
            )
        flat = ragged.flat_values
        if ragged.dtype == dtypes.string:
            flat = "'" + strings.regex_replace(flat, r"(['\\])", r"\\\1") + "'"
        else:
            flat = strings.as_string(flat)
        return _bracketed(ragged.with_flat_values(flat), summarize)


def _bracketed(texts: Any, summarize: int | None) -> Any:
    """Join texts with commas, axis by axis, in brackets."""
    pieces = texts
    if texts.shape.rank != 1:
        pieces = map_fn(
            partial(_bracketed, summarize=summarize),
            texts,
            fn_output_signature=TensorSpec(None, dtypes.string),
        )
    if summarize is not None and summarize != -1:
        pieces = cond(
            _row_count(texts) <= 2 * summarize,
            lambda: pieces,
            lambda: array.concat(
                [pieces[:summarize], ["..."], pieces[-summarize:]], axis=0
            ),
        )
    return "[" + strings.reduce_join(pieces, separator=", ") + "]"


def _row_count(texts: Any) -> Any:
    if isinstance(texts, RaggedTensor):
        return texts.nrows(out_type=dtypes.int32)
    return array.shape(texts)[0]
