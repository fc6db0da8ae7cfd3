"""Rows of ragged tensors repeated (`tf.tile`).

Source: tensorflow python/ops/ragged/ragged_array_ops.py, ragged_util.py.
"""

from __future__ import annotations

from typing import Any

from metagraft.api.checks import assert_non_negative
from metagraft.api.ragged_factories import as_values
from metagraft.api.ragged_tensor import RaggedTensor
from metagraft.api.repeat import repeat
from metagraft.api.shape_checks import assert_integer
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.control_flow import with_dependencies
from metagraft.graph.build.math import cumsum, number_range
from metagraft.graph.constant_value import constant_value
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["as_integers", "lengths_to_splits", "repeat_ranges", "tile"]


def lengths_to_splits(lengths: Any) -> Any:
    """Return where rows of given lengths begin and end."""
    return array.concat([[0], cumsum(lengths)], axis=-1)


def repeat_ranges(params: Any, splits: Any, repeats: Any) -> Any:
    """Repeat each range of rows, `params[splits[i]:splits[i + 1]]`, `repeats[i]` times.

    Args:
        params: `[splits[-1], ...]`.
        splits: Where ranges begin and end.
        repeats: How often, one number or one for each range.
    """
    splits, repeats = convert_to_tensor(splits), convert_to_tensor(repeats)
    splits_checks = _checks(splits, "splits")
    repeats_checks = _checks(repeats, "repeats")
    splits = with_dependencies(splits_checks, splits)
    repeats = with_dependencies(repeats_checks, repeats)
    if repeats.shape.ndims != 0:
        starts = repeat(splits[:-1], repeats, axis=0)
        limits = repeat(splits[1:], repeats, axis=0)
    else:
        repeated = repeat(splits, repeats, axis=0)
        count = array.shape(repeated, out_type=repeats.dtype)[0]
        starts = repeated[: count - repeats]
        limits = repeated[repeats:]
    one = array.ones((), starts.dtype)
    _, numbers = op("RaggedRange", starts=starts, limits=limits, deltas=one)
    return array.gather(params, numbers)


def as_integers(numbers: Any, name: str, dtype: Any) -> Tensor:
    """Return numbers as a tensor of integers."""
    tensor = convert_to_tensor(numbers, name=name, preferred_dtype=dtype)
    converted: Tensor = op("Cast", x=tensor, DstT=dtype)
    return converted


def _checks(numbers: Any, name: str) -> list[Any]:
    return [
        assert_non_negative(
            numbers, message=f"Input argument '{name}' must be non-negative"
        ),
        assert_integer(
            numbers,
            message=(
                f"Input argument '{name}' must be integer, but got"
                f" {numbers.dtype} instead"
            ),
        ),
    ]


def tile(input: Any, multiples: Any, name: str | None = None) -> Any:
    """Repeat a ragged tensor along its axes.

    Args:
        input: A ragged tensor.
        multiples: How often, for each axis.
        name: Name of the scope.
    """
    with name_scope(name, "RaggedTile", [input, multiples]):
        ragged = as_values(input, name="input")
        dtype = ragged.row_splits.dtype
        counts = as_integers(multiples, "multiples", dtype)
        counts.shape.assert_has_rank(1)
        known = constant_value(counts)
        flat = _tiled_values(ragged, counts, known)
        splits = _tiled_splits(ragged, counts, known)
        return RaggedTensor.from_nested_row_splits(flat, splits, validate=False)


def _repeats(known: Any, axis: int) -> bool:
    return known is None or known[axis] != 1


def _tiled_values(ragged: RaggedTensor, counts: Tensor, known: Any) -> Any:
    rank, nested = ragged.ragged_rank, ragged.nested_row_splits
    places = number_range(nested[-1][-1])
    inner = None
    for axis in range(rank, 0, -1):
        splits = nested[axis - 1]
        if inner is not None:
            splits = array.gather(inner * counts[axis + 1], splits)
        if _repeats(known, axis):
            places = repeat_ranges(places, splits, counts[axis])
        inner = splits
    values = array.gather(ragged.flat_values, places)
    whole = array.concat([counts[:1], counts[rank + 1 :]], axis=0)
    return op("Tile", input=values, multiples=whole)


def _tiled_splits(ragged: RaggedTensor, counts: Tensor, known: Any) -> list[Any]:
    rank, nested = ragged.ragged_rank, ragged.nested_row_splits
    # By an axis and one further in: where rows of the former lie in the latter.
    inside: list[dict[int, Any]] = [{i: nested[i]} for i in range(rank)]
    for outer in range(rank):
        for axis in range(outer + 1, rank - 1):
            inside[outer][axis] = array.gather(nested[axis], inside[outer][axis - 1])
    found = []
    for axis in range(rank):
        lengths = (nested[axis][1:] - nested[axis][:-1]) * counts[axis + 1]
        repeats: Any = 1
        for outer in range(axis - 1, -1, -1):
            if _repeats(known, outer + 1):
                splits = inside[outer][axis - 1] * repeats
                lengths = repeat_ranges(lengths, splits, counts[outer + 1])
            repeats *= counts[outer + 1]
        lengths = op("Tile", input=lengths, multiples=counts[:1])
        found.append(lengths_to_splits(lengths))
    return found
