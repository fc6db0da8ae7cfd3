"""Sorting along an axis (`tf.sort`, `tf.argsort`).

Everything is made of `TopKV2` along the last axis; ascending order negates the values.

Source: tensorflow python/ops/sort_ops.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.math import number_range
from metagraft.graph.constant_value import constant_value
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = ["argsort", "sort"]


def sort(
    values: Any, axis: Any = -1, direction: str = "ASCENDING", name: str | None = None
) -> Tensor:
    """Return the values in order along `axis`.

    Args:
        values: A tensor.
        axis: The axis, a constant.
        direction: `ASCENDING` or `DESCENDING`.
        name: Name of the scope.

    Raises:
        ValueError: `axis` or `direction` is none of these.
    """
    with name_scope(name, "sort"):
        return _sorted(values, axis, direction, wants_indices=False)


def argsort(
    values: Any,
    axis: Any = -1,
    direction: str = "ASCENDING",
    stable: bool = False,
    name: str | None = None,
) -> Tensor:
    """Return the indices that put the values in order along `axis`.

    Args:
        values: A tensor.
        axis: The axis, a constant.
        direction: `ASCENDING` or `DESCENDING`.
        stable: Equal values keep their order, whether asked for or not.
        name: Name of the scope.

    Raises:
        ValueError: `axis` or `direction` is none of these.
    """
    del stable
    with name_scope(name, "argsort"):
        return _sorted(values, axis, direction, wants_indices=True)


def _sorted(values: Any, axis: Any, direction: str, *, wants_indices: bool) -> Tensor:
    if direction not in ("ASCENDING", "DESCENDING"):
        raise ValueError(
            "Argument `direction` should be one of ASCENDING, DESCENDING. Received:"
            f" direction={direction}"
        )
    axis_tensor = convert_to_tensor(axis, name="axis")
    known = constant_value(axis_tensor)
    if axis_tensor.shape.ndims not in (None, 0) or known is None:
        raise ValueError(
            f"Argument `axis` must be a constant scalar. Received: axis={axis_tensor}."
        )
    tensor = convert_to_tensor(values, name="values")
    if direction == "DESCENDING":
        return _descending(tensor, int(known), wants_indices=wants_indices)
    found = _descending(_mirrored(tensor), int(known), wants_indices=wants_indices)
    return found if wants_indices else _mirrored(found)


def _mirrored(values: Tensor) -> Tensor:
    """Reverse the order of values, without overflow."""
    mirrored: Tensor
    if values.dtype.is_unsigned:
        mirrored = values.dtype.max - values
    elif values.dtype.is_integer:
        mirrored = -values - 1
    else:
        mirrored = -values
    return mirrored


def _descending(values: Tensor, axis: int, *, wants_indices: bool) -> Tensor:
    count = array.shape(values)[axis]
    rank = array.rank(values)
    known_rank = values.shape.ndims
    transposition = None
    if axis != -1 and axis + 1 != known_rank:
        transposition = _exchange_with_last(axis, known_rank, rank)
        values = array.transpose(values, transposition)
    top, indices = op("TopKV2", input=values, k=count)
    found: Tensor = indices if wants_indices else top
    return found if transposition is None else array.transpose(found, transposition)


def _exchange_with_last(axis: int, known_rank: int | None, rank: Tensor) -> Tensor:
    """The permutation that exchanges an axis with the last one."""
    if known_rank is not None:
        axis += known_rank if axis < 0 else 0
        order = np.arange(known_rank)
        order[[axis, -1]] = order[[-1, axis]]
        return array.constant(order, name="transposition")
    place: Any = axis + rank if axis < 0 else axis
    exchanged: Tensor = op(
        "TensorScatterUpdate",
        tensor=number_range(rank),
        indices=[[place], [rank - 1]],
        updates=[rank - 1, place],
    )
    return exchanged
