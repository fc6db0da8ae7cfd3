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

from metagraft.graph import dtypes
from metagraft.kernels.kernel import Array, Kernel
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
    ragged = _Ragged(tuple(np.array(splits) for splits in nested), np.array(values))
    if not attrs["batched_input"]:
        whole = np.empty((), object)
        whole[()] = ragged
        return (whole,)
    rows = _rows(ragged)
    result = np.empty(len(rows), object)
    for place, row in enumerate(rows):
        result[place] = row
    return (result,)


def _checked(attrs: Any, encoded: Array) -> tuple[int, list[_Ragged]]:
    """Return how many axes of the elements are ragged, and the elements."""
    wanted, given = attrs["output_ragged_rank"], attrs["input_ragged_rank"]
    inner = wanted - encoded.ndim if given == -1 else given
    if inner < 0:
        raise broken_rule(
            f"Inferred input_ragged_rank (output_ragged_rank - encoded_variant.dims())"
            f" must be >= 0, found output_ragged_rank: {wanted},"
            f" encoded_variant.dims(): {encoded.ndim}, inferred input_ragged_rank:"
            f" {inner}"
        )
    if wanted != inner + encoded.ndim:
        raise broken_rule(
            "output_ragged_rank must be equal to input_ragged_rank +"
            f" encoded_ragged.dims(); output_ragged_rank: {wanted},"
            f" input_ragged_rank: {inner}, encoded_variant.dims(): {encoded.ndim}."
        )
    dtype = attrs["Tvalues"].numpy_dtype
    elements = list(encoded.reshape(-1))
    for place, element in enumerate(elements):
        if not isinstance(element, _Ragged):
            raise broken_rule(
                f"Input Variant element at index {place} doesn't hold a"
                " RaggedTensorVariant"
            )
        if element.values.dtype != dtype:
            raise broken_rule(
                "Expected values Tensor dtype:"
                f" {attrs['Tvalues'].name}, found:"
                f" {dtypes.as_dtype(element.values.dtype).name}"
            )
        if len(element.nested) != inner:
            raise broken_rule(
                f"Encoded input RaggedTensorVariant has ragged_rank="
                f"{len(element.nested)}.  Expected ragged_rank={inner}."
            )
    return inner, elements


def ragged_tensor_from_variant(attrs: Any, encoded: Array) -> tuple[Array, ...]:
    inner, elements = _checked(attrs, encoded)
    kind = attrs["Tsplits"].numpy_dtype
    if not encoded.ndim:
        (only,) = elements
        return (*(splits.astype(kind) for splits in only.nested), only.values)
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
    dtype = attrs["Tvalues"].numpy_dtype
    values = [element.values for element in elements] or [np.zeros(0, dtype)]
    together = np.concatenate(values)
    return (*(splits.astype(kind) for splits in (*outer, *nested)), together)


def ragged_tensor_to_variant_gradient(
    attrs: Any, encoded: Array, _row_splits: Array, shape: Array
) -> tuple[Array]:
    dtype = attrs["Tvalues"].numpy_dtype
    dims = [int(size) for size in shape]
    parts = [
        element.values.reshape(-1) if isinstance(element, _Ragged) else np.zeros(0)
        for element in encoded.reshape(-1)
    ]
    flat = np.concatenate([np.zeros(0, dtype), *parts]).astype(dtype)
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
