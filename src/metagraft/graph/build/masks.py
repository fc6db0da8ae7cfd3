"""Nodes of `boolean_mask`, which `tensor[mask]` uses as well."""

from __future__ import annotations

from typing import Any

from metagraft.graph.apply_op import op
from metagraft.graph.build import array
from metagraft.graph.constant_value import constant_value
from metagraft.graph.conversion import convert_to_tensor
from metagraft.graph.scopes import name_scope
from metagraft.graph.shapes import TensorShape
from metagraft.graph.tensor import Tensor


def boolean_mask(
    tensor: Any, mask: Any, name: str | None = "boolean_mask", axis: Any = None
) -> Tensor:
    """Return the elements (or slices) of `tensor` at which `mask` is true.

    Raises:
        ValueError: The mask is a scalar, of unknown rank, or does not fit.

    Source: tensorflow python/ops/array_ops.py boolean_mask.
    """
    with name_scope(name, values=[tensor, mask]):
        tensor = convert_to_tensor(tensor, name="tensor")
        mask = convert_to_tensor(mask, name="mask")
        rank = mask.shape.ndims
        dims = tensor.shape
        if rank == 0:
            raise ValueError("mask cannot be scalar.")
        if rank is None:
            raise ValueError(
                "Number of mask dimensions must be specified, even if some dimensions"
                " are None.  E.g. shape=[None] is ok, but shape=None is not."
            )
        axis = 0 if axis is None else axis
        known = constant_value(axis) if isinstance(axis, Tensor) else axis
        if known is not None:
            axis = int(known)
            dims[axis : axis + rank].assert_is_compatible_with(mask.shape)
        count = op(
            "Prod",
            input=array.shape(tensor)[axis : axis + rank],
            reduction_indices=[0],
        )
        # Python evaluates the parts in this order, and the nodes get it too.
        before = array.shape(tensor)[:axis]
        after = array.shape(tensor)[axis + rank :]
        flat = array.reshape(tensor, array.concat([before, [count], after], 0))
        if known is not None:
            first = dims[axis : axis + rank].num_elements()
            head = TensorShape(dims[:axis]).concatenate([first])
            flat.set_shape(head.concatenate(dims[axis + rank :]))
        indices = array.squeeze(array.where(array.reshape(mask, [-1])), axis=[1])
        return array.gather(flat, indices, axis=axis)
