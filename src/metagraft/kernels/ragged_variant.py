"""Ragged tensors as variants, whole or row by row; twin of `ops/ragged_variant.py`.

Source: tensorflow core/kernels/ragged_tensor_to_variant_op.cc,
ragged_tensor_from_variant_op.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from metagraft.graph.dtypes import as_dtype, kernel_name
from metagraft.kernels.kernel import Array, Kernel
from metagraft.kernels.row_splits import check_row_splits
from metagraft.kernels.sparse_indices import broken_rule, shown_dims

__all__ = ["KERNELS"]


@dataclass(frozen=True, slots=True)
class _Ragged:
    """A ragged tensor, or a tensor if nothing of it is ragged.

    Attributes:
        nested: The splits of every ragged axis, the outermost first.
        values: The innermost values.
    """

    nested: tuple[Array, ...]
    values: Array

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return len(self.nested[0]) - 1 if self.nested else len(self.values)


def _rows(ragged: _Ragged) -> list[_Ragged]:
    """Return each row."""
    if not ragged.nested:
        return [_Ragged((), row) for row in ragged.values]
    outer, *inner = ragged.nested
    rows = []
    for start, end in pairwise(outer):
        nested = []
        for splits in inner:
            part = splits[start : end + 1]
            nested.append(part - part[0])
            start, end = part[0], part[-1]  # noqa: PLW2901 - one level further in
        rows.append(_Ragged(tuple(nested), ragged.values[start:end]))
    return rows


def ragged_tensor_to_variant(
    attrs: Any, nested: Sequence[Array], values: Array
) -> tuple[Array]:
    if nested and not np.ndim(values):
        raise broken_rule(
            "Requires flat_values to have rank>=1 when nested_row_splits is not empty,"
            " but is 0."
        )
    for level in range(len(nested) - 1, -1, -1):
        inner = nested[level + 1 :]
        check_row_splits(nested[level], len(inner[0]) - 1 if inner else len(values))
    ragged = _Ragged(tuple(np.array(splits) for splits in nested), np.array(values))
    if not attrs["batched_input"]:
        whole = np.empty((), object)
        whole[()] = ragged
        return (whole,)
    if not np.ndim(values):
        raise broken_rule("Can't unbatch rank-0 tensor.")
    rows = _rows(ragged)
    result = np.empty(len(rows), object)
    for place, row in enumerate(rows):
        result[place] = row
    return (result,)


def _inner_rank(attrs: Any, encoded: Array) -> int:
    """Return how many axes of the elements are ragged."""
    wanted, given = attrs["output_ragged_rank"], attrs["input_ragged_rank"]
    inner = wanted - encoded.ndim if given == -1 else given
    if given == -1 and not wanted:
        inner = 0
    if inner < 0:
        raise broken_rule(
            f"Inferred input_ragged_rank (output_ragged_rank - encoded_variant.dims())"
            f" must be >= 0, found output_ragged_rank: {wanted},"
            f" encoded_variant.dims(): {encoded.ndim}, inferred input_ragged_rank:"
            f" {inner}"
        )
    if (wanted or inner) and wanted != inner + encoded.ndim:
        raise broken_rule(
            "output_ragged_rank must be equal to input_ragged_rank +"
            f" encoded_ragged.dims(); output_ragged_rank: {wanted},"
            f" input_ragged_rank: {inner}, encoded_variant.dims(): {encoded.ndim}."
        )
    return inner


def _check_element(attrs: Any, inner: int, place: int, element: Any) -> None:
    """Demand a ragged tensor of the types and the rank that attributes say."""
    if not isinstance(element, _Ragged):
        raise broken_rule(
            f"Input Variant element at index {place} doesn't hold a RaggedTensorVariant"
        )
    if len(element.nested) != inner:
        raise broken_rule(
            f"Encoded input RaggedTensorVariant has ragged_rank={len(element.nested)}."
            f"  Expected ragged_rank={inner}."
        )
    for part, what, name in (
        (element.values, "values", "Tvalues"),
        *((splits, "row_splits", "Tsplits") for splits in element.nested),
    ):
        if part.dtype != attrs[name].numpy_dtype:
            raise broken_rule(
                f"Expected {what} Tensor dtype: {kernel_name(attrs[name])}, found:"
                f" {kernel_name(as_dtype(part.dtype))}"
            )
    if attrs["output_ragged_rank"] and not element.values.ndim:
        raise broken_rule(
            "Ragged values must have rank >= 1; encoded scalar element at index"
            f" {place} has values Tensor: a scalar"
        )


def _check_same_dims(shapes: Sequence[tuple[int, ...]], advice: str) -> None:
    for place, dims in enumerate(shapes):
        if dims != shapes[0]:
            raise broken_rule(
                "All flat_values must have compatible shapes.  Shape at index 0:"
                f" {shown_dims(shapes[0])}.  Shape at index {place}:"
                f" {shown_dims(dims)}{advice}"
            )


def _together(values: Sequence[Array]) -> Array:
    """Put the values of rows after each other."""
    for place, part in enumerate(values):
        if part.ndim != values[0].ndim:
            raise broken_rule(
                "Rank of values must match for all components; values shape at index"
                f" 0: {shown_dims(values[0].shape)}, values shape at index {place}:"
                f" {shown_dims(part.shape)}"
            )
    advice = (
        ".  If you are using tf.map_fn, then you may need to specify an explicit"
        " fn_output_signature with appropriate ragged_rank, and/or convert output"
        " tensors to RaggedTensors."
    )
    _check_same_dims([part.shape[1:] for part in values], advice)
    return np.concatenate(values)


def ragged_tensor_from_variant(attrs: Any, encoded: Array) -> tuple[Array, ...]:
    inner = _inner_rank(attrs, encoded)
    elements = list(encoded.reshape(-1))
    for place, element in enumerate(elements):
        _check_element(attrs, inner, place, element)
    if not encoded.ndim:
        (only,) = elements
        return (*only.nested, only.values)
    dtype, kind = attrs["Tvalues"].numpy_dtype, attrs["Tsplits"].numpy_dtype
    values = [element.values for element in elements] or [np.zeros(0, dtype)]
    if not attrs["output_ragged_rank"]:
        if not elements:
            return (values[0],)
        # TF: one axis for all elements, also of a matrix of them.
        _check_same_dims([part.shape for part in values], "")
        return (np.stack(values),)
    outer = []
    count = 1
    for axis in range(encoded.ndim - 1):
        count *= encoded.shape[axis]
        outer.append(np.arange(count + 1) * encoded.shape[axis + 1])
    lengths = [element.row_count for element in elements]
    outer.append(np.append(0, np.cumsum(lengths)))
    nested = [
        np.append(0, np.cumsum(np.concatenate([np.zeros(0, np.int64), *steps])))
        for steps in (
            [np.diff(element.nested[level]) for element in elements]
            for level in range(inner)
        )
    ]
    splits = [one.astype(kind) for one in (*outer, *nested)]
    return (*splits, _together(values))


def ragged_tensor_to_variant_gradient(
    attrs: Any, encoded: Array, row_splits: Array, shape: Array
) -> tuple[Array]:
    dtype = attrs["Tvalues"].numpy_dtype
    dims = [int(size) for size in shape]
    if row_splits.ndim:
        check_row_splits(row_splits, None)
    # No gradient comes from rows that the result does not depend on.
    lengths = np.diff(row_splits) if row_splits.ndim else np.ones(encoded.size, int)
    parts = [
        element.values
        if isinstance(element, _Ragged)
        else np.zeros([int(count), *dims[1:]], dtype)
        for element, count in zip(encoded.reshape(-1), lengths, strict=False)
    ]
    if len(parts) == 1 and encoded.size == 1:
        return (parts[0],)
    flat = np.concatenate([np.zeros(0, dtype), *(part.reshape(-1) for part in parts)])
    if flat.size != np.prod(dims, dtype=np.int64):
        raise broken_rule(
            f"Gradients of {flat.size} values for values of shape {shown_dims(dims)}"
        )
    return (flat.reshape(dims),)


KERNELS = {
    "RaggedTensorFromVariant": Kernel(ragged_tensor_from_variant, host=True),
    "RaggedTensorToVariant": Kernel(ragged_tensor_to_variant, host=True),
    "RaggedTensorToVariantGradient": Kernel(
        ragged_tensor_to_variant_gradient, host=True
    ),
}
