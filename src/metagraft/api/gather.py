"""Choosing elements by index or by mask."""

from __future__ import annotations

from typing import Any

from metagraft.api.batch_gather import batch_gather, batch_gather_nd
from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.build.array import searchsorted
from metagraft.graph.build.masks import boolean_mask
from metagraft.graph.composite import IndexedSlices
from metagraft.graph.constant_value import constant_value
from metagraft.graph.scopes import name_scope
from metagraft.graph.tensor import Tensor

__all__ = [
    "batch_gather",
    "boolean_mask",
    "boolean_mask_v2",
    "gather",
    "gather_nd",
    "searchsorted",
    "sparse_mask",
    "unravel_index",
]


def gather(
    params: Any,
    indices: Any,
    validate_indices: bool | None = None,
    name: str | None = None,
    axis: Any = None,
    batch_dims: int = 0,
) -> Tensor:
    """Return slices of `params` along `axis`.

    Args:
        params: A tensor or variable.
        indices: Which slices.
        validate_indices: Has no effect: indices are checked where that is possible.
        name: Name of the operation.
        axis: The axis; by default `batch_dims`.
        batch_dims: How many leading axes of both operands belong together.
    """
    del validate_indices
    return array.gather(params, indices, axis, batch_dims, name)


def gather_nd(
    params: Any,
    indices: Any,
    name: str | None = None,
    batch_dims: Any = 0,
    bad_indices_policy: str = "",
) -> Tensor:
    """Return the elements or slices at index vectors.

    Args:
        params: A tensor or variable.
        indices: `[..., depth]`: each vector indexes the first `depth` axes.
        name: Name of the operation.
        batch_dims: How many leading axes of both operands belong together.
        bad_indices_policy: `IGNORE` gives zeros for indices that are out of bounds;
            the default is an error.
    """
    known = constant_value(batch_dims)
    batch_dims = batch_dims if known is None else int(known)
    if isinstance(batch_dims, Tensor) or batch_dims != 0:
        return batch_gather_nd(params, indices, batch_dims, name, bad_indices_policy)
    own = getattr(params, "gather_nd", None)
    if own is not None and bad_indices_policy in ("", "DEFAULT"):
        read: Tensor = own(indices, name=name)
        return read
    result: Tensor = op(
        "GatherNd",
        params=params,
        indices=indices,
        bad_indices_policy=bad_indices_policy,
        name=name,
    )
    return result


def boolean_mask_v2(
    tensor: Any, mask: Any, axis: Any = None, name: str | None = "boolean_mask"
) -> Tensor:
    """Like `boolean_mask`, with `axis` before `name`."""
    return boolean_mask(tensor, mask, name, axis)


def unravel_index(indices: Any, dims: Any, name: str | None = None) -> Tensor:
    """Return the positions, `[axes, count]`, of flat indices into an array."""
    result: Tensor = op("UnravelIndex", indices=indices, dims=dims, name=name)
    return result


def sparse_mask(a: Any, mask_indices: Any, name: str | None = None) -> IndexedSlices:
    """Return the slices of `a` whose index is not among `mask_indices`."""
    with name_scope(name, "sparse_mask", [a, mask_indices]) as scope:
        indices, kept = op("ListDiff", x=a.indices, y=mask_indices)
        values = array.gather(a.values, kept, name=scope)
        return IndexedSlices(values, indices, a.dense_shape)
