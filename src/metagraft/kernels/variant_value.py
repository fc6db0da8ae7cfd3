"""Zeros and sums of lists and maps of tensors and of optionals, nested as you like.

Source: tensorflow core/kernels/tensor_list_util.cc, variant_ops_util.cc,
optional_ops_util.cc, map_kernels.h.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from metagraft.errors import InvalidArgumentError
from metagraft.graph.shapes import dims_compatible, show
from metagraft.kernels.kernel import Array
from metagraft.kernels.list_value import handle_of, is_list, list_behind
from metagraft.kernels.optional import is_optional, optional_of
from metagraft.kernels.pieces import added, zeros
from metagraft.kernels.tensor_map import is_map
from metagraft.proto import DataType

__all__ = ["is_variant", "sum_of_variants", "zeros_like_variant"]


def is_variant(value: Array) -> bool:
    """Whether a value is a list or a map of tensors, or an optional."""
    return is_list(value) or is_optional(value) or is_map(value)


def zeros_like_variant(value: Array) -> Array:
    """Return a list, a map or an optional of zeros; what is not there stays away."""
    if is_list(value):
        found = list_behind(value)
        elements = tuple(None if e is None else _zeros(e) for e in found.elements)
        return handle_of(replace(found, elements=elements))
    held = value[()]
    if is_map(value):
        entries = {k: (key, _zeros(x)) for k, (key, x) in held.entries.items()}
        return handle_of(replace(held, entries=entries))
    return optional_of(None if held is None else tuple(map(_zeros, held)))


def _zeros(element: Array) -> Array:
    return zeros_like_variant(element) if is_variant(element) else zeros(element)


def sum_of_variants(values: Sequence[Array]) -> Array:
    """Return the sum of lists, of maps or of optionals.

    Raises:
        InvalidArgumentError: They are not alike.
    """
    if is_map(values[0]):
        return _sum_of_maps(values)
    return _sum_of_lists(values) if is_list(values[0]) else _sum_of_optionals(values)


def _sum_of_maps(handles: Sequence[Array]) -> Array:
    """Add the values of equal keys; each key of any map is in the sum."""
    entries: dict[Any, tuple[Array, Any]] = {}
    for handle in handles:
        for k, (key, value) in handle[()].entries.items():
            known = entries.get(k)
            terms = [value] if known is None else [known[1], value]
            entries[k] = key, _sum(terms)
    return handle_of(replace(handles[0][()], entries=entries))


def _sum_of_lists(handles: Sequence[Array]) -> Array:
    """Add elements; what was not written counts as zero."""
    lists = [list_behind(handle) for handle in handles]
    if len({len(found.elements) for found in lists}) > 1:
        lengths = [len(found.elements) for found in lists]
        raise InvalidArgumentError(
            None,
            None,
            "Trying to add two lists of tensors with different lengths. One is "
            f"{lengths[0]} and the other is "
            f"{next(n for n in lengths if n != lengths[0])}",
        )
    for other in lists[1:]:
        if not dims_compatible(lists[0].dims, other.dims):
            raise InvalidArgumentError(
                None,
                None,
                "Trying to add two lists of tensors with incompatible element shapes. "
                f"One is {show(lists[0].dims)} and the other is {show(other.dims)}",
            )
    columns = zip(*(found.elements for found in lists), strict=True)
    sums = (_sum([e for e in column if e is not None]) for column in columns)
    return handle_of(replace(lists[0], elements=tuple(sums)))


def _sum_of_optionals(values: Sequence[Array]) -> Array:
    held = [value[()] for value in values]
    if all(components is None for components in held):
        return optional_of(None)
    if any(components is None for components in held):
        raise InvalidArgumentError(
            None,
            None,
            "Cannot add optionals because one has a value and the other doesn't.",
        )
    if len(set(map(len, held))) > 1:
        raise InvalidArgumentError(
            None,
            None,
            "Cannot add optionals because they have different numbers of components.",
        )
    return optional_of(tuple(_sum(column) for column in zip(*held, strict=True)))


def _sum(terms: Sequence[Array]) -> Array | None:
    if not terms:
        return None
    if is_variant(terms[0]):
        return sum_of_variants(terms)
    total = terms[0]
    for term in terms[1:]:
        _check_alike(total, term)
        total = added(total, term)
    return total


def _check_alike(one: Array, other: Array) -> None:
    if one.dtype == np.dtype(object):
        raise InvalidArgumentError(
            None, None, f"Trying to add unsupported dtype {DataType.DT_STRING}"
        )
    pairs = {"types": (one.dtype, other.dtype), "shapes": (one.shape, other.shape)}
    for what, (first, second) in pairs.items():
        if first != second:
            raise InvalidArgumentError(
                None,
                None,
                f"Trying to add two tensors with incompatible element {what}."
                f" One is {second} and the other is {first}",
            )
